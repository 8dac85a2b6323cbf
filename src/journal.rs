//! The journal: one JSON line when a change is sent, and one when it has ended. The file is only appended to.

use std::{fs, io, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    aws::{Identity, operation},
    change::{ApiCall, Change, ChangeKind, ChangeOutcome, ChangeTarget, recorded_command},
    files,
    forwarding::{ForwardRequest, ForwardSubject},
    resource::{container::ExecTarget, format::short_id, session_target::SessionTarget},
};

/// Name of the file in the state folder.
pub const FILE: &str = "journal.jsonl";
/// What a session is called in the journal and in the rules of scopes.
pub const SESSION: &str = "exec";
/// What a forward is called in the journal. The rules of scopes know it as a session.
const FORWARD: &str = "forward";

/// One line of the journal.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    pub at: Timestamp,
    /// `sent`, then `accepted`, `refused`, or `unknown` without a response.
    pub state: &'static str,
    /// The response of AWS, in the last line of a change.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// `scale`, `stop`, …
    pub change: &'static str,
    pub cluster: String,
    pub kind: &'static str,
    pub name: String,
    pub arn: String,
    pub operation: &'static str,
    pub input: ApiCall,
    /// The caller's ARN, and the profile that signed.
    pub caller: Option<String>,
    pub profile: Option<String>,
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
}

impl JournalEntry {
    /// The line for a change that is being sent; with an outcome, for one that has ended.
    pub fn new(
        at: Timestamp,
        kind: &ChangeKind,
        change: &dyn Change,
        identity: &Identity,
        outcome: Option<&ChangeOutcome>,
    ) -> Self {
        let says = match outcome {
            None => String::new(),
            Some(ChangeOutcome::Accepted(says)) => says.clone(),
            Some(ChangeOutcome::Refused(failure) | ChangeOutcome::Unknown(failure)) => failure.to_string(),
        };
        let state = outcome.map_or("sent", ChangeOutcome::word);
        Self::assemble(at, (kind.name, state, says), change.target().clone(), change.api_call(), identity)
    }

