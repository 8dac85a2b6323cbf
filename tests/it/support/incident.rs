//! An incident over three clusters with one problem of every sort, diagnosed as in the console.

use std::sync::Arc;

use ecsight::{
    aws::Failure,
    data::{Entry, Feed, FeedKey, Phase, Snapshot},
    diagnose::{self, Known, trouble},
    resource::{
        Context, Kind, Material, Origin, Query, Row, Status, View, Zone,
        container::Container,
        deployment::Deployment,
        event::ServiceEvent,
        evidence::{Evidence, Excerpt, Target},
        instance::{self, HostResource, Instance},
        revision::{self, Definition, Revision},
        service::{self, Service},
        task::{self, Task},
    },
};
use jiff::SignedDuration;

use super::fixtures::{
    self, DAY, HOUR, MINUTE, ago, arn, blank_service, container, deployment, feed, history, now, services, stopped,
};

/// Rows of all kinds in the account, services with their findings.
fn rows() -> Vec<Arc<dyn Row>> {
    let mut rows = history();
    let replaced =
        rows.iter().filter_map(|row| row.any().downcast_ref::<Service>()).map(|row| row.service_name.clone());
    let replaced: Vec<String> = replaced.collect();
    rows.extend(
        services().into_iter().map(|entry| entry.row).filter(|row| !replaced.iter().any(|name| *name == row.name())),
    );
    rows.push(Arc::new(ranking()));
    rows.push(Arc::new(ranking_definition()));
    rows.extend(
        [("i-0a41c7d2e9b35f801", 1024, true), ("i-0b52d8e3fac46a912", 2944, true), ("i-0c63e9f40bd57ba23", 512, false)]
            .map(|(name, cpu, connected)| Arc::new(host(name, cpu, connected)) as Arc<dyn Row>),
    );
    rows.extend([6, 21, 36].map(|minutes| Arc::new(export(minutes)) as Arc<dyn Row>));
    diagnosed(rows)
}

/// Adds the findings of each service, as the data layer does.
fn diagnosed(rows: Vec<Arc<dyn Row>>) -> Vec<Arc<dyn Row>> {
    let known = Known::of(rows.iter().map(|row| &**row), now());
    let findings = |row: &Arc<dyn Row>| match row.any().downcast_ref::<Service>() {
        Some(service) => {
            let findings = diagnose::diagnose_service(service, &known);
            Arc::new(Service { findings, ..service.clone() }) as Arc<dyn Row>
        }
        None => row.clone(),
    };
    rows.iter().map(findings).collect()
}

/// A service for which no instance has enough CPU.
fn ranking() -> Service {
    let revision = arn("task-definition", "ranking:8");
    let service_arn = arn("service", "acme-batch/ranking");
    let message = "(service ranking) was unable to place a task because no container instance met all of its \
                   requirements. The closest matching (container-instance 0b52d8e3fac46a912) has insufficient CPU units \
                   available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
    Service {
        service_arn: service_arn.clone(),
        cluster_name: "acme-batch".into(),
        desired_count: 3,
        running_count: 2,
        launch_type: Some("EC2".into()),
        task_definition: Some(revision.clone()),
        deployments: vec![Deployment {
            cluster_name: "acme-batch".into(),
            service_arn: service_arn.clone(),
            task_definition: Some(revision),
            ..deployment("ranking", "ranking:8", "COMPLETED", [3, 2, 0], 0, 6 * HOUR)
        }],
        events: vec![ServiceEvent {
            id: "ranking-1".into(),
            cluster_name: "acme-batch".into(),
            service_name: "ranking".into(),
            service_arn,
            created_at: ago(2 * MINUTE),
            message: message.into(),
            ..ServiceEvent::default()
        }],
        ..blank_service("ranking")
    }
}

fn ranking_definition() -> Revision {
    Revision {
        task_definition_arn: arn("task-definition", "ranking:8"),
        family: "ranking".into(),
        revision: 8,
        cpu: Some("4096".into()),
        memory: Some("8192".into()),
        network_mode: Some("bridge".into()),
        containers: vec![Definition { name: "ranking".into(), essential: true, ..Definition::default() }],
        described: true,
        ..Revision::default()
    }
}

fn host(name: &str, cpu: i32, connected: bool) -> Instance {
    Instance {
        container_instance_arn: arn("container-instance", &format!("acme-batch/{}", &name[2..])),
        cluster_name: "acme-batch".into(),
        ec2_instance_id: Some(name.into()),
        status: Some("ACTIVE".into()),
        agent_connected: connected,
        agent_lost_at: ago(47 * MINUTE).filter(|_| !connected),
        running_tasks_count: 3,
        cpu: HostResource { remaining: cpu, registered: 4096 },
        memory: HostResource { remaining: 9_400, registered: 15_713 },
        instance_type: Some("m5.xlarge".into()),
        availability_zone: Some("eu-west-1a".into()),
        registered_at: ago(4 * DAY),
        ..Instance::default()
    }
}

/// A run of the standalone family `invoice-export` that failed some minutes ago.
fn export(minutes: i64) -> Task {
    let id = format!("{minutes:08}c4d2b4f6e9a1c3e5d7f9b0a2c");
    let job = container(&id, "job", Some(1), None);
    let run = stopped(
        &id,
        minutes * MINUTE,
        "EssentialContainerExited",
        "Essential container in task exited",
        vec![Container { cluster_name: "acme-batch".into(), group: Some("family:invoice-export".into()), ..job }],
    );
    Task {
        task_arn: arn("task", &format!("acme-batch/{id}")),
        cluster_name: "acme-batch".into(),
        group: Some("family:invoice-export".into()),
        started_by: Some("nightly".into()),
        task_definition_arn: Some(arn("task-definition", "invoice-export:12")),
        current: None,
        ..run
    }
}

