use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::resource::secrets::MASK;

fn described(name: &str, task_definition: Value) -> DescribedRevision {
    DescribedRevision { name: name.into(), task_definition, service: None }
}

/// A task definition with one container that has these fields.
fn container(fields: Value) -> Value {
    let mut container = json!({"name": "app"});
    if let (Some(container), Some(fields)) = (container.as_object_mut(), fields.as_object()) {
        container.extend(fields.clone());
    }
    json!({"containerDefinitions": [container]})
}

/// The differences of two task definitions as text, one line each.
fn differences(old: Value, new: Value) -> Vec<String> {
    let diff = Diff::new(&described("web:1", old), &described("web:2", new));
    let line = |line: &DiffLine| {
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        format!("{}: {} > {}", line.path, side(&line.old), side(&line.new))
    };
    diff.shown(false).flat_map(|(_, lines)| lines.into_iter().map(line).collect::<Vec<_>>()).collect()
}

#[rstest]
#[case::image(json!({"image": "web:1"}), json!({"image": "web:2"}), &["image: web:1 > web:2"])]
#[case::variables_by_name(
    json!({"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
    json!({"environment": [{"name": "C", "value": "3"}, {"name": "A", "value": "9"}]}),
    &["environment.A: 1 > 9", "environment.B: 2 > -", "environment.C: - > 3"]
)]
#[case::ports_by_number(
    json!({"portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]}),
    json!({"portMappings": [{"containerPort": 80, "hostPort": 8080, "protocol": "tcp"}]}),
    &["portMappings.80/tcp.hostPort: 80 > 8080"]
)]
#[case::words_of_a_command_in_their_order(
    json!({"command": ["serve", "--port", "80"]}),
    json!({"command": ["serve", "--verbose", "--port", "80"]}),
    &["command: - > --verbose"]
)]
#[case::lines_of_a_script(
    json!({"command": ["sh", "-c", "one\ntwo\nthree"]}),
    json!({"command": ["sh", "-c", "one\n2\nthree"]}),
    &["command: two > 2"]
)]
#[case::values_instead_of_none(
    json!({"mountPoints": []}),
    json!({"mountPoints": [{"containerPath": "/data", "sourceVolume": "data", "readOnly": false}]}),
    &["mountPoints./data.sourceVolume: - > data"]
)]
#[case::another_value_than_the_default(json!({"cpu": 0}), json!({"cpu": 256}), &["cpu: 0 > 256"])]
#[case::secrets_by_reference(
    json!({"secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/a"}]}),
    json!({"secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/b"}]}),
    &["secrets.DB_PASSWORD: arn:aws:ssm:eu-west-1:1:parameter/a > arn:aws:ssm:eu-west-1:1:parameter/b"]
)]
fn fields_of_a_container_are_compared(#[case] old: Value, #[case] new: Value, #[case] expected: &[&str]) {
    assert_eq!(differences(container(old), container(new)), expected);
}

#[rstest]
#[case::filled_in(container(json!({})), container(json!({"cpu": 0, "essential": true, "mountPoints": [], "volumesFrom": []})))]
#[case::timing_of_a_check(
    container(json!({"healthCheck": {"command": ["CMD", "true"]}})),
    container(json!({"healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}}))
)]
#[case::registration(
    json!({"family": "web", "revision": 1, "registeredAt": 1, "registeredBy": "a", "status": "ACTIVE"}),
    json!({"family": "web", "revision": 2, "registeredAt": 2, "registeredBy": "b", "status": "INACTIVE"})
)]
fn what_aws_fills_in_is_no_difference(#[case] old: Value, #[case] new: Value) {
    assert_eq!(differences(old.clone(), new.clone()), [""; 0]);
    assert_eq!(differences(new, old), [""; 0]);
}

#[test]
fn all_lines_are_shown_on_request_with_what_aws_fills_in() {
    let definition = |revision: i32| json!({"cpu": "256", "revision": revision, "placementConstraints": []});
    let diff = Diff::new(&described("web:1", definition(1)), &described("web:2", definition(2)));
    assert_eq!(diff.differences(), 0);
    assert_eq!(diff.summary(false), ["no differences", "3 more lines are the same, or filled in by AWS"]);
    let shown: Vec<_> = diff.shown(true).map(|(title, lines)| (title, lines.len())).collect();
    assert_eq!(shown, [("Task definition", 2), ("Registration", 1)]);
    assert_eq!(diff.summary(true), ["no differences"]);
}

#[test]
fn a_new_container_is_shown_without_defaults() {
    let sidecar = json!({"name": "envoy", "image": "envoy:1", "cpu": 0, "essential": true, "mountPoints": []});
    let old = json!({"containerDefinitions": []});
    assert_eq!(differences(old, json!({"containerDefinitions": [sidecar]})), ["image: - > envoy:1"]);
}

#[test]
fn service_settings_and_digests_are_compared_where_both_sides_have_them() {
    let side = |name: &str, group: &str, digest: &str| DescribedRevision {
        service: Some(json!({
            "serviceRevisionArn": name,
            "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}],
            "containerImages": [{"containerName": "app", "image": "web:latest", "imageDigest": digest}],
        })),
        ..described(name, container(json!({"image": "web:latest"})))
    };
    let (old, new) = (
        side("web:1", "arn:aws:elb:eu:1:targetgroup/blue/1", "sha256:a"),
        side("web:2", "arn:aws:elb:eu:1:targetgroup/green/2", "sha256:b"),
    );
    let diff = Diff::new(&old, &new);
    let paths: Vec<_> = diff.shown(false).flat_map(|(_, lines)| lines).map(|line| &*line.path).collect();
    assert_eq!(paths, ["imageDigest", "loadBalancers"]);
    let alone = DescribedRevision { service: None, ..new };
    assert_eq!(Diff::new(&old, &alone).differences(), 0);
}

