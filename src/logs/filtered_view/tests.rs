use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::logs::{
    Line, Role,
    filter::{FilterMode, FilterRule, LineFilter},
    fixture::output_line,
    ring::RingLimits,
};

/// Enough to evaluate a whole ring in one step.
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
        ring.push(output_line(text));
    }
    ring
}

fn numbers(view: &FilteredView) -> Vec<i64> {
    view.numbers().iter().copied().collect()
}

#[test]
fn the_nearest_lines_are_evaluated_first() {
    let texts: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();
    let ring = ring(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let mut view = FilteredView::new(500);
    assert!(!view.advance(&ring, &stack(&[(FilterMode::Include, "line")], None), 20 * (LINE + 8)));
    assert_eq!((view.numbers().front(), view.numbers().back()), (Some(&490), Some(&509)));
    assert_eq!(view.position(495), Ok(5));
    while !view.advance(&ring, &stack(&[(FilterMode::Include, "line")], None), 1000) {}
    assert_eq!((view.numbers().len(), view.hidden()), (1000, 0));
}

#[test]
fn new_lines_do_not_wait_for_older_lines_to_be_evaluated() {
    let mut ring = ring(&["a"; 100]);
    let stack = stack(&[(FilterMode::Include, "a")], None);
    let mut view = FilteredView::new(100);
    view.advance(&ring, &stack, 10 * (LINE + 1));
    let new = ring.push(output_line("a"));
    view.advance(&ring, &stack, 1);
    assert_eq!(view.numbers().back(), Some(&new));
}

#[test]
fn a_step_evaluates_at_least_one_line() {
    let ring = ring(&["a long line"; 3]);
    let (mut view, stack) = (FilteredView::new(0), stack(&[(FilterMode::Include, "long")], None));
    let steps = (0..).take_while(|_| !view.advance(&ring, &stack, 1)).count();
    assert_eq!((steps, numbers(&view)), (2, vec![0, 1, 2]));
}

#[test]
fn only_container_output_is_ever_hidden() {
    let mut ring = ring(&["yes", "no"]);
    ring.push(Line { role: Role::Stopped { fault: true }, ..output_line("− task 1a2b stopped: exit 137") });
    ring.push(output_line("no"));
    let mut view = FilteredView::new(0);
    assert!(view.advance(&ring, &stack(&[(FilterMode::Include, "yes"), (FilterMode::Exclude, "stopped")], None), ALL));
    assert_eq!((numbers(&view), view.hidden()), (vec![0, 2], 2));
}

#[test]
fn context_surrounds_matches_without_excluded_lines() {
    let ring = ring(&["a", "b", "health", "MATCH", "c", "d", "e"]);
    let stack = stack(&[(FilterMode::Include, "MATCH"), (FilterMode::Exclude, "health")], Some(2));
    for anchor in 0..7 {
        let mut view = FilteredView::new(anchor);
        assert!(view.advance(&ring, &stack, ALL));
        assert_eq!(numbers(&view), [1, 3, 4, 5], "from {anchor}");
    }
}

/// A change to a ring or its view.
#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    Prepend(usize),
    /// A line that arrives `back` seconds late.
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
    &[(FilterMode::Include, "no such text")],
];

fn line(number: usize, second: i64) -> Line {
    let role = if number % 11 == 10 { Role::Note } else { Role::Output };
    Line { role, at: Timestamp::from_second(second).unwrap(), ..output_line(TEXTS[number % TEXTS.len()]) }
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

/// The lines in `range` that should be shown, computed the simple way.
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

    /// After any sequence of changes, the view holds exactly the lines that pass.
    #[test]
    fn the_view_holds_exactly_the_lines_that_pass(steps in prop::collection::vec(step(), 1..120), lines in 1usize..40) {
        let mut ring = Ring::new(RingLimits { lines, ..RingLimits::default() });
        let (mut view, mut now) = (FilteredView::new(0), stack(&[], None));
        let mut all_lines: Vec<(i64, Line)> = Vec::new();
        for (step, second) in steps.into_iter().zip(0..) {
            match step {
                Step::Push(number) => {
                    let line = line(number, second);
                    all_lines.push((ring.push(line.clone()), line));
                }
                Step::Prepend(number) => {
                    let line = line(number, -second);
                    if ring.prepend(vec![line.clone()]) > 0 {
                        all_lines.insert(0, (ring.numbers().start, line));
                    }
                }
                Step::Insert { number, back } => {
                    let line = line(number, second - back);
                    let inserted = ring.insert(vec![line.clone()]);
                    all_lines.iter_mut().for_each(|(number, _)| *number = inserted.moved(*number));
                    for number in inserted.numbers() {
                        all_lines.insert(all_lines.partition_point(|(other, _)| *other < number), (number, line.clone()));
                    }
                    if now.context.is_none() {
                        view.insert(&inserted, &ring, &now);
                    } else {
                        view = FilteredView::new(ring.numbers().end);
                        all_lines.retain(|(number, _)| ring.numbers().contains(number));
                    }
                }
                Step::Refilter { anchor, rules, context } => {
                    now = stack(RULES[rules], context);
                    view = FilteredView::new(anchor);
                    all_lines.retain(|(number, _)| ring.numbers().contains(number));
                }
                Step::Suspend => {
                    now.suspended = !now.suspended;
                    view = FilteredView::new(ring.numbers().end);
                    all_lines.retain(|(number, _)| ring.numbers().contains(number));
                }
                Step::Advance(bytes) => {
                    view.advance(&ring, &now, bytes);
                    let shown = numbers(&view);
                    prop_assert!(shown.is_sorted_by(|a, b| a < b));
                    prop_assert!(shown.iter().all(|number| ring.numbers().contains(number)));
                }
            }
        }
        while !view.advance(&ring, &now, 200) {}
        let (shown, held) = (numbers(&view), ring.numbers());
        let lines: Vec<_> = held.clone().filter_map(|number| Some((number, ring.get(number)?.clone()))).collect();
        let least = naive(&lines, held.clone(), &now);
        prop_assert_eq!(shown.len() as u64 + view.hidden(), lines.len() as u64);
        if now.context.unwrap_or_default() == 0 {
            prop_assert_eq!(shown, least);
        } else {
            // Context of a match that has been dropped since stays.
            let most = naive(&all_lines, held, &now);
            prop_assert!(least.iter().all(|number| shown.contains(number)), "{shown:?} lacks of {least:?}");
            prop_assert!(shown.iter().all(|number| most.contains(number)), "{shown:?} has more than {most:?}");
        }
    }
}
