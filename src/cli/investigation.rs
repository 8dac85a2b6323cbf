//! One-time diagnosis of one row, for `ecsight why` and `ecsight report`.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Refusal,
    session::CliSession,
    subject::NameQuery,
    wait::{Wait, settled},
};
use crate::{
    data::{self, Demand, Snapshot, distinct},
    diagnose::{self, Explanation, Known},
    knowledge::{Class, Verdict},
    resource::{Row, View, Zone, command::CommandScope, evidence::Evidence, finding::Problem, revision, task::Task},
};

/// A row with its explanation and everything that the explanation is based on.
pub(super) struct Investigation {
    pub row: Arc<dyn Row>,
    pub evidence: Evidence,
    pub explanation: Explanation,
    pub snapshot: Arc<Snapshot>,
    pub now: Timestamp,
    /// Scope of the recommended commands.
    pub scope: CommandScope,
    /// Time zone of printed times.
    pub zone: Zone,
}

impl Investigation {
    /// Finds the row, fetches it, the views that its explanation consults and those that `more` adds, then the evidence. A view
    /// that can't be fetched becomes a gap in the evidence.
    ///
    /// # Errors
    /// When the row itself can't be found or fetched.
    pub(super) async fn open(
        session: &mut CliSession,
        wanted: &NameQuery,
        more: impl Fn(&dyn Row) -> Vec<View>,
    ) -> Result<Self, Refusal> {
        let subject = wanted.find(session).await?;
        let CliSession { clients, handle, timeout, zone, .. } = session;
        #[expect(clippy::disallowed_methods, reason = "a command begins here")]
        let now = Timestamp::now();
        let consulted = [subject.row.consults(), more(&*subject.row)].concat();
        // A task definition is described only while on screen.
        let visible = consulted.iter().filter(|view| view.kind == &revision::KIND);
        handle.demand.send_replace(Demand {
            foreground: Some(subject.view.clone()),
            visible: visible.filter_map(|view| view.query.family.clone()).collect(),
            companions: consulted.clone(),
            slowdown: 1,
            zone: zone.clone(),
            ..Demand::default()
        });
        let views = [std::slice::from_ref(&subject.view), &consulted].concat();
        let (snapshot, failed) = settled(handle, *timeout, &views).await?;
        let gap = |(view, why): (View, String)| format!("{} could not be read: {why}", view.kind.plural);
        let mut gaps: Vec<String> = failed.into_iter().map(gap).collect();
        let row = snapshot.row(subject.row.id()).unwrap_or(&subject.row).clone();
        let rows = distinct(snapshot.feeds.values());
        let mut known = Known::of(rows.into_iter().map(|row| &**row), now);
        known.zone.clone_from(zone);
        let scope = CommandScope::from_identity(&clients.identity());
        let collected =
            Wait::new("log lines and target health", *timeout).on(data::collect_evidence(clients, &*row, &known));
        let mut evidence = collected.await.unwrap_or_else(|refusal| Evidence {
            gaps: vec![format!("log lines and target health could not be read: {refusal}")],
            ..Evidence::default()
        });
        gaps.append(&mut evidence.gaps);
        evidence.gaps = gaps;
        known.evidence = Some(&evidence);
        known.scope = scope.clone();
        let explanation = diagnose::explain(&*row, &known);
        Ok(Self { row, evidence, explanation, snapshot, now, scope, zone: zone.clone() })
    }

    /// Distinct verdicts of the task itself and of the findings, with commands ready to paste.
    pub(super) fn verdicts(&self) -> Vec<Arc<Verdict>> {
        let own = self.row.any().downcast_ref::<Task>().and_then(|task| task.verdict.clone());
        let found = self.explanation.findings.iter().filter_map(|finding| finding.verdict.clone());
        let mut verdicts: Vec<Arc<Verdict>> = Vec::new();
        for verdict in own.into_iter().chain(found) {
            let command = verdict.command.as_deref().map(|command| self.scope.apply(command));
            let verdict = Arc::new(Verdict { command, ..Verdict::clone(&verdict) });
            if !verdicts.contains(&verdict) {
                verdicts.push(verdict);
            }
        }
        verdicts
    }

    /// Whether something is wrong, not counting mere notices.
    pub(super) fn trouble(&self) -> bool {
        let stopped = self.row.any().downcast_ref::<Task>().and_then(|task| task.verdict.as_ref());
        self.explanation.findings.iter().any(|finding| finding.problem != Problem::Notice)
            || stopped.is_some_and(|verdict| verdict.class > Class::Normal)
    }
}
