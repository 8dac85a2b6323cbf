//! The history of rows that AWS forgets, through the data layer against the demo endpoint, in virtual time.

use std::{collections::HashSet, fs, path::Path, sync::Arc, time::Duration};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    data::{self, Demand, Done, Feed, Handle, Phase, Request, Snapshot},
    demo::{Endpoint, Options, world::World},
    diagnose::{failures, failures::Failures, timeline},
    history::{HistoryConfig, HistoryLimits, read_usage},
    resource::{
        Query, Row, Status, View, cluster, container, deployment, event, query::DAY, service, task, task::Task,
    },
};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::support::in_process::sdk_config;

const START_MS: i64 = 1_750_000_000_000;
/// Longer than ECS keeps a stopped task.
const LONG: Duration = Duration::from_secs(4_000);

fn incident() -> Endpoint {
    Endpoint::new(Options { start_ms: Some(START_MS), ..Options::default() })
}

/// Wall clock six hours after the start of the simulation. The tests simulate hours, but less than a day.
fn now() -> Timestamp {
    Timestamp::from_millisecond(START_MS + 6 * 3_600_000).unwrap()
}

/// A folder for a history.
struct State(TempDir);

impl State {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn config(&self) -> HistoryConfig {
        HistoryConfig::in_folder(self.0.path(), HistoryLimits::default())
    }

    fn file(&self) -> std::path::PathBuf {
        self.config().file.expect("a file")
    }
}

struct Console {
    handle: Handle,
    demand: Demand,
}

impl Console {
    fn open(endpoint: &Endpoint, config: HistoryConfig) -> Self {
        let clients = Clients::from_config(&sdk_config(endpoint), ScopeSpec::default(), Budget::default());
        Self { handle: data::start(clients, now, config), demand: Demand { slowdown: 1, ..Demand::default() } }
    }

    fn look_at(&mut self, view: &View) {
        self.demand.foreground = Some(view.clone());
        self.handle.demand.send_replace(self.demand.clone());
    }

    async fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let arrived = self.handle.snapshots.wait_for(|snapshot| wanted(snapshot));
        let arrived = tokio::time::timeout(Duration::from_hours(1), arrived).await.map(|found| found.unwrap().clone());
        arrived.unwrap_or_else(|_| panic!("never came; there is {:#?}", self.handle.snapshots.borrow().feeds))
    }

    /// Opens `view` and waits for all rows.
    async fn rows(&mut self, view: &View) -> Vec<Arc<dyn Row>> {
        self.look_at(view);
        let snapshot = self.until(|snapshot| snapshot.complete(view)).await;
        rows(&snapshot, view)
    }

    /// Closes it as when the user quits.
    async fn quit(self) {
        self.handle.finish().await;
    }
}

fn rows(snapshot: &Snapshot, view: &View) -> Vec<Arc<dyn Row>> {
    let feeds: Vec<&Feed> = snapshot.feeds_of(view);
    feeds.iter().flat_map(|feed| feed.rows.iter()).map(|entry| entry.row.clone()).collect()
}

fn ids(rows: &[Arc<dyn Row>]) -> HashSet<String> {
    let ids: HashSet<String> = rows.iter().map(|row| row.id().to_owned()).collect();
    assert_eq!(ids.len(), rows.len(), "nothing is there twice");
    ids
}

/// Ids of the stopped tasks among `rows`, which also contain tasks that are still stopping.
fn ended(rows: &[Arc<dyn Row>]) -> HashSet<String> {
    ids(rows);
    let ended = rows.iter().filter(|row| row.any().downcast_ref::<Task>().is_some_and(Task::stopped));
    ended.map(|row| row.id().to_owned()).collect()
}

fn stopped(query: Query) -> View {
    View::new(&task::KIND, Query { status: Status::Stopped, ..query })
}

fn prod() -> Query {
    Query::cluster("prod")
}

