//! A copy into a container.

use std::{
    fs::{File, Metadata},
    io::{self, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
};

use tokio::sync::mpsc;

use super::{
    BUFFER, Copied, CopyError, CopyProgress, CopyRequest, archive,
    checksum::{Checksum, ChecksumTool},
    outcome::{Ended, shown_paths},
    script::{self, UploadAnswer, UploadTarget},
};

/// The most that the container answers.
const LONGEST_ANSWER: usize = 4096;
/// How many pieces of input wait for the session.
const WAITING: usize = 4;

/// Sends a file or a folder, and takes the answers of the container.
pub(super) struct Upload {
    request: CopyRequest,
    name: String,
    metadata: Metadata,
    progress: CopyProgress,
    input: Option<mpsc::Receiver<Vec<u8>>>,
    /// Starts the sender; dropped if there is nothing to send.
    start: Option<Sender<UploadStart>>,
    sent: Arc<Mutex<SentContent>>,
    answers: Vec<u8>,
    /// Once the first line has arrived.
    first: Option<UploadAnswer>,
}

/// What the container has and can.
struct UploadStart {
    tool: Option<ChecksumTool>,
    /// Length and checksum of the part that is there.
    part: (u64, String),
}

/// What has been sent.
#[derive(Default)]
struct SentContent {
    resumed: u64,
    left_out: Vec<PathBuf>,
    error: Option<String>,
}

impl Upload {
    /// Checks what is to be copied; returns its name.
    pub(super) fn check(request: &CopyRequest) -> Result<(Metadata, String), CopyError> {
        let local = &request.local;
        let refuse = |why: &str| CopyError::Refused(format!("{}: {why}", local.display()));
        let metadata = std::fs::metadata(local).map_err(|error| refuse(&error.to_string()))?;
        if !metadata.is_file() && !metadata.is_dir() {
            return Err(refuse("neither a file nor a folder"));
        }
        // The name of `.` is that of the folder.
        let named = if local.file_name().is_some() { local.clone() } else { local.canonicalize().unwrap_or_default() };
        let name = named.file_name().and_then(|name| name.to_str()).ok_or_else(|| refuse("its name is not UTF-8"))?;
        if metadata.is_dir() && request.resume {
            return Err(refuse("--resume continues copies of files; a folder is copied from the beginning"));
        }
        Ok((metadata, name.to_owned()))
    }

    /// Starts the thread that reads what is to be copied when the container is ready.
    pub(super) fn prepare(request: CopyRequest, progress: CopyProgress) -> Result<Self, CopyError> {
        let (metadata, name) = Self::check(&request)?;
        let (start, started) = channel();
        let (pieces, input) = mpsc::channel(WAITING);
        let sent = Arc::default();
        let sender = FileSender {
            path: request.local.clone(),
            is_folder: metadata.is_dir(),
            pieces,
            progress: progress.clone(),
            sent: Arc::clone(&sent),
        };
        std::thread::Builder::new()
            .name("upload".into())
            .spawn(move || sender.run(&started))
            .map_err(|error| CopyError::Failed(error.to_string()))?;
        Ok(Self {
            name,
            request,
            metadata,
            progress,
            input: Some(input),
            start: Some(start),
            sent,
            answers: Vec::new(),
            first: None,
        })
    }

    /// The command to run in the container.
    pub(super) fn command(&self) -> Vec<String> {
        script::upload(&UploadTarget {
            path: &self.request.remote_path(),
            name: &self.name,
            is_folder: self.metadata.is_dir(),
            mode: self.metadata.mode() & 0o777,
            overwrite: self.request.overwrite,
            resume: self.request.resume,
        })
    }

    /// The input of the command.
    pub(super) fn take_input(&mut self) -> Option<mpsc::Receiver<Vec<u8>>> {
        self.input.take()
    }

    pub(super) fn finish(mut self, ended: &Ended) -> Result<Copied, CopyError> {
        drop(self.start.take());
        let Some(first) = self.first else { return Err(ended.failure()) };
        let (is_inside, tool) = match first {
            UploadAnswer::Refused(reason) => return Err(CopyError::Failed(reason)),
            UploadAnswer::Ready { is_inside, tool, .. } => (is_inside, tool),
        };
        let is_folder = self.metadata.is_dir();
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &sent.error {
            return Err(CopyError::Failed(format!("could not read {}: {error}", self.request.local.display())));
        }
        ended.require_whole(&self.progress, !is_folder)?;
        let answers = String::from_utf8_lossy(&self.answers);
        let answer = answers.trim();
        match answer {
            "done" | "done no-chmod" => {
                let path = self.request.remote_path();
                let place = if is_inside { format!("{}/{}", path.trim_end_matches('/'), self.name) } else { path };
                let note = "the image has no `chmod`, so the mode is not that of the original";
                let notes = (answer != "done").then(|| note.to_owned()).into_iter();
                Ok(Copied {
                    place,
                    bytes: self.progress.done(),
                    resumed: sent.resumed,
                    verified: tool,
                    is_folder,
                    notes: notes.chain(ended.notes(shown_paths(&sent.left_out))).collect(),
                })
            }
            "failed" => Err(CopyError::Failed(format!("`tar` failed in the container; nothing was kept there: {}", ended.notes(None).join("; ")))),
            "differs" => Err(CopyError::Failed(
                "the copy differs from the original, which has changed meanwhile or was not transferred correctly; nothing was kept in the container".to_owned(),
            )),
            _ if answer.starts_with("short") => Err(CopyError::Interrupted("the container has not received everything; --resume continues".to_owned())),
            _ => match UploadAnswer::parse(answer) {
                UploadAnswer::Refused(reason) => Err(CopyError::Failed(reason)),
                UploadAnswer::Ready { .. } => Err(ended.failure()),
            },
        }
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.answers.extend_from_slice(bytes);
        if self.answers.len() > LONGEST_ANSWER {
            return Err(io::Error::other("unexpected answer of the container"));
        }
        if self.first.is_none()
            && let Some(end) = memchr::memchr(b'\n', &self.answers)
        {
            let answer = UploadAnswer::parse(&String::from_utf8_lossy(&self.answers[..end]));
            self.answers.drain(..=end);
            // Without a start, the sender ends the input.
            if let (UploadAnswer::Ready { tool, part, .. }, Some(start)) = (&answer, self.start.take()) {
                let _ = start.send(UploadStart { tool: *tool, part: part.clone() });
            }
            self.start = None;
            self.first = Some(answer);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads what is to be sent, twice: the container gets the checksum before the content.
struct FileSender {
    path: PathBuf,
    is_folder: bool,
    pieces: mpsc::Sender<Vec<u8>>,
    progress: CopyProgress,
    sent: Arc<Mutex<SentContent>>,
}

impl FileSender {
    fn run(self, started: &Receiver<UploadStart>) {
        // An error: the container takes nothing.
        let Ok(start) = started.recv() else { return };
        let result = if self.is_folder { self.send_folder(&start) } else { self.send_file(&start) };
        if let Err(error) = result
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.with_sent(|sent| sent.error = Some(error.to_string()));
        }
    }

    fn with_sent(&self, change: impl FnOnce(&mut SentContent)) {
        change(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn send_file(&self, start: &UploadStart) -> io::Result<()> {
        let (part, part_checksum) = &start.part;
        let mut file = File::open(&self.path)?;
        let size = file.metadata()?.len();
        let mut checksum = Checksum::new(start.tool);
        let mut reader = (&mut file).take(*part);
        let before = copy(&mut reader, |bytes| {
            checksum.update(bytes);
            Ok(())
        })?;
        let resumes = *part > 0 && before == *part && *part <= size && checksum.clone().finish() == *part_checksum;
        let mut rest = (&mut file).take(size.saturating_sub(before));
        copy(&mut rest, |bytes| {
            checksum.update(bytes);
            Ok(())
        })?;
        let (word, offset) = if resumes { ("append", *part) } else { ("replace", 0) };
        self.with_sent(|sent| sent.resumed = offset);
        self.progress.begin(offset, Some(size));
        self.send(format!("{word} {size} {}\n", checksum.finish()).into_bytes())?;
        let mut file = File::open(&self.path)?;
        io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
        let mut rest = file.take(size - offset);
        copy(&mut rest, |bytes| self.send_content(bytes)).map(drop)
    }

    fn send_folder(&self, start: &UploadStart) -> io::Result<()> {
        let mut measured = Measured { checksum: Checksum::new(start.tool), length: 0 };
        archive::pack(&self.path, &mut measured)?;
        self.progress.begin(0, Some(measured.length));
        self.send(format!("replace {} {}\n", measured.length, measured.checksum.finish()).into_bytes())?;
        let left_out = archive::pack(&self.path, io::BufWriter::with_capacity(BUFFER, PieceWriter(self)))?;
        self.with_sent(|sent| sent.left_out = left_out);
        Ok(())
    }

    fn send_content(&self, bytes: &[u8]) -> io::Result<()> {
        self.send(bytes.to_vec())?;
        self.progress.add(bytes.len());
        Ok(())
    }

    fn send(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.pieces.blocking_send(bytes).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// The length and the checksum of what is written.
struct Measured {
    checksum: Checksum,
    length: u64,
}

impl Write for Measured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.checksum.update(bytes);
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct PieceWriter<'a>(&'a FileSender);

impl Write for PieceWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send_content(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads to the end; returns how much that was.
fn copy(reader: &mut impl Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(count) => {
                take(&buffer[..count])?;
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The name of a path in the container, for messages and for the copy.
pub(super) fn last_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
