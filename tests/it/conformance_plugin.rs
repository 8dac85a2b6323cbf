//! Sessions of the embedded AWS with AWS's own client, where the variable `SESSION_MANAGER_PLUGIN` names one.

use std::{ffi::OsString, process::Stdio, time::Duration};

use ecsight::demo::{Endpoint, Options, Scenario, Server};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// An account, and the plugin.
struct Stage {
    server: Server,
    endpoint: Endpoint,
    plugin: OsString,
}

impl Stage {
    /// `None` if there is no plugin to judge with.
    async fn new(faults: &[&str]) -> Option<Self> {
        let plugin = std::env::var_os("SESSION_MANAGER_PLUGIN")?;
        let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let endpoint = Endpoint::new(Options { scenario: Scenario::Calm, faults, ..Options::default() });
        let server = Server::start("127.0.0.1:0".parse().unwrap(), endpoint.clone()).await.unwrap();
        Some(Self { server, endpoint, plugin })
    }

    async fn call(&self, target: &str, input: Value) -> Value {
        let mut stream = TcpStream::connect(self.server.addr()).await.unwrap();
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
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    async fn ecs(&self, operation: &str, input: Value) -> Value {
        self.call(&format!("AmazonEC2ContainerServiceV20141113.{operation}"), input).await
    }

    /// A running task whose first container can be entered.
    async fn task(&self) -> Value {
        for cluster in self.ecs("ListClusters", json!({})).await["clusterArns"].as_array().unwrap() {
            let listed = self.ecs("ListTasks", json!({ "cluster": cluster })).await;
            let described = self.ecs("DescribeTasks", json!({ "cluster": cluster, "tasks": listed["taskArns"] })).await;
            for task in described["tasks"].as_array().unwrap() {
                if task["containers"][0]["managedAgents"][0]["lastStatus"] == "RUNNING" {
                    return task.clone();
                }
            }
        }
        panic!("no task can be entered");
    }

    fn start(&self, session: &Value, target: &str) -> Child {
        const RESPONSE: &str = "AWS_SSM_START_SESSION_RESPONSE";
        let url = self.server.url();
        Command::new(&self.plugin)
            .args([RESPONSE, "eu-west-1", "StartSession", ""])
            .arg(json!({ "Target": target }).to_string())
            .arg(url)
            .env(RESPONSE, session.to_string())
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("SESSION_MANAGER_PLUGIN can't be started")
    }
}

fn target(task: &Value) -> String {
    let last = |arn: &Value| arn.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let runtime_id = task["containers"][0]["runtimeId"].as_str().unwrap();
    format!("ecs:{}_{}_{runtime_id}", last(&task["clusterArn"]), last(&task["taskArn"]))
}

/// Reads until `text` has come; returns everything so far.
async fn read_until(from: &mut (impl AsyncRead + Unpin), text: &str) -> String {
    let mut seen = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&seen).contains(text) {
            if from.read_buf(&mut seen).await.unwrap() == 0 {
                break;
            }
        }
    };
    let _ = timeout(PATIENCE, read).await;
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(seen.contains(text), "no {text:?} in {seen:?}");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_of_aws_runs_a_shell_on_a_bad_network() {
    for faults in
        [vec![], vec!["session-drop=5%", "session-duplicate=5%", "session-reorder=20%"], vec!["session-bye=8#1"]]
    {
        let Some(stage) = Stage::new(&faults).await else { return };
        let task = stage.task().await;
        let name = &task["containers"][0]["name"];
        let input = json!({
            "cluster": task["clusterArn"], "task": task["taskArn"], "container": name, "interactive": true, "command": "sh",
        });
        let answer = stage.ecs("ExecuteCommand", input).await;
        let mut plugin = stage.start(&answer["session"], &target(&task));
        let (mut input, mut output) = (plugin.stdin.take().unwrap(), plugin.stdout.take().unwrap());
        read_until(&mut output, "# ").await;
        input.write_all(b"echo one two three | wc -w\r").await.unwrap();
        read_until(&mut output, "3\r\n").await;
        input.write_all(b"exit\r").await.unwrap();
        read_until(&mut output, "Exiting session").await;
        assert_eq!(stage.endpoint.count("TerminateSession"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_of_aws_forwards_a_port_in_both_modes() {
    for version in ["3.3.3050.0", "2.3.750.0"] {
        let Some(stage) = Stage::new(&[&format!("session-agent={version}")]).await else { return };
        let task = stage.task().await;
        let local = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let parameters = json!({ "portNumber": ["7"], "localPortNumber": [local.port().to_string()] });
        let document = "AWS-StartPortForwardingSession";
        let input = json!({ "Target": target(&task), "DocumentName": document, "Parameters": parameters });
        let session = stage.call("AmazonSSM.StartSession", input).await;
        let mut plugin = stage.start(&session, &target(&task));
        let mut output = plugin.stdout.take().unwrap();
        read_until(&mut output, &format!("Port {} opened", local.port())).await;
        let mut connection = TcpStream::connect(local).await.unwrap();
        connection.write_all(b"through the plugin").await.unwrap();
        read_until(&mut connection, "through the plugin").await;
    }
}
