//! The columns before the text of a line: its time, and its source if there are several.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use unicode_width::UnicodeWidthStr;

use super::display::{ELAPSED_WIDTH, LogDisplay, Times};
use crate::logs::{Line, Source};

/// Below this width, times have no fractions and names are shorter.
const NARROW: u16 = 80;
/// Below this width, task ids are shorter if they stay distinct.
const WIDE: u16 = 100;

/// The sources of the lines.
#[derive(Debug, Default)]
pub(super) struct Origins {
    sources: HashSet<Arc<Source>>,
    /// The source of the previous line, which is most often that of the next.
    last: Option<Arc<Source>>,
    tasks: BTreeSet<Arc<str>>,
    containers: BTreeSet<String>,
    services: BTreeSet<String>,
}

impl Origins {
    /// The number of sources.
    pub(super) fn count(&self) -> usize {
        self.sources.len()
    }

    /// Adds the source of a line.
    pub(super) fn note(&mut self, line: &Line) {
        let Some(source) = &line.source else { return };
        if self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, source)) {
            return;
        }
        self.last = Some(source.clone());
        if self.sources.insert(source.clone()) {
            self.tasks.insert(source.task_arn.clone());
            self.containers.insert(source.container.clone());
            self.services.extend(source.service.clone());
        }
    }
}

/// Widths of the columns before the text, without the blank after each; 0 for a column that is not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Columns {
    pub time: u16,
    pub elapsed: u16,
    pub service: u16,
    pub task: u16,
    pub container: u16,
    /// Times without fractions.
    pub short: bool,
}

impl Columns {
    pub(super) fn of(origins: &Origins, display: &LogDisplay, width: u16) -> Self {
        let narrow = width < NARROW;
        let time = match (display.times, narrow) {
            (Times::Off, _) => 0,
            (Times::Relative, _) => 7,
            (Times::Clock, true) => 8,
            (Times::Clock, false) => 12,
        };
        let widest = |names: &BTreeSet<String>, most: u16| {
            let widest = names.iter().map(|name| name.width()).max().unwrap_or(0);
            u16::try_from(widest).unwrap_or(most).min(most)
        };
        let (names, services) = match width {
            ..NARROW => (6, 8),
            NARROW..WIDE => (8, 10),
            _ => (12, 16),
        };
        Self {
            time,
            elapsed: if display.elapsed.is_some() { ELAPSED_WIDTH } else { 0 },
            service: if origins.services.len() > 1 { widest(&origins.services, services) } else { 0 },
            task: if origins.tasks.len() > 1 { origins.label(width < WIDE) } else { 0 },
            container: if origins.containers.len() > 1 { widest(&origins.containers, names) } else { 0 },
            short: narrow,
        }
    }

    /// Total width, including blanks.
    pub(super) fn cells(&self) -> u16 {
        let columns = [self.time, self.elapsed, self.service, self.task, self.container];
        columns.into_iter().filter(|width| *width > 0).map(|width| width + 1).sum()
    }
}

impl Origins {
    /// Width of a task's short id; less in a narrow terminal if ids stay distinct.
    fn label(&self, short: bool) -> u16 {
        let heads: HashSet<&str> = self.tasks.iter().map(|arn| head(crate::resource::format::last_part(arn))).collect();
        if short && heads.len() == self.tasks.len() { 4 } else { 8 }
    }
}

fn head(id: &str) -> &str {
    id.get(..4).unwrap_or(id)
}
