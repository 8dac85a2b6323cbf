//! The credentials of a scope: their source, chosen like the AWS CLI chooses it, and a cache until they expire.
//!
//! The SDK's own chain tries one source after another, starting with keys in the environment, and does not report which
//! one succeeded. Here the source is chosen first, so that it can be shown, and so that its failure is an error rather
//! than a reason to use other credentials.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use super::{
    mfa::{CodeSource, MfaError},
    profiles::{self, ProfileError},
    role_chain::{RoleChain, within_limit},
};
use aws_config::{
    ecs::EcsCredentialsProvider,
    environment::EnvironmentVariableCredentialsProvider,
    imds::credentials::ImdsCredentialsProvider,
    profile::{self, Profile, ProfileFileCredentialsProvider, ProfileSet},
    provider_config::ProviderConfig,
    web_identity_token::WebIdentityTokenCredentialsProvider,
};
use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::{
    os_shim_internal::{Env, Fs},
    region::Region,
};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};

/// Credentials that expire within this time are requested again.
const SOON: Duration = Duration::from_mins(1);

/// Any of these keys makes a profile a source of credentials; without them it only sets a Region and the like.
const KEYS: &[&str] = &[
    "aws_access_key_id",
    "aws_secret_access_key",
    "role_arn",
    "web_identity_token_file",
    "sso_account_id",
    "sso_role_name",
    "login_session",
    "credential_process",
];

/// The source of a scope's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// `AWS_ACCESS_KEY_ID` and related variables.
    Environment,
    /// The role of the token in `AWS_WEB_IDENTITY_TOKEN_FILE`.
    WebIdentity,
    /// A profile of the configuration files.
    Profile(String),
    /// The role of the task or pod that the program runs in.
    Container,
    /// The role of the EC2 instance.
    Instance,
}

impl CredentialSource {
    /// The profile that signs.
    ///
    /// # Errors
    ///
    /// The name of the source if it is not a profile.
    pub fn profile(&self) -> Result<&str, &'static str> {
        match self {
            Self::Profile(name) => Ok(name),
            Self::Environment => Err("env"),
            Self::WebIdentity => Err("web-identity"),
            Self::Container => Err("container"),
            Self::Instance => Err("instance"),
        }
    }

    /// The name of the source in the header and in scope rules.
    pub fn name(&self) -> &str {
        self.profile().unwrap_or_else(|word| word)
    }
}

/// The innermost source, after assumed roles: the credentials to renew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    Sso,
    /// A session of `aws login`.
    Login,
    Process,
    /// Keys in a configuration file.
    Keys,
    Environment,
    /// The role of the machine.
    Machine,
    Unknown,
}

/// The chosen source, and the reason for the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialChoice {
    pub source: CredentialSource,
    /// The reason, as a clause for the log.
    pub why: &'static str,
    /// The profile for settings such as the Region, whatever the source.
    pub settings: String,
    pub base: Base,
    /// The profile that the base belongs to.
    pub base_profile: String,
    /// Whether a role of the profile requires an MFA code.
    pub mfa: bool,
    /// Only the credentials file applies: its keys take precedence over a `credential_process` in the other file.
    keys_of_credentials_file: bool,
}

