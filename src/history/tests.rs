use std::{fs, os::unix::fs::PermissionsExt, thread};

use jiff::SignedDuration;
use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::{
    aws::ScopeId,
    resource::{
        Query, Status, View,
        container::Container,
        deployment,
        deployment::Deployment,
        event,
        event::ServiceEvent,
        query::DAY,
        service::Service,
        task,
        task::{Attachment, Task},
    },
};

pub(super) const NOW: Timestamp = Timestamp::constant(1_769_868_000, 0);

pub(super) fn ago(seconds: i64) -> Timestamp {
    NOW - SignedDuration::from_secs(seconds)
}

pub(super) fn scope() -> ScopeId {
    ScopeId::new("dev", "123456789012", "eu-west-1", "")
}

pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:{name}")
}

/// A task of the service `web` that ended with exit code 1 `age` seconds ago.
pub(super) fn stopped(id: &str, age: i64) -> Task {
    Task {
        task_arn: arn(&format!("task/prod/{id}")),
        cluster_name: "prod".into(),
        group: Some("service:web".into()),
        task_definition_arn: Some(arn("task-definition/web:7")),
        last_status: Some("STOPPED".into()),
        stop_code: Some("EssentialContainerExited".into()),
        stopped_reason: Some("Essential container in task exited".into()),
        stopped_at: Some(ago(age)),
        version: 3,
        containers: vec![Container {
            container_arn: arn(&format!("container/prod/{id}/app")),
            name: "app".into(),
            cluster_name: "prod".into(),
            task_arn: arn(&format!("task/prod/{id}")),
            group: Some("service:web".into()),
            exit_code: Some(1),
            ..Container::default()
        }],
        ..Task::default()
    }
}

/// The task as the history returns it: classified and archived.
fn archived(task: Task) -> Task {
    Task { verdict: Some(record::verdict_of(&task, NOW)), archived: true, ..task }
}

/// The service `web` with events of these ages, newest first, and a deployment.
fn service(ages: &[i64]) -> Service {
    let of = |age: &i64| ServiceEvent {
        id: format!("event-{age}"),
        cluster_name: "prod".into(),
        service_name: "web".into(),
        service_arn: arn("service/prod/web"),
        created_at: Some(ago(*age)),
        message: format!("(service web) was unable to place a task, {age}"),
        ..ServiceEvent::default()
    };
    Service {
        service_arn: arn("service/prod/web"),
        service_name: "web".into(),
        cluster_name: "prod".into(),
        events: ages.iter().map(of).collect(),
        deployments: vec![Deployment {
            id: "ecs-svc/1".into(),
            cluster_name: "prod".into(),
            service_name: "web".into(),
            service_arn: arn("service/prod/web"),
            created_at: Some(ago(90)),
            failed_tasks: 2,
            ..Deployment::default()
        }],
        ..Service::default()
    }
}

pub(super) fn first(row: impl Row) -> Observation {
    Observation { row: Arc::new(row), before: None }
}

fn tasks(query: Query) -> View {
    View::new(&task::KIND, Query { status: Status::Stopped, ..query })
}

fn prod() -> View {
    tasks(Query::cluster("prod"))
}

fn open(folder: &TempDir) -> (History, Option<String>) {
    History::open(HistoryConfig::in_folder(folder.path(), HistoryLimits::default()), NOW)
}

/// Opens a history, without a notice.
pub(super) fn opened(folder: &TempDir) -> History {
    let (history, notice) = open(folder);
    assert_eq!(notice, None);
    history
}

