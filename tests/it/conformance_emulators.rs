//! Conformance of the console with independent servers. boto3 fills an account on moto and on ministack and lists it; the data
//! layer must show the same.

use std::{collections::BTreeMap, process::Command, sync::Arc, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_types::{SdkConfig, region::Region};
use ecsight::{
    aws::{Access, Budget, Clients, ScopeSpec},
    change::{self, Change, ChangeKind},
    data::{self, Demand, Handle, Snapshot},
    diagnose::Known,
    history::HistoryConfig,
    logs::{Range, Source},
    resource::{
        Kind, Origin, Pace, Query, Row, Status, View, cluster, container, family, instance, revision, service, task,
    },
};
use jiff::Timestamp;
use serde_json::Value;

use crate::support::{
    emulator::{Emulator, MOTO, environment, ministack, moto},
    python::Venv,
    tail_runner::{self, TailRunner},
};

const FILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/conformance/fill_account.py");
const REGION: &str = "eu-west-1";
/// Timeout for data to arrive; only a failing test waits that long.
const LIMIT: Duration = Duration::from_mins(1);

/// Fields that must be equal on both sides, by kind. The first one identifies a row.
#[rustfmt::skip]
const AGREE: &[(&Kind, &[&str])] = &[
    (&cluster::KIND, &["clusterArn", "clusterName", "status", "runningTasksCount", "pendingTasksCount", "registeredContainerInstancesCount"]),
    (&service::KIND, &["serviceArn", "serviceName", "status", "desiredCount", "runningCount", "pendingCount", "launchType", "taskDefinition"]),
    (&task::KIND, &["taskArn", "group", "startedBy", "taskDefinitionArn", "lastStatus", "desiredStatus", "stopCode", "stoppedReason", "cpu", "memory"]),
    (&container::KIND, &["containerArn", "name", "image", "lastStatus", "exitCode"]),
    (&instance::KIND, &["containerInstanceArn", "ec2InstanceId", "status", "runningTasksCount", "pendingTasksCount"]),
    (&revision::KIND, &["taskDefinitionArn", "family", "revision", "status", "networkMode"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_console_shows_what_boto3_sees_on_moto() {
    let Some(emulator) = moto().await else { return };
    let Some(venv) = environment("moto", &[MOTO]).await else { return };
    let account = fill("moto", &emulator, &venv).await;
    assert!(account["instances"]["prod"].as_array().is_some_and(|rows| rows.len() > 10));
    check(&emulator, &account).await;
    for (args, theirs) in [
        (["clusters", "--output=json", "--sort=name"], &account["clusters"]),
        (["services", "--output=json", "--cluster=prod"], &account["services"]["prod"]),
        (["tasks", "--output=json", "--cluster=prod"], &account["running"]["prod"]),
        (["instances", "--output=json", "--cluster=prod"], &account["instances"]["prod"]),
    ] {
        let printed = get(&emulator, &args).await;
        assert_eq!(by_arn(&printed), by_arn(theirs), "ecsight get {args:?}");
    }
}

/// Output of the built program, as a list.
async fn get(emulator: &Emulator, args: &[&str]) -> Value {
    let printed = emulator.run(REGION, &[&["get"], args].concat()).await;
    let mut printed: Value = serde_json::from_slice(&printed).expect("JSON");
    printed
        .as_object_mut()
        .and_then(|object| object.values_mut().next().map(Value::take))
        .expect("a list under its key")
}

/// Rows by ARN, without values that each client writes in its own form: times, and fields that boto3 leaves out as unknown.
fn by_arn(rows: &Value) -> BTreeMap<String, Value> {
    fn plain(value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .filter(|(name, value)| !name.ends_with("At") && !value.is_null())
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect(),
            Value::Array(items) => items.iter().map(plain).collect(),
            other => other.clone(),
        }
    }
    let arn = |row: &Value| {
        let arns = ["taskArn", "serviceArn", "containerInstanceArn", "clusterArn"];
        arns.iter().find_map(|name| row[*name].as_str()).expect("an ARN").to_owned()
    };
    rows.as_array().expect("a list").iter().map(|row| (arn(row), plain(row))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_shows_what_boto3_sees_on_ministack() {
    let Some(emulator) = ministack().await else { return };
    // Its package contains no client.
    let Some(client) = environment("moto", &[MOTO]).await else { return };
    let account = fill("ministack", &emulator, &client).await;
    check(&emulator, &account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_accepts_changes() {
    let Some(emulator) = moto().await else { return };
    let Some(venv) = environment("moto", &[MOTO]).await else { return };
    fill("moto", &emulator, &venv).await;
    changes(&emulator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_ministack_accept_them() {
    let Some(emulator) = ministack().await else { return };
    let Some(client) = environment("moto", &[MOTO]).await else { return };
    fill("ministack", &emulator, &client).await;
    changes(&emulator).await;
}

/// Makes each change that the emulators know, and looks at what came of it.
async fn changes(emulator: &Emulator) {
    let console = Console::on(emulator);
    // Tables are read-only, and the guard is one for all clones of the clients.
    let send = async |change: Arc<dyn Change>| {
        console.clients.access().set(Access::Write);
        change.send(console.clients.clone()).await.expect("accepted");
    };
    let rows = async |kind: &'static Kind| console.rows(View::new(kind, Query::cluster("prod"))).await;
    let make = |kind: &ChangeKind, row: &Arc<dyn Row>, arg: &str| {
        (kind.make)(&**row, arg, &Known::of([&**row], Timestamp::now())).expect("a change")
    };
    let find = |rows: &[Arc<dyn Row>], id: &str| rows.iter().find(|row| row.id() == id).map(|row| row.json());

    let first = rows(&service::KIND).await.remove(0);
    for (kind, arg) in [(&change::RESTART, ""), (&change::SCALE, "7")] {
        send(make(kind, &first, arg)).await;
    }
    let after = find(&rows(&service::KIND).await, first.id()).expect("the service");
    assert_eq!(after["desiredCount"], 7);

    let running = rows(&task::KIND).await.remove(0);
    send(make(&change::STOP_TASK, &running, "")).await;
    let left = find(&rows(&task::KIND).await, running.id());
    assert!(left.is_none_or(|task| task["desiredStatus"] == "STOPPED"));

    let spec = change::RunSpec { token: "a-token".into(), count: 1, ..change::RunSpec::default() };
    let before = rows(&task::KIND).await.len();
    send(make(&change::RUN, &first, &spec.to_arg())).await;
    let tasks = rows(&task::KIND).await;
    assert!(tasks.len() > before || tasks.iter().any(|row| row.json()["startedBy"] == "ecsight"));

    // ministack has no container instances here.
    let Some(host) = rows(&instance::KIND).await.into_iter().next() else { return };
    for (kind, status) in [(&change::DRAIN, "DRAINING"), (&change::ACTIVATE, "ACTIVE")] {
        let now = rows(&instance::KIND).await.into_iter().find(|row| row.id() == host.id()).expect("the instance");
        send(make(kind, &now, "")).await;
        let after = find(&rows(&instance::KIND).await, host.id()).expect("the instance");
        assert_eq!(after["status"], status);
    }
}

/// moto always returns the oldest lines first, and has no late events.
#[tokio::test(flavor = "multi_thread")]
async fn a_tail_shows_lines_written_to_moto() {
    let Some(emulator) = moto().await else { return };
    let clients = Console::on(&emulator).clients;
    let sources: Vec<_> = (0..3).map(|task| tail_runner::source("/ecs/web", task)).collect();
    // The test writes to the account, which the console must not.
    clients.access().set(Access::Write);
    let client = clients.logs(None);
    client.create_log_group().log_group_name("/ecs/web").send().await.expect("a group");
    for source in &sources {
        let stream = client.create_log_stream().log_group_name("/ecs/web").log_stream_name(&source.stream.name);
        stream.send().await.expect("a stream");
    }
    let start = Timestamp::now().as_millisecond();
    write(&clients, &sources, start - 4_000, 0..4_000).await;
    for streams in [1, 3] {
        let set = tail_runner::running(&sources[..streams]);
        let mut tail = TailRunner::with_clock(&clients, Timestamp::now, Range::Newest, None, None, set);
        tail.run_for(8).await;
        let before = tail.texts().len();
        assert!((900..4_000).contains(&before), "{before}");
        let written = Timestamp::now().as_millisecond();
        let next = 4_000 + streams * 90;
        write(&clients, &sources, written, next..next + 90).await;
        tail.run_for(8).await;
        let numbers: Vec<usize> = tail.texts().iter().map(|text| text.parse().expect("a number")).collect();
        let whose = |number: &usize| number % 3 < streams;
        let rounds = [4_090..4_180, 4_270..4_360];
        let written = (numbers[0]..4_000).chain(rounds.into_iter().flatten()).filter(|number| *number < next + 90);
        assert_eq!(numbers, written.filter(whose).collect::<Vec<_>>());
    }
}

/// Writes numbers, one per millisecond, to the streams in turn.
async fn write(clients: &Clients, sources: &[Arc<Source>], start: i64, numbers: std::ops::Range<usize>) {
    let client = clients.logs(None);
    for (place, source) in sources.iter().enumerate() {
        let own = numbers.clone().filter(|number| number % sources.len() == place);
        let events = own.map(|number| {
            let at = start + (number - numbers.start) as i64;
            InputLogEvent::builder().timestamp(at).message(number.to_string()).build().expect("an event")
        });
        let request = client.put_log_events().log_group_name("/ecs/web").log_stream_name(&source.stream.name);
        request.set_log_events(Some(events.collect())).send().await.expect("taken");
    }
}

/// Fills the account and returns it as boto3 lists it.
async fn fill(emulator_name: &str, emulator: &Emulator, client: &Venv) -> Value {
    let mut command: Command = client.command("python");
    command.arg(FILL).arg(emulator_name).arg(emulator.url());
    let output = tokio::process::Command::from(command).kill_on_drop(true).output().await.expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

async fn check(emulator: &Emulator, account: &Value) {
    let console = Console::on(emulator);
    console.compare(&cluster::KIND, Query::default(), &account["clusters"]).await;
    for cluster in ["prod", "staging", "empty"] {
        let of = |status| Query { status, ..Query::cluster(cluster) };
        console.compare(&service::KIND, of(Status::Running), &account["services"][cluster]).await;
        console.compare(&task::KIND, of(Status::Running), &account["running"][cluster]).await;
        console.compare(&task::KIND, of(Status::Stopped), &account["stopped"][cluster]).await;
        let instances = &account["instances"][cluster];
        if !instances.is_null() {
            console.compare(&instance::KIND, of(Status::Running), instances).await;
        }
    }
    let everything = || ["running", "stopped"].into_iter().flat_map(|status| of_prod(account, status));
    let both: Vec<Value> = everything().cloned().collect();
    console.compare(&task::KIND, Query { status: Status::All, ..Query::cluster("prod") }, &both.into()).await;

    let some = &account["running"]["prod"][0];
    let of_task = Query { task: some["taskArn"].as_str().map(Into::into), ..Query::cluster("prod") };
    console.compare(&container::KIND, of_task, &some["containers"]).await;

    let families: Vec<_> = console.rows(View::new(&family::KIND, Query::default())).await;
    let names: Vec<_> = families.iter().map(|row| row.name().into_owned()).collect();
    assert_eq!(Value::from(names), account["families"]);
    let of_web = Query { family: Some("web".into()), ..Query::default() };
    console.compare(&revision::KIND, of_web, &account["revisions"]).await;
}

fn of_prod<'a>(account: &'a Value, status: &str) -> impl Iterator<Item = &'a Value> {
    account[status]["prod"].as_array().into_iter().flatten()
}

/// A console without a screen.
struct Console {
    clients: Clients,
}

impl Console {
    fn on(emulator: &Emulator) -> Self {
        let credentials = Credentials::new("AKIADEMO", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(emulator.url())
            .build();
        Self { clients: Clients::from_config(&config, ScopeSpec::default(), Budget::with_share(1.0)) }
    }

    /// Rows of `view` once all have been fetched.
    async fn rows(&self, view: View) -> Vec<Arc<dyn Row>> {
        let mut handle = data::start(self.clients.clone(), Timestamp::now, HistoryConfig::default());
        let demand = Demand { foreground: Some(view.clone()), slowdown: 1, ..Demand::default() };
        handle.demand.send_replace(demand.clone());
        let rows = until(&mut handle, &view, |snapshot| snapshot.complete(&view)).await;
        if !described_when_visible(&view) {
            return rows;
        }
        let visible = rows.iter().map(|row| row.id().into()).collect();
        handle.demand.send_replace(Demand { visible, ..demand });
        let described = |snapshot: &Snapshot| rows_of(snapshot, &view).iter().all(|row| row.pace() != Pace::Moving);
        until(&mut handle, &view, described).await
    }

    /// Checks that the rows of a view are those of `theirs`, with equal fields.
    async fn compare(&self, kind: &'static Kind, query: Query, theirs: &Value) {
        let fields = AGREE.iter().find(|(known, _)| *known == kind).expect("a kind to compare").1;
        let theirs = theirs.as_array().expect("a list");
        let ours: Vec<Value> = self.rows(View::new(kind, query.clone())).await.iter().map(|row| row.json()).collect();
        assert_eq!(table(&ours, fields), table(theirs, fields), "{kind:?} of {query:?}");
    }
}

async fn until(handle: &mut Handle, view: &View, done: impl Fn(&Snapshot) -> bool) -> Vec<Arc<dyn Row>> {
    let come = handle.snapshots.wait_for(|snapshot| done(snapshot));
    if let Ok(snapshot) = tokio::time::timeout(LIMIT, come).await {
        return rows_of(&snapshot.expect("the data task lives"), view);
    }
    panic!("{view:?} does not come: {:?}", handle.snapshots.borrow().blocking_failure(view));
}

fn rows_of(snapshot: &Snapshot, view: &View) -> Vec<Arc<dyn Row>> {
    snapshot.feeds_of(view).iter().flat_map(|feed| feed.rows.iter()).map(|entry| entry.row.clone()).collect()
}

fn described_when_visible(view: &View) -> bool {
    matches!(view.kind.origin, Origin::Fetched(fetch) if fetch.visible_only(&view.query))
}

/// Fields to compare, by the id in the first one. Emulators write "" where AWS leaves a field out, so an absent field is "".
fn table(rows: &[Value], fields: &[&str]) -> BTreeMap<String, Vec<String>> {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let row = |row: &Value| (text(&row[fields[0]]), fields.iter().map(|field| text(&row[*field])).collect());
    rows.iter().map(row).collect()
}
