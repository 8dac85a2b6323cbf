//! The terminal: set up at the start, and always restored.
//!
//! [`Tty`] is the terminal of a running console. It is given back by [`restore`], which may be called at any time from
//! any thread: on quit, on a signal, in the middle of a panic, twice.

use std::{
    fs::File,
    future::poll_fn,
    io::{self, IsTerminal, Write},
    os::fd::{AsFd, OwnedFd},
    process::{Command, ExitStatus},
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use color_eyre::config::{HookBuilder, Theme};
use crossterm::{
    cursor::Show,
    event::{
        self, DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, Event, EventStream,
    },
    execute,
    style::ResetColor,
    terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use futures::StreamExt;
use ratatui::{Frame, Terminal, backend::Backend};
use rustix::{
    event::{PollFd, PollFlags},
    io::Errno,
    process::{self, Signal},
    termios::{QueueSelector, tcflush},
};
use tokio::{
    process::Child,
    signal::unix::{self, SignalKind, signal},
    sync::oneshot,
};

mod lent;
mod screen;

pub use lent::{LentTerminal, TerminalInput};
use screen::ScreenBackend;

/// The largest screen drawn; cells beyond it stay empty.
const MAX_COLUMNS: u16 = 1_500;
const MAX_ROWS: u16 = 500;

/// Input from the terminal, and signals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Terminal(Event),
    /// SIGTSTP: give the terminal back and stop the process.
    Stop,
    /// SIGCONT without a stop of our own: another program may have used the terminal in between.
    Continued,
    /// A signal that asks the program to end, by number.
    Terminate(i32),
    /// The terminal has gone away.
    Gone,
}

/// A terminal as the loop needs it: output and input. The tests of the loop have one in memory.
pub trait Host {
    /// Draws a frame.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<()>;

    /// Clears the screen, so that the next frame is drawn in full.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    fn clear(&mut self) -> io::Result<()>;

    /// Columns and rows.
    ///
    /// # Errors
    /// The terminal does not report its size.
    fn size(&self) -> io::Result<(u16, u16)>;

    /// Waits for the next input. Cancel safe.
    fn next(&mut self) -> impl Future<Output = Input>;

    /// Sends a control sequence that is not part of a frame.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    fn send(&mut self, sequence: &str) -> io::Result<()>;

    /// Asks for a stop, like Ctrl-Z; it arrives as [`Input::Stop`].
    ///
    /// # Errors
    /// No shell is there to continue the program afterwards.
    fn request_stop(&mut self) -> io::Result<()>;

    /// Gives the terminal back, stops the process, and sets the terminal up again when it is continued.
    ///
    /// # Errors
    /// The terminal cannot be set up again.
    fn stop(&mut self) -> impl Future<Output = io::Result<()>>;

    /// Sets the terminal up again, whatever modes another program has left it in.
    ///
    /// # Errors
    /// The terminal cannot be set up.
    fn retake(&mut self) -> io::Result<()>;

    /// Lends the terminal to a session. Dropping what is returned gives it back to nobody: [`Host::retake`] follows.
    ///
    /// # Errors
    /// The terminal cannot be set up.
    fn lend(&mut self) -> io::Result<LentTerminal>;

    /// Waits for the next signal, without reading the terminal. Cancel safe.
    fn signal(&mut self) -> impl Future<Output = Input>;

    /// Gives the terminal to a program until it ends, and sets it up again.
    ///
    /// # Errors
    /// The terminal cannot be set up again.
    fn run(&mut self, command: Command) -> impl Future<Output = io::Result<Foreground>>;
}

/// How a program ended that had the terminal.
#[derive(Debug)]
pub enum Foreground {
    Ended(ExitStatus),
    NotStarted(io::Error),
    /// A signal asks the console to end; the program was ended as well.
    Interrupted(i32),
    /// The terminal has gone away.
    Gone,
}

/// The terminal of this process.
pub struct Tty {
    terminal: Terminal<ScreenBackend<Guarded<File>>>,
    /// Absent while another program has the terminal, so that its input is not read here.
    events: Option<EventStream>,
    signals: Signals,
}

/// The signals that the console handles, and the hangup of the terminal.
struct Signals {
    handled: Vec<(unix::Signal, Input)>,
    continued: unix::Signal,
    hangup: oneshot::Receiver<()>,
}

impl Signals {
    fn listen(terminal: OwnedFd) -> io::Result<Self> {
        let terminating = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt(), SignalKind::quit()]
            .map(|kind| (kind, Input::Terminate(kind.as_raw_value())));
        let stop = (SignalKind::from_raw(Signal::TSTP.as_raw()), Input::Stop);
        let handled = terminating
            .into_iter()
            .chain([stop])
            .map(|(kind, input)| Ok((signal(kind)?, input)))
            .collect::<io::Result<_>>()?;
        let continued = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
        Ok(Self { handled, continued, hangup: watch_for_hangup(terminal)? })
    }

    /// Waits for the next one. Cancel safe.
    async fn next(&mut self) -> Input {
        let handled = &mut self.handled;
        let signalled = poll_fn(|cx| {
            handled
                .iter_mut()
                .find_map(|(signal, input)| signal.poll_recv(cx).is_ready().then(|| input.clone()))
                .map_or(Poll::Pending, Poll::Ready)
        });
        tokio::select! {
            biased;
            input = signalled => input,
            _ = self.continued.recv() => Input::Continued,
            _ = &mut self.hangup => Input::Gone,
        }
    }
}

