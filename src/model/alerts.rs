//! Alerts: a row is followed on every screen until it settles, fails or is gone, and announced once.

use std::sync::Arc;

use super::{Model, log_alert::LogAlert, text::safe};
use crate::{
    data::distinct,
    diagnose::{Known, Progress, progress},
    event::{Effect, NoticeLevel},
    resource::{Query, Relation, Row, TypedRow, View, instance, service, task},
};

/// Maximum number of rows: each costs what a visible row costs.
pub(super) const MOST: usize = 20;

/// One row that is followed.
#[derive(Debug)]
pub(super) struct AlertSubject {
    /// Contains only the row.
    view: View,
    /// What the row's identifier ends with.
    id: Arc<str>,
    /// `service checkout in prod`.
    pub(super) label: String,
    /// The last known progress; absent until the row has been seen.
    last: Option<Progress>,
}

/// The rows and the log that are followed in this scope.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    pub(super) subjects: Vec<AlertSubject>,
    /// The alert of a log: one log is followed at a time.
    pub(super) log: Option<LogAlert>,
}

impl Alerts {
    pub(super) fn views(&self) -> impl Iterator<Item = View> {
        self.subjects.iter().map(|subject| subject.view.clone())
    }
}

impl AlertSubject {
    /// The subject for `row`: itself, or the service or task that it belongs to.
    fn of(row: &dyn Row) -> Option<Self> {
        let about = row.about();
        let row = about.as_ref().map_or(row, |(_, row)| &**row);
        let service = || row.related(Relation::Events).and_then(|view| view.query.cluster.zip(view.query.service));
        let (view, id, label) = match row.typed() {
            TypedRow::Task(of) => {
                let view = View::new(&task::KIND, Query::task(&*of.cluster_name, &*of.task_arn));
                (view, of.task_arn.as_str(), of.label())
            }
            TypedRow::Container(of) => {
                let view = View::new(&task::KIND, Query::task(&*of.cluster_name, &*of.task_arn));
                (view, of.task_arn.as_str(), format!("the task of {}", of.name))
            }
            TypedRow::Instance(of) => {
                let view = View::new(&instance::KIND, Query::instance(&*of.cluster_name, &*of.container_instance_arn));
                (view, of.container_instance_arn.as_str(), format!("instance {}", of.short_name()))
            }
            _ => {
                let (cluster, name) = service()?;
                let label = format!("service {name} in {cluster}");
                let view = View::new(&service::KIND, Query::service(&*cluster, &*name));
                return Some(Self {
                    view,
                    id: format!("/{name}").into(),
                    label: safe(&label).into_owned(),
                    last: None,
                });
            }
        };
        Some(Self { view, id: id.into(), label: safe(&label).into_owned(), last: None })
    }

    /// The last known progress, in a few words.
    pub(super) fn state(&self) -> &str {
        self.last.as_ref().map_or("not loaded yet", Progress::text)
    }

    fn is(&self, row: &dyn Row) -> bool {
        row.kind() == self.view.kind
            && row.id().ends_with(&*self.id)
            && row.cluster() == self.view.query.cluster.as_deref()
    }
}

impl Model {
    /// Follows `row`, or no longer if it is followed already; the result is a message.
    ///
    /// # Errors
    ///
    /// If the row is nothing that settles, or too many are followed.
    pub(super) fn toggle_alert(&mut self, row: &dyn Row) -> Result<String, String> {
        let subject = AlertSubject::of(row).ok_or_else(|| {
            format!("{} do not settle; alerts are for services, tasks and instances", row.kind().plural)
        })?;
        let subjects = &mut self.alerts.subjects;
        let before = subjects.len();
        subjects.retain(|known| known.view != subject.view);
        if subjects.len() < before {
            return Ok(format!("no alert any more: {}", subject.label));
        }
        if before == MOST {
            return Err(format!("{MOST} alerts at most: `:notify list` removes one"));
        }
        let label = subject.label.clone();
        subjects.push(subject);
        self.raise_alerts();
        Ok(format!("an alert comes when it settles or fails: {label}"))
    }

    /// Raises an alert for every followed row whose progress has changed.
    pub(super) fn raise_alerts(&mut self) {
        if self.alerts.subjects.is_empty() {
            return;
        }
        let rows = distinct(self.snapshot.feeds.values());
        let known = Known::of(rows.iter().map(|row| &***row), self.now);
        let mut news = Vec::new();
        self.alerts.subjects.retain_mut(|subject| {
            let row = rows.iter().find(|row| subject.is(&****row));
            let now = match row {
                Some(row) => progress(&***row, &known),
                // Only an answer shows that it is gone.
                None if subject.last.is_some() && self.snapshot.arrived(&subject.view) => {
                    news.push((NoticeLevel::Warn, format!("{}: gone", subject.label)));
                    return false;
                }
                None => return true,
            };
            let Some(now) = now else { return true };
            let before = subject.last.replace(now.clone());
            if before.is_none_or(|before| before.same_kind(&now)) {
                return true;
            }
            let level = match now {
                Progress::Failed(_) => NoticeLevel::Error,
                Progress::Moving(_) | Progress::Settled(_) => NoticeLevel::Info,
            };
            news.push((level, format!("{}: {}", subject.label, safe(now.text()))));
            // What has settled or failed is not waited for any more.
            matches!(now, Progress::Moving(_))
        });
        for (level, text) in news {
            self.out.push(Effect::Alert(text.clone()));
            self.notify(level, text);
        }
    }
}
