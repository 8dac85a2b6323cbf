use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::logs::{
    Line, Role,
    filter::{FilterMode, FilterRule, LineFilter},
    fixture::said,
    ring::RingLimits,
};

/// Enough for a whole ring in one step.
const ALL: usize = usize::MAX;

fn stack(rules: &[(FilterMode, &str)], context: Option<u16>) -> FilterStack {
    let rule = |(mode, text): &(FilterMode, &str)| FilterRule {
        mode: *mode,
        filter: LineFilter::parse(text).unwrap(),
        on: true,
    };
    FilterStack { rules: rules.iter().map(rule).collect(), suspended: false, context }
}

fn ring(texts: &[&str]) -> Ring {
    let mut ring = Ring::default();
    for text in texts {
        ring.push(said(text));
    }
    ring
}

fn numbers(sight: &FilteredView) -> Vec<i64> {
    sight.numbers().iter().copied().collect()
}

#[test]
fn what_is_nearest_is_looked_at_first() {
    let texts: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();
    let ring = ring(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let mut sight = FilteredView::new(500);
    assert!(!sight.advance(&ring, &stack(&[(FilterMode::Include, "line")], None), 20 * (LINE + 8)));
    assert_eq!((sight.numbers().front(), sight.numbers().back()), (Some(&490), Some(&509)));
    assert_eq!(sight.position(495), Ok(5));
    while !sight.advance(&ring, &stack(&[(FilterMode::Include, "line")], None), 1000) {}
    assert_eq!((sight.numbers().len(), sight.hidden()), (1000, 0));
}

#[test]
fn new_lines_do_not_wait_until_all_old_ones_are_looked_at() {
    let mut ring = ring(&["a"; 100]);
    let stack = stack(&[(FilterMode::Include, "a")], None);
    let mut sight = FilteredView::new(100);
    sight.advance(&ring, &stack, 10 * (LINE + 1));
    let new = ring.push(said("a"));
    sight.advance(&ring, &stack, 1);
    assert_eq!(sight.numbers().back(), Some(&new));
}

#[test]
fn one_step_looks_at_one_line_at_least() {
    let ring = ring(&["a long line"; 3]);
    let (mut sight, stack) = (FilteredView::new(0), stack(&[(FilterMode::Include, "long")], None));
    let steps = (0..).take_while(|_| !sight.advance(&ring, &stack, 1)).count();
    assert_eq!((steps, numbers(&sight)), (2, vec![0, 1, 2]));
}

#[test]
fn what_no_container_wrote_is_never_hidden() {
    let mut ring = ring(&["yes", "no"]);
    ring.push(Line { role: Role::Stopped { fault: true }, ..said("− task 1a2b stopped: exit 137") });
    ring.push(said("no"));
    let mut sight = FilteredView::new(0);
    assert!(sight.advance(&ring, &stack(&[(FilterMode::Include, "yes"), (FilterMode::Exclude, "stopped")], None), ALL));
    assert_eq!((numbers(&sight), sight.hidden()), (vec![0, 2], 2));
}

#[test]
fn context_surrounds_matches_but_brings_back_nothing_that_is_excluded() {
    let ring = ring(&["a", "b", "health", "MATCH", "c", "d", "e"]);
    let stack = stack(&[(FilterMode::Include, "MATCH"), (FilterMode::Exclude, "health")], Some(2));
    for anchor in 0..7 {
        let mut sight = FilteredView::new(anchor);
        assert!(sight.advance(&ring, &stack, ALL));
        assert_eq!(numbers(&sight), [1, 3, 4, 5], "from {anchor}");
    }
}

/// Something that happens to a ring and to what is in sight of it.
#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    Prepend(usize),
    /// A line that comes so many seconds late.
    Insert {
        number: usize,
        back: i64,
    },
    Refilter {
        anchor: i64,
        rules: usize,
        context: Option<u16>,
    },
    Suspend,
    Advance(usize),
}

const TEXTS: &[&str] = &["error: refused", "GET /health", "payment 17 done", "ERROR", "level=warn slow", ""];
const RULES: &[&[(FilterMode, &str)]] = &[
    &[],
    &[(FilterMode::Include, "error")],
    &[(FilterMode::Include, "ERROR"), (FilterMode::Include, "payment")],
    &[(FilterMode::Exclude, "health")],
    &[(FilterMode::Include, "!health"), (FilterMode::Exclude, "level>=error")],
    &[(FilterMode::Highlight, "error")],
    &[(FilterMode::Include, "nowhere")],
];

