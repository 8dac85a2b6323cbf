//! AWS clients for one scope, failures as plain sentences, and the request budget. The SDK's types don't leave this
//! module.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, identity::IdentityCache, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::{
    os_shim_internal::{Env, Fs},
    service_config::ServiceConfigKey,
};
use tokio::sync::mpsc;

mod access;
pub mod advice;
pub mod budget;
pub mod credentials;
mod denial;
pub mod error;
pub mod error_chain;
pub mod identity;
mod interceptor;
pub mod mfa;
pub mod operation;
pub mod profiles;
pub mod regions;
mod role_chain;
mod signature;
pub mod token_bucket;

pub use access::{Access, SharedAccess};
pub use budget::Budget;
pub use credentials::CredentialSource;
pub use error::{Failure, FailureKind};
pub use identity::{Identity, ScopeId};
pub use operation::{Nature, Operation, QuotaClass};

use advice::FailureContext;
use credentials::Signer;
pub use interceptor::replace_body;

use interceptor::{CallLog, CaptureBody, HostAsNamed, ReadOnlyGuard};
use mfa::CodeRequest;

/// Time limits for connecting, for the start of a response, and for a whole call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(8);
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// The requested profile, Region and endpoint. Absent parts come from the environment and the configuration files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeSpec {
    pub profile: Option<String>,
    pub region: Option<String>,
    pub endpoint_url: Option<String>,
}

/// Creates the client of one service, given by its IAM prefix, with all interceptors. Every client is created here.
macro_rules! client {
    ($sdk:ident, $service:literal, $config:expr, $access:expr $(, $interceptor:expr)*) => {{
        let guard = ReadOnlyGuard { service: $service, access: $access.clone() };
        let config = $sdk::config::Builder::from($config).interceptor(guard).interceptor(CallLog);
        $(let config = config.interceptor($interceptor);)*
        $sdk::Client::from_conf(config.build())
    }};
}

/// Clients of one scope. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {
    pub ecs: aws_sdk_ecs::Client,
    pub sts: aws_sdk_sts::Client,
    pub budget: Budget,
    pub scope: ScopeSpec,
    config: SdkConfig,
    access: SharedAccess,
    /// Absent if the configuration has its own credentials.
    signer: Option<Signer>,
    /// Created when first needed, which in most sessions is late or never.
    auto_scaling: Arc<OnceLock<aws_sdk_applicationautoscaling::Client>>,
    elb: Arc<OnceLock<aws_sdk_elasticloadbalancingv2::Client>>,
    ssm: Arc<OnceLock<aws_sdk_ssm::Client>>,
    kms: Arc<OnceLock<aws_sdk_kms::Client>>,
    logs: Arc<Mutex<HashMap<String, aws_sdk_cloudwatchlogs::Client>>>,
    /// Optional operations that were denied: not called again.
    denied: Arc<Mutex<HashSet<&'static str>>>,
    known: Arc<Mutex<KnownOperations>>,
}

/// What the server has shown about its operations, by name.
#[derive(Debug, Default)]
struct KnownOperations {
    answered: HashSet<&'static str>,
    /// Those that it does not have, with the failure that said so: not called again.
    unsupported: HashMap<&'static str, Failure>,
}

