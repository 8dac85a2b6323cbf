//! The columns of a table: which are shown, where, and how wide.

use unicode_width::UnicodeWidthStr;

use super::Slot;
use crate::{
    model::{Table, text::safe},
    resource::{Align, Column, Context},
};

/// Cells left of the first column: mark, tone, blank.
pub const GUTTER: u16 = 3;
/// Cells between two columns.
const GAP: u16 = 2;
/// A column shrinks to this width before a less important one is dropped. A column of prose shrinks to two fifths of
/// its maximum, at most to the second number.
const COMFORT: u16 = 20;
const PROSE: u16 = 48;
/// Rows to measure besides the visible ones, spread over the table, so that widths don't jump while scrolling.
const SAMPLE: usize = 96;
/// A column with texts of this length contains sentences.
const LONG: u16 = 60;
/// Columns with a greater maximum don't keep their width.
const STEADY: u16 = 20;
/// Number of rows from the first visible one that are measured before the size of the page is known.
const SIGHT: u16 = 50;
/// Identity columns shrink to this width before a sentence is dropped, and further before anything else is.
const NAME: u16 = 12;

/// Ranks: identity; requested; explains a mark; always wanted; sentences that are.
const STAYS: u8 = 0;
const ASKED: u8 = 1;
const MARKS: u8 = 2;
const ALWAYS: u8 = 3;
const TEXT: u8 = 4;

/// The columns of a table that fit into `width` cells, and their widths; `page` rows are visible.
///
/// Without scrolling, the least important columns are dropped until the others are comfortable. When scrolled, none is
/// dropped for that: identity columns stay, and the others follow from the `left`th as long as there is room.
pub fn columns(table: &Table, width: u16, page: u16, cx: &Context) -> Vec<Slot> {
    let all = (table.view.kind.columns)();
    let column = |index: usize| Some(ColumnPlan::new(index, all.get(index)?, rank(table, index, all[index])));
    let mut shown: Vec<ColumnPlan> = table.columns().into_iter().filter_map(column).collect();
    if table.left > 0 {
        let mut hidden = table.left.min(furthest_left(table));
        shown.retain(|plan| {
            let hides = hidden > 0 && !plan.stays();
            hidden -= usize::from(hides);
            !hides
        });
    }
    let room = width.saturating_sub(GUTTER);
    measure(&mut shown, table, page, cx);
    let steady = |plan: &ColumnPlan| {
        let width = table.steady_widths.get(plan.index).copied().unwrap_or(0);
        ColumnPlan { need: plan.need.max(width).min(plan.max), ..plan.clone() }
    };
    let steady = fit(shown.iter().map(steady).collect(), room, table.left > 0);
    let shown = fit(shown, room, table.left > 0);
    // No column is dropped, and no name is cut, for the sake of a steady one.
    let names = |plans: &[ColumnPlan]| plans.iter().filter(|plan| plan.stays()).map(|plan| plan.width).sum::<u16>();
    let harmless = steady.len() == shown.len() && names(&steady) >= names(&shown);
    let shown = if harmless { steady } else { shown };

    let mut x = GUTTER;
    let place = |plan: ColumnPlan| {
        let slot = Slot { column: plan.index, x, width: plan.width };
        x += plan.width + GAP;
        slot
    };
    shown.into_iter().map(place).collect()
}

/// The greatest width so far of each narrow column of a table, by index: a status that gets longer and shorter again must
/// not move the columns behind it. Columns of names and sentences follow what is shown.
pub fn steady_widths(table: &Table, cx: &Context) -> Vec<u16> {
    let all = (table.view.kind.columns)();
    let column = |(index, column): (usize, &&Column)| ColumnPlan::new(index, column, ALWAYS);
    let mut plans: Vec<ColumnPlan> = all.iter().enumerate().map(column).collect();
    let narrow = |plan: &ColumnPlan| plan.max <= STEADY;
    plans.retain(narrow);
    measure(&mut plans, table, SIGHT, cx);
    let mut widths = table.steady_widths.clone();
    widths.resize(all.len(), 0);
    for plan in plans {
        widths[plan.index] = widths[plan.index].max(plan.need);
    }
    widths
}

/// The maximum of horizontal scrolling: the last column follows the identity columns.
pub fn furthest_left(table: &Table) -> usize {
    let all = (table.view.kind.columns)();
    let scrolls = |index: &usize| rank(table, *index, all[*index]) > 0;
    table.columns().into_iter().filter(scrolls).count().saturating_sub(1)
}

