use rstest::rstest;

use super::*;
use crate::resource::{
    Document, Row, deployment::Deployment, instance::HostResource, revision::Definition, service::StrategyItem,
};

fn service() -> Service {
    let primary = Deployment {
        status: Some("PRIMARY".into()),
        task_definition: Some("arn:aws:ecs:eu-west-1:1:task-definition/ranking:8".into()),
        ..Deployment::default()
    };
    Service {
        cluster_name: "prod".into(),
        service_name: "ranking".into(),
        launch_type: Some("EC2".into()),
        deployments: vec![primary],
        ..Service::default()
    }
}

fn revision() -> Revision {
    Revision {
        task_definition_arn: "arn:aws:ecs:eu-west-1:1:task-definition/ranking:8".into(),
        cpu: Some("4096".into()),
        memory: Some("8192".into()),
        described: true,
        ..Revision::default()
    }
}

fn instance(name: &str, cpu: i32, memory: i32) -> Instance {
    Instance {
        container_instance_arn: format!("arn:aws:ecs:eu-west-1:1:container-instance/prod/{name}"),
        ec2_instance_id: Some(name.into()),
        cluster_name: "prod".into(),
        status: Some("ACTIVE".into()),
        agent_connected: true,
        cpu: HostResource { remaining: cpu, registered: 4096 },
        memory: HostResource { remaining: memory, registered: 16_000 },
        availability_zone: Some("eu-west-1a".into()),
        attributes: vec![("ecs.subnet-id".into(), Some(format!("subnet-{name}")))],
        ..Instance::default()
    }
}

/// The nearest miss, and the report.
fn report(service: Service, revision: Revision, instances: &[Instance]) -> (Option<String>, String) {
    let mut rows: Vec<&dyn Row> = instances.iter().map(|instance| instance as &dyn Row).collect();
    rows.extend([&service as &dyn Row, &revision]);
    let known = Known::of(rows, jiff::Timestamp::UNIX_EPOCH);
    let placement = check_placement(&service, &known).expect("all is known");
    let mut document = Document::default();
    placement.write_to(document.section("Placement"));
    (placement.nearest_miss(), format!("{document:?}"))
}

#[test]
fn the_nearest_miss_has_the_most_of_the_scarce_resource() {
    let instances = [instance("i-a", 1024, 12_000), instance("i-b", 2944, 9_000), instance("i-c", 512, 16_000)];
    let (miss, report) = report(service(), revision(), &instances);
    assert_eq!(miss.as_deref(), Some("needs 4096 CPU units; best is i-b with 2944 free"));
    assert!(report.contains("3 of 3 with too little CPU (at most 2944 free): i-a, i-b, …"), "{report}");
}

#[test]
fn cpu_and_memory_may_both_be_short() {
    let (miss, report) = report(service(), revision(), &[instance("i-a", 1024, 4_000)]);
    assert_eq!(miss.as_deref(), Some("needs 4096 CPU and 8192 MiB; closest is i-a: 1024 and 4000"));
    assert!(report.contains("too little memory (at most 4000 MiB free)"), "{report}");
}

#[test]
fn a_task_larger_than_any_instance_is_reported() {
    let large = Revision { cpu: Some("8192".into()), ..revision() };
    let (miss, report) = report(service(), large, &[instance("i-a", 4096, 16_000)]);
    assert_eq!(miss.as_deref(), Some("needs 8192 CPU units; best is i-a with 4096 free"));
    assert!(report.contains("the largest has 4096"), "{report}");
}

#[rstest]
#[case::draining(|i: &mut Instance| i.status = Some("DRAINING".into()), "closest is i-a, which is draining")]
#[case::agent(|i: &mut Instance| i.agent_connected = false, "closest is i-a, whose agent is disconnected")]
#[case::port(|i: &mut Instance| i.ports = vec![22, 8080], "needs host port 8080; it is taken on i-a")]
#[case::attribute(|i: &mut Instance| i.attributes.retain(|(name, _)| name != "efs"), "closest is i-a, which lacks efs")]
#[case::constraint(
    |i: &mut Instance| i.attributes.retain(|(name, _)| name != "disk"),
    "closest is i-a, which fails attribute:disk == ssd"
)]
#[case::two(
    |i: &mut Instance| { i.agent_connected = false; i.cpu.remaining = 100 },
    "closest is i-a, whose agent is disconnected, and 1 more"
)]
fn every_lack_is_named(#[case] spoil: fn(&mut Instance), #[case] miss: &str) {
    let attribute = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
    let container = Definition { host_ports: vec![(8080, "tcp".into())], ..Definition::default() };
    let revision = Revision {
        containers: vec![container],
        requires_attributes: vec![attribute("efs", None)],
        placement_constraints: vec!["attribute:disk == ssd".into()],
        ..revision()
    };
    let mut sound = instance("i-a", 4096, 16_000);
    sound.attributes.extend([attribute("efs", None), attribute("disk", Some("ssd"))]);
    let mut spoilt = sound.clone();
    spoil(&mut spoilt);
    assert_eq!(report(service(), revision.clone(), &[spoilt]).0.as_deref(), Some(miss));
    assert_eq!(report(service(), revision, &[sound]).0, None);
}

#[test]
fn a_task_with_awsvpc_needs_no_host_ports_but_a_subnet_in_the_zone() {
    let container = Definition { host_ports: vec![(8080, "tcp".into())], ..Definition::default() };
    let revision = Revision { network_mode: Some("awsvpc".into()), containers: vec![container], ..revision() };
    let mut here = instance("i-a", 4096, 16_000);
    here.ports = vec![8080];
    let there = Instance { availability_zone: Some("eu-west-1b".into()), ..instance("i-b", 4096, 16_000) };
    let service = Service { subnets: vec!["subnet-i-b".into()], ..service() };
    let (miss, report) = report(service, revision, &[here, there]);
    assert_eq!(miss, None);
    assert!(report.contains("1 of 2 in a zone without a subnet of the service: i-a"), "{report}");
    assert!(report.contains("i-b would fit now"), "{report}");
}

#[test]
fn instances_of_other_capacity_providers_do_not_count() {
    let service = Service {
        capacity_providers: vec![StrategyItem { capacity_provider: "big".into(), weight: 1, base: 0 }],
        ..service()
    };
    let small = Instance { capacity_provider_name: Some("small".into()), ..instance("i-a", 4096, 16_000) };
    let big = Instance { capacity_provider_name: Some("big".into()), ..instance("i-b", 4095, 16_000) };
    let (miss, report) = report(service, revision(), &[small, big]);
    assert_eq!(miss.as_deref(), Some("needs 4096 CPU units; best is i-b with 4095 free"));
    assert!(report.contains("1 of 2 of another capacity provider: i-a"), "{report}");
}

#[test]
fn without_instances_or_a_task_definition_there_is_no_report() {
    let (service, revision, instance) = (service(), revision(), instance("i-a", 0, 0));
    let rows: [&[&dyn Row]; 2] = [&[&service, &instance], &[&service, &revision]];
    for rows in rows {
        let known = Known::of(rows.iter().copied(), jiff::Timestamp::UNIX_EPOCH);
        assert!(check_placement(&service, &known).is_none());
    }
}
