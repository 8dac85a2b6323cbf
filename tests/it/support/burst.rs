//! A console that reads a log under load: data layer, model and drawing, without a terminal. Lines are counted by the numbers
//! that the demo endpoint's load gives them.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ecsight::{
    aws::Clients,
    data::{self, Handle},
    event::{Effect, Event},
    history::HistoryConfig,
    kinds,
    logs::{CallRate, Line, TailMessage, TailUpdate},
    model::{Keymap, Model, Screen, Settings, Start, screens::logs::LogView},
    ui::{self, Theme},
};
use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend};
use tokio::time::{Instant, sleep_until};

/// Interval between two frames.
const FRAME: Duration = Duration::from_millis(16);
const SIZE: (u16, u16) = (200, 50);

/// A console, with counts of the lines it received.
pub struct Console {
    pub model: Model,
    handle: Handle,
    theme: Theme,
    terminal: Terminal<TestBackend>,
    now: fn() -> Timestamp,
    /// Call rate in place of the configured one.
    pace: CallRate,
    drawn: Option<Instant>,
    dirty: bool,
    /// Number of times each line was received, by its number.
    pub seen: Vec<u8>,
    /// Time from each key press until its effect was drawn.
    pub waits: Vec<Duration>,
}

impl Console {
    /// Opens a console with these clients, whose logs may make `calls` calls a second.
    pub fn open(clients: Clients, calls: f64, now: fn() -> Timestamp) -> Self {
        let model = Model::new(kinds::KINDS, Settings::default(), Keymap::default(), Start::new(now(), SIZE));
        let handle = data::start(clients, now, HistoryConfig::default());
        handle.demand.send_replace(model.demand());
        Self {
            model,
            handle,
            theme: Theme::default(),
            terminal: Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a terminal in memory"),
            now,
            pace: CallRate(calls),
            drawn: None,
            dirty: true,
            seen: Vec::new(),
            waits: Vec::new(),
        }
    }

    /// Types; `\r` is enter.
    pub fn keys(&mut self, keys: &str) {
        for c in keys.chars() {
            self.take_in(Event::Key(match c {
                '\r' => KeyCode::Enter.into(),
                c if c.is_uppercase() => KeyEvent::new(KeyCode::Char(c), KeyModifiers::SHIFT),
                c => KeyCode::Char(c).into(),
            }));
        }
    }

    /// Lets `time` pass, and presses the next of `keys` at each interval `every`.
    pub async fn pass(&mut self, time: Duration, every: Duration, keys: &str) {
        let end = Instant::now() + time;
        let (mut press_at, mut keys) = (Instant::now() + every, keys.chars().cycle());
        while Instant::now() < end {
            let due = press_at;
            self.turn(end.min(due)).await;
            if Instant::now() >= due {
                if let Some(key) = keys.next() {
                    self.keys(&key.to_string());
                    self.draw();
                    self.waits.push(Instant::now() - due);
                }
                press_at = Instant::now() + every;
            }
        }
    }

    /// Waits until the condition holds. Only a failing test reaches the limit.
    pub async fn until(&mut self, what: &str, limit: Duration, so: impl Fn(&Self) -> bool) {
        let end = Instant::now() + limit;
        while !so(self) {
            assert!(Instant::now() < end, "{what} did not happen:\n{}", self.screen());
            self.turn(Instant::now() + Duration::from_millis(50)).await;
        }
    }

    /// Handles one event, waiting until `end` at the latest.
    async fn turn(&mut self, end: Instant) {
        let frame = self.dirty.then(|| self.drawn.map_or(Instant::now(), |drawn| drawn + FRAME));
        let tick = self.model.next_tick().map(|at| Instant::now() + until((self.now)(), at));
        let event = tokio::select! {
            biased;
            () = reached(frame) => return self.draw(),
            () = sleep_until(end) => return,
            Some(done) = self.handle.done.recv() => Event::Done(done),
            Some(message) = self.handle.tail_messages.recv() => {
                self.count(&message);
                Event::Log(message)
            }
            Ok(()) = self.handle.snapshots.changed() => Event::Snapshot(self.handle.snapshots.borrow_and_update().clone()),
            () = reached(tick) => Event::Tick,
        };
        self.take_in(event);
    }

    fn take_in(&mut self, event: Event) {
        for effect in self.model.update((self.now)(), event) {
            match effect {
                Effect::Demand(mut demand) => {
                    demand.log.iter_mut().for_each(|wanted| wanted.pace = self.pace);
                    self.handle.demand.send_replace(*demand);
                }
                Effect::Request(request) => drop(self.handle.requests.try_send(request)),
                _ => {}
            }
        }
        self.dirty |= self.model.take_dirty();
    }

    fn draw(&mut self) {
        self.dirty = false;
        self.terminal.draw(|frame| ui::render(&self.model, &self.theme, frame)).expect("a frame in memory");
        self.drawn = Some(Instant::now());
    }

    fn count(&mut self, message: &TailMessage) {
        let lines = match &message.update {
            TailUpdate::Lines(lines) | TailUpdate::Late(lines) | TailUpdate::Older { lines, .. } => lines,
            TailUpdate::Status(_) => return,
        };
        for number in lines.iter().filter_map(number) {
            if self.seen.len() <= number {
                self.seen.resize(number + 1, 0);
            }
            self.seen[number] = self.seen[number].saturating_add(1);
        }
    }

    /// The open log view.
    pub fn reader(&self) -> Option<&LogView> {
        match &self.model.front {
            Screen::Logs(reader) => Some(reader),
            _ => None,
        }
    }

    /// Number of lines that were never received and of those received more than once, among the first `written`.
    pub fn lost_and_twice(&self, written: usize) -> (usize, usize) {
        let came = self.seen.iter().take(written);
        let lost = written - came.clone().filter(|times| **times > 0).count();
        (lost, came.filter(|times| **times > 1).count())
    }

    /// Text on the screen, row by row.
    pub fn screen(&self) -> String {
        let buffer = self.terminal.backend().buffer();
        let rows = buffer.content().chunks(buffer.area.width as usize);
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
    }
}

/// Number of a line of the load.
pub fn number(line: &Line) -> Option<usize> {
    line.text.strip_prefix("seq=")?.get(..10)?.parse().ok()
}

fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
