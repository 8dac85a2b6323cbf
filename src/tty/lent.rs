//! The terminal while a session has it: bytes in both directions, unchanged.

use std::{
    fs::File,
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self as blocking, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
};

use super::{Hold, clamped, lock_hold, release};

/// Largest piece of input, which is what a session sends in one message.
const PIECE: usize = 1024;
/// Pieces that wait for the other side. The readers wait when there are more.
const WAITING: usize = 64;
/// How long the last output may take when the terminal is given back: it may never accept any.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(80);
/// Undoes what programs leave behind that are cut off: alternate screen, mouse, bracketed paste, focus reports, keypad
/// modes, hidden cursor, colours, another character set.
const RESET: &str =
    "\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[?1l\x1b>\x1b[?25h\x1b[0m\x1b(B";

/// What the terminal gives to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalInput {
    /// At most 1,024 bytes.
    Bytes(Vec<u8>),
    /// Columns and rows.
    Resized(u16, u16),
}

/// A terminal lent to a session, in raw mode. Dropping it gives the terminal back.
#[derive(Debug)]
pub struct LentTerminal {
    /// Ends when the terminal goes away.
    pub input: mpsc::Receiver<TerminalInput>,
    /// Closed when the terminal goes away.
    pub output: mpsc::Sender<Vec<u8>>,
    /// Columns and rows at the start.
    pub size: (u16, u16),
    lease: Option<Lease>,
}

/// What reads and writes the terminal of this process.
#[derive(Debug)]
struct Lease {
    reader: Option<thread::JoinHandle<()>>,
    /// Closing it ends the reader.
    wake: Option<PipeWriter>,
    resizes: JoinHandle<()>,
    /// Disconnected when the writer has ended.
    written: blocking::Receiver<()>,
    /// Nothing more may be written.
    closed: Arc<AtomicBool>,
}

impl LentTerminal {
    /// A terminal that is not this process's.
    pub fn new(input: mpsc::Receiver<TerminalInput>, output: mpsc::Sender<Vec<u8>>, size: (u16, u16)) -> Self {
        Self { input, output, size, lease: None }
    }

    /// The terminal of this process, which nobody else may be reading. Needs a tokio runtime.
    ///
    /// # Errors
    /// There is no terminal, or it can't be set up.
    pub fn of_process() -> io::Result<Self> {
        let size = clamped(crossterm::terminal::size()?);
        let (typed, input) = mpsc::channel(WAITING);
        let (output, to_write) = mpsc::channel(WAITING);
        let (wakes, wake) = io::pipe()?;
        let keyboard = keyboard()?;
        let screen = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let closed = Arc::new(AtomicBool::new(false));
        let resizes = tokio::spawn(report_resizes(signal(SignalKind::window_change())?, typed.clone()));
        set_up()?;
        let (done, written) = blocking::channel();
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            // With stacks of the usual size: the first allocation of a thread sets up its part of the allocator.
            thread::Builder::new().name(name.to_owned()).spawn(run)
        };
        let ended = closed.clone();
        spawn("session-output", Box::new(move || write_all(screen, to_write, &ended, done)))?;
        let reader = spawn("session-input", Box::new(move || read_all(keyboard, &wakes, &typed)))?;
        let lease = Lease { reader: Some(reader), wake: Some(wake), resizes, written, closed };
        Ok(Self { input, output, size, lease: Some(lease) })
    }
}

impl Drop for LentTerminal {
    fn drop(&mut self) {
        let Some(mut lease) = self.lease.take() else { return };
        lease.resizes.abort();
        // Closed first: neither thread may wait for a session that has ended.
        self.input.close();
        while self.input.try_recv().is_ok() {}
        self.output = mpsc::channel(1).0;
        drop(lease.wake.take());
        if let Some(reader) = lease.reader.take() {
            let _ = reader.join();
        }
        if lease.written.recv_timeout(DRAIN_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::info!("the terminal accepts no output");
        }
        lease.closed.store(true, Ordering::SeqCst);
        release(Hold::Free);
    }
}

/// Sets the terminal to raw mode.
fn set_up() -> io::Result<()> {
    let mut hold = lock_hold();
    if *hold != Hold::Free {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    *hold = Hold::Lent;
    crossterm::terminal::enable_raw_mode()
}

/// Undoes what [`set_up`] and the programs of the session have done.
pub(super) fn reset() {
    let _ = io::stdout().write_all(RESET.as_bytes()).and_then(|()| io::stdout().flush());
    let _ = crossterm::terminal::disable_raw_mode();
}

/// Standard input, or the controlling terminal where that is redirected.
fn keyboard() -> io::Result<File> {
    match io::IsTerminal::is_terminal(&io::stdin()) {
        true => Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?)),
        false => File::open("/dev/tty"),
    }
}

async fn report_resizes(mut resized: tokio::signal::unix::Signal, typed: mpsc::Sender<TerminalInput>) {
    while resized.recv().await.is_some() {
        let Ok(size) = crossterm::terminal::size() else { continue };
        let (columns, rows) = clamped(size);
        if typed.send(TerminalInput::Resized(columns, rows)).await.is_err() {
            return;
        }
    }
}

/// Reads until the terminal goes away, the session ends, or the other end of `wakes` is closed.
fn read_all(mut keyboard: File, wakes: &PipeReader, typed: &mpsc::Sender<TerminalInput>) {
    let mut piece = [0; PIECE];
    loop {
        let mut fds = [PollFd::new(&keyboard, PollFlags::IN), PollFd::new(wakes, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return,
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        match keyboard.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => {
                if typed.blocking_send(TerminalInput::Bytes(piece[..count].to_vec())).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Writes until the session ends or the terminal goes away. Dropping `done` reports the end.
fn write_all(mut screen: File, mut output: mpsc::Receiver<Vec<u8>>, closed: &AtomicBool, done: blocking::Sender<()>) {
    while let Some(bytes) = output.blocking_recv() {
        if closed.load(Ordering::SeqCst) || screen.write_all(&bytes).is_err() {
            break;
        }
    }
    drop(done);
}
