//! Navigation: the stack of screens, the history, clusters and scopes.

use std::sync::Arc;

use super::{
    Model, Screen, Table, Viewer,
    action::Outcome,
    alerts::Alerts,
    alias,
    filter::RowFilter,
    overlay::{Overlay, profile_items},
    scope::WriteOverride,
    screens::text::TextSource,
    view_history::ViewHistory,
};
use crate::{
    aws::{Access, ScopeSpec},
    data::Snapshot,
    event::{Effect, Notice, NoticeLevel},
    resource::{Kind, Query, Status, View, Zone, cluster, service},
};

/// Maximum number of screens on the stack beneath the top; the oldest except the root are dropped.
const DEEPEST: usize = 32;

/// The root screen: the clusters.
pub(super) fn root(kinds: &[&'static Kind]) -> Screen {
    let clusters = kinds.iter().find(|kind| **kind == &cluster::KIND).or(kinds.first());
    match clusters {
        Some(kind) => Table::new(View::new(kind, Query::default())).into(),
        None => Viewer::new("help", TextSource::Help).into(),
    }
}

impl Model {
    /// Shows the home view: trouble, with the clusters beneath it.
    pub(super) fn go_home(&mut self) {
        self.go_to_root();
        if let Some(trouble) = self.kind("trouble") {
            self.show(View::new(trouble, Query::default()));
        }
    }

    /// Closes all screens except the clusters.
    pub(super) fn go_to_root(&mut self) {
        self.behind.clear();
        self.front = root(self.kinds);
    }

    /// Shows a view: its table on the stack if there is one, or else a new one on top.
    pub(super) fn show(&mut self, view: View) {
        let shows = |screen: &Screen| screen.get::<Table>().is_some_and(|table| table.view == view);
        if shows(&self.front) {
            return;
        }
        self.overlay = None;
        if let Some(index) = self.behind.iter().position(shows) {
            let mut rest = self.behind.split_off(index).into_iter();
            if let Some(screen) = rest.next() {
                self.front = screen;
            }
            return;
        }
        let mut table = Table::new(view);
        table.wide = self.settings.wide;
        self.push(table);
    }

    /// Pushes a screen.
    pub(super) fn push(&mut self, screen: impl Into<Screen>) {
        self.behind.push(std::mem::replace(&mut self.front, screen.into()));
        if self.behind.len() > DEEPEST {
            self.behind.remove(1);
        }
    }

    /// Goes back to the screen beneath; returns false at the root.
    pub(super) fn pop(&mut self) -> bool {
        match self.behind.pop() {
            Some(screen) => {
                self.front = screen;
                true
            }
            None => false,
        }
    }

    /// Records the view and the cluster on screen in the history.
    pub(super) fn note_view(&mut self) {
        if let Some(table) = self.front.get::<Table>() {
            self.history.note(&table.view);
            if table.view.kind.in_cluster {
                self.cluster.clone_from(&table.view.query.cluster);
            }
        }
    }

    /// The breadcrumbs, root first: `clusters`, `services(prod)`, `tasks(payments)`.
    pub fn crumbs(&self) -> Vec<String> {
        self.behind.iter().chain([&self.front]).map(|screen| screen.crumb()).collect()
    }

    /// Shows the same view in another cluster, or in all of them.
    pub(super) fn choose_cluster(&mut self, cluster: Option<Arc<str>>) -> Outcome {
        if !self.front.is::<Table>() && !self.pop_to_table() {
            return Ok(());
        }
        self.open_cluster(cluster);
        Ok(())
    }

    /// Shows the view of the table on screen in another cluster; services if its kind does not belong to a cluster.
    pub(super) fn open_cluster(&mut self, cluster: Option<Arc<str>>) {
        let Some(table) = self.front.get_mut::<Table>() else { return };
        let status = table.view.query.status;
        let (kind, status) = match table.view.kind {
            kind if kind.in_cluster => (kind, status),
            _ => match self.kinds.iter().find(|kind| **kind == &service::KIND) {
                Some(kind) => (*kind, Status::default()),
                None => return,
            },
        };
        let view = View::new(kind, Query { cluster: cluster.clone(), status, ..Query::default() });
        if table.view == view {
            return;
        }
        let arrangement = (table.view.kind == kind).then(|| (table.filter.clone(), table.sort, table.faults_only));
        self.cluster = cluster;
        // The screens beneath belong to the previous cluster.
        self.behind.truncate(1);
        if !self.behind.is_empty() {
            self.pop();
        }
        self.show(view);
        if let Some((filter, sort, faults_only)) = arrangement {
            self.table_mut(|table| {
                table.filter = filter;
                table.sort = sort;
                table.faults_only = faults_only;
            });
        }
    }

    fn pop_to_table(&mut self) -> bool {
        while !self.front.is::<Table>() {
            if !self.pop() {
                return false;
            }
        }
        true
    }

    /// Sets the filter.
    pub(super) fn set_filter(&mut self, filter: RowFilter) {
        self.table_mut(|table| table.filter = filter);
    }

    /// Shows times in `zone`, and parses those in filters again.
    pub(super) fn show_times_in(&mut self, zone: Zone) {
        self.settings.zone = zone;
        let cx = self.cx();
        for screen in std::iter::once(&mut self.front).chain(&mut self.behind) {
            screen.read_times_again(&cx);
        }
        self.refill();
    }

    /// Switches to another scope: drops data, screens and the chosen access mode of this one. Returns whether the scope
    /// is another.
    pub(super) fn switch(&mut self, scope: ScopeSpec) -> bool {
        if scope == self.scope {
            return false;
        }
        self.open_scope(scope);
        true
    }

    /// Starts in `scope`. Views of another scope are not in its history, because clusters may have the same names.
    fn open_scope(&mut self, scope: ScopeSpec) {
        self.scope = scope.clone();
        self.history = ViewHistory::default();
        self.write_override = self.read_only.then_some(WriteOverride::ReadOnly);
        self.snapshot = Arc::new(Snapshot::default());
        self.code_question = None;
        self.following.clear();
        self.alerts = Alerts::default();
        self.editing = None;
        self.overlay.take_if(|overlay| matches!(overlay, Overlay::Confirm(_) | Overlay::Code(_)));
        self.cluster = None;
        self.go_home();
        self.out.push(Effect::Switch(scope));
        self.attention.forget_sent();
        // Another scope begins read-only.
        self.sent_access = Access::ReadOnly;
    }

    /// Makes the scope read-only when the time for changes is up.
    pub(super) fn disarm_when_due(&mut self) {
        let now = self.now;
        let over =
            |choice: &mut WriteOverride| matches!(choice, WriteOverride::WriteUntil { until, .. } if *until <= now);
        if self.write_override.take_if(over).is_some() && self.access() == Access::ReadOnly {
            self.warn("read-only again: the time is up");
        }
    }

    /// Applies a snapshot.
    pub(super) fn take(&mut self, snapshot: Arc<Snapshot>) {
        if let Some(failure) = snapshot.connection.failure.as_ref().filter(|failure| failure.is_of_another_account()) {
            self.open_scope(self.scope.clone());
            return self.warn(failure.message.clone());
        }
        let before = std::mem::replace(&mut self.snapshot, snapshot);
        let known: Vec<String> = before.failures().map(|failure| failure.with_advice()).collect();
        let news: Vec<String> = self
            .snapshot
            .failures()
            .map(|failure| failure.with_advice())
            .filter(|failure| !known.contains(failure))
            .collect();
        for text in news {
            // Header and table show a short form; the log has the full message. Once if several feeds fail in the same
            // way.
            if self.messages.log.back().is_none_or(|last| last.text != text) {
                self.messages.keep(self.now, Notice { level: NoticeLevel::Error, text });
            }
        }
        self.follow();
        self.announce_settled();
        self.raise_alerts();
        self.raise_log_alert();
        self.resolve_pending_switch();
        self.offer_ports();
        self.check_forwards();
    }

    /// Opens a text of the console, such as help; replaces an open one.
    pub(super) fn open_text(&mut self, title: &str, source: TextSource) {
        let same = |viewer: &Viewer| std::mem::discriminant(&viewer.source) == std::mem::discriminant(&source);
        if self.front.get().is_some_and(same) {
            self.pop();
            return;
        }
        self.push(Viewer::new(title, source));
        self.refill();
    }

    /// Searches the text on screen.
    pub(super) fn look_for(&mut self, text: &str) {
        let page = self.layout().page;
        if let Some(viewer) = self.front.get_mut::<Viewer>() {
            viewer.look_for(text, page);
        }
        self.refill();
    }

    /// Applies the names of the profiles, and adds them to a picker that waits for them.
    pub(super) fn take_profiles(&mut self, profiles: Vec<String>) {
        let first = self.profiles.replace(profiles).is_none();
        // Profiles differ from machine to machine: an unknown one must not prevent the start.
        let mistakes = if first { alias::mistakes(&self.settings.aliases, &self.known()) } else { Vec::new() };
        for (word, what) in mistakes {
            self.warn(format!("config.toml, key `aliases.{word}`: {what}"));
        }
        let items = profile_items(self);
        if let Some(Overlay::Picker(picker)) = &mut self.overlay
            && std::mem::take(&mut picker.wants_profiles)
        {
            picker.put_first(items);
        }
    }
}
