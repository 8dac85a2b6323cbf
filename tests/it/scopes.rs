//! Two accounts whose clusters and services have the same names: nothing of one is taken for the other's.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use ecsight::{
    aws::{Budget, Clients, ScopeId, ScopeSpec},
    data::{self, Demand},
    demo::{Endpoint, Options},
    history::{History, HistoryConfig, HistoryLimits},
    resource::{Query, Status, View, task},
};
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::time::timeout;

use crate::support::{
    console::{OTHER_REGION, User, run_console},
    in_process::{ACCOUNT, OTHER_ACCOUNT, http_client, of_account, sdk_config},
};

const START_MS: i64 = 1_750_000_000_000;
const SIZE: (u16, u16) = (120, 30);

fn now() -> Timestamp {
    Timestamp::from_millisecond(START_MS).expect("a time")
}

/// What the history file below `state` has, as account and ARN.
fn archived(state: &Path) -> Vec<(String, String)> {
    let connection = Connection::open(state.join("history.db")).expect("a history");
    let mut statement = connection
        .prepare("SELECT account, name FROM seen JOIN place ON place.id = seen.place WHERE name LIKE 'arn:%'")
        .expect("its tables");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_account_enters_neither_store_nor_history() {
    let endpoint = Endpoint::new(Options { start_ms: Some(START_MS), ..Options::default() });
    let account = Arc::new(Mutex::new(ACCOUNT));
    let client = of_account(http_client(&endpoint), account.clone());
    let config = sdk_config(&endpoint).into_builder().http_client(client).build();
    let clients = Clients::from_config(&config, ScopeSpec::default(), Budget::default());
    let folder = tempfile::tempdir().expect("a folder");
    let file = HistoryConfig::in_folder(folder.path(), HistoryLimits::default());
    let mut handle = data::start(clients, now, file.clone());
    let stopped = View::new(&task::KIND, Query { status: Status::Stopped, ..Query::cluster("prod") });
    handle.demand.send_replace(Demand { foreground: Some(stopped.clone()), slowdown: 1, ..Demand::default() });
    handle.snapshots.wait_for(|snapshot| snapshot.complete(&stopped)).await.expect("the data layer goes on");

    *account.lock().expect("not poisoned") = OTHER_ACCOUNT;
    let refused = |snapshot: &data::Snapshot| {
        snapshot.connection.failure.as_ref().is_some_and(|failure| failure.is_of_another_account())
    };
    let snapshot = timeout(Duration::from_mins(10), handle.snapshots.wait_for(|snapshot| refused(snapshot))).await;
    let snapshot = Arc::clone(&snapshot.expect("in time").expect("the data layer goes on"));
    assert_eq!(
        snapshot.connection.failure.as_ref().map(|failure| failure.message.as_str()),
        Some("the credentials are now those of account 210987654321, not of 123456789012")
    );
    tokio::time::sleep(Duration::from_mins(10)).await;
    let snapshot = handle.snapshots.borrow().clone();
    let ids: Vec<&str> =
        snapshot.feeds.values().flat_map(|feed| feed.rows.iter().map(|entry| entry.row.id())).collect();
    assert!(ids.iter().any(|id| id.contains(ACCOUNT)), "the rows stay");
    assert!(ids.iter().all(|id| !id.contains(OTHER_ACCOUNT)), "{ids:#?}");
    handle.finish().await;

    let (mut history, _) = History::open(file, now());
    let of = |account: &str| ScopeId::new("dev", account, "eu-west-1", "http://demo.invalid");
    let mut rows = |account: &str| history.archived_rows(&of(account), &stopped, now()).expect("read").rows.len();
    assert!(rows(ACCOUNT) > 0);
    assert_eq!(rows(OTHER_ACCOUNT), 0);
}

/// The stopped tasks of the cluster that is called `prod` in both accounts.
async fn look_at_prod(user: &mut User) {
    user.keys(":stopped prod\r");
    user.wait_for("OutOfMemory").await;
}

/// The JSON of the task under the cursor, where it has ARNs.
async fn json(user: &mut User) -> String {
    user.keys("y");
    user.wait_for("attachments").await;
    user.keys("\x06");
    user.wait_for("clusterArn").await;
    user.shown().text
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_after_the_switch_are_lost_with_the_scope_they_were_for() {
    let mut state = None;
    run_console(SIZE, Options::default(), async |mut user| {
        look_at_prod(&mut user).await;
        user.add_fault("latency:DescribeTasks=4s");
        // Asked for here, answered there.
        user.keys("\x12");
        user.sleep(1).await;
        user.keys(&format!(":region {OTHER_REGION}\r"));
        user.wait_for(OTHER_ACCOUNT).await;
        look_at_prod(&mut user).await;
        user.sleep(30).await;
        let shown = json(&mut user).await;
        assert!(shown.contains(OTHER_ACCOUNT) && !shown.contains(ACCOUNT), "{shown}");
        user.sleep(10).await;
        state = Some(archived(&user.state));
    })
    .await;
    let archived = state.expect("it came so far");
    for account in [ACCOUNT, OTHER_ACCOUNT] {
        assert!(archived.iter().any(|(of, _)| of == account), "{archived:#?}");
    }
    assert!(archived.iter().all(|(account, arn)| arn.contains(account)), "{archived:#?}");
}

#[tokio::test(start_paused = true)]
async fn credentials_of_another_account_begin_another_scope() {
    let mut state = None;
    run_console(SIZE, Options::default(), async |mut user| {
        user.wait_for(ACCOUNT).await;
        look_at_prod(&mut user).await;
        user.keys(":write 1h\r");
        user.wait_for("RW ").await;
        user.sleep(10).await;
        user.set_account(OTHER_ACCOUNT);
        user.wait_for(OTHER_ACCOUNT).await;
        user.wait_for("mode  read-only").await;
        user.keys("!");
        user.wait_for("the credentials are now those of account 210987654321").await;
        user.keys("\x1b");
        // There is no way back.
        user.keys("-");
        user.wait_for("there is no previous view yet").await;
        look_at_prod(&mut user).await;
        let shown = json(&mut user).await;
        assert!(shown.contains(OTHER_ACCOUNT) && !shown.contains(ACCOUNT), "{shown}");
        user.sleep(10).await;
        state = Some(archived(&user.state));
    })
    .await;
    let archived = state.expect("it came so far");
    assert!(archived.iter().any(|(account, _)| account == OTHER_ACCOUNT), "{archived:#?}");
    assert!(archived.iter().all(|(account, arn)| arn.contains(account)), "{archived:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_is_not_sent_with_the_credentials_of_another_account() {
    run_console(SIZE, Options::default(), async |mut user| {
        user.keys(":services prod\r");
        user.wait_for("auth").await;
        user.keys(":write\r");
        user.wait_for("RW").await;
        user.keys("/^auth\r");
        user.wait_for("[1/").await;
        // Without polls, only the change itself can find out.
        user.keys("=");
        user.wait_for("PAUSED").await;
        user.keys("r");
        user.wait_for("Cancel").await;
        user.sleep(1).await;
        user.set_account(OTHER_ACCOUNT);
        user.keys("\t\r");
        user.wait_for("nothing was sent: the credentials are now those of account 210987654321").await;
        let sent = user.endpoint.requests().into_iter().filter(|request| request.operation == "UpdateService").count();
        assert_eq!(sent, 0);
    })
    .await;
}
