//! The control endpoint, for tests that only have the socket: sets faults, lists requests.
//!
//! | request | does |
//! |---|---|
//! | `GET /_demo` | the scenario, the clock, the faults in force, and the kinds there are |
//! | `GET /_demo/faults` | the faults in force |
//! | `POST /_demo/faults` | adds the faults in the body, one spec a line |
//! | `DELETE /_demo/faults` | removes the faults in the body; all if it is empty |
//! | `GET /_demo/requests` | the requests that arrived, oldest first |
//! | `GET /_demo/load` | the services under load, and how many lines they have written |
//! | `POST /_demo/load` | makes services write numbered lines: `CLUSTER/SERVICE LINES-A-SECOND`, one per line; 0 stops it |

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Endpoint, Fault, faults,
    wire::{Request, Response, respond},
    world::Load,
};

/// Path prefix of the control endpoint. No AWS service uses it.
pub(super) const PATH: &str = "/_demo";

/// Answers one request to the control endpoint.
pub(super) fn respond_to(endpoint: &Endpoint, request: &Request) -> Response {
    let path = request.uri().path().trim_end_matches('/');
    let answer = match (request.method(), path.strip_prefix(PATH)) {
        (&Method::GET, Some("")) => Ok(state(endpoint)),
        (&Method::GET, Some("/faults")) => Ok(faults(endpoint)),
        (&Method::GET, Some("/requests")) => Ok(requests(endpoint)),
        (&Method::GET, Some("/load")) => Ok(loads(endpoint)),
        (&Method::POST, Some("/load")) => set_loads(endpoint, request).map(|()| loads(endpoint)),
        (&Method::POST, Some("/faults")) => specs(request).map(|added| {
            added.into_iter().for_each(|fault| endpoint.add_fault(fault));
            faults(endpoint)
        }),
        (&Method::DELETE, Some("/faults")) => specs(request).map(|removed| {
            if removed.is_empty() {
                endpoint.clear_faults();
            }
            removed.iter().for_each(|fault| {
                endpoint.remove_fault(fault);
            });
            faults(endpoint)
        }),
        _ => Err((StatusCode::NOT_FOUND, format!("nothing at {} {path}", request.method()))),
    };
    match answer {
        Ok(answer) => respond(StatusCode::OK, "application/json", format!("{answer:#}\n"), None),
        Err((status, message)) => respond(status, "text/plain; charset=utf-8", format!("{message}\n"), None),
    }
}

fn state(endpoint: &Endpoint) -> Value {
    let options = endpoint.options();
    let kinds: Vec<_> = faults::kinds().map(|kind| json!({ "usage": kind.usage, "help": kind.help })).collect();
    json!({
        "scenario": options.scenario.to_string(),
        "seed": options.seed,
        "speed": options.speed,
        "nowMs": endpoint.with(|world| world.now_ms),
        "faults": faults(endpoint),
        "kinds": kinds,
    })
}

fn faults(endpoint: &Endpoint) -> Value {
    endpoint.faults().iter().map(ToString::to_string).collect()
}

fn requests(endpoint: &Endpoint) -> Value {
    let json = |request: super::Recorded| {
        json!({
            "service": request.service.name(),
            "operation": request.operation,
            "atMs": request.at.as_millis() as u64,
            "status": request.status,
        })
    };
    endpoint.requests().into_iter().map(json).collect()
}

fn loads(endpoint: &Endpoint) -> Value {
    endpoint.with(|world| {
        let json = |load: &Load| {
            json!({
                "service": world.service_arn(load.service),
                "linesPerSecond": load.per_second,
                "written": load.next,
            })
        };
        world.loads.iter().map(json).collect()
    })
}

fn set_loads(endpoint: &Endpoint, request: &Request) -> Result<(), (StatusCode, String)> {
    for line in lines(request)? {
        let (service, rate) = line.trim().rsplit_once(' ').unwrap_or((line, ""));
        let rate = rate.parse().map_err(|_| bad(format!("{line:?} is not CLUSTER/SERVICE LINES-A-SECOND")))?;
        endpoint.with(|world| world.load(service.trim(), rate)).map_err(bad)?;
    }
    Ok(())
}

