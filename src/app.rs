//! The composition root: one loop that owns model and terminal, and carries out what the model asks for.
//!
//! Everything that happens (a key, fresh data, the outcome of a job, time) becomes an [`Event`] for
//! [`Model::update`]; what that returns is carried out in `perform.rs`. Nothing in the loop waits for anything else
//! than the next happening, so no server, disk or desktop can freeze the screen.

use std::{env, io, time::Duration};

use crossterm::event::{Event as TerminalEvent, KeyEventKind};
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    config::Paths,
    event::Event,
    history::HistoryConfig,
    kinds,
    model::{Keymap, Model, Settings, Start},
    tty::{self, Host, Input},
    ui::{
        self,
        theme::{Depth, Theme},
    },
};

mod clipboard;
mod data_link;
mod frames;
mod jobs;
mod journalling;
mod perform;

pub use data_link::Connect;

use clipboard::{Desktop, Multiplexer, Route};
use data_link::DataLink;
use frames::FrameLimiter;
use jobs::JobQueue;
use journalling::Journalling;

/// How long leaving may wait for files still to be written.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// The same while changes are under way: what became of them is worth more than a prompt end.
const CHANGES_TIMEOUT: Duration = Duration::from_secs(8);

/// What a console is made of.
pub struct Console {
    pub settings: Settings,
    pub keymap: Keymap,
    pub start: Start,
    pub connect: Connect,
    /// Absent when this user has no home: then nothing is saved or remembered.
    pub paths: Option<Paths>,
    /// Where what AWS forgets is kept.
    pub history: HistoryConfig,
    pub terminal: TerminalEnv,
    /// The wall clock.
    pub now: fn() -> Timestamp,
}

/// What the environment says about the terminal and who sits at it.
#[derive(Debug, Clone, Copy)]
pub struct TerminalEnv {
    /// The person sits at the other end of an SSH connection.
    pub remote: bool,
    pub clipboard: Route,
    pub multiplexer: Option<Multiplexer>,
    pub depth: Depth,
}

impl TerminalEnv {
    /// Reads them from the variables that `variable` knows.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String> + Copy) -> Self {
        let remote = ["SSH_CONNECTION", "SSH_TTY"].into_iter().any(|name| variable(name).is_some());
        Self {
            remote,
            clipboard: Route::choose(variable, remote),
            multiplexer: Multiplexer::detect(variable),
            depth: Depth::detect(variable),
        }
    }

    /// Those of this process.
    pub fn from_process() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }
}

/// How a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Quit,
    /// Asked to by this signal.
    Signal(i32),
    /// The terminal went away.
    Gone,
}

impl Exit {
    /// The exit code by the custom of shells: 0, or 128 and the signal's number. A lost terminal is a SIGHUP.
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
    desktop: Desktop,
    frames: FrameLimiter,
    /// What is shown is no longer what is.
    dirty: bool,
    connect: Connect,
    paths: Option<Paths>,
    history: HistoryConfig,
    terminal: TerminalEnv,
    now: fn() -> Timestamp,
}

/// What became of a job.
enum JobOutcome {
    Event(Event),
    /// The desktop would not take it; the terminal may.
    CopyByTerminal(String),
}

/// What one turn of the loop is about.
enum Turn {
    Frame,
    Input(Input),
    Events(Vec<Event>),
    Outcome(JobOutcome),
}

impl<H: Host> App<H> {
    /// A console on `host`, about to draw its first frame. Needs a tokio runtime.
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
            desktop: Desktop::default(),
            frames: FrameLimiter::new(terminal.remote),
            dirty: true,
            connect,
            paths,
            history,
            terminal,
            now,
        };
        // Known before somebody names one.
        app.list_profiles();
        app
    }

    /// Runs until the person, a signal or the end of the terminal ends it.
    ///
    /// # Errors
    /// When the terminal fails in any other way than by going away.
    pub async fn run(mut self) -> io::Result<Exit> {
        let exit = match self.run_loop().await {
            Err(error) if tty::is_gone(&error) => Exit::Gone,
            result => result?,
        };
        // First the terminal, then whatever is still to be written.
        let Self { host, jobs, data_link, journal, now, .. } = self;
        drop(host);
        let waits = if journal.waits() { CHANGES_TIMEOUT } else { SHUTDOWN_TIMEOUT };
        let finished = timeout(waits, async { tokio::join!(jobs.finish(), data_link.finish()) }).await;
        let reports = finished.map(|((), reports)| reports).unwrap_or_default();
        journal.finish(&reports, now());
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
                Turn::Outcome(JobOutcome::Event(event)) => self.handle_events([event]),
                Turn::Outcome(JobOutcome::CopyByTerminal(text)) => self.copy_by_terminal(&text).map(|()| None),
            };
            if let Some(exit) = exit? {
                return Ok(exit);
            }
        }
    }

    /// Waits for the next thing to do. A frame that is due goes first, and can't crowd out the rest: it is rate-limited.
    async fn next_turn(&mut self) -> Turn {
        let now = Instant::now();
        let frame = self.dirty.then(|| self.frames.due(now));
        let tick = self.model.next_tick().map(|at| now + duration_until((self.now)(), at));
        tokio::select! {
            biased;
            () = wait_until(frame) => Turn::Frame,
            input = self.host.next() => Turn::Input(input),
            outcome = self.jobs.next() => Turn::Outcome(outcome),
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
                    // A terminal that shrank and grew again between two frames has lost cells, and its size tells nothing.
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

    /// The terminal is ours again: its size may have changed meanwhile, and whoever typed `fg` is looking at it.
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

    /// The theme follows the settings, which `:theme` changes.
    fn update_theme(&mut self) {
        let settings = &self.model.settings;
        if settings.theme != self.theme.name {
            self.theme = load_theme(settings, self.terminal.depth);
            self.dirty = true;
        }
    }
}

/// The theme that is set, on a terminal of this depth.
fn load_theme(settings: &Settings, depth: Depth) -> Theme {
    Theme::named(&settings.theme).unwrap_or_default().at(depth).ascii(settings.ascii)
}

/// What the model is told of what the terminal says.
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

/// How long it is until `at`; nothing when that is past.
fn duration_until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

/// Completes at `moment`; never, when there is none.
async fn wait_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
