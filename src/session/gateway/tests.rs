use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::{
    aws::{Access, Budget, ScopeSpec},
    resource::container::ExecTarget,
    session::{
        client::{Session, SessionNotice, SessionOptions, SessionUpdate},
        close::CloseReason,
        handshake::SessionParameters,
        proxy::ProxyError,
    },
};

mod small_aws;

use small_aws::SmallAws;

#[test]
fn neither_token_nor_address_is_shown() {
    let part = |text: &str| Some(text.to_owned());
    let grant = SessionGrant::from_parts("StartSession", part("s-1"), part("wss://secret"), part("secret"));
    assert_eq!(format!("{grant:?}"), "Ok(SessionGrant(s-1))");
    assert!(SessionGrant::from_parts("StartSession", part("s-1"), None, part("secret")).is_err());
}

#[rstest]
#[case("shop", "0123abcd", "0123abcd-1234567890")]
#[case(
    "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
    "arn:aws:ecs:eu-west-1:111122223333:task/shop/0123abcd",
    "0123abcd-1234567890"
)]
fn a_container_is_named_by_cluster_task_and_runtime(
    #[case] cluster: &str,
    #[case] task: &str,
    #[case] runtime_id: &str,
) {
    let target = ExecTarget {
        cluster_name: cluster.to_owned(),
        task_arn: task.to_owned(),
        container: "app".to_owned(),
        runtime_id: Some(runtime_id.to_owned()),
    };
    assert_eq!(target.session_target(), "ecs:shop_0123abcd_0123abcd-1234567890");
}

#[test]
fn ports_are_forwarded_by_two_documents() {
    let own = DocumentRequest::port_forwarding("ecs:a_b_c", &"80".parse().unwrap());
    assert_eq!(own.document, Some("AWS-StartPortForwardingSession"));
    assert_eq!(own.parameters, [("portNumber", "80".to_owned())]);
    let remote = DocumentRequest::port_forwarding("ecs:a_b_c", &"db.internal:5432".parse().unwrap());
    assert_eq!(remote.document, Some("AWS-StartPortForwardingSessionToRemoteHost"));
    assert_eq!(remote.parameters[1], ("host", "db.internal".to_owned()));
}

fn host() -> String {
    "ssmmessages.eu-west-1.amazonaws.com".to_owned()
}

#[test]
fn a_refused_upgrade_names_the_permission_and_the_clock() {
    let date = Some("Tue, 01 Dec 2020 12:00:00 GMT".to_owned());
    let error = from_connect_error(ConnectError::Refused { host: host(), status: StatusCode::FORBIDDEN, date });
    assert_eq!((error.failure.kind, error.is_temporary), (FailureKind::Denied, false));
    assert!(error.failure.message.contains("refused the session: 403 Forbidden; this machine's clock is "));
    assert!(error.failure.message.ends_with(" min ahead of AWS's"), "{}", error.failure.message);
    assert!(error.failure.advice.unwrap().contains("ssmmessages:OpenDataChannel"));
}

#[rstest]
#[case(ConnectError::Tls { host: host(), why: "unknown issuer".to_owned() }, "AWS_CA_BUNDLE", false)]
#[case(ConnectError::TimedOut { host: host() }, "HTTPS_PROXY", true)]
#[case(ConnectError::Proxy { proxy: "proxy p:1".to_owned(), why: ProxyError::Unauthorized }, "NO_PROXY", false)]
fn each_failure_says_what_to_check(#[case] error: ConnectError, #[case] expected: &str, #[case] is_temporary: bool) {
    let error = from_connect_error(error);
    assert!(error.failure.advice.unwrap().contains(expected));
    assert_eq!(error.is_temporary, is_temporary);
}

fn clients(aws: &SmallAws) -> Clients {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("session".to_owned()), None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(format!("http://127.0.0.1:{}", aws.port))
        .build();
    let clients = Clients::from_config(&config, ScopeSpec::default(), Budget::with_share(1.0));
    clients.access().set(Access::Write);
    clients
}

fn request() -> ExecRequest {
    ExecRequest {
        cluster: "shop".to_owned(),
        task: "0123abcd".to_owned(),
        container: Some("web".to_owned()),
        command: "sh".to_owned(),
    }
}

fn options(session_id: &str) -> SessionOptions {
    let parameters = SessionParameters {
        session_id: session_id.to_owned(),
        target: "ecs:shop_0123abcd_run-1".to_owned(),
        expects_handshake: false,
        uses_challenge: true,
    };
    SessionOptions { parameters, size: None }
}

