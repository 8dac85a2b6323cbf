//! Who one is, where.

use std::sync::Arc;

use super::{Clients, Failure, operation};

/// A scope, by who signs, account, Region and endpoint: whose rows something is of. Known once AWS has told the account.
/// Within one, no two clusters have the same name, so that scope and name say what an ARN says. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScopeId(Arc<ScopeParts>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct ScopeParts {
    signer: String,
    account: String,
    region: String,
    endpoint: String,
}

impl ScopeId {
    /// The scope of these; an empty endpoint is AWS's own.
    pub fn new(signer: &str, account: &str, region: &str, endpoint: &str) -> Self {
        let endpoint = endpoint.trim_end_matches('/');
        let [signer, account, region, endpoint] = [signer, account, region, endpoint].map(str::to_owned);
        Self(Arc::new(ScopeParts { signer, account, region, endpoint }))
    }

    /// A profile's name, or `env`, `container`, `instance`, `web-identity`.
    pub fn signer(&self) -> &str {
        &self.0.signer
    }

    pub fn account(&self) -> &str {
        &self.0.account
    }

    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The endpoint URL; empty for AWS's own. An emulator has the account ids of others.
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }
}

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

    /// The scope that it looks at, once the account is known.
    pub fn scope_id(&self) -> Option<ScopeId> {
        let account = self.account.as_deref().filter(|account| !account.is_empty())?;
        let [signer, region, endpoint] =
            [self.signer(), self.region.as_deref(), self.endpoint_url.as_deref()].map(Option::unwrap_or_default);
        Some(ScopeId::new(signer, account, region, endpoint))
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
