//! Texts about a row: its description, its raw JSON, and its explanation.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    About, Explaining, Inquiry, MadeOf, RawAnswer, TextLine, TextSource, TextStyle, TextSubject, Viewer, json_lines,
    prose_lines,
};
use crate::{
    aws::Failure,
    data::{Feed, FeedKey, Phase, Request, distinct},
    diagnose::{self, Explanation, Known},
    event::Effect,
    journal::JournalLine,
    model::{Model, Table, help, layout::Pane, screens::ScreenContent, text::safe},
    resource::{
        Ability, Origin, Pace, Query, Relation, Row, Tone, TypedRow, View, command::CommandScope, evidence::Evidence,
        rollout, service,
    },
};

/// How often the times in an explanation are updated.
const UPDATE_INTERVAL: SignedDuration = SignedDuration::from_secs(10);
/// The same for a rollout in progress, which has countdowns.
const ROLLOUT_UPDATE_INTERVAL: SignedDuration = SignedDuration::from_secs(1);

impl Viewer {
    /// When the times in an explanation must be updated.
    pub(super) fn next_update(&self) -> Option<Timestamp> {
        let every = match &self.source {
            TextSource::Rollout(subject, _) if subject.row.pace() == Pace::Moving => ROLLOUT_UPDATE_INTERVAL,
            _ => UPDATE_INTERVAL,
        };
        Some(self.source.made()?.at? + every)
    }
}

impl Model {
    /// Opens a text about a row, replacing another text about a row.
    pub(in crate::model) fn open_about(&mut self, subject: TextSubject, about: About) {
        // Several clusters may have a service of that name.
        let cluster = subject.row.cluster().filter(|_| self.cluster.is_none());
        let place = cluster.map(|cluster| format!(" in {}", safe(cluster))).unwrap_or_default();
        let name = format!("{} {}{place}", subject.row.kind().name, safe(&subject.row.name()));
        let (title, source) = match about {
            About::Description => (format!("describe {name}"), TextSource::Describe(subject)),
            About::Raw => {
                self.ask_raw(&subject);
                (format!("JSON {name}"), TextSource::Raw(subject, RawAnswer::Asked))
            }
            About::Explanation => {
                let inquiry = self.inquire(&subject);
                (format!("explain {name}"), TextSource::Explain(subject, Explaining::new(inquiry)))
            }
            About::Rollout => {
                let service = subject.row.related(Relation::Rollouts).or_else(|| Some(subject.view.clone()));
                let service = service.and_then(|view| view.query.service).unwrap_or_default();
                (format!("rollout of {}{place}", safe(&service)), TextSource::Rollout(subject, MadeOf::default()))
            }
            About::ExecCheck => (format!("ECS Exec in {name}"), TextSource::ExecCheck(subject, MadeOf::default())),
        };
        self.show_about(Viewer::new(title, source));
    }

    /// Opens a text about a row, in place of one about a row.
    pub(super) fn show_about(&mut self, text: Viewer) {
        match self.front.get::<Viewer>() {
            Some(viewer) if viewer.source.subject().is_some() => self.front = text.into(),
            _ => self.push(text),
        }
        self.refill();
    }

    /// The pane about the row under the cursor.
    pub(in crate::model) fn inspect(&self, pane: Pane) -> Option<Viewer> {
        let table = self.front.get::<Table>()?;
        let subject = table.subject().ok()?;
        let row = &subject.row;
        let document = row.inspect(&self.cx(), pane.height.saturating_sub(1));
        let title =
            document.as_ref().and_then(|document| document.sections.first()).map(|section| section.title.clone());
        let title = title.unwrap_or_else(|| format!("{} {}", row.kind().name, row.name()));
        let lines = document.map(|document| prose_lines(&document.masked())).unwrap_or_default();
        let mut viewer = Viewer::new(safe(&title), TextSource::Describe(subject));
        // The pane has a title of its own.
        viewer.set_lines(lines.into_iter().filter(|line| !line.is_title()).collect());
        viewer.fit(pane.text_width());
        Some(viewer)
    }