/// Columns with the greatest rank are dropped first.
fn rank(table: &Table, index: usize, column: &Column) -> u8 {
    match column.priority {
        _ if !table.is_usual(index, column) => u8::MAX,
        _ if index == 0 || column.identity => STAYS,
        _ if table.asks_for(index) => ASKED,
        _ if table.survey.marks(index) => MARKS,
        0 if column.max < LONG => ALWAYS,
        priority => priority.saturating_add(TEXT),
    }
}

/// Width of a text in cells.
fn cells(text: &str) -> u16 {
    // Printable ASCII, which is most text, needs no tables.
    let ascii = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    u16::try_from(if ascii { text.len() } else { safe(text).width() }).unwrap_or(u16::MAX)
}

/// A column that may be shown.
#[derive(Clone)]
struct ColumnPlan {
    index: usize,
    min: u16,
    max: u16,
    rank: u8,
    /// Its texts are numbers or ages, which must not be cut.
    firm: bool,
    /// Width of its title in cells, within its bounds.
    title: u16,
    /// Width of its title and texts in cells, within its bounds.
    need: u16,
    /// Assigned width in cells.
    width: u16,
}

impl ColumnPlan {
    fn new(index: usize, column: &Column, rank: u8) -> Self {
        let title = cells(column.title).clamp(column.min, column.max.max(column.min));
        let firm = column.align == Align::Right;
        Self { index, min: column.min, max: column.max.max(title), rank, firm, title, need: title, width: title }
    }

    /// Whether it is never dropped or scrolled.
    fn stays(&self) -> bool {
        self.rank == STAYS
    }

    /// The width it keeps while a sentence can be dropped.
    fn least(&self) -> u16 {
        match self.stays() {
            true => self.need.min(NAME).max(self.min),
            false => self.min,
        }
    }

    /// The width it keeps while less important columns can be dropped.
    fn comfortable_width(&self) -> u16 {
        if self.firm {
            return self.min.max(self.title);
        }
        self.need.min((self.max / 5 * 2).clamp(COMFORT, PROSE).max(self.min))
    }
}

/// Sets the needed width of each plan from visible texts and a sample of the others.
fn measure(plans: &mut [ColumnPlan], table: &Table, page: u16, cx: &Context) {
    let step = (table.rows.len() / SAMPLE).max(1);
    let sample = table.rows.iter().step_by(step);
    let sight = &table.rows[table.visible_rows(page)];
    for entry in sample.chain(sight) {
        for plan in plans.iter_mut().filter(|plan| plan.need < plan.max || plan.firm) {
            let cell = entry.row.cell(plan.index, cx);
            plan.need = plan.need.max(settled(cells(&cell.text))).min(plan.max);
            if plan.firm {
                plan.min = plan.min.max(cells(cell.short_text())).min(plan.max);
            }
        }
    }
}

/// Rounds up, so that a slightly longer name moves nothing.
fn settled(width: u16) -> u16 {
    if width <= 8 { width } else { width.saturating_add(3) / 4 * 4 }
}

/// The columns that have room, with their widths.
fn fit(mut plans: Vec<ColumnPlan>, room: u16, scrolled: bool) -> Vec<ColumnPlan> {
    choose(&mut plans, room, scrolled);
    share(&mut plans, room);
    plans
}

/// Drops columns until the others are comfortable: the least important first, or from the right when scrolled.
fn choose(plans: &mut Vec<ColumnPlan>, room: u16, scrolled: bool) {
    let total = |plans: &[ColumnPlan], claim: fn(&ColumnPlan) -> u16| -> u16 {
        let gaps = GAP * u16::try_from(plans.len().saturating_sub(1)).unwrap_or(u16::MAX);
        plans.iter().map(claim).fold(gaps, u16::saturating_add)
    };
    // The last of the least important columns, if it is less important than `rank`. When scrolled, at least one moves.
    let least = |plans: &[ColumnPlan], rank: u8| {
        let lesser: Vec<_> = plans.iter().enumerate().filter(|(_, plan)| plan.rank > rank).collect();
        let spared = scrolled && lesser.len() <= 1;
        let least = lesser.into_iter().max_by_key(|(at, plan)| (if scrolled { 0 } else { plan.rank }, *at));
        least.map(|(at, _)| at).filter(|_| !spared)
    };
    type Width = fn(&ColumnPlan) -> u16;
    let steps: [(Width, u8); 3] =
        [(ColumnPlan::comfortable_width, TEXT), (ColumnPlan::least, ALWAYS), (|plan| plan.min, STAYS)];
    for (claim, rank) in steps {
        while total(plans, claim) > room
            && let Some(at) = least(plans, if scrolled { STAYS } else { rank })
        {
            plans.remove(at);
        }
    }
    while plans.len() > 1 && total(plans, |plan| plan.min) > room {
        let last = plans.iter().enumerate().skip(1).max_by_key(|(at, plan)| (!plan.stays(), *at));
        let Some((at, _)) = last else { break };
        plans.remove(at);
    }
}

