//! Read-only: nothing that changes something leaves, whichever client it is of; and going from read-only to write and back
//! changes the header alone.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use ecsight::{
    aws::{Access, Budget, Clients, FailureKind, ScopeSpec, operation},
    demo::{Endpoint, Options, world::World},
};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use regex::Regex;
use tokio::runtime;

use crate::support::{
    console::{User, run_console},
    in_process::sdk_config,
};

/// Sends a request of one operation, and says how it went in the SDK's words.
type Call = fn(&Clients) -> BoxFuture<'static, String>;

macro_rules! calls {
    ($($name:literal => |$clients:ident| $request:expr,)*) => {
        &[$(($name, |$clients: &Clients| {
            let request = $request.send();
            async move { format!("{:?}", request.await.err()) }.boxed()
        })),*]
    };
}

/// What changes something or opens a session, of every client.
const CHANGES: &[(&str, Call)] = calls! {
    "UpdateService" => |clients| clients.ecs.update_service().service("web"),
    "RunTask" => |clients| clients.ecs.run_task().task_definition("web"),
    "StopTask" => |clients| clients.ecs.stop_task().task("task"),
    "DeregisterTaskDefinition" => |clients| clients.ecs.deregister_task_definition().task_definition("web:1"),
    "UpdateContainerInstancesState" => |clients| clients.ecs.update_container_instances_state(),
    "ExecuteCommand" => |clients| clients.ecs.execute_command().task("task").command("sh"),
    "DeleteLogGroup" => |clients| clients.logs(None).delete_log_group().log_group_name("/web"),
    "PutLogEvents" => |clients| clients.logs(Some("eu-west-3")).put_log_events(),
    "DeregisterTargets" => |clients| clients.elb().deregister_targets().target_group_arn("arn"),
    "RegisterScalableTarget" => |clients| clients.auto_scaling().register_scalable_target().resource_id("service/prod/web"),
    "DeleteRule" => |clients| clients.elb().delete_rule().rule_arn("arn"),
    "AssumeRole" => |clients| clients.sts.assume_role().role_arn("arn").role_session_name("me"),
    "GetSessionToken" => |clients| clients.sts.get_session_token(),
    "StartSession" => |clients| clients.ssm().start_session().target("task"),
    "SendCommand" => |clients| clients.ssm().send_command(),
};

/// What only reads, be it for money.
const READS: &[(&str, Call)] = calls! {
    "ListClusters" => |clients| clients.ecs.list_clusters(),
    "DescribeTasks" => |clients| clients.ecs.describe_tasks().tasks("task"),
    "StartQuery" => |clients| clients.logs(None).start_query().query_string("fields @message"),
    "GetLogEvents" => |clients| clients.logs(Some("eu-west-3")).get_log_events().log_stream_name("web"),
    "DescribeTargetHealth" => |clients| clients.elb().describe_target_health().target_group_arn("arn"),
    "DescribeScalableTargets" => |clients| clients.auto_scaling().describe_scalable_targets(),
    "GetCallerIdentity" => |clients| clients.sts.get_caller_identity(),
};

thread_local! {
    static SECONDS: Cell<i64> = const { Cell::new(0) };
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(SECONDS.get())
}

/// Clients on a network that is down, and how many requests have reached it.
fn offline() -> (Clients, Arc<AtomicUsize>) {
    #[derive(Debug)]
    struct Down(Arc<AtomicUsize>);

    impl HttpConnector for Down {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            self.0.fetch_add(1, Ordering::SeqCst);
            HttpConnectorFuture::ready(Err(ConnectorError::io("the network is down".into())))
        }
    }

    let sent = Arc::<AtomicUsize>::default();
    let counted = sent.clone();
    let network = http_client_fn(move |_, _| SharedHttpConnector::new(Down(counted.clone())));
    let config = sdk_config(&Endpoint::with_world(World::sized(0, 0, 0, 0), Options::default()))
        .into_builder()
        .http_client(network)
        .build();
    let clients = Clients::from_config(&config, ScopeSpec::default(), Budget::default());
    clients.access().set_clock(now);
    (clients, sent)
}

