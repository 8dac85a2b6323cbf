use std::time::Duration;

use axum::body::Bytes;

use super::*;

/// A second past midnight, 2026-02-01.
const START_MS: i64 = 1_769_904_001_000;

fn endpoint(speed: f64) -> Endpoint {
    Endpoint::with_world(World::empty(0, START_MS), Options { speed, ..Options::default() })
}

fn request(service: &str, target: &'static str, body: &'static str) -> Request {
    let mut request = Request::new(Bytes::from_static(body.as_bytes()));
    let signature = format!("AWS4-HMAC-SHA256 Credential=AKIA/20260201/eu-west-1/{service}/aws4_request, Signature=0");
    request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::try_from(signature).unwrap());
    request.headers_mut().insert("x-amz-target", HeaderValue::from_static(target));
    request
}

fn list_clusters() -> Request {
    request("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", "{}")
}

async fn answer(endpoint: &Endpoint, request: Request) -> (u16, String) {
    let response = endpoint.respond(request).await.unwrap();
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_endpoint_is_the_worlds() {
    for (speed, date) in [
        (1.0, "Sun, 01 Feb 2026 00:01:01 GMT"),
        (60.0, "Sun, 01 Feb 2026 01:00:01 GMT"),
        (0.0, "Sun, 01 Feb 2026 00:00:01 GMT"),
    ] {
        let endpoint = endpoint(speed);
        tokio::time::advance(Duration::from_mins(1)).await;
        let response = endpoint.respond(list_clusters()).await.unwrap();
        assert_eq!(response.headers()[header::DATE], date);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_are_numbered_and_their_ids_repeat_with_the_seed() {
    let ids = async || {
        let endpoint = endpoint(1.0);
        let mut ids = Vec::new();
        for _ in 0..3 {
            let response = endpoint.respond(list_clusters()).await.unwrap();
            ids.push(response.headers()["x-amzn-requestid"].clone());
        }
        ids
    };
    let first = ids().await;
    assert_eq!(first, ids().await);
    assert!(first[0] != first[1] && first[1] != first[2] && first[0].len() == 36);
}

#[tokio::test(start_paused = true)]
async fn invalid_requests_are_refused_in_the_format_of_the_service() {
    let endpoint = endpoint(1.0);
    let mut unsigned = list_clusters();
    unsigned.headers_mut().remove(header::AUTHORIZATION);
    let (status, body) = answer(&endpoint, unsigned).await;
    assert_eq!((status, body.contains("\"MissingAuthenticationTokenException\"")), (400, true), "{body}");

    let query = Request::new(Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15"));
    let (status, body) = answer(&endpoint, query).await;
    assert_eq!((status, body.contains("<Code>MissingAuthenticationToken</Code>")), (403, true), "{body}");

    let garbage = request("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", "{\"clusters\": ");
    let (status, body) = answer(&endpoint, garbage).await;
    assert_eq!((status, body.contains("\"SerializationException\"")), (400, true), "{body}");

    let elsewhere = request("dynamodb", "DynamoDB_20120810.ListTables", "{}");
    assert_eq!(answer(&endpoint, elsewhere).await, (400, r#"{"__type":"UnknownOperationException"}"#.into()));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_does_not_affect_others() {
    let endpoint = endpoint(1.0);
    endpoint.add_fault("hang#1".parse().unwrap());
    let hanging = tokio::time::timeout(Duration::from_hours(1), endpoint.respond(list_clusters())).await;
    assert!(hanging.is_err());
    assert_eq!(answer(&endpoint, list_clusters()).await.0, 200);
    let statuses: Vec<_> = endpoint.requests().iter().map(|request| (request.at.as_secs(), request.status)).collect();
    assert_eq!(statuses, [(0, None), (3600, Some(200))]);
}
