//! Random keys over hostile answers, and every hostile row through everything that shows rows.

use std::sync::Arc;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::{SdkConfig, region::Region};
use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    diagnose::{self, Known},
    kinds::KINDS,
    model::screens::text::{json_lines, prose_lines},
    resource::{Context, Fetch, Material, Origin, Query, Row, Status, View, export, task::Task},
};
use jiff::Timestamp;
use rstest::rstest;

use crate::support::{hostile::Hostile, pty::Program, storm::storm};

/// A console on an endpoint, at its first screen.
fn console(url: &str) -> Program {
    Program::ecsight(&["--endpoint-url", url, "--region", "us-east-1"])
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .env("RUST_BACKTRACE", "0")
        .size(80, 24)
}

#[rstest]
#[case(1)]
#[case(2)]
#[tokio::test(flavor = "multi_thread")]
async fn random_keys_over_hostile_answers_never_end_the_console(#[case] seed: u64) {
    let hostile = Hostile::start(seed).await;
    let url = hostile.url.clone();
    let outcome =
        tokio::task::spawn_blocking(move || storm(400, seed, || console(&url))).await.expect("no assertion failed");
    assert!(outcome.panics.is_empty(), "{}", outcome.panics.join("\n"));
    assert!(outcome.leaks.is_empty(), "{:#?}", outcome.leaks);
}

fn clients(url: &str) -> Clients {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("demo", "demo", None, None, "demo")))
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .build();
    Clients::from_config(&config, ScopeSpec::default(), Budget::with_share(1.0))
}

/// Rows of a list, up to the first error.
async fn fetched(clients: &Clients, fetch: &dyn Fetch, query: &Query) -> Vec<Arc<dyn Row>> {
    let Ok(page) = fetch.list(clients, query, None).await else { return Vec::new() };
    let mut rows: Vec<_> = page.ids.iter().filter_map(|id| fetch.stub(id)).collect();
    for ids in page.ids.chunks(fetch.batch().max(1)).filter(|_| fetch.batch() > 0) {
        rows.extend(fetch.describe(clients, query, ids.to_vec()).await.map(|batch| batch.rows).unwrap_or_default());
    }
    rows
}

/// Shows a row in every way.
fn show(row: &dyn Row, view: &View, known: &Known<'_>) {
    let cx = Context { now: known.now, zone: ecsight::resource::Zone::UTC };
    for index in 0..(row.kind().columns)().len() {
        let _ = (row.cell(index, &cx), row.order(index, &cx));
    }
    prose_lines(&row.describe(&cx).masked());
    json_lines(&row.json(), false);
    for lines in [0, 3, 9, u16::MAX] {
        let _ = row.inspect(&cx, lines);
    }
    let _ =
        (row.states(), row.pace(), row.fault(), row.drill(), row.about().is_some(), row.cli(), row.changes(row, &cx));
    prose_lines(&diagnose::explain(row, known).document);
    export::csv(view, export::Csv::Plain, [row], &cx);
    export::table(view, true, true, [row], &cx);
}

#[rstest]
#[tokio::test]
async fn rows_with_extreme_values_can_be_shown(#[values(1, 2, 3, 4, 5, 6)] seed: u64) {
    let hostile = Hostile::start(seed).await;
    let clients = clients(&hostile.url);
    let mut rows: Vec<(View, Arc<dyn Row>)> = Vec::new();
    for kind in KINDS {
        let Origin::Fetched(fetch) = kind.origin else { continue };
        for status in [Status::Running, Status::Stopped] {
            let query = if kind.in_cluster { Query::cluster("one") } else { Query::default() };
            let view = View::new(kind, Query { status, ..query });
            rows.extend(fetched(&clients, fetch, &view.query).await.into_iter().map(|row| (view.clone(), row)));
        }
    }
    assert!(rows.len() > 60, "{} rows", rows.len());
    // With verdicts as in the store, at times before, within and after those of the rows.
    for now in [Timestamp::now(), Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH] {
        let judged: Vec<(View, Arc<dyn Row>)> = rows
            .iter()
            .map(|(view, row)| match row.any().downcast_ref::<Task>().filter(|task| task.stopped()) {
                Some(task) => {
                    let known = Known::of(rows.iter().map(|(_, row)| &**row), now);
                    let verdict = Some(Arc::new(diagnose::diagnose_stop(task, &known)));
                    (view.clone(), Arc::new(Task { verdict, ..task.clone() }) as Arc<dyn Row>)
                }
                None => (view.clone(), row.clone()),
            })
            .collect();
        let known = Known::of(judged.iter().map(|(_, row)| &**row), now);
        let mut all = judged.clone();
        let sources: Vec<Arc<dyn Row>> = judged.iter().map(|(_, row)| row.clone()).collect();
        for kind in KINDS {
            let view = View::new(kind, Query::default());
            let made = match kind.origin {
                Origin::Fetched(_) => Vec::new(),
                Origin::Derived { from, rows } => {
                    sources.iter().filter(|row| row.kind() == from).flat_map(|row| rows(&**row)).collect()
                }
                Origin::Composed(compose) => {
                    let material = Material { rows: &sources, seen: &[], awaited: &[], gaps: &[] };
                    compose.rows(&view.query, &material, &Context { now, zone: ecsight::resource::Zone::UTC })
                }
            };
            all.extend(made.into_iter().map(|row| (view.clone(), row)));
        }
        for (view, row) in &all {
            show(&**row, view, &known);
        }
    }
}
