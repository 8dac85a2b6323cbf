//! AWS STS: the identity of the caller, the same role for everybody.

use serde_json::{Value, json};

use super::wire::ApiError;

/// The ARN of every caller in `account_id`.
pub(super) fn caller_arn(account_id: &str) -> String {
    format!("arn:aws:sts::{account_id}:assumed-role/demo/console")
}

/// Answers one STS operation; `None` when there is no such operation.
pub(super) fn call(account_id: &str, operation: &str) -> Option<Result<Value, ApiError>> {
    let arn = caller_arn(account_id);
    let caller = json!({ "Arn": arn, "UserId": "AROADEMODEMODEMODEMO1:console", "Account": account_id });
    (operation == "GetCallerIdentity").then_some(Ok(caller))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_an_assumed_role() {
        let caller = call("123456789012", "GetCallerIdentity").unwrap().unwrap();
        assert_eq!(caller["Arn"], "arn:aws:sts::123456789012:assumed-role/demo/console");
        assert_eq!(caller["Account"], "123456789012");
    }

    #[test]
    fn no_other_operation_exists() {
        assert!(call("123456789012", "AssumeRole").is_none());
    }
}
