//! The composition root: one loop that owns model and terminal, and performs the effects of the model.
//!
//! Everything that happens (a key, fresh data, the outcome of a job, time) becomes an [`Event`] for [`Model::update`];
//! the effects it returns are performed in `perform.rs`. The loop waits for nothing but the next event, so no server,
//! disk or desktop can freeze the screen.

use std::{env, io, time::Duration};

use crossterm::event::{Event as TerminalEvent, KeyEventKind};
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    config::Paths,
    event::{Event, ShellRequest},
    forwarding::ForwardNews,
    history::HistoryConfig,
    kinds,
    model::{Keymap, Model, Settings, Start},
    tty::{self, Host, Input},
    ui::{
        self,
        theme::{Depth, Theme},
    },
};

mod alert;
mod background;
mod clipboard;
mod data_link;
mod editor;
mod forwards;
mod frames;
mod jobs;
mod journalling;
mod perform;
mod shell;

pub use data_link::Connect;

use background::{Background, BackgroundNews};
use clipboard::{Desktop, Multiplexer, Route};
use data_link::DataLink;
use editor::EditRequest;
use forwards::RunningForwards;
use frames::FrameLimiter;
use jobs::JobQueue;
use journalling::Journalling;

/// How long the exit may be delayed by files that are still being written.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// The same while changes are under way: what became of them is worth more than a prompt end.
const CHANGES_TIMEOUT: Duration = Duration::from_secs(8);

/// Everything a console is started with.
pub struct Console {
    pub settings: Settings,
    pub keymap: Keymap,
    pub start: Start,
    pub connect: Connect,
    /// Absent if this user has no home folder: then nothing is saved.
    pub paths: Option<Paths>,
    /// Where the history is stored.
    pub history: HistoryConfig,
    pub terminal: TerminalEnv,
    /// The wall clock.
    pub now: fn() -> Timestamp,
}

/// Properties of the terminal, as found in the environment.
#[derive(Debug, Clone)]
pub struct TerminalEnv {
    /// The terminal is at the other end of an SSH connection.
    pub remote: bool,
    pub clipboard: Route,
    pub multiplexer: Option<Multiplexer>,
    pub depth: Depth,
    /// The user's editor, a command for the shell.
    pub editor: String,
}

impl TerminalEnv {
    /// Reads the properties from environment variables.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String> + Copy) -> Self {
        let remote = ["SSH_CONNECTION", "SSH_TTY"].into_iter().any(|name| variable(name).is_some());
        Self {
            remote,
            clipboard: Route::choose(variable, remote),
            multiplexer: Multiplexer::detect(variable),
            depth: Depth::detect(variable),
            editor: editor::choose(variable),
        }
    }

    /// The properties of this process's terminal.
    pub fn from_process() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }
}

/// How a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Quit,
    /// A signal asked it to end.
    Signal(i32),
    /// The terminal went away.
    Gone,
}

impl Exit {
    /// The exit code by shell convention: 0, or 128 plus the signal's number. A lost terminal counts as SIGHUP.
    pub fn code(self) -> u8 {
        match self {
            Self::Quit => 0,
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
            Self::Gone => 129,
        }
    }
}

/// The running console.
pub struct App<H> {
    host: H,
    model: Model,
    theme: Theme,
    data_link: DataLink,
    jobs: JobQueue<JobOutcome>,
    journal: Journalling,
    forwards: RunningForwards,
    background: Background,
    desktop: Desktop,
    frames: FrameLimiter,
    /// The screen is out of date.
    dirty: bool,
    /// A shell that is to be opened before anything else happens.
    shell: Option<Box<ShellRequest>>,
    /// A text to edit before anything else happens.
    edit: Option<EditRequest>,
    connect: Connect,
    paths: Option<Paths>,
    history: HistoryConfig,
    terminal: TerminalEnv,
    now: fn() -> Timestamp,
}

/// The outcome of a job.
enum JobOutcome {
    Event(Box<Event>),
    /// The desktop's clipboard refused the text; the terminal's may accept it.
    CopyByTerminal(String),
}

/// What the loop does next.
enum Turn {
    Frame,
    Input(Input),
    Events(Vec<Event>),
    Outcome(JobOutcome),
    /// News of the forward with this id.
    Forward((u64, ForwardNews)),
    Background(Box<BackgroundNews>),
}

impl<H: Host> App<H> {
    /// A console on `host`, ready to draw its first frame. Needs a tokio runtime.
    pub fn new(host: H, console: Console) -> Self {
        let Console { settings, keymap, start, connect, paths, history, terminal, now } = console;
        let scope = start.scope.clone();
        let theme = load_theme(&settings, terminal.depth);
        let model = Model::new(kinds::KINDS, settings, keymap, start);
        let data_link = DataLink::open(&connect, scope, model.demand(), history.clone(), now);
        let app = Self {
            host,
            model,
            theme,
            data_link,
            jobs: JobQueue::new(),
            journal: Journalling::default(),
            forwards: RunningForwards::new(),
            background: Background::new(),
            desktop: Desktop::default(),
            frames: FrameLimiter::new(terminal.remote),
            dirty: true,
            shell: None,
            edit: None,
            connect,
            paths,
            history,
            terminal,
            now,
        };
        // Early, so that profiles can be completed at once.
        app.list_profiles();
        app
    }

