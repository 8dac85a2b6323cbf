//! The demo endpoint as the real SDK sees it, in virtual time.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_ecs as ecs;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_elasticloadbalancingv2 as elb;
use aws_sdk_ssm as ssm;
use aws_sdk_sts as sts;
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use ecsight::demo::{Endpoint, Options, Scenario, Server, world::World};
use rstest::rstest;
use tokio::time::Instant;

use crate::support::in_process::sdk_config;

/// Start of the simulation: noon of some day.
const START_MS: i64 = 1_769_860_800_000;

/// A calm account with faults.
fn endpoint(faults: &[&str]) -> Endpoint {
    let faults = faults.iter().map(|spec| spec.parse().unwrap()).collect();
    Endpoint::with_world(World::sized(1, 25, 2, START_MS), Options { faults, ..Options::default() })
}

/// Kind of the SDK's error for a failed call, with the error code of AWS if there is one.
fn class<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    let class = match error {
        SdkError::ConstructionFailure(_) => "construction",
        SdkError::TimeoutError(_) => "time-out",
        SdkError::DispatchFailure(_) => "dispatch",
        SdkError::ResponseError(_) => "response",
        SdkError::ServiceError(_) => "service",
        _ => "other",
    };
    error.code().map_or(class.to_owned(), |code| format!("{class} {code}"))
}

#[tokio::test(start_paused = true)]
async fn get_caller_identity_returns_the_caller() {
    let sts = sts::Client::new(&sdk_config(&endpoint(&[])));
    let caller = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some("123456789012"));
    assert_eq!(caller.arn(), Some("arn:aws:sts::123456789012:assumed-role/demo/console"));
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages_of_aws_size() {
    let endpoint = endpoint(&[]);
    let ecs = ecs::Client::new(&sdk_config(&endpoint));
    let cluster = ecs.list_clusters().send().await.unwrap().cluster_arns()[0].clone();
    let mut pages = ecs.list_services().cluster(&cluster).into_paginator().send();
    let (mut sizes, mut all) = (Vec::new(), BTreeSet::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.service_arns().len());
        all.extend(page.service_arns().iter().cloned());
    }
    assert_eq!((sizes, all.len()), (vec![10, 10, 5], 25));

    let tasks = ecs.list_tasks().cluster(&cluster).max_results(20).into_paginator().items().send();
    let tasks: Vec<_> = tasks.collect::<Result<_, _>>().await.unwrap();
    assert_eq!((tasks.len(), endpoint.count("ListTasks")), (50, 3));
}

