//! A program in a real pseudo terminal, with a terminal emulator at the other end.
//!
//! Nothing here sleeps for a while and hopes: [`Pty::wait`] waits for a condition on the screen, and fails with the
//! screen's contents when it does not come true.

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

/// How long anything may take. Only a failing test ever waits that long, so there is room for a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A program in a terminal. Dropping it kills the program.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    terminal: Arc<Terminal>,
    reading: Option<JoinHandle<()>>,
    /// Line discipline as it was before the program started.
    cooked: String,
    _home: TempDir,
}

/// What the program has made of its terminal.
struct Terminal {
    state: Mutex<State>,
    changed: Condvar,
}

impl Terminal {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Poisoned by an assertion that failed and has said so.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct State {
    parser: vt100::Parser<Modes>,
    /// All that has come.
    bytes: Vec<u8>,
    /// Nothing more will come.
    ended: bool,
    /// Nobody wants to read any more.
    closing: bool,
}

type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

/// The parts of a terminal that the emulator leaves out: private modes it has no picture of, and answers to queries.
struct Modes {
    set: BTreeMap<u16, bool>,
    clipboard: Option<Vec<u8>>,
    answers: Writer,
}

impl Modes {
    fn answer(&self, text: &str) {
        let mut writer = self.answers.lock().unwrap();
        // The program may have gone since it asked.
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

/// What is to be run, where.
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

    /// Any program. It finds a home folder of its own and none of the variables of whoever runs the tests.
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
        // Ours would keep the end of file from ever coming.
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
            // EIO is how a pseudo terminal says that the last of its programs has gone.
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
    /// What the screen shows now, line ends trimmed.
    pub fn contents(&self) -> String {
        self.state().parser.screen().contents()
    }

    /// How many bytes the program has written.
    pub fn bytes(&self) -> usize {
        self.state().bytes.len()
    }

    /// All that the program has written, once it has ended.
    pub fn everything(&self) -> String {
        let mut state = self.state();
        while !state.ended {
            state = self.terminal.changed.wait_timeout(state, LIMIT).unwrap().0;
        }
        String::from_utf8_lossy(&state.bytes).into_owned()
    }

    /// What the program has put into the clipboard by OSC 52, in base64.
    pub fn clipboard(&self) -> Option<Vec<u8>> {
        self.state().parser.callbacks().clipboard.clone()
    }

    /// Waits until the screen is as `condition` wants it.
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

    /// Types. One call is one write: an escape and what follows it in the same call are one key.
    pub fn keys(&self, keys: &str) {
        let writer = self.state().parser.callbacks().answers.clone();
        let mut writer = writer.lock().unwrap();
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).expect("the terminal takes keys");
    }

    /// Makes the terminal larger or smaller.
    pub fn resize(&self, columns: u16, rows: u16) {
        // The emulator first: what comes after the signal is drawn for the new size.
        self.state().parser.set_size(nonzero(rows), nonzero(columns));
        self.master().resize(size(columns, rows)).expect("the terminal can be resized");
    }

    /// Tells the program, if it is still there, of a size that the emulator is not given.
    pub fn resize_unseen(&self, columns: u16, rows: u16) {
        let _ = self.master().resize(size(columns, rows));
    }

    /// Types, and says whether anybody is there to read it.
    pub fn try_keys(&self, keys: &str) -> bool {
        if !self.lives() {
            return false;
        }
        let writer = self.state().parser.callbacks().answers.clone();
        let mut writer = writer.lock().unwrap();
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).is_ok()
    }

    /// Whether the program may still write.
    pub fn lives(&self) -> bool {
        !self.state().ended
    }

    /// The exit code, when the program has ended by now.
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

    /// Memory of the program, by its name in `/proc`: `VmRSS:` now, `VmHWM:` at most so far.
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

    /// The process group in the foreground: with a shell in this terminal, the job it runs.
    pub fn foreground(&self) -> Pid {
        self.master().process_group_leader().and_then(Pid::from_raw).expect("a process group in the foreground")
    }

    /// Closes the terminal, as closing a window does.
    pub fn hang_up(&mut self) {
        // The reader has a handle of its own and sits in a read: a resize makes the program write once more.
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

    /// Waits until the program has ended, and says how.
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

    /// Fails unless the terminal is as it was before the program came.
    pub fn assert_sane(&self) {
        self.assert_modes_off();
        assert_eq!(line_discipline(self.master()), self.cooked, "the line discipline is not restored");
    }

    /// Fails if any mode that the program sets in the terminal is still on. Waits for what is on its way.
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
