//! The data layer against the demo endpoint, over the real SDK, in virtual time.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ecsight::{
    aws::{Budget, Clients, FailureKind, ScopeSpec, operation},
    data::{self, Demand, Done, Entry, Feed, Handle, Phase, Request, Snapshot},
    demo::{Endpoint, Options, Server, world::World},
    diagnose::trouble,
    history::HistoryConfig,
    resource::{
        Query, Row, Status, View, cluster, container, event, service,
        service::{Service, ServiceHealth},
        task,
        task::Task,
    },
};
use jiff::Timestamp;
use rstest::rstest;
use tokio::time::Instant;

use crate::support::in_process::sdk_config;

/// Simulated time at the start of every test.
const START_MS: i64 = 1_750_000_000_000;

fn sized(clusters: usize, services: usize, tasks: usize) -> Endpoint {
    Endpoint::with_world(World::sized(clusters, services, tasks, START_MS), Options::default())
}

fn incident() -> Endpoint {
    Endpoint::new(Options { start_ms: Some(START_MS), ..Options::default() })
}

fn clients(endpoint: &Endpoint) -> Clients {
    Clients::from_config(&sdk_config(endpoint), ScopeSpec::default(), Budget::default())
}

/// Wall clock. It only matters for the hour in which failures are counted.
fn now() -> Timestamp {
    Timestamp::from_millisecond(START_MS).unwrap()
}

/// A console without a screen.
struct Console {
    handle: Handle,
    demand: Demand,
}

impl Console {
    fn open(endpoint: &Endpoint) -> Self {
        Self {
            handle: data::start(clients(endpoint), now, HistoryConfig::default()),
            demand: Demand { slowdown: 1, ..Demand::default() },
        }
    }

    fn look_at(&mut self, view: &View) {
        self.change(|demand| demand.foreground = Some(view.clone()));
    }

    fn change(&mut self, change: impl FnOnce(&mut Demand)) {
        change(&mut self.demand);
        self.handle.demand.send_replace(self.demand.clone());
    }

    /// Waits until a snapshot is as `wanted`; gives up after an hour of virtual time.
    async fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let arrived = self.handle.snapshots.wait_for(|snapshot| wanted(snapshot));
        let arrived = tokio::time::timeout(Duration::from_hours(1), arrived).await.map(|found| found.unwrap().clone());
        arrived.unwrap_or_else(|_| panic!("never came; there is {:#?}", self.snapshot().feeds))
    }

    async fn filled(&mut self, view: &View) -> Arc<Snapshot> {
        self.until(|snapshot| ready(snapshot, view)).await
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.handle.snapshots.borrow().clone()
    }

    /// Makes the first `count` rows of `view` visible.
    fn show(&mut self, view: &View, count: usize) {
        let snapshot = self.snapshot();
        let rows = snapshot.feeds[view].rows.iter().take(count);
        let visible = rows.map(|entry| entry.row.id().into()).collect();
        self.change(|demand| demand.visible = visible);
    }
}

fn ready(snapshot: &Snapshot, view: &View) -> bool {
    snapshot.feeds.get(view).is_some_and(|feed| feed.phase == Phase::Ready)
}

fn feed<'a>(snapshot: &'a Snapshot, view: &View) -> &'a Feed {
    snapshot.feeds.get(view).expect("a feed")
}

fn services(cluster: &str) -> View {
    View::new(&service::KIND, Query::cluster(cluster))
}

/// The trouble list of all clusters, which is the first view of a console.
fn trouble() -> View {
    View::new(&trouble::KIND, Query::default())
}

fn tasks(cluster: &str, status: Status) -> View {
    View::new(&task::KIND, Query { status, ..Query::cluster(cluster) })
}

/// Name of the first cluster of a sized account.
const CLUSTER: &str = "cluster-000";

fn row<R: 'static>(row: &dyn Row) -> &R {
    row.any().downcast_ref::<R>().expect("a row of that kind")
}

