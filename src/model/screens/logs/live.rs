//! Following over Live Tail. Because it is billed, a question first shows its cost and limits.

use super::{LogView, reader::reader};
use crate::{
    logs::{
        Range, Read,
        live::{DOLLARS_A_MINUTE, FREE_MINUTES, MOST_A_SECOND},
    },
    model::{
        Model,
        action::{Call, Outcome},
        overlay::{Overlay, PickAction, Question},
    },
    resource::format::grouped,
};

/// Asks whether to follow with Live Tail, or returns to polling.
pub(in crate::model) fn toggle(model: &mut Model, _: Call<'_>) -> Outcome {
    match &reader(model)?.wanted.read {
        Read::Query { .. } => Err("these are results of a query; esc returns to the log".into()),
        Read::Tail { live: true, .. } => {
            model.set_live(false);
            Ok(())
        }
        Read::Tail { range: Range::Between(..), .. } => {
            Err("this time range is in the past; 0 follows new lines".into())
        }
        Read::Tail { live: false, .. } => {
            model.overlay = Some(Overlay::Question(question()));
            Ok(())
        }
    }
}

fn question() -> Question {
    Question {
        title: "follow with Live Tail".into(),
        says: vec![
            "AWS sends lines at once; polling reads them every 2 to 5 seconds.".into(),
            format!(
                "AWS bills ${DOLLARS_A_MINUTE:.2} a minute, after {} free minutes a month.",
                grouped(FREE_MINUTES.into())
            ),
            format!("Above {MOST_A_SECOND} lines a second AWS sends a sample; polling has them all."),
            "It ends when you leave the log, or with :live.".into(),
        ],
        yes: "follow live",
        no: "keep polling",
        choice: PickAction::Live,
    }
}

impl Model {
    /// Switches between Live Tail and polling.
    pub(in crate::model) fn set_live(&mut self, live: bool) {
        let Some(reader) = self.front.get::<LogView>() else { return };
        let Read::Tail { range, pattern, .. } = &reader.wanted.read else { return };
        let read = Read::Tail { range: *range, pattern: pattern.clone(), live };
        self.read_again(read, true, None);
    }
}
