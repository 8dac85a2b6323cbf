#[test]
fn dump() {
    use super::*;
    use crate::demo::scenario::Scenario;
    use serde_json::json;
    let mut world = World::new(Scenario::Incident, 1, 1_764_000_000_000);
    let mut out = serde_json::Map::new();
    let mut go = |world: &mut World, label: &str, op: &str, input: Value| -> Value {
        let answer = call(world, op, &input).unwrap();
        let answer = answer.unwrap_or_else(|e| panic!("{op} {e:?}"));
        out.insert(format!("{op} {label}"), answer.clone());
        answer
    };
    let clusters = go(&mut world, "", "ListClusters", json!({}));
    go(
        &mut world,
        "",
        "DescribeClusters",
        json!({"clusters": clusters["clusterArns"], "include": ["TAGS","SETTINGS","STATISTICS","CONFIGURATIONS","ATTACHMENTS"]}),
    );
    for cluster in ["prod", "staging", "batch"] {
        let services = go(&mut world, cluster, "ListServices", json!({"cluster": cluster, "maxResults": 100}));
        for (i, chunk) in services["serviceArns"].as_array().unwrap().chunks(10).enumerate() {
            let d = go(
                &mut world,
                &format!("{cluster} {i}"),
                "DescribeServices",
                json!({"cluster": cluster, "services": chunk, "include": ["TAGS"]}),
            );
            let arns: Vec<_> =
                d["services"].as_array().unwrap().iter().map(|s| s["currentServiceDeployment"].clone()).collect();
            go(
                &mut world,
                &format!("{cluster} {i}"),
                "DescribeServiceDeployments",
                json!({"serviceDeploymentArns": arns}),
            );
            let arns: Vec<_> = d["services"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s["currentServiceRevisions"][0]["arn"].clone())
                .collect();
            go(&mut world, &format!("{cluster} {i}"), "DescribeServiceRevisions", json!({"serviceRevisionArns": arns}));
        }
        for status in ["RUNNING", "STOPPED"] {
            let tasks = go(
                &mut world,
                &format!("{cluster} {status}"),
                "ListTasks",
                json!({"cluster": cluster, "desiredStatus": status}),
            );
            if tasks["taskArns"].as_array().unwrap().is_empty() {
                continue;
            }
            go(
                &mut world,
                &format!("{cluster} {status}"),
                "DescribeTasks",
                json!({"cluster": cluster, "tasks": tasks["taskArns"], "include": ["TAGS"]}),
            );
        }
        let i = go(&mut world, cluster, "ListContainerInstances", json!({"cluster": cluster}));
        go(
            &mut world,
            cluster,
            "DescribeContainerInstances",
            json!({"cluster": cluster, "containerInstances": i["containerInstanceArns"], "include": ["TAGS","CONTAINER_INSTANCE_HEALTH"]}),
        );
        go(&mut world, cluster, "DescribeCapacityProviders", json!({"cluster": cluster, "include": ["TAGS"]}));
        go(&mut world, cluster, "ListAttributes", json!({"cluster": cluster, "targetType":"container-instance"}));
    }
    go(&mut world, "", "ListTaskDefinitions", json!({}));
    go(&mut world, "", "ListTaskDefinitionFamilies", json!({}));
    go(&mut world, "", "DescribeTaskDefinition", json!({"taskDefinition": "payments", "include":["TAGS"]}));
    go(&mut world, "", "DescribeTaskDefinition", json!({"taskDefinition": "orders-api", "include":["TAGS"]}));
    go(&mut world, "", "ListAccountSettings", json!({}));
    go(&mut world, "", "ListServiceDeployments", json!({"service": "orders-api", "cluster":"prod"}));
    go(&mut world, "", "DescribeTaskSets", json!({"service": "orders-api", "cluster":"prod"}));
    go(&mut world, "", "ListServicesByNamespace", json!({"namespace": "ns-prod"}));
    go(
        &mut world,
        "",
        "UpdateService",
        json!({"service": "orders-api", "cluster":"prod", "desiredCount": 3, "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": false, "rollback": false}}}),
    );
    let t = go(&mut world, "w", "ListTasks", json!({"cluster": "prod", "serviceName": "web"}));
    let id = t["taskArns"][0].clone();
    go(&mut world, "w", "UpdateTaskProtection", json!({"cluster": "prod", "tasks": [id], "protectionEnabled": true}));
    go(&mut world, "w", "GetTaskProtection", json!({"cluster": "prod", "tasks": [id]}));
    go(&mut world, "w", "ListTagsForResource", json!({"resourceArn": id}));
    go(
        &mut world,
        "w",
        "ExecuteCommand",
        json!({"cluster": "prod", "task": id, "container": "app", "interactive": true, "command": "sh"}),
    );
    go(&mut world, "w", "StopTask", json!({"cluster": "prod", "task": id, "reason": "because"}));
    go(
        &mut world,
        "w",
        "RunTask",
        json!({"cluster": "batch", "taskDefinition": "nightly-report", "count": 2, "launchType":"FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}}}),
    );
    std::fs::write("/tmp/world-dump.json", serde_json::to_string_pretty(&out).unwrap()).unwrap();
}
