//! Sessions at AWS: starting, connecting, resuming and ending them, and their keys.

use std::{collections::HashMap, fmt};

use futures::future::BoxFuture;
use http::StatusCode;
use jiff::fmt::rfc2822;
use serde_json::json;

use super::{
    client::{Gateway, GatewayError, ResumeError, connection_failure},
    encryption::{DATA_KEY, DataKey},
    endpoint::StreamAddress,
    handshake::KeyRequest,
    transport::{ConnectError, Network, WebSocket},
};
use crate::{
    aws::{Clients, Failure, FailureKind, operation},
    forwarding::ForwardPorts,
};

/// A session that AWS has started, with what is needed to connect to it. Debug shows only the id.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionGrant {
    pub session_id: String,
    stream_url: String,
    token: String,
}

impl fmt::Debug for SessionGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionGrant({})", self.session_id)
    }
}

impl SessionGrant {
    /// The parts of an answer, all of which must be there.
    fn from_parts(
        operation: &'static str,
        session_id: Option<String>,
        stream_url: Option<String>,
        token: Option<String>,
    ) -> Result<Self, Failure> {
        match (session_id, stream_url, token) {
            (Some(session_id), Some(stream_url), Some(token)) => Ok(Self { session_id, stream_url, token }),
            _ => Err(Failure::garbled(operation, "AWS started no session and named no reason")),
        }
    }
}

impl SessionGrant {
    /// What AWS's plugin wants to know of the session. It contains the token.
    pub(super) fn plugin_json(&self) -> String {
        let Self { session_id, stream_url, token } = self;
        json!({ "SessionId": session_id, "StreamUrl": stream_url, "TokenValue": token }).to_string()
    }
}

/// A command to run in a container, by ECS Exec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecRequest {
    /// The name or ARN of the cluster.
    pub cluster: String,
    /// The ARN or id of the task.
    pub task: String,
    pub container: Option<String>,
    pub command: String,
}

/// Starts a command in a container. One call.
///
/// # Errors
///
/// The failure of the call.
pub async fn execute_command(clients: &Clients, request: &ExecRequest) -> Result<SessionGrant, Failure> {
    let ExecRequest { cluster, task, container, command } = request;
    let call = clients.ecs.execute_command().cluster(cluster).task(task).command(command).interactive(true);
    let answer = clients.call(operation::EXECUTE_COMMAND, call.set_container(container.clone()).send()).await?;
    let session = answer.session;
    let (id, url, token) =
        session.map(|session| (session.session_id, session.stream_url, session.token_value)).unwrap_or_default();
    SessionGrant::from_parts(operation::EXECUTE_COMMAND.name, id, url, token)
}

/// A session that a document of Systems Manager describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRequest {
    /// A container ([`ExecTarget::session_target`](crate::resource::container::ExecTarget::session_target)) or an instance.
    pub target: String,
    /// Absent for a shell with the settings of the account. Naming the document of those fails where nobody has changed them.
    pub document: Option<&'static str>,
    pub parameters: Vec<(&'static str, String)>,
}

impl DocumentRequest {
    /// Forwards connections to a port of a container, or through it to a port of another host.
    pub fn port_forwarding(target: impl Into<String>, ports: &ForwardPorts) -> Self {
        Self { target: target.into(), document: Some(ports.document()), parameters: ports.parameters() }
    }

    /// Runs a command on an instance; its shell if the command is empty.
    pub fn shell(target: impl Into<String>, command: &str) -> Self {
        let (document, parameters) = match command {
            "" => (None, Vec::new()),
            command => (Some("AWS-StartInteractiveCommand"), vec![("command", command.to_owned())]),
        };
        Self { target: target.into(), document, parameters }
    }
}

/// Starts a session of a document. One call.
///
/// # Errors
///
/// The failure of the call.
pub async fn start_session(clients: &Clients, request: &DocumentRequest) -> Result<SessionGrant, Failure> {
    let parameters: HashMap<_, _> =
        request.parameters.iter().map(|(name, value)| ((*name).to_owned(), vec![value.clone()])).collect();
    let call = clients.ssm().start_session().target(&request.target);
    let call = call.set_document_name(request.document.map(str::to_owned));
    let call = call.set_parameters(Some(parameters).filter(|parameters| !parameters.is_empty()));
    let answer = clients.call(operation::START_SESSION, call.send()).await?;
    SessionGrant::from_parts(operation::START_SESSION.name, answer.session_id, answer.stream_url, answer.token_value)
}

/// AWS as the gateway of one session.
#[derive(Debug)]
pub struct AwsGateway {
    clients: Clients,
    network: Network,
    grant: SessionGrant,
}

impl AwsGateway {
    pub fn new(clients: Clients, grant: SessionGrant) -> Self {
        Self { clients, network: Network::from_environment(), grant }
    }

