//! Conformance of the demo endpoint with an independent client: boto3 and its service models.

use std::path::Path;

use ecsight::demo::{Endpoint, Options, Scenario, Server};
use rstest::rstest;

use crate::support::python::Venv;

const JUDGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/conformance");

#[rstest]
// Time stands still, so that consecutive calls see the same state.
#[case::reading("boto3_reading.py", Scenario::Incident, 0.0)]
// A minute passes in a quarter of a second, so that waiters see tasks start and services deploy.
#[case::changing("boto3_changing.py", Scenario::Calm, 240.0)]
#[case::sessions("boto3_sessions.py", Scenario::Incident, 0.0)]
#[tokio::test(flavor = "multi_thread")]
async fn boto3_accepts_the_answers_of_the_demo_endpoint(
    #[case] suite: &str,
    #[case] scenario: Scenario,
    #[case] speed: f64,
) {
    let venv = tokio::task::spawn_blocking(|| Venv::with("boto3", &["boto3[crt]==1.44.5"])).await.unwrap();
    let Some(venv) = venv else { return };
    let endpoint = Endpoint::new(Options { scenario, speed, quotas: false, ..Options::default() });
    let server = Server::start("127.0.0.1:0".parse().unwrap(), endpoint).await.unwrap();
    let mut judge = tokio::process::Command::from(venv.command("python"));
    judge.arg(Path::new(JUDGES).join(suite)).arg(server.url()).kill_on_drop(true);
    let output = judge.output().await.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("all checks passed"), "{printed}");
    server.stop().await;
}