#[tokio::test(start_paused = true)]
async fn eleven_services_and_a_hundred_and_one_tasks_are_refused() {
    let ecs = ecs::Client::new(&sdk_config(&endpoint(&[])));
    let cluster = ecs.list_clusters().send().await.unwrap().cluster_arns()[0].clone();
    let services = ecs.list_services().cluster(&cluster).max_results(11).send().await.unwrap();
    let describe = |count: usize| {
        let services = services.service_arns()[..count].to_vec();
        ecs.describe_services().cluster(&cluster).set_services(Some(services)).send()
    };
    assert_eq!(describe(10).await.unwrap().services().len(), 10);
    assert_eq!(class(&describe(11).await.unwrap_err()), "service InvalidParameterException");
    let tasks = (0..101).map(|n| format!("{n:032x}")).collect();
    let refused = ecs.describe_tasks().cluster(&cluster).set_tasks(Some(tasks)).send().await.unwrap_err();
    assert_eq!(class(&refused), "service InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn quotas_throttle_and_refill() {
    let endpoint = endpoint(&[]);
    let ecs = ecs::Client::new(&sdk_config(&endpoint));
    for _ in 0..50 {
        ecs.list_clusters().send().await.unwrap();
    }
    let throttled = ecs.list_clusters().send().await.unwrap_err();
    assert_eq!(class(&throttled), "service ThrottlingException");
    assert_eq!(throttled.message(), Some("Rate exceeded"));
    tokio::time::advance(Duration::from_millis(50)).await;
    ecs.list_clusters().send().await.unwrap();
    assert_eq!(endpoint.count("ListClusters"), 52);
}

#[tokio::test(start_paused = true)]
async fn without_quotas_nothing_is_throttled() {
    let world = World::sized(1, 0, 0, START_MS);
    let endpoint = Endpoint::with_world(world, Options { quotas: false, ..Options::default() });
    let ecs = ecs::Client::new(&sdk_config(&endpoint));
    for _ in 0..200 {
        ecs.list_clusters().send().await.unwrap();
    }
}

/// Every fault gives the same SDK error in process and over a socket, so that tests can use either.
#[rstest]
#[case("throttle", "service ThrottlingException")]
#[case("deny", "service AccessDeniedException")]
#[case("expired", "service ExpiredTokenException")]
#[case("server-error", "service ServerException")]
#[case("unavailable", "service ServiceUnavailableException")]
#[case("http500", "response")]
#[case("cut", "dispatch")]
#[case("truncate", "response")]
#[case("malformed", "response")]
#[case("skew=10m", "service InvalidSignatureException")]
#[case("skew=-10m", "service InvalidSignatureException")]
#[tokio::test]
async fn faults_give_the_same_error_in_process_and_over_a_socket(#[case] fault: &str, #[case] expected: &str) {
    let world = World::sized(1, 0, 0, jiff::Timestamp::now().as_millisecond());
    let faults = vec![fault.parse().unwrap()];
    let endpoint = Endpoint::with_world(world, Options { faults, ..Options::default() });
    let ecs = ecs::Client::new(&sdk_config(&endpoint));
    let error = ecs.list_clusters().send().await.unwrap_err();
    assert_eq!(class(&error), expected, "{error:?}");

    let server = Server::start("127.0.0.1:0".parse().unwrap(), endpoint.clone()).await.unwrap();
    let mut config = sdk_config(&endpoint).to_builder().endpoint_url(server.url());
    config.set_http_client(None);
    let ecs = ecs::Client::new(&config.build());
    let error = ecs.list_clusters().send().await.unwrap_err();
    assert_eq!(class(&error), expected, "{error:?}");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_the_action_and_affects_no_other() {
    let ecs = ecs::Client::new(&sdk_config(&endpoint(&["deny:DescribeServices"])));
    let denied = ecs.describe_services().services("web").send().await.unwrap_err();
    assert_eq!(
        denied.message(),
        Some(
            "User: arn:aws:sts::123456789012:assumed-role/demo/console is not authorized to perform: \
             ecs:DescribeServices on resource: * because no identity-based policy allows the ecs:DescribeServices action"
        )
    );
    ecs.list_clusters().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sts_errors_have_the_form_of_sts() {
    let endpoint = endpoint(&["expired#1", "deny#1", "throttle#1"]);
    let sts = sts::Client::new(&sdk_config(&endpoint));
    for expected in ["service ExpiredToken", "service AccessDenied", "service Throttling"] {
        assert_eq!(class(&sts.get_caller_identity().send().await.unwrap_err()), expected);
    }
    sts.get_caller_identity().send().await.unwrap();
    let statuses: Vec<_> = endpoint.requests().iter().map(|request| request.status.unwrap()).collect();
    assert_eq!(statuses, [403, 403, 400, 200]);
}

#[tokio::test(start_paused = true)]
async fn target_groups_are_paged_and_their_health_follows_the_tasks() {
    let endpoint = endpoint(&[]);
    let elb = elb::Client::new(&sdk_config(&endpoint));
    let groups = elb.describe_target_groups().page_size(10).into_paginator().items().send();
    let groups: Vec<_> = groups.collect::<Result<_, _>>().await.unwrap();
    let arns: BTreeSet<_> = groups.iter().map(|group| group.target_group_arn().unwrap()).collect();
    assert_eq!((arns.len(), endpoint.count("DescribeTargetGroups")), (25, 3));
    let group = &groups[0];
    assert_eq!((group.health_check_path(), group.port()), (Some("/healthz"), Some(8080)));
    assert_eq!(group.target_type().map(aws_sdk_elasticloadbalancingv2::types::TargetTypeEnum::as_str), Some("ip"));

    let arn = group.target_group_arn().unwrap();
    let health = elb.describe_target_health().target_group_arn(arn).send().await.unwrap();
    let seen = health.target_health_descriptions().iter().map(|described| {
        let (target, health) = (described.target().unwrap(), described.target_health().unwrap());
        assert!(target.id().unwrap().parse::<std::net::Ipv4Addr>().is_ok() && health.reason().is_none());
        (target.port(), health.state().unwrap().as_str())
    });
    assert_eq!(seen.collect::<Vec<_>>(), [(Some(8080), "healthy"); 2]);

    let gone = arn.replace("targetgroup/", "targetgroup/not-");
    let refused = elb.describe_target_health().target_group_arn(&gone).send().await.unwrap_err();
    assert_eq!(refused.message().unwrap(), format!("Target groups '{gone}' not found"));
    assert!(refused.into_service_error().is_target_group_not_found_exception());
}

#[rstest]
#[case("throttle", "service Throttling")]
#[case("deny:DescribeTargetGroups", "service AccessDenied")]
#[case("expired", "service ExpiredToken")]
#[case("server-error", "service InternalFailure")]
#[case("cut", "dispatch")]
#[case("truncate", "response")]
// For a client of this protocol, an answer other than XML is a service error without a code.
#[case("http500", "service")]
#[case("malformed", "service")]
#[tokio::test(start_paused = true)]
async fn faults_give_errors_in_the_query_protocol_too(#[case] fault: &str, #[case] expected: &str) {
    let elb = elb::Client::new(&sdk_config(&endpoint(&[fault])));
    let error = elb.describe_target_groups().send().await.unwrap_err();
    assert_eq!(class(&error), expected, "{error:?}");
    if fault.starts_with("deny") {
        let action = "is not authorized to perform: elasticloadbalancing:DescribeTargetGroups on resource";
        assert!(error.message().unwrap().contains(action), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn load_balancing_has_a_quota_and_faults_change_its_answers() {
    let endpoint = endpoint(&["unknown:State=levitating", "omit:Port"]);
    let elb = elb::Client::new(&sdk_config(&endpoint));
    let groups = elb.describe_target_groups().send().await.unwrap();
    let group = &groups.target_groups()[0];
    assert_eq!(group.port(), None);
    let health = elb.describe_target_health().target_group_arn(group.target_group_arn().unwrap()).send().await.unwrap();
    let state = health.target_health_descriptions()[0].target_health().unwrap().state().unwrap();
    assert_eq!(state.as_str(), "levitating");
    for _ in 2..40 {
        elb.describe_target_groups().send().await.unwrap();
    }
    assert_eq!(class(&elb.describe_target_groups().send().await.unwrap_err()), "service Throttling");
    tokio::time::advance(Duration::from_millis(100)).await;
    elb.describe_target_groups().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unknown_operation_is_refused() {
    let config = sdk_config(&endpoint(&[]));
    let ssm = ssm::Client::new(&config).describe_instance_information().send().await.unwrap_err();
    assert_eq!(class(&ssm), "service UnknownOperationException");
    let ecs = ecs::Client::new(&config).list_gateways().send().await.unwrap_err();
    assert_eq!(class(&ecs), "service UnknownOperationException");
    let elb = elb::Client::new(&config).describe_load_balancers().send().await.unwrap_err();
    assert_eq!(class(&elb), "service InvalidAction");
}

#[tokio::test(start_paused = true)]
async fn the_sdk_retries_retryable_errors() {
    let endpoint = endpoint(&["throttle#1", "http500#1"]);
    let config = sdk_config(&endpoint).to_builder().retry_config(RetryConfig::standard()).build();
    let started = Instant::now();
    ecs::Client::new(&config).list_clusters().send().await.unwrap();
    let requests = endpoint.requests();
    let statuses: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(400), Some(500), Some(200)]);
    assert_eq!(requests[2].at, started.elapsed(), "the record is on the clock that the retries waited by");
}

#[tokio::test(start_paused = true)]
async fn latency_and_hangs_take_virtual_time() {
    let endpoint = endpoint(&["latency:ListClusters=90s", "hang:ListServices"]);
    let timeout = TimeoutConfig::builder().operation_timeout(Duration::from_mins(10)).build();
    let ecs = ecs::Client::new(&sdk_config(&endpoint).to_builder().timeout_config(timeout).build());
    let started = Instant::now();
    ecs.list_clusters().send().await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(90));
    assert_eq!(class(&ecs.list_services().send().await.unwrap_err()), "time-out");
    assert_eq!(started.elapsed(), Duration::from_secs(690));
    assert_eq!(endpoint.requests()[1].status, None);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_accepts_missing_fields_and_unknown_values() {
    let endpoint = endpoint(&["omit:createdAt", "unknown:status", "unknown:launchType=TRAPEZE"]);
    let ecs = ecs::Client::new(&sdk_config(&endpoint));
    let cluster = ecs.list_clusters().send().await.unwrap().cluster_arns()[0].clone();
    let services = ecs.list_services().cluster(&cluster).send().await.unwrap();
    let described = ecs.describe_services().cluster(&cluster).set_services(services.service_arns).send().await.unwrap();
    for service in described.services() {
        assert_eq!((service.created_at(), service.status()), (None, Some("FROBNICATING")));
        assert!(service.launch_type().is_none_or(|kind| kind.as_str() == "TRAPEZE"));
    }

    endpoint.clear_faults();
    endpoint.add_fault("omit=50%".parse().unwrap());
    for _ in 0..50 {
        let tasks = ecs.list_tasks().cluster(&cluster).send().await.unwrap().task_arns;
        ecs.describe_tasks().cluster(&cluster).set_tasks(tasks).send().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_is_followed_with_its_tokens() {
    let endpoint = Endpoint::new(Options { scenario: Scenario::Calm, start_ms: Some(START_MS), ..Options::default() });
    let logs = logs::Client::new(&sdk_config(&endpoint));
    let group = logs.describe_log_groups().send().await.unwrap().log_groups()[0].log_group_name.clone().unwrap();
    let newest = logs.describe_log_streams().log_group_name(&group).order_by(logs::types::OrderBy::LastEventTime);
    let stream = newest.descending(true).send().await.unwrap().log_streams()[0].log_stream_name.clone().unwrap();
    let get = || logs.get_log_events().log_group_name(&group).log_stream_name(&stream).start_from_head(true);

    let mut token = get().send().await.unwrap().next_forward_token.unwrap();
    let (mut seen, mut last) = (0, 0);
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let page = get().next_token(&token).send().await.unwrap();
        for event in page.events() {
            assert!(event.timestamp().unwrap() >= last);
            last = event.timestamp().unwrap();
            seen += 1;
        }
        let next = page.next_forward_token.unwrap();
        assert_eq!(
            next == token,
            page.events.unwrap_or_default().is_empty(),
            "a token stays only where nothing is new"
        );
        token = next;
    }
    assert!(seen > 0, "ten minutes of a calm service are not silent");
    assert!(last > START_MS);
}

#[tokio::test(start_paused = true)]
async fn a_search_pages_through_all_streams_of_a_group_once() {
    let endpoint = Endpoint::new(Options { scenario: Scenario::Calm, start_ms: Some(START_MS), ..Options::default() });
    let logs = logs::Client::new(&sdk_config(&endpoint));
    let group = logs.describe_log_groups().send().await.unwrap().log_groups()[0].log_group_name.clone().unwrap();
    let ids = async |limit: i32| {
        let pages = logs.filter_log_events().log_group_name(&group).limit(limit).into_paginator().send();
        let pages: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
        let events = pages.into_iter().flat_map(|page| page.events.unwrap_or_default());
        events.map(|event| event.event_id.unwrap()).collect::<Vec<_>>()
    };
    let whole = ids(10_000).await;
    assert!(whole.is_sorted() && whole.iter().collect::<BTreeSet<_>>().len() == whole.len());
    let page = i32::try_from(whole.len().div_ceil(5)).unwrap();
    assert_eq!(ids(page).await, whole);
    let missing = logs.filter_log_events().log_group_name("/none").send().await.unwrap_err();
    assert_eq!(class(&missing), "service ResourceNotFoundException");
    assert_eq!(missing.message(), Some("The specified log group does not exist."));
}

#[tokio::test(start_paused = true)]
async fn equal_seeds_give_equal_answers() {
    let run = async || {
        let options = Options { seed: 3, start_ms: Some(START_MS), ..Options::default() };
        let endpoint = Endpoint::new(options);
        let ecs = ecs::Client::new(&sdk_config(&endpoint));
        let clusters = ecs.list_clusters().send().await.unwrap().cluster_arns.unwrap();
        tokio::time::sleep(Duration::from_mins(30)).await;
        let mut answers = Vec::new();
        for cluster in clusters {
            let tasks = ecs.list_tasks().cluster(&cluster).send().await.unwrap();
            let tasks = ecs.describe_tasks().cluster(&cluster).set_tasks(tasks.task_arns).send().await;
            answers.push(tasks.map(|tasks| format!("{:?}", tasks.tasks())).map_err(|error| class(&error)));
        }
        answers
    };
    assert_eq!(run().await, run().await);
}
