//! A program in a real pseudo terminal, with a terminal emulator at the other end.
//!
//! Nothing here sleeps: [`Pty::wait`] waits for a condition on the screen, and fails with the screen's contents on a timeout.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{Read, Write},
    num::NonZeroU16,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Timeout of a wait. Only a failing test waits that long, so it is generous for a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// A program in a terminal. Dropping it kills the program.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    terminal: Arc<Terminal>,
    reading: Option<JoinHandle<()>>,
    /// Terminal settings before the program started.
    cooked: String,
    _home: TempDir,
}

/// State of the terminal as set by the program.
struct Terminal {
    state: Mutex<State>,
    changed: Condvar,
}

impl Terminal {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Poisoned by an assertion that has already failed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct State {
    parser: vt100::Parser<Modes>,
    /// Everything received.
    bytes: Vec<u8>,
    /// Whether the output has ended.
    ended: bool,
    /// Whether reading has been stopped.
    closing: bool,
}

type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

/// Parts of a terminal that the emulator leaves out: some private modes, and answers to queries.
struct Modes {
    set: BTreeMap<u16, bool>,
    clipboard: Option<Vec<u8>>,
    answers: Writer,
}

impl Modes {
    fn answer(&self, text: &str) {
        let mut writer = self.answers.lock().unwrap();
        // The program may have ended since its query.
        let _ = writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
    }
}

impl vt100::Callbacks for Modes {
    fn unhandled_csi(&mut self, screen: &mut vt100::Screen, i1: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        let first = params.first().and_then(|param| param.first()).copied().unwrap_or_default();
        match (i1, c) {
            (Some(b'?'), 'h' | 'l') => {
                self.set.insert(first, c == 'h');
            }
            (Some(b'?'), 'u') => self.answer("\x1b[?0u"),
            (None, 'c') => self.answer("\x1b[?62;22c"),
            (None, 'n') if first == 6 => {
                let (row, column) = screen.cursor_position();
                self.answer(&format!("\x1b[{};{}R", row + 1, column + 1));
            }
            _ => {}
        }
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.clipboard = Some(data.to_vec());
    }
}

/// A program to run, with its environment and terminal size.
pub struct Program {
    command: CommandBuilder,
    columns: u16,
    rows: u16,
    home: TempDir,
}

impl Program {
    /// The program under test with these arguments, at 120x30.
    pub fn ecsight(args: &[&str]) -> Self {
        Self::new(env!("CARGO_BIN_EXE_ecsight"), args)
    }

    /// Any program, with its own home folder and without the variables of the test process.
    pub fn new(program: impl AsRef<OsStr>, args: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a home folder");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.cwd(home.path());
        Self { command, columns: 120, rows: 30, home }
    }

    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it.
    pub fn start(self) -> Pty {
        let Self { command, columns, rows, home } = self;
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a pseudo terminal");
        let cooked = line_discipline(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        // Our own handle would prevent the end of file.
        drop(pair.slave);
        let answers = Arc::new(Mutex::new(pair.master.take_writer().expect("a writer")));
        let modes = Modes { set: BTreeMap::new(), clipboard: None, answers };
        let parser = vt100::Parser::new_with_callbacks(nonzero(rows), nonzero(columns), 0, modes);
        let state = Mutex::new(State { parser, bytes: Vec::new(), ended: false, closing: false });
        let terminal = Arc::new(Terminal { state, changed: Condvar::new() });
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let shared = terminal.clone();
        let reading = std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            // EIO means that the last program in the pseudo terminal has ended.
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                let mut state = shared.lock();
                if state.closing {
                    return;
                }
                state.parser.process(&buffer[..read]);
                state.bytes.extend(&buffer[..read]);
                shared.changed.notify_all();
            }
            shared.lock().ended = true;
            shared.changed.notify_all();
        });
        Pty { master: Some(pair.master), child, terminal, reading: Some(reading), cooked, _home: home }
    }
}

impl Pty {
    /// Text on the screen, line ends trimmed.
    pub fn contents(&self) -> String {
        self.state().parser.screen().contents()
    }

    /// Number of bytes the program has written.
    pub fn bytes(&self) -> usize {
        self.state().bytes.len()
    }

    /// Everything the program has written, once it has ended.
    pub fn everything(&self) -> String {
        let mut state = self.state();
        while !state.ended {
            state = self.terminal.changed.wait_timeout(state, LIMIT).unwrap().0;
        }
        String::from_utf8_lossy(&state.bytes).into_owned()
    }

