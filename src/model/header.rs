//! The values of the header: plain data, so that changes are found without drawing.

use jiff::Timestamp;

use super::{Model, text::safe};
use crate::{
    aws::{Access, Failure, FailureKind},
    data::{Feed, FeedState, Phase},
    resource::{Tone, Zone, format::last_part},
};

/// The access mode, as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WriteMode {
    #[default]
    ReadOnly,
    /// Until changed.
    Write,
    /// For this many more seconds, rounded by [`coarse`].
    Armed { left: i64 },
}

/// The state of the data on screen, if their age does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DataState {
    /// No data have arrived yet.
    #[default]
    Awaited,
    Live,
    /// The data are current, but a part is unavailable.
    Incomplete,
    /// Polling is slower than it should be.
    Delayed,
}

/// The contents of the header. Texts are safe to draw.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Header {
    /// The full account id; absent until STS has returned it.
    pub account: Option<String>,
    pub region: Option<String>,
    /// The name of the environment (`PROD`) of the cluster on screen, and the tone of its band.
    pub environment: Option<(String, Tone)>,
    /// The source that signs: a profile's name, or `env` and the like.
    pub profile: Option<String>,
    /// The role or user, without the rest of the ARN.
    pub role: Option<String>,
    /// Present if it is not AWS itself.
    pub endpoint_url: Option<String>,
    /// `None` means all clusters.
    pub cluster: Option<String>,
    pub mode: WriteMode,
    pub paused: bool,
    /// Seconds since the data on screen were confirmed, rounded by [`coarse`]; present while they are late, failing or
    /// paused.
    pub age: Option<i64>,
    pub currency: DataState,
    /// State of the API in a few words: `ok`, `throttled, next in 8s`, `credentials expired`, `offline, retry 4 in 8s`.
    pub api: String,
    pub api_tone: Tone,
    pub calls_per_minute: u32,
    /// The time zone of times on screen that don't include it: `UTC-05:00`.
    pub zone: Option<String>,
}

impl Header {
    pub(super) fn of(model: &Model) -> Self {
        let identity = &model.snapshot.identity;
        let clean = |text: &Option<String>| text.as_deref().map(|text| safe(text).into_owned());
        let state = model.state();
        let (api, api_tone) = api(model, &state);
        Self {
            account: clean(&identity.account),
            region: clean(&identity.region).or_else(|| clean(&model.scope.region)),
            environment: model.rule_on_screen().map(|rule| (safe(&rule.env).into_owned(), rule.tone)),
            profile: identity.signer().or(model.scope.profile.as_deref()).map(|name| safe(name).into_owned()),
            role: identity.arn.as_deref().map(|arn| safe(role(arn)).into_owned()),
            endpoint_url: clean(&identity.endpoint_url).or_else(|| clean(&model.scope.endpoint_url)),
            cluster: model.cluster_on_screen().map(|name| safe(name).into_owned()),
            mode: match model.access_on_screen() {
                Access::ReadOnly => WriteMode::ReadOnly,
                Access::Write => WriteMode::Write,
                Access::WriteUntil(until) => {
                    WriteMode::Armed { left: coarse(until.duration_since(model.now).as_secs().max(0)) }
                }
            },
            paused: model.paused,
            age: (model.paused || state.is_stale(model.now)).then(|| state.age(model.now)).flatten().map(coarse),
            currency: currency(&state),
            api,
            api_tone,
            calls_per_minute: model.snapshot.connection.calls_per_minute,
            zone: Some(&model.settings.zone).filter(|zone| **zone != Zone::UTC).map(|zone| zone.name(model.now)),
        }
    }
}

/// Rounds `seconds` for display: to seconds below a minute, to minutes below an hour, to hours above. Changes that are
/// not shown cause no frame.
pub fn coarse(seconds: i64) -> i64 {
    match seconds {
        ..60 => seconds,
        60..3600 => seconds - seconds % 60,
        _ => seconds - seconds % 3600,
    }
}

/// Seconds from now until [`coarse`] changes for a growing age.
pub(super) fn until_coarser(seconds: i64) -> i64 {
    match seconds {
        ..60 => 1,
        60..3600 => 60 - seconds % 60,
        _ => 3600 - seconds % 3600,
    }
}

/// The name of a role or user: `Admin/me` for `arn:aws:sts::1:assumed-role/Admin/me`.
fn role(arn: &str) -> &str {
    arn.split_once('/').map_or_else(|| last_part(arn), |(_, name)| name)
}

impl Model {
    /// The state of the data on screen. Header, title and body use it, so that they are consistent.
    pub fn state(&self) -> FeedState {
        self.front.state(self)
    }

    /// When the failed call is retried, if the header counts down to it.
    pub(super) fn retry_at(&self) -> Option<Timestamp> {
        let state = self.state();
        let counted = |failure: &Failure| matches!(failure.kind, FailureKind::Throttled | FailureKind::Offline);
        state.retry_at.filter(|at| *at > self.now && state.failure.is_some_and(|failure| counted(&failure)))
    }
}

fn currency(state: &FeedState) -> DataState {
    match state.reported_failure() {
        _ if state.fetched.is_none() => DataState::Awaited,
        None => DataState::Live,
        Some(failure) if failure.kind == FailureKind::Throttled => DataState::Delayed,
        Some(_) => DataState::Incomplete,
    }
}

fn api(model: &Model, state: &FeedState) -> (String, Tone) {
    let link = &model.snapshot.connection;
    // What the server does not have is said on the page that needs it.
    let failing = state.reported_failure().filter(|failure| failure.kind != FailureKind::Unsupported);
    let Some(failure) = failing else {
        let answered = || model.snapshot.identity.account.is_some() || model.snapshot.feeds.values().any(has_come);
        let connecting = link.calls == 0 || !answered();
        return if connecting { ("connecting".into(), Tone::Muted) } else { ("ok".into(), Tone::Good) };
    };
    let next = state.retry_at.map(|at| seconds_until(at, model.now)).filter(|seconds| *seconds > 0);
    match failure.kind {
        FailureKind::Throttled => {
            (format!("throttled{}", next.map(|s| format!(", next in {s}s")).unwrap_or_default()), Tone::Warn)
        }
        FailureKind::Offline => {
            let when = next.map(|seconds| format!(" in {seconds}s")).unwrap_or_default();
            (format!("offline, retry {}{when}", link.attempts.max(1)), Tone::Bad)
        }
        FailureKind::Credentials => (failure.state_of_credentials().unwrap_or("no credentials").into(), Tone::Bad),
        FailureKind::Denied => ("denied".into(), Tone::Warn),
        FailureKind::Server | FailureKind::Garbled => ("failing".into(), Tone::Bad),
        FailureKind::NotFound | FailureKind::Invalid | FailureKind::ReadOnly | FailureKind::Unsupported => {
            ("refused".into(), Tone::Warn)
        }
    }
}

fn has_come(feed: &Feed) -> bool {
    feed.fetched.is_some() || feed.phase == Phase::Ready
}

/// Seconds until `at`, rounded up.
pub(super) fn seconds_until(at: Timestamp, now: Timestamp) -> i64 {
    let left = at.duration_since(now);
    left.as_secs() + i64::from(left.subsec_nanos() > 0)
}
