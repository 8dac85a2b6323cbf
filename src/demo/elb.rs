//! Elastic Load Balancing: the target groups of the account's services, and the health of the tasks in them.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    query::Form,
    wire::ApiError,
    world::{Target, TargetGroup, TargetState, World},
};

type Answer = Result<Value, ApiError>;
type Operation = fn(&World, &Form) -> Answer;

const OPERATIONS: [(&str, Operation); 2] =
    [("DescribeTargetGroups", describe_groups), ("DescribeTargetHealth", describe_health)];

/// The most target groups in a page.
const MOST: usize = 400;

/// Answers one operation; `None` when there is no such operation.
pub fn call(world: &mut World, operation: &str, form: &Form) -> Option<Result<Value, ApiError>> {
    let (_, answer) = OPERATIONS.iter().find(|(name, _)| *name == operation)?;
    Some(answer(world, form))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

fn describe_groups(world: &World, form: &Form) -> Answer {
    let (arns, names, balancer) = (form.list("TargetGroupArns"), form.list("Names"), form.get("LoadBalancerArn"));
    let mut groups: Vec<TargetGroup<'_>> = world.target_groups().collect();
    for arn in &arns {
        known(&groups, arn, "One or more target groups not found")?;
    }
    if !names.iter().all(|name| groups.iter().any(|group| group_name(group.arn) == *name)) {
        return Err(ApiError::client("TargetGroupNotFound", "One or more target groups not found"));
    }
    let behind = |group: &TargetGroup<'_>| world.load_balancer_arn(world.services[group.service].cluster);
    if let Some(arn) = balancer
        && !(0..world.clusters.len()).any(|cluster| world.load_balancer_arn(cluster) == arn)
    {
        return Err(ApiError::client("LoadBalancerNotFound", "One or more load balancers not found"));
    }
    groups.retain(|group| {
        (arns.is_empty() || arns.contains(&group.arn))
            && (names.is_empty() || names.contains(&group_name(group.arn)))
            && balancer.is_none_or(|arn| behind(group) == arn)
    });
    groups.sort_unstable_by_key(|group| group.arn);
    let (page, next) = page(form, &groups)?;
    let page: Vec<Value> = page.iter().map(|group| group_json(group, behind(group))).collect();
    let mut answer = json!({ "TargetGroups": page });
    if let Some(last) = next {
        answer["NextMarker"] = json!(BASE64_STANDARD.encode(last.arn));
    }
    Ok(answer)
}

/// The page of sorted `groups` that a request asks for, and its last group if there are more.
fn page<'a, 'w>(
    form: &Form,
    groups: &'a [TargetGroup<'w>],
) -> Result<(&'a [TargetGroup<'w>], Option<&'a TargetGroup<'w>>), ApiError> {
    let size = match form.get("PageSize").map(str::parse) {
        None => MOST,
        Some(Ok(size)) if (1..=MOST).contains(&size) => size,
        Some(_) => return Err(invalid(format!("PageSize must be between 1 and {MOST}"))),
    };
    let start = match form.get("Marker").map(|marker| BASE64_STANDARD.decode(marker)) {
        None => 0,
        Some(Ok(last)) => groups.partition_point(|group| group.arn.as_bytes() <= last.as_slice()),
        Some(Err(_)) => return Err(invalid("Invalid marker")),
    };
    let rest = groups.get(start..).unwrap_or_default();
    Ok(match rest.split_at_checked(size) {
        Some((page, [_, ..])) => (page, page.last()),
        _ => (rest, None),
    })
}

/// The group with an ARN.
fn known<'w>(groups: &[TargetGroup<'w>], arn: &str, missing: &str) -> Result<TargetGroup<'w>, ApiError> {
    if !(arn.starts_with("arn:") && arn.contains(":targetgroup/")) {
        return Err(invalid(format!("'{arn}' is not a valid target group ARN")));
    }
    let group = groups.iter().find(|group| group.arn == arn).copied();
    group.ok_or_else(|| ApiError::client("TargetGroupNotFound", missing))
}

/// The name in `…:targetgroup/NAME/ID`.
fn group_name(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or_default()
}

fn group_json(group: &TargetGroup<'_>, balancer: String) -> Value {
    json!({
        "TargetGroupArn": group.arn,
        "TargetGroupName": group_name(group.arn),
        "Protocol": "HTTP",
        "ProtocolVersion": "HTTP1",
        "Port": group.port,
        "VpcId": World::VPC,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": true,
        "HealthCheckPath": "/healthz",
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 6,
        "Matcher": { "HttpCode": "200" },
        "LoadBalancerArns": [balancer],
        "TargetType": if group.by_address { "ip" } else { "instance" },
        "IpAddressType": "ipv4",
    })
}

fn describe_health(world: &World, form: &Form) -> Answer {
    let arn = form.get("TargetGroupArn").ok_or_else(|| invalid("A target group ARN must be specified"))?;
    let groups: Vec<TargetGroup<'_>> = world.target_groups().collect();
    let group = known(&groups, arn, &format!("Target groups '{arn}' not found"))?;
    let targets = world.targets(group);
    let wanted = wanted(form);
    let described: Vec<Value> = if wanted.is_empty() {
        targets.iter().map(|target| target_json(world, target)).collect()
    } else {
        let of = |(id, port): &(&str, Option<u16>)| {
            let fits = |target: &&Target<'_>| target.id == *id && port.is_none_or(|port| target.port == port);
            let found: Vec<Value> = targets.iter().filter(fits).map(|target| target_json(world, target)).collect();
            if found.is_empty() { vec![unregistered(id, port.unwrap_or(group.port))] } else { found }
        };
        wanted.iter().flat_map(of).collect()
    };
    Ok(json!({ "TargetHealthDescriptions": described }))
}

/// The targets named in a request: ids, and ports if given.
fn wanted(form: &Form) -> Vec<(&str, Option<u16>)> {
    let field = |number: usize, name: &str| form.get(&format!("Targets.member.{number}.{name}"));
    let target = |number| Some((field(number, "Id")?, field(number, "Port").and_then(|port| port.parse().ok())));
    (1..).map_while(target).collect()
}

fn target_json(world: &World, target: &Target<'_>) -> Value {
    let health = |state: &str, reason: &str, description: &str| json!({ "State": state, "Reason": reason, "Description": description });
    let health = match target.state {
        TargetState::Registering => {
            health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
        }
        TargetState::Checking => health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress"),
        TargetState::Healthy => json!({ "State": "healthy" }),
        TargetState::Answers(code) => {
            let description = format!("Health checks failed with these codes: [{code}]");
            health("unhealthy", "Target.ResponseCodeMismatch", &description)
        }
        TargetState::Draining => {
            health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
        }
    };
    let mut own = json!({ "Id": target.id, "Port": target.port });
    if let Some(zone) = target.zone {
        own["AvailabilityZone"] = json!(world.zone(zone));
    }
    json!({
        "Target": own,
        "HealthCheckPort": target.port.to_string(),
        "TargetHealth": health,
        "AdministrativeOverride": {
            "State": "no_override",
            "Reason": "AdministrativeOverride.NoOverride",
            "Description": "No override is currently active on target",
        },
    })
}

/// A requested target that is not registered.
fn unregistered(id: &str, port: u16) -> Value {
    json!({
        "Target": { "Id": id, "Port": port },
        "HealthCheckPort": port.to_string(),
        "TargetHealth": {
            "State": "unused",
            "Reason": "Target.NotRegistered",
            "Description": "Target is not registered to the target group",
        },
    })
}

#[cfg(test)]
mod tests;