    /// Clipboard content set by the program with OSC 52, in base64.
    pub fn clipboard(&self) -> Option<Vec<u8>> {
        self.state().parser.callbacks().clipboard.clone()
    }

    /// Waits until the screen meets `condition`.
    pub fn wait(&self, what: &str, condition: impl Fn(&vt100::Screen) -> bool) {
        self.wait_for(what, |state| condition(state.parser.screen()));
    }

    /// Waits until the screen shows `text`.
    pub fn wait_text(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    fn wait_for(&self, what: &str, condition: impl Fn(&State) -> bool) {
        let until = Instant::now() + LIMIT;
        let mut state = self.state();
        while !condition(&state) {
            let left = until.saturating_duration_since(Instant::now());
            let contents = state.parser.screen().contents();
            assert!(!left.is_zero() && !state.ended, "waited in vain for {what}; the screen shows:\n{contents}");
            state = self.terminal.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Types keys. One call is one write, so an escape and the following characters in the same call are one key.
    pub fn keys(&self, keys: &str) {
        let writer = self.state().parser.callbacks().answers.clone();
        let mut writer = writer.lock().unwrap();
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).expect("the terminal takes keys");
    }

    /// Resizes the terminal.
    pub fn resize(&self, columns: u16, rows: u16) {
        // The emulator first, because output after the signal is drawn for the new size.
        self.state().parser.set_size(nonzero(rows), nonzero(columns));
        self.master().resize(size(columns, rows)).expect("the terminal can be resized");
    }

    /// Resizes the terminal for the program only, not for the emulator.
    pub fn resize_unseen(&self, columns: u16, rows: u16) {
        let _ = self.master().resize(size(columns, rows));
    }

    /// Types keys, and returns whether the program can still read them.
    pub fn try_keys(&self, keys: &str) -> bool {
        if !self.lives() {
            return false;
        }
        let writer = self.state().parser.callbacks().answers.clone();
        let mut writer = writer.lock().unwrap();
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).is_ok()
    }

    /// Whether the program can still write.
    pub fn lives(&self) -> bool {
        !self.state().ended
    }

    /// Exit code, if the program has ended.
    pub fn ended(&mut self) -> Option<u32> {
        if self.lives() {
            return None;
        }
        Some(self.exit().exit_code())
    }

    /// Ends the program.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Memory of the program, by its name in `/proc`: `VmRSS:` is the current, `VmHWM:` the peak value.
    pub fn kib(&self, name: &str) -> u64 {
        let pid = self.child.process_id().unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default()
    }

    /// Sends a signal to the program itself.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        kill_process(pid.expect("a process"), signal).expect("the program is there");
    }

    /// Process group in the foreground: the job of a shell in this terminal.
    pub fn foreground(&self) -> Pid {
        self.master().process_group_leader().and_then(Pid::from_raw).expect("a process group in the foreground")
    }

    /// Closes the terminal, as closing a window does.
    pub fn hang_up(&mut self) {
        // The reader has its own handle and blocks in a read; a resize makes the program write once more.
        let (rows, columns) = {
            let mut state = self.state();
            state.closing = true;
            state.parser.screen().size()
        };
        self.master().resize(size(columns.get() + 1, rows.get())).expect("the terminal can be resized");
        self.reading.take().expect("not hung up").join().expect("the reader does not panic");
        let writer = self.state().parser.callbacks().answers.clone();
        *writer.lock().unwrap() = Box::new(std::io::sink());
        self.master = None;
    }

    /// Waits until the program has ended, and returns its exit status.
    pub fn exit(&mut self) -> ExitStatus {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < until, "it does not end; the screen shows:\n{}", self.contents());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Fails unless the terminal settings are those from before the program started.
    pub fn assert_sane(&self) {
        self.assert_modes_off();
        assert_eq!(line_discipline(self.master()), self.cooked, "the line discipline is not restored");
    }

    /// Fails if a terminal mode set by the program is still on. Waits for output in flight.
    pub fn assert_modes_off(&self) {
        self.wait("the main screen and its cursor", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        let state = self.state();
        let screen = state.parser.screen();
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is still on");
        let on: Vec<_> = state.parser.callbacks().set.iter().filter(|(_, on)| **on).map(|(mode, _)| mode).collect();
        assert!(on.is_empty(), "private modes still on: {on:?}");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.terminal.lock()
    }

    fn master(&self) -> &dyn MasterPty {
        &**self.master.as_ref().expect("not hung up")
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn nonzero(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has cells")
}

/// The terminal's modes: echo, signals from keys, and so on. Asked of the master, which answers for the slave.
fn line_discipline(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("terminal modes"))
}
