//! A hostile AWS endpoint: its answers have the right form, with extreme and invalid values.
//!
//! Members are present or absent at random; texts are full of escape sequences, direction changes and zero-width characters;
//! numbers and times are at the limits of their ranges; some answers are errors. The same seed and request give the same answer
//! for some seconds, then another one, so that rows change under the cursor. Texts that could act on a terminal contain EVIL, so
//! that tests find them in the output of a console.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};

/// How long an answer stays the same.
const STEADY: Duration = Duration::from_secs(4);
/// Percentage of answers that are errors.
const ERRORS: u64 = 3;

/// Shapes of answers, by name. A word is another shape or a kind of value; a list has up to four of its item.
const SHAPES: &[(&str, &str)] = &[
    (
        "provider",
        r#"{"name":"text","type":"state","status":"state","updateStatus":"state","updateStatusReason":"reason",
            "autoScalingGroupProvider":{"autoScalingGroupArn":"arn","managedScaling":{"status":"state",
            "targetCapacity":"int","instanceWarmupPeriod":"int"},"managedDraining":"state"},"cluster":"arn",
            "managedInstancesProvider":{"infrastructureRoleArn":"arn","propagateTags":"text",
            "infrastructureOptimization":{"scaleInAfter":"int"},"autoRepairConfiguration":{"actionsStatus":"text"}}}"#,
    ),
    (
        "cluster",
        r#"{"clusterArn":"arn","clusterName":"text","status":"text","runningTasksCount":"int","pendingTasksCount":"int",
            "activeServicesCount":"int","registeredContainerInstancesCount":"int","capacityProviders":["text"],
            "settings":[{"name":"text","value":"text"}],"tags":["tag"]}"#,
    ),
    ("tag", r#"{"key":"text","value":"text"}"#),
    (
        "service",
        r#"{"serviceName":"text","status":"state","desiredCount":"int","runningCount":"int","pendingCount":"int",
            "launchType":"text","platformVersion":"text","taskDefinition":"arn","schedulingStrategy":"text",
            "deploymentConfiguration":{"deploymentCircuitBreaker":{"enable":"bool","rollback":"bool"},
                "minimumHealthyPercent":"int","maximumPercent":"int","bakeTimeInMinutes":"int","strategy":"text"},
            "deployments":["deployment"],"events":[{"id":"text","createdAt":"time","message":"reason"}],
            "createdAt":"time","createdBy":"arn","healthCheckGracePeriodSeconds":"int","enableExecuteCommand":"bool",
            "loadBalancers":[{"targetGroupArn":"arn","containerName":"text","containerPort":"int"}],
            "networkConfiguration":{"awsvpcConfiguration":{"subnets":["text"],"securityGroups":["text"]}},"tags":["tag"],
            "placementConstraints":[{"type":"text","expression":"text"}],"currentServiceDeployment":"arn"}"#,
    ),
    (
        "deployment",
        r#"{"id":"text","status":"state","taskDefinition":"arn","desiredCount":"int","pendingCount":"int",
            "runningCount":"int","failedTasks":"int","createdAt":"time","updatedAt":"time","rolloutState":"state",
            "rolloutStateReason":"reason"}"#,
    ),
    (
        "task",
        r#"{"clusterArn":"arn","taskDefinitionArn":"arn","containerInstanceArn":"arn","group":"group","lastStatus":"state",
            "desiredStatus":"state","stopCode":"stop","stoppedReason":"reason","healthStatus":"state","launchType":"text",
            "cpu":"number","memory":"number","createdAt":"time","startedAt":"time","stoppingAt":"time","stoppedAt":"time",
            "executionStoppedAt":"time","pullStartedAt":"time","pullStoppedAt":"time","connectivityAt":"time","version":"long",
            "containers":["container"],"tags":["tag"],"startedBy":"text","availabilityZone":"text",
            "attachments":[{"id":"text","type":"text","status":"state","details":[{"name":"text","value":"text"}]}]}"#,
    ),
    (
        "container",
        r#"{"containerArn":"arn","taskArn":"arn","name":"text","image":"text","imageDigest":"text","runtimeId":"text",
            "lastStatus":"state","exitCode":"int","reason":"reason","healthStatus":"state","cpu":"number","memory":"number",
            "memoryReservation":"number","networkInterfaces":[{"privateIpv4Address":"text","attachmentId":"text"}]}"#,
    ),
    (
        "instance",
        r#"{"ec2InstanceId":"text","status":"state","statusReason":"reason","agentConnected":"bool","runningTasksCount":"int",
            "pendingTasksCount":"int","registeredAt":"time","agentUpdateStatus":"state","capacityProviderName":"text",
            "versionInfo":{"agentVersion":"text","dockerVersion":"text"},
            "remainingResources":["resource"],"registeredResources":["resource"],
            "attributes":[{"name":"text","value":"text"}],"tags":["tag"],
            "healthStatus":{"overallStatus":"state","details":[{"type":"text","status":"state","lastUpdated":"time"}]}}"#,
    ),
    ("resource", r#"{"name":"resource name","type":"text","integerValue":"int","stringSetValue":["number"]}"#),
    (
        "definition",
        r#"{"family":"text","revision":"int","status":"state","cpu":"number","memory":"number","networkMode":"text",
            "registeredAt":"time","registeredBy":"arn","taskRoleArn":"arn","executionRoleArn":"arn",
            "containerDefinitions":[{"name":"text","image":"text","cpu":"int","memory":"int","memoryReservation":"int",
                "essential":"bool","command":["text"],"environment":[{"name":"text","value":"text"}],"startTimeout":"int",
                "stopTimeout":"int","portMappings":[{"containerPort":"int","hostPort":"int","protocol":"text"}],
                "healthCheck":{"command":["text"],"interval":"int","timeout":"int","retries":"int","startPeriod":"int"},
                "logConfiguration":{"logDriver":"text","options":{"awslogs-group":"text","awslogs-stream-prefix":"text"}},
                "resourceRequirements":[{"type":"text","value":"number"}],"secrets":[{"name":"text","valueFrom":"arn"}]}]}"#,
    ),
    (
        "service deployment",
        r#"{"serviceArn":"arn","clusterArn":"arn","status":"state","statusReason":"reason","createdAt":"time",
            "startedAt":"time","finishedAt":"time","updatedAt":"time","lifecycleStage":"state",
            "deploymentCircuitBreaker":{"status":"state","failureCount":"int","threshold":"int"},
            "rollback":{"reason":"reason","startedAt":"time"},"alarms":{"status":"state","triggeredAlarmNames":["text"]}}"#,
    ),
    ("event", r#"{"timestamp":"log time","message":"text","ingestionTime":"log time","eventId":"number"}"#),
];

