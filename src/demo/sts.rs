//! AWS STS: who the caller is. Everybody is the same role here.

use axum::http::StatusCode;

use super::wire::{ApiError, Call, Response, respond};

/// The ARN every caller has in `account_id`.
pub fn caller_arn(account_id: &str) -> String {
    format!("arn:aws:sts::{account_id}:assumed-role/demo/console")
}

/// Answers one STS operation.
///
/// # Errors
/// `UnknownOperationException` for all but GetCallerIdentity.
pub fn call(account_id: &str, call: &Call, request_id: &str) -> Result<Response, ApiError> {
    if call.operation != "GetCallerIdentity" {
        return Err(ApiError::unknown_operation());
    }
    let arn = caller_arn(account_id);
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
         <GetCallerIdentityResult>\n    <Arn>{arn}</Arn>\n    <UserId>AROADEMODEMODEMODEMO1:console</UserId>\n    \
         <Account>{account_id}</Account>\n  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    \
         <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n</GetCallerIdentityResponse>\n"
    );
    Ok(respond(StatusCode::OK, "text/xml", body, request_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::wire::Service;

    fn answer(operation: &str) -> Result<String, ApiError> {
        let sts = Call { service: Service::Sts, operation: operation.into() };
        call("123456789012", &sts, "id-1").map(|response| String::from_utf8(response.body().to_vec()).unwrap())
    }

    #[test]
    fn the_caller_is_an_assumed_role() {
        let body = answer("GetCallerIdentity").unwrap();
        assert!(body.contains("<Arn>arn:aws:sts::123456789012:assumed-role/demo/console</Arn>"));
        assert!(body.contains("<Account>123456789012</Account>") && body.contains("<RequestId>id-1</RequestId>"));
    }

    #[test]
    fn there_is_nothing_else_to_ask() {
        assert_eq!(answer("AssumeRole").unwrap_err().code, "UnknownOperationException");
    }
}
