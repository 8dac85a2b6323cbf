//! The whole console in memory, with the real loop, model, drawing and data layer, on an embedded AWS in the same process. Keys
//! go in, screens come out. Under a paused clock everything runs in virtual time, so that minutes of an incident pass in
//! milliseconds, and every run is the same.

use std::{
    cell::Cell,
    collections::VecDeque,
    fs,
    future::{pending, ready},
    io,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, ExitStatus},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use aws_types::region::Region;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ecsight::{
    app::{App, Connect, Console, Exit, TerminalEnv},
    aws::{Budget, Clients, Failure, FailureKind, ScopeSpec},
    config::Paths,
    demo::{Endpoint, Fault, Options},
    history::{HistoryConfig, HistoryLimits},
    model::{Keymap, Settings, Start},
    tty::{Foreground, Host, Input, LentTerminal},
};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use ratatui::{
    Frame, Terminal,
    backend::{Backend, CrosstermBackend, TestBackend},
    buffer::Buffer,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

use super::in_process::{self, ACCOUNT, CurrentAccount, OTHER_ACCOUNT, of_account};

/// Start time of every test.
const START: Timestamp = Timestamp::constant(1_769_868_000, 0);
/// Timeout for the screen to change, in virtual time.
const TIMEOUT: Duration = Duration::from_mins(3);

/// Escape sequences around every frame.
const BEGIN_AND_END: &[u8] = b"\x1b[?2026h\x1b[?2026l";

thread_local! {
    static BEGUN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Wall clock of a test, which follows tokio's clock.
fn now() -> Timestamp {
    let elapsed = BEGUN.get().map(|begun| begun.elapsed()).unwrap_or_default();
    START + SignedDuration::try_from(elapsed).expect("a test is not that long")
}

/// The screen after a frame.
#[derive(Debug, Clone, Default)]
pub struct ShownScreen {
    pub text: String,
    /// Number of frames so far.
    pub frames: usize,
    /// Number of frames equal to the one before, which were drawn for nothing.
    pub repeated: usize,
    /// Bytes that the frames would have sent to a real terminal.
    pub bytes: usize,
}

/// The user of the console in a test.
pub struct User {
    keyboard: mpsc::UnboundedSender<Input>,
    shown: watch::Receiver<ShownScreen>,
    pub endpoint: Endpoint,
    /// Whether the network works.
    network: Arc<AtomicBool>,
    /// Whose credentials sign.
    account: CurrentAccount,
    /// Control sequences sent outside frames.
    pub sent: Arc<Mutex<String>>,
    /// State folder: history, saved tables.
    pub state: PathBuf,
    editor: EditQueue,
}

/// Runs `script` with a console of this size on an embedded AWS, until the console is closed or the script ends. Returns how the
/// console ended, if it did.
pub async fn run_console<S>(size: (u16, u16), options: Options, script: impl FnOnce(User) -> S) -> Option<Exit>
where
    S: Future<Output = ()>,
{
    BEGUN.set(Some(Instant::now()));
    let home = tempfile::tempdir().expect("a home folder");
    let endpoint = Endpoint::new(Options { start_ms: Some(START.as_millisecond()), ..options });
    let network = Arc::new(AtomicBool::new(true));
    let account = Arc::new(Mutex::new(ACCOUNT));
    let (keyboard, typed) = mpsc::unbounded_channel();
    let (drawn, shown) = watch::channel(ShownScreen::default());
    let sent = Arc::<Mutex<String>>::default();
    let state = home.path().join("state");

    let terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a terminal in memory");
    let editor = EditQueue::default();
    let (last, screen) = (Buffer::default(), sent.clone());
    let memory = MemoryTerminal { terminal, last, typed, drawn, sent: screen, editor: editor.clone() };
    let paths = Paths {
        config: home.path().join("config.toml"),
        cache: home.path().join("cache"),
        log: state.join("ecsight.log"),
        saved: state.join("saved"),
        state: state.clone(),
    };
    let scope = ScopeSpec { region: Some("eu-west-1".into()), ..ScopeSpec::default() };
    let settings = Settings::default();
    let app = App::new(
        memory,
        Console {
            keymap: Keymap::default(),
            settings,
            start: Start { scope, ..Start::new(now(), size) },
            connect: connect(endpoint.clone(), network.clone(), account.clone()),
            history: HistoryConfig::in_folder(&paths.state, HistoryLimits::default()),
            paths: Some(paths),
            terminal: TerminalEnv::from_variables(|_| None),
            now,
        },
    );
    let user = User { keyboard, shown, endpoint, network, account, sent, state, editor };
    tokio::select! {
        exit = app.run() => Some(exit.expect("a terminal in memory does not fail")),
        () = script(user) => None,
    }
}

/// A Region without credentials.
pub const FORBIDDEN: &str = "us-gov-east-1";
/// A Region where the credentials are those of another account.
pub const OTHER_REGION: &str = "ap-south-1";

/// Connector to the endpoint in this process, over a network that can fail.
fn connect(endpoint: Endpoint, network: Arc<AtomicBool>, account: CurrentAccount) -> Connect {
    Arc::new(move |scope: ScopeSpec| {
        if scope.region.as_deref() == Some(FORBIDDEN) {
            let failure = Failure::local("Connect", FailureKind::Credentials, "no credentials for this partition");
            return ready(Err(failure.advise("try another profile"))).boxed();
        }
        let elsewhere = scope.region.as_deref() == Some(OTHER_REGION);
        let account = if elsewhere { Arc::new(Mutex::new(OTHER_ACCOUNT)) } else { account.clone() };
        let inner = of_account(in_process::http_client(&endpoint), account);
        let network = network.clone();
        let client = http_client_fn(move |settings: &HttpConnectorSettings, components| {
            let inner = inner.http_connector(settings, components);
            SharedHttpConnector::new(FlakyConnector { inner, network: network.clone() })
        });
        let region = scope.region.clone().map(Region::new);
        let config = in_process::sdk_config(&endpoint).to_builder().region(region).http_client(client).build();
        async move { Ok(Clients::from_config(&config, scope, Budget::default())) }.boxed()
    })
}

#[derive(Debug)]
struct FlakyConnector {
    inner: SharedHttpConnector,
    network: Arc<AtomicBool>,
}

impl HttpConnector for FlakyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if self.network.load(Ordering::SeqCst) {
            return self.inner.call(request);
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        HttpConnectorFuture::ready(Err(ConnectorError::io(refused.into())))
    }
}

impl User {
    /// Types; `\r` is enter, `\x1b` escape, `\t` tab, and control characters are what they are on a keyboard.
    pub fn keys(&self, keys: &str) {
        for c in keys.chars() {
            self.press(match c {
                '\r' => KeyCode::Enter.into(),
                '\x1b' => KeyCode::Esc.into(),
                '\t' => KeyCode::Tab.into(),
                '\x01'..='\x1a' => KeyEvent::new(KeyCode::Char(char::from(c as u8 + b'a' - 1)), KeyModifiers::CONTROL),
                c if c.is_uppercase() => KeyEvent::new(KeyCode::Char(c), KeyModifiers::SHIFT),
                c => KeyCode::Char(c).into(),
            });
        }
    }

    pub fn press(&self, key: KeyEvent) {
        self.send(Input::Terminal(Event::Key(key)));
    }

    /// Sends input other than keys.
    pub fn send(&self, input: Input) {
        // A closed console receives nothing; the script notices that by the screen.
        let _ = self.keyboard.send(input);
    }

    /// The current screen.
    pub fn shown(&self) -> ShownScreen {
        self.shown.borrow().clone()
    }

    /// Waits until the screen shows `text`.
    pub async fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |shown| shown.contains(text)).await;
    }

    /// Waits until the screen no longer shows `text`.
    pub async fn wait_until_gone(&mut self, text: &str) {
        self.wait_until(&format!("no {text}"), |shown| !shown.contains(text)).await;
    }

    /// Waits until the screen meets `condition`.
    pub async fn wait_until(&mut self, what: &str, condition: impl Fn(&str) -> bool) {
        let come = timeout(TIMEOUT, self.shown.wait_for(|shown| condition(&shown.text))).await;
        let closed = come.as_ref().is_ok_and(Result::is_err);
        let come = come.is_ok_and(|come| come.is_ok());
        assert!(!closed, "the console was closed before it showed {what}");
        assert!(come, "timed out waiting for {what}; the screen shows:\n{}", self.shown().text);
    }

    /// Waits until the console has been closed.
    pub async fn wait_for_exit(&mut self) {
        let closed = timeout(TIMEOUT, self.shown.wait_for(|_| false)).await.is_ok();
        assert!(closed, "it is not closed; the screen shows:\n{}", self.shown().text);
        // The exit code follows and ends the test.
        pending::<()>().await;
    }

    /// Lets virtual time pass.
    pub async fn sleep(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// What the user does in the editor the next time.
    pub fn will_edit(&self, edit: impl FnOnce(&str) -> Result<String, i32> + Send + 'static) {
        self.editor.lock().expect("not poisoned").push_back(Box::new(edit));
    }

    pub fn add_fault(&self, spec: &str) {
        self.endpoint.add_fault(spec.parse::<Fault>().expect("a fault"));
    }

    /// Has the same profile give the credentials of another account.
    pub fn set_account(&self, account: &'static str) {
        *self.account.lock().expect("not poisoned") = account;
    }

    /// Cuts or restores the network.
    pub fn set_network(&self, there: bool) {
        self.network.store(there, Ordering::SeqCst);
    }

    /// Number of requests received.
    pub fn requests(&self) -> usize {
        self.endpoint.requests().len()
    }
}

