//! Findings of the data layer and explanations in the incident scenario, and none in the calm one. Over the real SDK, in
//! virtual time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    data::{self, Demand, Snapshot},
    demo::{Endpoint, Options, Scenario},
    diagnose::{
        self, Known,
        trouble::{self, Trouble},
    },
    history::HistoryConfig,
    resource::{
        Context, Material, Origin, Query, Row, Status, View, Zone,
        document::{Document, DocumentLine},
        finding::{Finding, Problem},
        instance::{self, Instance},
        service::{self, Service, ServiceHealth},
        task::{self, Task},
    },
};
use jiff::Timestamp;
use rstest::rstest;
use tokio::time::Instant;

use crate::support::in_process::sdk_config;

/// Simulated time at the start of every test.
const START_MS: i64 = 1_750_000_000_000;

thread_local! {
    static START: Instant = Instant::now();
}

/// Simulated time.
fn now() -> Timestamp {
    let passed = START.with(Instant::elapsed);
    Timestamp::from_millisecond(START_MS + passed.as_millis() as i64).unwrap()
}

/// All rows of an account some minutes after the start.
async fn account(scenario: Scenario, minutes: u64) -> Vec<Arc<dyn Row>> {
    START.with(|_| ());
    let endpoint = Endpoint::new(Options { scenario, start_ms: Some(START_MS), ..Options::default() });
    tokio::time::sleep(Duration::from_secs(60 * minutes)).await;
    let clients = Clients::from_config(&sdk_config(&endpoint), ScopeSpec::default(), Budget::default());
    let mut handle = data::start(clients, now, HistoryConfig::default());
    let front = View::new(&service::KIND, Query::default());
    let mut beside = vec![
        View::new(&task::KIND, Query { status: Status::Stopped, ..Query::default() }),
        View::new(&task::KIND, Query::default()),
        View::new(&instance::KIND, Query::default()),
    ];
    // Views that explanations consult are fetched once the services are known.
    for _ in 0..2 {
        let demand =
            Demand { foreground: Some(front.clone()), companions: beside.clone(), slowdown: 1, ..Demand::default() };
        handle.demand.send_replace(demand);
        let all = |snapshot: &Snapshot| std::iter::once(&front).chain(&beside).all(|view| snapshot.complete(view));
        let snapshot = handle.snapshots.wait_for(|snapshot| all(snapshot)).await.unwrap().clone();
        let services = snapshot.feeds_of(&front).into_iter().flat_map(|feed| feed.rows.iter());
        beside.extend(services.flat_map(|entry| entry.row.consults()).filter(|view| !view.kind.in_cluster));
    }
    // Findings of the last rows depend on all rows.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let snapshot = handle.snapshots.borrow().clone();
    let mut rows: BTreeMap<String, Arc<dyn Row>> = BTreeMap::new();
    for view in std::iter::once(&front).chain(&beside) {
        for entry in snapshot.feeds_of(view).into_iter().flat_map(|feed| feed.rows.iter()) {
            rows.insert(entry.row.id().to_owned(), entry.row.clone());
        }
    }
    rows.into_values().collect()
}

/// Findings of each service and instance that has any.
fn found(rows: &[Arc<dyn Row>]) -> BTreeMap<String, Vec<Finding>> {
    let known = Known::of(rows.iter().map(|row| &**row), now());
    let findings = rows.iter().filter_map(|row| {
        let any = row.any();
        let service = any.downcast_ref::<Service>().map(|service| service.findings.clone());
        let found = service.or_else(|| Some(diagnose::diagnose_instance(any.downcast_ref::<Instance>()?, &known)))?;
        (!found.is_empty()).then(|| (row.name().into_owned(), found))
    });
    findings.collect()
}