#[rstest]
#[case(0)]
#[case(1)]
#[case(10)]
#[case(11)]
#[case(100)]
#[case(101)]
#[tokio::test(start_paused = true)]
async fn every_service_and_every_task_is_fetched(#[case] count: usize) {
    let endpoint = sized(1, count, 1);
    let mut console = Console::open(&endpoint);
    for view in [services(CLUSTER), tasks(CLUSTER, Status::Running)] {
        console.look_at(&view);
        let snapshot = console.filled(&view).await;
        assert_eq!(feed(&snapshot, &view).rows.len(), count);
        assert_eq!(feed(&snapshot, &view).failure, None);
    }
}

#[tokio::test(start_paused = true)]
async fn five_thousand_tasks_are_fetched_in_full() {
    let endpoint = sized(1, 50, 100);
    let view = tasks(CLUSTER, Status::Running);
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    let snapshot = console.filled(&view).await;
    assert_eq!(feed(&snapshot, &view).rows.len(), 5_000);
    assert_eq!((endpoint.count("ListTasks"), endpoint.count("DescribeTasks")), (50, 50));
}

/// Other consoles take seconds for hundreds of services. Here two round trips fetch the first rows, at any size.
#[rstest]
#[case(6, 110, 110)]
#[case(200, 110, 300)]
#[case(500, 110, 1_100)]
#[tokio::test(start_paused = true)]
async fn the_first_rows_take_two_round_trips(#[case] count: usize, #[case] first: u64, #[case] all: u64) {
    let endpoint = sized(1, count, 1);
    endpoint.add_fault("latency=50ms".parse().unwrap());
    let view = services(CLUSTER);
    let mut console = Console::open(&endpoint);
    let start = Instant::now();
    console.look_at(&view);
    console.until(|snapshot| snapshot.feeds.get(&view).is_some_and(|feed| !feed.rows.is_empty())).await;
    assert!(start.elapsed() <= Duration::from_millis(first), "first rows after {:?}", start.elapsed());
    console.filled(&view).await;
    assert!(start.elapsed() <= Duration::from_millis(all), "all rows after {:?}", start.elapsed());
}

/// Number of requests received, for all operations of the console.
fn arrived(endpoint: &Endpoint) -> u64 {
    operation::ALL.iter().map(|operation| endpoint.count(operation.name)).sum()
}

/// Calls in a minute of a steady account, for all feeds, with the usual views beneath the one on top.
#[rstest]
#[case::services_200(sized(1, 200, 1), services(CLUSTER), 45)]
#[case::services_500(sized(1, 500, 1), services(CLUSTER), 75)]
#[case::tasks_2000(sized(1, 20, 100), tasks(CLUSTER, Status::Running), 50)]
#[case::tasks_of_ten_clusters(sized(10, 10, 20), View::new(&task::KIND, Query::default()), 60)]
#[case::trouble_among_200_services(sized(1, 200, 1), trouble(), 45)]
#[case::trouble_among_500_services(sized(5, 100, 10), trouble(), 75)]
#[case::trouble_in_thirty_clusters(sized(30, 10, 1), trouble(), 75)]
#[case::trouble_of_a_bad_day(incident(), trouble(), 75)]
#[tokio::test(start_paused = true)]
async fn an_idle_console_makes_few_calls(#[case] endpoint: Endpoint, #[case] view: View, #[case] most: u64) {
    let mut console = Console::open(&endpoint);
    let mut behind = vec![View::new(&cluster::KIND, Query::default())];
    behind.extend((view.kind == &task::KIND).then(|| services(CLUSTER)));
    console.look_at(&view);
    console.change(|demand| demand.background = behind);
    let ready = |feed: &&Feed| feed.phase == Phase::Ready;
    let filled = |feeds: Vec<&Feed>| !feeds.is_empty() && feeds.iter().all(ready);
    let snapshot = console.until(|snapshot| filled(snapshot.feeds_of(&view))).await;
    let rows: Vec<Entry> = snapshot.feeds_of(&view).iter().flat_map(|feed| feed.rows.to_vec()).collect();
    let seen = rows.iter().take(40).flat_map(|entry| [Some(entry.row.id()), entry.row.parent()]);
    console.change(|demand| demand.visible = seen.flatten().map(Arc::from).collect());
    tokio::time::sleep(Duration::from_mins(2)).await;
    let before = arrived(&endpoint);
    tokio::time::sleep(Duration::from_mins(4)).await;
    let calls = (arrived(&endpoint) - before).div_ceil(4);
    println!("{calls} calls a minute for {} rows", rows.len());
    assert!(calls <= most, "{calls} calls a minute");
}

