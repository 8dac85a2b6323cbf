//! A copy out of a container.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

use super::{
    Copied, CopyError, CopyProgress, CopyRequest,
    archive::{self, Unpacked},
    checksum::{Checksum, ChecksumTool},
    outcome::{Ended, shown_paths},
    place::{LocalPart, Place},
    script::{self, DownloadAnswer},
};

/// The longest first line.
const LONGEST_ANSWER: usize = 4096;
/// How many pieces wait to be unpacked.
const WAITING: usize = 16;

/// Takes what the container writes.
pub(super) struct Download {
    request: CopyRequest,
    place: Place,
    part: Option<LocalPart>,
    progress: CopyProgress,
    /// Up to the end of the first line.
    answer: Vec<u8>,
    state: DownloadState,
}

enum DownloadState {
    Waiting,
    File(Incoming),
    Folder(Unpacker, Checksum, Option<ChecksumTool>),
    Refused(String),
}

/// A file that arrives.
struct Incoming {
    file: File,
    checksum: Checksum,
    tool: Option<ChecksumTool>,
    mode: Option<u32>,
    offset: u64,
    /// How much is missing; absent if the size is not known.
    left: Option<u64>,
}

impl Download {
    /// Checks where the copy goes, and reads what an earlier one has left.
    pub(super) fn prepare(request: CopyRequest, progress: CopyProgress) -> Result<Self, CopyError> {
        let place =
            Place::find(&request.local, request.remote_name(), request.overwrite).map_err(CopyError::Refused)?;
        let part = match request.resume {
            true => place
                .read_part()
                .map_err(|error| CopyError::Failed(format!("could not read the part that is here: {error}")))?,
            false => None,
        };
        Ok(Self { request, place, part, progress, answer: Vec::new(), state: DownloadState::Waiting })
    }

    /// The command to run in the container.
    pub(super) fn command(&self) -> Vec<String> {
        let (length, checksums) = self.part.as_ref().map(|part| (part.length, part.checksums())).unwrap_or_default();
        script::download(&self.request.remote_path(), length, checksums)
    }