impl Clients {
    /// Creates clients for `scope`. Absent parts of it are found like the AWS CLI finds them. Reads the shared
    /// configuration files; makes no AWS call.
    ///
    /// # Errors
    ///
    /// If there is no such profile, or no Region is known.
    pub async fn connect(scope: &ScopeSpec, budget: Budget) -> Result<Self, Failure> {
        let choice = credentials::choose(&Fs::real(), &Env::real(), scope.profile.as_deref())
            .await
            .map_err(|refusal| Failure::before_any_call("NoSuchProfile", refusal.to_string()))?;
        // The signer caches credentials: a second cache would continue to use those that AWS has rejected.
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .profile_name(&choice.settings)
            .identity_cache(IdentityCache::no_cache())
            .no_credentials();
        if let Some(region) = &scope.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &scope.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        if config.region().is_none() {
            return Err(Failure::before_any_call("NoRegion", "no AWS Region is configured"));
        }
        if let Some(region) = config.region().map(AsRef::as_ref)
            && endpoint_of_ecs(&config).is_none()
            && !regions::plausible(region)
        {
            return Err(Failure::before_any_call("NoSuchRegion", regions::unknown(region)));
        }
        let signer = Signer::new(choice, config.region().cloned());
        let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(signer.clone())).build();
        Ok(Self { signer: Some(signer), ..Self::from_config(&config, scope.clone(), budget) })
    }

    /// Creates clients from a configuration. The SDK does not retry polls: a late retry of stale data is worthless, and
    /// a feed has its own back-off.
    pub fn from_config(config: &SdkConfig, scope: ScopeSpec, budget: Budget) -> Self {
        let config = config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .read_timeout(READ_TIMEOUT)
                    .operation_timeout(CALL_TIMEOUT)
                    .build(),
            )
            .build();
        let access = SharedAccess::default();
        let scope = ScopeSpec {
            region: config.region().map(ToString::to_string),
            endpoint_url: endpoint_of_ecs(&config),
            ..scope
        };
        Self {
            ecs: client!(aws_sdk_ecs, "ecs", &config, access),
            sts: client!(aws_sdk_sts, "sts", &config, access),
            budget,
            scope,
            config,
            access,
            signer: None,
            auto_scaling: Arc::default(),
            elb: Arc::default(),
            ssm: Arc::default(),
            kms: Arc::default(),
            logs: Arc::default(),
            denied: Arc::default(),
            known: Arc::default(),
        }
    }

    /// Returns clients that also capture the bodies of ECS responses, including fields that the SDK does not know.
    pub fn capturing(&self) -> (Self, Captured) {
        let captured = Captured::default();
        let ecs = client!(aws_sdk_ecs, "ecs", &self.config, self.access, CaptureBody(captured.clone()));
        (Self { ecs, ..self.clone() }, captured)
    }

    /// Returns clients of the same scope with an access mode of their own.
    pub fn with_access(&self, access: Access) -> Self {
        let own = Self {
            signer: self.signer.clone(),
            denied: self.denied.clone(),
            known: self.known.clone(),
            ..Self::from_config(&self.config, self.scope.clone(), self.budget.clone())
        };
        own.access.set(access);
        own
    }

    /// The access mode of these clients and all their clones.
    pub fn access(&self) -> &SharedAccess {
        &self.access
    }

    /// The client for Application Auto Scaling.
    pub fn auto_scaling(&self) -> &aws_sdk_applicationautoscaling::Client {
        let make = || client!(aws_sdk_applicationautoscaling, "application-autoscaling", &self.config, self.access);
        self.auto_scaling.get_or_init(make)
    }

    /// The client for load balancers.
    pub fn elb(&self) -> &aws_sdk_elasticloadbalancingv2::Client {
        let make = || client!(aws_sdk_elasticloadbalancingv2, "elasticloadbalancing", &self.config, self.access);
        self.elb.get_or_init(make)
    }

    /// The client for Systems Manager, which carries sessions.
    pub fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.ssm.get_or_init(|| client!(aws_sdk_ssm, "ssm", &self.config, self.access))
    }

    /// The client for keys, which encrypt sessions.
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| client!(aws_sdk_kms, "kms", &self.config, self.access))
    }

    /// The client for logs in `region`, or in the scope's Region if absent: a container may log to another Region.
    pub fn logs(&self, region: Option<&str>) -> aws_sdk_cloudwatchlogs::Client {
        let region = region.or(self.scope.region.as_deref()).unwrap_or_default().to_owned();
        let mut clients = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(region).or_insert_with_key(|region| {
            let config = self.config.to_builder().region(Region::new(region.clone())).build();
            client!(aws_sdk_cloudwatchlogs, "logs", &config, self.access, HostAsNamed)
        });
        client.clone()
    }

    /// Whether a role of the profile requires an MFA code.
    pub fn takes_mfa_code(&self) -> bool {
        self.signer.as_ref().is_some_and(|signer| signer.choice.mfa)
    }

    /// Receives requests for MFA codes. Without a receiver, signing in fails if a code is needed. The channel is closed if the
    /// configuration has fixed credentials.
    pub fn code_requests(&self) -> mpsc::Receiver<CodeRequest> {
        self.signer.as_ref().map_or_else(|| mpsc::channel(1).1, |signer| signer.codes.requests())
    }

    /// Gets the credentials without making a call of the scope.
    ///
    /// # Errors
    /// When there are no credentials.
    pub async fn sign_in(&self) -> Result<(), Failure> {
        if let Some(signer) = &self.signer {
            signer.credentials().await.map_err(|error| Failure::unsigned(self.whose(), &error))?;
        }
        Ok(())
    }

    /// Lets the next call ask for an MFA code again after the user has canceled.
    pub fn retry_sign_in(&self) {
        self.signer.iter().for_each(Signer::retry);
    }

    fn whose(&self) -> FailureContext<'_> {
        FailureContext { scope: &self.scope, choice: self.signer.as_ref().map(|signer| &signer.choice) }
    }

    /// A warning before anything is sent, if the connection is not encrypted.
    pub fn warning(&self) -> Option<String> {
        let url = self.scope.endpoint_url.as_deref().filter(|url| is_readable_on_the_network(url))?;
        Some(format!("{url} is not encrypted: session tokens and all data cross the network in plain text"))
    }

    /// Makes one call within the budget: waits for a token of its class, counts the call, and converts errors.
    ///
    /// # Errors
    ///
    /// The failure of the call.
    pub async fn call<T, E>(
        &self,
        operation: Operation,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = known().unsupported.get(operation.name) {
            return Err(failure.clone());
        }
        // Before the call, because its time limit must not include the time that a user takes to enter a code.
        self.sign_in().await?;
        self.budget.acquire(operation.class).await;
        let mut result = request.await.map_err(|error| Failure::of(operation, self.whose(), &error));
        match &mut result {
            Ok(_) => _ = known().answered.insert(operation.name),
            Err(failure) if failure.kind != FailureKind::Unsupported => {}
            // It has answered before, so this is an error of the server.
            Err(failure) if known().answered.contains(operation.name) => failure.kind = FailureKind::Server,
            Err(failure) => _ = known().unsupported.insert(operation.name, failure.clone()),
        }
        match &result {
            Err(failure) if failure.kind == FailureKind::Throttled => self.budget.throttled(operation.class),
            _ => self.budget.answered(operation.class),
        }
        if let (Err(Failure { kind: FailureKind::Credentials, .. }), Some(signer)) = (&result, &self.signer) {
            signer.forget();
        }
        result
    }

    /// Whether an optional operation was denied, so that it is no longer called.
    fn is_left_out(&self, operation: Operation) -> bool {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner).contains(operation.name)
    }

    /// Makes an optional call: `None` if it fails; after a denial it is not made again.
    pub async fn optional<T, E>(
        &self,
        operation: Operation,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Option<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if self.is_left_out(operation) {
            return None;
        }
        let failure = match self.call(operation, request).await {
            Ok(answer) => return Some(answer),
            Err(failure) => failure,
        };
        tracing::warn!(operation = failure.operation, code = failure.code, message = failure.message, "left out");
        if failure.kind == FailureKind::Denied {
            self.denied.lock().unwrap_or_else(PoisonError::into_inner).insert(operation.name);
        }
        None
    }
}

