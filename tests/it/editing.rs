//! Editing a task definition: from the key through the editor to the registered revision, and every way to fail on it.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use ecsight::{
    aws::{Access, Budget, Clients, ScopeSpec, operation, replace_body},
    demo::{Endpoint, Options},
};
use serde_json::{Value, json};

use crate::support::{
    console::{User, run_console},
    in_process::sdk_config,
    pty::Program,
    requests::mutating,
};

const NARROW: (u16, u16) = (80, 24);

fn sent(user: &User) -> Vec<String> {
    mutating(&user.endpoint)
}

/// The body of the last request of an operation.
fn body(user: &User, operation: &str) -> Value {
    let requests = user.endpoint.requests();
    let last = requests.iter().rev().find(|request| request.operation == operation).expect("a request");
    serde_json::from_slice(&last.input).expect("JSON")
}

/// On a service of prod, with changes allowed.
async fn on_service(user: &mut User, name: &str) {
    user.keys(":services prod\r");
    user.wait_for(name).await;
    user.keys(":write\r");
    user.wait_for("RW").await;
    user.keys(&format!("/^{name}\r"));
    user.wait_for("[1/").await;
}

async fn confirm(user: &mut User) {
    user.wait_for("Cancel").await;
    user.sleep(1).await;
    user.keys("\t\r");
}

fn replaced(from: &'static str, to: &'static str) -> impl FnOnce(&str) -> Result<String, i32> + Send {
    move |text| {
        assert!(text.contains(from), "{text}");
        Ok(text.replacen(from, to, 1))
    }
}

