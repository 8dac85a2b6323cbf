use rstest::rstest;

use super::*;
use crate::resource::{
    container::Container,
    revision::Definition,
    service::{Service, StrategyItem},
};

const ARN: &str = "arn:aws:ecs:eu-west-1:1:task-definition/web:5";

fn web() -> Service {
    Service {
        service_arn: "arn:aws:ecs:eu-west-1:1:service/prod/web".into(),
        service_name: "web".into(),
        cluster_name: "prod".into(),
        launch_type: Some("FARGATE".into()),
        platform_version: Some("1.4.0".into()),
        task_definition: Some(ARN.into()),
        subnets: vec!["subnet-1".into(), "subnet-2".into()],
        security_groups: vec!["sg-1".into()],
        assign_public_ip: Some("DISABLED".into()),
        ..Service::default()
    }
}

fn definition(containers: &[(&str, bool)]) -> Revision {
    let containers = containers.iter().map(|(name, essential)| Definition {
        name: (*name).into(),
        essential: *essential,
        ..Definition::default()
    });
    Revision {
        task_definition_arn: ARN.into(),
        family: "web".into(),
        revision: 5,
        described: true,
        containers: containers.collect(),
        ..Revision::default()
    }
}

fn spec() -> RunSpec {
    RunSpec { token: "t-1".into(), count: 1, ..RunSpec::default() }
}

fn run(row: &dyn Row, spec: &RunSpec, others: &[&dyn Row]) -> Result<Arc<dyn Change>, String> {
    let known = Known::of(others.iter().copied().chain([row]), jiff::Timestamp::UNIX_EPOCH);
    make(row, &spec.to_arg(), &known)
}

#[test]
fn a_task_like_a_service_has_its_network_and_capacity() {
    let change = run(&web(), &spec(), &[]).unwrap();
    assert_eq!(
        change.api_call().command(),
        "aws ecs run-task --cluster prod --task-definition web:5 --count 1 --launch-type FARGATE --platform-version 1.4.0 \
         --network-configuration '{\"awsvpcConfiguration\":{\"assignPublicIp\":\"DISABLED\",\
         \"securityGroups\":[\"sg-1\"],\"subnets\":[\"subnet-1\",\"subnet-2\"]}}' --started-by ecsight --client-token t-1"
    );
    assert_eq!(
        change.consequences(),
        [
            "ECS starts 1 task on Fargate, like service web",
            "it belongs to no service: nothing starts it again",
            "network: 2 subnets, 1 security group, no public address",
        ]
    );
    let providers = vec![StrategyItem { capacity_provider: "FARGATE_SPOT".into(), weight: 1, base: 0 }];
    let change = run(&Service { capacity_providers: providers, ..web() }, &spec(), &[]).unwrap();
    let command = change.api_call().command();
    let strategy = r#"--capacity-provider-strategy '[{"base":0,"capacityProvider":"FARGATE_SPOT","weight":1}]'"#;
    assert!(command.contains(strategy) && !command.contains("launch-type"), "{command}");
}

#[test]
fn a_standalone_task_keeps_its_group_and_one_of_a_service_does_not() {
    let task = |group: &str| Task {
        task_arn: "arn:aws:ecs:eu-west-1:1:task/prod/0123456789abcdef0123456789abcdef".into(),
        cluster_name: "prod".into(),
        task_definition_arn: Some(ARN.into()),
        group: Some(group.into()),
        launch_type: Some("FARGATE".into()),
        subnet_id: Some("subnet-9".into()),
        ..Task::default()
    };
    let command = |group: &str| run(&task(group), &spec(), &[&web()]).unwrap().api_call().command();
    let standalone = command("family:web");
    assert!(standalone.contains("--group family:web") && standalone.contains("subnet-9"), "{standalone}");
    let of_service = command("service:web");
    assert!(!of_service.contains("--group") && of_service.contains("sg-1"), "{of_service}");
}