    fn begin(&mut self) -> io::Result<DownloadState> {
        Ok(match DownloadAnswer::parse(&String::from_utf8_lossy(&self.answer)) {
            DownloadAnswer::Refused(reason) => DownloadState::Refused(reason),
            DownloadAnswer::File { size, mode, offset, tool } => {
                self.place.require_kind(false)?;
                let part = self.part.as_ref().filter(|part| part.length == offset);
                let checksum = part.map_or_else(|| Checksum::new(tool), |part| part.checksum(tool));
                let file = self.place.open_part(offset)?;
                self.progress.begin(offset, size);
                DownloadState::File(Incoming {
                    file,
                    checksum,
                    tool,
                    mode,
                    offset,
                    left: size.map(|size| size.saturating_sub(offset)),
                })
            }
            DownloadAnswer::Folder { tool } => {
                self.place.require_kind(true)?;
                self.progress.begin(0, None);
                DownloadState::Folder(Unpacker::start(self.place.create_part_folder()?)?, Checksum::new(tool), tool)
            }
        })
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.state {
            DownloadState::Waiting | DownloadState::Refused(_) => {}
            DownloadState::File(incoming) => {
                let bytes = match &mut incoming.left {
                    None => bytes,
                    // What was added to the file meanwhile is not copied.
                    Some(left) => {
                        let bytes = &bytes[..bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX))];
                        *left -= bytes.len() as u64;
                        bytes
                    }
                };
                incoming.file.write_all(bytes)?;
                incoming.checksum.update(bytes);
                self.progress.add(bytes.len());
            }
            DownloadState::Folder(unpacker, checksum, _) => {
                checksum.update(bytes);
                unpacker.take(bytes)?;
                self.progress.add(bytes.len());
            }
        }
        Ok(())
    }

    /// Gives a whole copy its name.
    pub(super) fn finish(self, ended: Ended) -> Result<Copied, CopyError> {
        let Self { place, progress, state, .. } = self;
        let copied = |resumed, tool, is_folder, notes| Copied {
            place: place.target.display().to_string(),
            bytes: progress.done(),
            resumed,
            verified: tool,
            is_folder,
            notes,
        };
        match state {
            DownloadState::Waiting => Err(ended.failure()),
            DownloadState::Refused(reason) => Err(CopyError::Failed(reason)),
            DownloadState::File(Incoming { file, checksum, tool, mode, offset, left }) => {
                drop(file);
                ended.require_whole(&progress, true).inspect_err(|_| {
                    if progress.done() == 0 {
                        let _ = place.remove_part();
                    }
                })?;
                let is_whole = left.is_none_or(|left| left == 0);
                if !is_whole || !matches_sum(checksum, tool, ended.sum()) {
                    let _ = place.remove_part();
                    return Err(changed());
                }
                place.finish(mode).map_err(CopyError::Failed)?;
                let note = "the image has no `stat`, so the mode is not that of the original";
                let notes = mode.is_none().then(|| note.to_owned());
                Ok(copied(offset, tool, false, notes.into_iter().collect()))
            }
            DownloadState::Folder(unpacker, checksum, tool) => {
                let unpacked = unpacker.finish();
                let result = (|| {
                    ended.require_whole(&progress, false)?;
                    let Unpacked { left_out, mode } = unpacked
                        .map_err(|error| CopyError::Failed(format!("the archive could not be unpacked: {error}")))?;
                    if !matches_sum(checksum, tool, ended.sum()) {
                        return Err(changed());
                    }
                    ended.require_tar()?;
                    place.finish(mode).map_err(CopyError::Failed)?;
                    Ok(copied(0, tool, true, ended.notes(shown_paths(&left_out))))
                })();
                result.inspect_err(|_| drop(place.remove_part()))
            }
        }
    }
}

fn matches_sum(checksum: Checksum, tool: Option<ChecksumTool>, sum: Option<&str>) -> bool {
    tool.is_none() || sum == Some(&*checksum.finish())
}

fn changed() -> CopyError {
    CopyError::Failed("the copy differs from the original, which has changed meanwhile or was not transferred correctly; nothing was kept".to_owned())
}

impl Write for Download {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        if matches!(self.state, DownloadState::Waiting) {
            let end = memchr::memchr(b'\n', bytes);
            let (line, after) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.answer.extend_from_slice(line);
            if self.answer.len() > LONGEST_ANSWER {
                return Err(io::Error::other("unexpected answer of the container"));
            }
            if end.is_none() {
                return Ok(bytes.len());
            }
            self.state = self.begin()?;
            rest = &after[1..];
        }
        self.take(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Unpacks an archive that arrives in pieces, on a thread of its own.
struct Unpacker {
    pieces: SyncSender<Vec<u8>>,
    thread: JoinHandle<io::Result<Unpacked>>,
}

impl Unpacker {
    fn start(folder: PathBuf) -> io::Result<Self> {
        let (pieces, receiver) = sync_channel(WAITING);
        let unpack = move || archive::unpack(Pieces { receiver, piece: Vec::new(), at: 0 }, &folder);
        let thread = std::thread::Builder::new().name("unpack".into()).spawn(unpack)?;
        Ok(Self { pieces, thread })
    }

    fn take(&self, bytes: &[u8]) -> io::Result<()> {
        // Why it has stopped, `finish` tells.
        self.pieces.send(bytes.to_vec()).map_err(|_| io::Error::other("the archive could not be unpacked"))
    }

    fn finish(self) -> io::Result<Unpacked> {
        drop(self.pieces);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread has ended")))
    }
}

struct Pieces {
    receiver: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.receiver.recv() {
                Ok(piece) => (self.piece, self.at) = (piece, 0),
                Err(_) => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
