//! What can be done at once about what is wrong, each change with its key: in explanations and on the page of a rollout.

use super::{
    Model,
    action::{Action, changes},
    screens::text::{TextLine, TextStyle, TextSubject},
    text::safe,
};
use crate::{
    aws::Access,
    change::{self, ChangeKind},
    diagnose::{Known, diagnose_service},
    resource::{Row, Tone, TypedRow, finding::Problem},
};

/// A change that helps against some problems.
struct Offer {
    action: &'static Action,
    kind: &'static ChangeKind,
    against: &'static [Problem],
}

/// The most useful first.
static OFFERS: [Offer; 2] = [
    Offer { action: &changes::APPROVE, kind: &change::APPROVE, against: &[Problem::Waiting] },
    Offer {
        action: &changes::ROLL_BACK,
        kind: &change::ROLLBACK,
        against: &[
            Problem::RolloutFailed,
            Problem::RolloutFailing,
            Problem::RolloutStuck,
            Problem::CrashLoop,
            Problem::NotPlaced,
            Problem::Waiting,
        ],
    },
];

impl Model {
    /// Lines that say what can be done about the problems of the service that `subject` is, or belongs to; none where nothing
    /// is wrong with its rollout.
    pub(super) fn offers(&self, subject: &TextSubject) -> Vec<TextLine> {
        let Ok(subject) = self.rollout_subject(subject.clone()) else { return Vec::new() };
        let TypedRow::Service(service) = subject.row.typed() else { return Vec::new() };
        // Of a rollout that is over, nothing is to be undone here.
        if !service.deploying() {
            return Vec::new();
        }
        let rows = self.all_rows();
        let known = Known::of(rows.iter().map(|row| &**row), self.now);
        let problems: Vec<Problem> = diagnose_service(service, &known).iter().map(|finding| finding.problem).collect();
        let helps = |offer: &&Offer| offer.against.iter().any(|problem| problems.contains(problem));
        let offers = OFFERS.iter().filter(helps);
        let lines: Vec<TextLine> = offers.filter_map(|offer| self.offer(offer, &*subject.row, &known)).collect();
        if lines.is_empty() {
            return lines;
        }
        let read_only = self.access_in(Some(&service.cluster_name)) == Access::ReadOnly;
        let title = if read_only { "What you can do, after `:write`" } else { "What you can do" };
        [TextLine::default(), TextLine::new(title, TextStyle::Title)].into_iter().chain(lines).collect()
    }

    fn offer(&self, offer: &Offer, row: &dyn Row, known: &Known<'_>) -> Option<TextLine> {
        let key = self.keymap.key_of(offer.action)?;
        let change = (offer.kind.make)(row, "", known).ok()?;
        let says = change.consequences().into_iter().next().unwrap_or_default();
        let spans = vec![
            (format!("  {key}"), TextStyle::Key),
            (format!("  {}: {}", offer.action.about, safe(&says)), TextStyle::Tone(Tone::Plain)),
        ];
        Some(TextLine { spans, hang: 4 })
    }
}