    /// Requests the raw JSON of a row.
    pub(in crate::model) fn ask_raw(&mut self, subject: &TextSubject) {
        let mut query = subject.view.query.clone();
        if let Some(cluster) = subject.row.cluster() {
            query.cluster = Some(cluster.into());
        }
        let (kind, id) = (subject.row.kind(), subject.row.id().into());
        self.out.push(Effect::Request(Request::Raw { kind, query, id }));
    }

    /// Applies the raw JSON if its text is still open.
    pub(in crate::model) fn take_raw(&mut self, id: &str, result: Result<serde_json::Value, Failure>) {
        let Some(viewer) = self.front.get_mut::<Viewer>() else { return };
        if let TextSource::Raw(subject, raw) = &mut viewer.source
            && subject.row.id() == id
        {
            match (result, &*raw) {
                (Ok(value), _) => *raw = RawAnswer::Here(value),
                (Err(failure), RawAnswer::Here(_)) => {
                    let text = failure.to_string();
                    return self.warn(text);
                }
                (Err(failure), _) => *raw = RawAnswer::Failed(failure),
            }
            self.refill();
        }
    }

    /// Requests evidence for an explanation.
    fn inquire(&mut self, subject: &TextSubject) -> Inquiry {
        match evidence_of(&*subject.row) {
            Some(id) => {
                self.out.push(Effect::Request(Request::Evidence { id: id.into() }));
                Inquiry::Asked
            }
            None => Inquiry::None,
        }
    }

    /// Requests again what an open text has requested once.
    pub(in crate::model) fn ask_again(&mut self) {
        let Some(viewer) = self.front.get::<Viewer>() else { return };
        match viewer.source.clone() {
            TextSource::Raw(subject, _) => self.ask_raw(&subject),
            TextSource::Diff(_, comparison) => {
                self.out.push(Effect::Request(Request::Diff { question: comparison.question }));
            }
            TextSource::Explain(subject, _) => {
                // Earlier evidence stays until the new one arrives.
                self.inquire(&subject);
            }
            _ => {}
        }
    }

    /// Applies the journal if its text is still open.
    pub(in crate::model) fn take_journal(&mut self, lines: Result<Arc<Vec<JournalLine>>, String>) {
        if let Some(Viewer { source: TextSource::Journal(journal), .. }) = self.front.get_mut::<Viewer>() {
            *journal = Some(lines);
            self.refill();
        }
    }

    /// Applies evidence if its explanation is still open.
    pub(in crate::model) fn take_evidence(&mut self, id: &str, evidence: Arc<Evidence>) {
        let Some(viewer) = self.front.get_mut::<Viewer>() else { return };
        if let TextSource::Explain(subject, explaining) = &mut viewer.source
            && evidence_of(&*subject.row) == Some(id)
        {
            explaining.inquiry = Inquiry::Here(evidence);
            self.refill();
        }
    }

    /// Updates a text about a row from the data.
    pub(in crate::model) fn follow(&mut self) {
        let Some(viewer) = self.front.get_mut::<Viewer>() else { return };
        let Some(view) = viewer.source.subject().map(|subject| subject.view.clone()) else { return };
        let feeds = self.snapshot.feeds_of(&view);
        // A row that has never loaded is not gone.
        let known = feeds.iter().any(|feed| feed.phase == Phase::Ready);
        let rows = feeds.iter().flat_map(|feed| feed.rows.iter().map(|entry| &entry.row));
        let followed = known && viewer.follow(rows);
        if followed || self.explanation_changed() {
            self.refill();
        }
    }

    /// Whether the data behind an open explanation have changed.
    fn explanation_changed(&self) -> bool {
        let Some(viewer) = self.front.get::<Viewer>() else { return false };
        let Some((subject, made)) = viewer.source.subject().zip(viewer.source.made()) else { return false };
        made.digest != self.consulted(subject)
    }