#[tokio::test(start_paused = true)]
async fn no_calls_while_paused_and_fewer_while_the_user_is_idle() {
    let endpoint = sized(1, 20, 1);
    let view = services(CLUSTER);
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    console.filled(&view).await;
    let calls = async |endpoint: &Endpoint| {
        tokio::time::sleep(Duration::from_secs(30)).await;
        let before = arrived(endpoint);
        tokio::time::sleep(Duration::from_mins(20)).await;
        arrived(endpoint) - before
    };
    let normal = calls(&endpoint).await;
    console.change(|demand| demand.slowdown = 12);
    let slow = calls(&endpoint).await;
    console.change(|demand| demand.paused = true);
    assert!(slow * 8 < normal, "{slow} against {normal}");
    assert_eq!(calls(&endpoint).await, 0);
}

#[tokio::test(start_paused = true)]
async fn visible_rows_are_described_at_the_chosen_interval() {
    let endpoint = sized(1, 10, 1);
    let view = services(CLUSTER);
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    console.filled(&view).await;
    console.show(&view, 10);
    for (every, calls) in [(Some(2), 290..=310), (Some(60), 8..=12)] {
        console.change(|demand| demand.every = every);
        let before = endpoint.count("DescribeServices");
        tokio::time::sleep(Duration::from_mins(10)).await;
        let made = endpoint.count("DescribeServices") - before;
        assert!(calls.contains(&made), "{made} calls in ten minutes, every {every:?} seconds");
    }
}

#[tokio::test(start_paused = true)]
async fn equal_data_makes_no_new_revision() {
    let endpoint = sized(1, 20, 2);
    let view = services(CLUSTER);
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    console.filled(&view).await;
    tokio::time::sleep(Duration::from_mins(2)).await;
    let before = feed(&console.snapshot(), &view).clone();
    tokio::time::sleep(Duration::from_mins(5)).await;
    let after = feed(&console.snapshot(), &view).clone();
    assert_eq!(before.revision, after.revision);
    assert!(Arc::ptr_eq(&before.rows, &after.rows));
}

#[tokio::test(start_paused = true)]
async fn a_denied_feed_stops_alone_and_names_the_action() {
    let endpoint = incident();
    endpoint.add_fault("deny:DescribeTasks".parse().unwrap());
    let mut console = Console::open(&endpoint);
    let view = tasks("prod", Status::Running);
    console.look_at(&view);
    let snapshot = console.until(|snapshot| snapshot.feeds.get(&view).is_some_and(|feed| feed.failure.is_some())).await;
    let failure = feed(&snapshot, &view).failure.clone().unwrap();
    assert_eq!((failure.kind, failure.operation), (FailureKind::Denied, "DescribeTasks"));
    assert!(failure.message.contains("is not authorized to perform: ecs:DescribeTasks"), "{}", failure.message);
    tokio::time::sleep(Duration::from_mins(5)).await;
    let calls = endpoint.count("DescribeTasks");
    tokio::time::sleep(Duration::from_mins(5)).await;
    let attempts = endpoint.count("DescribeTasks") - calls;
    assert!((24..=26).contains(&attempts), "{attempts} attempts in five minutes");
    assert!(feed(&console.snapshot(), &view).failure.is_some());
    let all = services("prod");
    console.look_at(&all);
    assert!(!feed(&*console.filled(&all).await, &all).rows.is_empty());
    // Now allowed, and requested again.
    endpoint.clear_faults();
    console.look_at(&view);
    console.change(|demand| demand.refresh += 1);
    console.filled(&view).await;
}