/// The faults in a body, or what is wrong with the first invalid one.
fn specs(request: &Request) -> Result<Vec<Fault>, (StatusCode, String)> {
    lines(request)?
        .map(|line| line.parse().map_err(|error: super::faults::ParseError| bad(error.to_string())))
        .collect()
}

/// The non-empty lines of a body.
fn lines(request: &Request) -> Result<impl Iterator<Item = &str>, (StatusCode, String)> {
    let body = std::str::from_utf8(request.body()).map_err(|error| bad(error.to_string()))?;
    Ok(body.lines().filter(|line| !line.trim().is_empty()))
}

fn bad(message: String) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;
    use crate::demo::Options;

    async fn ask(endpoint: &Endpoint, method: Method, path: &str, body: &str) -> (u16, String) {
        let mut request = Request::new(Bytes::copy_from_slice(body.as_bytes()));
        (*request.method_mut(), *request.uri_mut()) = (method, path.parse().unwrap());
        let response = endpoint.respond(request).await.unwrap();
        (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn faults_are_added_and_removed() {
        let endpoint = Endpoint::new(Options::default());
        let (status, _) = ask(&endpoint, Method::POST, "/_demo/faults", "cut#2\n\nlatency=1s\nhang\n").await;
        assert_eq!(status, 200);
        let (_, listed) = ask(&endpoint, Method::DELETE, "/_demo/faults", "hang").await;
        assert_eq!(serde_json::from_str::<Value>(&listed).unwrap(), json!(["cut#2", "latency=1s"]));
        ask(&endpoint, Method::DELETE, "/_demo/faults", "").await;
        assert_eq!(endpoint.faults(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_load_makes_a_service_write() {
        let endpoint = Endpoint::new(Options::default());
        assert_eq!(ask(&endpoint, Method::POST, "/_demo/load", "prod/web 50").await.0, 200);
        tokio::time::advance(std::time::Duration::from_secs(2)).await;
        let (_, loads) = ask(&endpoint, Method::GET, "/_demo/load", "").await;
        let load = &serde_json::from_str::<Value>(&loads).unwrap()[0];
        assert_eq!((&load["linesPerSecond"], &load["written"]), (&json!(50), &json!(100)));
        for (wrong, expected) in
            [("prod/nothing 5", "no service"), ("prod/web", "LINES-A-SECOND"), ("x y z", "LINES-A-SECOND")]
        {
            let (status, message) = ask(&endpoint, Method::POST, "/_demo/load", wrong).await;
            assert!(status == 400 && message.contains(expected), "{message}");
        }
    }

    #[tokio::test]
    async fn an_invalid_line_adds_no_fault_and_is_explained() {
        let endpoint = Endpoint::new(Options::default());
        let (status, message) = ask(&endpoint, Method::POST, "/_demo/faults", "cut\nfrobnicate").await;
        assert_eq!(status, 400);
        assert!(message.starts_with("no fault \"frobnicate\"; there are throttle, "), "{message}");
        assert_eq!(endpoint.faults(), []);
    }

    #[tokio::test]
    async fn state_and_requests_are_listed_without_control_requests() {
        let endpoint = Endpoint::new(Options { seed: 7, start_ms: Some(1_769_900_000_000), ..Options::default() });
        let (_, state) = ask(&endpoint, Method::GET, "/_demo/", "").await;
        let state: Value = serde_json::from_str(&state).unwrap();
        assert_eq!((&state["scenario"], &state["seed"]), (&json!("incident"), &json!(7)));
        assert!(state["nowMs"].as_i64().unwrap() >= 1_769_900_000_000);
        assert_eq!(ask(&endpoint, Method::GET, "/_demo/requests", "").await, (200, "[]\n".into()));
        assert_eq!(ask(&endpoint, Method::GET, "/_demo/nonsense", "").await.0, 404);
    }
}
