//! The values of the header, ready to be laid out: plain data, so that a change can be told without drawing.

use crate::resource::Tone;

/// May things be changed?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    #[default]
    ReadOnly,
    /// Until further notice.
    Write,
    /// For so many more seconds.
    Armed { left: i64 },
}

/// What the header says. Texts are safe to draw as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Header {
    /// The account id in full; absent until STS has answered.
    pub account: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    /// The role or user, without the rest of the ARN.
    pub role: Option<String>,
    /// Shown where it isn't AWS's own.
    pub endpoint_url: Option<String>,
    /// `None` is all clusters.
    pub cluster: Option<String>,
    pub mode: Mode,
    pub paused: bool,
    /// Seconds since the data in view was confirmed; only while that is longer than it should be, or paused.
    pub age: Option<i64>,
    /// State of the API in a few words: `ok`, `throttled, next in 8s`, `expired`, `offline, retry 4`.
    pub api: String,
    pub api_tone: Tone,
    pub calls_per_minute: u32,
}