fn in_cluster(kind: &'static Kind, cluster: &str) -> View {
    View::new(kind, Query::cluster(cluster))
}

fn stopped_in(cluster: &str) -> View {
    View::new(&task::KIND, Query { status: Status::Stopped, ..Query::cluster(cluster) })
}

fn all_clusters() -> View {
    View::new(&trouble::KIND, Query::default())
}

/// The trouble list of the incident, with sources that were denied, and others that are still being fetched.
pub fn trouble(denied: &[&'static str], awaited: bool) -> (FeedKey, Feed) {
    let rows = rows();
    composed(&rows, denied, awaited)
}

/// The trouble list of an account without problems.
pub fn no_trouble(denied: &[&'static str], awaited: bool) -> (FeedKey, Feed) {
    let well =
        |row: &Arc<dyn Row>| row.any().downcast_ref::<Service>().is_some_and(|service| service.findings.is_empty());
    let rows: Vec<Arc<dyn Row>> = rows().into_iter().filter(well).collect();
    composed(&rows, denied, awaited)
}

/// The trouble list while nothing has been fetched, or nothing can be.
pub fn no_data(failure: Option<Failure>) -> (FeedKey, Feed) {
    let awaited = [in_cluster(&service::KIND, "acme-prod"), stopped_in("acme-prod")];
    let material = Material { rows: &[], seen: &[], awaited: &awaited, gaps: &[] };
    let phase = if failure.is_some() { Phase::Loading } else { Phase::Filling };
    (all_clusters(), Feed { phase, failure: failure.map(Arc::new), ..composition(&material) })
}

fn composed(rows: &[Arc<dyn Row>], denied: &[&'static str], awaits: bool) -> (FeedKey, Feed) {
    let clusters = ["acme-prod", "acme-batch", "acme-staging"];
    let mut seen: Vec<View> = clusters.map(|cluster| in_cluster(&service::KIND, cluster)).into();
    let awaited = if awaits { vec![stopped_in("acme-batch"), stopped_in("acme-staging")] } else { Vec::new() };
    seen.extend(clusters.map(stopped_in).into_iter().filter(|view| !awaited.contains(view)));
    let gap =
        |operation: &&'static str| (in_cluster(&instance::KIND, "acme-batch"), Arc::new(fixtures::denied(operation)));
    let gaps: Vec<_> = denied.iter().map(gap).collect();
    let material = Material { rows, seen: &seen, awaited: &awaited, gaps: &gaps };
    let phase = if awaits { Phase::Filling } else { Phase::Ready };
    (all_clusters(), Feed { phase, ..composition(&material) })
}

fn composition(material: &Material<'_>) -> Feed {
    let Origin::Composed(compose) = trouble::KIND.origin else { panic!("trouble is composed") };
    let rows = compose.rows(&Query::default(), material, &Context { now: now(), zone: Zone::UTC });
    let nothing = if rows.is_empty() { compose.nothing(&Query::default(), material).into() } else { Arc::default() };
    let entries = rows.into_iter().map(|row| Entry { row, changed: 0, changed_at: None }).collect();
    Feed { nothing, ..feed(entries) }
}

/// Adds the feeds that the trouble list and its explanations are based on.
pub fn add_sources(snapshot: &mut Snapshot) {
    for row in rows() {
        let key = match (row.kind().name, row.cluster()) {
            ("task", Some(cluster)) if row.states().contains(&"stopped") => stopped_in(cluster),
            (_, Some(cluster)) => in_cluster(row.kind(), cluster),
            (_, None) => View::new(&revision::KIND, Query::family("ranking:8")),
        };
        let feed = snapshot.feeds.entry(key).or_insert_with(|| feed(Vec::new()));
        Arc::make_mut(&mut feed.rows).push(Entry { row, changed: 0, changed_at: None });
    }
}

/// Evidence about the newest task that ran out of memory.
pub fn last_log_lines() -> Evidence {
    let line = |seconds: i64, text: &str| (now() - SignedDuration::from_secs(seconds), text.to_owned());
    Evidence {
        lines: Some(Excerpt {
            task_arn: arn("task", "acme-prod/1d7b6e2a9c4f4b8d8e2f6a1c3d5b7f90"),
            container: "payments".into(),
            group: "/ecs/payments".into(),
            stream: "ecs/payments/1d7b6e2a9c4f4b8d8e2f6a1c3d5b7f90".into(),
            lines: vec![
                line(190, "INFO  settling batch 88213: 41,000 transactions"),
                line(171, "WARN  heap at 91 % after full collection"),
                line(163, "INFO  ledger connected to postgres://settle:••••••••@ledger/main"),
                line(140, "ERROR \u{1b}[31mallocation of 96 MiB failed\u{1b}[0m, retrying"),
            ],
        }),
        targets: vec![Target {
            group_arn: arn("targetgroup", "payments/0123456789abcdef"),
            id: "10.0.17.42".into(),
            port: Some(8080),
            state: "healthy".into(),
            ..Target::default()
        }],
        ..Evidence::default()
    }
}