    fn address(&self) -> Result<StreamAddress, GatewayError> {
        let endpoint = self.clients.scope.endpoint_url.as_deref();
        StreamAddress::parse(&self.grant.stream_url, endpoint).map_err(|error| {
            let failure = connection_failure(FailureKind::Invalid, error.to_string());
            GatewayError { failure, is_temporary: false }
        })
    }
}

impl Gateway for AwsGateway {
    async fn connect(&mut self) -> Result<WebSocket, GatewayError> {
        let address = self.address()?;
        let headers = match address.is_presigned() {
            true => Vec::new(),
            // Signed for each attempt: a signature is valid for a few minutes.
            false => self.clients.sign_upgrade(&address.signed_url()).await.map_err(from_failure)?,
        };
        self.network.connect(&address, &headers).await.map_err(from_connect_error)
    }

    async fn resume(&mut self) -> Result<(), ResumeError> {
        if self.address().is_ok_and(|address| address.is_presigned()) {
            return Err(ResumeError::Expired);
        }
        let call = self.clients.ssm().resume_session().session_id(&self.grant.session_id);
        let answer =
            self.clients.call(operation::RESUME_SESSION, call.send()).await.map_err(|failure| match failure.kind {
                FailureKind::NotFound => ResumeError::Expired,
                _ => ResumeError::Failed(from_failure(failure)),
            })?;
        let token = answer.token_value.filter(|token| !token.is_empty()).ok_or(ResumeError::Expired)?;
        self.grant.token = token;
        if let Some(url) = answer.stream_url.filter(|url| !url.is_empty()) {
            self.grant.stream_url = url;
        }
        Ok(())
    }

    fn token(&self) -> &str {
        &self.grant.token
    }

    fn generate_key(&self, request: KeyRequest) -> BoxFuture<'static, Result<DataKey, String>> {
        let clients = self.clients.clone();
        Box::pin(async move {
            let context = request.context.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let call = clients.kms().generate_data_key().key_id(request.key_id).number_of_bytes(DATA_KEY as i32);
            let call = call.set_encryption_context(Some(context)).send();
            let answer = clients.call(operation::GENERATE_DATA_KEY, call).await;
            let answer = answer.map_err(|failure| failure.to_string())?;
            let key = answer
                .plaintext
                .zip(answer.ciphertext_blob)
                .and_then(|(plaintext, ciphertext)| DataKey::new(plaintext.as_ref(), ciphertext.into_inner()));
            key.ok_or_else(|| "KMS returned no key of the right length".to_owned())
        })
    }

    fn terminate(&self) -> BoxFuture<'static, Result<(), Failure>> {
        let clients = self.clients.clone();
        let session_id = self.grant.session_id.clone();
        Box::pin(async move {
            let call = clients.ssm().terminate_session().session_id(session_id).send();
            clients.call(operation::TERMINATE_SESSION, call).await.map(|_| ())
        })
    }
}

/// A failed call. Credentials may be renewed while the session waits.
fn from_failure(failure: Failure) -> GatewayError {
    GatewayError { is_temporary: failure.kind.is_transient(), failure }
}

/// A failed connection, with what to do about it.
fn from_connect_error(error: ConnectError) -> GatewayError {
    let is_temporary = error.is_temporary();
    let (kind, advice) = match &error {
        ConnectError::Refused { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. } => (
            FailureKind::Denied,
            "check that you are allowed ssmmessages:OpenDataChannel on the session, and this machine's clock",
        ),
        ConnectError::Refused { .. } => (FailureKind::Server, "try again"),
        ConnectError::Unreachable { .. } | ConnectError::TimedOut { .. } => (
            FailureKind::Offline,
            "check that this machine reaches the host, directly or by HTTPS_PROXY; sessions need it besides the AWS API",
        ),
        ConnectError::Proxy { .. } => (FailureKind::Offline, "check HTTPS_PROXY and NO_PROXY"),
        ConnectError::Tls { .. } => {
            (FailureKind::Offline, "if a proxy decrypts the traffic, name its certificate in AWS_CA_BUNDLE")
        }
        ConnectError::Certificates { .. } => (FailureKind::Invalid, "check AWS_CA_BUNDLE"),
        ConnectError::NoWebSocket { .. } => (FailureKind::Garbled, "check whether a proxy blocks WebSockets"),
    };
    let failure = connection_failure(kind, error.to_string()).advise(advice);
    let failure = match &error {
        ConnectError::Refused { date: Some(date), .. } => with_clock_difference(failure, date),
        _ => failure,
    };
    GatewayError { failure, is_temporary }
}

/// Adds by how much this machine's clock differs from the gateway's, if it is enough to make signatures invalid.
fn with_clock_difference(failure: Failure, date: &str) -> Failure {
    let Ok(theirs) = rfc2822::parse(date) else { return failure };
    let ahead = failure.at.duration_since(theirs.timestamp()).as_secs();
    if ahead.abs() < 240 {
        return failure;
    }
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    let message = format!("{}; this machine's clock is {} min {side} AWS's", failure.message, (ahead.abs() + 30) / 60);
    Failure { message, ..failure }
}

#[cfg(test)]
mod tests;