pub(super) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn ids(history: &mut History, view: &View) -> Vec<String> {
    let loaded = history.archived_rows(&scope(), view, NOW).expect("loaded");
    loaded.rows.iter().map(|row| row.id().rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn recorded_rows_are_restored_completely_and_as_archived() {
    let folder = folder();
    let attachments = vec![Attachment { kind: "ElasticNetworkInterface".into(), ..Attachment::default() }];
    let task = Task { attachments, tags: vec![("team".into(), "shop".into())], ..stopped("t1", 60) };
    let service = service(&[30]);
    let mut history = opened(&folder);
    history.record(&scope(), &[first(task.clone()), first(service.clone())], NOW).expect("recorded");
    drop(history);

    let mut history = opened(&folder);
    let web_view = |kind| View::new(kind, Query::service("prod", "web"));
    let mut only = |view: &View| {
        let rows = history.archived_rows(&scope(), view, NOW).expect("loaded").rows;
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0].clone()
    };
    assert!(only(&prod()).same(&archived(task)));
    assert!(only(&web_view(&event::KIND)).same(&ServiceEvent { archived: true, ..service.events[0].clone() }));
    assert!(only(&web_view(&deployment::KIND)).same(&Deployment { archived: true, ..service.deployments[0].clone() }));
}

#[test]
fn running_tasks_are_not_recorded() {
    let folder = folder();
    let mut history = opened(&folder);
    let running = Task { last_status: Some("RUNNING".into()), ..stopped("t1", 60) };
    history.record(&scope(), &[first(running)], NOW).expect("recorded");
    assert_eq!(ids(&mut history, &prod()), Vec::<String>::new());
}

#[rstest]
#[case::newer(Task { version: 4, ..stopped("t", 60) }, true)]
#[case::older(Task { version: 2, ..stopped("t", 60) }, false)]
#[case::fuller(Task { availability_zone: Some("eu-west-1a".into()), ..stopped("t", 60) }, true)]
#[case::poorer(Task { stopped_reason: None, ..stopped("t", 60) }, false)]
#[case::poorer_and_in_no_service(Task { group: None, ..stopped("t", 60) }, false)]
fn the_newer_and_more_complete_observation_of_a_task_wins(#[case] second: Task, #[case] counts: bool) {
    let folder = folder();
    let mut history = opened(&folder);
    for task in [stopped("t", 60), second.clone()] {
        history.record(&scope(), &[first(task)], NOW).expect("recorded");
    }
    let rows = history.archived_rows(&scope(), &prod(), NOW).expect("loaded").rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].same(&archived(second)), counts);
}

#[test]
fn only_new_events_of_a_service_are_recorded() {
    let folder = folder();
    let events = View::new(&event::KIND, Query::service("prod", "web"));
    let mut history = opened(&folder);
    history.record(&scope(), &[first(service(&[50, 60, 70]))], NOW).expect("recorded");
    // One event is deleted, as if too old: the next console must not bring it back.
    history.connection().expect("open").execute("DELETE FROM seen WHERE name = 'event-70'", []).expect("deleted");
    let (before, after) = (service(&[40, 50, 60, 70]), service(&[30, 40, 50, 60]));
    history.record(&scope(), &[first(before.clone())], NOW).expect("recorded");
    history
        .record(&scope(), &[Observation { row: Arc::new(after), before: Some(Arc::new(before)) }], NOW)
        .expect("recorded");
    assert_eq!(ids(&mut history, &events), ["event-30", "event-40", "event-50", "event-60"]);
}

