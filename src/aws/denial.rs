//! The reason of a denial that AWS has encoded, decoded with STS where that is permitted.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>

use serde_json::Value;

use super::{Clients, Failure, FailureKind, operation};

/// What precedes the encoded reason in a message.
const MARK: &str = "Encoded authorization failure message:";

/// The text before the encoded reason, and the reason.
fn encoded(message: &str) -> Option<(&str, &str)> {
    let (before, rest) = message.split_once(MARK)?;
    Some((before.trim_end(), rest.split_whitespace().next()?))
}

/// Which action on which resource is denied, and why, from a decoded reason.
fn describe(decoded: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let context = &decoded["context"];
    let action = text(&context["action"])?;
    let resource = text(&context["resource"]).unwrap_or_else(|| "*".to_owned());
    let who = text(&context["principal"]["arn"]).map(|arn| format!("{arn} is ")).unwrap_or_default();
    let statement = &decoded["matchedStatements"]["items"][0];
    let policy = text(&statement["sourcePolicyType"]).unwrap_or_else(|| "policy".to_owned());
    let id = text(&statement["sourcePolicyId"]).map(|id| format!(" {id}")).unwrap_or_default();
    let named = text(&statement["statementId"]).map(|id| format!(" (statement {id})")).unwrap_or_default();
    let why = match decoded["explicitDeny"].as_bool() {
        Some(true) => format!("an explicit deny in a {policy}{id}{named}"),
        _ => "no policy allows it".to_owned(),
    };
    Some(format!("{who}not authorized to perform: {action} on resource: {resource}: {why}"))
}

impl Clients {
    /// The failure with its reason in plain text, if AWS has encoded it: one call, unless that was denied before.
    pub async fn decode_denial(&self, failure: Failure) -> Failure {
        let Some((before, reason)) = encoded(&failure.message) else { return failure };
        let known = self.is_left_out(operation::DECODE_AUTHORIZATION_MESSAGE);
        let request = self.sts.decode_authorization_message().encoded_message(reason);
        let answer = self.optional(operation::DECODE_AUTHORIZATION_MESSAGE, request.send()).await;
        let decoded = answer.and_then(|answer| answer.decoded_message);
        let decoded = decoded.and_then(|text| describe(&serde_json::from_str(&text).ok()?));
        let failure = Failure { kind: FailureKind::Denied, ..failure.clone() };
        match decoded {
            Some(message) => {
                let failure = Failure { message, ..failure };
                let advice = format!("ask for {} on this scope", failure.action());
                failure.advise(advice)
            }
            None => {
                let left_out = !known && self.is_left_out(operation::DECODE_AUTHORIZATION_MESSAGE);
                let failure = Failure { message: format!("{before} (AWS has encoded the reason)"), ..failure.clone() };
                match left_out {
                    true => failure.also("decoding the reason needs sts:DecodeAuthorizationMessage"),
                    false => failure,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("You are not authorized. Encoded authorization failure message: abc-_9 ", Some(("You are not authorized.", "abc-_9")))]
    #[case("Encoded authorization failure message: ", None)]
    #[case("User: x is not authorized to perform: ecs:RunTask", None)]
    fn the_encoded_reason_is_found(#[case] message: &str, #[case] expected: Option<(&str, &str)>) {
        assert_eq!(encoded(message), expected);
    }

    #[test]
    fn a_decoded_reason_says_what_is_denied_and_by_which_kind_of_policy() {
        let context = json!({
            "principal": { "id": "AROA:me", "arn": "arn:aws:sts::1:assumed-role/ops/me" },
            "action": "ec2:RunInstances",
            "resource": "arn:aws:ec2:eu-west-1:1:instance/*",
        });
        let implicit = json!({ "allowed": false, "explicitDeny": false, "matchedStatements": { "items": [] }, "context": context });
        let start = "arn:aws:sts::1:assumed-role/ops/me is not authorized to perform: ec2:RunInstances on resource: \
                     arn:aws:ec2:eu-west-1:1:instance/*: ";
        assert_eq!(describe(&implicit), Some(format!("{start}no policy allows it")));
        let statement =
            json!({ "statementId": "NoServers", "effect": "DENY", "sourcePolicyType": "service control policy" });
        let explicit =
            json!({ "explicitDeny": true, "matchedStatements": { "items": [statement] }, "context": context });
        let why = "an explicit deny in a service control policy (statement NoServers)";
        assert_eq!(describe(&explicit), Some(format!("{start}{why}")));
        assert_eq!(describe(&json!({ "allowed": false })), None);
    }
}
