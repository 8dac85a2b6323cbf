//! [`ScreenContent`] of a text.

use std::{
    hash::{DefaultHasher, Hash},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    RawAnswer, TextSource, TextSubject, Viewer,
    actions::{self, IN_DIFFS, IN_JSON, IN_REVIEWS, IN_TEXTS},
};
use crate::{
    data::FeedState,
    event::Effect,
    model::{
        Model,
        action::{
            Action, ActionContext, EVERYWHERE, copy,
            row::{self, ON_ROWS},
        },
        layout,
        screens::{Frame, Screen, ScreenContent},
    },
    resource::{Kind, View},
};

/// Rank of the hint to copy the recommended command.
const RECOMMENDED: u8 = 11;

/// Step of sideways scrolling in cells.
const SIDEWAYS: i16 = 16;

impl ScreenContent for Viewer {
    fn crumb(&self) -> String {
        self.title.clone()
    }

    fn contexts(&self) -> &'static [ActionContext] {
        match &self.source {
            TextSource::Raw(..) => &[IN_JSON, IN_TEXTS, ON_ROWS, EVERYWHERE],
            TextSource::Diff(_, comparison) if comparison.pending.is_some() => {
                &[IN_REVIEWS, IN_DIFFS, IN_TEXTS, ON_ROWS, EVERYWHERE]
            }
            TextSource::Diff(..) => &[IN_DIFFS, IN_TEXTS, ON_ROWS, EVERYWHERE],
            source if source.subject().is_some() => &[IN_TEXTS, ON_ROWS, EVERYWHERE],
            _ => &[IN_TEXTS, EVERYWHERE],
        }
    }

    fn hint(&self, action: &Action, _beneath: Option<&Screen>) -> Option<(&'static str, u8)> {
        let (text, rank) = action.hint?;
        let explains = matches!(self.source, TextSource::Explain(..));
        match action {
            action if *action == row::EXPLAIN && explains => Some(("back", rank)),
            action if *action == row::DIFF && matches!(self.source, TextSource::Diff(..)) => Some(("back", rank)),
            action if *action == copy::COPY_COMMAND && explains => Some((text, RECOMMENDED)),
            action if *action == copy::COPY_COMMAND => self.source.subject().map(|_| (text, rank)),
            action if *action == actions::NEXT_MATCH => self.search.as_ref().map(|_| (text, rank)),
            // The open text needs no hint for its own key.
            action if *action == row::DESCRIBE && matches!(self.source, TextSource::Describe(_)) => None,
            _ => Some((text, rank)),
        }
    }

    fn kind(&self) -> Option<&'static Kind> {
        self.source.subject().map(|subject| subject.row.kind())
    }

    fn subject(&self) -> Result<TextSubject, String> {
        self.source.subject().cloned().ok_or_else(|| "this text is not about a row".into())
    }

    fn cluster(&self) -> Option<&str> {
        self.source.subject()?.row.cluster()
    }

    fn view(&self) -> Option<&View> {
        self.source.subject().map(|subject| &subject.view)
    }

    /// The view of its row, whose table is beneath it.
    fn background_view(&self) -> Option<&View> {
        None
    }

    fn visible(&self, _page: u16) -> Vec<Arc<str>> {
        self.source.subject().map(|subject| subject.row.id().into()).into_iter().collect()
    }

    fn companions(&self) -> Vec<View> {
        self.source.consults()
    }

    fn stepwise(&self) -> bool {
        matches!(self.source, TextSource::Rollout(..))
    }

    /// The state of its row's view, or else of the table beneath it.
    fn state(&self, model: &Model) -> FeedState {
        let Some(view) = self.view().or_else(|| model.table().map(|table| &table.view)) else {
            return FeedState::default();
        };
        let mut state = model.snapshot.state(view);
        let consulted = self.source.consults();
        let mut failures = consulted.iter().filter_map(|view| model.snapshot.state(view).failure);
        state.companion_failure = state.companion_failure.or_else(|| failures.next());
        state
    }

    fn settle(&mut self, frame: Frame) -> Option<Effect> {
        self.fit(frame.width.saturating_sub(layout::TEXT_MARGIN));
        self.scroll_by(0, frame.page);
        None
    }

    fn next_tick(&self, _model: &Model) -> Option<Timestamp> {
        self.next_update()
    }

    fn digest(&self, _model: &Model, hasher: &mut DefaultHasher) {
        self.lines.hash(hasher);
        self.top.hash(hasher);
        self.source.subject().map(|subject| subject.gone).hash(hasher);
        matches!(self.source, TextSource::Raw(_, RawAnswer::Asked)).hash(hasher);
    }

    fn go(&mut self, rows: isize, page: u16) {
        self.scroll_by(rows, page);
    }

    fn go_sideways(&mut self, steps: i16) {
        self.scroll_sideways(steps.saturating_mul(SIDEWAYS));
    }

    /// Its search; hidden lines reappear when they are rebuilt.
    fn leave_layer(&mut self) -> bool {
        self.search.take().is_some()
    }

    fn copied(&self, _model: &Model) -> Result<String, String> {
        Ok(self.text())
    }

    /// The command that an explanation recommends, or else the one that shows its row.
    fn command(&self, model: &Model) -> Result<String, String> {
        match &self.source {
            TextSource::Explain(_, explaining) if !explaining.commands.is_empty() => Ok(explaining.commands[0].clone()),
            _ => model.show_command(&*self.subject()?.row),
        }
    }

    fn saved(&self, format: &str, _model: &Model) -> Result<Effect, String> {
        let (extension, known) = match self.source {
            TextSource::Raw(..) => ("json", "json"),
            _ => ("txt", "text"),
        };
        if !["", known].contains(&format) {
            return Err(format!("invalid format `{format}` for this text; expected {known}"));
        }
        Ok(Effect::Save { name: self.title.clone(), extension, content: self.text() })
    }
}
