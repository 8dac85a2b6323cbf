//! Sessions through the socket, with a client of the test's own.

mod client;
mod commands;
mod disturbed;
mod keys;
mod ports;
mod terminals;

use serde_json::{Value, json};

use super::*;
use crate::demo::{Endpoint, Options, Scenario, Server};

/// 2026-02-01, 09:04.
const NOW: i64 = 1_769_936_640_000;

/// A served account with a session in one of its containers.
struct Stage {
    server: Server,
    endpoint: Endpoint,
}

impl Stage {
    async fn new() -> Self {
        let options = Options { scenario: Scenario::Calm, start_ms: Some(NOW), quotas: false, ..Options::default() };
        let endpoint = Endpoint::new(options);
        let server = Server::start("127.0.0.1:0".parse().unwrap(), endpoint.clone()).await.unwrap();
        Self { server, endpoint }
    }

    /// A running task of a service, with its cluster.
    fn task(&self, service: &str) -> String {
        self.endpoint.with(|world| {
            let found = world.tasks.values().find(|task| {
                task.group == format!("service:{service}")
                    && Target::Container { task: task.id, container: 0 }.is_connected(world)
            });
            world.task_arn(found.unwrap())
        })
    }

    /// Calls an operation through the socket; returns status and answer.
    async fn call(&self, target: &str, input: &Value) -> (u16, Value) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.server.addr()).await.unwrap();
        let body = input.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\nx-amz-target: {target}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260201/eu-west-1/ecs/aws4_request, Signature=00\r\n\r\n{body}",
            self.server.addr(),
            body.len(),
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    async fn execute(&self, command: &str) -> Value {
        let task = self.task("web");
        let cluster = task.split('/').nth(1);
        let input = json!({ "cluster": cluster, "task": task, "interactive": true, "command": command });
        let (status, answer) = self.call("AmazonEC2ContainerServiceV20141113.ExecuteCommand", &input).await;
        assert_eq!(status, 200, "{answer}");
        answer["session"].clone()
    }

    /// Starts a session of a document in the container of `web`.
    async fn start(&self, document: &str, parameters: Value) -> (u16, Value) {
        let task = self.task("web");
        let target = self.endpoint.with(|world| {
            let task = TaskId::parse(&task).unwrap();
            Target::Container { task, container: 0 }.name(world).unwrap()
        });
        let input = json!({ "Target": target, "DocumentName": document, "Parameters": parameters });
        let (status, answer) = self.call("AmazonSSM.StartSession", &input).await;
        if status != 200 {
            return (status, answer);
        }
        (status, session_of(&answer))
    }

    async fn resume(&self, session: &Value) -> (u16, Value) {
        let (status, answer) =
            self.call("AmazonSSM.ResumeSession", &json!({ "SessionId": session["sessionId"] })).await;
        let session = session_of(&answer);
        (status, session)
    }

    async fn terminate(&self, session: &Value) -> u16 {
        self.call("AmazonSSM.TerminateSession", &json!({ "SessionId": session["sessionId"] })).await.0
    }
}

/// An answer of Systems Manager in the form that ECS has.
fn session_of(answer: &Value) -> Value {
    json!({ "sessionId": answer["SessionId"], "streamUrl": answer["StreamUrl"], "tokenValue": answer["TokenValue"] })
}

/// The answer to the action that names the type of a session.
fn session_type() -> Value {
    json!({ "ActionType": "SessionType", "ActionStatus": 1, "ActionResult": null, "Error": "" })
}