#[rstest]
#[case::cut("cut", FailureKind::Offline)]
#[case::hang("hang", FailureKind::Offline)]
#[case::expired("expired", FailureKind::Credentials)]
#[tokio::test(start_paused = true)]
async fn rows_stay_during_an_outage_and_polling_recovers(#[case] fault: &str, #[case] trouble: FailureKind) {
    let endpoint = sized(1, 20, 1);
    let view = services(CLUSTER);
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    console.filled(&view).await;
    endpoint.add_fault(fault.parse().unwrap());
    let snapshot = console.until(|snapshot| snapshot.connection.failure.is_some()).await;
    assert_eq!(snapshot.connection.failure.as_ref().unwrap().kind, trouble);
    assert_eq!(feed(&snapshot, &view).rows.len(), 20);
    let before = arrived(&endpoint);
    tokio::time::sleep(Duration::from_mins(10)).await;
    let tries = arrived(&endpoint) - before;
    assert!((10..=60).contains(&tries), "{tries} tries in ten minutes");
    endpoint.clear_faults();
    let snapshot = console.until(|snapshot| snapshot.connection.failure.is_none()).await;
    assert_eq!(feed(&snapshot, &view).rows.len(), 20);
    console.until(|snapshot| feed(snapshot, &view).failure.is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_polling_and_is_reported() {
    let endpoint = sized(1, 200, 1);
    endpoint.add_fault("throttle:DescribeServices#3".parse().unwrap());
    let view = services(CLUSTER);
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    let snapshot = console.until(|snapshot| snapshot.state(&view).failure.is_some()).await;
    let state = snapshot.state(&view);
    assert_eq!(state.failure.map(|failure| failure.kind), Some(FailureKind::Throttled));
    assert!(state.retry_at > Some(now()), "it is known when it goes on");
    assert_eq!(feed(&*console.filled(&view).await, &view).rows.len(), 200);
    console.until(|snapshot| snapshot.state(&view).failure.is_none()).await;
}

#[rstest]
#[case::html("http500", FailureKind::Garbled)]
#[case::garbled("malformed", FailureKind::Garbled)]
#[case::cut_short("truncate", FailureKind::Garbled)]
#[tokio::test(start_paused = true)]
async fn a_garbled_answer_is_reported_in_words(#[case] fault: &str, #[case] trouble: FailureKind) {
    let endpoint = sized(1, 3, 1);
    let view = services(CLUSTER);
    let mut console = Console::open(&endpoint);
    endpoint.add_fault(fault.parse().unwrap());
    console.look_at(&view);
    let failed = |snapshot: &Snapshot| snapshot.feeds.get(&view).and_then(|feed| feed.failure.clone());
    let snapshot = console.until(|snapshot| failed(snapshot).is_some()).await;
    let failure = failed(&snapshot).unwrap();
    assert_eq!(failure.kind, trouble, "{failure:?}");
    assert_eq!(snapshot.state(&view).failure.map(|failure| failure.kind), Some(trouble));
    assert!(!failure.message.contains("SdkError") && !failure.message.contains("Unhandled"), "{}", failure.message);
    endpoint.clear_faults();
    console.filled(&view).await;
}

#[rstest]
#[case("omit:lastStatus")]
#[case("omit:taskDefinitionArn")]
#[case("omit:containers")]
#[case("omit:createdAt")]
#[case("unknown:lastStatus")]
#[case("unknown:status")]
#[case("long-reason")]
#[tokio::test(start_paused = true)]
async fn absent_fields_and_unknown_values_lose_no_row(#[case] fault: &str) {
    let endpoint = incident();
    let view = tasks("prod", Status::All);
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    let whole = feed(&*console.filled(&view).await, &view).rows.len();
    drop(console);
    endpoint.add_fault(fault.parse().unwrap());
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    let rows = console.filled(&view).await;
    assert!(feed(&rows, &view).rows.len().abs_diff(whole) <= 3, "{} of {whole}", feed(&rows, &view).rows.len());
}

#[tokio::test(start_paused = true)]
async fn services_have_failure_counts_and_tasks_know_if_they_are_current() {
    let endpoint = incident();
    let mut console = Console::open(&endpoint);
    let view = services("prod");
    console.look_at(&view);
    let counted = |snapshot: &Snapshot| {
        let rows = snapshot.feeds.get(&view).map(|feed| feed.rows.clone()).unwrap_or_default();
        !rows.is_empty() && rows.iter().all(|entry| row::<Service>(&*entry.row).failed_last_hour.is_some())
    };
    let snapshot = console.until(counted).await;
    let failing: Vec<&Service> = feed(&snapshot, &view)
        .rows
        .iter()
        .map(|entry| row::<Service>(&*entry.row))
        .filter(|service| service.failed_last_hour > Some(0))
        .collect();
    assert!(!failing.is_empty());
    let one = failing[0].service_name.as_str();
    let view =
        View::new(&task::KIND, Query { service: Some(one.into()), status: Status::All, ..Query::cluster("prod") });
    console.look_at(&view);
    let known = |snapshot: &Snapshot| {
        let rows = snapshot.feeds.get(&view).map(|feed| feed.rows.clone()).unwrap_or_default();
        !rows.is_empty() && rows.iter().all(|entry| row::<Task>(&*entry.row).current.is_some())
    };
    console.until(known).await;
}

#[tokio::test(start_paused = true)]
async fn derived_kinds_make_no_calls() {
    let endpoint = incident();
    let mut console = Console::open(&endpoint);
    let view = services("prod");
    console.look_at(&view);
    let snapshot = console.filled(&view).await;
    let first = row::<Service>(&*feed(&snapshot, &view).rows[0].row).service_name.clone();
    let calls = endpoint.count("ListServices");
    let events = View::new(&event::KIND, Query { service: Some(first.as_str().into()), ..Query::cluster("prod") });
    console.look_at(&events);
    let snapshot =
        console.until(|snapshot| snapshot.feeds.get(&events).is_some_and(|feed| !feed.rows.is_empty())).await;
    assert!(feed(&snapshot, &events).rows.iter().all(|entry| entry.row.cluster() == Some("prod")));
    assert_eq!(endpoint.count("ListServices"), calls);
}

#[tokio::test(start_paused = true)]
async fn without_a_cluster_all_clusters_are_fetched() {
    let endpoint = incident();
    let mut console = Console::open(&endpoint);
    let view = View::new(&service::KIND, Query::default());
    console.look_at(&view);
    let complete = |snapshot: &Snapshot| {
        let feeds = snapshot.feeds_of(&view);
        feeds.len() == 3 && feeds.iter().all(|feed| feed.phase == Phase::Ready)
    };
    let start = Instant::now();
    let snapshot = console.until(complete).await;
    // As soon as the clusters are known, not when another feed is due.
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(snapshot.clusters().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_aws_has_forgotten_stays() {
    let endpoint = incident();
    let mut console = Console::open(&endpoint);
    let view = tasks("prod", Status::Stopped);
    console.look_at(&view);
    let snapshot = console.filled(&view).await;
    let before: Vec<String> = feed(&snapshot, &view).rows.iter().map(|entry| entry.row.id().to_owned()).collect();
    assert!(!before.is_empty());
    console.change(|demand| demand.slowdown = 12);
    tokio::time::sleep(Duration::from_secs(4_000)).await;
    let after: Vec<String> =
        feed(&console.snapshot(), &view).rows.iter().map(|entry| entry.row.id().to_owned()).collect();
    assert!(before.iter().all(|id| after.contains(id)));
    assert!(after.len() > before.len());
}

/// A list of stopped tasks is complete when all have verdicts.
#[rstest]
#[case("prod", &[
    ("service:checkout", "STOP-OOM"),
    ("service:image-resizer", "STOP-SPOT"),
    ("service:orders-api", "EXIT-1"),
    ("service:payments", "INIT-IAM-SECRET"),
    ("service:pricing", "STOP-SCALING"),
    ("service:recommendations", "PULL-TAG-MISSING"),
    ("service:search-api", "STOP-ELB"),
])]
#[case("staging", &[
    ("service:docs-staging", "START-OCI-NOT-FOUND"),
    ("service:feature-flags", "STOP-HEALTHCHECK"),
    ("service:geocoder-staging", "PULL-IMAGE-MISSING"),
    ("service:legacy-admin", "STOP-SCALING"),
])]
#[case("batch", &[
    ("family:backfill", "INIT-EBS-ROLE"),
    ("family:index-rebuild", "EXIT-0"),
    ("family:invoice-export", "EXIT-1"),
    ("family:nightly-report", "EXIT-0"),
])]
#[tokio::test(start_paused = true)]
async fn each_planted_fault_gets_its_cause(#[case] cluster: &str, #[case] faults: &[(&str, &str)]) {
    let endpoint = incident();
    let mut console = Console::open(&endpoint);
    let view = tasks(cluster, Status::Stopped);
    console.look_at(&view);
    let snapshot = console.filled(&view).await;
    let tasks: Vec<&Task> = feed(&snapshot, &view).rows.iter().map(|entry| row::<Task>(&*entry.row)).collect();
    // Tasks that are still stopping are listed with the stopped ones.
    let stopped = tasks.into_iter().filter(|task| task.stopped());
    let judged: Vec<_> = stopped.map(|task| (task, task.verdict.clone().expect("a verdict"))).collect();
    for (group, rule) in faults {
        let of_group = judged.iter().filter(|(task, _)| task.group.as_deref() == Some(group));
        let ordinary = ["STOP-SCALING", "EXIT-0"];
        let rules: BTreeSet<_> = of_group.filter_map(|(_, verdict)| verdict.rule).collect();
        assert!(rules.contains(rule), "{group}: {rules:?}");
        assert!(rules.iter().all(|found| found == rule || ordinary.contains(found)), "{group}: {rules:?}");
    }
    for (task, verdict) in &judged {
        let wanted = matches!(verdict.rule, Some("STOP-SCALING" | "STOP-SPOT" | "EXIT-0"));
        assert_eq!(task.failed(), !wanted, "{task:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn raw_answers_come_from_aws_for_derived_rows_too() {
    let endpoint = incident();
    let mut console = Console::open(&endpoint);
    let running = tasks("prod", Status::Running);
    console.look_at(&running);
    let snapshot = console.filled(&running).await;
    let task: Arc<str> = feed(&snapshot, &running).rows[0].row.id().into();
    let view = View::new(&container::KIND, Query { task: Some(task.clone()), ..Query::cluster("prod") });
    console.look_at(&view);
    let snapshot = console.until(|snapshot| snapshot.feeds.get(&view).is_some_and(|feed| !feed.rows.is_empty())).await;
    let container: Arc<str> = feed(&snapshot, &view).rows[0].row.id().into();
    for (view, id, member) in [(&running, &task, "taskArn"), (&view, &container, "containerArn")] {
        let request = Request::Raw { kind: view.kind, query: view.query.clone(), id: id.clone() };
        console.handle.requests.send(request).await.unwrap();
        let Some(Done::Raw { result, .. }) = console.handle.done.recv().await else { panic!("no answer") };
        let json = result.unwrap();
        assert_eq!(json[member], **id);
        assert!(json["createdAt"].is_string() || json["createdAt"].is_null());
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_shows_its_progress_and_without_the_permission_the_rest() {
    for (fault, told) in [(None, true), (Some("deny:DescribeServiceDeployments"), false)] {
        let endpoint = incident();
        fault.into_iter().for_each(|fault| endpoint.add_fault(fault.parse().unwrap()));
        let mut console = Console::open(&endpoint);
        let view = services("prod");
        console.look_at(&view);
        let snapshot = console.filled(&view).await;
        let standings: Vec<ServiceHealth> =
            feed(&snapshot, &view).rows.iter().map(|entry| row::<Service>(&*entry.row).health()).collect();
        assert_eq!(standings.contains(&ServiceHealth::Waiting), told, "{standings:?}");
        assert!(standings.contains(&ServiceHealth::Failing));
        assert_eq!(feed(&snapshot, &view).failure, None);
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(endpoint.count("DescribeServiceDeployments") > 2, told);
    }
}

/// Over a real socket, so in real time. Every wait is for an answer, not for the clock.
#[tokio::test]
async fn connections_are_reused() {
    let endpoint = sized(1, 60, 1);
    let server = Server::start("127.0.0.1:0".parse().unwrap(), endpoint.clone()).await.unwrap();
    // The in-process configuration, but with the HTTP client used in production.
    let mut config = sdk_config(&endpoint).into_builder().endpoint_url(server.url());
    config.set_http_client(None);
    let clients = Clients::from_config(&config.build(), ScopeSpec::default(), Budget::default());
    let mut console = Console {
        handle: data::start(clients, now, HistoryConfig::default()),
        demand: Demand { slowdown: 1, ..Demand::default() },
    };
    let view = services(CLUSTER);
    console.look_at(&view);
    console.filled(&view).await;
    console.show(&view, 40);
    let first = server.connections();
    for _ in 0..10 {
        let calls = endpoint.count("DescribeServices");
        // Calls in flight are not repeated, so the key is pressed until it has an effect.
        while endpoint.count("DescribeServices") < calls + 4 {
            console.change(|demand| demand.refresh += 1);
            tokio::task::yield_now().await;
        }
    }
    let made = server.connections() - first;
    assert!(made <= 2, "{made} new connections for ten refreshes, after {first}");
}

/// One page in ten fails, as near the limit of a quota.
#[rstest]
#[case("throttle:ListTasks#1")]
#[case("unavailable:ListTasks#1")]
#[tokio::test(start_paused = true)]
async fn a_long_list_is_complete_when_a_tenth_of_its_pages_fails(#[case] fault: &str) {
    let endpoint = sized(1, 21, 100);
    let view = tasks(CLUSTER, Status::Running);
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    let mut struck = 0;
    while !ready(&console.snapshot(), &view) {
        if endpoint.count("ListTasks") >= 10 * struck + 5 {
            endpoint.add_fault(fault.parse().unwrap());
            struck += 1;
        }
        tokio::time::timeout(Duration::from_mins(10), console.handle.snapshots.changed()).await.unwrap().unwrap();
    }
    let pages = endpoint.count("ListTasks");
    assert!(struck >= 2);
    assert!(pages * 2 <= 21 * 3, "{pages} calls for 21 pages");
    assert_eq!(feed(&console.snapshot(), &view).rows.len(), 2_100);
}

/// Every screen reports the failure when all calls fail from the start.
#[rstest]
#[case::cut("cut", FailureKind::Offline)]
#[case::hang("hang", FailureKind::Offline)]
#[case::unavailable("unavailable", FailureKind::Server)]
#[case::server("server-error", FailureKind::Server)]
#[case::throttled("throttle", FailureKind::Throttled)]
#[case::denied("deny", FailureKind::Denied)]
#[case::denied_clusters("deny:ListClusters", FailureKind::Denied)]
#[case::denied_details("deny:DescribeClusters", FailureKind::Denied)]
#[case::expired("expired", FailureKind::Credentials)]
#[case::cut_short("truncate", FailureKind::Garbled)]
#[case::garbage("malformed", FailureKind::Garbled)]
#[case::html("http500", FailureKind::Garbled)]
#[tokio::test(start_paused = true)]
async fn every_view_reports_a_failure_and_recovers_after_it(
    #[case] fault: &str,
    #[case] class: FailureKind,
    #[values(trouble(), View::new(&cluster::KIND, Query::default()), View::new(&service::KIND, Query::default()))]
    view: View,
) {
    let endpoint = sized(2, 4, 1);
    endpoint.add_fault(fault.parse().unwrap());
    let mut console = Console::open(&endpoint);
    let start = Instant::now();
    console.look_at(&view);
    let failing = |snapshot: &Snapshot| snapshot.state(&view).failure.is_some();
    let snapshot = console.until(failing).await;
    // A call without an answer times out after some seconds; other failures are known at once.
    let most = if fault == "hang" { 9 } else { 1 };
    assert!(start.elapsed() <= Duration::from_secs(most), "reported after {:?}", start.elapsed());
    let state = snapshot.state(&view);
    assert_eq!(state.failure.map(|failure| failure.kind), Some(class));
    assert_eq!(state.nothing.len(), 0, "nothing is known: {:?}", state.nothing);
    assert!(!snapshot.complete(&view));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(failing(&console.snapshot()), "for as long as it fails");
    let before = arrived(&endpoint);
    tokio::time::sleep(Duration::from_mins(1)).await;
    let calls = arrived(&endpoint) - before;
    assert!(calls <= 30, "{calls} calls a minute");
    endpoint.clear_faults();
    let over = Instant::now();
    console.until(|snapshot| snapshot.state(&view).failure.is_none() && snapshot.arrived(&view)).await;
    // A denied call is retried once a minute.
    let most = if class == FailureKind::Denied { 65 } else { 15 };
    assert!(over.elapsed() <= Duration::from_secs(most), "went on after {:?}", over.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_account_without_clusters_has_an_empty_list() {
    let endpoint = sized(0, 0, 0);
    let mut console = Console::open(&endpoint);
    console.look_at(&trouble());
    let start = Instant::now();
    let snapshot = console.until(|snapshot| snapshot.arrived(&trouble())).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(snapshot.state(&trouble()).nothing[0].contains("no cluster"));
}

/// A denial stays until the same call is allowed, even when other calls succeed. A refresh by hand retries it at once.
#[rstest]
#[case::list("ListServices", services("prod"))]
#[case::details("DescribeServices", services("prod"))]
#[case::clusters("ListClusters", trouble())]
#[case::home("ListServices", trouble())]
#[tokio::test(start_paused = true)]
async fn rows_that_are_denied_later_stay_with_their_age(#[case] operation: &str, #[case] view: View) {
    let endpoint = incident();
    let mut console = Console::open(&endpoint);
    console.look_at(&view);
    let rows = |snapshot: &Snapshot| snapshot.feeds_of(&view).iter().map(|feed| feed.rows.len()).sum::<usize>();
    let before = rows(&*console.until(|snapshot| snapshot.arrived(&view)).await);
    endpoint.add_fault(format!("deny:{operation}").parse().unwrap());
    console.change(|demand| demand.refresh += 1);
    console.until(|snapshot| snapshot.state(&view).failure.is_some()).await;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let state = console.snapshot().state(&view);
        assert_eq!(state.failure.map(|failure| failure.operation), Some(operation));
    }
    assert!(rows(&console.snapshot()) >= before.min(3), "rows are gone");
    endpoint.clear_faults();
    let calls = endpoint.count(operation);
    console.change(|demand| demand.refresh += 1);
    let start = Instant::now();
    console.until(|snapshot| snapshot.state(&view).failure.is_none()).await;
    assert!(start.elapsed() < Duration::from_secs(1) && endpoint.count(operation) > calls);
}

#[tokio::test(start_paused = true)]
async fn a_view_opened_while_paused_is_fetched_once_and_again_by_hand() {
    let endpoint = incident();
    let mut console = Console::open(&endpoint);
    console.change(|demand| demand.paused = true);
    for view in [trouble(), services("staging"), tasks("prod", Status::Stopped)] {
        console.look_at(&view);
        console.until(|snapshot| snapshot.arrived(&view)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = arrived(&endpoint);
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!(arrived(&endpoint), before, "{view:?}");
        console.change(|demand| demand.refresh += 1);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(arrived(&endpoint) > before, "{view:?}");
    }
}