#[test]
fn overrides_are_shown_without_values() {
    let spec = RunSpec {
        command: vec!["sh".into(), "-c".into(), "./migrate --password=hunter2hunter2".into()],
        environment: vec![("TOKEN".into(), "s3cret".into())],
        cpu: Some("512".into()),
        ..spec()
    };
    let change = run(&web(), &spec, &[&definition(&[("app", true), ("envoy", false)])]).unwrap();
    let shown = format!("{} {:?} {change:?}", change.api_call().command(), change.consequences());
    assert!(!shown.contains("s3cret") && !shown.contains("hunter2"), "{shown}");
    assert!(shown.contains(r#""name":"app""#) && shown.contains("app gets TOKEN"), "{shown}");
    assert!(shown.contains("with 512 CPU units"), "{shown}");
}

#[rstest]
#[case(&[("app", true), ("api", true)], None, Err("which container gets the command and the environment? It has app, api"))]
#[case(&[("app", true), ("api", true)], Some("api"), Ok("api"))]
#[case(&[("app", true), ("envoy", false)], None, Ok("app"))]
#[case(&[("app", true)], Some("web"), Err("web:5 has no container `web`; it has app"))]
fn overrides_are_for_the_essential_container(
    #[case] containers: &[(&str, bool)],
    #[case] named: Option<&str>,
    #[case] expected: Result<&str, &str>,
) {
    let spec = RunSpec { command: vec!["true".into()], container: named.map(str::to_owned), ..spec() };
    let change = run(&web(), &spec, &[&definition(containers)]);
    match (change, expected) {
        (Ok(change), Ok(name)) => assert!(change.api_call().command().contains(&format!(r#""name":"{name}""#))),
        (Err(reason), Err(expected)) => assert_eq!(reason, expected),
        (change, expected) => panic!("{change:?} instead of {expected:?}"),
    }
}

#[rstest]
#[case::running("RUNNING", &[("app", None)], ChangeProgress::UnderWay("running".into()), 125)]
#[case::ended("STOPPED", &[("envoy", Some(137)), ("app", Some(0))], ChangeProgress::Settled("exit code 0".into()), 0)]
fn a_run_is_followed_to_the_exit_code_of_its_main_container(
    #[case] status: &str,
    #[case] codes: &[(&str, Option<i32>)],
    #[case] expected: ChangeProgress,
    #[case] exit_code: u8,
) {
    let (service, revision) = (web(), definition(&[("app", true), ("envoy", false)]));
    let known = Known::of([&service as &dyn Row, &revision], jiff::Timestamp::UNIX_EPOCH);
    let change = run_task(&service, &known);
    let arn = "arn:aws:ecs:eu-west-1:1:task/prod/0123456789abcdef0123456789abcdef";
    change.started.set(vec![arn.into()]).unwrap();
    let containers = codes.iter().map(|(name, exit_code)| Container {
        name: (*name).into(),
        exit_code: *exit_code,
        ..Container::default()
    });
    let task = Task {
        task_arn: arn.into(),
        cluster_name: "prod".into(),
        last_status: Some(status.into()),
        containers: containers.collect(),
        ..Task::default()
    };
    let known = Known::of([&task as &dyn Row], jiff::Timestamp::UNIX_EPOCH);
    assert_eq!((change.progress(&known), Change::exit_code(&change, &known)), (expected, exit_code));
    assert_eq!(change.follows().len(), 1);
}

/// The run of one task like `service`.
fn run_task(service: &Service, known: &Known<'_>) -> RunTask {
    RunTask {
        target: ChangeTarget {
            kind: "task definition",
            name: "web:5".into(),
            cluster: "prod".into(),
            arn: String::new(),
        },
        container: container(&spec(), ARN, described(ARN, known)).unwrap(),
        spec: spec(),
        definition: ARN.into(),
        config: like_service(service),
        started: Arc::default(),
    }
}

#[test]
fn reasons_for_tasks_that_were_not_placed_are_counted() {
    let reasons = ["RESOURCE:MEMORY", "AGENT", "RESOURCE:MEMORY"].map(str::to_owned);
    let text = describe_failures(&reasons);
    assert!(
        text.starts_with("2 tasks not placed: RESOURCE:MEMORY (") && text.contains("; 1 task not placed: AGENT"),
        "{text}"
    );
}
