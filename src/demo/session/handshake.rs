//! The agent's side of the handshake before a port session.

use serde_json::{Value, json};

const AGENT_VERSION: &str = "3.3.3050.0";
const ERROR: &str = "\n----------ERROR-------\nEncountered error while initiating handshake. ";

/// Asks the client for a port session.
pub(super) fn request(host: &str, port: &str) -> Value {
    let mut properties = json!({ "portNumber": port, "localPortNumber": "0", "type": "LocalPortForwarding" });
    if !host.is_empty() {
        properties["host"] = json!(host);
    }
    let parameters = json!({ "SessionType": "Port", "Properties": properties });
    json!({
        "AgentVersion": AGENT_VERSION,
        "RequestedClientActions": [{ "ActionType": "SessionType", "ActionParameters": parameters }],
    })
}

/// Why the client's answer ends the session, if it does.
pub(super) fn failure(response: &[u8]) -> Option<String> {
    let response: Value = serde_json::from_slice(response).unwrap_or_default();
    let action = &response["ProcessedClientActions"][0];
    let status = action["ActionStatus"].as_u64().unwrap_or_default();
    let error = action["Error"].as_str().unwrap_or_default();
    (status != 1).then(|| format!("{ERROR}SessionType failed on client with status {status} error: {error}"))
}

/// Why a session ends whose client does not answer.
pub(super) fn timed_out() -> String {
    let advice = "Please ensure that you have the latest version of the session manager plugin.";
    format!("{ERROR}Handshake timed out. {advice}")
}