#[tokio::test(start_paused = true)]
async fn a_task_that_stopped_before_a_restart_stays_after_ecs_forgot_it() {
    let (endpoint, state) = (incident(), State::new());
    let mut console = Console::open(&endpoint, state.config());
    let before = ended(&console.rows(&stopped(prod())).await);
    assert!(!before.is_empty());
    console.quit().await;
    tokio::time::sleep(LONG).await;

    // Without a history they are lost.
    let mut console = Console::open(&endpoint, HistoryConfig::default());
    assert!(ended(&console.rows(&stopped(prod())).await).is_disjoint(&before));
    console.quit().await;

    let mut console = Console::open(&endpoint, state.config());
    let after = console.rows(&stopped(prod())).await;
    assert!(ids(&after).is_superset(&before));
    for row in &after {
        assert!(row.archived() || !before.contains(row.id()), "{}", row.id());
        assert_eq!(row.states().contains(&"archived"), row.archived());
        assert!(row.any().downcast_ref::<Task>().is_some_and(|task| !task.stopped() || task.verdict.is_some()));
    }
    // An archived task can be opened and shown in full without a call.
    let archived = after.iter().find(|row| row.archived()).expect("an archived one");
    let inside = View::new(&container::KIND, Query::task("prod", archived.id()));
    assert!(!console.rows(&inside).await.is_empty());
    let calls = endpoint.count("DescribeTasks");
    let request = Request::Raw { kind: &task::KIND, query: prod(), id: archived.id().into() };
    console.handle.requests.send(request).await.unwrap();
    let Some(Done::Raw { result: Ok(json), .. }) = console.handle.done.recv().await else { panic!("no answer") };
    assert_eq!((json["taskArn"].as_str(), json["archived"].as_bool()), (Some(archived.id()), Some(true)));
    assert_eq!(endpoint.count("DescribeTasks"), calls);
}

#[tokio::test(start_paused = true)]
async fn tasks_forgotten_by_ecs_stay_and_are_marked() {
    let endpoint = incident();
    let mut console = Console::open(&endpoint, HistoryConfig::default());
    let view = stopped(prod());
    let before = ended(&console.rows(&view).await);
    console.demand.slowdown = 12;
    console.look_at(&view);
    tokio::time::sleep(LONG).await;
    let snapshot = console.until(|snapshot| rows(snapshot, &view).iter().any(|row| row.archived())).await;
    let after = rows(&snapshot, &view);
    assert!(ids(&after).is_superset(&before));
    assert!(after.iter().filter(|row| before.contains(row.id())).all(|row| row.archived()));
    assert!(after.iter().any(|row| !row.archived()));
}