    /// Runs until the user, a signal or the loss of the terminal ends it.
    ///
    /// # Errors
    /// The terminal failed in any other way than by going away.
    pub async fn run(mut self) -> io::Result<Exit> {
        let exit = match self.run_loop().await {
            Err(error) if tty::is_gone(&error) => Exit::Gone,
            result => result?,
        };
        // The terminal first, then pending writes.
        let Self { host, jobs, data_link, journal, forwards, background, paths, now, .. } = self;
        drop(host);
        let is_idle = !journal.waits() && forwards.is_empty() && background.is_empty();
        let waits = if is_idle { SHUTDOWN_TIMEOUT } else { CHANGES_TIMEOUT };
        let finish =
            async { tokio::join!(jobs.finish(), data_link.finish(), forwards.finish(now), background.finish()) };
        let ((), reports, mut sessions, copies) = timeout(waits, finish).await.unwrap_or_default();
        sessions.extend(copies);
        journal.finish(&reports, sessions, paths.map(|paths| paths.state), now());
        Ok(exit)
    }

    async fn run_loop(&mut self) -> io::Result<Exit> {
        loop {
            let exit = match self.next_turn().await {
                Turn::Frame => self.draw().map(|()| None),
                Turn::Input(input) => self.handle_input(input).await,
                Turn::Events(events) => {
                    self.journal_ended(&events);
                    self.handle_events(events)
                }
                Turn::Outcome(JobOutcome::Event(event)) => self.handle_events([*event]),
                Turn::Forward(news) => {
                    let events = self.on_forward_news(news);
                    self.handle_events(events)
                }
                Turn::Background(news) => {
                    let event = self.on_background_news(*news);
                    self.handle_events([event])
                }
                Turn::Outcome(JobOutcome::CopyByTerminal(text)) => self.copy_by_terminal(&text).map(|()| None),
            };
            let exit = match (exit?, self.shell.take(), self.edit.take()) {
                (None, Some(request), _) => self.run_shell(*request).await?,
                (None, None, Some(edit)) => self.edit(edit).await?,
                (exit, ..) => exit,
            };
            if let Some(exit) = exit {
                return Ok(exit);
            }
        }
    }

    /// Waits for the next thing to do. A frame that is due goes first; it can't starve the rest, because it is
    /// rate-limited.
    async fn next_turn(&mut self) -> Turn {
        let now = Instant::now();
        let frame = self.dirty.then(|| self.frames.due(now));
        let tick = self.model.next_tick().map(|at| now + duration_until((self.now)(), at));
        tokio::select! {
            biased;
            () = wait_until(frame) => Turn::Frame,
            input = self.host.next() => Turn::Input(input),
            outcome = self.jobs.next() => Turn::Outcome(outcome),
            news = self.forwards.next() => Turn::Forward(news),
            news = self.background.next() => Turn::Background(Box::new(news)),
            events = self.data_link.next() => Turn::Events(events),
            () = wait_until(tick) => Turn::Events(vec![Event::Tick]),
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        self.dirty = false;
        self.host.draw(|frame| ui::render(&self.model, &self.theme, frame))?;
        self.frames.drawn(Instant::now());
        Ok(())
    }

    async fn handle_input(&mut self, input: Input) -> io::Result<Option<Exit>> {
        match input {
            Input::Terminal(event) => {
                if matches!(event, TerminalEvent::Resize(..)) {
                    // A terminal that shrank and grew again between two frames has lost cells, although its size is
                    // unchanged.
                    self.host.clear()?;
                }
                self.handle_events(translate(event))
            }
            Input::Stop => {
                self.host.stop().await?;
                self.on_resume()
            }
            Input::Continued => {
                self.host.retake()?;
                self.on_resume()
            }
            Input::Terminate(signal) => Ok(Some(Exit::Signal(signal))),
            Input::Gone => Ok(Some(Exit::Gone)),
        }
    }

    /// Handles the terminal being ours again: its size may have changed, and the user is looking at it.
    fn on_resume(&mut self) -> io::Result<Option<Exit>> {
        self.dirty = true;
        let (columns, rows) = self.host.size()?;
        self.handle_events([Event::Resize(columns, rows), Event::Focus(true)])
    }

    fn handle_events(&mut self, events: impl IntoIterator<Item = Event>) -> io::Result<Option<Exit>> {
        for event in events {
            let effects = self.model.update((self.now)(), event);
            self.dirty |= self.model.take_dirty();
            self.update_theme();
            for effect in effects {
                if let Some(exit) = self.perform(effect)? {
                    return Ok(Some(exit));
                }
            }
        }
        Ok(None)
    }

    /// Applies a change of the theme in the settings, as by `:theme`.
    fn update_theme(&mut self) {
        let settings = &self.model.settings;
        if settings.theme != self.theme.name {
            self.theme = load_theme(settings, self.terminal.depth);
            self.dirty = true;
        }
    }
}

/// The configured theme, for a terminal of this colour depth.
fn load_theme(settings: &Settings, depth: Depth) -> Theme {
    Theme::named(&settings.theme).unwrap_or_default().at(depth).ascii(settings.ascii)
}

/// Converts an event of the terminal for the model.
fn translate(event: TerminalEvent) -> Option<Event> {
    match event {
        TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        TerminalEvent::Paste(text) => Some(Event::Paste(text)),
        TerminalEvent::Resize(columns, rows) => {
            let (columns, rows) = tty::clamped((columns, rows));
            Some(Event::Resize(columns, rows))
        }
        TerminalEvent::FocusGained => Some(Event::Focus(true)),
        TerminalEvent::FocusLost => Some(Event::Focus(false)),
        TerminalEvent::Key(_) | TerminalEvent::Mouse(_) => None,
    }
}

/// The time until `at`; zero if it is past.
fn duration_until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

/// Completes at `moment`; never, if there is none.
async fn wait_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