    /// Rebuilds an open explanation when its times are outdated.
    pub(in crate::model) fn update_times(&mut self) {
        if self.front.get().and_then(Viewer::next_update).is_some_and(|at| at <= self.now) {
            self.refill();
        }
    }

    /// Rebuilds lines that depend on the width of the screen.
    pub(in crate::model) fn reflow(&mut self) {
        if self.front.get::<Viewer>().is_some_and(|viewer| {
            matches!(viewer.source, TextSource::Help | TextSource::Aliases | TextSource::Diff(..))
        }) {
            self.refill();
        }
    }

    /// Rebuilds the lines of the text on screen.
    pub(in crate::model) fn refill(&mut self) {
        let Some(viewer) = self.front.get::<Viewer>() else { return };
        let lines = match &viewer.source {
            TextSource::Describe(subject) => {
                let document = subject.row.describe(&self.cx());
                prose_lines(&if viewer.reveal { document } else { document.masked() })
            }
            TextSource::Raw(_, RawAnswer::Here(value)) => json_lines(value, viewer.reveal),
            TextSource::Raw(_, RawAnswer::Asked | RawAnswer::Failed(_)) => Vec::new(),
            TextSource::Explain(subject, explaining) => {
                let explanation = self.explain(subject, explaining);
                let mut lines = explanation_lines(&explanation, explaining);
                insert_offers(&mut lines, self.offers(subject));
                if let Some(viewer) = self.front.get_mut::<Viewer>()
                    && let TextSource::Explain(_, explaining) = &mut viewer.source
                {
                    explaining.commands = explanation.commands;
                }
                lines
            }
            TextSource::Diff(_, comparison) => comparison.lines(self.text_width()),
            TextSource::Rollout(subject, _) => {
                let mut document = self.with_known(subject, |known| diagnose::rollout_report(&*subject.row, known));
                let section = document.section("Not checked");
                for view in viewer.source.consults() {
                    if let Some(failure) = self.snapshot.state(&view).failure {
                        section.text(0, format!("{}: {failure}", view.kind.plural), Tone::Warn);
                    }
                }
                let mut lines = prose_lines(&document);
                insert_offers(&mut lines, self.offers(subject));
                lines
            }
            TextSource::ExecCheck(subject, _) => {
                let TypedRow::Task(task) = subject.row.typed() else { return };
                prose_lines(&self.with_known(subject, |known| diagnose::exec_report(task, known)))
            }
            TextSource::Document(document) => prose_lines(document),
            TextSource::Help => help::help(self),
            TextSource::Aliases => help::aliases(self),
            TextSource::Messages => help::messages(self),
            TextSource::Journal(journal) => help::journal(self, journal.as_ref()),
        };
        let viewer = self.front.get::<Viewer>();
        let digest = viewer.and_then(|viewer| viewer.source.subject()).map(|subject| self.consulted(subject));
        if let Some(viewer) = self.front.get_mut::<Viewer>() {
            if let Some((made, digest)) = viewer.source.made_mut().zip(digest) {
                *made = MadeOf { digest, at: Some(self.now) };
            }
            viewer.set_lines(lines);
        }
    }

    /// The row for the rollout of `subject`: itself, or its service.
    ///
    /// # Errors
    ///
    /// If the service is not loaded.
    pub(in crate::model) fn rollout_subject(&self, subject: TextSubject) -> Result<TextSubject, String> {
        let Some(rollouts) = subject.row.related(Relation::Rollouts) else {
            return match subject.row.kind() {
                kind if kind == &rollout::KIND => Ok(subject),
                kind => Err(format!("this {} does not belong to a service", kind.name)),
            };
        };
        let (cluster, service) = rollouts.query.cluster.clone().zip(rollouts.query.service.clone()).unwrap_or_default();
        if subject.row.kind() == &service::KIND {
            return Ok(subject);
        }
        let rows = distinct(self.snapshot.feeds.values());
        let about = subject.row.about().map(|(_, row)| row);
        let same = |row: &&Arc<dyn Row>| {
            row.kind() == &service::KIND && row.cluster() == Some(&*cluster) && *row.name() == *service
        };
        let row = about.iter().find(same).or_else(|| rows.into_iter().find(same)).cloned();
        let row = row.ok_or_else(|| format!("service {service} is not loaded yet; try again in a moment"))?;
        Ok(TextSubject { view: View::new(&service::KIND, Query::service(cluster, service)), row, gone: false })
    }

