//! Placement: where tasks fit, and the messages when they don't.

use super::*;

/// A calm account with three m5.xlarge instances in the cluster prod.
fn calm() -> World {
    World::new(Scenario::Calm, 1, NOW)
}

/// Registers a changed task definition of a service; returns its name.
fn changed(world: &mut World, family: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut definition =
        ok(world, "DescribeTaskDefinition", json!({ "taskDefinition": family }))["taskDefinition"].clone();
    change(&mut definition);
    ok(world, "RegisterTaskDefinition", definition)["taskDefinition"]["taskDefinitionArn"].clone()
}

fn fix_port(definition: &mut Value) {
    definition["containerDefinitions"][0]["portMappings"] = json!([{ "containerPort": 9_000, "hostPort": 9_000 }]);
}

fn run(world: &mut World, definition: &Value, count: u32) -> (usize, Value) {
    let network = json!({ "awsvpcConfiguration": { "subnets": [world.subnet(0)] } });
    let input = json!({
        "cluster": "prod", "taskDefinition": definition, "launchType": "EC2", "count": count,
        "networkConfiguration": network,
    });
    let answer = ok(world, "RunTask", input);
    (answer["tasks"].as_array().unwrap().len(), answer["failures"].clone())
}

fn instances(world: &mut World) -> Vec<Value> {
    let arns = ok(world, "ListContainerInstances", json!({ "cluster": "prod" }))["containerInstanceArns"].clone();
    let input = json!({ "cluster": "prod", "containerInstances": arns });
    ok(world, "DescribeContainerInstances", input)["containerInstances"].as_array().unwrap().clone()
}

fn newest_event(world: &mut World, service: &str) -> String {
    service_of(world, "prod", service)["events"][0]["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_fixed_port_is_used_once_per_instance() {
    let mut world = calm();
    let definition = changed(&mut world, "prod-worker", fix_port);
    let (started, failures) = run(&mut world, &definition, 4);
    assert_eq!((started, &failures[0]["reason"]), (3, &json!("RESOURCE:PORTS")));
    assert!(failures[0]["arn"].as_str().unwrap().contains(":container-instance/prod/"));
    for instance in instances(&mut world) {
        let resources = instance["remainingResources"].as_array().unwrap();
        let ports = &resources.iter().find(|resource| resource["name"] == "PORTS").unwrap()["stringSetValue"];
        assert!(ports.as_array().unwrap().contains(&json!("9000")), "{ports}");
    }

    let input = json!({ "cluster": "prod", "service": "worker", "taskDefinition": definition });
    ok(&mut world, "UpdateService", input);
    pass(&mut world, MINUTE);
    let event = newest_event(&mut world, "worker");
    assert!(event.contains("The closest matching (container-instance "), "{event}");
    assert!(event.contains(") is already using a port required by your task. For more information,"), "{event}");
}

#[test]
fn interfaces_run_out_and_are_attached_to_instances() {
    let mut world = calm();
    let definition = changed(&mut world, "prod-web", |definition| definition["cpu"] = json!("128"));
    let (started, failures) = run(&mut world, &definition, 10);
    assert_eq!((started, &failures[0]["reason"]), (9, &json!("RESOURCE:ENI")));
    pass(&mut world, MINUTE);
    for instance in instances(&mut world) {
        let interfaces = instance["attachments"].as_array().unwrap();
        assert_eq!(interfaces.len(), 3);
        assert!(
            interfaces
                .iter()
                .all(|it| (&it["type"], &it["status"]) == (&json!("ElasticNetworkInterface"), &json!("ATTACHED")))
        );
    }
}

#[test]
fn an_instance_without_agent_is_named_only_if_no_other_is_close() {
    let mut world = calm();
    let definition = json!("prod-worker");
    world.instances[0].agent_connected = false;
    assert_eq!(run(&mut world, &definition, 1).0, 1);
    for instance in &mut world.instances {
        instance.agent_connected = false;
    }
    assert_eq!(run(&mut world, &definition, 1).1[0]["reason"], "AGENT");
    ok(&mut world, "UpdateService", json!({ "cluster": "prod", "service": "worker", "desiredCount": 5 }));
    pass(&mut world, MINUTE);
    let event = newest_event(&mut world, "worker");
    assert!(event.contains(") encountered error \"AGENT\". For more information,"), "{event}");
}

#[test]
fn instances_have_every_attribute_that_definitions_require() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let names = |list: &Value| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|attribute| attribute["name"].clone()).collect()
    };
    let offered: Vec<Vec<Value>> =
        instances(&mut world).iter().map(|instance| names(&instance["attributes"])).collect();
    let families = ok(&mut world, "ListTaskDefinitionFamilies", json!({}))["families"].clone();
    let mut seen = Vec::new();
    for family in families.as_array().unwrap() {
        let answer = ok(&mut world, "DescribeTaskDefinition", json!({ "taskDefinition": family }));
        let required = names(&answer["taskDefinition"]["requiresAttributes"]);
        assert!(offered.iter().all(|offered| required.iter().all(|name| offered.contains(name))), "{required:?}");
        seen.extend(required);
    }
    for name in [
        "ecs.capability.task-eni",
        "ecs.capability.secrets.asm.environment-variables",
        "ecs.capability.storage.ebs-task-attach",
    ] {
        assert!(seen.contains(&json!(name)), "{name}");
    }
}