/// A terminal in memory.
struct MemoryTerminal {
    terminal: Terminal<TestBackend>,
    /// The previous frame.
    last: Buffer,
    typed: mpsc::UnboundedReceiver<Input>,
    drawn: watch::Sender<ShownScreen>,
    sent: Arc<Mutex<String>>,
    editor: EditQueue,
}

/// What the user does in the editor each time: the new text, or an exit code.
pub type Edit = Box<dyn FnOnce(&str) -> Result<String, i32> + Send>;
type EditQueue = Arc<Mutex<VecDeque<Edit>>>;

impl Host for MemoryTerminal {
    fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<()> {
        let Ok(frame) = self.terminal.draw(render);
        let (text, bytes) = (text(frame.buffer), bytes(&self.last, frame.buffer));
        self.last = frame.buffer.clone();
        self.drawn.send_modify(|shown| {
            shown.text = text;
            shown.frames += 1;
            shown.repeated += usize::from(bytes == 0);
            shown.bytes += bytes;
        });
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        let Ok(()) = self.terminal.clear();
        Ok(())
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        let area = self.terminal.backend().buffer().area;
        Ok((area.width, area.height))
    }

    async fn next(&mut self) -> Input {
        match self.typed.recv().await {
            Some(Input::Terminal(Event::Resize(columns, rows))) => {
                self.terminal.backend_mut().resize(columns, rows);
                Input::Terminal(Event::Resize(columns, rows))
            }
            Some(input) => input,
            None => pending().await,
        }
    }

