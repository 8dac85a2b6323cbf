//! Role chains that need an MFA code. The SDK's profile provider can't send a code, so these roles are assumed here.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use aws_config::{
    BehaviorVersion,
    ecs::EcsCredentialsProvider,
    environment::EnvironmentVariableCredentialsProvider,
    imds::credentials::ImdsCredentialsProvider,
    profile::{Profile, ProfileFileCredentialsProvider, ProfileSet},
    provider_config::ProviderConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, error::CredentialsError},
};
use aws_sdk_sts::{error::SdkError, operation::assume_role::AssumeRoleError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::Region;
use tokio::time::timeout;

use super::{
    mfa::{CodeQuestion, CodeSource, MfaCode, MfaError},
    role_client,
};

/// Time limit of a credential source; a `credential_process` may ask the user for something. Waiting for an MFA code has no
/// limit.
const LIMIT: Duration = Duration::from_mins(1);
/// How many codes the user may enter before the refusal of AWS is final.
const ATTEMPTS: usize = 3;
/// Part of the STS message for a wrong MFA code.
const REFUSED: &str = "MultiFactorAuthentication failed";

/// A role of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AssumedRole {
    profile: String,
    arn: String,
    session_name: Option<String>,
    external_id: Option<String>,
    seconds: Option<i32>,
    /// The MFA device, if the role requires a code.
    device: Option<String>,
}

impl AssumedRole {
    fn of(name: &str, profile: &Profile) -> Option<Self> {
        let value = |key: &str| profile.get(key).map(str::to_owned);
        Some(Self {
            profile: name.to_owned(),
            arn: value("role_arn").filter(|_| profile.get("web_identity_token_file").is_none())?,
            session_name: value("role_session_name"),
            external_id: value("external_id"),
            seconds: profile.get("duration_seconds").and_then(|seconds| seconds.parse().ok()),
            device: value("mfa_serial"),
        })
    }
}

/// The credentials that the first role of a chain is assumed with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RoleSource {
    Keys(Credentials),
    /// Another profile, resolved by the SDK.
    Profile(String),
    Environment,
    Container,
    Instance,
}

/// The roles of a profile in the order in which they are assumed. The first one requires an MFA code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoleChain {
    source: RoleSource,
    roles: Vec<AssumedRole>,
}

impl RoleChain {
    /// The role chain of the profile `name`. `None` if no role requires a code, or the chain is invalid: the SDK resolves the
    /// former and reports the latter.
    pub(super) fn find(profiles: &ProfileSet, name: &str) -> Option<Self> {
        let mut roles: Vec<(AssumedRole, &Profile)> = Vec::new();
        let mut name = name;
        while let Some(profile) = profiles.get_profile(name) {
            // Like in botocore, keys take precedence over a role, except in the first profile.
            let ends = !roles.is_empty() && profile.get("aws_access_key_id").is_some();
            let known = roles.iter().any(|(role, _)| role.profile == name);
            let Some(role) = AssumedRole::of(name, profile).filter(|_| !ends && !known) else { break };
            roles.push((role, profile));
            match profile.get("source_profile") {
                Some(source) => name = source,
                None => break,
            }
        }
        let first = roles.iter().rposition(|(role, _)| role.device.is_some())?;
        roles.truncate(first + 1);
        let (role, profile) = roles.last()?;
        let source = match (profile.get("source_profile"), profile.get("credential_source")) {
            (Some(source), None) if source == role.profile => RoleSource::Keys(keys_of(profile)?),
            (Some(source), None) => RoleSource::Profile(source.to_owned()),
            (None, Some("Environment")) => RoleSource::Environment,
            (None, Some("EcsContainer")) => RoleSource::Container,
            (None, Some("Ec2InstanceMetadata")) => RoleSource::Instance,
            _ => return None,
        };
        Some(Self { source, roles: roles.into_iter().rev().map(|(role, _)| role).collect() })
    }

    /// Assumes the roles one after another. Requests MFA codes from `codes`.
    ///
    /// # Errors
    /// When the source has no credentials, or AWS refuses a role or the codes.
    pub(super) async fn credentials(self, region: Option<Region>, codes: &CodeSource) -> provider::Result {
        let mut credentials = within_limit(self.source.credentials(region.clone())).await?;
        for role in &self.roles {
            credentials = role.assume(credentials, region.clone(), codes).await?;
        }
        Ok(credentials)
    }
}

/// Awaits credentials for at most [`LIMIT`].
pub(super) async fn within_limit(source: impl Future<Output = provider::Result>) -> provider::Result {
    timeout(LIMIT, source).await.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(LIMIT)))
}

/// The access key of a profile.
fn keys_of(profile: &Profile) -> Option<Credentials> {
    let (id, secret) = profile.get("aws_access_key_id").zip(profile.get("aws_secret_access_key"))?;
    Some(Credentials::new(id, secret, profile.get("aws_session_token").map(str::to_owned), None, "Profile"))
}

impl RoleSource {
    async fn credentials(self, region: Option<Region>) -> provider::Result {
        let config = ProviderConfig::without_region().with_region(region);
        match self {
            Self::Keys(credentials) => Ok(credentials),
            Self::Profile(name) => {
                let builder = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name);
                builder.build().provide_credentials().await
            }
            Self::Environment => EnvironmentVariableCredentialsProvider::new().provide_credentials().await,
            Self::Container => EcsCredentialsProvider::builder().configure(&config).build().provide_credentials().await,
            Self::Instance => ImdsCredentialsProvider::builder().configure(&config).build().provide_credentials().await,
        }
    }
}

