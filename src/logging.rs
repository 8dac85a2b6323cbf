//! The log file of the program itself: the screen belongs to the console.
//!
//! Credentials are never logged: at `debug` and `trace` only this crate's own events are written, since the SDK's
//! contain signed headers and whole bodies. What the SDK logs while it resolves credentials is left out at every level:
//! it contains access keys, and the standard error of a `credential_process`.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Mutex,
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::files;

/// The file is rotated above this size; one old file is kept, so twice this size is the most ever used.
const MAX_BYTES: u64 = 4 << 20;

/// Log level; warnings by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verbosity(LevelFilter);

impl Default for Verbosity {
    fn default() -> Self {
        Self(LevelFilter::WARN)
    }
}

impl FromStr for Verbosity {
    type Err = String;

    /// Parses `off`, `error`, `warn`, `info`, `debug` or `trace`.
    fn from_str(word: &str) -> Result<Self, String> {
        let known = ["off", "error", "warn", "info", "debug", "trace"];
        match word.parse() {
            Ok(filter) if known.contains(&word) => Ok(Self(filter)),
            _ => Err(format!("expected one of {}", known.join(", "))),
        }
    }
}

/// Starts logging to the file at `path`. With level `off` no file is created.
///
/// # Errors
/// The file cannot be written.
pub fn start(level: Verbosity, path: &Path) -> io::Result<()> {
    if level.0 == LevelFilter::OFF {
        return Ok(());
    }
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(Rotating::open(path)?));
    // Fails if a logger is installed already: only tests start several consoles in one process, and they don't check
    // it.
    let _ = tracing_subscriber::registry().with(layer).with(targets(level)).try_init();
    Ok(())
}

fn targets(Verbosity(level): Verbosity) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_target("aws_config", LevelFilter::OFF)
        .with_target(env!("CARGO_CRATE_NAME"), level)
}

/// A log file that is rotated when it grows too large.
struct Rotating {
    path: PathBuf,
    file: File,
    bytes: u64,
    limit: u64,
}

impl Rotating {
    fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
        let file = files::open_private(OpenOptions::new().append(true).create(true), path)?;
        Ok(Self { path: path.to_owned(), bytes: file.metadata()?.len(), file, limit: MAX_BYTES })
    }

    fn rotate(&mut self) -> io::Result<()> {
        fs::rename(&self.path, self.path.with_added_extension("1"))?;
        *self = Self { limit: self.limit, ..Self::open(&self.path)? };
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes >= self.limit {
            self.rotate()?;
        }
        let written = self.file.write(line)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tracing::Level;

    use super::*;

    fn level(word: &str) -> Verbosity {
        word.parse().expect("a level")
    }

    #[rstest]
    #[case("warn", Level::INFO, false, false)]
    #[case("info", Level::INFO, true, true)]
    #[case("debug", Level::DEBUG, true, false)]
    #[case("trace", Level::TRACE, true, false)]
    fn only_our_own_events_are_logged_in_detail(
        #[case] word: &str,
        #[case] event_level: Level,
        #[case] ours: bool,
        #[case] theirs: bool,
    ) {
        let targets = targets(level(word));
        assert_eq!(targets.would_enable("ecsight::data::poller", &event_level), ours);
        for target in ["aws_smithy_runtime::client::orchestrator", "aws_sigv4", "hyper_util"] {
            assert_eq!(targets.would_enable(target, &event_level), theirs, "{target}");
        }
        assert!(!targets.would_enable("aws_config::profile::credentials", &Level::ERROR), "keys are in these");
    }

    #[test]
    fn a_level_is_one_of_six_names() {
        assert_eq!("off".parse(), Ok(Verbosity(LevelFilter::OFF)));
        assert!("loud".parse::<Verbosity>().is_err_and(|message| message.contains("one of off, error, warn")));
        assert!("3".parse::<Verbosity>().is_err());
    }

    #[test]
    fn the_file_is_rotated() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state/ecsight.log");
        let mut log = Rotating { limit: 100, ..Rotating::open(&path).expect("a log") };
        for n in 0..50 {
            writeln!(log, "line {n:>4}").expect("written");
        }
        let size = |path: &Path| fs::metadata(path).expect("a file").len();
        assert!(size(&path) <= 110 && size(&path.with_added_extension("1")) <= 110);
        assert!(fs::read_to_string(&path).expect("readable").ends_with("line   49\n"));
        assert_eq!(fs::read_dir(folder.path().join("state")).expect("readable").count(), 2);
    }

    #[test]
    fn off_creates_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        start(level("off"), &folder.path().join("ecsight.log")).expect("nothing to do");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
    }
}