    fn send(&mut self, sequence: &str) -> io::Result<()> {
        self.sent.lock().expect("not poisoned").push_str(sequence);
        Ok(())
    }

    fn request_stop(&mut self) -> io::Result<()> {
        Err(io::Error::other("no shell to return to"))
    }

    async fn stop(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn retake(&mut self) -> io::Result<()> {
        self.clear()
    }

    fn lend(&mut self) -> io::Result<LentTerminal> {
        Err(io::Error::other("a terminal in memory is not lent"))
    }

    async fn signal(&mut self) -> Input {
        pending().await
    }

    /// Plays the editor of the test on the file that the command names last.
    async fn run(&mut self, command: Command) -> io::Result<Foreground> {
        let path = command.get_args().last().map(PathBuf::from).expect("a file");
        let text = fs::read_to_string(&path).expect("the file is there");
        let edit = self.editor.lock().expect("not poisoned").pop_front().expect("an edit for each call of the editor");
        let code = match edit(&text) {
            Ok(text) => {
                fs::write(&path, text).expect("written");
                0
            }
            Err(code) => code,
        };
        Ok(Foreground::Ended(ExitStatus::from_raw(code << 8)))
    }
}

/// Number of bytes that turn one frame into the next; 0 when they are equal.
fn bytes(before: &Buffer, after: &Buffer) -> usize {
    let blank = Buffer::empty(after.area);
    let before = if before.area == after.area { before } else { &blank };
    let cells = before.diff(after);
    if cells.is_empty() {
        return 0;
    }
    let mut sent = BEGIN_AND_END.to_vec();
    CrosstermBackend::new(&mut sent).draw(cells.into_iter()).expect("memory takes it");
    sent.len()
}

/// The screen as lines of text, ends trimmed.
fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let line = |cells: &[ratatui::buffer::Cell]| {
        let line: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        line.trim_end().to_owned()
    };
    buffer.content.chunks(width).map(line).collect::<Vec<_>>().join("\n")
}