#[test]
fn another_secret_value_is_a_difference_that_stays_masked() {
    let variable = |value: &str| container(json!({"environment": [{"name": "DB_PASSWORD", "value": value}]}));
    let expected = format!("environment.DB_PASSWORD: {MASK} > {MASK} (another value)");
    assert_eq!(differences(variable("hunter2"), variable("hunter3")), [expected]);
    assert_eq!(differences(variable("hunter2"), variable("hunter2")), [""; 0]);
}

#[test]
fn the_document_reads_like_a_unified_diff() {
    let old = container(json!({"image": "web:1", "environment": [{"name": "A", "value": "1"}]}));
    let new = container(json!({"image": "web:2", "environment": [{"name": "A", "value": "1"}]}));
    let document = Diff::new(&described("web:1", old), &described("web:2", new)).document(false);
    let text: Vec<String> = document
        .sections
        .iter()
        .flat_map(|section| {
            let lines = section.lines.iter().filter_map(|line| match line {
                crate::resource::document::DocumentLine::Text { spans, .. } => Some(spans[0].0.clone()),
                _ => None,
            });
            std::iter::once(section.title.clone()).chain(lines)
        })
        .collect();
    let expected = [
        "",
        "--- web:1",
        "+++ web:2",
        "Container app",
        "- image  web:1",
        "+ image  web:2",
        "",
        "1 more line is the same, or filled in by AWS",
    ];
    assert_eq!(text, expected);
}

/// A list of objects or of texts, in which the order means nothing.
fn any_set() -> impl Strategy<Value = Value> {
    let pair = ("[A-C]{1,2}", "[a-z]{0,3}").prop_map(|(name, value)| json!({"name": name, "value": value}));
    let port = (1..4, "tcp|udp").prop_map(|(port, protocol)| json!({"containerPort": port, "protocol": protocol}));
    let text = "[a-c]{1,2}".prop_map(Value::String);
    prop::collection::vec(prop_oneof![pair, port, text], 0..5).prop_map(Value::Array)
}

fn any_revision() -> impl Strategy<Value = DescribedRevision> {
    let field =
        prop::sample::select(&["environment", "secrets", "portMappings", "mountPoints", "links", "unknown"][..]);
    let containers = prop::collection::vec(prop::collection::btree_map(field, any_set(), 0..4), 0..3);
    let task = prop::collection::btree_map("cpu|memory|status|volumes|tags", any_set(), 0..4);
    (containers, task).prop_map(|(containers, task)| {
        let named = containers.into_iter().enumerate().map(|(index, fields)| {
            let mut container = json!(fields);
            container["name"] = json!(format!("c{index}"));
            container
        });
        let mut definition = json!(task);
        definition["containerDefinitions"] = named.collect();
        described("web:1", definition)
    })
}

/// The same value with every list turned around.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(reversed).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| (name.clone(), reversed(value));
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn a_revision_does_not_differ_from_itself(revision in any_revision()) {
        let diff = Diff::new(&revision, &revision);
        prop_assert_eq!(diff.differences(), 0);
        prop_assert!(diff.sections.iter().flat_map(|section| &section.lines).all(|line| line.same));
    }

    #[test]
    fn the_order_of_sets_makes_no_difference(revision in any_revision()) {
        let turned = described("web:2", reversed(&revision.task_definition));
        prop_assert_eq!(Diff::new(&revision, &turned).differences(), 0);
    }

    #[test]
    fn what_differs_one_way_differs_the_other_way(old in any_revision(), new in any_revision()) {
        let (there, back) = (Diff::new(&old, &new), Diff::new(&new, &old));
        prop_assert_eq!(there.differences() == 0, back.differences() == 0);
        let titles = |diff: &Diff| diff.sections.iter().map(|section| section.title.clone()).collect::<Vec<_>>();
        prop_assert_eq!(titles(&there), titles(&back));
    }

    #[test]
    fn a_secret_value_is_never_shown(
        secrets in prop::collection::vec("[A-Z][A-Z0-9]{18,30}[0-9]X", 2),
        form in prop::sample::select(&["environment", "command", "options", "script", "url", "list"][..]),
    ) {
        let with = |secret: &str| container(match form {
            "environment" => json!({"environment": [{"name": "API_TOKEN", "value": secret}]}),
            "command" => json!({"command": ["serve", "--password", secret, "--verbose"]}),
            "options" => json!({"logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": secret}}}),
            "script" => json!({"command": ["sh", "-c", format!("set -e\nexport DB_PASSWORD={secret}\nserve")]}),
            "url" => json!({"environment": [{"name": "DATABASE", "value": format!("postgres://app:{secret}@db/x")}]}),
            _ => json!({"unknown": [{"token": secret, "other": 1}], "private_key": [secret]}),
        });
        let diff = Diff::new(&described("web:1", with(&secrets[0])), &described("web:2", with(&secrets[1])));
        prop_assert!(diff.differences() > 0 || secrets[0] == secrets[1]);
        let shown = format!("{:?} {:?}", diff, diff.document(true));
        prop_assert!(secrets.iter().all(|secret| !shown.contains(&**secret)), "{}", shown);
    }
}