impl AssumedRole {
    async fn assume(&self, source: Credentials, region: Option<Region>, codes: &CodeSource) -> provider::Result {
        let config =
            aws_config::defaults(BehaviorVersion::latest()).profile_name(&self.profile).credentials_provider(source);
        let client = role_client(&config.region(region).load().await);
        let Some(device) = &self.device else { return within_limit(self.call(&client, None)).await };
        for attempt in 0..ATTEMPTS {
            let question = CodeQuestion { profile: self.profile.clone(), device: device.clone(), refused: attempt > 0 };
            let code = codes.ask(question).await.map_err(CredentialsError::provider_error)?;
            match within_limit(self.call(&client, Some((device, &code)))).await {
                Err(error) if MfaError::behind(&error) == Some(MfaError::Refused) => {}
                result => return result,
            }
        }
        Err(CredentialsError::provider_error(MfaError::Refused))
    }

    async fn call(&self, client: &aws_sdk_sts::Client, code: Option<(&str, &MfaCode)>) -> provider::Result {
        let seconds = SystemTime::UNIX_EPOCH.elapsed().map(|elapsed| elapsed.as_secs()).unwrap_or_default();
        let request = client
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(self.session_name.clone().unwrap_or_else(|| format!("ecsight-{seconds}")))
            .set_external_id(self.external_id.clone())
            .set_duration_seconds(self.seconds)
            .set_serial_number(code.map(|(device, _)| device.to_owned()))
            .set_token_code(code.map(|(_, code)| code.digits().to_owned()));
        let answer = request.send().await.map_err(refusal)?;
        let given = answer.credentials.ok_or_else(|| CredentialsError::provider_error("STS gave no credentials"))?;
        let expiry = SystemTime::try_from(given.expiration).map_err(CredentialsError::provider_error)?;
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            Some(expiry),
            "AssumeRole",
        ))
    }
}

/// Converts an STS error, keeping the message of AWS.
fn refusal<R: fmt::Debug + Send + Sync + 'static>(error: SdkError<AssumeRoleError, R>) -> CredentialsError {
    match error.as_service_error() {
        Some(refusal) if refusal.message().is_some_and(|message| message.contains(REFUSED)) => {
            CredentialsError::provider_error(MfaError::Refused)
        }
        Some(refusal) => {
            let (code, message) = (refusal.code().unwrap_or_default(), refusal.message().unwrap_or_default());
            CredentialsError::provider_error(format!("{code}: {message}"))
        }
        None => CredentialsError::provider_error(error),
    }
}

#[cfg(test)]
mod tests {
    use aws_config::profile;
    use aws_runtime::env_config::file::EnvConfigFiles;
    use aws_types::os_shim_internal::{Env, Fs};
    use rstest::rstest;

    use super::*;

    const CONFIG: &str = "\
[profile keys]
aws_access_key_id = a
aws_secret_access_key = b
[profile plain]
role_arn = plain
source_profile = keys
[profile admin]
role_arn = admin
source_profile = keys
mfa_serial = device
[profile above]
role_arn = above
source_profile = admin
[profile beneath]
role_arn = beneath
source_profile = plain
mfa_serial = device
[profile itself]
role_arn = itself
source_profile = itself
mfa_serial = device
aws_access_key_id = a
aws_secret_access_key = b
[profile machine]
role_arn = machine
credential_source = EcsContainer
mfa_serial = device
[profile half]
role_arn = half
mfa_serial = device
[profile token]
role_arn = token
web_identity_token_file = /token
mfa_serial = device
[profile device-only]
mfa_serial = device
aws_access_key_id = a
aws_secret_access_key = b
[profile round]
role_arn = round
source_profile = about
mfa_serial = device
[profile about]
role_arn = about
source_profile = round
";

    #[rstest]
    #[case::no_role("keys", None)]
    #[case::no_code("plain", None)]
    #[case::a_code("admin", Some("keys: admin(device)"))]
    #[case::a_code_beneath("above", Some("keys: admin(device) above"))]
    #[case::the_sdk_assumes_what_is_beneath_the_code("beneath", Some("plain: beneath(device)"))]
    #[case::its_own_keys("itself", Some("(a): itself(device)"))]
    #[case::a_role_of_the_machine("machine", Some("container: machine(device)"))]
    #[case::no_source("half", None)]
    #[case::a_token("token", None)]
    #[case::keys_need_no_code("device-only", None)]
    #[case::a_loop_is_told_by_the_sdk("round", Some("about: round(device)"))]
    #[case::no_such_profile("nosuch", None)]
    #[tokio::test]
    async fn the_roles_of_a_profile_are_assumed_from_the_one_that_takes_a_code(
        #[case] name: &str,
        #[case] expected: Option<&str>,
    ) {
        let fs = Fs::from_map([("/config".to_owned(), CONFIG.as_bytes().to_vec())].into_iter().collect());
        let env = Env::from_slice(&[("AWS_CONFIG_FILE", "/config"), ("AWS_SHARED_CREDENTIALS_FILE", "/none")]);
        let profiles = profile::load(&fs, &env, &EnvConfigFiles::default(), None).await.expect("profiles");
        let found = RoleChain::find(&profiles, name).map(|chain| {
            let source = match chain.source {
                RoleSource::Keys(keys) => format!("({})", keys.access_key_id()),
                RoleSource::Profile(name) => name,
                other => format!("{other:?}").to_lowercase(),
            };
            let roles = chain.roles.into_iter().map(|role| match role.device {
                Some(device) => format!("{}({device})", role.arn),
                None => role.arn,
            });
            format!("{source}: {}", roles.collect::<Vec<_>>().join(" "))
        });
        assert_eq!(found.as_deref(), expected);
    }
}
