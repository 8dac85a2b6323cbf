//! Actions that change something: from a key or a command to the confirmation dialog.

use std::sync::Arc;

use super::{
    Action, Arg, Call, Outcome, actions, anything,
    row::{ON_ROWS, current},
};
use crate::{
    aws::Access,
    change::{self, Change, ChangeKind, ChangeOutcome, ChangeReport, ChangeTarget, Risk},
    data::{Entry, distinct},
    diagnose::Known,
    event::NoticeLevel,
    model::{
        Model, Table, Viewer,
        overlay::{Confirmation, Overlay},
        prompt::Prompt,
        scope::ScopeRule,
        screens::text::{About, TextSource},
        text::safe,
    },
    resource::{Ability, Row, TypedRow, evidence::Evidence, format::last_part},
};

actions! {
    RESTART = Action::new("restart", ON_ROWS, "force a new deployment", restart)
        .needs(Ability::Service)
        .keys(&["r"])
        .words(&["restart"], Arg::None)
        .hint("restart", 52);
    SCALE = Action::new("scale", ON_ROWS, "scale: 4, +1, -2", scale)
        .needs(Ability::Service)
        .keys(&["s"])
        .words(&["scale"], Arg::Text("count", change::check_count))
        .hint("scale", 54);
    ROLL_BACK = Action::new("rollback", ON_ROWS, "roll back", roll_back)
        .needs(Ability::Service)
        .keys(&["shift-r"])
        .words(&["rollback"], Arg::Text("revision", change::check_revision))
        .hint("roll back", 50);
    APPROVE = Action::new("approve", ON_ROWS, "approve the waiting rollout", approve)
        .needs(Ability::Service)
        .keys(&["shift-y"])
        .words(&["approve"], Arg::None);
    ENABLE_EXEC = Action::new("enable-exec", ON_ROWS, "enable ECS Exec", enable_exec)
        .needs(Ability::Service)
        .words(&["enable-exec"], Arg::None);
    PROTECT = Action::new("protect", ON_ROWS, "protect the task", protect)
        .needs(Ability::StopTask)
        .words(&["protect"], Arg::Text("2h", change::check_protection));
    UNPROTECT = Action::new("unprotect", ON_ROWS, "end the protection", unprotect)
        .needs(Ability::StopTask)
        .words(&["unprotect"], Arg::None);
    RUN = Action::new("run", ON_ROWS, "run a task like this", run)
        .needs(Ability::Run)
        .words(&["run"], Arg::None);
    STOP = Action::new("stop", ON_ROWS, "stop the task", stop_task)
        .needs(Ability::StopTask)
        .keys(&["ctrl-d", "ctrl-k"])
        .words(&["stop"], Arg::None)
        .hint("stop", 56);
    DRAIN = Action::new("drain", ON_ROWS, "drain the instance", drain)
        .needs(Ability::Drain)
        .keys(&["shift-d"])
        .words(&["drain"], Arg::None)
        .hint("drain", 50);
    ACTIVATE = Action::new("activate", ON_ROWS, "activate the instance", activate)
        .needs(Ability::Drain)
        .words(&["activate"], Arg::None);
    TAG = Action::new("tag", ON_ROWS, "set a tag; :untag", tag)
        .needs(Ability::Tag)
        .words(&["tag", "untag"], Arg::Text("key=value", anything));
}

fn restart(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::RESTART, call.arg)
}

/// A key opens the prompt for the count first.
fn scale(model: &mut Model, call: Call<'_>) -> Outcome {
    if !call.arg.is_empty() {
        return ask(model, &change::SCALE, call.arg);
    }
    model.require_writable_in(current(model)?.cluster())?;
    model.open_prompt(Overlay::Command(Prompt::holding("scale ")));
    Ok(())
}

fn roll_back(model: &mut Model, call: Call<'_>) -> Outcome {
    let chosen = change::chosen_revision(&*current(model)?).filter(|_| call.arg.is_empty());
    ask(model, &change::ROLLBACK, chosen.as_deref().unwrap_or(call.arg))
}

fn approve(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::APPROVE, call.arg)
}

fn enable_exec(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::ENABLE_EXEC, call.arg)
}

fn protect(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::PROTECT, call.arg)
}

fn unprotect(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::UNPROTECT, call.arg)
}

