//! Application Auto Scaling: the limits of the account's services.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    wire::ApiError,
    world::{ScalingLimits, World},
};

type Answer = Result<Value, ApiError>;

/// The most scalable targets in a page.
const MOST: usize = 50;
const DIMENSION: &str = "ecs:service:DesiredCount";

/// Answers one operation; `None` when there is no such operation.
pub fn call(world: &mut World, operation: &str, input: &Value) -> Option<Answer> {
    (operation == "DescribeScalableTargets").then(|| describe_targets(world, input))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Describe {
    service_namespace: String,
    resource_ids: Vec<String>,
    scalable_dimension: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationException", message)
}

fn describe_targets(world: &World, input: &Value) -> Answer {
    let request =
        Describe::deserialize(input).map_err(|error| ApiError::client("SerializationException", error.to_string()))?;
    if request.service_namespace.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value null at 'serviceNamespace' failed to satisfy constraint: Member must not be null",
        ));
    }
    if request.resource_ids.len() > MOST {
        return Err(invalid(format!("At most {MOST} resource ids can be described.")));
    }
    if request.scalable_dimension.is_some() && request.resource_ids.is_empty() {
        return Err(invalid("Resource IDs must be specified when a scalable dimension is specified."));
    }
    let size = request.max_results.unwrap_or(MOST);
    if !(1..=MOST).contains(&size) {
        return Err(invalid(format!("MaxResults must be between 1 and {MOST}.")));
    }
    let from = match &request.next_token {
        None => 0,
        Some(token) => {
            token.parse().map_err(|_| ApiError::client("InvalidNextTokenException", "The next token is invalid."))?
        }
    };
    let of_services = request.service_namespace == "ecs"
        && request.scalable_dimension.as_deref().is_none_or(|dimension| dimension == DIMENSION);
    let wanted = |id: &String| of_services && (request.resource_ids.is_empty() || request.resource_ids.contains(id));
    let targets: Vec<Value> = world
        .services
        .iter()
        .filter_map(|service| {
            let id = format!("service/{}/{}", world.clusters[service.cluster].name, service.name);
            let limits = service.scaling.filter(|_| wanted(&id))?;
            Some(target_json(world, &id, limits))
        })
        .collect();
    let page: Vec<&Value> = targets.iter().skip(from).take(size).collect();
    let mut answer = json!({ "ScalableTargets": page });
    if targets.len() > from.saturating_add(size) {
        answer["NextToken"] = json!((from + size).to_string());
    }
    Ok(answer)
}

fn target_json(world: &World, id: &str, limits: ScalingLimits) -> Value {
    let account = &world.account_id;
    json!({
        "ServiceNamespace": "ecs",
        "ResourceId": id,
        "ScalableDimension": DIMENSION,
        "MinCapacity": limits.min,
        "MaxCapacity": limits.max,
        "RoleARN": format!(
            "arn:aws:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/\
             AWSServiceRoleForApplicationAutoScaling_ECSService"
        ),
        "CreationTime": limits.registered as f64 / 1_000.0,
        "SuspendedState": {
            "DynamicScalingInSuspended": false,
            "DynamicScalingOutSuspended": false,
            "ScheduledScalingSuspended": false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{ecs, scenario::Scenario};

    const NOW: i64 = 1_764_000_000_000;

    fn describe(world: &mut World, input: Value) -> Answer {
        call(world, "DescribeScalableTargets", &input).unwrap()
    }

    fn ids(answer: &Value) -> Vec<&str> {
        let targets = answer["ScalableTargets"].as_array().unwrap();
        targets.iter().map(|target| target["ResourceId"].as_str().unwrap()).collect()
    }

    #[test]
    fn targets_are_found_by_id_and_come_in_pages() {
        let mut world = World::new(Scenario::Incident, 7, NOW);
        let all = describe(&mut world, json!({ "ServiceNamespace": "ecs" })).unwrap();
        assert_eq!(ids(&all), ["service/prod/web", "service/prod/api-gateway"]);
        let input = json!({ "ServiceNamespace": "ecs", "ResourceIds": ["service/prod/web", "service/prod/auth"] });
        let one = describe(&mut world, input).unwrap();
        assert_eq!(ids(&one), ["service/prod/web"]);
        assert_eq!((&one["ScalableTargets"][0]["MinCapacity"], &one["NextToken"]), (&json!(2), &Value::Null));
        let first = describe(&mut world, json!({ "ServiceNamespace": "ecs", "MaxResults": 1 })).unwrap();
        let input = json!({ "ServiceNamespace": "ecs", "MaxResults": 1, "NextToken": first["NextToken"] });
        assert_eq!(ids(&describe(&mut world, input).unwrap()), ["service/prod/api-gateway"]);
        assert!(ids(&describe(&mut world, json!({ "ServiceNamespace": "rds" })).unwrap()).is_empty());
        let refused = describe(&mut world, json!({})).unwrap_err();
        assert_eq!(refused.code, "ValidationException");
    }

    #[test]
    fn a_count_beyond_the_limits_is_brought_back_after_a_while() {
        let mut world = World::new(Scenario::Incident, 7, NOW);
        let scale = |world: &mut World, count: i64| {
            let input = json!({ "cluster": "prod", "service": "web", "desiredCount": count });
            ecs::call(world, "UpdateService", &input).unwrap().unwrap();
            world.advance_to(world.now_ms + 60_000);
            let before = world.services[0].desired;
            world.advance_to(world.now_ms + 60_000);
            (before, world.services[0].desired)
        };
        assert_eq!(world.services[0].name, "web");
        assert_eq!(scale(&mut world, 12), (12, 10));
        assert_eq!(scale(&mut world, 0), (0, 2));
        assert_eq!(scale(&mut world, 7), (7, 7));
    }
}
