//! The demo endpoint judged by a client nobody here wrote: boto3, and the service models it carries.

use ecsight::demo::{Endpoint, Options, Server};

use crate::support::python::Venv;

const JUDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/judges/boto3_demo.py");

#[tokio::test(flavor = "multi_thread")]
async fn boto3_finds_the_account_as_aws_would_have_it() {
    let venv = tokio::task::spawn_blocking(|| Venv::with("boto3", &["boto3==1.44.5"])).await.unwrap();
    let Some(venv) = venv else { return };
    // Fast enough for waiters to see tasks start and stop within seconds.
    let endpoint = Endpoint::new(Options { speed: 60.0, quotas: false, ..Options::default() });
    let server = Server::start("127.0.0.1:0".parse().unwrap(), endpoint).await.unwrap();
    let mut judge = tokio::process::Command::from(venv.command("python"));
    let output = judge.arg(JUDGE).arg(server.url()).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("all checks passed"), "{said}");
    server.stop().await;
}