const TEXTS: &[&str] = &[
    "web",
    "api",
    "checkout",
    "",
    " ",
    "-",
    "\u{1b}]52;c;RVZJTA==\u{7}",
    "\u{1b}]0;EVIL\u{7}",
    "\u{1b}[2J\u{1b}[HEVIL",
    "\u{9b}31mEVIL",
    "EVIL\u{7}",
    "EVIL\r\nEVIL",
    "EVIL\tEVIL",
    "EVIL\0EVIL",
    "\u{7f}EVIL",
    "\u{1b}[?1049lEVIL",
    "\u{1b}cEVIL",
    "\u{1b}(0EVIL",
    "\u{202e}EVIL\u{202c}",
    "\u{2066}EVIL\u{2069}",
    "\u{200b}\u{200f}\u{61c}EVIL",
    "\u{feff}\u{2060}\u{ad}",
    "\u{2028}EVIL",
    "a\u{301}\u{301}\u{301}",
    "👨‍👩‍👧‍👦",
    "日本語",
    "\u{fdfd}",
    "\u{1242b}",
    "𠀀",
    "=1+1",
    "@SUM(1+1)",
    "../../../etc/passwd",
    "a/b/c",
    "arn:aws:ecs:::",
    "*",
    "'\"`$(EVIL)",
    "%s%n",
    "password=EVIL",
    "{}",
    "[]",
    "null",
];

const REASONS: &[&str] = &[
    "Essential container in task exited",
    "OutOfMemoryError: Container killed due to memory usage",
    "CannotPullContainerError: pull image manifest has been retried 5 time(s): EVIL",
    "(service web) has started 99999999999999999999 tasks: (task x).",
    "(service web) has reached a steady state.",
    "(service \u{202e}EVIL) was unable to place a task because no container instance met all of its requirements.",
    "(service web) (instance i-1) is unhealthy in (target-group x) due to (reason y)",
    "(service web) is unable to consistently start tasks successfully.",
    "Task failed ELB health checks in (target-group arn:EVIL)",
    "Your Spot Task was interrupted.",
    "(((((((((((((((((((((((((",
    "\u{1b}]52;c;RVZJTA==\u{7}",
    "",
];

const STATES: &[&str] = &[
    "RUNNING",
    "STOPPED",
    "PENDING",
    "PROVISIONING",
    "ACTIVE",
    "DRAINING",
    "INACTIVE",
    "PRIMARY",
    "FAILED",
    "IN_PROGRESS",
    "COMPLETED",
    "HEALTHY",
    "UNHEALTHY",
    "IMPAIRED",
    "ROLLBACK_IN_PROGRESS",
    "EVIL\u{7}",
];

