//! Who one is, where.

use super::{Clients, Failure, operation};

/// The caller, as STS sees it, and the scope it looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Absent until STS has answered.
    pub account: Option<String>,
    /// The caller's ARN.
    pub arn: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    pub endpoint_url: Option<String>,
    pub read_only: bool,
}

impl Clients {
    /// What is known of the identity without a call.
    pub fn identity(&self) -> Identity {
        let scope = &self.scope;
        Identity {
            account: None,
            arn: None,
            region: scope.region.clone(),
            profile: scope.profile.clone(),
            endpoint_url: scope.endpoint_url.clone(),
            read_only: scope.read_only,
        }
    }

    /// Asks STS; one call.
    ///
    /// # Errors
    /// Whatever the call failed with.
    pub async fn who_am_i(&self) -> Result<Identity, Failure> {
        let answer = self.call(operation::GET_CALLER_IDENTITY, self.sts.get_caller_identity().send()).await?;
        Ok(Identity { account: answer.account, arn: answer.arn, ..self.identity() })
    }
}