/// Opens the form for a task like the row. A task definition is run like a service of its family.
fn run(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    let (row, definition) = match row.typed() {
        TypedRow::Revision(revision) => {
            let all = model.all_rows();
            let of_family = |row: &&Arc<dyn Row>| match row.typed() {
                TypedRow::Service(service) => {
                    service.revision().rsplit_once(':').is_some_and(|(name, _)| name == revision.family)
                }
                _ => false,
            };
            let like = all.iter().find(of_family).ok_or_else(|| {
                format!("no known service runs {}: run a task from a row of a service or a task", revision.family)
            })?;
            (like.clone(), Some(row.id().to_owned()))
        }
        _ => (row, None),
    };
    model.require_writable_in(row.cluster())?;
    let rule = row.cluster().and_then(|cluster| model.settings.scope_rule(&model.snapshot.identity, cluster));
    ScopeRule::require_allowed(rule, &change::RUN, 1)?;
    let what = definition.as_deref().map(|arn| format!("{}, ", last_part(arn))).unwrap_or_default();
    let name = match row.typed() {
        TypedRow::Task(task) => task.label(),
        _ => format!("{} {}", row.kind().name, row.name()),
    };
    let says = format!("{what}like {name} in {}", row.cluster().unwrap_or_default());
    model.open_run_form(row, definition, &says);
    Ok(())
}

fn stop_task(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::STOP_TASK, call.arg)
}

fn drain(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::DRAIN, call.arg)
}

fn activate(model: &mut Model, call: Call<'_>) -> Outcome {
    ask(model, &change::ACTIVATE, call.arg)
}

/// Sets tags, or with its second word removes them. Without an argument the prompt opens for it.
fn tag(model: &mut Model, call: Call<'_>) -> Outcome {
    let (kind, word) = if call.nth == 0 { (&change::TAG, "tag ") } else { (&change::UNTAG, "untag ") };
    if !call.arg.is_empty() {
        return ask(model, kind, call.arg);
    }
    model.require_writable_in(current(model)?.cluster())?;
    model.open_prompt(Overlay::Command(Prompt::holding(word)));
    Ok(())
}

/// Opens the dialog for a change of the marked rows, or of the one under the cursor or the one that the text is about.
pub(super) fn ask(model: &mut Model, kind: &'static ChangeKind, arg: &str) -> Outcome {
    let rows: Vec<Arc<dyn Row>> = match model.front.get::<Table>() {
        Some(table) => table.targets().into_iter().map(|entry| entry.row.clone()).collect(),
        None => vec![current(model)?],
    };
    if rows.is_empty() {
        return Err("there is no row here".into());
    }
    ask_for(model, &rows, kind, arg)
}