const STOPS: &[&str] = &[
    "TaskFailedToStart",
    "EssentialContainerExited",
    "UserInitiated",
    "ServiceSchedulerInitiated",
    "SpotInterruption",
    "EVIL",
];

const INTS: &[i64] = &[0, 1, -1, 2, 3, 7, 100, 137, 139, 255, 1_000_000, i32::MAX as i64, i32::MIN as i64];
const LONGS: &[i64] = &[0, 1, -1, i64::MAX, i64::MIN, 1 << 53];
/// Times in seconds: in the years 1 to 9999 and beyond, and near now.
const TIMES: &[f64] = &[
    0.0,
    -1.0,
    253_402_300_799.0,
    253_402_207_200.0,
    253_402_207_199.999,
    253_370_764_799.0,
    -377_705_023_201.0,
    -377_705_116_800.0,
    -62_135_596_800.0,
    4_294_967_296.0,
    1e12,
    -1e10,
    1.5e9,
];

/// A seeded random number generator.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % (end.max(1) as u64)).unwrap_or(0)
    }

    pub fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// The endpoint. It ends when this is dropped.
pub struct Hostile {
    pub url: String,
    serving: JoinHandle<()>,
}

impl Hostile {
    /// Starts it on a free port of loopback.
    pub async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let account = Arc::new(Account { seed, begun: Instant::now() });
        let router = Router::new().route("/", post(answer)).with_state(account);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, serving }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Account {
    seed: u64,
    begun: Instant,
}

async fn answer(State(account): State<Arc<Account>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let turn = account.begun.elapsed().as_secs() / STEADY.as_secs();
    let Some((_, operation)) = target.and_then(|target| target.rsplit_once('.')) else {
        let mut chance = Chance::new((account.seed, &body[..]));
        return query(&body, &mut chance);
    };
    let mut chance = Chance::new((account.seed, operation, &body[..], turn));
    if chance.below(100) < ERRORS as usize {
        let code = chance.one_of(&["ThrottlingException", "AccessDeniedException", "ServerException", "EVIL\u{7}"]);
        let error = json!({ "__type": code, "message": text(&mut chance) });
        return (StatusCode::BAD_REQUEST, error.to_string()).into_response();
    }
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    of_json(operation, &request, &mut chance).to_string().into_response()
}

/// Answers of the two services with XML.
fn query(body: &[u8], chance: &mut Chance) -> Response {
    if String::from_utf8_lossy(body).contains("GetCallerIdentity") {
        return "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:user/&#x202e;EVIL</Arn>\
                <UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            .into_response();
    }
    let port = chance.below(70_000);
    format!(
        "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions><member><Target><Id>EVIL</Id>\
         <Port>{port}</Port></Target><TargetHealth><State>unhealthy</State><Description>EVIL</Description></TargetHealth>\
         </member></TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"
    )
    .into_response()
}