impl Tty {
    /// Sets up the terminal on standard output. Needs a tokio runtime.
    ///
    /// # Errors
    /// Standard output is not a terminal, or can't be set up.
    pub fn enter() -> io::Result<Self> {
        let stdout = io::stdout();
        let mut tty = Self {
            terminal: Terminal::new(ScreenBackend::new(Guarded(File::from(stdout.as_fd().try_clone_to_owned()?))))?,
            events: None,
            signals: Signals::listen(stdout.as_fd().try_clone_to_owned()?)?,
        };
        #[cfg(debug_assertions)]
        panic_on_request()?;
        tty.take()?;
        Ok(tty)
    }

    fn take(&mut self) -> io::Result<()> {
        let mut hold = lock_hold();
        if *hold == Hold::Ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // First, so that a failure below is undone.
        *hold = Hold::Taken;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)
    }
}

impl Tty {
    /// Waits for a program that has the terminal. Keys that are signals go to both: ctrl-c is for the program, ctrl-z stops
    /// both.
    async fn attend(&mut self, child: &mut Child) -> Foreground {
        loop {
            tokio::select! {
                ended = child.wait() => return ended.map_or_else(Foreground::NotStarted, Foreground::Ended),
                input = self.signals.next() => match input {
                    Input::Stop => drop(process::kill_process(process::getpid(), Signal::STOP)),
                    Input::Terminate(signal) if [Signal::INT, Signal::QUIT].iter().all(|key| key.as_raw() != signal) => {
                        return Foreground::Interrupted(signal);
                    }
                    Input::Gone => return Foreground::Gone,
                    Input::Terminate(_) | Input::Continued | Input::Terminal(_) => {}
                },
            }
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // Otherwise ratatui would do it, after the restore.
        let _ = self.terminal.show_cursor().and_then(|()| self.terminal.backend_mut().flush());
        restore();
    }
}

impl Host for Tty {
    fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.terminal.draw(render).map(drop)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    async fn run(&mut self, command: Command) -> io::Result<Foreground> {
        self.events = None;
        restore();
        let ended = match tokio::process::Command::from(command).kill_on_drop(true).spawn() {
            Ok(mut child) => self.attend(&mut child).await,
            Err(error) => Foreground::NotStarted(error),
        };
        if !matches!(ended, Foreground::Gone) {
            self.retake()?;
        }
        Ok(ended)
    }

    async fn next(&mut self) -> Input {
        let events = self.events.get_or_insert_default();
        tokio::select! {
            biased;
            input = self.signals.next() => input,
            event = events.next() => match event {
                Some(Ok(event)) => Input::Terminal(event),
                Some(Err(_)) | None => Input::Gone,
            },
        }
    }

    async fn signal(&mut self) -> Input {
        self.signals.next().await
    }

    fn lend(&mut self) -> io::Result<LentTerminal> {
        self.events = None;
        restore();
        LentTerminal::of_process()
    }

    fn send(&mut self, sequence: &str) -> io::Result<()> {
        Guarded(io::stdout()).write_all(sequence.as_bytes())
    }

