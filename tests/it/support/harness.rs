//! A test harness for the model: data and keys go in, a drawn screen comes out.

use std::{collections::HashMap, sync::Arc};

use ecsight::{
    data::{Connection, Entry, Feed, FeedKey, Identity, Snapshot},
    event::{Event, Notice},
    kinds::KINDS,
    model::{Keymap, Model, Settings, Start, keymap::Key},
    resource::{Context, Kind, Material, Origin, Query, Row, Status, View, Zone, cluster, service, task},
    ui::{self, Theme},
};
use jiff::SignedDuration;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, crossterm::event::KeyEvent};

use super::fixtures::{self, feed, now};

/// Cluster of the fixtures' services and tasks.
pub const CLUSTER: &str = "acme-prod";

pub struct Harness {
    pub model: Model,
    pub snapshot: Snapshot,
    seconds: i64,
}

/// A view of one kind in the fixtures' cluster.
pub fn view(kind: &'static Kind) -> View {
    View::new(kind, Query::cluster(CLUSTER))
}

/// View of the tasks of a service, by status.
pub fn tasks_view(service: &str, status: Status) -> View {
    View::new(&task::KIND, Query { service: Some(service.into()), status, ..Query::cluster(CLUSTER) })
}

impl Harness {
    /// A console without data on a terminal of this size.
    pub fn empty(size: (u16, u16), settings: Settings) -> Self {
        Self::start(Start::new(now(), size), settings)
    }

    fn start(mut start: Start, settings: Settings) -> Self {
        start.scope.profile = Some("oncall".into());
        start.scope.region = Some("eu-west-1".into());
        let model = Model::new(KINDS, settings, Keymap::default(), start);
        Self { model, snapshot: Snapshot::default(), seconds: 0 }
    }

    /// A console with the fixtures' account, at the services of its first cluster.
    pub fn with_account(size: (u16, u16)) -> Self {
        Self::with_settings(size, Settings::default())
    }

    /// A console with the fixtures' account, at the services of another cluster.
    pub fn in_cluster(size: (u16, u16), cluster: &str) -> Self {
        let start = Start { cluster: Some(cluster.into()), ..Start::new(now(), size) };
        Self::start(start, Settings::default()).add_account()
    }

    pub fn with_settings(size: (u16, u16), settings: Settings) -> Self {
        let start = Start { cluster: Some(CLUSTER.into()), ..Start::new(now(), size) };
        Self::start(start, settings).add_account()
    }

    /// A console with the fixtures' account at the trouble list, which `feed` fills.
    pub fn home(size: (u16, u16), (key, feed): (FeedKey, Feed)) -> Self {
        Self::start(Start::new(now(), size), Settings::default()).add_account().feed(key, feed)
    }

    fn add_account(self) -> Self {
        let mut harness = self;
        harness.snapshot.identity = Identity {
            borrowed: None,
            account: Some("481516234217".into()),
            arn: Some("arn:aws:sts::481516234217:assumed-role/OnCall/dana".into()),
            region: Some("eu-west-1".into()),
            profile: Some("oncall".into()),
            endpoint_url: None,
        };
        harness.snapshot.connection = Connection { calls_per_minute: 42, calls: 117, ..Connection::default() };
        let feeds: [(FeedKey, Vec<Entry>); 2] = [
            (View::new(&cluster::KIND, Query::default()), fixtures::clusters()),
            (view(&service::KIND), fixtures::services()),
        ];
        harness.snapshot.feeds = feeds.into_iter().map(|(key, rows)| (key, feed(rows))).collect::<HashMap<_, _>>();
        harness.publish();
        harness
    }

    /// Changes the snapshot, and sends it to the model.
    pub fn change_snapshot(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        change(&mut self.snapshot);
        self.publish();
        self
    }

    /// Replaces one feed.
    pub fn feed(self, key: FeedKey, feed: Feed) -> Self {
        self.change_snapshot(|snapshot| {
            snapshot.feeds.insert(key, feed);
        })
    }

    /// Builds a composed view from `rows`.
    pub fn composed(self, view: View, rows: &[Arc<dyn Row>]) -> Self {
        let Origin::Composed(compose) = view.kind.origin else { panic!("{:?} is not composed", view.kind) };
        let material = Material { rows, seen: &[], awaited: &[], gaps: &[] };
        let rows = compose.rows(&view.query, &material, &Context { now: now(), zone: Zone::UTC });
        let entries = rows.into_iter().map(|row| Entry { row, changed: 0, changed_at: None }).collect();
        self.feed(view, feed(entries))
    }

    fn publish(&mut self) {
        self.snapshot.revision += 1;
        for feed in self.snapshot.feeds.values_mut() {
            feed.revision = self.snapshot.revision;
        }
        self.event(Event::Snapshot(Arc::new(self.snapshot.clone())));
    }

    /// Lets time pass.
    pub fn wait(mut self, seconds: i64) -> Self {
        self.seconds += seconds;
        self.event(Event::Tick);
        self
    }

    pub fn notice(mut self, notice: Notice) -> Self {
        self.event(Event::Notice(notice));
        self
    }

    /// Presses keys, named as in the configuration, separated by spaces.
    pub fn keys(mut self, keys: &str) -> Self {
        for key in keys.split_whitespace() {
            let key: Key = key.parse().unwrap_or_else(|error| panic!("{error}"));
            self.event(Event::Key(KeyEvent::new(key.code, key.modifiers)));
        }
        self
    }

    /// Types text into a prompt.
    pub fn type_text(mut self, text: &str) -> Self {
        self.event(Event::Paste(text.into()));
        self
    }

    fn command(&mut self, command: &str) {
        for event in [":"].map(|key| key.parse::<Key>().unwrap_or_else(|error| panic!("{error}"))) {
            self.event(Event::Key(KeyEvent::new(event.code, event.modifiers)));
        }
        self.event(Event::Paste(command.into()));
        let enter: Key = "enter".parse().unwrap_or_else(|error| panic!("{error}"));
        self.event(Event::Key(KeyEvent::new(enter.code, enter.modifiers)));
    }

    /// Runs a `:` command.
    pub fn run(mut self, command: &str) -> Self {
        self.command(command);
        self
    }

    pub fn event(&mut self, event: Event) {
        self.model.update(now() + SignedDuration::from_secs(self.seconds), event);
    }

    /// Draws the screen as a terminal would show it.
    pub fn draw(&self, theme: &Theme) -> Buffer {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
        terminal.draw(|frame| ui::render(&self.model, theme, frame)).expect("a frame in memory");
        terminal.backend().buffer().clone()
    }
}