    /// The line for a session: `sent`, then `ended` or `refused`. Nothing that is typed in it is recorded.
    pub fn of_session(
        at: Timestamp,
        (state, says): (&'static str, String),
        target: &SessionTarget,
        identity: &Identity,
    ) -> Self {
        let (kind, arn, call) = match target {
            SessionTarget::Container(ExecTarget { cluster_name, task_arn, container, .. }) => {
                let input =
                    vec![("cluster", json!(cluster_name)), ("task", json!(task_arn)), ("container", json!(container))];
                ("container", task_arn.clone(), ApiCall { operation: operation::EXECUTE_COMMAND, input })
            }
            SessionTarget::Host(host) => {
                let input = vec![("target", json!(host.managed_id))];
                let call = ApiCall { operation: operation::START_SESSION, input };
                ("instance", host.container_instance_arn.clone(), call)
            }
        };
        let target = ChangeTarget { kind, name: target.label(), cluster: target.cluster_name().to_owned(), arn };
        Self::assemble(at, (SESSION, state, says), target, call, identity)
    }

    /// The line for a forward: `sent` for each session in a container, then `ended` or `refused`. Nothing that passes
    /// through it is recorded.
    pub fn of_forward(
        at: Timestamp,
        (state, says): (&'static str, String),
        request: &ForwardRequest,
        container: Option<&ExecTarget>,
    ) -> Self {
        let ForwardRequest { cluster, subject, ports, .. } = request;
        let (kind, name, arn) = match (subject, container) {
            (ForwardSubject::Task(arn), Some(container)) => ("container", container.label(), arn.clone()),
            (ForwardSubject::Task(arn), None) => ("task", short_id(arn).to_owned(), arn.clone()),
            (ForwardSubject::Service(name), _) => ("service", name.clone(), String::new()),
            (ForwardSubject::Family(name), _) => ("family", name.clone(), String::new()),
        };
        let parameters = ports.parameters().into_iter().map(|(name, value)| (name.to_owned(), json!([value])));
        let mut input = vec![("documentName", json!(ports.document())), ("parameters", parameters.collect())];
        input.extend(container.map(|container| ("target", json!(container.session_target()))));
        let arn = container.map_or(arn, |container| container.task_arn.clone());
        let call = ApiCall { operation: operation::START_SESSION, input };
        let target = ChangeTarget { kind, name, cluster: cluster.clone(), arn };
        Self::assemble(at, (FORWARD, state, says), target, call, &request.identity)
    }

    fn assemble(
        at: Timestamp,
        (change, state, says): (&'static str, &'static str, String),
        target: ChangeTarget,
        call: ApiCall,
        identity: &Identity,
    ) -> Self {
        Self {
            at,
            state,
            says,
            change,
            cluster: target.cluster,
            kind: target.kind,
            name: target.name,
            arn: target.arn,
            operation: call.operation.name,
            input: call,
            caller: identity.arn.clone(),
            profile: identity.profile.clone(),
            region: identity.region.clone(),
            endpoint_url: identity.endpoint_url.clone(),
        }
    }
}

/// The displayed fields of a line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalLine {
    pub at: Timestamp,
    pub state: String,
    #[serde(default)]
    pub says: String,
    pub change: String,
    pub cluster: String,
    pub kind: String,
    pub name: String,
    pub caller: Option<String>,
    pub profile: Option<String>,
    pub region: Option<String>,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    input: Map<String, Value>,
}

impl JournalLine {
    /// The response of AWS, or the request as an AWS CLI command before there is one. Secrets are masked.
    pub fn details(&self) -> Option<String> {
        if !self.says.is_empty() {
            return Some(self.says.clone());
        }
        let operation = operation::ALL.iter().find(|known| known.name == self.operation)?;
        let input = self.input.iter().map(|(name, value)| (name.as_str(), value));
        (self.state == "sent").then(|| recorded_command(*operation, input))
    }
}

/// Reads the lines of the journal in `folder`, oldest first, each with its text. Invalid lines are skipped.
///
/// # Errors
///
/// If the file exists and can't be read.
pub fn read(folder: &Path) -> io::Result<Vec<(JournalLine, String)>> {
    let text = match fs::read_to_string(folder.join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let line = |line: &str| Some((serde_json::from_str(line).ok()?, line.to_owned()));
    Ok(text.lines().filter_map(line).collect())
}

/// Appends `entries` to the journal in `folder`.
///
/// # Errors
///
/// If it can't be written.
pub fn append(folder: &Path, entries: &[JournalEntry]) -> io::Result<()> {
    let mut text = String::new();
    for entry in entries {
        text += &serde_json::to_string(entry)?;
        text.push('\n');
    }
    files::append(&folder.join(FILE), &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_a_change_that_is_sent_has_its_request() {
        let line = |rest: &str| {
            let text = format!(
                r#"{{"at":"2026-01-31T14:05:00Z","change":"scale","cluster":"prod","kind":"service","name":"web",{rest}}}"#
            );
            serde_json::from_str::<JournalLine>(&text).unwrap().details()
        };
        let request = r#""operation":"UpdateService","input":{"cluster":"prod","service":"web","desiredCount":4}"#;
        let sent = line(&format!(r#""state":"sent",{request}"#)).unwrap();
        for part in ["aws ecs update-service ", "--cluster prod", "--service web", "--desired-count 4"] {
            assert!(sent.contains(part), "{sent}");
        }
        let accepted = line(&format!(r#""state":"accepted","says":"4 tasks desired now",{request}"#));
        assert_eq!(accepted.as_deref(), Some("4 tasks desired now"));
        assert_eq!(line(&format!(r#""state":"unknown",{request}"#)), None);
        assert_eq!(line(r#""state":"sent""#), None, "an older version wrote no request");
    }

    #[test]
    fn invalid_lines_are_skipped_and_an_absent_journal_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), []);
        let line = r#"{"at":"2026-01-31T14:05:00Z","state":"sent","change":"scale","cluster":"prod","kind":"service","name":"web"}"#;
        fs::write(folder.path().join(FILE), format!("{line}\n{{\"at\":\n")).unwrap();
        let lines = read(folder.path()).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!((&*lines[0].0.change, &*lines[0].0.says, &*lines[0].1), ("scale", "", line));
    }
}