    fn explain(&self, subject: &TextSubject, explaining: &Explaining) -> Explanation {
        self.with_known(subject, |known| {
            if let Inquiry::Here(evidence) = &explaining.inquiry {
                known.evidence = Some(evidence);
            }
            diagnose::explain(&*subject.row, known)
        })
    }

    /// Calls `make` with everything known about the subject.
    fn with_known<'a, T>(&'a self, subject: &TextSubject, make: impl FnOnce(&mut Known<'a>) -> T) -> T {
        let rows = distinct(self.feeds_consulted(subject).map(|(_, feed)| feed));
        let mut known = Known::of(rows.into_iter().map(|row| &**row), self.now);
        known.scope = self.command_scope();
        known.zone.clone_from(&self.settings.zone);
        make(&mut known)
    }

    /// Where AWS CLI commands must be sent to show the same as the console.
    pub fn command_scope(&self) -> CommandScope {
        let (identity, scope) = (&self.snapshot.identity, &self.scope);
        CommandScope {
            profile: identity.profile.clone().or_else(|| scope.profile.clone()),
            region: identity.region.clone().or_else(|| scope.region.clone()),
            endpoint_url: scope.endpoint_url.clone().or_else(|| identity.endpoint_url.clone()),
        }
    }

    /// The lists that an explanation uses: all loaded rows of the cluster, and the task definitions.
    fn feeds_consulted(&self, subject: &TextSubject) -> impl Iterator<Item = (&FeedKey, &Feed)> {
        let cluster = subject.row.cluster();
        let relevant = move |key: &FeedKey| {
            matches!(key.kind.origin, Origin::Fetched(_))
                && key.query.cluster.as_deref().is_none_or(|named| Some(named) == cluster)
        };
        self.snapshot.feeds.iter().filter(move |(key, _)| relevant(key))
    }

    /// A digest of the rows that an explanation uses.
    fn consulted(&self, subject: &TextSubject) -> u64 {
        let digest = |(key, feed): (&FeedKey, &Feed)| {
            let hasher = &mut DefaultHasher::new();
            (key, feed.revision).hash(hasher);
            hasher.finish()
        };
        // The order is not significant.
        self.feeds_consulted(subject).map(digest).fold(0, u64::wrapping_add)
    }
}

/// The id of the row to collect evidence about: `row` itself, or its parent.
fn evidence_of(row: &dyn Row) -> Option<&str> {
    row.kind().can(Ability::Evidence).then(|| row.parent().unwrap_or_else(|| row.id()))
}

/// Puts what can be done after the first section.
fn insert_offers(lines: &mut Vec<TextLine>, offers: Vec<TextLine>) {
    let place = lines.iter().position(|line| line.spans.is_empty()).unwrap_or(lines.len());
    lines.splice(place..place, offers);
}

fn explanation_lines(explanation: &Explanation, explaining: &Explaining) -> Vec<TextLine> {
    let mut lines = prose_lines(&explanation.document);
    if matches!(explaining.inquiry, Inquiry::Asked) {
        // Inserted where they will appear: after the first section.
        let place = lines.iter().position(|line| line.spans.is_empty()).unwrap_or(lines.len());
        let asking = TextLine::new("reading the last log lines ...", TextStyle::Tone(Tone::Busy));
        lines.splice(place..place, [TextLine::default(), asking]);
    }
    lines
}