/// Chooses the source like botocore; `explicit` is the profile that the user named.
///
/// # Errors
///
/// If there is no such profile, or the configuration files can't be read.
pub async fn choose(fs: &Fs, env: &Env, explicit: Option<&str>) -> Result<CredentialChoice, ProfileError> {
    let set = |name: &str| env.get(name).is_ok_and(|value| !value.trim().is_empty());
    let settings = profiles::selected(fs, env, explicit).await?;
    let profiles = load(fs, env, &EnvConfigFiles::default(), &settings).await?;
    let profile = profiles.get_profile(&settings);
    let has = |key: &str| profile.is_some_and(|profile| profile.get(key).is_some());
    let role = has("role_arn") && !has("web_identity_token_file");
    let free = explicit.is_none();

    let (source, why) = if free && set("AWS_ACCESS_KEY_ID") {
        (CredentialSource::Environment, "keys in the environment come before any profile that is not named explicitly")
    } else if free && set("AWS_WEB_IDENTITY_TOKEN_FILE") && !role {
        (CredentialSource::WebIdentity, "AWS_WEB_IDENTITY_TOKEN_FILE is set, and no profile is named explicitly")
    } else if KEYS.iter().any(|key| has(key)) {
        let why = match free {
            true => "no keys are in the environment, and the profile has credentials",
            false => "the profile is named explicitly, which comes before keys in the environment",
        };
        (CredentialSource::Profile(settings.clone()), why)
    } else if set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || set("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        (CredentialSource::Container, "neither environment nor profile has credentials, and the container offers some")
    } else {
        (CredentialSource::Instance, "neither environment, profile nor container has credentials")
    };
    let (base, base_profile) = match &source {
        CredentialSource::Environment => (Base::Environment, settings.clone()),
        CredentialSource::WebIdentity | CredentialSource::Container | CredentialSource::Instance => {
            (Base::Machine, settings.clone())
        }
        CredentialSource::Profile(name) => base_of(&profiles, name),
    };
    let mfa = source.profile().is_ok_and(|name| RoleChain::find(&profiles, name).is_some());
    let keys_of_credentials_file = source.profile().is_ok()
        && profile.is_some_and(uses_process)
        && load(fs, env, &credentials_file(), &settings)
            .await?
            .get_profile(&settings)
            .is_some_and(|profile| profile.get("aws_access_key_id").is_some());
    Ok(CredentialChoice { source, why, settings, base, base_profile, mfa, keys_of_credentials_file })
}

/// Follows the roles of a profile to the credentials that the first is assumed with.
fn base_of(profiles: &ProfileSet, name: &str) -> (Base, String) {
    let mut seen: Vec<&str> = Vec::new();
    let mut name = name;
    while let Some(profile) = profiles.get_profile(name).filter(|_| !seen.contains(&name)) {
        seen.push(name);
        match (profile.get("role_arn"), profile.get("source_profile")) {
            (Some(_), Some(source)) if source != name => name = source,
            _ => {
                let bases = [
                    ("credential_source", Base::Machine),
                    ("web_identity_token_file", Base::Machine),
                    ("sso_account_id", Base::Sso),
                    ("login_session", Base::Login),
                    ("credential_process", Base::Process),
                    ("aws_access_key_id", Base::Keys),
                ];
                let base = bases.into_iter().find(|(key, _)| profile.get(key).is_some());
                return (base.map_or(Base::Unknown, |(_, base)| base), name.to_owned());
            }
        }
    }
    (Base::Unknown, name.to_owned())
}

fn uses_process(profile: &Profile) -> bool {
    let before = ["role_arn", "sso_account_id", "login_session"];
    profile.get("credential_process").is_some() && before.iter().all(|key| profile.get(key).is_none())
}

fn credentials_file() -> EnvConfigFiles {
    EnvConfigFiles::builder().include_default_credentials_file(true).build()
}

async fn load(fs: &Fs, env: &Env, files: &EnvConfigFiles, name: &str) -> Result<ProfileSet, ProfileError> {
    profile::load(fs, env, files, Some(name.to_owned().into())).await.map_err(|error| ProfileError::unreadable(&error))
}

impl CredentialChoice {
    /// Gets credentials from the source. Requests MFA codes from `codes`.
    async fn credentials(&self, region: Option<Region>, codes: &CodeSource) -> provider::Result {
        if let Some(chain) = self.role_chain().await {
            return chain.credentials(region, codes).await;
        }
        within_limit(self.provider(region).provide_credentials()).await
    }

    /// The role chain that requires a code, read from the current configuration files.
    async fn role_chain(&self) -> Option<RoleChain> {
        let name = self.source.profile().ok().filter(|_| self.mfa)?;
        let profiles = load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), name).await.ok()?;
        RoleChain::find(&profiles, name)
    }

    /// Creates the provider again for each attempt, so that changes in the files take effect.
    fn provider(&self, region: Option<Region>) -> SharedCredentialsProvider {
        let config = ProviderConfig::without_region().with_region(region);
        match &self.source {
            CredentialSource::Environment => {
                SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
            }
            CredentialSource::WebIdentity => SharedCredentialsProvider::new(
                WebIdentityTokenCredentialsProvider::builder().configure(&config).build(),
            ),
            CredentialSource::Profile(name) => {
                let mut builder = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name);
                if self.keys_of_credentials_file {
                    builder = builder.profile_files(credentials_file());
                }
                SharedCredentialsProvider::new(builder.build())
            }
            CredentialSource::Container => {
                SharedCredentialsProvider::new(EcsCredentialsProvider::builder().configure(&config).build())
            }
            CredentialSource::Instance => {
                SharedCredentialsProvider::new(ImdsCredentialsProvider::builder().configure(&config).build())
            }
        }
    }
}

