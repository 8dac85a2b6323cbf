//! Secrets planted in every place of a task definition, a task, a service or a log line must not appear in anything that leaves
//! the console.

use std::sync::Arc;

use ecsight::{
    diagnose::{self, Known},
    model::screens::text::{TextLine, json_lines, prose_lines},
    resource::{
        Context, Query, Row, Status, View,
        container::Container,
        event::ServiceEvent,
        evidence::{Evidence, Excerpt},
        export, markdown,
        revision::{Definition, Revision},
        secrets::{MASK, masked, masked_json},
        service, task,
        task::Task,
    },
    ui::{self, theme::Glyphs},
};
use serde_json::{Value, json};

use crate::support::fixtures;

/// The planted secret: letters and digits, like a token. `%` in the forms below stands for it.
const SECRET: &str = "ZQ7XVR2MK9TLP4WCN8SD";

/// Forms recognised anywhere, by their shape or the words before them.
const FORMS: &[&str] = &[
    "postgres://app:%@db:5432/orders",
    "postgres://app:p/w%@db/orders",
    "mysql -h db -uroot -p% orders",
    "app:%@tcp(db:3306)/orders",
    "Server=db;User Id=app;Password=%;Encrypt=true",
    "host=db user=app password=% dbname=orders",
    r#"{"username":"app","password":"%"}"#,
    r#"{"db_pass":"%"}"#,
    "--password=%",
    "start --password % --verbose",
    "run --db-token '%'",
    "server --api-key %",
    "curl -H 'Authorization: Bearer %' http://localhost/health",
    "curl -u probe:% http://localhost/health",
    "curl --user probe:% http://localhost/health",
    "redis-cli -h cache -a % ping",
    "SMTP_PASS=% sendmail",
    "export SALT=%",
    "cookie: session=%",
    "AKIA%",
    "ASIA%",
    "eyJhbGciOiJIUzI1NiJ9.%.%",
    "-----BEGIN RSA PRIVATE KEY-----\n%\n-----END RSA PRIVATE KEY-----",
    "ghp_%",
    "gho_%",
    "github_pat_%",
    "glpat-%",
    "xoxb-%",
    "sk_live_%",
    "sk-%",
    "https://hooks.slack.com/services/T000/B000/%",
    "https://discord.com/api/webhooks/1/%",
    "https://acme.webhook.office.com/webhookb2/%",
    "https://store.blob.core.windows.net/a?sv=1&sig=%&se=2",
    "https://bucket.s3.amazonaws.com/a?X-Amz-Signature=%",
    "https://deploy:%@registry.example.com/orders:7",
    "deploy:%@registry.example.com/orders:7",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=%==",
];

/// Names of variables, options and fields with secret values.
const NAMES: &[&str] = &[
    "DB_PASSWORD",
    "DB_PASS",
    "SMTP_PASS",
    "PGPASSWORD",
    "SALT",
    "SESSION_COOKIE",
    "HASH_SALT",
    "API_KEY",
    "apiKey",
    "STRIPEKEY",
    "JWT",
    "SENTRY_DSN",
    "OAUTH_TOKEN",
    "BASIC_AUTH",
    "SLACK_WEBHOOK_URL",
    "PRIVATE_KEY_BASE64",
    "apikey",
    "splunk-token",
    "dd_api_key",
    "license_key",
    "http_passwd",
    "hec_token",
];

/// Harmless texts, some of which look a little like secrets.
const HARMLESS: &[&str] = &[
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "arn:aws:ecs:eu-west-1:123456789012:task/prod/0123456789abcdef0123456789abcdef",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/auth-service:2026.01.31-4",
    "registry.example.com/orders@sha256:9b2c1f0e5a7d4c3b8a6e1d2f3c4b5a69788796a5b4c3d2e1f0a9b8c7d6e5f4a3",
    "orders:1.2@sha256:9b2c1f0e5a7d4c3b8a6e1d2f3c4b5a69788796a5b4c3d2e1f0a9b8c7d6e5f4a3",
    "commit 3f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a",
    "max_connections=100",
    "postgres://db:5432/orders",
    "docker run -u 1000:1000 orders",
    "curl -f http://localhost:8080/health || exit 1",
    "author: dana, passes: 12, compass=north",
    "duplicate key value violates unique constraint, Key (id)=(4)",
    "token: expired",
    "Essential container in task exited",
    "java -Xmx1200m -jar /app/orders.jar --server.port=8080",
];

