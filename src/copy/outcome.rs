//! How the command of a copy has ended.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use super::{CopyError, CopyProgress};
use crate::{resource::format::size, session::terminal::SessionOutcome};

/// How much of standard error is kept.
const MOST_ERRORS: usize = 16 * 1024;
/// How many names a message lists.
const MOST_NAMES: usize = 3;

/// Standard error of the container's tools, and what the program of a copy reports there.
#[derive(Debug, Default)]
pub(super) struct RemoteErrors(Vec<u8>);

impl Write for RemoteErrors {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The end matters: it holds the checksum.
        self.0.extend_from_slice(bytes);
        if self.0.len() > 2 * MOST_ERRORS {
            self.0.drain(..self.0.len() - MOST_ERRORS);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How the session and its command have ended.
#[derive(Debug)]
pub(super) struct Ended {
    result: Result<SessionOutcome, String>,
    sum: Option<String>,
    /// The exit code of `tar`.
    tar: Option<String>,
    /// What the tools have written.
    messages: Vec<String>,
}

impl Ended {
    pub(super) fn new(result: Result<SessionOutcome, String>, errors: &RemoteErrors) -> Self {
        let mut ended = Self { result, sum: None, tar: None, messages: Vec::new() };
        for line in String::from_utf8_lossy(&errors.0).lines() {
            match line.split_once(' ') {
                Some(("sum", sum)) => ended.sum = Some(sum.to_owned()),
                Some(("tar", code)) => ended.tar = Some(code.to_owned()),
                _ => ended.messages.push(line.to_owned()),
            }
        }
        ended
    }

    pub(super) fn sum(&self) -> Option<&str> {
        self.sum.as_deref()
    }

    /// Why a command failed before it copied anything.
    pub(super) fn failure(&self) -> CopyError {
        let reason = match &self.result {
            Err(reason) => reason.clone(),
            Ok(outcome) if self.messages.is_empty() => outcome.reason.clone(),
            Ok(_) => self.messages.join("; "),
        };
        CopyError::Failed(reason)
    }

    /// Fails unless the command has ended by itself, without an error.
    pub(super) fn require_whole(&self, progress: &CopyProgress, can_resume: bool) -> Result<(), CopyError> {
        let why = match &self.result {
            Ok(outcome) => match outcome.exit_code {
                Some(0) => return Ok(()),
                Some(_) if self.messages.is_empty() => format!("the container's tools failed: {}", outcome.reason),
                Some(_) => self.messages.join("; "),
                None => outcome.reason.clone(),
            },
            Err(reason) => reason.clone(),
        };
        let (done, total) = (progress.done(), progress.total());
        if done == 0 {
            return Err(CopyError::Failed(why));
        }
        let of = total.map(|total| format!(" of {}", size(total as f64))).unwrap_or_default();
        let advice = if can_resume { "; --resume continues" } else { "; folders are copied from the beginning again" };
        Err(CopyError::Interrupted(format!("{why}; {}{of} were copied{advice}", size(done as f64))))
    }

    /// Fails if `tar` did, unless files have only changed while it read them.
    pub(super) fn require_tar(&self) -> Result<(), CopyError> {
        let harmless = |line: &String| line.contains("file changed as we read it") || line.contains("socket ignored");
        if self.tar.as_deref() == Some("0") || (!self.messages.is_empty() && self.messages.iter().all(harmless)) {
            return Ok(());
        }
        let why = if self.messages.is_empty() { "its `tar` failed".to_owned() } else { self.messages.join("; ") };
        Err(CopyError::Failed(format!("not everything could be copied, so nothing was kept: {why}")))
    }

    /// What the user should know about a copy that is whole.
    pub(super) fn notes(&self, left_out: Option<String>) -> Vec<String> {
        self.messages.iter().cloned().chain(left_out).collect()
    }
}

/// What was left out, for a note.
pub(super) fn shown_paths(paths: &[PathBuf]) -> Option<String> {
    let names: Vec<String> = paths.iter().take(MOST_NAMES).map(|path| path.display().to_string()).collect();
    let more = match paths.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!paths.is_empty()).then(|| format!("left out, being neither files, folders nor links: {}{more}", names.join(", ")))
}