/// Creates an STS client to assume roles. This is part of signing in, so read-only mode does not apply.
fn role_client(config: &SdkConfig) -> aws_sdk_sts::Client {
    let access = SharedAccess::default();
    access.set(Access::Write);
    client!(aws_sdk_sts, "sts", config, access)
}

/// Whether traffic to `url` can be read on its way: it is not encrypted, and leaves this machine.
fn is_readable_on_the_network(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => authority.rsplit('@').next().and_then(|host| host.split(':').next()),
    };
    let host = host.unwrap_or_default();
    let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    !(loopback || host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost"))
}

/// The configured endpoint of ECS, if it is not the default. A setting for ECS alone overrides that for all services.
fn endpoint_of_ecs(config: &SdkConfig) -> Option<String> {
    let named = config.get_origin("endpoint_url").is_client_config();
    let key = ServiceConfigKey::builder().service_id("ECS").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let own =
        config.service_config().zip(key.ok()).filter(|_| !named).and_then(|(service, key)| service.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The response bodies of clients created by [`Clients::capturing`].
#[derive(Debug, Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<serde_json::Value>>>);

impl Captured {
    fn put(&self, body: &[u8]) {
        if let Ok(json) = serde_json::from_slice(body) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(json);
        }
    }

    /// The responses as JSON, in the order of arrival.
    pub fn take(&self) -> Vec<serde_json::Value> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};
    use rstest::rstest;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("refused")]
    struct Refused(ErrorMetadata);

    impl ProvideErrorMetadata for Refused {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    /// The kind of the failure of a call, and whether it was sent.
    async fn call(clients: &Clients, answer: Result<(), &str>) -> (Option<FailureKind>, bool) {
        let mut sent = false;
        let request = async {
            sent = true;
            answer.map_err(|code| {
                let raw = HttpResponse::new(400.try_into().unwrap(), SdkBody::from("{}"));
                SdkError::service_error(Refused(ErrorMetadata::builder().code(code).build()), raw)
            })
        };
        let result = clients.call(operation::LIST_SERVICE_DEPLOYMENTS, request).await;
        (result.err().map(|failure| failure.kind), sent)
    }

    #[tokio::test]
    async fn an_operation_that_the_server_does_not_have_is_called_once() {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let clients = || Clients::from_config(&config, ScopeSpec::default(), Budget::default());
        let (unsupported, unknown) = (Some(FailureKind::Unsupported), Err("UnknownOperationException"));
        let never = clients();
        assert_eq!(call(&never, unknown).await, (unsupported, true));
        assert_eq!(call(&never, unknown).await, (unsupported, false));
        assert_eq!(call(&never.clone(), Ok(())).await, (unsupported, false));
        let once = clients();
        assert_eq!(call(&once, Ok(())).await, (None, true));
        assert_eq!(call(&once, unknown).await, (Some(FailureKind::Server), true), "it has answered before");
        assert_eq!(call(&once, Ok(())).await, (None, true));
    }

    #[rstest]
    #[case("http://10.0.0.7:4566", true)]
    #[case("http://emulator:4566/", true)]
    #[case("http://localhost.example.com", true)]
    #[case("http://127.0.0.1@example.com/", true)]
    #[case("http://127.0.0.1:5000", false)]
    #[case("http://[::1]:5000", false)]
    #[case("http://localhost", false)]
    #[case("https://10.0.0.7:4566", false)]
    fn unencrypted_traffic_that_leaves_the_machine_is_readable(#[case] url: &str, #[case] expected: bool) {
        assert_eq!(is_readable_on_the_network(url), expected);
    }
}
