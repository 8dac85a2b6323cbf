//! The differences of two revisions as lines: one below the other, or side by side.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{TextLine, TextSource, TextStyle, TextSubject, Viewer, prose_lines};
use crate::{
    aws::Failure,
    data::Request,
    event::Effect,
    model::{Model, layout::TEXT_MARGIN, overlay::PendingChange, text::safe},
    resource::{
        Row, Tone, TypedRow,
        diff::{Diff, DiffLine, DiffQuestion},
    },
};

/// Columns of the terminal from which on both sides have room beside each other.
pub const SIDE_BY_SIDE_WIDTH: u16 = 110;

/// Cells between two columns.
const GAP: usize = 2;

/// Two revisions that are compared, and how the differences are shown.
#[derive(Debug, Clone)]
pub struct DiffView {
    pub question: DiffQuestion,
    pub answer: DiffAnswer,
    /// Lines that are the same are shown as well, and what AWS fills in.
    pub all: bool,
    pub side_by_side: bool,
    /// The change that makes these differences, before it is confirmed.
    pub pending: Option<PendingChange>,
}

/// The differences, on their way or here.
#[derive(Debug, Clone)]
pub enum DiffAnswer {
    Asked,
    Here(Arc<Diff>),
    Failed(Failure),
}

impl Model {
    /// Opens the differences between the revision of a row and another one, or between those of two rows.
    pub(in crate::model) fn open_diff(&mut self, subject: TextSubject, rows: Vec<Arc<dyn Row>>) -> Result<(), String> {
        // A container runs what its task runs, and trouble is about a service or a task.
        let owner = |row: Arc<dyn Row>| match (row.about(), row.typed()) {
            (Some((_, about)), _) => about,
            (None, TypedRow::Container(container)) => self.snapshot.row(&container.task_arn).cloned().unwrap_or(row),
            (None, _) => row,
        };
        let names: Vec<String> = rows.iter().map(|row| safe(&row.name()).into_owned()).collect();
        let question = DiffQuestion::about(&rows.into_iter().map(owner).collect::<Vec<_>>())?;
        let title = format!("diff {} {}", subject.row.kind().name, names.join(" and "));
        self.show_diff(title, subject, question, None);
        Ok(())
    }

    /// Opens the differences that a change makes.
    ///
    /// # Errors
    /// The target of the change is no longer in the data.
    pub(in crate::model) fn open_review(&mut self, pending: PendingChange) -> Result<(), String> {
        let change = pending.changes.first().ok_or("there is nothing to compare")?.clone();
        let (target, question) = (change.target(), change.comparison().ok_or("there is nothing to compare")?);
        let row = self.all_rows().into_iter().rev().find(|row| row.id() == target.arn);
        let row = row.ok_or_else(|| format!("{} {} no longer exists", target.kind, target.name))?;
        let view = change.touches().into_iter().next().ok_or("there is nothing to compare")?;
        let title = format!("diff {} {}", target.kind, safe(&target.name));
        self.show_diff(title, TextSubject { view, row, gone: false }, question, Some(pending));
        Ok(())
    }

    fn show_diff(
        &mut self,
        title: String,
        subject: TextSubject,
        question: DiffQuestion,
        pending: Option<PendingChange>,
    ) {
        self.out.push(Effect::Request(Request::Diff { question: question.clone() }));
        let comparison = DiffView { question, answer: DiffAnswer::Asked, all: false, side_by_side: false, pending };
        self.show_about(Viewer::new(title, TextSource::Diff(subject, Box::new(comparison))));
    }

    /// Takes the differences, if they are still wanted.
    pub(in crate::model) fn take_diff(&mut self, question: &DiffQuestion, result: Result<Arc<Diff>, Failure>) {
        let Some(Viewer { source: TextSource::Diff(_, comparison), .. }) = self.front.get_mut::<Viewer>() else {
            return;
        };
        if comparison.question != *question {
            return;
        }
        comparison.answer = match (result, &comparison.answer) {
            (Ok(diff), _) => DiffAnswer::Here(diff),
            (Err(failure), DiffAnswer::Here(_)) => return self.warn(failure.to_string()),
            (Err(failure), _) => DiffAnswer::Failed(failure),
        };
        self.refill();
    }
}