    fn request_stop(&mut self) -> io::Result<()> {
        // A session leader was started by a terminal, not by a shell: nothing would ever continue it.
        if process::getsid(None)? == process::getpid() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "no shell to return to"));
        }
        // The whole process group, like the terminal driver: a script around this program has to stop too.
        Ok(process::kill_current_process_group(Signal::TSTP)?)
    }

    async fn stop(&mut self) -> io::Result<()> {
        self.events = None;
        restore();
        process::kill_process(process::getpid(), Signal::STOP)?;
        self.signals.continued.recv().await;
        self.retake()
    }

    fn retake(&mut self) -> io::Result<()> {
        self.events = None;
        // Raw mode must start from the current modes, and keys typed meanwhile were meant for the other program.
        restore();
        self.take()?;
        let _ = tcflush(io::stdin(), QueueSelector::IFlush);
        // With no time at all, crossterm does not even look.
        while event::poll(Duration::from_millis(1))? {
            event::read()?;
        }
        self.terminal.clear()
    }
}

/// Who owns the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Another program: nothing is written to it.
    Free,
    /// This program: its modes have to be undone.
    Taken,
    /// A session: its modes, and those of the programs in it, have to be undone.
    Lent,
    /// Given back for good, because the program is about to end.
    Ended,
}

/// Locked while writing, so that nothing is written after the terminal is given back.
static HOLD: Mutex<Hold> = Mutex::new(Hold::Free);

fn lock_hold() -> MutexGuard<'static, Hold> {
    HOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A writer to the terminal that discards output while another program owns it.
struct Guarded<W>(W);

impl<W: Write> Write for Guarded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let hold = lock_hold();
        if *hold == Hold::Taken {
            self.0.write_all(bytes)?;
            self.0.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Restores the terminal: modes off, main screen, cursor shown. Does nothing if it is not taken.
pub fn restore() {
    release(Hold::Free);
}

fn release(then: Hold) {
    let mut hold = lock_hold();
    let before = *hold;
    if before != Hold::Ended {
        *hold = then;
    }
    match before {
        Hold::Taken => {}
        Hold::Lent => return lent::reset(),
        Hold::Free | Hold::Ended => return,
    }
    // A terminal that has gone away can't be restored; errors are ignored.
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        ResetColor,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}

/// Makes a panic restore the terminal. A panic anywhere, also in a background task, is reported and ends the program
/// with code 101: a console that only looks alive is worse than none.
pub fn install_reports() {
    let theme = if io::stderr().is_terminal() { Theme::dark() } else { Theme::new() };
    let (panic, _) = HookBuilder::default().theme(theme).display_env_section(false).into_hooks();
    std::panic::set_hook(Box::new(move |info| {
        // The main task may still be drawing.
        release(Hold::Ended);
        let _ = writeln!(io::stderr(), "{}", panic.panic_report(info));
        tracing::error!("{info}");
        std::process::exit(101);
    }));
}

/// In debug builds SIGUSR1 makes a background task panic, so that a test can check the terminal afterwards.
#[cfg(debug_assertions)]
fn panic_on_request() -> io::Result<()> {
    let mut request = signal(SignalKind::user_defined1())?;
    tokio::spawn(async move {
        assert!(request.recv().await.is_none(), "SIGUSR1 asked for a panic");
    });
    Ok(())
}

/// Why the console can't run on standard output, and what to do instead; `None` if it can. `term` is the environment's
/// `TERM`.
pub fn unusable_reason(term: Option<&str>) -> Option<&'static str> {
    match term {
        _ if !io::stdout().is_terminal() => Some("the console needs a terminal; `ecsight get KIND` prints without one"),
        Some("dumb") => Some(
            "the console can't be drawn on a terminal of type `dumb`; set TERM (xterm-256color, for example), or use `ecsight get KIND`",
        ),
        _ => None,
    }
}

/// `size`, limited to the largest screen: a terminal may claim 65535 by 65535, whose frame would take gigabytes.
pub fn clamped((columns, rows): (u16, u16)) -> (u16, u16) {
    (columns.min(MAX_COLUMNS), rows.min(MAX_ROWS))
}

/// Returns whether `error` means that the other end has gone away, which needs no report.
pub fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

/// Watches `terminal` for a hangup. SIGHUP is not always delivered (a script may ignore it, and there may be no
/// controlling terminal), and reading at the end of file would spin for ever.
fn watch_for_hangup(terminal: OwnedFd) -> io::Result<oneshot::Receiver<()>> {
    let (sender, receiver) = oneshot::channel();
    // No events are requested: hangups and errors are reported anyway, and input is not.
    let watch = move || {
        let mut fds = [PollFd::new(&terminal, PollFlags::empty())];
        while rustix::event::poll(&mut fds, None) == Err(Errno::INTR) {}
        let _ = sender.send(());
    };
    std::thread::Builder::new().name("hangup".into()).stack_size(256 * 1024).spawn(watch)?;
    Ok(receiver)
}