#[test]
fn a_row_of_another_version_is_restored_where_possible() {
    let folder = folder();
    let mut history = opened(&folder);
    history.record(&scope(), &["t1", "t2", "t3"].map(|id| first(stopped(id, 60))), NOW).expect("recorded");
    let body = |name: &str, body: &str| {
        let connection = history.connection.as_ref().expect("open");
        connection.execute("UPDATE seen SET body = ? WHERE name LIKE '%' || ?", [body, name]).expect("written");
    };
    body("t1", r#"{"taskArn": "x/t1", "fromTheFuture": {"a": [1]}, "containers": [{"name": "app", "more": 1}]}"#);
    body("t2", r#"{"taskArn": "x/t2", "version": "not a number"}"#);
    body("t3", "{");
    assert_eq!(ids(&mut history, &prod()), ["t1"]);
}

#[test]
fn accounts_regions_endpoints_and_clusters_are_kept_apart() {
    let folder = folder();
    let mut history = opened(&folder);
    history.record(&scope(), &[first(stopped("t1", 60))], NOW).expect("recorded");
    let elsewhere = ScopeId::new("dev", "123456789012", "eu-central-1", "");
    assert!(history.archived_rows(&elsewhere, &prod(), NOW).expect("loaded").rows.is_empty());
    // An emulator has the account ids, and often the cluster names, of others.
    let emulator = ScopeId::new("dev", "123456789012", "eu-west-1", "http://127.0.0.1:4566");
    assert!(history.archived_rows(&emulator, &prod(), NOW).expect("loaded").rows.is_empty());
    history.record(&emulator, &[first(stopped("t2", 60))], NOW).expect("recorded");
    let in_emulator = history.archived_rows(&emulator, &prod(), NOW).expect("loaded").rows;
    assert_eq!(in_emulator.iter().map(|row| row.name().into_owned()).collect::<Vec<_>>(), ["t2"]);
    // Who looks doesn't matter.
    let same = ScopeId::new("admin", "123456789012", "eu-west-1", "");
    assert_eq!(history.archived_rows(&same, &prod(), NOW).expect("loaded").rows.len(), 1);
    let other = ScopeId::new("dev", "210987654321", "eu-west-1", "");
    assert!(history.archived_rows(&other, &prod(), NOW).expect("loaded").rows.is_empty());
    assert_eq!(ids(&mut history, &tasks(Query::cluster("staging"))), Vec::<String>::new());
    assert_eq!(ids(&mut history, &tasks(Query::default())), ["t1"]);
}

#[test]
fn one_day_is_loaded_unless_the_query_has_a_time_range() {
    let folder = folder();
    let mut history = opened(&folder);
    let ages = [("hour", 3_600), ("day", 86_000), ("week", 600_000)];
    history.record(&scope(), &ages.map(|(id, age)| first(stopped(id, age))), NOW).expect("recorded");
    let mut of = |since: Option<u32>| ids(&mut history, &tasks(Query { since, ..Query::cluster("prod") }));
    assert_eq!(of(None), ["hour", "day"]);
    assert_eq!(of(Some(7_200)), ["hour"]);
    assert_eq!(of(Some(7 * DAY)), ["hour", "day", "week"]);
    assert_eq!(ids(&mut history, &tasks(Query::task("prod", arn("task/prod/week")))), ["week"], "at any age");
}

#[rstest]
#[case(Query::service("prod", "web"), 1)]
#[case(Query::service("prod", "we"), 0)]
#[case(Query { cluster: Some("prod".into()), ..Query::family("web") }, 1)]
#[case(Query { cluster: Some("prod".into()), ..Query::family("web:7") }, 1)]
#[case(Query { cluster: Some("prod".into()), ..Query::family("web:70") }, 0)]
#[case(Query { cluster: Some("prod".into()), ..Query::family("we") }, 0)]
#[case(Query::instance("prod", "arn:instance/1"), 1)]
#[case(Query::instance("prod", "arn:instance/2"), 0)]
fn a_query_filters_archived_rows(#[case] query: Query, #[case] found: usize) {
    let folder = folder();
    let mut history = opened(&folder);
    let task = Task { container_instance_arn: Some("arn:instance/1".into()), ..stopped("t1", 60) };
    history.record(&scope(), &[first(task)], NOW).expect("recorded");
    assert_eq!(ids(&mut history, &tasks(query)).len(), found);
}

#[test]
fn the_newest_rows_are_loaded_and_marked_as_cut() {
    let folder = folder();
    let mut history = opened(&folder);
    let many: Vec<Observation> = (0..2_001).map(|n| first(stopped(&format!("t{n}"), 100 + n))).collect();
    history.record(&scope(), &many[..2_000], NOW).expect("recorded");
    assert!(!history.archived_rows(&scope(), &prod(), NOW).expect("loaded").cut);
    history.record(&scope(), &many[2_000..], NOW).expect("recorded");
    let loaded = history.archived_rows(&scope(), &prod(), NOW).expect("loaded");
    assert_eq!((loaded.rows.len(), loaded.cut), (2_000, true));
    assert!(loaded.rows[0].id().ends_with("/t0") && loaded.rows[1_999].id().ends_with("/t1999"));
}

#[test]
fn concurrent_consoles_lose_no_rows() {
    const CONSOLES: usize = 4;
    const BATCHES: usize = 20;
    let folder = folder();
    thread::scope(|threads| {
        for console in 0..CONSOLES {
            let folder = &folder;
            threads.spawn(move || {
                let mut history = opened(folder);
                for batch in 0..BATCHES {
                    // One of its own, and one that all of them see.
                    let tasks = [format!("own-{console}-{batch}"), format!("common-{batch}")];
                    history.record(&scope(), &tasks.map(|id| first(stopped(&id, 60))), NOW).expect("recorded");
                }
            });
        }
    });
    let path = folder.path().join(FILE);
    assert_eq!(read_usage(&path).expect("readable").expect("there").tasks as usize, CONSOLES * BATCHES + BATCHES);
    assert_eq!(asides(&folder), Vec::<String>::new());
}

#[test]
fn files_are_private_to_the_user() {
    let folder = folder();
    let state = folder.path().join("state");
    let (mut history, _) = History::open(HistoryConfig::in_folder(&state, HistoryLimits::default()), NOW);
    history.record(&scope(), &[first(stopped("t1", 60))], NOW).expect("recorded");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in fs::read_dir(&state).expect("readable").map(|entry| entry.expect("an entry").path()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// Names of the files set aside, without their companions.
fn asides(folder: &TempDir) -> Vec<String> {
    let files = fs::read_dir(folder.path()).expect("readable").map(|entry| entry.expect("an entry").file_name());
    let names = files.map(|name| name.into_string().expect("UTF-8"));
    names.filter(|name| name.contains(".damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")).collect()
}

/// A file with two hundred tasks, as a closed console leaves it.
fn left_behind(folder: &TempDir) -> PathBuf {
    let mut history = opened(folder);
    let many: Vec<Observation> = (0..200).map(|n| first(stopped(&format!("t{n}"), 100 + n))).collect();
    history.record(&scope(), &many, NOW).expect("recorded");
    folder.path().join(FILE)
}

fn overwritten(path: &Path) {
    fs::write(
        path,
        b"this is no database, and it is longer than a hundred bytes, so that nothing takes it for one that \
          has only just been begun",
    )
    .expect("written");
}

/// Turns the tables into those of version 1.
const VERSION_1: &str = "
PRAGMA foreign_keys = OFF;
CREATE TABLE place_1 (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    UNIQUE (account, region, cluster)
);
INSERT INTO place_1 SELECT id, account, region, cluster FROM place;
DROP TABLE place;
ALTER TABLE place_1 RENAME TO place;
PRAGMA user_version = 1;
";

#[test]
fn a_file_of_version_1_is_upgraded_without_loss() {
    let folder = folder();
    let mut history = opened(&folder);
    history.record(&scope(), &[first(stopped("t1", 60))], NOW).expect("recorded");
    let groups = history.failures(&scope(), &Query::cluster("prod"), NOW).expect("counted").len();
    drop(history);
    let path = folder.path().join(FILE);
    Connection::open(&path).expect("opened").execute_batch(VERSION_1).expect("turned back");
    let tasks = read_usage(&path).expect("readable").expect("there").tasks;
    assert_eq!(tasks, 1, "it can be counted before it is brought up to date");

    let (mut history, notice) = open(&folder);
    assert_eq!(notice, None);
    assert_eq!(ids(&mut history, &prod()), ["t1"]);
    assert_eq!(history.failures(&scope(), &Query::cluster("prod"), NOW).expect("counted").len(), groups);
    history.record(&scope(), &[first(stopped("t2", 30))], NOW).expect("recorded");
    assert_eq!(ids(&mut history, &prod()), ["t2", "t1"]);
    let check = Connection::open(&path).expect("opened");
    let broken: i64 =
        check.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).expect("checked");
    assert_eq!(broken, 0);
}

fn newer(path: &Path) {
    Connection::open(path).expect("opened").pragma_update(None, "user_version", 99).expect("written");
}

fn foreign(path: &Path) {
    fs::remove_file(path).expect("removed");
    Connection::open(path).expect("opened").execute_batch("CREATE TABLE songs (title)").expect("written");
}

/// Removes a table.
fn missing_table(path: &Path) {
    Connection::open(path).expect("opened").execute_batch("DROP TABLE seen").expect("written");
}

#[rstest]
#[case::damaged(overwritten, "damaged", "it is damaged")]
#[case::newer(newer, "newer", "a newer version of ecsight (format 99)")]
#[case::foreign(foreign, "damaged", "belongs to another program")]
fn an_unusable_file_is_set_aside_and_replaced(#[case] damage: fn(&Path), #[case] word: &str, #[case] reason: &str) {
    let folder = folder();
    let path = left_behind(&folder);
    damage(&path);
    let before = fs::read(&path).expect("readable");
    let (mut history, notice) = open(&folder);
    let aside = folder.path().join(format!("{FILE}.{word}-20260131-140000"));
    let notice = notice.expect("a notice");
    assert!(notice.contains(reason) && notice.contains(&aside.display().to_string()), "{notice}");
    assert_eq!(fs::read(&aside).expect("nothing is lost"), before);
    history.record(&scope(), &[first(stopped("new", 60))], NOW).expect("recorded");
    assert_eq!(ids(&mut history, &prod()), ["new"]);
    drop(history);
    assert_eq!(ids(&mut opened(&folder), &prod()), ["new"]);
}

/// Overwrites every page but the first: the file opens, and fails when it is read.
fn corrupt_pages(path: &Path) {
    let mut bytes = fs::read(path).expect("readable");
    bytes[4096..].fill(0xa5);
    fs::write(path, bytes).expect("written");
}

#[rstest]
#[case::corrupt_pages(corrupt_pages)]
#[case::missing_table(missing_table)]
fn damage_found_later_is_recovered_from(#[case] damage: fn(&Path)) {
    let folder = folder();
    damage(&left_behind(&folder));
    let (mut history, mut notice) = open(&folder);
    if notice.is_none() {
        let error = history.archived_rows(&scope(), &prod(), NOW).expect_err("damage");
        notice = history.recover(&error, NOW);
    }
    assert!(notice.is_some_and(|notice| notice.contains("set aside")));
    history.record(&scope(), &[first(stopped("new", 60))], NOW).expect("recorded");
    assert_eq!(ids(&mut opened(&folder), &prod()), ["new"], "it is in the file again");
}

#[test]
fn only_one_of_two_consoles_sets_a_damaged_file_aside() {
    let folder = folder();
    corrupt_pages(&left_behind(&folder));
    let (mut one, mut other) = (open(&folder).0, open(&folder).0);
    let damage = |history: &mut History| history.archived_rows(&scope(), &prod(), NOW).err();
    for history in [&mut one, &mut other] {
        if let Some(error) = damage(history) {
            history.recover(&error, NOW);
        }
        history.record(&scope(), &[first(stopped("new", 60))], NOW).expect("recorded");
    }
    drop((one, other));
    assert_eq!(asides(&folder).len(), 1);
    assert_eq!(ids(&mut opened(&folder), &prod()), ["new"]);
}

#[test]
fn a_file_deleted_while_in_use_is_recreated_with_a_notice() {
    let folder = folder();
    let (mut history, _) = open(&folder);
    history.record(&scope(), &[first(stopped("before", 60))], NOW).expect("recorded");
    for file in fs::read_dir(folder.path()).expect("readable") {
        fs::remove_file(file.expect("a file").path()).expect("removed");
    }
    let error = history.record(&scope(), &[first(stopped("lost", 60))], NOW).expect_err("the file is gone");
    let notice = history.recover(&error, NOW);
    assert!(notice.is_some_and(|notice| notice.contains("deleted while in use")));
    history.record(&scope(), &[first(stopped("after", 60))], NOW).expect("recorded");
    drop(history);
    assert_eq!(ids(&mut opened(&folder), &prod()), ["after"]);
}

#[test]
fn a_readable_file_is_made_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = left_behind(&folder);
    let open_to_all = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("ours");
    let beside = path.with_file_name(format!("{FILE}-wal"));
    fs::write(&beside, "").expect("written");
    open_to_all(&path);
    open_to_all(&beside);
    let (mut history, notice) = open(&folder);
    assert_eq!(notice, None);
    history.record(&scope(), &[first(stopped("t1", 60))], NOW).expect("recorded");
    for file in fs::read_dir(folder.path()).expect("readable") {
        let path = file.expect("a file").path();
        let mode = fs::metadata(&path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

#[test]
fn a_pipe_in_place_of_the_file_does_not_block() {
    let folder = folder();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join(FILE)).status().expect("mkfifo");
    assert!(made.success());
    let (mut history, notice) = open(&folder);
    assert!(notice.is_some_and(|notice| notice.starts_with("history is kept in memory only: ")));
    history.record(&scope(), &[first(stopped("t1", 60))], NOW).expect("recorded");
}

#[test]
fn an_unusable_folder_means_history_in_memory() {
    let folder = folder();
    let file = folder.path().join("a-file");
    fs::write(&file, "").expect("written");
    let (mut history, notice) = History::open(HistoryConfig::in_folder(&file, HistoryLimits::default()), NOW);
    assert!(notice.is_some_and(|notice| notice.starts_with("history is kept in memory only: ")));
    history.record(&scope(), &[first(stopped("t1", 60))], NOW).expect("recorded");
    assert_eq!(ids(&mut history, &prod()), ["t1"]);
}

#[test]
fn a_full_disk_means_history_in_memory_with_a_notice() {
    let folder = folder();
    let mut history = opened(&folder);
    let pages: i64 =
        history.connection().expect("open").pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
    history.connection().expect("open").pragma_update(None, "max_page_count", pages).expect("set");
    let many: Vec<Observation> = (0..200).map(|n| first(stopped(&format!("t{n}"), 100 + n))).collect();
    let error = history.record(&scope(), &many, NOW).expect_err("no room");
    let notice = history.recover(&error, NOW).expect("a notice");
    assert!(notice.ends_with("history.db: the disk is full"), "{notice}");
    history.record(&scope(), &many, NOW).expect("recorded");
    assert_eq!(ids(&mut history, &prod()).len(), 200);
}

#[test]
fn a_permanent_lock_means_history_in_memory_with_a_notice() {
    let folder = folder();
    let mut history = opened(&folder);
    let other = Connection::open(folder.path().join(FILE)).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    history.connection().expect("open").busy_timeout(std::time::Duration::ZERO).expect("set");
    let error = history.record(&scope(), &[first(stopped("t1", 60))], NOW).expect_err("locked");
    let notice = history.recover(&error, NOW).expect("a notice");
    assert!(notice.ends_with("another program keeps it locked"), "{notice}");
    history.record(&scope(), &[first(stopped("t1", 60))], NOW).expect("recorded");
}

/// Prunes until nothing is left to do.
pub(super) fn tidy(history: &mut History) {
    let steps = (0..10_000).take_while(|_| history.prune(NOW).expect("tidied")).count();
    assert!(steps < 10_000, "it never ends");
}

#[test]
fn rows_beyond_the_age_limit_are_deleted() {
    let folder = folder();
    let mut history = opened(&folder);
    let days = |days: i64| days * i64::from(DAY);
    let many: Vec<Observation> = (0..1_200).map(|n| first(stopped(&format!("old{n}"), days(31) + n))).collect();
    history.record(&scope(), &many, NOW).expect("recorded");
    history
        .record(&scope(), &[first(stopped("new", days(29))), first(service(&[days(31), days(32)]))], NOW)
        .expect("recorded");
    tidy(&mut history);
    let all = Query { since: Some(u32::MAX), ..Query::default() };
    assert_eq!(ids(&mut history, &tasks(all.clone())), ["new"]);
    assert_eq!(ids(&mut history, &View::new(&event::KIND, all)), Vec::<String>::new());
    let causes: i64 = history
        .connection()
        .expect("open")
        .query_row("SELECT count(*) FROM cause", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(causes, 1, "groups without members go along");
}

#[test]
fn the_oldest_rows_are_deleted_beyond_the_size_limit_and_the_file_shrinks() {
    let folder = folder();
    let config = HistoryConfig::in_folder(folder.path(), HistoryLimits { megabytes: 1, ..HistoryLimits::default() });
    let (mut history, _) = History::open(config, NOW);
    let wordy = |id: &str, age| Task { stopped_reason: Some("because ".repeat(100)), ..stopped(id, age) };
    let many: Vec<Observation> = (0..4_000).map(|n| first(wordy(&format!("t{n}"), 10_000 - n))).collect();
    history.record(&scope(), &many, NOW).expect("recorded");
    tidy(&mut history);
    let stored = ids(&mut history, &tasks(Query { since: Some(DAY), ..Query::cluster("prod") }));
    assert!((300..900).contains(&stored.len()), "{}", stored.len());
    assert_eq!(stored[0], "t3999");
    drop(history);
    let size = fs::metadata(folder.path().join(FILE)).expect("there").len();
    assert!(size < 4 << 20, "{size} bytes");
}

#[test]
fn usage_is_read_without_changing_the_file() {
    let folder = folder();
    let path = folder.path().join(FILE);
    assert_eq!(read_usage(&path), Ok(None));
    left_behind(&folder);
    let mut history = opened(&folder);
    history.record(&scope(), &[first(service(&[1, 2]))], NOW).expect("recorded");
    drop(history);
    let there = read_usage(&path).expect("readable").expect("there");
    assert_eq!((there.tasks, there.events, there.deployments), (200, 2, 1));
    assert_eq!(there.bytes, fs::metadata(&path).expect("there").len());
    overwritten(&path);
    assert_eq!(read_usage(&path), Err("damaged".into()));
}
