//! The values of the header, ready to be laid out: plain data, so that a change can be told without drawing.

use jiff::Timestamp;

use super::{Model, text::safe};
use crate::{
    aws::{Access, Failure, FailureKind},
    data::{Feed, FeedState, Phase},
    resource::{Tone, Zone, format::last_part},
};

/// May things be changed?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WriteMode {
    #[default]
    ReadOnly,
    /// Until further notice.
    Write,
    /// For so many more seconds, rounded as by [`coarse`].
    Armed { left: i64 },
}

/// How the data in view stand, where their age does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Currency {
    /// Nothing has come yet.
    #[default]
    Awaited,
    Live,
    /// What is here is current; a part cannot be had.
    Incomplete,
    /// They are asked for more slowly than they should be.
    Delayed,
}

/// What the header says. Texts are safe to draw as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Header {
    /// The account id in full; absent until STS has answered.
    pub account: Option<String>,
    pub region: Option<String>,
    /// What the scope is called (`PROD`), and how its band strikes the eye.
    pub environment: Option<(String, Tone)>,
    /// Whose credentials sign: a profile's name, or `env` and the like.
    pub profile: Option<String>,
    /// The role or user, without the rest of the ARN.
    pub role: Option<String>,
    /// Shown where it isn't AWS's own.
    pub endpoint_url: Option<String>,
    /// `None` is all clusters.
    pub cluster: Option<String>,
    pub mode: WriteMode,
    pub paused: bool,
    /// Seconds since the data in view was confirmed, rounded as by [`coarse`]; only while that is longer than it should
    /// be, or its feed fails, or paused.
    pub age: Option<i64>,
    pub currency: Currency,
    /// State of the API in a few words: `ok`, `throttled, next in 8s`, `credentials expired`, `offline, retry 4 in 8s`.
    pub api: String,
    pub api_tone: Tone,
    pub calls_per_minute: u32,
    /// The zone of the times on screen, where they don't say so themselves: `UTC-05:00`.
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
            environment: model
                .scope_state()
                .rule
                .and_then(|place| model.settings.scopes.get(place))
                .map(|rule| (safe(&rule.env).into_owned(), rule.tone)),
            profile: identity.signer().or(model.scope.profile.as_deref()).map(|name| safe(name).into_owned()),
            role: identity.arn.as_deref().map(|arn| safe(role(arn)).into_owned()),
            endpoint_url: clean(&identity.endpoint_url).or_else(|| clean(&model.scope.endpoint_url)),
            cluster: model.cluster.as_deref().map(|name| safe(name).into_owned()),
            mode: match model.access() {
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

/// `seconds` as they are shown: to the second below a minute, to the minute below an hour, to the hour above. What is
/// not shown makes no frame.
pub fn coarse(seconds: i64) -> i64 {
    match seconds {
        ..60 => seconds,
        60..3600 => seconds - seconds % 60,
        _ => seconds - seconds % 3600,
    }
}

/// Seconds from now until [`coarse`] shows a growing age differently.
pub(super) fn until_coarser(seconds: i64) -> i64 {
    match seconds {
        ..60 => 1,
        60..3600 => 60 - seconds % 60,
        _ => 3600 - seconds % 3600,
    }
}

/// The name of a role or user: `arn:aws:sts::1:assumed-role/Admin/me` is `Admin/me`.
fn role(arn: &str) -> &str {
    arn.split_once('/').map_or_else(|| last_part(arn), |(_, name)| name)
}

impl Model {
    /// How the data stand that are on screen. Header, title and body say the same because they all ask here.
    pub fn state(&self) -> FeedState {
        self.front.state(self)
    }

    /// When the call that fails is made again, where the header counts down to it.
    pub(super) fn retry_at(&self) -> Option<Timestamp> {
        let state = self.state();
        let counted = |failure: &Failure| matches!(failure.kind, FailureKind::Throttled | FailureKind::Offline);
        state.retry_at.filter(|at| *at > self.now && state.failure.is_some_and(|failure| counted(&failure)))
    }
}

fn currency(state: &FeedState) -> Currency {
    match state.reported_failure() {
        _ if state.fetched.is_none() => Currency::Awaited,
        None => Currency::Live,
        Some(failure) if failure.kind == FailureKind::Throttled => Currency::Delayed,
        Some(_) => Currency::Incomplete,
    }
}

fn api(model: &Model, state: &FeedState) -> (String, Tone) {
    let link = &model.snapshot.connection;
    let Some(failure) = state.reported_failure() else {
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
        FailureKind::NotFound | FailureKind::Invalid | FailureKind::ReadOnly => ("refused".into(), Tone::Warn),
    }
}

fn has_come(feed: &Feed) -> bool {
    feed.fetched.is_some() || feed.phase == Phase::Ready
}

/// Whole seconds until `at`, the one under way included.
pub(super) fn seconds_until(at: Timestamp, now: Timestamp) -> i64 {
    let left = at.duration_since(now);
    left.as_secs() + i64::from(left.subsec_nanos() > 0)
}