#[tokio::test(start_paused = true)]
async fn an_edited_definition_is_compared_registered_and_deployed() {
    run_console(NARROW, Options::default(), async |mut user| {
        on_service(&mut user, "ranking").await;
        user.will_edit(|text| {
            let names = ["revision", "status", "taskDefinitionArn", "registeredAt", "registeredBy", "compatibilities"];
            assert!(names.iter().all(|name| !text.contains(&format!("\"{name}\""))), "{text}");
            assert!(text.starts_with("{\n  \"family\": \"ranking\""), "{text}");
            Ok(text.replacen("\"value\": \"info\"", "\"value\": \"hunter2\"", 1))
        });
        user.keys("e");
        user.wait_for("--- ranking:4").await;
        user.wait_for("+++ ranking (edited)").await;
        user.wait_for("+ environment.LOG_LEVEL").await;
        assert!(sent(&user).is_empty());
        user.keys("\r");
        user.wait_for("what was edited in ranking:4 becomes the next revision of ranking").await;
        confirm(&mut user).await;
        // It can be deployed at once.
        user.wait_for("a deployment of ranking:5 replaces the tasks of ranking:4").await;
        assert_eq!(sent(&user), ["RegisterTaskDefinition"]);
        let registered = body(&user, "RegisterTaskDefinition");
        assert_eq!(registered["containerDefinitions"][0]["environment"][0]["value"], "hunter2");
        assert!(registered.get("revision").is_none() && registered["family"] == "ranking", "{registered}");
        confirm(&mut user).await;
        user.wait_for("Rollout of ranking").await;
        assert_eq!(sent(&user), ["RegisterTaskDefinition", "UpdateService"]);
        user.keys(":journal\r");
        user.wait_for("accepted  register service ranking in prod").await;
        let journal = fs::read_to_string(user.state.join("journal.jsonl")).expect("a journal");
        assert!(journal.contains("LOG_LEVEL") && !journal.contains("hunter2"), "{journal}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_is_edited_on_its_own() {
    run_console(NARROW, Options::default(), async |mut user| {
        user.keys(":write\r:revisions /^model-training:1\r");
        user.wait_for("[1/").await;
        user.will_edit(replaced("\"cpu\": \"4096\"", "\"cpu\": \"2048\""));
        user.keys(":edit\r");
        user.wait_for("+++ model-training (edited)").await;
        user.keys("\r");
        confirm(&mut user).await;
        user.wait_for("model-training:2 is registered").await;
        user.keys("\x1b:revisions /^model-training\r");
        user.wait_for("model-training:2").await;
        assert_eq!(sent(&user), ["RegisterTaskDefinition"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_text_that_was_not_changed_is_not_registered() {
    run_console(NARROW, Options::default(), async |mut user| {
        on_service(&mut user, "ranking").await;
        user.will_edit(|text| Ok(text.replace("  ", " ")));
        user.keys("e");
        user.wait_for("nothing was changed, and nothing is sent").await;
        assert!(sent(&user).is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_mistake_is_shown_with_its_position_and_nothing_typed_is_lost() {
    run_console(NARROW, Options::default(), async |mut user| {
        on_service(&mut user, "ranking").await;
        user.will_edit(replaced("\"cpu\": \"4096\",", "\"cpu\": \"2048\""));
        user.keys("e");
        user.wait_for("This can't be registered").await;
        user.wait_for("expected `,` or `}`").await;
        user.wait_for("line ").await;
        // The editor opens with what was typed.
        user.will_edit(replaced("\"cpu\": \"2048\"", "\"cpuu\": \"2048\","));
        user.keys("\r");
        user.wait_for("unknown field `cpuu`; did you mean cpu?").await;
        // Later is possible, too.
        user.keys("\x1b");
        user.wait_until_gone("unknown field").await;
        user.will_edit(replaced("\"cpuu\"", "\"cpu\""));
        user.keys("e");
        user.wait_for("continue the draft").await;
        user.keys("\r");
        user.wait_for("+++ ranking (edited)").await;
        user.wait_for("2048").await;
        assert!(sent(&user).is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_starts_over_from_what_is_registered() {
    run_console(NARROW, Options::default(), async |mut user| {
        on_service(&mut user, "ranking").await;
        user.will_edit(replaced("\"4096\"", "\"2048\""));
        user.keys("e");
        user.wait_for("+++ ranking (edited)").await;
        user.keys("\x1be");
        user.wait_for("start over").await;
        user.will_edit(replaced("\"4096\"", "\"4096\""));
        user.keys("start\r");
        user.wait_for("nothing was changed").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_editor_that_fails_changes_nothing_and_keeps_what_was_typed() {
    run_console(NARROW, Options::default(), async |mut user| {
        on_service(&mut user, "ranking").await;
        user.will_edit(|_| Err(1));
        user.keys("e");
        user.wait_for("`vi` ended with exit code 1").await;
        assert!(sent(&user).is_empty());
        user.will_edit(|text| Ok(text.replacen("\"4096\"", "4096", 1)));
        user.keys("e");
        user.wait_for("invalid type: integer `4096`, expected a string").await;
        user.will_edit(|_| Err(1));
        user.keys("\r");
        user.wait_until_gone("invalid type").await;
        user.will_edit(|text| {
            assert!(text.contains("\"cpu\": 4096"), "{text}");
            Err(1)
        });
        user.keys("e");
        user.wait_for("continue the draft").await;
        user.keys("\r");
        user.wait_for("`vi` ended with exit code 1").await;
        assert!(sent(&user).is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_can_not_be_read_is_not_edited() {
    run_console(NARROW, Options::default(), async |mut user| {
        on_service(&mut user, "ranking").await;
        user.add_fault("deny:DescribeTaskDefinition#1");
        user.keys("e");
        user.wait_for("ecs:DescribeTaskDefinition").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_edited_in_a_read_only_scope() {
    run_console(NARROW, Options::default(), async |mut user| {
        user.keys(":services prod /^ranking\r");
        user.wait_for("[1/").await;
        user.keys("e");
        user.wait_for("read-only: `:write` allows changes for 15 minutes").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_can_be_edited_again() {
    run_console(NARROW, Options::default(), async |mut user| {
        on_service(&mut user, "ranking").await;
        user.will_edit(replaced("\"family\": \"ranking\"", "\"family\": \"no good\""));
        user.keys("e");
        user.wait_for("+++ no good (edited)").await;
        user.keys("\r");
        user.wait_for("becomes a revision of a new family").await;
        confirm(&mut user).await;
        user.wait_for("RegisterTaskDefinition: Family cont").await;
        user.will_edit(replaced("\"no good\"", "\"ranking-next\""));
        user.keys("e");
        user.wait_for("continue the draft").await;
        user.keys("\r");
        user.wait_for("+++ ranking-next (edited)").await;
    })
    .await;
}

/// Keeps the last request and answers with an error.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Option<HttpRequest>>>);

impl HttpConnector for Kept {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        *self.0.lock().expect("not poisoned") = Some(request);
        HttpConnectorFuture::ready(Err(ConnectorError::other("kept".into(), None)))
    }
}

#[tokio::test]
async fn the_signature_covers_the_replaced_body() {
    let kept = Kept::default();
    let connector = SharedHttpConnector::new(kept.clone());
    let client = http_client_fn(move |_: &HttpConnectorSettings, _| connector.clone());
    let config = sdk_config(&Endpoint::new(Options::default())).to_builder().http_client(client).build();
    let clients = Clients::from_config(&config, ScopeSpec::default(), Budget::default());
    clients.access().set(Access::Write);
    let given = json!({ "family": "web", "fromTheFuture": true });
    let request = clients.ecs.register_task_definition().customize().mutate_request(replace_body(&given));
    assert!(clients.call(operation::REGISTER_TASK_DEFINITION, request.send()).await.is_err());

    let request = kept.0.lock().expect("not poisoned").take().expect("a request");
    let body = request.body().bytes().expect("a body in memory").to_vec();
    assert_eq!(serde_json::from_slice::<Value>(&body).expect("JSON"), given);
    let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
    assert_eq!(header("content-length"), body.len().to_string());

    // Signs the same request once more.
    let authorization = header("authorization");
    let part = |name: &str| authorization.split(name).nth(1).and_then(|rest| rest.split(',').next()).expect("a part");
    let date = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", header("x-amz-date")).expect("a date");
    let date = date.to_zoned_datetime(jiff::tz::TimeZone::UTC).expect("a time").timestamp();
    let identity = Credentials::new("AKIADEMO", "secret", None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("ecs")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(date.as_second().unsigned_abs()))
        .settings(SigningSettings::default())
        .build()
        .expect("parameters");
    let signed: Vec<&str> = part("SignedHeaders=").split(';').filter(|name| *name != "x-amz-date").collect();
    let host = "demo.invalid".to_owned();
    let headers: Vec<(&str, String)> =
        signed.iter().map(|name| (*name, if *name == "host" { host.clone() } else { header(name) })).collect();
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let signable = SignableRequest::new("POST", request.uri(), headers, SignableBody::Bytes(&body)).expect("a request");
    let (_, signature) = sign(signable, &params.into()).expect("signed").into_parts();
    assert_eq!(part("Signature="), signature);
}

#[test]
fn a_real_editor_gets_the_terminal_and_gives_it_back() {
    let script = tempfile::tempdir().expect("a folder");
    let path = script.path().join("editor");
    let seen = script.path().join("seen");
    let text = format!(
        "printf 'editing %s' \"$1\"; stat -c %a \"$1\" > {seen}; echo \"$1\" >> {seen}; read key; sed -i 's/\"4096\"/\"2048\"/' \"$1\"\n",
        seen = seen.display()
    );
    fs::write(&path, text).expect("written");
    let editor = format!("sh {}", path.display());
    let pty = Program::ecsight(&["demo", "--write", "--command", ":services prod /^ranking"])
        .size(80, 24)
        .env("EDITOR", &editor)
        .start();
    pty.wait_text("[1/");
    pty.keys("e");
    pty.wait_text("editing /");
    pty.wait("the main screen", |screen| !screen.alternate_screen());
    pty.keys("x\r");
    pty.wait_text("+++ ranking (edited)");
    pty.wait("the alternate screen", |screen| screen.alternate_screen() && screen.bracketed_paste());
    let seen = fs::read_to_string(&seen).expect("the editor has run");
    let (mode, file) = seen.trim().split_once('\n').expect("two lines");
    assert_eq!(mode, "600");
    assert!(!std::path::Path::new(file).exists() && file.ends_with("ranking-4.json"), "{file}");
    let mut pty = pty;
    pty.keys(":q\r");
    assert_eq!(pty.exit().exit_code(), 0);
    pty.assert_sane();
}

#[test]
fn a_missing_editor_is_named() {
    let mut pty = Program::ecsight(&["demo", "--write", "--command", ":services prod /^ranking"])
        .size(80, 24)
        .env("VISUAL", "no-such-editor")
        .start();
    pty.wait_text("[1/");
    pty.keys("e");
    pty.wait_text("there is no editor `no-such-editor`; VISUAL or EDITOR names one");
    pty.keys(":q\r");
    assert_eq!(pty.exit().exit_code(), 0);
    pty.assert_sane();
}