#[tokio::test]
async fn a_session_is_started_signed_resumed_and_terminated() {
    let mut aws = SmallAws::start().await;
    let clients = clients(&aws);
    let grant = execute_command(&clients, &request()).await.unwrap();
    let call = aws.call().await;
    assert_eq!(call.operation, "ExecuteCommand");
    let expected =
        json!({"cluster": "shop", "task": "0123abcd", "container": "web", "command": "sh", "interactive": true});
    assert_eq!(call.input, expected);

    let session_id = grant.session_id.clone();
    let mut session = Session::open(AwsGateway::new(clients, grant), options(&session_id), 1);
    let upgrade = aws.upgrade().await;
    assert_eq!(upgrade.uri, "/v1/data-channel/s-1?role=publish_subscribe&cell-number=AAEA+b/c=");
    let signature = &upgrade.headers["authorization"];
    assert!(signature.contains("/eu-west-1/ssmmessages/aws4_request"), "{signature}");
    assert!(signature.contains("SignedHeaders=host;x-amz-date;x-amz-security-token"), "{signature}");
    assert_eq!(upgrade.headers["x-amz-security-token"], "session");
    assert_eq!(upgrade.opening["TokenValue"], "token 0");
    let connected = session.updates.recv().await;
    assert_eq!(connected, Some(SessionUpdate::Notice(SessionNotice::Connected)));

    upgrade.close().await;
    let resume = aws.call().await;
    assert_eq!((resume.operation.as_str(), &resume.input), ("ResumeSession", &json!({"SessionId": "s-1"})));
    let again = aws.upgrade().await;
    assert_eq!(
        (&again.opening["TokenValue"], &again.opening["ClientId"]),
        (&json!("token 1"), &upgrade.opening["ClientId"])
    );

    session.finish().await;
    let terminate = aws.call().await;
    assert_eq!((terminate.operation.as_str(), &terminate.input), ("TerminateSession", &json!({"SessionId": "s-1"})));
}

#[tokio::test]
async fn a_session_without_a_token_on_resume_has_expired() {
    let mut aws = SmallAws::start().await;
    let grant = execute_command(&clients(&aws), &request()).await.unwrap();
    aws.forget_session();
    let mut session = Session::open(AwsGateway::new(clients(&aws), grant), options("s-1"), 1);
    aws.upgrade().await.close().await;
    while let Some(update) = session.updates.recv().await {
        if let SessionUpdate::Closed(reason) = update {
            assert_eq!(reason, CloseReason::Expired);
            return;
        }
    }
    panic!("the session did not end");
}

#[tokio::test]
async fn a_data_key_is_generated_for_this_session() {
    let mut aws = SmallAws::start().await;
    let grant = execute_command(&clients(&aws), &request()).await.unwrap();
    aws.call().await;
    let gateway = AwsGateway::new(clients(&aws), grant);
    let context = vec![("aws:ssm:SessionId", "s-1".to_owned()), ("aws:ssm:TargetId", "ecs:a_b_c".to_owned())];
    let key = gateway.generate_key(KeyRequest { key_id: "key-1".to_owned(), context }).await.unwrap();
    assert_eq!(key.ciphertext, [1, 2, 3]);
    let call = aws.call().await;
    let context = json!({"aws:ssm:SessionId": "s-1", "aws:ssm:TargetId": "ecs:a_b_c"});
    let expected = json!({"KeyId": "key-1", "NumberOfBytes": 64, "EncryptionContext": context});
    assert_eq!((call.operation.as_str(), call.input), ("GenerateDataKey", expected));
}

#[tokio::test]
async fn a_document_starts_a_session_with_lists_as_parameters() {
    let mut aws = SmallAws::start().await;
    let request = DocumentRequest::port_forwarding("ecs:a_b_c", &"db:5432".parse().unwrap());
    let grant = start_session(&clients(&aws), &request).await.unwrap();
    assert_eq!(grant.session_id, "s-1");
    let call = aws.call().await;
    let parameters = json!({"host": ["db"], "portNumber": ["5432"]});
    let document = "AWS-StartPortForwardingSessionToRemoteHost";
    let expected = json!({"Target": "ecs:a_b_c", "DocumentName": document, "Parameters": parameters});
    assert_eq!((call.operation.as_str(), call.input), ("StartSession", expected));
}

#[tokio::test]
async fn no_session_is_started_in_a_read_only_scope() {
    let aws = SmallAws::start().await;
    let clients = clients(&aws);
    clients.access().set(Access::ReadOnly);
    let failure = execute_command(&clients, &request()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::ReadOnly);
    let request = DocumentRequest::port_forwarding("ecs:a_b_c", &"80".parse().unwrap());
    assert_eq!(start_session(&clients, &request).await.unwrap_err().kind, FailureKind::ReadOnly);
}
