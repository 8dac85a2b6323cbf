//! The behaviour of container images. Faults belong to an image, a secret or a memory limit, never to a service: so a
//! rollback, a corrected image or a larger limit repairs a service here just as it would in AWS.

use serde_json::Value;

use super::{Task, World, chatter::Voice, rng::Span};

/// The behaviour of containers of an image.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) behaviour: Behaviour,
    pub(crate) voice: Voice,
    /// Log lines while it runs; 0 means none.
    pub(crate) lines_per_hour: u32,
    pub(crate) quirk: Quirk,
}

/// An oddity in how a program logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Quirk {
    #[default]
    Nothing,
    /// Now and then hundreds of lines within a second.
    Bursts,
    /// Now and then a line of hundreds of kilobytes.
    HugeLines,
    /// The lines of one task in three are ingested this much later.
    Late(Span),
}

/// The behaviour of the program in an image.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Runs until asked to stop, and stops at once.
    Serves,
    /// Runs until it is killed: it ignores the request to stop.
    IgnoresSigterm,
    /// The image is not in the registry.
    Missing,
    /// Needs this much memory, and is killed if the container's limit is lower.
    Grows { needs_mib: u32, after: Span },
    /// Ends by itself with an exit code, after logging why.
    Crashes { exit_code: i32, after: Span, last_words: &'static [&'static str] },
    /// The runtime can't start it; the text is the container's `reason`.
    CannotStart { reason: &'static str },
    /// Listens, but answers the load balancer's health checks with this status code.
    FailsTargetChecks { code: u16 },
    /// Runs, but its container health check never passes.
    FailsHealthChecks,
    /// A job: ends after a while with exit code 0, or 1 in this percentage of cases.
    Completes { after: Span, failing_percent: u8 },
}

impl Image {
    pub(crate) fn serves(voice: Voice, lines_per_hour: u32) -> Self {
        Self::new(Behaviour::Serves, voice, lines_per_hour)
    }

    pub(crate) fn new(behaviour: Behaviour, voice: Voice, lines_per_hour: u32) -> Self {
        Self { behaviour, voice, lines_per_hour, quirk: Quirk::Nothing }
    }
}

/// How long a given command runs, unless it sleeps.
const COMMAND_RUNS: Span = (4_000, 15_000);

impl World {
    /// The behaviour of a container of a task. A command given in the overrides ends by itself: after N seconds for
    /// `sleep N`, with code N for `exit N`, with code 1 for `false`, and else with code 0.
    pub(crate) fn behaviour_of(&self, task: &Task, container: usize) -> Behaviour {
        let Some(spec) = task.definition.containers.get(container) else { return Behaviour::Serves };
        let overrides = task.overrides["containerOverrides"].as_array().into_iter().flatten();
        let command =
            overrides.filter(|own| own["name"] == spec.name.as_str()).find_map(|own| own["command"].as_array());
        let Some(command) = command.filter(|words| !words.is_empty()) else {
            return self.image(&spec.image).behaviour;
        };
        let line = command.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
        let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || ";&|".contains(c)).collect();
        let number = |word: &str| {
            let at = words.iter().position(|own| *own == word)?;
            words.get(at + 1)?.parse::<i32>().ok()
        };
        let exit_code = number("exit").unwrap_or_else(|| i32::from(words.contains(&"false")));
        let after =
            number("sleep").map_or(COMMAND_RUNS, |seconds| (i64::from(seconds) * 1_000, i64::from(seconds) * 1_000));
        Behaviour::Crashes { exit_code, after, last_words: &[] }
    }

    /// The behaviour of `reference`. An image that was not published serves, in the style of another tag of its
    /// repository.
    pub(crate) fn image(&self, reference: &str) -> Image {
        if let Some(image) = self.images.get(reference) {
            return image.clone();
        }
        let repository = reference.rsplit_once(':').map_or(reference, |(repository, _)| repository);
        let sibling =
            self.images.range(repository.to_owned()..).next().filter(|(name, _)| name.starts_with(repository));
        match sibling {
            Some((_, image)) => Image::serves(image.voice, image.lines_per_hour),
            None => Image::serves(Voice::Plain, 60),
        }
    }
}