fn planted() -> impl Iterator<Item = String> {
    FORMS.iter().map(|form| form.replace('%', SECRET))
}

fn text(lines: &[TextLine]) -> String {
    lines.iter().map(TextLine::text).collect::<Vec<_>>().join("\n")
}

fn assert_hidden(way: &str, planted: &str, shown: &str) {
    assert!(!shown.contains(SECRET), "{way} shows {planted:?}:\n{shown}");
}

/// A command line as a list of words; a text with line breaks is one word.
fn words(text: &str) -> Vec<&str> {
    if text.contains('\n') { vec![text] } else { text.split(' ').collect() }
}

/// A task definition with `text` in every field.
fn revision(text: &str) -> Revision {
    let container = Definition {
        name: "app".into(),
        image: Some(text.into()),
        command: words(text).into_iter().map(str::to_owned).collect(),
        health_check: vec!["CMD-SHELL".into(), text.into()],
        log_driver: Some("splunk".into()),
        log_options: vec![("splunk-url".into(), text.into())],
        ..Definition::default()
    };
    let arn = "arn:aws:ecs:eu-west-1:481516234217:task-definition/orders:7";
    Revision {
        task_definition_arn: arn.into(),
        family: "orders".into(),
        revision: 7,
        containers: vec![container],
        described: true,
        ..Revision::default()
    }
}

/// A stopped task with `text` in every field.
fn stopped(text: &str) -> Task {
    let container = Container {
        image: Some(text.to_owned()).filter(|text| text.contains("registry")),
        ..fixtures::container("t1", "app", Some(1), Some(text))
    };
    let task = fixtures::stopped("t1", 60, "TaskFailedToStart", text, vec![container]);
    let task = Task { tags: vec![("note".into(), text.into())], ..task };
    Task { verdict: Some(Arc::new(diagnose::diagnose_stop(&task, &Known::default()))), ..task }
}

/// A service with `text` in every field.
fn failing(text: &str) -> service::Service {
    let mut deployment = fixtures::deployment("checkout", "checkout:7", "FAILED", [3, 0, 0], 9, 600);
    deployment.rollout_state_reason = Some(text.into());
    let event = ServiceEvent {
        id: "e1".into(),
        message: text.into(),
        cluster_name: "acme-prod".into(),
        service_name: "checkout".into(),
        created_at: fixtures::ago(30),
        ..ServiceEvent::default()
    };
    service::Service {
        desired_count: 3,
        deployments: vec![deployment],
        events: vec![event],
        tags: vec![("note".into(), text.into())],
        ..fixtures::blank_service("checkout")
    }
}

#[test]
fn no_planted_secret_is_in_a_description_or_an_explanation() {
    let cx = Context { now: fixtures::now(), zone: ecsight::resource::Zone::UTC };
    for planted in planted() {
        let (revision, task, service) = (revision(&planted), stopped(&planted), failing(&planted));
        let rows: [&dyn Row; 4] = [&revision, &task, &service, &task.containers[0]];
        let lines = vec![(fixtures::now(), masked(&planted))];
        let excerpt = Excerpt { container: "app".into(), lines, ..Excerpt::default() };
        let evidence = Evidence { revision: Some(revision.clone()), lines: Some(excerpt), ..Evidence::default() };
        for row in rows {
            let document = row.describe(&cx).masked();
            assert_hidden("describe", &planted, &text(&prose_lines(&document)));
            let mut known = Known::of(rows, fixtures::now());
            known.evidence = Some(&evidence);
            let explanation = diagnose::explain(row, &known);
            assert_hidden("explain", &planted, &text(&prose_lines(&explanation.document)));
            assert_hidden("why", &planted, &ui::printed(&explanation.document, None, Glyphs::new(false), None));
            assert_hidden("why -o markdown", &planted, &markdown::document(&explanation.document, 2));
            assert_hidden("commands", &planted, &explanation.commands.join("\n"));
            let findings = json!({ "causes": explanation.findings.iter().map(|it| &it.cause).collect::<Vec<_>>(),
                "verdict": task.verdict });
            assert_hidden("why -o json", &planted, &masked_json(&findings).to_string());
            assert_hidden("save json", &planted, &masked_json(&row.json()).to_string());
        }
    }
}

