//! The embedded AWS on a socket, with a container to enter, and the client's side of sessions in it.

use std::{net::Ipv4Addr, sync::Arc};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::{SdkConfig, region::Region};
use ecsight::{
    aws::{Access, Budget, Clients, ScopeSpec},
    demo::{Endpoint, Options, Scenario, Server},
    resource::container::ExecTarget,
    session::{
        client::{Session, SessionOptions},
        forward::{Forward, ForwardCounters, LocalListener},
        gateway::{AwsGateway, DocumentRequest, ExecRequest, SessionGrant, execute_command, start_session},
        handshake::SessionParameters,
        message::TerminalSize,
    },
};

/// 2026-02-01, 09:04.
pub const START_MS: i64 = 1_769_936_640_000;

/// An account with a container to enter.
pub struct Account {
    /// It ends with this.
    _server: Server,
    pub clients: Clients,
    pub task: String,
    pub container: String,
    pub runtime_id: String,
}

impl Account {
    pub async fn start(faults: &[&str]) -> Self {
        let faults = faults.iter().map(|spec| spec.parse().expect("a fault")).collect();
        let options = Options { scenario: Scenario::Calm, start_ms: Some(START_MS), faults, ..Options::default() };
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Self::on(Server::start(address, Endpoint::new(options)).await.unwrap()).await
    }

    pub async fn on(server: Server) -> Self {
        let credentials = Credentials::new("AKIADEMO", "secret", Some("session".to_owned()), None, "demo");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(server.url())
            .build();
        let clients = Clients::from_config(&config, ScopeSpec::default(), Budget::with_share(1.0));
        clients.access().set(Access::Write);
        let (task, container, runtime_id) = open_container(&clients).await;
        Self { _server: server, clients, task, container, runtime_id }
    }

    pub fn options(&self, session_id: &str, expects_handshake: bool) -> SessionOptions {
        let parameters = SessionParameters {
            session_id: session_id.to_owned(),
            target: self.target(),
            expects_handshake,
            uses_challenge: true,
        };
        SessionOptions { parameters, size: Some(TerminalSize { columns: 120, rows: 40 }) }
    }

    /// Access to a session of `command`.
    pub async fn execute(&self, command: &str) -> SessionGrant {
        let request = ExecRequest {
            cluster: "prod".to_owned(),
            task: self.task.clone(),
            container: Some(self.container.clone()),
            command: command.to_owned(),
        };
        execute_command(&self.clients, &request).await.unwrap()
    }

    /// A session of `command` in a terminal.
    pub async fn exec(&self, command: &str) -> Session {
        let grant = self.execute(command).await;
        let options = self.options(&grant.session_id, false);
        Session::open(AwsGateway::new(self.clients.clone(), grant), options, START_MS as u64)
    }

    pub fn target(&self) -> String {
        let target = ExecTarget {
            cluster_name: "prod".to_owned(),
            task_arn: self.task.clone(),
            container: self.container.clone(),
            runtime_id: Some(self.runtime_id.clone()),
        };
        target.session_target()
    }

    /// A local port for ports of the container.
    pub async fn forward(&self, ports: &str) -> (Forward, u16) {
        let request = DocumentRequest::port_forwarding(self.target(), &ports.parse().unwrap());
        let grant = start_session(&self.clients, &request).await.unwrap();
        let options = self.options(&grant.session_id, true);
        let session = Session::open(AwsGateway::new(self.clients.clone(), grant), options, START_MS as u64);
        let listener = LocalListener::bind(Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
        let port = listener.address.port();
        (Forward::start(session, Arc::new(listener), ForwardCounters::default()), port)
    }
}

/// A running task of `prod` that can be entered: its ARN, the name of a container and its runtime id.
async fn open_container(clients: &Clients) -> (String, String, String) {
    let list = clients.ecs.list_tasks().cluster("prod").service_name("web");
    let arns = list.send().await.unwrap().task_arns.unwrap_or_default();
    let tasks = clients.ecs.describe_tasks().cluster("prod").set_tasks(Some(arns)).send().await.unwrap();
    let entered = tasks.tasks().iter().find_map(|task| {
        let container = task
            .containers()
            .iter()
            .find(|container| container.managed_agents().iter().any(|agent| agent.last_status() == Some("RUNNING")))?;
        let part = |text: Option<&str>| text.map(str::to_owned);
        Some((part(task.task_arn())?, part(container.name())?, part(container.runtime_id())?))
    });
    entered.expect("a task with exec")
}