/// Why there are no credentials. Shared by all callers that waited for the same attempt.
pub type NoCredentials = Arc<CredentialsError>;

type Attempt = Shared<BoxFuture<'static, Result<Credentials, NoCredentials>>>;

/// The credentials of one scope. Cheap to clone: clones share the cache.
#[derive(Clone)]
pub struct Signer {
    pub choice: CredentialChoice,
    /// Where MFA codes are requested.
    pub codes: CodeSource,
    region: Option<Region>,
    /// The last attempt, which may be in flight: all callers wait for the same one.
    attempt: Arc<Mutex<Option<Attempt>>>,
}

impl Signer {
    pub fn new(choice: CredentialChoice, region: Option<Region>) -> Self {
        Self { choice, codes: CodeSource::default(), region, attempt: Arc::default() }
    }

    /// Returns credentials from the cache or the source. Dropping the future does not end the attempt.
    ///
    /// # Errors
    ///
    /// Why there are none. The next call tries again, except after a missing or wrong MFA code: see [`Signer::retry`].
    pub async fn credentials(&self) -> Result<Credentials, NoCredentials> {
        let attempt = {
            let mut held = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
            match held.as_ref().filter(|attempt| !is_expired(attempt)) {
                Some(attempt) => attempt.clone(),
                None => held.insert(self.attempt()).clone(),
            }
        };
        attempt.await
    }

    /// Drops credentials that AWS has rejected: they may have been renewed meanwhile.
    pub fn forget(&self) {
        let mut held = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_if(|attempt| attempt.peek().is_some());
    }

    /// Forgets a failed attempt, so that the next call tries again. For refreshes by the user.
    pub fn retry(&self) {
        let mut held = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_if(|attempt| matches!(attempt.peek(), Some(Err(_))));
    }

    fn attempt(&self) -> Attempt {
        let Self { choice, codes, region, .. } = self.clone();
        let attempt = tokio::spawn(async move {
            let result = choice.credentials(region, &codes).await;
            note(&choice, &result);
            result.map_err(Arc::new)
        });
        let attempt =
            attempt.map(|joined| joined.unwrap_or_else(|error| Err(Arc::new(CredentialsError::unhandled(error)))));
        attempt.boxed().shared()
    }
}

/// Whether an attempt has ended, and its result can no longer be used.
#[expect(clippy::disallowed_methods, reason = "credentials expire in real time")]
fn is_expired(attempt: &Attempt) -> bool {
    match attempt.peek() {
        None => false,
        Some(Err(error)) => MfaError::behind(error).is_none(),
        Some(Ok(credentials)) => credentials.expiry().is_some_and(|expiry| expiry <= SystemTime::now() + SOON),
    }
}

/// Logs the chosen source. Of an access key, only the end is logged. The text of a failure is not logged, because the
/// standard error of a process may contain anything.
fn note(choice: &CredentialChoice, result: &Result<Credentials, CredentialsError>) {
    let (source, why) = (choice.source.name(), choice.why);
    match result {
        Ok(credentials) => tracing::info!(
            source,
            why,
            kind = ?choice.source,
            settings = choice.settings,
            access_key = key_end(credentials.access_key_id()),
            session = credentials.session_token().is_some(),
            expires = credentials.expiry().map(|at| tracing::field::debug(jiff::Timestamp::try_from(at).ok())),
            "credentials chosen"
        ),
        Err(_) => tracing::warn!(source, why, kind = ?choice.source, settings = choice.settings, "no credentials"),
    }
}

/// The last four characters of an access key id, to distinguish keys.
pub(super) fn key_end(id: &str) -> String {
    let count = id.chars().count();
    if count < 12 { "…".into() } else { format!("…{}", id.chars().skip(count - 4).collect::<String>()) }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("choice", &self.choice).finish_non_exhaustive()
    }
}

impl ProvideCredentials for Signer {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.credentials().await.map_err(CredentialsError::provider_error) as provider::Result
        })
    }
}

#[cfg(test)]
mod tests;
