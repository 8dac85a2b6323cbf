//! The forwards screen: forwards that were started, newest first, then those of the configuration that don't run.

use std::{
    hash::{DefaultHasher, Hash},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Frame, Screen, ScreenContent, ScreenData,
    text::{TextSource, TextSubject, Viewer},
};
use crate::{
    data::FeedState,
    event::Effect,
    forwarding::{ForwardCounts, SavedForward},
    model::{
        Model,
        action::{Action, ActionContext, Call, EVERYWHERE, Outcome, actions, copy, session},
        forwards::StartedForward,
    },
    resource::{
        Document, Tone, View,
        format::{counted, duration, seconds_since, size},
    },
};

/// In the list of forwards.
pub const IN_FORWARDS: ActionContext = ActionContext::new("In forwards", "forwards");

pub(super) const CONTEXTS: &[ActionContext] = &[IN_FORWARDS];

actions! {
    SHOW_FORWARD = Action::new("show-forward", IN_FORWARDS, "what happened to it; of a saved one: start", show)
        .keys(&["enter", "d"])
        .hint("details", 10);
    STOP_FORWARD = Action::new("stop-forward", IN_FORWARDS, "end the forward", stop).keys(&["ctrl-d"]).hint("end", 12);
    RESTART_FORWARD = Action::new("restart-forward", IN_FORWARDS, "start it again", restart)
        .keys(&["r"])
        .hint("start again", 14);
}

/// How often the counters are read.
const COUNT_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// What identifies a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum RowId {
    Started(u64),
    Saved(String),
}

/// A row of the list. Texts are not made safe.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ForwardRow {
    id: RowId,
    /// The name in the configuration, or the subject.
    pub target: String,
    pub cluster: String,
    pub local: String,
    pub remote: String,
    pub state: &'static str,
    pub tone: Tone,
    pub is_active: bool,
    /// Open and all connections.
    pub connections: String,
    pub sent: String,
    pub received: String,
    pub age: String,
}

impl ForwardRow {
    fn started(forward: &StartedForward, now: Timestamp) -> Self {
        let StartedForward { id, name, request, local, through, state, counts, began, .. } = forward;
        let ForwardCounts { open, connections, sent, received, .. } = *counts;
        let subject = match (name, through) {
            (Some(name), _) => name.clone(),
            (None, Some(target)) if request.container.is_some() => target.label(),
            (None, _) => request.subject.to_string(),
        };
        Self {
            id: RowId::Started(*id),
            target: subject,
            cluster: request.cluster.clone(),
            local: local.clone().unwrap_or_else(|| "-".to_owned()),
            remote: request.ports.remote(),
            state: state.word(),
            tone: state.tone(),
            is_active: state.is_active(),
            connections: format!("{open}/{connections}"),
            sent: size(sent as f64),
            received: size(received as f64),
            age: duration(seconds_since(*began, forward.until(now))),
        }
    }

    fn saved(saved: &SavedForward) -> Self {
        let absent = || "-".to_owned();
        Self {
            id: RowId::Saved(saved.name.clone()),
            target: saved.name.clone(),
            cluster: saved.cluster.clone(),
            local: saved.local.map_or_else(absent, |port| port.to_string()),
            remote: saved.ports().remote(),
            state: "saved",
            tone: Tone::Muted,
            is_active: false,
            connections: absent(),
            sent: absent(),
            received: absent(),
            age: absent(),
        }
    }
}

/// The list of forwards.
#[derive(Debug, Default)]
pub struct ForwardList {
    /// The row under the cursor, and its index.
    selected: Option<RowId>,
    pub cursor: usize,
    /// Index of the first visible row.
    pub top: usize,
    /// Number of rows.
    count: usize,
    /// When the counters were read.
    counted: Option<Timestamp>,
}

impl ForwardList {
    /// The rows: what was started, then what is saved and doesn't run.
    pub fn rows(model: &Model) -> Vec<ForwardRow> {
        let started = &model.forwards.started;
        let runs = |saved: &&SavedForward| {
            model.forwards.active().any(|forward| forward.name.as_deref() == Some(saved.name.as_str()))
        };
        let saved = model.settings.forwards.iter().filter(|saved| !runs(saved));
        started
            .iter()
            .map(|forward| ForwardRow::started(forward, model.now))
            .chain(saved.map(ForwardRow::saved))
            .collect()
    }
}

impl Model {
    /// Keeps the cursor of the list of forwards on its row.
    pub(in crate::model) fn seek_forward(&mut self) {
        if !self.front.is::<ForwardList>() {
            return;
        }
        let rows = ForwardList::rows(self);
        if let Some(list) = self.front.get_mut::<ForwardList>() {
            let known = rows.iter().position(|row| Some(&row.id) == list.selected.as_ref());
            list.cursor = known.unwrap_or(list.cursor).min(rows.len().saturating_sub(1));
            list.selected = rows.get(list.cursor).map(|row| row.id.clone());
            list.count = rows.len();
        }
    }
}

/// The row under the cursor.
fn selected(model: &Model) -> Result<RowId, String> {
    let list = model.front.get::<ForwardList>();
    list.and_then(|list| list.selected.clone())
        .ok_or_else(|| "no forwards; shift-f on a service, task or container starts one".into())
}

fn show(model: &mut Model, call: Call<'_>) -> Outcome {
    let RowId::Started(id) = selected(model)? else { return restart(model, call) };
    if let Some(forward) = model.forwards.get(id) {
        let document = details(forward, model);
        model.push(Viewer::new("forward", TextSource::Document(Arc::new(document))));
        model.refill();
    }
    Ok(())
}

