//! Earlier rollouts: their outcome, and an estimate of the remaining time.

use super::Report;
use crate::resource::{
    Tone,
    document::{DocumentLine, Section},
    format::{duration, one_line},
    rollout::Rollout,
};

/// Maximum number of earlier rollouts to list.
const MAX_EARLIER: usize = 12;
/// Maximum number of rollouts for an estimate.
const MAX_SAMPLES: usize = 5;

impl Report<'_> {
    /// Adds an estimate of the remaining time.
    pub(super) fn add_time(&self, section: &mut Section) {
        let mut earlier = self.earlier();
        earlier.retain(|rollout| rollout.status.as_deref() == Some("SUCCESSFUL"));
        let mut took: Vec<i64> =
            earlier.iter().take(MAX_SAMPLES).filter_map(|rollout| rollout.seconds(self.known.now)).collect();
        let count = took.len();
        took.sort_unstable();
        let (Some(shortest), Some(longest)) = (took.first(), took.last()) else { return };
        let middle = took[count / 2];
        let range = match count {
            1 => format!("the last one took {}", duration(middle)),
            _ => format!("the last {count} took {} to {}", duration(*shortest), duration(*longest)),
        };
        let text = match self.rollout.seconds(self.known.now).filter(|_| self.rollout.in_progress()) {
            // A failing rollout can't be estimated.
            Some(so_far) if so_far < middle && !self.failing() => {
                format!("{range}: about {} to go", duration(middle - so_far))
            }
            Some(so_far) if so_far > *longest => format!("{range}: this one takes longer"),
            _ => range,
        };
        section.field("Usually", text);
    }

    /// Earlier rollouts, newest first.
    fn earlier(&self) -> Vec<&Rollout> {
        let all = self.known.rollouts(&self.rollout.cluster_name, &self.rollout.service_name).iter().copied();
        let mut earlier: Vec<&Rollout> = all
            .filter(|other| other.service_deployment_arn != self.rollout.service_deployment_arn)
            .filter(|other| other.created_at < self.rollout.created_at)
            .collect();
        earlier.sort_by_key(|rollout| std::cmp::Reverse(rollout.created_at));
        earlier
    }

    pub(super) fn add_earlier(&self, section: &mut Section) {
        for rollout in self.earlier().into_iter().take(MAX_EARLIER) {
            let now = self.known.now;
            let begun = rollout.started_at.or(rollout.created_at);
            let begun = begun.map(|at| self.known.zone.short(at, now)).unwrap_or_default();
            let name = rollout.target.as_ref().map(|target| self.name(target)).unwrap_or_default();
            let took = rollout.seconds(now).map(|took| format!(" after {}", duration(took))).unwrap_or_default();
            let reason = rollout.reason().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
            let spans = vec![
                (format!("{begun:<12} {name} "), Tone::Muted),
                (rollout.word().into_owned(), rollout.tone()),
                (format!("{took}{reason}"), Tone::Muted),
            ];
            section.lines.push(DocumentLine::Text { depth: 0, spans });
        }
    }
}