impl DiffView {
    /// The text, in `width` cells.
    pub(super) fn lines(&self, width: usize) -> Vec<TextLine> {
        match &self.answer {
            DiffAnswer::Asked => vec![TextLine::new("reading both revisions ...", TextStyle::Tone(Tone::Busy))],
            DiffAnswer::Failed(failure) => {
                let advice = failure.advice.iter().map(|advice| TextLine::new(safe(advice), MUTED));
                let failure = TextLine::new(safe(&failure.to_string()), TextStyle::Tone(Tone::Bad));
                std::iter::once(failure).chain(advice).collect()
            }
            DiffAnswer::Here(diff) if self.side_by_side && width >= usize::from(SIDE_BY_SIDE_WIDTH - TEXT_MARGIN) => {
                side_by_side(diff, self.all, width)
            }
            DiffAnswer::Here(diff) => prose_lines(&diff.document(self.all)),
        }
    }
}

const MUTED: TextStyle = TextStyle::Tone(Tone::Muted);

/// Both sides beside each other, after the paths.
fn side_by_side(diff: &Diff, all: bool, width: usize) -> Vec<TextLine> {
    let sections: Vec<_> = diff.shown(all).collect();
    let paths = sections.iter().flat_map(|(_, lines)| lines).map(|line| line.path.width()).max().unwrap_or(0);
    let path = paths.min(width / 4);
    let value = (width - 4 - path - 2 * GAP) / 2;
    let columns = [path, value, value];
    let head = [("", MUTED), (&*diff.old, TextStyle::Tone(Tone::Bad)), (&*diff.new, TextStyle::Tone(Tone::Good))];
    let mut lines = row(" ", head, columns);
    for (title, changed) in sections {
        lines.extend([TextLine::default(), TextLine::new(safe(title), TextStyle::Title)]);
        lines.extend(changed.into_iter().flat_map(|line| row(sign(line), cells(line), columns)));
    }
    let summary = diff.summary(all);
    if !summary.is_empty() {
        lines.push(TextLine::default());
        lines.extend(summary.into_iter().map(|text| TextLine::new(format!("  {text}"), MUTED)));
    }
    lines
}

/// What became of a line, for those who see no colours.
fn sign(line: &DiffLine) -> &'static str {
    match (&line.old, &line.new) {
        _ if line.same => " ",
        (Some(_), None) => "-",
        (None, _) => "+",
        (Some(_), Some(_)) => "~",
    }
}

fn cells(line: &DiffLine) -> [(&str, TextStyle); 3] {
    let style = |tone| if line.same { MUTED } else { TextStyle::Tone(tone) };
    [
        (&line.path, TextStyle::Label),
        (line.old.as_deref().unwrap_or_default(), style(Tone::Bad)),
        (line.new.as_deref().unwrap_or_default(), style(Tone::Good)),
    ]
}

/// Texts in columns of these widths in cells, each continued below itself.
fn row(sign: &str, cells: [(&str, TextStyle); 3], columns: [usize; 3]) -> Vec<TextLine> {
    let cut: Vec<(Vec<String>, TextStyle)> =
        cells.into_iter().zip(columns).map(|((text, style), cells)| (cut(&safe(text), cells), style)).collect();
    let height = cut.iter().map(|(parts, _)| parts.len()).max().unwrap_or(0);
    let line = |index: usize| {
        let mut spans = vec![(format!("  {} ", if index == 0 { sign } else { " " }), MUTED)];
        for ((parts, style), cells) in cut.iter().zip(columns) {
            let part = parts.get(index).cloned().unwrap_or_default();
            let blank = " ".repeat(cells.saturating_sub(part.width()) + GAP);
            spans.extend([(part, *style), (blank, MUTED)]);
        }
        spans.pop();
        TextLine { spans, hang: 0 }
    };
    (0..height).map(line).collect()
}

/// Parts of a text, each at most `cells` wide.
fn cut(text: &str, cells: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut width = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if width > 0 && width + wide > cells {
            parts.push(String::new());
            width = 0;
        }
        width += wide;
        if let Some(part) = parts.last_mut() {
            part.push_str(grapheme);
        }
    }
    parts
}
