//! The identity of the caller and the scope.

use std::sync::Arc;

use super::{Clients, Failure, operation};

/// A scope, by signer, account, Region and endpoint. Known once AWS has returned the account. Within a scope, cluster
/// names are unique, so scope and name are equivalent to an ARN. Cheap to clone.
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
    /// Creates a scope id; an empty endpoint is that of AWS.
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

    /// The endpoint URL; empty for AWS itself. Emulators reuse the account ids of others.
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }
}

/// The caller according to STS, and the scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Absent until STS has returned it.
    pub account: Option<String>,
    /// The caller's ARN.
    pub arn: Option<String>,
    pub region: Option<String>,
    /// The profile that signs; absent for other sources.
    pub profile: Option<String>,
    /// The name of a source other than a profile: `env`, `container`, `instance`, `web-identity`.
    pub borrowed: Option<&'static str>,
    pub endpoint_url: Option<String>,
}

impl Identity {
    /// The source that signs: a profile's name, or `env`, `container`, `instance`, `web-identity`.
    pub fn signer(&self) -> Option<&str> {
        self.profile.as_deref().or(self.borrowed)
    }

    /// The scope, once the account is known.
    pub fn scope_id(&self) -> Option<ScopeId> {
        let account = self.account.as_deref().filter(|account| !account.is_empty())?;
        let [signer, region, endpoint] =
            [self.signer(), self.region.as_deref(), self.endpoint_url.as_deref()].map(Option::unwrap_or_default);
        Some(ScopeId::new(signer, account, region, endpoint))
    }
}

impl Clients {
    /// The part of the identity that is known without a call.
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

    /// Reads the identity from STS; one call.
    ///
    /// # Errors
    ///
    /// The failure of the call.
    pub async fn caller_identity(&self) -> Result<Identity, Failure> {
        let answer = self.call(operation::GET_CALLER_IDENTITY, self.sts.get_caller_identity().send()).await?;
        Ok(Identity { account: answer.account, arn: answer.arn, ..self.identity() })
    }
}
