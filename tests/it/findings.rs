//! What is wrong in the incident world of the demo, as the data layer and the explanations tell it.

use std::{sync::Arc, time::Duration};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    data::{self, Demand},
    demo::{Endpoint, Options},
    diagnose::{self, Known},
    memory::Keep,
    resource::{Query, Row, Status, View, instance, revision, service, service::Service, task},
};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::support::in_process::sdk_config;

const START_MS: i64 = 1_750_000_000_000;

thread_local! {
    static START: Instant = Instant::now();
}

fn now() -> Timestamp {
    let passed = START.with(|start| start.elapsed());
    Timestamp::from_millisecond(START_MS + passed.as_millis() as i64).unwrap()
}

async fn everything(after: Duration) -> (Vec<Arc<dyn Row>>, Timestamp) {
    START.with(|_| ());
    let endpoint = Endpoint::new(Options { start_ms: Some(START_MS), ..Options::default() });
    tokio::time::sleep(after).await;
    let clients = Clients::from_config(&sdk_config(&endpoint), ScopeSpec::default(), Budget::default());
    let mut handle = data::start(clients, now, Keep::default());
    let services = View::new(&service::KIND, Query::default());
    let stopped = View::new(&task::KIND, Query { status: Status::Stopped, ..Query::default() });
    let running = View::new(&task::KIND, Query::default());
    let instances = View::new(&instance::KIND, Query::default());
    let beside = vec![stopped, running, instances];
    handle.demand.send_replace(Demand {
        front: Some(services.clone()),
        beside: beside.clone(),
        slowdown: 1,
        ..Demand::default()
    });
    let ready =
        |snapshot: &data::Snapshot| snapshot.complete(&services) && beside.iter().all(|view| snapshot.complete(view));
    handle.snapshots.wait_for(|snapshot| ready(snapshot)).await.unwrap();
    let snapshot = handle.snapshots.borrow().clone();
    let mut beside = beside;
    for feed in snapshot.feeds_of(&services) {
        for entry in feed.rows.iter() {
            let service = entry.row.any().downcast_ref::<Service>().unwrap();
            if service.on_instances() {
                beside.extend(service.task_definition.as_deref().and_then(revision::view));
            }
        }
    }
    handle.demand.send_replace(Demand {
        front: Some(services.clone()),
        beside: beside.clone(),
        slowdown: 1,
        ..Demand::default()
    });
    handle.snapshots.wait_for(|snapshot| beside.iter().all(|view| snapshot.complete(view))).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let snapshot = handle.snapshots.borrow().clone();
    let rows = std::iter::once(&services).chain(&beside).flat_map(|view| {
        snapshot
            .feeds_of(view)
            .into_iter()
            .flat_map(|feed| feed.rows.iter().map(|entry| entry.row.clone()))
            .collect::<Vec<_>>()
    });
    (rows.collect(), now())
}

#[tokio::test(start_paused = true)]
async fn explore() {
    let minutes = std::env::var("AFTER").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let (rows, now) = everything(Duration::from_secs(60 * minutes)).await;
    let known = Known::of(rows.iter().map(|row| &**row), now);
    let name = std::env::var("NAME").unwrap_or_default();
    for row in &rows {
        if let Some(service) = row.any().downcast_ref::<Service>() {
            println!(
                "{:<10} {:<20} {:>2}/{:<2} {:<9}",
                service.cluster_name,
                service.service_name,
                service.running_count,
                service.desired_count,
                service.standing().word()
            );
            for finding in &service.findings {
                println!("        [{}] {}", finding.problem.word(), finding.cause);
            }
        }
        if row.kind() == &instance::KIND {
            for finding in diagnose::instance(row.any().downcast_ref().unwrap(), &known) {
                println!("{} [{}] {}", row.name(), finding.problem.word(), finding.cause);
            }
        }
    }
    for row in rows.iter().filter(|row| !name.is_empty() && row.name().contains(&name)) {
        println!("==== {} {}", row.kind().name, row.name());
        print(&diagnose::explain(&**row, &known));
    }
}

fn print(explanation: &diagnose::Explanation) {
    use ecsight::resource::document::Line;
    for section in &explanation.document.sections {
        println!("{}", section.title);
        for line in &section.lines {
            match line {
                Line::Field { label, value } => {
                    println!("  {label:<16} {}", value.iter().map(|(text, _)| text.as_str()).collect::<String>())
                }
                Line::Text { depth, spans } => println!(
                    "  {}{}",
                    "  ".repeat((*depth).into()),
                    spans.iter().map(|(text, _)| text.as_str()).collect::<String>()
                ),
            }
        }
    }
}