fn of_json(operation: &str, request: &Value, chance: &mut Chance) -> Value {
    let cluster = request["cluster"].as_str().unwrap_or_default();
    let list = |key: &str, kind: &str, count: usize| {
        let arns: Vec<String> =
            (0..count).map(|number| arn(kind, &format!("{}/{kind}{number}", short(cluster)))).collect();
        json!({ key: arns })
    };
    // Like AWS, one row for each requested id, but sometimes a row is missing or duplicated.
    let described = |list: &str, shape: &str, id: &str, name: &str, chance: &mut Chance| {
        let ids = request[list].as_array().cloned().unwrap_or_default();
        let mut rows: Vec<Value> = Vec::new();
        for arn in ids.iter().filter_map(Value::as_str) {
            let mut row = value(shape, chance);
            row[id] = arn.into();
            if !name.is_empty() {
                row[name] = short(arn).into();
            }
            for _ in 0..[1, 1, 1, 1, 1, 1, 1, 1, 0, 2][chance.below(10)] {
                rows.push(row.clone());
            }
        }
        json!({ list: rows, "failures": [] })
    };
    match operation {
        "ListClusters" => {
            json!({ "clusterArns": [arn("cluster", "one"), arn("cluster", "two\u{202e}"), arn("cluster", "\u{1b}[2J")] })
        }
        "ListServices" => list("serviceArns", "service", 12),
        "ListTasks" => {
            let status = request["desiredStatus"].as_str().unwrap_or("RUNNING");
            list("taskArns", &format!("task{}", &status[..1]), 40)
        }
        "ListContainerInstances" => list("containerInstanceArns", "instance", 6),
        "DescribeCapacityProviders" => {
            let mut providers: Vec<Value> = Vec::new();
            for name in ["FARGATE", "one\u{202e}", "\u{1b}[2J"] {
                let mut row = value("provider", chance);
                row["capacityProviderArn"] = arn("capacity-provider", name).into();
                providers.push(row);
            }
            json!({ "capacityProviders": providers })
        }
        "ListTaskDefinitionFamilies" => json!({ "families": ["web", "api\u{202e}", "\u{1b}cEVIL"] }),
        "ListTaskDefinitions" => {
            json!({ "taskDefinitionArns": [arn("task-definition", "web:1"), "web:x", "EVIL\u{7}"] })
        }
        "DescribeClusters" => described("clusters", "cluster", "clusterArn", "clusterName", chance),
        "DescribeServices" => {
            let mut answer = described("services", "service", "serviceArn", "serviceName", chance);
            for service in answer["services"].as_array_mut().into_iter().flatten() {
                service["clusterArn"] = cluster.into();
            }
            answer
        }
        "DescribeTasks" => {
            let mut answer = described("tasks", "task", "taskArn", "", chance);
            for task in answer["tasks"].as_array_mut().into_iter().flatten() {
                task["clusterArn"] = cluster.into();
            }
            answer
        }
        "DescribeContainerInstances" => described("containerInstances", "instance", "containerInstanceArn", "", chance),
        "DescribeTaskDefinition" => {
            let mut definition = value("definition", chance);
            definition["taskDefinitionArn"] = request["taskDefinition"].clone();
            json!({ "taskDefinition": definition, "tags": [value("tag", chance)] })
        }
        "DescribeServiceDeployments" => {
            described("serviceDeployments", "service deployment", "serviceDeploymentArn", "", chance)
        }
        "FilterLogEvents" | "GetLogEvents" => {
            let events: Vec<Value> = (0..chance.below(30)).map(|_| value("event", chance)).collect();
            json!({ "events": events, "nextForwardToken": "f/1", "nextBackwardToken": "b/1" })
        }
        _ => json!({}),
    }
}

fn arn(kind: &str, rest: &str) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:{kind}/{rest}")
}

fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn text(chance: &mut Chance) -> String {
    let mut text: String = (0..=chance.below(3)).map(|_| chance.one_of(TEXTS)).collect();
    if chance.below(100) == 0 {
        text = text.repeat(500);
    }
    text
}

/// Random value of a shape or kind.
fn value(shape: &str, chance: &mut Chance) -> Value {
    if let Some((_, shape)) = SHAPES.iter().find(|(name, _)| *name == shape) {
        return fill(&serde_json::from_str(shape).expect("a shape"), chance);
    }
    let number = INTS[chance.below(INTS.len())];
    let now = jiff::Timestamp::now().as_second() as f64;
    match shape {
        "int" => number.into(),
        "long" => LONGS[chance.below(LONGS.len())].into(),
        "number" => LONGS[chance.below(LONGS.len())].to_string().into(),
        "bool" => (chance.below(2) == 0).into(),
        "time" if chance.below(3) > 0 => (now - chance.below(10_000) as f64).into(),
        "time" => TIMES[chance.below(TIMES.len())].into(),
        "log time" if chance.below(4) > 0 => ((now as i64) * 1_000 - chance.below(60_000) as i64).into(),
        "log time" => LONGS[chance.below(LONGS.len())].into(),
        "reason" => chance.one_of(REASONS).into(),
        "state" => chance.one_of(STATES).into(),
        "stop" => chance.one_of(STOPS).into(),
        "group" => format!("service:service{}", chance.below(12)).into(),
        "resource name" => chance.one_of(&["CPU", "MEMORY", "PORTS", "EVIL"]).into(),
        "arn" => arn(chance.one_of(&["service", "task-definition", "EVIL"]), &text(chance)).into(),
        "text" => text(chance).into(),
        other => panic!("no shape and no kind is called {other}"),
    }
}

/// Fills a shape with random values; four of five members are present.
fn fill(shape: &Value, chance: &mut Chance) -> Value {
    match shape {
        Value::Object(members) => {
            let mut object = Map::new();
            for (name, member) in members {
                if chance.below(5) > 0 {
                    object.insert(name.clone(), fill(member, chance));
                }
            }
            object.into()
        }
        Value::Array(items) => (0..chance.below(5)).map(|_| fill(&items[0], chance)).collect(),
        Value::String(word) => value(word, chance),
        other => other.clone(),
    }
}