#[tokio::test(start_paused = true)]
async fn past_events_and_deployments_stay() {
    let (endpoint, state) = (Endpoint::with_world(World::sized(1, 1, 1, START_MS), Options::default()), State::new());
    let history_view = |kind| View::new(kind, Query { since: Some(30 * DAY), ..Query::cluster("cluster-000") });
    let (events, deployments) = (history_view(&event::KIND), history_view(&deployment::KIND));
    let mut console = Console::open(&endpoint, state.config());
    let service = console.rows(&View::new(&service::KIND, Query::cluster("cluster-000"))).await[0].id().to_owned();
    let mut before = [HashSet::new(), HashSet::new()];
    let ecs = aws_sdk_ecs::Client::new(&sdk_config(&endpoint));
    // Enough rollouts for more events than ECS keeps.
    for round in 0..16 {
        let roll = ecs.update_service().cluster("cluster-000").service(&service).force_new_deployment(true);
        roll.send().await.unwrap();
        tokio::time::sleep(Duration::from_mins(2)).await;
        if round < 2 {
            before[0].extend(ids(&console.rows(&events).await));
            before[1].extend(ids(&console.rows(&deployments).await));
        }
    }
    // In the same session and in the next one.
    for restart in [false, true] {
        if restart {
            console.quit().await;
            console = Console::open(&endpoint, state.config());
        }
        for (view, before) in [&events, &deployments].into_iter().zip(&before) {
            // The recorded state is shown at once, the current state after the next call.
            console.rows(view).await;
            tokio::time::sleep(Duration::from_mins(1)).await;
            let after = console.rows(view).await;
            assert!(ids(&after).is_superset(before), "{view:?}");
            let archived = after.iter().filter(|row| row.archived()).count();
            assert!(archived > 0 && archived < after.len(), "{archived} of {} {}", after.len(), view.kind.plural);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn since_filters_the_rows_without_calls() {
    let (endpoint, state) = (incident(), State::new());
    let mut console = Console::open(&endpoint, state.config());
    console.rows(&stopped(prod())).await;
    console.quit().await;
    tokio::time::sleep(LONG).await;
    let mut console = Console::open(&endpoint, state.config());
    let all = console.rows(&stopped(prod())).await;
    let listed = endpoint.count("ListTasks");
    // The simulation is LONG after its start; the clock of the console is six hours after the start.
    let cut = now() - jiff::SignedDuration::from_secs(17_000);
    let recent = console.rows(&stopped(Query { since: Some(17_000), ..prod() })).await;
    let recently = |row: &Arc<dyn Row>| {
        let task = row.any().downcast_ref::<Task>().expect("a task");
        !task.stopped() || task.stopped_at.is_some_and(|at| at >= cut)
    };
    let expected: HashSet<String> = all.iter().filter(|row| recently(row)).map(|row| row.id().to_owned()).collect();
    assert!(!expected.is_empty() && expected.len() < all.len());
    assert_eq!(ids(&recent), expected);
    assert!(endpoint.count("ListTasks") <= listed + 1, "it is a part of what is looked at anyway");
}

/// Failures of a query, once they have been counted.
async fn failures(console: &mut Console, query: Query) -> Vec<Failures> {
    let rows = console.rows(&View::new(&failures::KIND, query)).await;
    rows.iter().map(|row| row.any().downcast_ref::<Failures>().expect("a group").clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_over_live_and_archived_tasks() {
    let (endpoint, state) = (incident(), State::new());
    let mut console = Console::open(&endpoint, state.config());
    let total = |groups: &[Failures]| groups.iter().map(|group| group.count).sum::<u64>();
    let before = failures(&mut console, prod()).await;
    let tasks = console.rows(&stopped(prod())).await;
    let failed = tasks.iter().filter(|row| row.any().downcast_ref::<Task>().is_some_and(Task::failed)).count();
    assert!(failed > 0);
    assert_eq!(total(&before), failed as u64);
    assert!(before.iter().any(|group| group.deployed == Some(true)), "{before:#?}");
    assert!(before.iter().all(|group| group.verdict.is_some()));
    console.quit().await;
    tokio::time::sleep(LONG).await;

    let mut console = Console::open(&endpoint, state.config());
    let after = failures(&mut console, prod()).await;
    for group in &before {
        let grown = after.iter().find(|grown| grown.id() == group.id()).expect("it is archived");
        assert!(grown.count >= group.count && grown.first <= group.first && grown.last >= group.last);
    }
    assert!(total(&after) > total(&before));
    let group = after.iter().max_by_key(|group| group.count).expect("a group");
    let members = console.rows(&group.drill().expect("members")).await;
    assert_eq!(ids(&members).len() as u64, group.count);
    assert!(members.iter().any(|row| row.archived()) && members.iter().any(|row| !row.archived()));
    let of_service = failures(&mut console, Query::service("prod", group.service.as_str())).await;
    assert!(of_service.iter().all(|other| other.service == group.service) && !of_service.is_empty());
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_without_a_history_file() {
    let endpoint = incident();
    let mut console = Console::open(&endpoint, HistoryConfig::default());
    let groups = failures(&mut console, Query::default()).await;
    let clusters: HashSet<&str> = groups.iter().filter_map(|group| group.cluster()).collect();
    assert!(clusters.len() > 1, "{clusters:?}");
}

#[tokio::test(start_paused = true)]
async fn a_timeline_reaches_back_before_a_restart() {
    let (endpoint, state) = (incident(), State::new());
    let mut console = Console::open(&endpoint, state.config());
    let group = failures(&mut console, prod()).await.into_iter().max_by_key(|group| group.count).expect("a group");
    let view = View::new(&timeline::KIND, Query::service("prod", group.service.as_str()));
    let before = ids(&console.rows(&view).await);
    console.quit().await;
    tokio::time::sleep(LONG).await;
    let mut console = Console::open(&endpoint, state.config());
    let after = ids(&console.rows(&view).await);
    // Tasks that kept running have other entries by now; stopped ones have the same.
    let archived = before.intersection(&after).count();
    assert!(archived * 10 > before.len() * 9, "{archived} of {}", before.len());
}

#[tokio::test(start_paused = true)]
async fn two_consoles_writing_at_once_lose_no_row() {
    let (endpoint, state) = (incident(), State::new());
    let mut consoles = [Console::open(&endpoint, state.config()), Console::open(&endpoint, state.config())];
    let views = [stopped(prod()), stopped(Query::cluster("batch"))];
    let mut seen = Vec::new();
    for (console, view) in consoles.iter_mut().zip(&views) {
        seen.push(ended(&console.rows(view).await));
    }
    tokio::time::sleep(Duration::from_mins(10)).await;
    for (console, view) in consoles.iter_mut().zip(&views) {
        seen.push(ended(&console.rows(view).await));
    }
    let [one, other] = consoles;
    tokio::join!(one.quit(), other.quit());
    tokio::time::sleep(LONG).await;
    let mut console = Console::open(&endpoint, state.config());
    let there = ids(&console.rows(&stopped(Query::default())).await);
    assert!(seen.iter().all(|seen| !seen.is_empty() && seen.is_subset(&there)));
}

#[tokio::test(start_paused = true)]
async fn the_account_of_rows_is_known_without_sts() {
    let (endpoint, state) = (incident(), State::new());
    endpoint.add_fault("deny:GetCallerIdentity".parse().unwrap());
    let mut console = Console::open(&endpoint, state.config());
    let before = ended(&console.rows(&stopped(prod())).await);
    console.quit().await;
    endpoint.clear_faults();
    tokio::time::sleep(LONG).await;
    let mut console = Console::open(&endpoint, state.config());
    assert!(ended(&console.rows(&stopped(prod())).await).is_superset(&before));
}

#[tokio::test(start_paused = true)]
async fn an_empty_account_does_not_delay_the_history() {
    let endpoint = Endpoint::with_world(World::sized(1, 0, 0, START_MS), Options::default());
    endpoint.add_fault("deny:GetCallerIdentity".parse().unwrap());
    let mut console = Console::open(&endpoint, State::new().config());
    assert_eq!(console.rows(&stopped(Query::cluster("cluster-000"))).await.len(), 0);
}

/// Warnings sent to the console.
fn warnings(console: &mut Console) -> Vec<String> {
    let done = std::iter::from_fn(|| console.handle.done.try_recv().ok());
    done.filter_map(|done| if let Done::Warning(text) = done { Some(text) } else { None }).collect()
}

#[tokio::test(start_paused = true)]
async fn a_damaged_file_only_causes_a_warning() {
    let (endpoint, state) = (incident(), State::new());
    fs::write(state.file(), "no database at all").unwrap();
    let mut console = Console::open(&endpoint, state.config());
    let seen = ended(&console.rows(&stopped(prod())).await);
    let warned = warnings(&mut console);
    assert!(matches!(&warned[..], [one] if one.contains("damaged")), "{warned:?}");
    console.quit().await;
    assert!(read_usage(&state.file()).unwrap().unwrap().tasks >= seen.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_file_deleted_in_use_is_recreated_with_all_rows_of_the_session() {
    let (endpoint, state) = (incident(), State::new());
    let mut console = Console::open(&endpoint, state.config());
    let seen = ended(&console.rows(&stopped(prod())).await);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(read_usage(&state.file()).unwrap().unwrap().tasks >= seen.len() as u64);
    for file in fs::read_dir(state.file().parent().unwrap()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    // No new row is needed: the clean-up notices it.
    tokio::time::sleep(Duration::from_secs(700)).await;
    let warned = warnings(&mut console);
    assert!(matches!(&warned[..], [one] if one.contains("deleted while in use")), "{warned:?}");
    console.quit().await;
    assert!(read_usage(&state.file()).unwrap().unwrap().tasks >= seen.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_folder_causes_one_warning() {
    let (endpoint, state) = (incident(), State::new());
    fs::write(state.0.path().join("file"), "").unwrap();
    let config = HistoryConfig::in_folder(&state.0.path().join("file"), HistoryLimits::default());
    let mut console = Console::open(&endpoint, config);
    assert!(!console.rows(&stopped(prod())).await.is_empty());
    assert!(!failures(&mut console, prod()).await.is_empty());
    tokio::time::sleep(Duration::from_mins(20)).await;
    let warned = warnings(&mut console);
    assert!(matches!(&warned[..], [one] if one.starts_with("history is kept in memory only")), "{warned:?}");
}

/// Content of all files in a folder.
fn contents(folder: &Path) -> Vec<u8> {
    fs::read_dir(folder).unwrap().flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn no_values_of_task_definitions_or_overrides_are_written() {
    let (endpoint, state) = (incident(), State::new());
    let mut console = Console::open(&endpoint, state.config());
    for view in [
        stopped(Query::default()),
        View::new(&service::KIND, Query::default()),
        View::new(&cluster::KIND, Query::default()),
    ] {
        console.rows(&view).await;
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    console.quit().await;
    let written = String::from_utf8_lossy(&contents(state.0.path())).into_owned();
    assert!(written.contains("stoppedReason"), "it is readable here");
    for word in ["environment", "overrides", "secrets", "value", "valueFrom"] {
        assert!(!written.contains(&format!("\"{word}\":")), "{word} is written");
    }
}

#[tokio::test(start_paused = true)]
async fn the_file_is_not_opened_before_the_first_row() {
    let (endpoint, state) = (incident(), State::new());
    endpoint.add_fault("latency=60s".parse().unwrap());
    let mut console = Console::open(&endpoint, state.config());
    console.look_at(&stopped(prod()));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!state.file().exists());
    endpoint.clear_faults();
    let view = stopped(prod());
    let ready = |snapshot: &Snapshot| snapshot.feeds.get(&view).is_some_and(|feed| feed.phase == Phase::Ready);
    console.until(ready).await;
    assert!(state.file().exists());
}