/// Opens the dialog for a change of these rows.
pub(super) fn ask_for(model: &mut Model, rows: &[Arc<dyn Row>], kind: &'static ChangeKind, arg: &str) -> Outcome {
    for row in rows {
        model.require_writable_in(row.cluster())?;
        let rule = row.cluster().and_then(|cluster| model.settings.scope_rule(&model.snapshot.identity, cluster));
        ScopeRule::require_allowed(rule, kind, rows.len())?;
    }
    let all = model.all_rows();
    let known = Known::of(all.iter().map(|row| &**row), model.now);
    let mut changes: Vec<Arc<dyn Change>> = Vec::new();
    for row in rows {
        let change = (kind.make)(&**row, arg, &known)?;
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    model.open_confirmation(kind, changes, arg.to_owned(), None);
    Ok(())
}

impl Model {
    /// All rows, including those that other rows were derived from.
    pub(in crate::model) fn all_rows(&self) -> Vec<Arc<dyn Row>> {
        let rows = distinct(self.snapshot.feeds.values());
        let about = rows.iter().filter_map(|row| row.about()).map(|(_, row)| row);
        about.chain(rows.iter().map(|row| (*row).clone())).collect()
    }

    /// The change of this kind for a row.
    pub(in crate::model) fn make_change(
        &self,
        kind: &'static ChangeKind,
        row: &dyn Row,
        arg: &str,
    ) -> Result<Arc<dyn Change>, String> {
        let all = self.all_rows();
        (kind.make)(row, arg, &Known::of(all.iter().map(|row| &**row), self.now))
    }

    /// The change of this kind for the current state of a target.
    pub(in crate::model) fn change_for(
        &self,
        kind: &'static ChangeKind,
        target: &ChangeTarget,
        arg: &str,
        evidence: Option<&Evidence>,
    ) -> Result<Arc<dyn Change>, String> {
        let mut all = self.all_rows();
        let row = all.iter().rev().find(|row| row.id() == target.arn).cloned();
        let row = row.ok_or_else(|| format!("{} {} no longer exists", target.kind, target.name))?;
        if let Some(evidence) = evidence {
            let more = evidence.rows_beyond(all.iter().map(|row| &**row));
            all.extend(more);
        }
        let mut known = Known::of(all.iter().map(|row| &**row), self.now);
        known.evidence = evidence;
        (kind.make)(&*row, arg, &known)
    }

    /// The change of this kind for a row.
    pub(in crate::model) fn change_of_row(
        &self,
        kind: &'static ChangeKind,
        row: &dyn Row,
        arg: &str,
    ) -> Result<Arc<dyn Change>, String> {
        let all = self.all_rows();
        (kind.make)(row, arg, &Known::of(all.iter().map(|row| &**row), self.now))
    }

    /// Opens the dialog that asks for confirmation; `evidence` is what an earlier one has read.
    pub(in crate::model) fn open_confirmation(
        &mut self,
        kind: &'static ChangeKind,
        changes: Vec<Arc<dyn Change>>,
        arg: String,
        evidence: Option<Arc<Evidence>>,
    ) {
        let rule_of =
            |change: &Arc<dyn Change>| self.settings.scope_rule(&self.snapshot.identity, &change.target().cluster);
        let rule = changes.iter().find_map(rule_of);
        let risks = changes.iter().map(|change| ScopeRule::risk_of(rule_of(change), change.risk()));
        let risk = risks.max().unwrap_or(Risk::Reversible);
        let typed = (risk == Risk::Destructive).then(|| {
            let wanted = match changes.as_slice() {
                [one] => one.target().name.clone(),
                several => several.len().to_string(),
            };
            (wanted, Prompt::default())
        });
        self.overlay = Some(Overlay::Confirm(Box::new(Confirmation {
            kind,
            changes,
            arg,
            risk,
            env: rule.map(|rule| rule.env.clone()),
            ready: false,
            typed,
            notice: None,
            top: 0,
            opened: self.now,
            evidence,
        })));
        self.request_change_evidence();
    }

    /// Refuses changes that the access mode does not allow.
    pub(in crate::model) fn require_writable(&self, changes: &[Arc<dyn Change>]) -> Outcome {
        changes.iter().try_for_each(|change| self.require_writable_in(change.target().cluster()))
    }

    pub(in crate::model) fn require_writable_in(&self, cluster: Option<&str>) -> Outcome {
        match (self.access(), cluster) {
            (Access::ReadOnly, _) => Err("read-only: `:write` allows changes for 15 minutes".into()),
            (_, Some(name)) if self.access_in(cluster) == Access::ReadOnly => {
                Err(format!("{name} is still read-only: `:ns {name}`, then `:write`"))
            }
            _ => Ok(()),
        }
    }

    /// Reports the outcome of a change.
    pub(in crate::model) fn take_change(&mut self, report: &ChangeReport) {
        let target = report.change.target();
        let whom = format!("{} {} {}", report.kind.name, target.kind, safe(&target.name));
        let level = match &report.outcome {
            ChangeOutcome::Accepted(_) => NoticeLevel::Info,
            ChangeOutcome::Refused(_) | ChangeOutcome::Unknown(_) => NoticeLevel::Error,
        };
        let text = format!("{whom}: {}", safe(&report.outcome.says()));
        self.notify(level, text);
        self.take_result(report);
        if matches!(report.outcome, ChangeOutcome::Accepted(_)) {
            self.unmark(&target.arn);
            self.follow_change(report);
            if report.kind == &change::REGISTER {
                self.definition_registered();
            }
            if let Some((kind, arg)) = report.change.follow_up() {
                self.offer_change(target, kind, &arg);
            }
            if report.kind.starts_rollout {
                self.watch_rollout(&target.arn);
            }
        }
    }

    /// Unmarks the rows of the target with this ARN. Those whose change failed stay marked, for another attempt.
    fn unmark(&mut self, arn: &str) {
        self.table_mut(|table| {
            let is_its = |entry: &&Entry| {
                let row = &entry.row;
                let about = row.about().map(|(_, row)| row.id().to_owned());
                row.id() == arn || row.parent() == Some(arn) || about.as_deref() == Some(arn)
            };
            let ids: Vec<Arc<str>> = table.rows.iter().filter(is_its).map(|entry| entry.row.id().into()).collect();
            for id in ids.iter().map(|id| &**id).chain([arn]) {
                table.marks.remove(id);
            }
        });
    }

    /// Opens the dialog for a change that follows from another one, unless the user is busy elsewhere.
    fn offer_change(&mut self, target: &ChangeTarget, kind: &'static ChangeKind, arg: &str) {
        let here = self.front.subject().is_ok_and(|subject| {
            subject.row.id() == target.arn || self.rollout_subject(subject).is_ok_and(|own| own.row.id() == target.arn)
        });
        if !here || self.overlay.is_some() {
            return;
        }
        let row = self.all_rows().into_iter().rev().find(|row| row.id() == target.arn);
        if let Some(row) = row
            && let Err(reason) = ask_for(self, &[row], kind, arg)
        {
            self.warn(reason);
        }
    }

    /// Opens the rollout of the service with this ARN, if the user is still on that service.
    fn watch_rollout(&mut self, arn: &str) {
        let watched = self.front.get::<Viewer>().is_some_and(|viewer| matches!(viewer.source, TextSource::Rollout(..)));
        if watched || self.overlay.is_some() {
            return;
        }
        let subject = self.front.subject().and_then(|subject| self.rollout_subject(subject));
        if let Ok(subject) = subject
            && subject.row.id() == arn
        {
            self.open_about(subject, About::Rollout);
        }
    }
}
