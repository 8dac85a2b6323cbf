//! Port forwards: those that run, those that have ended, and those of the configuration. They outlive screens and scopes.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash},
};

use jiff::Timestamp;

use super::{Model, action::Outcome, text::safe};
use crate::{
    data::Snapshot,
    event::{Effect, NoticeLevel},
    forwarding::{ForwardCounts, ForwardNews, ForwardRequest},
    resource::{Tone, TypedRow, container::ExecTarget},
};

/// Maximum number of ended forwards in the list; older ones are dropped.
const ENDED: usize = 20;
/// Maximum number of remembered events of a forward.
const EVENTS: usize = 50;

/// The state of a forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForwardState {
    /// A session is being opened.
    Starting,
    Ready,
    Reconnecting,
    /// The next connection opens a session.
    Idle,
    /// The user has ended it, or it is about to end.
    Ended,
    Failed,
}

impl ForwardState {
    pub fn is_active(self) -> bool {
        !matches!(self, Self::Ended | Self::Failed)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Reconnecting => "reconnecting",
            Self::Idle => "idle",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Self::Starting | Self::Reconnecting => Tone::Busy,
            Self::Ready => Tone::Good,
            Self::Idle => Tone::Wait,
            Self::Ended => Tone::Muted,
            Self::Failed => Tone::Bad,
        }
    }
}

/// A forward that was started.
#[derive(Debug)]
pub struct StartedForward {
    pub id: u64,
    /// Its name in the configuration, if it is from there.
    pub name: Option<String>,
    pub request: ForwardRequest,
    /// The local address, once it listens.
    pub local: Option<String>,
    /// The container that it goes through.
    pub through: Option<ExecTarget>,
    /// The task that was checked last.
    checked: Option<String>,
    pub state: ForwardState,
    pub counts: ForwardCounts,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    /// What happened to it, oldest first. Safe to draw.
    pub events: VecDeque<(Timestamp, Tone, String)>,
}

impl StartedForward {
    /// The time for which it ran or has been running.
    pub fn until(&self, now: Timestamp) -> Timestamp {
        self.ended.unwrap_or(now)
    }

    fn note(&mut self, at: Timestamp, tone: Tone, text: &str) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back((at, tone, safe(text).into_owned()));
    }

    /// Whether `snapshot` has its task as stopped or about to stop.
    fn has_stopped(&self, snapshot: &Snapshot) -> bool {
        let row = self.through.as_ref().and_then(|target| snapshot.row(&target.task_arn));
        row.is_some_and(|row| match row.typed() {
            TypedRow::Task(task) => task.stopped() || task.desired_status.as_deref() == Some("STOPPED"),
            _ => false,
        })
    }

    /// Applies news; returns a message if the user should know at once.
    fn take(&mut self, at: Timestamp, news: ForwardNews) -> Option<(NoticeLevel, String)> {
        let remote = self.request.ports.remote();
        match news {
            ForwardNews::Listening(address) => {
                self.note(at, Tone::Plain, &format!("listening on {address}"));
                self.local = Some(address);
            }
            ForwardNews::Opening(target) => {
                self.note(at, Tone::Plain, &format!("opening a session in {}", target.label()));
                self.through = Some(target);
            }
            ForwardNews::Ready(target) => {
                self.note(at, Tone::Good, &format!("connections go to {remote} through {}", target.label()));
                let local = self.local.as_deref().unwrap_or_default();
                let first = self.state == ForwardState::Starting;
                let text = format!("{local} goes to {remote} through {}", target.label());
                self.state = ForwardState::Ready;
                self.through = Some(target);
                return first.then_some((NoticeLevel::Info, text));
            }
            ForwardNews::Connection(_) => {}
            ForwardNews::Reconnecting(why) => {
                self.note(at, Tone::Busy, &format!("reconnecting: {why}"));
                self.state = ForwardState::Reconnecting;
            }
            ForwardNews::Idle(why) => {
                self.note(at, Tone::Wait, &format!("{why}; the next connection opens another session"));
                self.state = ForwardState::Idle;
            }
            ForwardNews::Problem(why) => {
                let is_new = self.events.back().is_none_or(|(.., last)| *last != safe(&why));
                if is_new {
                    self.note(at, Tone::Warn, &why);
                    return Some((NoticeLevel::Warn, why));
                }
            }
            ForwardNews::Ended(end) => {
                self.ended = Some(at);
                self.state = if end.is_failure { ForwardState::Failed } else { ForwardState::Ended };
                self.note(at, self.state.tone(), &end.reason);
                let text = format!("forward to {}: {}", self.request.label(), end.reason);
                return end.is_failure.then_some((NoticeLevel::Error, text));
            }
        }
        None
    }
}

/// All forwards of the console.
#[derive(Debug, Default)]
pub struct Forwards {
    /// Newest first.
    pub started: Vec<StartedForward>,
    /// How many there were; numbers the next one.
    count: u64,
}

impl Forwards {
    pub fn get(&self, id: u64) -> Option<&StartedForward> {
        self.started.iter().find(|forward| forward.id == id)
    }

    pub fn active(&self) -> impl Iterator<Item = &StartedForward> {
        self.started.iter().filter(|forward| forward.state.is_active())
    }

    /// Hashes what is shown on every screen.
    pub(super) fn digest(&self, hasher: &mut DefaultHasher) {
        self.active().count().hash(hasher);
    }
}

impl Model {
    /// Starts a forward in the background; `name` is that in the configuration.
    pub(super) fn start_forward(&mut self, request: ForwardRequest, name: Option<String>) {
        let id = self.forwards.count;
        self.forwards.count += 1;
        self.info(format!("starting a forward to {}", request.label()));
        self.out.push(Effect::StartForward { id, request: Box::new(request.clone()) });
        let started = StartedForward {
            id,
            name,
            request,
            local: None,
            through: None,
            checked: None,
            state: ForwardState::Starting,
            counts: ForwardCounts::default(),
            began: self.now,
            ended: None,
            events: VecDeque::new(),
        };
        let list = &mut self.forwards.started;
        list.insert(0, started);
        let mut ended = 0;
        list.retain(|forward| {
            ended += usize::from(!forward.state.is_active());
            forward.state.is_active() || ended <= ENDED
        });
    }

    /// Ends a forward.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub(super) fn stop_forward(&mut self, id: u64) -> Outcome {
        match self.forwards.get(id) {
            Some(forward) if forward.state.is_active() => {
                self.out.push(Effect::StopForward(id));
                Ok(())
            }
            _ => Err("this forward has ended already".into()),
        }
    }

    /// Has forwards checked whose tasks were seen stopping: without traffic, nothing else may tell.
    pub(super) fn check_forwards(&mut self) {
        for forward in &mut self.forwards.started {
            let task = forward.through.as_ref().map(|target| target.task_arn.clone());
            if forward.state == ForwardState::Ready && forward.checked != task && forward.has_stopped(&self.snapshot) {
                forward.checked = task;
                self.out.push(Effect::CheckForward(forward.id));
            }
        }
    }

    pub(super) fn take_forward_news(&mut self, id: u64, news: ForwardNews) {
        let now = self.now;
        let forward = self.forwards.started.iter_mut().find(|forward| forward.id == id);
        if let Some((level, text)) = forward.and_then(|forward| forward.take(now, news)) {
            self.notify(level, text);
        }
    }

    pub(super) fn take_forward_counts(&mut self, counts: &[(u64, ForwardCounts)]) {
        for forward in &mut self.forwards.started {
            if let Some((_, counts)) = counts.iter().find(|(id, _)| *id == forward.id) {
                forward.counts = *counts;
            }
        }
    }
}