/// Assigns widths, important columns first.
fn share(plans: &mut [ColumnPlan], room: u16) {
    let gaps = u16::try_from(plans.len().saturating_sub(1)).unwrap_or(u16::MAX);
    for plan in plans.iter_mut() {
        plan.width = plan.min.min(room);
    }
    let taken = plans.iter().map(|plan| plan.width).fold(GAP * gaps, u16::saturating_add);
    let mut spare = room.saturating_sub(taken);

    let mut order: Vec<usize> = (0..plans.len()).collect();
    // Among equals, narrow ones first: they need little.
    order.sort_by_key(|at| (plans[*at].rank, plans[*at].need));
    let wishes: [fn(&ColumnPlan) -> u16; 2] = [ColumnPlan::comfortable_width, |plan| plan.need];
    for wish in wishes {
        for at in &order {
            let plan = &mut plans[*at];
            let more = wish(plan).saturating_sub(plan.width).min(spare);
            plan.width += more;
            spare -= more;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(index: usize, min: u16, need: u16, priority: u8) -> ColumnPlan {
        let rank = match (index, priority) {
            (0, _) => STAYS,
            (_, 0) => ALWAYS,
            _ => priority + TEXT,
        };
        ColumnPlan { index, min, max: need.max(min), rank, firm: false, title: min, need, width: 0 }
    }

    fn laid_out(plans: Vec<ColumnPlan>, room: u16) -> Vec<(usize, u16)> {
        fit(plans, room, false).iter().map(|plan| (plan.index, plan.width)).collect()
    }

    #[test]
    fn with_room_every_column_gets_what_it_needs() {
        let widths = laid_out(vec![plan(0, 8, 12, 0), plan(1, 4, 6, 1), plan(2, 4, 30, 0)], 80);
        assert_eq!(widths, [(0, 12), (1, 6), (2, 30)]);
    }

    #[test]
    fn the_least_important_are_dropped_first_and_the_first_stays() {
        let plans = || vec![plan(0, 8, 12, 0), plan(1, 4, 6, 1), plan(2, 4, 6, 3), plan(3, 4, 6, 2)];
        assert_eq!(laid_out(plans(), 33), [(0, 12), (1, 6), (3, 6)]);
        assert_eq!(laid_out(plans(), 22), [(0, 12), (1, 6)]);
        assert_eq!(laid_out(plans(), 12), [(0, 12)]);
        assert_eq!(laid_out(plans(), 5), [(0, 5)]);
    }

    proptest! {
        /// Columns that are always wanted or requested are dropped last.
        #[test]
        fn identity_columns_are_dropped_only_without_room_for_one(
            columns in prop::collection::vec((0u8..8, 4u16..12, 0u16..40), 1..12),
            room in 20u16..200,
            scrolled: bool,
        ) {
            let made = |(index, (rank, min, more)): (usize, &(u8, u16, u16))| ColumnPlan {
                rank: if index == 0 { STAYS } else { *rank },
                ..plan(index, *min, min + more, 1)
            };
            let all: Vec<ColumnPlan> = columns.iter().enumerate().map(made).collect();
            let staying = |plans: &[ColumnPlan]| plans.iter().filter(|plan| plan.stays()).count();
            let least: u16 = all.iter().filter(|plan| plan.stays()).map(|plan| plan.min + GAP).sum();
            let (before, ranks) = (staying(&all), all.iter().map(|plan| plan.rank).collect::<Vec<_>>());
            let mut plans = all;
            choose(&mut plans, room, scrolled);
            prop_assert!(least > room || staying(&plans) == before);
            if !scrolled {
                let worst = plans.iter().map(|plan| plan.rank).max().unwrap_or_default();
                let gone = ranks.iter().enumerate().filter(|(index, _)| plans.iter().all(|plan| plan.index != *index));
                prop_assert!(gone.into_iter().all(|(_, rank)| *rank >= worst));
            }
        }
    }

    #[test]
    fn long_texts_shrink_before_others_are_dropped() {
        let widths = laid_out(vec![plan(0, 8, 8, 0), plan(1, 16, 120, 0), plan(2, 8, 14, 1)], 76);
        assert_eq!(widths, [(0, 8), (1, 50), (2, 14)]);
    }

    #[test]
    fn widths_are_rounded_so_that_small_changes_move_nothing() {
        assert_eq!([5, 8, 9, 12, 13, u16::MAX].map(settled), [5, 8, 12, 12, 16, 16383 * 4]);
    }
}