fn line(number: usize, second: i64) -> Line {
    let role = if number % 11 == 10 { Role::Note } else { Role::Output };
    Line { role, at: Timestamp::from_second(second).unwrap(), ..said(TEXTS[number % TEXTS.len()]) }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0usize..99).prop_map(Step::Push),
        2 => (0usize..99).prop_map(Step::Prepend),
        2 => (0usize..99, 0i64..60).prop_map(|(number, back)| Step::Insert { number, back }),
        1 => (-10i64..60, 0..RULES.len(), prop::option::of(0u16..5))
            .prop_map(|(anchor, rules, context)| Step::Refilter { anchor, rules, context }),
        1 => Just(Step::Suspend),
        4 => (1usize..600).prop_map(Step::Advance),
    ]
}

/// The lines that are shown of those in `range`, found the simple way.
fn naive(lines: &[(i64, Line)], range: Range<i64>, stack: &FilterStack) -> Vec<i64> {
    let verdicts: Vec<_> = lines.iter().map(|(number, line)| (*number, stack.verdict(line))).collect();
    let context = i64::from(stack.context.unwrap_or_default());
    let near = |number: i64| {
        verdicts.iter().any(|(other, verdict)| *verdict == FilterVerdict::Match && (other - number).abs() <= context)
    };
    let shown = verdicts.iter().filter(|(number, verdict)| match verdict {
        FilterVerdict::Match | FilterVerdict::Pass => true,
        FilterVerdict::Miss => near(*number),
        FilterVerdict::Excluded => false,
    });
    shown.map(|(number, _)| *number).filter(|number| range.contains(number)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever happens in whatever order: in the end, what is in sight is what passes.
    #[test]
    fn what_is_in_sight_is_what_passes(steps in prop::collection::vec(step(), 1..120), lines in 1usize..40) {
        let mut ring = Ring::new(RingLimits { lines, ..RingLimits::default() });
        let (mut sight, mut now) = (FilteredView::new(0), stack(&[], None));
        let mut ever: Vec<(i64, Line)> = Vec::new();
        for (step, second) in steps.into_iter().zip(0..) {
            match step {
                Step::Push(number) => {
                    let line = line(number, second);
                    ever.push((ring.push(line.clone()), line));
                }
                Step::Prepend(number) => {
                    let line = line(number, -second);
                    if ring.prepend(vec![line.clone()]) > 0 {
                        ever.insert(0, (ring.numbers().start, line));
                    }
                }
                Step::Insert { number, back } => {
                    let line = line(number, second - back);
                    let inserted = ring.insert(vec![line.clone()]);
                    ever.iter_mut().for_each(|(number, _)| *number = inserted.moved(*number));
                    for number in inserted.numbers() {
                        ever.insert(ever.partition_point(|(other, _)| *other < number), (number, line.clone()));
                    }
                    if now.context.is_none() {
                        sight.insert(&inserted, &ring, &now);
                    } else {
                        sight = FilteredView::new(ring.numbers().end);
                        ever.retain(|(number, _)| ring.numbers().contains(number));
                    }
                }
                Step::Refilter { anchor, rules, context } => {
                    now = stack(RULES[rules], context);
                    sight = FilteredView::new(anchor);
                    ever.retain(|(number, _)| ring.numbers().contains(number));
                }
                Step::Suspend => {
                    now.suspended = !now.suspended;
                    sight = FilteredView::new(ring.numbers().end);
                    ever.retain(|(number, _)| ring.numbers().contains(number));
                }
                Step::Advance(bytes) => {
                    sight.advance(&ring, &now, bytes);
                    let shown = numbers(&sight);
                    prop_assert!(shown.is_sorted_by(|a, b| a < b));
                    prop_assert!(shown.iter().all(|number| ring.numbers().contains(number)));
                }
            }
        }
        while !sight.advance(&ring, &now, 200) {}
        let (shown, held) = (numbers(&sight), ring.numbers());
        let lines: Vec<_> = held.clone().filter_map(|number| Some((number, ring.get(number)?.clone()))).collect();
        let least = naive(&lines, held.clone(), &now);
        prop_assert_eq!(shown.len() as u64 + sight.hidden(), lines.len() as u64);
        if now.context.unwrap_or_default() == 0 {
            prop_assert_eq!(shown, least);
        } else {
            // What was shown for the sake of a line that is gone by now stays.
            let most = naive(&ever, held, &now);
            prop_assert!(least.iter().all(|number| shown.contains(number)), "{shown:?} lacks of {least:?}");
            prop_assert!(shown.iter().all(|number| most.contains(number)), "{shown:?} has more than {most:?}");
        }
    }
}
