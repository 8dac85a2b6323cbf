//! AWS STS: the identity of the caller, the same role for everybody, and the reasons of denials.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{query::Form, wire::ApiError};

/// The ARN of every caller in `account_id`.
pub(super) fn caller_arn(account_id: &str) -> String {
    format!("arn:aws:sts::{account_id}:assumed-role/demo/console")
}

/// The reason why `caller` may not perform `action`, encoded as AWS sends it.
pub(super) fn encode_denial(caller: &str, action: &str) -> String {
    let statement = json!({
        "statementId": "DenyChanges",
        "effect": "DENY",
        "sourcePolicyId": "p-demo",
        "sourcePolicyType": "service control policy",
        "actions": { "items": [{ "value": action }] },
        "resources": { "items": [{ "value": "*" }] },
    });
    let reason = json!({
        "allowed": false,
        "explicitDeny": true,
        "matchedStatements": { "items": [statement] },
        "failures": { "items": [] },
        "context": {
            "principal": { "id": "AROADEMODEMODEMODEMO1:console", "arn": caller },
            "action": action,
            "resource": "*",
            "conditions": { "items": [] },
        },
    });
    URL_SAFE_NO_PAD.encode(reason.to_string())
}

/// Answers one STS operation; `None` when there is no such operation.
pub(super) fn call(account_id: &str, operation: &str, form: &Form) -> Option<Result<Value, ApiError>> {
    match operation {
        "GetCallerIdentity" => {
            let arn = caller_arn(account_id);
            Some(Ok(json!({ "Arn": arn, "UserId": "AROADEMODEMODEMODEMO1:console", "Account": account_id })))
        }
        "DecodeAuthorizationMessage" => Some(decode(form)),
        _ => None,
    }
}

fn decode(form: &Form) -> Result<Value, ApiError> {
    let encoded = form.get("EncodedMessage").unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap_or_default();
    let decoded = serde_json::from_slice::<Value>(&bytes)
        .map_err(|_| ApiError::client("InvalidAuthorizationMessageException", "Message is not valid"))?;
    Ok(json!({ "DecodedMessage": decoded.to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_an_assumed_role() {
        let caller = call("123456789012", "GetCallerIdentity", &Form::default()).unwrap().unwrap();
        assert_eq!(caller["Arn"], "arn:aws:sts::123456789012:assumed-role/demo/console");
        assert_eq!(caller["Account"], "123456789012");
    }

    #[test]
    fn an_encoded_denial_is_decoded_and_anything_else_refused() {
        let encoded = encode_denial("me", "ecs:UpdateService");
        let ask = |message: &str| {
            let form = Form::read(format!("EncodedMessage={message}").as_bytes());
            call("1", "DecodeAuthorizationMessage", &form).unwrap()
        };
        let decoded = ask(&encoded).unwrap()["DecodedMessage"].as_str().unwrap().to_owned();
        assert!(decoded.contains("\"action\":\"ecs:UpdateService\""), "{decoded}");
        assert_eq!(ask("abc").unwrap_err().code, "InvalidAuthorizationMessageException");
    }

    #[test]
    fn no_other_operation_exists() {
        assert!(call("123456789012", "AssumeRole", &Form::default()).is_none());
    }
}
