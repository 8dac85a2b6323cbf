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
    /// The profile that signs; absent where none does.
    pub profile: Option<String>,
    /// What signs where no profile does: `env`, `container`, `instance`, `web-identity`.
    pub borrowed: Option<&'static str>,
    pub endpoint_url: Option<String>,
}

impl Identity {
    /// Whose credentials sign: a profile's name, or `env`, `container`, `instance`, `web-identity`.
    pub fn signer(&self) -> Option<&str> {
        self.profile.as_deref().or(self.borrowed)
    }
}

impl Clients {
    /// What is known of the identity without a call.
    pub fn identity(&self) -> Identity {
        let scope = &self.scope;
        let source = self.signer.as_ref().map(|signer| signer.choice.source.profile());
        Identity {
            account: None,
            arn: None,
            region: scope.region.clone(),
            profile: source.map_or_else(|| scope.profile.clone(), |source| source.ok().map(str::to_owned)),
            borrowed: source.and_then(Result::err),
            endpoint_url: scope.endpoint_url.clone(),
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