#[derive(Debug, Clone)]
enum Step {
    Set(Access),
    Wait(i64),
    /// One of all calls, by clients of the same scope: the first ones, clones, or those that capture.
    Call(usize, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let access = prop_oneof![
        Just(Access::ReadOnly),
        Just(Access::Write),
        (0..60_i64).prop_map(|second| Access::WriteUntil(Timestamp::constant(second, 0))),
    ];
    let step = prop_oneof![
        access.prop_map(Step::Set),
        (0..20_i64).prop_map(Step::Wait),
        (0..CHANGES.len() + READS.len(), 0..3_u8).prop_map(|(call, whose)| Step::Call(call, whose)),
    ];
    prop::collection::vec(step, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is set and however long ago: a change leaves exactly when it is allowed at that moment, a read always.
    #[test]
    fn no_change_and_no_session_leaves_a_read_only_client(steps in steps()) {
        let runtime = runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        SECONDS.set(0);
        let (clients, sent) = offline();
        let (capturing, _) = clients.capturing();
        let whose = [clients.clone(), clients.clone(), capturing];
        let mut access = Access::ReadOnly;
        for step in steps {
            match step {
                Step::Set(set) => {
                    access = set;
                    clients.access().set(set);
                }
                Step::Wait(seconds) => SECONDS.set(SECONDS.get() + seconds),
                Step::Call(call, client) => {
                    let before = sent.load(Ordering::SeqCst);
                    let (name, call) = CHANGES.iter().chain(READS).nth(call).expect("a call with this index");
                    let result = runtime.block_on(call(&whose[usize::from(client)]));
                    let left = sent.load(Ordering::SeqCst) > before;
                    let writable = match access {
                        Access::ReadOnly => false,
                        Access::Write => true,
                        Access::WriteUntil(until) => now() < until,
                    };
                    let reads = READS.iter().any(|(read, _)| read == name);
                    prop_assert_eq!(left, reads || writable, "{} {:?}: {}", name, access, result);
                    prop_assert_eq!(result.contains("Refused"), !left, "{}", result);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_that_the_scope_is_read_only() {
    let (clients, sent) = offline();
    let refused = clients.ecs.update_service().service("web").send();
    let failure = clients.call(operation::DESCRIBE_SERVICES, refused).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::ReadOnly, "{failure:?}");
    let result = join_all(CHANGES.iter().map(|(_, call)| call(&clients))).await;
    assert!(result.iter().all(|result| result.contains("Refused")), "{result:#?}");
    assert_eq!(sent.load(Ordering::SeqCst), 0);
}

/// What the screen shows beneath the header, and above the line for messages.
fn body(user: &User) -> String {
    let text = user.shown().text;
    let lines: Vec<&str> = text.lines().collect();
    // Time passes for both, and some ages are updated only with the next key.
    let age = Regex::new(r"\b\d+[smhd]\w*").expect("a pattern");
    age.replace_all(&lines[5..lines.len() - 2].join("\n"), "AGE").into_owned()
}

/// Every request since the start, by time: when, what, with what.
fn requests(user: &User) -> Vec<String> {
    let describe = |request: &ecsight::demo::Recorded| {
        format!("{:?} {} {}", request.at, request.operation, String::from_utf8_lossy(&request.input))
    };
    let mut requests: Vec<String> = user.endpoint.requests().iter().map(describe).collect();
    // Those of one moment come in any order.
    requests.sort();
    requests
}

/// A table with marks and a cursor, and then a log, with a command in between now and then: the bodies of the screens, and
/// all requests.
async fn watch(commands: [&str; 3]) -> (Vec<String>, Vec<String>) {
    let mut seen = (Vec::new(), Vec::new());
    run_console((120, 30), Options::default(), async |mut user| {
        user.keys(":services prod\r");
        user.wait_for("checkout").await;
        user.keys("jj jj");
        user.sleep(10).await;
        for step in ["", "/checkout\rl"] {
            user.keys(step);
            user.sleep(10).await;
            for command in commands {
                user.keys(&format!(":{command}\r"));
                user.sleep(1).await;
                seen.0.push(body(&user));
                user.sleep(65).await;
                seen.0.push(body(&user));
            }
        }
        seen.1 = requests(&user);
    })
    .await;
    seen
}

#[tokio::test(start_paused = true)]
async fn write_and_read_only_and_the_end_of_the_time_change_the_header_alone() {
    // An hour is over after the journey, a minute during it.
    let (bodies, calls) = watch(["write 1h", "readonly", "write 1m"]).await;
    let (expected, expected_calls) = watch(["redraw", "redraw", "redraw"]).await;
    for (body, expected) in bodies.iter().zip(&expected) {
        assert_eq!(body, expected);
    }
    assert_eq!(calls, expected_calls);
    assert!(bodies[0].contains("checkout") && !bodies[0].contains("Loading"), "{}", bodies[0]);
    let lines = |body: &String| body.lines().count();
    assert!(bodies.iter().all(|body| lines(body) > 10), "{bodies:#?}");
}

#[tokio::test(start_paused = true)]
async fn the_header_counts_down_and_goes_back_to_read_only() {
    run_console((120, 30), Options::default(), async |mut user| {
        user.wait_for("mode  read-only").await;
        user.keys(":write 1m\r");
        user.wait_for("RW ").await;
        user.sleep(61).await;
        user.wait_for("read-only again").await;
        user.wait_for("mode  read-only").await;
    })
    .await;
}
