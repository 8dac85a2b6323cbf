//! What knowing costs: building the patterns once, then recognising messages.
//!
//! `cargo bench --bench diagnose`

use divan::counter::ItemsCount;
use ecsight::knowledge::{self, Place, Rule};

fn main() {
    divan::main();
}

/// A thousand messages, as they come: those the rules know, in turn.
fn thousand(which: impl Fn(&Rule) -> bool) -> Vec<&'static str> {
    let rules: Vec<_> = knowledge::rules().filter(|rule| which(rule)).collect();
    rules.iter().flat_map(|rule| rule.samples).copied().cycle().take(1_000).collect()
}

fn reasons() -> Vec<&'static str> {
    thousand(|rule| rule.places.contains(&Place::Task))
}

fn events() -> Vec<&'static str> {
    thousand(|rule| rule.id.starts_with("EV-"))
}

/// Once: they are built when they are first wanted, and there is no second time.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn a_building_of_patterns() {
    knowledge::warm();
}

#[divan::bench]
fn events_recognised(bencher: divan::Bencher<'_, '_>) {
    let texts = events();
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| texts.iter().filter_map(|text| knowledge::of_event(text)).count());
}

#[divan::bench]
fn reasons_recognised(bencher: divan::Bencher<'_, '_>) {
    let texts = reasons();
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| texts.iter().filter_map(|text| knowledge::of_reason(Place::Task, text)).count());
}

#[divan::bench]
fn essences(bencher: divan::Bencher<'_, '_>) {
    let texts = reasons();
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| texts.iter().map(|text| knowledge::essence(text).len()).sum::<usize>());
}