/// The planted faults: name of the row, worst problem, and words of its cause.
const PLANTED: &[(&str, &str, &str)] = &[
    ("catalog", "needs approval", "waiting for approval: continue or roll back; rolls back automatically at 17:41Z"),
    ("checkout", "crash loop", "out of memory: app (137), "),
    ("cms-staging", "rollout stuck", "min 100 % and max 100 % of 2 tasks leave no room"),
    ("docs-staging", "rollout failing", "program not in image: app, "),
    ("feature-flags", "rollout failing", "health check failed: app, "),
    ("geocoder-staging", "rollout failing", "image missing: app, "),
    ("image-resizer", "notice", "Spot reclaimed tasks, "),
    ("legacy-admin", "notice", "ignores the stop signal and is killed after 30 s, "),
    // Between two attempts of its pipeline it has the failed tasks of the last one.
    ("orders-api", "", "application error: app (1)"),
    ("payments", "rollout failing", "secret not readable: app, "),
    ("ranking", "can't be placed", "no room: CPU"),
    ("recommendations", "rollout failing", "image tag missing: app, "),
    ("search-api", "rollout failing", "target unhealthy: app, "),
];

#[rstest]
#[case(1)]
#[case(36)]
#[tokio::test(start_paused = true)]
async fn each_planted_fault_is_found_and_nothing_else(#[case] minutes: u64) {
    let found = found(&account(Scenario::Incident, minutes).await);
    let (instances, services): (Vec<_>, Vec<_>) = found.iter().partition(|(name, _)| name.starts_with("i-"));
    let names: Vec<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, PLANTED.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), "{found:#?}");
    for ((_, findings), (name, problem, cause)) in services.iter().zip(PLANTED) {
        let worst = &findings[0];
        assert!(problem.is_empty() || worst.problem.word() == *problem, "{name}: {worst:#?}");
        assert!(worst.cause.contains(cause), "{name}: {worst:#?}");
        assert!(worst.cause.len() <= 80, "{name}: {}", worst.cause);
        assert!(worst.verdict.is_some(), "{name}: {worst:#?}");
    }
    let mut causes: Vec<String> =
        instances.iter().map(|(_, found)| format!("{}: {}", found[0].problem.word(), found[0].cause)).collect();
    causes.sort();
    assert_eq!(causes.len(), 2, "{causes:?}");
    assert!(
        causes[0].starts_with("agent disconnected: 3 tasks there: node-agent, notifications, ranking"),
        "{causes:?}"
    );
    assert!(causes[1].starts_with("drain stuck: blocked by model-training ("), "{causes:?}");
}

/// Rows of the trouble list for these rows.
fn troubles(rows: &[Arc<dyn Row>]) -> Vec<Trouble> {
    let Origin::Composed(compose) = trouble::KIND.origin else { panic!("trouble is composed") };
    let seen = compose.sources(&Query::default());
    let listed: Vec<_> = rows.iter().filter(|row| seen.iter().any(|view| holds(view, &***row))).cloned().collect();
    let material = Material { rows: &listed, seen: &seen, awaited: &[], gaps: &[] };
    let made = compose.rows(&Query::default(), &material, &Context { now: now(), zone: Zone::UTC });
    made.iter().filter_map(|row| row.any().downcast_ref::<Trouble>()).cloned().collect()
}

/// Whether `row` belongs to `view`: same kind, and for tasks the stopped ones.
fn holds(view: &View, row: &dyn Row) -> bool {
    let stopped = row.any().downcast_ref::<Task>().is_none_or(Task::stopped);
    view.kind == row.kind() && stopped
}

