//! [`ScreenContent`] of a table.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{FRESH, Table, actions::IN_TABLES, fresh};
use crate::{
    data::{Entry, FeedState},
    diagnose::trouble,
    event::Effect,
    model::{
        Model, RowFilter,
        action::{
            Action, ActionContext, EVERYWHERE,
            row::{self, ON_ROWS},
            views,
        },
        filter, layout,
        prompt::Completion,
        screens::{Frame, Screen, ScreenContent, ScreenData, text::TextSubject},
    },
    resource::{
        Context, Kind, View,
        export::{self, Csv},
        secrets::masked_json,
    },
};

/// Rank of the hint to explain a row with a problem: after the one to open it.
const URGENT: u8 = 11;
/// Rank of the hint to go back from the home view, because everything else is reached from there.
const FROM_HOME: u8 = 13;

/// Longest time in seconds until the text of an age is checked again.
const LONGEST_LOOK_AHEAD: i64 = 3600;

impl ScreenContent for Table {
    fn crumb(&self) -> String {
        self.title()
    }

    fn contexts(&self) -> &'static [ActionContext] {
        &[IN_TABLES, ON_ROWS, EVERYWHERE]
    }

    fn hint(&self, action: &Action, beneath: Option<&Screen>) -> Option<(&'static str, u8)> {
        let (text, rank) = action.hint?;
        let of_trouble = self.view.kind == &trouble::KIND;
        match action {
            // For trouble, enter opens the explanation.
            action if *action == row::OPEN && of_trouble => Some(("explain", rank)),
            action if *action == row::EXPLAIN && of_trouble => None,
            action if *action == row::EXPLAIN => {
                let wrong = self.current().is_some_and(|entry| entry.row.fault());
                Some((text, if wrong { URGENT } else { rank }))
            }
            // The hint to go back from home has the name of the screen beneath.
            action if *action == views::BACK && of_trouble => {
                let beneath = beneath.and_then(Screen::get::<Self>);
                Some(beneath.map_or((text, rank), |table| (table.view.kind.plural, FROM_HOME)))
            }
            _ => Some((text, rank)),
        }
    }

    fn kind(&self) -> Option<&'static Kind> {
        Some(self.view.kind)
    }

    fn subject(&self) -> Result<TextSubject, String> {
        let entry = self.current().ok_or("there is no row here")?;
        Ok(TextSubject { view: self.view.clone(), row: entry.row.clone(), gone: false })
    }

    fn view(&self) -> Option<&View> {
        Some(&self.view)
    }

    /// The visible rows, those of a page above and below, which may be visible next, and the rows that they come from,
    /// without duplicates.
    fn visible(&self, page: u16) -> Vec<Arc<str>> {
        let sight = self.visible_rows(page);
        let start = sight.start.saturating_sub(page.into());
        let end = self.rows.len().min(sight.end + usize::from(page));
        let rows = &self.rows[start..end];
        let mut ids: Vec<Arc<str>> = rows.iter().map(|entry| entry.row.id().into()).collect();
        let mut seen = HashSet::new();
        let parents = rows.iter().filter_map(|entry| entry.row.parent()).filter(|parent| seen.insert(*parent));
        ids.extend(parents.map(Arc::from));
        ids
    }

    fn state(&self, _model: &Model) -> FeedState {
        self.source.clone()
    }

    fn take_data(&mut self, data: &ScreenData<'_>) {
        self.arrange(data.snapshot, data.cx, data.typing);
    }

    fn settle(&mut self, frame: Frame) -> Option<Effect> {
        self.scroll(frame.page);
        None
    }

    /// When a visible row will next change: an age, a mark of change, or a filter by age.
    fn next_tick(&self, model: &Model) -> Option<Timestamp> {
        let rows = &self.rows[self.visible_rows(model.layout().page)];
        let columns = (self.view.kind.columns)();
        let ageing: Vec<usize> = self.columns().into_iter().filter(|&index| columns[index].ages).collect();
        let cx = model.cx();
        let ages = rows.iter().flat_map(|entry| ageing.iter().filter_map(|&column| ages_at(entry, column, &cx)));
        let fades = rows.iter().filter(|entry| fresh(entry, cx.now) != 0).filter_map(|entry| entry.changed_at);
        let filters = (self.filter.ages() && self.total > 0).then(|| cx.now + SignedDuration::from_secs(1));
        ages.chain(fades.map(|at| at + FRESH)).chain(filters).min()
    }

    fn digest(&self, model: &Model, hasher: &mut DefaultHasher) {
        (self.rows.len(), self.total, self.top, self.cursor).hash(hasher);
        (self.source.phase, self.source.is_stale(model.now), &self.source.nothing).hash(hasher);
        for failure in [&self.source.failure, &self.source.companion_failure].into_iter().flatten() {
            (failure.operation, failure.kind, &failure.message).hash(hasher);
        }
        let columns = self.columns();
        (&columns, self.survey).hash(hasher);
        let cx = model.cx();
        let marked = self.marked();
        for index in self.visible_rows(model.layout().page) {
            let entry = &self.rows[index];
            (entry.row.id(), fresh(entry, cx.now), entry.row.fault(), marked(index)).hash(hasher);
            for &column in &columns {
                let cell = entry.row.cell(column, &cx);
                (cell.text, cell.tone).hash(hasher);
            }
        }
    }

    /// The title and the column titles.
    fn fixed_rows(&self) -> u16 {
        2
    }

    fn pane_lines(&self) -> u16 {
        self.inspects()
    }

    fn go(&mut self, rows: isize, _page: u16) {
        self.move_by(rows);
    }

    fn go_sideways(&mut self, steps: i16) {
        self.left = layout::furthest_left(self).min(self.left.saturating_add_signed(steps.into()));
    }

    fn leave_layer(&mut self) -> bool {
        if self.range.take().is_some() || self.picked.take().is_some() {
            return true;
        }
        if !self.filter.is_empty() {
            self.filter = RowFilter::default();
            return true;
        }
        std::mem::take(&mut self.faults_only)
    }

    /// The names of the marked rows, or of the one under the cursor.
    fn copied(&self, _model: &Model) -> Result<String, String> {
        let names: Vec<String> = self.targets().iter().map(|entry| entry.row.name().into_owned()).collect();
        if names.is_empty() { Err("there is no row here".into()) } else { Ok(names.join("\n")) }
    }

    /// The shown rows with all columns.
    fn saved(&self, format: &str, model: &Model) -> Result<Effect, String> {
        let rows = || self.rows.iter().map(|entry| &*entry.row);
        let (extension, content) = match format {
            "" | "csv" => ("csv", export::csv(&self.view, Csv::Plain, rows(), &model.cx())),
            "json" => {
                let rows = rows().map(|row| masked_json(&row.json())).collect();
                let list =
                    Value::Object([(self.view.kind.json_key.to_owned(), Value::Array(rows))].into_iter().collect());
                ("json", format!("{list:#}\n"))
            }
            "ndjson" => ("ndjson", rows().map(|row| format!("{}\n", masked_json(&row.json()))).collect()),
            other => return Err(format!("invalid format `{other}` for a table; expected csv, json or ndjson")),
        };
        Ok(Effect::Save { name: self.title(), extension, content })
    }

    fn complete(&self, text: &str, cx: &Context) -> Completion {
        filter::complete(text, self, cx)
    }

    fn read_times_again(&mut self, cx: &Context) {
        if let Ok(filter) = RowFilter::parse(self.filter.text(), self.view.kind, cx.now, &cx.zone.zone) {
            self.filter = filter;
        }
    }
}

/// When the text of an ageing cell will change, by bisection: the text of an age never repeats.
fn ages_at(entry: &Entry, column: usize, cx: &Context) -> Option<Timestamp> {
    let now = entry.row.cell(column, cx);
    let after = |seconds: i64| cx.now + SignedDuration::from_secs(seconds);
    let differs = |seconds: i64| entry.row.cell(column, &Context { now: after(seconds), ..cx.clone() }) != now;
    let mut high = 1;
    while !differs(high) {
        high *= 2;
        if high > LONGEST_LOOK_AHEAD {
            return None;
        }
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if differs(middle) { high = middle } else { low = middle }
    }
    Some(after(high))
}