#[test]
fn no_planted_secret_is_in_a_saved_table() {
    let cx = Context { now: fixtures::now(), zone: ecsight::resource::Zone::UTC };
    for planted in planted() {
        let task = stopped(&planted);
        let tasks = View::new(&task::KIND, Query { status: Status::Stopped, ..Query::default() });
        let containers = View::new(&ecsight::resource::container::KIND, Query::default());
        for (view, row) in [(tasks, &task as &dyn Row), (containers, &task.containers[0])] {
            assert_hidden("csv", &planted, &export::csv(&view, export::Csv::Plain, [row], &cx));
            assert_hidden("table", &planted, &export::table(&view, true, false, [row], &cx));
        }
    }
}

/// A task definition as JSON of AWS, with `value` under `name` and in every other place.
fn answer(name: &str, value: &str) -> Value {
    let words = words(value);
    json!({
        "containerDefinitions": [{
            "name": "app",
            "image": value,
            "command": words,
            "entryPoint": ["sh", "-c", value],
            "healthCheck": { "command": ["CMD-SHELL", value] },
            "environment": [{ "name": name, "value": value }],
            "logConfiguration": { "logDriver": "awsfirelens", "options": { "Name": "splunk", name: value } },
            "firelensConfiguration": { "type": "fluentbit", "options": { name: value } },
        }],
        "tags": [{ "key": name, "value": value }],
        "overrides": { "containerOverrides": [{ "command": words, "environment": [{ "name": name, "value": value }] }] },
        "stoppedReason": value,
        "containers": [{ "reason": value }],
        "events": [{ "message": value }],
    })
}

#[test]
fn no_planted_secret_is_in_the_json_view() {
    for planted in planted() {
        let answer = answer("NOTE", &planted);
        assert_hidden("json", &planted, &text(&json_lines(&answer, false)));
        assert!(json_lines(&answer, true).iter().any(|line| line.text().contains(SECRET)), "revealing shows {planted}");
    }
}

#[test]
fn all_values_of_secret_names_are_masked() {
    for name in NAMES {
        let answer = json!({
            "environment": [{ "name": name, "value": SECRET }],
            "tags": [{ "key": name, "value": SECRET }],
            "options": { *name: SECRET },
        });
        assert_hidden("json", name, &text(&json_lines(&answer, false)));
        let mut revision = revision("");
        revision.containers[0].log_options = vec![((*name).into(), SECRET.into())];
        let document =
            revision.describe(&Context { now: fixtures::now(), zone: ecsight::resource::Zone::UTC }).masked();
        assert_hidden("describe", name, &text(&prose_lines(&document)));
    }
    for name in ["LOG_LEVEL", "MAX_CONNECTIONS", "AUTHOR", "KEYBOARD", "COMPASS", "PASSENGERS", "key", "log_key", "TZ"]
    {
        let answer = json!({ "environment": [{ "name": name, "value": "harmless" }] });
        assert!(!masked_json(&answer).to_string().contains(MASK), "{name}");
    }
}

#[test]
fn a_flag_and_its_value_may_be_separate_words() {
    for words in
        [["--password", SECRET], ["-password", SECRET], ["--db-token", SECRET], ["-u", "probe:ZQ7XVR2MK9TLP4WCN8SD"]]
    {
        let answer = json!({ "command": ["run", words[0], words[1], "--verbose", "8080"] });
        let shown = masked_json(&answer);
        assert_hidden("json", words[0], &shown.to_string());
        assert_eq!(shown["command"][3], "--verbose");
        assert_eq!(shown["command"][4], "8080");
    }
}

#[test]
fn harmless_text_is_unchanged() {
    for harmless in HARMLESS {
        assert_eq!(masked(harmless), *harmless);
        let answer = answer("NOTE", harmless);
        assert_eq!(masked_json(&answer), answer, "{harmless}");
    }
    let reference = json!({ "secrets": [{ "name": "DB_PASSWORD", "valueFrom": HARMLESS[0] }],
        "repositoryCredentials": { "credentialsParameter": HARMLESS[0] } });
    assert_eq!(masked_json(&reference), reference, "what refers to a secret is none");
}

#[test]
fn all_lines_of_a_log_are_masked() {
    for planted in planted() {
        let report = format!("# Incident\n\n```text\n12:00:01 {planted}\n```\n- {planted}\n");
        assert_hidden("report", &planted, &masked(&report));
    }
}

/// Masking is idempotent, because some texts are masked twice.
#[test]
fn masking_is_idempotent() {
    for text in planted().chain(HARMLESS.iter().map(|text| (*text).to_owned())) {
        let once = masked(&text);
        assert_eq!(masked(&once), once);
    }
}