#[rstest]
#[case(1)]
#[case(36)]
#[tokio::test(start_paused = true)]
async fn each_planted_fault_is_one_row_of_trouble_with_the_same_explanation(#[case] minutes: u64) {
    let rows = account(Scenario::Incident, minutes).await;
    let troubles = troubles(&rows);
    let known = Known::of(rows.iter().map(|row| &**row), now());
    for (name, ..) in PLANTED {
        let row = rows.iter().find(|row| row.kind() == &service::KIND && row.name() == *name).unwrap();
        let own: Vec<_> = troubles.iter().filter(|trouble| Row::parent(*trouble) == Some(row.id())).collect();
        let [own] = own.as_slice() else { panic!("{name}: {own:#?}") };
        let summary = |findings: &[Finding]| -> Vec<_> {
            findings.iter().map(|finding| (finding.problem, finding.cause.clone())).collect()
        };
        let service = row.any().downcast_ref::<Service>().unwrap();
        let explanation = diagnose::explain(service, &known);
        assert_eq!(summary(&explanation.findings), summary(&service.findings), "{name}");
        assert_eq!((&own.cause, own.others.len() + 1), (&service.findings[0].cause, service.findings.len()), "{name}");
        let steady = [ServiceHealth::Steady, ServiceHealth::Deploying].contains(&service.health());
        let notice = service.findings[0].problem == Problem::Notice;
        assert!(!steady || notice || name == &"orders-api", "{name}: {}", service.health().word());
    }
}

#[rstest]
#[case(0)]
#[case(45)]
#[tokio::test(start_paused = true)]
async fn in_a_calm_account_nothing_is_found(#[case] minutes: u64) {
    let rows = account(Scenario::Calm, minutes).await;
    assert_eq!(found(&rows), BTreeMap::new());
    let standings = rows.iter().filter_map(|row| Some(row.any().downcast_ref::<Service>()?.health()));
    assert!(standings.into_iter().all(|standing| standing == ServiceHealth::Steady));
}

/// Lines of a document.
fn lines(document: &Document) -> Vec<String> {
    let text = |line: &DocumentLine| match line {
        DocumentLine::Field { value: spans, .. }
        | DocumentLine::Text { spans, .. }
        | DocumentLine::Bar { text: spans, .. } => spans.iter().map(|(text, _)| text.as_str()).collect::<String>(),
        DocumentLine::Check { outcome, question, answer } => {
            let answer: String = answer.iter().map(|(text, _)| text.as_str()).collect();
            format!("{} {question} {answer}", DocumentLine::sign(*outcome))
        }
    };
    document.sections.iter().flat_map(|section| section.lines.iter().map(text)).collect()
}

#[tokio::test(start_paused = true)]
async fn missing_capacity_is_explained_per_instance() {
    let rows = account(Scenario::Incident, 1).await;
    let known = Known::of(rows.iter().map(|row| &**row), now());
    let ranking = rows.iter().find(|row| row.name() == "ranking").unwrap();
    let explanation = diagnose::explain(&**ranking, &known);
    let lines = lines(&explanation.document);
    let summary =
        |start: &str| assert!(lines.iter().any(|line| line.starts_with(start)), "{start:?} is not in {lines:#?}");
    summary("can't be placed: no room: CPU");
    summary("✖ Do events report an error? blocked here: no room: CPU");
    summary("✓ Do the percentages leave room? ");
    summary("6 in the cluster, 0 fit");
    summary("6 of 6 with too little CPU (at most ");
    summary("1 of 6 without an agent: i-");
    summary("nearest miss: needs 4096 CPU units; best is i-");
    summary("1. ");
}

#[tokio::test(start_paused = true)]
async fn every_row_of_the_incident_can_be_explained() {
    let rows = account(Scenario::Incident, 7).await;
    let known = Known::of(rows.iter().map(|row| &**row), now());
    let mut explained = 0;
    for row in &rows {
        let parts = row.any().downcast_ref::<Service>().map(|service| {
            let deployments = service.deployments.iter().map(|deployment| deployment as &dyn Row);
            let events = service.events.iter().take(2).map(|event| event as &dyn Row);
            deployments.chain(events).collect::<Vec<_>>()
        });
        for row in std::iter::once(&**row).chain(parts.into_iter().flatten()) {
            let explanation = diagnose::explain(row, &known);
            assert!(!explanation.document.sections.is_empty(), "{row:?}");
            assert!(explanation.document.sections.iter().all(|section| !section.lines.is_empty()), "{row:?}");
            assert!(explanation.commands.iter().all(|command| command.starts_with("aws ")), "{row:?}");
            explained += 1;
        }
    }
    assert!(explained > 300, "{explained}");
}
