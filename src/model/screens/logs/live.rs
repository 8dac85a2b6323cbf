//! Following over Live Tail: a choice that costs money, so it is asked first what it costs and what it leaves out.

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

/// Asks whether to follow over Live Tail, or goes back to polling.
pub(in crate::model) fn toggle(model: &mut Model, _: Call<'_>) -> Outcome {
    match &reader(model)?.wanted.read {
        Read::Query { .. } => Err("this is what a query found; esc goes back to the log".into()),
        Read::Tail { live: true, .. } => {
            model.set_live(false);
            Ok(())
        }
        Read::Tail { range: Range::Between(..), .. } => Err("nothing comes in a time that is over; 0 follows".into()),
        Read::Tail { live: false, .. } => {
            model.overlay = Some(Overlay::Question(question()));
            Ok(())
        }
    }
}

fn question() -> Question {
    Question {
        title: "follow over Live Tail".into(),
        says: vec![
            "AWS sends lines as they come in; polling asks every 2 to 5 seconds.".into(),
            format!(
                "AWS bills ${DOLLARS_A_MINUTE:.2} a minute, after {} free minutes a month.",
                grouped(FREE_MINUTES.into())
            ),
            format!("Above {MOST_A_SECOND} lines a second AWS sends a sample; polling has them all."),
            "It ends when you leave the log, or say :live again.".into(),
        ],
        yes: "follow live",
        no: "stay with polling",
        choice: PickAction::Live,
    }
}

impl Model {
    /// Follows over Live Tail, or by polling.
    pub(in crate::model) fn set_live(&mut self, live: bool) {
        let Some(reader) = self.front.get::<LogView>() else { return };
        let Read::Tail { range, pattern, .. } = &reader.wanted.read else { return };
        let read = Read::Tail { range: *range, pattern: pattern.clone(), live };
        self.read_anew(read, true, None);
    }
}