fn stop(model: &mut Model, _: Call<'_>) -> Outcome {
    match selected(model)? {
        RowId::Started(id) => model.stop_forward(id),
        RowId::Saved(name) => Err(format!("{name} does not run")),
    }
}

fn restart(model: &mut Model, _: Call<'_>) -> Outcome {
    match selected(model)? {
        RowId::Saved(name) => {
            let saved = model.settings.forwards.iter().find(|saved| saved.name == name).cloned();
            saved.map_or(Ok(()), |saved| model.start_saved(&saved))
        }
        RowId::Started(id) => {
            let Some(forward) = model.forwards.get(id) else { return Ok(()) };
            if forward.state.is_active() {
                return Err("this forward runs".into());
            }
            let (request, name) = (forward.request.clone(), forward.name.clone());
            if *request.identity != model.snapshot.identity {
                return Err(
                    "it was started with other credentials or in another Region; `:scope` goes back there".into()
                );
            }
            model.ask_to_forward(request.cluster, request.subject, request.container, request.ports, name)
        }
    }
}

/// What is known of a forward.
fn details(forward: &StartedForward, model: &Model) -> Document {
    let StartedForward { request, counts, state, .. } = forward;
    let zone = &model.settings.zone;
    let mut document = Document::default();
    let section = document.section("Forward");
    section
        .toned("State", state.word(), state.tone())
        .field("Local", forward.local.clone().unwrap_or_default())
        .field("Remote", request.ports.remote())
        .field("Tasks", request.subject.to_string())
        .field("Through", forward.through.as_ref().map(|target| target.label()).unwrap_or_default())
        .field("Cluster", &*request.cluster)
        .field("Identity", request.identity.arn.clone().unwrap_or_default())
        .field("Started", zone.clock(forward.began))
        .field("Lasted", duration(seconds_since(forward.began, forward.until(model.now))))
        .field("Connections", format!("{} open, {} in all", counts.open, counts.connections))
        .field("Sent", size(counts.sent as f64))
        .field("Received", size(counts.received as f64));
    if counts.refused > 0 {
        section.toned("Refused", counted(counts.refused, "connection"), Tone::Warn);
    }
    let section = document.section("Events");
    for (at, tone, text) in &forward.events {
        section.text(0, format!("{}  {text}", zone.clock(*at)), *tone);
    }
    document
}

impl ScreenContent for ForwardList {
    fn crumb(&self) -> String {
        "forwards".into()
    }

    fn contexts(&self) -> &'static [ActionContext] {
        &[IN_FORWARDS, EVERYWHERE]
    }

    /// Without those that have nothing to do here.
    fn hint(&self, action: &Action, _beneath: Option<&Screen>) -> Option<(&'static str, u8)> {
        action.hint.filter(|_| ![copy::COPY_COMMAND, session::REFRESH].contains(action))
    }

    fn subject(&self) -> Result<TextSubject, String> {
        Err("a forward is not a row of AWS".into())
    }

    fn view(&self) -> Option<&View> {
        None
    }

    /// The state of the table beneath it.
    fn state(&self, model: &Model) -> FeedState {
        model.table().map(|table| model.snapshot.state(&table.view)).unwrap_or_default()
    }

    fn take_data(&mut self, _data: &ScreenData<'_>) {}

    /// Scrolls to the cursor, and asks for the counters if they are not new.
    fn settle(&mut self, frame: Frame) -> Option<Effect> {
        let page = usize::from(frame.page.max(1));
        self.top = self.top.clamp((self.cursor + 1).saturating_sub(page), self.cursor);
        self.top = self.top.min(self.count.saturating_sub(page));
        let due = self.counted.is_none_or(|counted| frame.now >= counted + COUNT_EVERY);
        due.then(|| {
            self.counted = Some(frame.now);
            Effect::CountForwards
        })
    }

    /// While a forward runs, its counters and its age change.
    fn next_tick(&self, model: &Model) -> Option<Timestamp> {
        let moves = model.forwards.active().next().is_some();
        moves.then(|| self.counted.map_or(model.now, |counted| counted + COUNT_EVERY))
    }

    fn digest(&self, model: &Model, hasher: &mut DefaultHasher) {
        (self.cursor, self.top).hash(hasher);
        Self::rows(model).hash(hasher);
    }

    /// The title and the titles of the columns.
    fn fixed_rows(&self) -> u16 {
        2
    }

    fn go(&mut self, rows: isize, _page: u16) {
        self.cursor = self.cursor.saturating_add_signed(rows).min(self.count.saturating_sub(1));
        self.selected = None;
    }

    fn go_sideways(&mut self, _steps: i16) {}

    fn leave_layer(&mut self) -> bool {
        false
    }

    /// The local addresses.
    fn copied(&self, model: &Model) -> Result<String, String> {
        let row = Self::rows(model).into_iter().nth(self.cursor).filter(|row| row.is_active && row.local != "-");
        row.map(|row| row.local).ok_or_else(|| "this forward does not listen".into())
    }

    fn command(&self, _model: &Model) -> Result<String, String> {
        Err("there is no AWS CLI command for a list of forwards".into())
    }

    fn saved(&self, _format: &str, _model: &Model) -> Result<Effect, String> {
        Err("a list of forwards is not saved".into())
    }
}
