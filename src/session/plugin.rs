//! Sessions in AWS's session-manager-plugin: a fallback for what the built-in protocol can't do.
//! <https://github.com/aws/session-manager-plugin>

use std::{future::pending, io, process::Stdio, time::Duration};

use serde_json::json;
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};

use super::{
    client::Gateway,
    gateway::{self, AwsGateway, ExecRequest},
    terminal::SessionOutcome,
    version::AgentVersion,
};
use crate::{aws::Clients, resource::container::ExecTarget};

const PLUGIN: &str = "session-manager-plugin";
/// The variable through which the plugin takes the session. In an argument its token would stand in the list of processes.
const SESSION_VARIABLE: &str = "AWS_SSM_START_SESSION_RESPONSE";
/// The last version that does not read the variable.
const LAST_WITHOUT_VARIABLE: [u64; 4] = [1, 2, 497, 0];
/// How long the plugin may take to say its version, and AWS to end a session.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs a command in a container, in the plugin on this terminal, until it ends, `within` has passed, or `stopped` says why
/// the task has stopped. `None` if it has not ended in time. Two calls.
///
/// # Errors
///
/// If there is no plugin, it is too old, or AWS starts no session.
pub async fn run(
    clients: &Clients,
    target: &ExecTarget,
    command: &str,
    within: Option<Duration>,
    stopped: impl Future<Output = String>,
) -> Result<Option<SessionOutcome>, String> {
    require_version().await?;
    // The terminal's own signals are for the command.
    let ignored = [SignalKind::interrupt(), SignalKind::quit()].map(signal);
    let credentials = clients.credentials().await.map_err(|failure| failure.with_advice())?;
    let request = ExecRequest {
        cluster: target.cluster_name.clone(),
        task: target.task_arn.clone(),
        container: Some(target.container.clone()),
        command: command.to_owned(),
    };
    let grant = gateway::execute_command(clients, &request).await.map_err(|failure| failure.with_advice())?;
    let mut plugin = Command::new(PLUGIN);
    plugin
        .args([SESSION_VARIABLE, clients.region(), "StartSession", ""])
        .arg(json!({ "Target": target.session_target() }).to_string())
        .arg(ssm_endpoint(clients))
        .env(SESSION_VARIABLE, grant.plugin_json())
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key())
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE")
        .envs(credentials.session_token().map(|token| ("AWS_SESSION_TOKEN", token)))
        .kill_on_drop(true);
    let gateway = AwsGateway::new(clients.clone(), grant);
    let ended = async { plugin.spawn()?.wait().await };
    let outcome = tokio::select! {
        ended = ended => match ended {
            // Its exit code is 0 whatever has happened.
            Ok(_) => Ok(Some(SessionOutcome {
                reason: "the plugin has ended".to_owned(),
                expected: true,
                exit_code: None,
            })),
            Err(error) => Err(format!("could not run {PLUGIN}: {error}")),
        },
        why = stopped => Ok(Some(SessionOutcome { reason: why, expected: false, exit_code: None })),
        () = pass(within) => Ok(None),
    };
    drop(ignored);
    // A session that has ended already is no error.
    let _ = timeout(PATIENCE, gateway.terminate()).await;
    outcome
}

/// Waits for this time; for ever without one.
async fn pass(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => pending().await,
    }
}

/// Checks that there is a plugin that can be used.
async fn require_version() -> Result<(), String> {
    let asked = Command::new(PLUGIN).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
    let output = match timeout(PATIENCE, asked).await {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(format!("there is no {PLUGIN} on the PATH; leave out --plugin to do without it"));
        }
        Ok(Err(error)) => return Err(format!("could not run {PLUGIN}: {error}")),
        Err(_) => return Err(format!("{PLUGIN} did not say its version within {} s", PATIENCE.as_secs())),
    };
    match AgentVersion(output.clone()).is_newer_than(LAST_WITHOUT_VARIABLE) {
        true => Ok(()),
        false => Err(format!("{PLUGIN} {output} is too old; install a version after 1.2.497.0")),
    }
}

/// The endpoint that the plugin resumes and ends sessions at.
fn ssm_endpoint(clients: &Clients) -> String {
    let region = clients.region();
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    clients.scope.endpoint_url.clone().unwrap_or_else(|| format!("https://ssm.{region}.{domain}"))
}
