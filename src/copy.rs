//! Copying files and folders out of containers and into them, over a session of ECS Exec: without a bucket, and with the
//! tools of small images only.
//!
//! ```text
//! CopyRequest ──► download or upload ── command line ──► session::exec ──► script in the container
//!                       │    ▲                                                    │
//!                 part, rename └────────── answers, content, checksum ◄───────────┘
//! ```
//!
//! A copy has a temporary name beside its final one, here or in the container, until it is whole and its checksum was
//! compared. Folders travel as tar archives. Nothing is held in memory but pieces.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::{
    aws::Clients,
    resource::{container::ExecTarget, format::size},
    session::{command::RemoteIo, exec},
};

mod archive;
mod checksum;
mod download;
mod meter;
mod outcome;
mod place;
mod script;
mod upload;

pub use checksum::ChecksumTool;
pub use meter::Meter;

use download::Download;
use outcome::{Ended, RemoteErrors};
use place::Place;
use upload::Upload;

/// How much is read at once.
const BUFFER: usize = 48 * 1024;

/// Which way a copy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Out of the container.
    Download,
    /// Into the container.
    Upload,
}

/// What to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRequest {
    pub direction: Direction,
    /// The path in the container; one that is not absolute begins where commands of ECS Exec start.
    pub remote: String,
    pub local: PathBuf,
    /// Replace what is there.
    pub overwrite: bool,
    /// Continue a copy that was interrupted.
    pub resume: bool,
}

impl CopyRequest {
    /// The path as tools take it: never for an option.
    fn remote_path(&self) -> String {
        if self.remote.starts_with('/') { self.remote.clone() } else { format!("./{}", self.remote) }
    }

    fn remote_name(&self) -> &str {
        upload::last_name(&self.remote)
    }

    /// Checks what can be checked here.
    ///
    /// # Errors
    ///
    /// There is nothing to copy, or something where the copy is to be.
    pub fn check(&self) -> Result<(), CopyError> {
        match self.direction {
            Direction::Download => {
                Place::find(&self.local, self.remote_name(), self.overwrite).map(drop).map_err(CopyError::Refused)
            }
            Direction::Upload => Upload::check(self).map(drop),
        }
    }

    /// From where to where, for the journal.
    pub fn label(&self) -> String {
        let local = self.local.display();
        match self.direction {
            Direction::Download => format!("{} to local {local}", self.remote),
            Direction::Upload => format!("local {local} to {}", self.remote),
        }
    }
}

/// How far a copy is. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CopyProgress(Arc<CopyCounters>);

#[derive(Debug)]
struct CopyCounters {
    done: AtomicU64,
    offset: AtomicU64,
    /// `u64::MAX` while unknown.
    total: AtomicU64,
}

impl Default for CopyProgress {
    fn default() -> Self {
        Self(Arc::new(CopyCounters {
            done: AtomicU64::new(0),
            offset: AtomicU64::new(0),
            total: AtomicU64::new(u64::MAX),
        }))
    }
}

impl CopyProgress {
    /// Bytes that are copied, including those of an earlier attempt. Of an upload, some may still be on the way.
    pub fn done(&self) -> u64 {
        self.0.done.load(Relaxed)
    }

    /// Bytes of an earlier attempt.
    pub fn offset(&self) -> u64 {
        self.0.offset.load(Relaxed)
    }

    /// How many bytes there are, if that is known.
    pub fn total(&self) -> Option<u64> {
        Some(self.0.total.load(Relaxed)).filter(|total| *total != u64::MAX)
    }

    fn begin(&self, offset: u64, total: Option<u64>) {
        self.0.offset.store(offset, Relaxed);
        self.0.done.store(offset, Relaxed);
        self.0.total.store(total.unwrap_or(u64::MAX), Relaxed);
    }

    fn add(&self, bytes: usize) {
        self.0.done.fetch_add(bytes as u64, Relaxed);
    }
}

/// A copy that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The path of the copy.
    pub place: String,
    /// Its size; of a folder that of its archive.
    pub bytes: u64,
    /// How much of it an earlier attempt had copied.
    pub resumed: u64,
    /// What compared its checksum; absent if the image has no such tool.
    pub verified: Option<ChecksumTool>,
    pub is_folder: bool,
    /// What differs from the original, and why.
    pub notes: Vec<String>,
}

impl Copied {
    /// What was copied, and how that was verified.
    pub fn summary(&self) -> String {
        let amount = size(self.bytes as f64);
        let resumed = match self.resumed {
            0 => String::new(),
            resumed => format!(", {} of it before", size(resumed as f64)),
        };
        let verified = match self.verified {
            Some(tool) => format!("verified with {}", tool.name()),
            None if self.is_folder => "not verified: that needs sha256sum or cksum, and tee, in the image".to_owned(),
            None => "only its size was verified: the image has neither sha256sum nor cksum".to_owned(),
        };
        format!("copied to {} ({amount}{resumed}; {verified})", self.place)
    }
}

/// Why there is no copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyError {
    /// Nothing was begun.
    Refused(String),
    Failed(String),
    /// A part is there; the text says how much, and how to go on.
    Interrupted(String),
}

impl CopyError {
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused(reason) | Self::Failed(reason) | Self::Interrupted(reason) => reason,
        }
    }
}

/// Copies by one session. `cancel` ends it and says why; what is copied by then can be continued. `now` is the time now.
///
/// # Errors
///
/// Why there is no copy.
pub async fn copy(
    clients: Clients,
    target: &ExecTarget,
    request: CopyRequest,
    progress: CopyProgress,
    cancel: oneshot::Receiver<String>,
    now: Timestamp,
) -> Result<Copied, CopyError> {
    let mut errors = RemoteErrors::default();
    match request.direction {
        Direction::Download => {
            // Reading what is here may take a while.
            let prepared = tokio::task::spawn_blocking(move || Download::prepare(request, progress)).await;
            let mut download = prepared.map_err(|error| CopyError::Failed(error.to_string()))??;
            let command = download.command();
            let io = RemoteIo { input: None, output: &mut download, errors: &mut errors, cancel: Some(cancel) };
            let result = exec::run_command(clients, target, &command, io, now).await;
            download.finish(Ended::new(result, &errors))
        }
        Direction::Upload => {
            let mut upload = Upload::prepare(request, progress)?;
            let (command, input) = (upload.command(), upload.take_input());
            let io = RemoteIo { input, output: &mut upload, errors: &mut errors, cancel: Some(cancel) };
            let result = exec::run_command(clients, target, &command, io, now).await;
            upload.finish(&Ended::new(result, &errors))
        }
    }
}

#[cfg(test)]
mod tests;
