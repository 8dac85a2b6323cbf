//! Differences between two task definition revisions, and between the service settings that they were deployed with.
//!
//! What AWS returns is compared as facts, not as text: the order of lists in which order means nothing is ignored, and so
//! are fields that AWS fills in by itself. Values that look secret are compared as they are and shown masked.

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Document, Tone};

mod facts;
mod fields;
mod question;

use facts::{Fact, FactSection, SectionKind};
pub use question::{DiffQuestion, DiffSide};

/// One side of a comparison, as AWS describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedRevision {
    /// `family:revision`.
    pub name: String,
    /// The `taskDefinition` of DescribeTaskDefinition.
    pub task_definition: Value,
    /// The service revision, or the service; absent where a task definition alone is compared.
    pub service: Option<Value>,
}

/// The differences of two revisions, and what both have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Name of the older side: `payments:3`.
    pub old: String,
    pub new: String,
    pub sections: Vec<DiffSection>,
}

/// A part of a comparison: the task definition, one container, one volume, the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffSection {
    pub title: String,
    pub lines: Vec<DiffLine>,
}

/// One field, or one line of a field, on both sides. All texts are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// Path of the field in AWS's names: `environment.LOG_LEVEL`.
    pub path: String,
    /// Absent where the old side does not have it.
    pub old: Option<String>,
    pub new: Option<String>,
    pub same: bool,
    /// Whether AWS fills it in on the sides that have it: a default, or a fact about the registration.
    pub by_aws: bool,
}

impl Diff {
    /// Compares two revisions. Where only one of them has service settings, these are left out.
    pub fn new(old: &DescribedRevision, new: &DescribedRevision) -> Self {
        let with_service = old.service.is_some() && new.service.is_some();
        let (mut before, mut after) = (facts::collect(old, with_service), facts::collect(new, with_service));
        facts::level(&mut before, &mut after);
        let mut kinds: Vec<SectionKind> = before.iter().chain(&after).map(|section| section.kind.clone()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let section = |kind: SectionKind| {
            let lines = lines(&facts_of(&before, &kind), &facts_of(&after, &kind));
            DiffSection { title: kind.title(), lines }
        };
        let sections = kinds.into_iter().map(section).filter(|section| !section.lines.is_empty()).collect();
        Self { old: old.name.clone(), new: new.name.clone(), sections }
    }

    /// Number of lines that differ, without what AWS fills in.
    pub fn differences(&self) -> usize {
        self.shown(false).map(|(_, lines)| lines.len()).sum()
    }

    /// Number of lines that are shown only when all are asked for.
    fn hidden(&self) -> usize {
        let all: usize = self.sections.iter().map(|section| section.lines.len()).sum();
        all - self.differences()
    }

    /// Titles and lines to show: those that differ, or `all`.
    pub fn shown(&self, all: bool) -> impl Iterator<Item = (&str, Vec<&DiffLine>)> {
        let shown = self.sections.iter().map(move |section| {
            let lines = section.lines.iter().filter(|line| all || !(line.same || line.by_aws));
            (section.title.as_str(), lines.collect::<Vec<_>>())
        });
        shown.filter(|(_, lines)| !lines.is_empty())
    }

    /// What there is to say after the differences: that there are none, and what is not shown.
    pub fn summary(&self, all: bool) -> Vec<String> {
        let nothing = (self.differences() == 0).then(|| "no differences".to_owned());
        let hidden = match self.hidden() {
            _ if all => None,
            0 => None,
            1 => Some("1 more line is the same, or filled in by AWS".to_owned()),
            hidden => Some(format!("{hidden} more lines are the same, or filled in by AWS")),
        };
        nothing.into_iter().chain(hidden).collect()
    }

    /// The differences one below the other, as `diff -u` shows them: `-` for the old side, `+` for the new one.
    pub fn document(&self, all: bool) -> Document {
        let mut document = Document::default();
        let head = document.section("");
        head.text(0, format!("--- {}", self.old), Tone::Bad).text(0, format!("+++ {}", self.new), Tone::Good);
        for (title, lines) in self.shown(all) {
            let width = lines.iter().map(|line| line.path.chars().count()).max().unwrap_or(0).min(WIDEST_PATH);
            let section = document.section(title);
            let mut put = |sign: &str, path: &str, value: &Option<String>, tone| {
                if let Some(value) = value {
                    section.text(0, format!("{sign} {path:width$}  {value}"), tone);
                }
            };
            for line in lines {
                if line.same {
                    put(" ", &line.path, &line.new, Tone::Muted);
                    continue;
                }
                put("-", &line.path, &line.old, Tone::Bad);
                put("+", &line.path, &line.new, Tone::Good);
            }
        }
        let foot = document.section("");
        for text in self.summary(all) {
            foot.text(0, text, Tone::Muted);
        }
        document
    }
}

/// Characters of a path to which the others of its section are padded, at most.
const WIDEST_PATH: usize = 32;

/// Says of a masked value that it is another one.
const ANOTHER_VALUE: &str = " (another value)";

/// The facts of one side in a section, sorted.
fn facts_of<'a>(side: &'a [FactSection], kind: &SectionKind) -> Vec<&'a Fact> {
    side.iter().find(|section| section.kind == *kind).map(FactSection::sorted).unwrap_or_default()
}

/// The lines of a section: facts that both sides have, and facts of one side.
fn lines(old: &[&Fact], new: &[&Fact]) -> Vec<DiffLine> {
    let (old_keys, new_keys): (Vec<_>, Vec<_>) =
        (old.iter().map(|fact| fact.identity()).collect(), new.iter().map(|fact| fact.identity()).collect());
    let mut lines = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old_keys, &new_keys) {
        let (before, after) = (&old[op.old_range()], &new[op.new_range()]);
        match op {
            DiffOp::Equal { .. } => lines.extend(after.iter().map(|fact| DiffLine {
                path: fact.path.clone(),
                old: Some(fact.shown.clone()),
                new: Some(fact.shown.clone()),
                same: true,
                by_aws: fact.by_aws,
            })),
            _ => pair(before, after, &mut lines),
        }
    }
    lines
}

/// Adds lines for facts that differ. Both sides are sorted alike; facts of the same field share a line.
fn pair(old: &[&Fact], new: &[&Fact], lines: &mut Vec<DiffLine>) {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let (before, after) = match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(before), Some(after)) => match before.place().cmp(&after.place()) {
                std::cmp::Ordering::Less => (old.next(), None),
                std::cmp::Ordering::Equal => (old.next(), new.next()),
                std::cmp::Ordering::Greater => (None, new.next()),
            },
            (Some(_), None) => (old.next(), None),
            (None, Some(_)) => (None, new.next()),
        };
        let Some(path) = after.or(before).map(|fact| fact.path.clone()) else { return };
        let by_aws = before.into_iter().chain(after).all(|fact| fact.by_aws);
        let (before, mut after) = (before.map(|fact| fact.shown.clone()), after.map(|fact| fact.shown.clone()));
        if let Some(after) = after.as_mut().filter(|after| before.as_ref() == Some(&**after)) {
            after.push_str(ANOTHER_VALUE);
        }
        lines.push(DiffLine { path, old: before, new: after, same: false, by_aws });
    }
}

#[cfg(test)]
mod tests;
