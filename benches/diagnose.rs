//! The cost of diagnosis: compiling the patterns once, matching messages, explaining stopped tasks.
//!
//! `cargo bench --bench diagnose`

use divan::counter::ItemsCount;
use ecsight::{
    diagnose::{self, Known},
    knowledge::{self, ReasonField, Rule},
    resource::{container::Container, task::Task},
};

fn main() {
    divan::main();
}

/// A thousand messages: samples of the rules in turn, each with ids of its own.
fn thousand_messages(which: impl Fn(&Rule) -> bool) -> Vec<String> {
    let samples: Vec<_> = knowledge::rules().filter(|rule| which(rule)).flat_map(|rule| rule.samples).collect();
    let ids = (1_u64..).map(|number| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    samples.iter().cycle().zip(ids).map(|(sample, id)| sample.replace("0123456789abcdef", &id)).take(1_000).collect()
}

fn reasons() -> Vec<String> {
    thousand_messages(|rule| rule.places.contains(&ReasonField::Task))
}

fn events() -> Vec<String> {
    thousand_messages(|rule| rule.id.starts_with("EV-"))
}

/// Runs once: the patterns are compiled on first use.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn compiling_patterns() {
    knowledge::warm();
}

#[divan::bench]
fn matching_events(bencher: divan::Bencher<'_, '_>) {
    let texts = events();
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| texts.iter().filter_map(|text| knowledge::of_event(text)).count());
}

#[divan::bench]
fn matching_reasons(bencher: divan::Bencher<'_, '_>) {
    let texts = reasons();
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| texts.iter().filter_map(|text| knowledge::of_reason(ReasonField::Task, text)).count());
}

#[divan::bench]
fn reducing_messages(bencher: divan::Bencher<'_, '_>) {
    let texts = reasons();
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| texts.iter().map(|text| knowledge::essence(text).len()).sum::<usize>());
}

/// A thousand stopped tasks of two containers: a third never started, a third crashed, a third was stopped.
fn stopped() -> Vec<Task> {
    let container = |name: &str, exit_code: Option<i32>, reason: Option<&str>| Container {
        name: name.to_owned(),
        image: Some(format!("481516234217.dkr.ecr.eu-west-1.amazonaws.com/{name}:1.4.2")),
        exit_code,
        reason: reason.map(str::to_owned),
        ..Container::default()
    };
    let task = |(at, reason): (usize, String)| {
        let reason = reason.as_str();
        let (code, reason, containers) = match at % 3 {
            0 => ("TaskFailedToStart", reason, [container("app", None, Some(reason)), container("envoy", None, None)]),
            1 => (
                "EssentialContainerExited",
                "Essential container in task exited",
                [container("app", Some(137), Some(reason)), container("envoy", Some(143), None)],
            ),
            _ => (
                "ServiceSchedulerInitiated",
                "Scaling activity initiated by (deployment ecs-svc/4816000000720)",
                [container("app", Some(143), None), container("envoy", Some(0), None)],
            ),
        };
        Task {
            task_arn: format!("arn:aws:ecs:eu-west-1:481516234217:task/prod/{at:032x}"),
            cluster_name: "prod".to_owned(),
            group: Some("service:web".to_owned()),
            task_definition_arn: Some("arn:aws:ecs:eu-west-1:481516234217:task-definition/web:7".to_owned()),
            last_status: Some("STOPPED".to_owned()),
            stop_code: Some(code.to_owned()),
            stopped_reason: Some(reason.to_owned()),
            containers: containers.into(),
            ..Task::default()
        }
    };
    reasons().into_iter().enumerate().map(task).collect()
}

/// 50 ms at most for all of them.
#[divan::bench]
fn explaining_stopped_tasks(bencher: divan::Bencher<'_, '_>) {
    let (tasks, known) = (stopped(), Known::default());
    bencher
        .counter(ItemsCount::new(tasks.len()))
        .bench_local(|| tasks.iter().map(|task| diagnose::diagnose_stop(task, &known).cause.len()).sum::<usize>());
}
