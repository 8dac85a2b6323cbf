//! What container images do when they run. Faults are properties of the image, the secret or the memory limit, never of a
//! service: so a rollback, a corrected image or a larger limit heals in this account just as it would in a real one.

use super::{World, chatter::Voice, rng::Span};

/// What running a container of an image amounts to.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) conduct: Conduct,
    pub(crate) voice: Voice,
    /// Log lines while it runs; 0 is silence.
    pub(crate) lines_per_hour: u32,
    pub(crate) quirk: Quirk,
}

/// What is odd about how a program logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Quirk {
    #[default]
    Nothing,
    /// Once in a while hundreds of lines within a second.
    Bursts,
    /// Once in a while a line of hundreds of kilobytes.
    HugeLines,
    /// From one task in three the lines come in this much later.
    Late(Span),
}

/// How the program in the image behaves.
#[derive(Debug, Clone)]
pub(crate) enum Conduct {
    /// Runs until told to stop, and then stops at once.
    Serves,
    /// Runs until told to stop, and then has to be killed.
    IgnoresSigterm,
    /// Not in the registry.
    Missing,
    /// Needs this much memory, and is killed for it when the container's limit is lower.
    Grows { needs_mib: u32, after: Span },
    /// Ends by itself with an exit code, and says why.
    Crashes { exit_code: i32, after: Span, last_words: &'static [&'static str] },
    /// The runtime cannot start it: the text is the container's `reason`.
    CannotStart { reason: &'static str },
    /// Listens, but answers the load balancer's health checks with this code.
    FailsTargetChecks { code: u16 },
    /// Runs, but its container health check never passes.
    FailsHealthChecks,
    /// A job: ends after a while with exit code 0, or 1 in some of a hundred cases.
    Completes { after: Span, failing_percent: u8 },
}

impl Image {
    pub(crate) fn serves(voice: Voice, lines_per_hour: u32) -> Self {
        Self::that(Conduct::Serves, voice, lines_per_hour)
    }

    pub(crate) fn that(conduct: Conduct, voice: Voice, lines_per_hour: u32) -> Self {
        Self { conduct, voice, lines_per_hour, quirk: Quirk::Nothing }
    }
}

impl World {
    /// What `reference` does. An image nobody described serves, in the voice of another tag of its repository.
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
