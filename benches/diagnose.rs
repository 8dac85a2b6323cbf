//! What knowing costs: building the patterns once, then recognising messages.
//!
//! `cargo bench --bench diagnose`

use divan::counter::ItemsCount;
use ecsight::knowledge::{self, Place, Rule};

fn main() {
    divan::main();
}

/// A thousand messages, as they come: those the rules know, in turn, each with ids of its own.
fn thousand(which: impl Fn(&Rule) -> bool) -> Vec<String> {
    let samples: Vec<_> = knowledge::rules().filter(|rule| which(rule)).flat_map(|rule| rule.samples).collect();
    let ids = (1_u64..).map(|number| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    samples.iter().cycle().zip(ids).map(|(sample, id)| sample.replace("0123456789abcdef", &id)).take(1_000).collect()
}

fn reasons() -> Vec<String> {
    thousand(|rule| rule.places.contains(&Place::Task))
}

fn events() -> Vec<String> {
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
