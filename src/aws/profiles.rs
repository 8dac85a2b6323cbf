//! The profiles in the AWS configuration files, as parsed by the SDK.

use std::collections::BTreeSet;

use aws_config::profile::{self, ProfileFileLoadError};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::error_chain;
use crate::nearest;

/// The profile that is used if none is named.
const DEFAULT: &str = "default";
/// Variables that name a profile, in the order of botocore.
const VARIABLES: &[&str] = &["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];

/// Why a profile can't be used, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(String);

impl ProfileError {
    pub(super) fn unreadable(error: &ProfileFileLoadError) -> Self {
        Self(error_chain::text(error))
    }
}

/// The message for a profile that is not in `known`.
pub fn unknown(name: &str, known: &[String]) -> String {
    match known {
        [] => format!("unknown profile `{name}`; the AWS configuration files have none"),
        known => nearest::unknown("profile", name, known.iter().map(String::as_str)),
    }
}

/// The profile named by the user, or else by the environment, or else the default profile, which need not exist.
///
/// # Errors
///
/// If there is no such profile, or the configuration files can't be read.
pub async fn check(explicit: Option<&str>) -> Result<String, ProfileError> {
    selected(&Fs::real(), &Env::real(), explicit).await
}

pub(super) async fn selected(fs: &Fs, env: &Env, explicit: Option<&str>) -> Result<String, ProfileError> {
    let variable =
        |name: &&'static str| env.get(name).ok().filter(|value| !value.is_empty()).map(|value| (value, *name));
    let (name, variable) = match (explicit, VARIABLES.iter().find_map(variable)) {
        (Some(name), _) => (name.to_owned(), None),
        (None, Some((name, variable))) => (name, Some(variable)),
        (None, None) => return Ok(DEFAULT.to_owned()),
    };
    let known = names_in(fs, env).await.map_err(|error| ProfileError::unreadable(&error))?;
    if known.contains(&name) {
        return Ok(name);
    }
    let from = variable.map(|variable| format!("{variable}: ")).unwrap_or_default();
    Err(ProfileError(from + &unknown(&name, &known)))
}

/// All profiles of `~/.aws/config` and `~/.aws/credentials`, or of the files in `AWS_CONFIG_FILE` and
/// `AWS_SHARED_CREDENTIALS_FILE`, sorted. An absent file has none.
///
/// # Errors
///
/// If a file can't be read or has invalid syntax.
pub async fn names() -> Result<Vec<String>, ProfileFileLoadError> {
    names_in(&Fs::real(), &Env::real()).await
}

async fn names_in(fs: &Fs, env: &Env) -> Result<Vec<String>, ProfileFileLoadError> {
    let profiles = profile::load(fs, env, &EnvConfigFiles::default(), None).await?;
    Ok(profiles.profiles().map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn names_of(config: &str, credentials: &str) -> Result<Vec<String>, ProfileFileLoadError> {
        let files = [("/aws/config", config), ("/aws/credentials", credentials)]
            .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        let env = [("AWS_CONFIG_FILE", "/aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "/aws/credentials")];
        names_in(&Fs::from_map(files.into_iter().collect()), &Env::from_slice(&env)).await
    }

    #[tokio::test]
    async fn both_files_are_read_and_names_are_unique() {
        let config =
            "[default]\nregion = eu-west-1\n[profile prod]\nregion = eu-west-1\n[sso-session work]\nsso_region = x\n";
        let credentials = "[prod]\naws_access_key_id = a\n[dev]\naws_access_key_id = b\n";
        assert_eq!(names_of(config, credentials).await.unwrap(), ["default", "dev", "prod"]);
    }

    #[tokio::test]
    async fn a_broken_file_is_an_error_that_names_it() {
        let error = names_of("[profile prod\n", "").await.unwrap_err();
        let chain =
            format!("{}: {}", error, std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
        assert!(chain.contains("/aws/config"), "{chain}");
    }

    #[tokio::test]
    async fn no_files_no_profiles() {
        assert_eq!(names_in(&Fs::from_slice(&[]), &Env::from_slice(&[])).await.unwrap(), Vec::<String>::new());
    }
}
