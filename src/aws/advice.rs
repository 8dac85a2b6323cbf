//! Advice for failures to sign calls, and for signatures that AWS rejects: a table from messages of the SDK and AWS to
//! a plain sentence and the command to run.

use aws_credential_types::provider::error::CredentialsError;

use super::{
    ScopeSpec,
    credentials::{Base, CredentialChoice},
    error_chain,
    mfa::MfaError,
};

/// A kind of failure, with advice. Texts may contain `{profile}` ("profile `dev`"), `{own}` (` --profile dev`),
/// `{flag}` (the same for the profile context credentials must be renewed), `{renew}` (how to renew them), `{region}`,
/// `{said}` (the first line that a `credential_process` wrote to standard error), `{status}` (its exit status).
pub struct Remedy {
    /// The AWS error code, or our own for failures without a call.
    pub code: &'static str,
    /// Recognised by any of these parts of the SDK's message. Empty if the code is sufficient.
    signs: &'static [&'static str],
    /// For the header: two or three words.
    pub state: &'static str,
    /// What is wrong, if the SDK's message is not plain.
    says: Option<&'static str>,
    pub advice: &'static str,
}

macro_rules! remedies {
    ($($code:literal $signs:expr => $state:literal, $says:expr, $advice:literal;)*) => {
        &[$(Remedy { code: $code, signs: &$signs, state: $state, says: $says, advice: $advice }),*]
    };
}

/// Failures to find credentials: the first with a matching sign applies.
const UNSIGNED: &[Remedy] = remedies! {
    "LoginExpired" ["cached Login token", "login/cache"] =>
        "login needed",
        Some("the console session of {profile} has expired, or never began"),
        "run `aws login{flag}`";
    "ProcessMissing" ["exit status: 127", "exit status: 126"] =>
        "no credentials",
        Some("the credential_process of {profile} does not start ({status})"),
        "it said: {said}; correct `credential_process` in the AWS configuration file";
    "ProcessFailed" ["external process exited"] =>
        "no credentials",
        Some("the credential_process of {profile} failed ({status})"),
        "it said: {said}; run it by hand to see more";
    "ProcessOutput" ["external process"] =>
        "no credentials",
        Some("the credential_process of {profile} prints no credentials"),
        "run it by hand: it must print JSON with Version 1, AccessKeyId and SecretAccessKey";
    "SsoSessionMissing" ["sso-session named"] =>
        "profile incomplete",
        None,
        "add that [sso-session] section to the AWS configuration file: `aws configure sso-session` asks for what is in it";
    "SsoIncomplete" ["invalid SSO config", "`sso_region` was missing", "`sso_start_url` was missing"] =>
        "profile incomplete",
        None,
        "run `aws configure sso{flag}` to write it again";
    "SsoExpired" ["SSO token", "sso/cache", "Session token not found or invalid", "ForbiddenException: No access"] =>
        "SSO login needed",
        Some("the SSO session of {profile} has expired, or never began"),
        "run `aws sso login{flag}`";
    "ProfileLoop" ["infinite loop"] =>
        "profile loops",
        Some("the `source_profile` of {profile} refers back to itself"),
        "let the chain end at a profile with keys, SSO or a credential_process";
    "SourceProfileMissing" ["could not find source profile"] =>
        "profile incomplete",
        None,
        "correct `source_profile` in the AWS configuration file";
    "SourceMissing" ["but neither were defined", "Only one or the other can be defined"] =>
        "profile incomplete",
        None,
        "a profile with `role_arn` takes either `source_profile` or `credential_source`";
    "KeyIncomplete" ["profile missing aws_"] =>
        "profile incomplete",
        None,
        "a key is two lines: `aws_access_key_id` and `aws_secret_access_key`; `aws configure{flag}` writes both";
    "RoleDenied" ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"] =>
        "role refused",
        None,
        "ask for that permission, and for this identity in the trust policy of the role";
    "SourceExpired" ["ExpiredToken"] =>
        "credentials expired",
        Some("the credentials that {profile} assumes its role with have expired"),
        "{renew}";
    "TokenFileMissing" ["No such file", "Permission denied"] =>
        "no credentials",
        Some("the web identity token file of {profile} can't be read"),
        "check `web_identity_token_file` or AWS_WEB_IDENTITY_TOKEN_FILE";
    "EnvironmentIncomplete" ["environment variable not set", "AWS_ROLE_ARN"] =>
        "no credentials",
        Some("keys in the environment are incomplete"),
        "set AWS_SECRET_ACCESS_KEY beside AWS_ACCESS_KEY_ID (or AWS_ROLE_ARN beside AWS_WEB_IDENTITY_TOKEN_FILE), or unset both";
    "NoSource" ["IMDS", "Ec2InstanceMetadata", "metadata service", "could not communicate"] =>
        "no credentials",
        Some("there are no credentials: none in the environment, none in {profile}, no role of a container or instance"),
        "run `aws configure{flag}` or `aws configure sso{flag}`, or name another profile";
    "SourceOffline" ["failed to lookup address", "onnection refused", "error trying to connect", "timed out"] =>
        "no credentials",
        Some("the credential source of {profile} does not respond"),
        "check network, VPN and proxy";
};

/// AWS errors about the signature or the whole account, by code.
const REFUSED: &[Remedy] = remedies! {
    "ExpiredTokenException" [] => "credentials expired", None, "{renew}";
    "ExpiredToken" [] => "credentials expired", None, "{renew}";
    "UnrecognizedClientException" [] => "keys refused", None,
        "AWS does not know these keys ({renew}), or {region} is not enabled for the account";
    "InvalidClientTokenId" [] => "keys refused", None,
        "AWS does not know these keys ({renew}), or {region} is not enabled for the account";
    "AuthFailure" [] => "keys refused", None, "AWS does not know these keys: {renew}";
    "InvalidSignatureException" [] => "keys refused", None, "the secret does not belong to the access key: {renew}";
    "SignatureDoesNotMatch" [] => "keys refused", None, "the secret does not belong to the access key: {renew}";
    "IncompleteSignature" [] => "keys refused", None, "the keys are damaged: {renew}";
    "MissingAuthenticationToken" [] => "not signed", None, "a proxy may have removed the signature: check it";
    "MissingAuthenticationTokenException" [] => "not signed", None,
        "a proxy may have removed the signature: check it";
    "RequestExpired" [] => "request expired", None, "the request took too long to reach AWS; it will be retried";
    "RequestTimeTooSkewed" [] => "request expired", None, "the request took too long to reach AWS; it will be retried";
    "OptInRequired" [] => "not subscribed", None,
        "the account can't use this service in {region} yet: enable the Region, finish the sign-up, or choose another";
    "SubscriptionRequiredException" [] => "not subscribed", None,
        "the account can't use this service in {region} yet: enable the Region, finish the sign-up, or choose another";
};

/// Failures that are detected before a call. Their messages are written where they are detected.
const LOCAL: &[Remedy] = remedies! {
    "NoSuchProfile" [] => "no such profile", None, "`aws configure list-profiles` lists them";
    "NoRegion" [] => "no Region", None, "name one with --region, AWS_REGION or `region` in the profile";
    "NoSuchRegion" [] => "no such Region", None, "correct `region` in the profile or in the environment, or name another with --region";
    "AnotherAccount" [] => "another account", None, "earlier rows are from the other account";
    "ClockSkew" [] => "clock is off", None, "set this machine's clock";
    "MfaNeeded" [] => "MFA code needed", Some("{profile} needs an MFA code, and standard input is not a terminal"),
        "run it in a terminal, or run `eval \"$(aws configure export-credentials{own} --format env)\"` first and leave out the profile";
    "MfaCancelled" [] => "MFA code needed", Some("{profile} needs an MFA code, and none was given"),
        "refresh (ctrl-r), or run the command again, to be asked again";
    "MfaRefused" [] => "MFA code refused", Some("AWS did not accept the MFA code for {profile}"),
        "check `mfa_serial` in the profile and the clock of the device; then refresh (ctrl-r), or run the command again";
    "SourceSilent" [] => "no credentials", Some("{profile} returned no credentials within a minute"), "run its credential source manually: it may be waiting for input";
};

/// The remedy with this code.
pub fn by_code(code: &str) -> Option<&'static Remedy> {
    [REFUSED, UNSIGNED, LOCAL].into_iter().flatten().find(|remedy| remedy.code == code)
}

/// The credentials that a failure is about, to fill placeholders.
#[derive(Debug, Clone, Copy)]
pub struct FailureContext<'a> {
    pub scope: &'a ScopeSpec,
    pub choice: Option<&'a CredentialChoice>,
}

/// Describes a failure to get credentials: code, message, advice.
pub fn unsigned(
    error: &CredentialsError,
    context: FailureContext<'_>,
) -> (Option<&'static str>, String, Option<String>) {
    let chain: Vec<String> = error_chain::links(error).map(ToString::to_string).collect();
    let text = chain.join("\n");
    let mfa = MfaError::behind(error).map(|error| match error {
        MfaError::NobodyToAsk => "MfaNeeded",
        MfaError::Cancelled => "MfaCancelled",
        MfaError::Refused => "MfaRefused",
    });
    let remedy = match error {
        _ if mfa.is_some() => mfa.and_then(by_code),
        CredentialsError::ProviderTimedOut(_) => by_code("SourceSilent"),
        // The session may be valid: only its renewal was not reachable.
        _ if text.contains("refresh cached Login token") && text.contains("dispatch failure") => None,
        _ => UNSIGNED.iter().find(|remedy| remedy.signs.iter().any(|sign| text.contains(sign))),
    };
    let root = chain.last().map(String::as_str).unwrap_or_default();
    let root = root.strip_prefix("ProfileFile provider could not be built: ").unwrap_or(root);
    let Some(remedy) = remedy else { return (None, root.to_owned(), None) };
    let said = remedy.says.map_or_else(|| root.to_owned(), |says| context.fill(says, &text));
    (Some(remedy.code), said, Some(context.fill(remedy.advice, &text)))
}

impl FailureContext<'_> {
    /// Fills the placeholders of a template; `text` is the SDK's message.
    pub fn fill(self, template: &str, text: &str) -> String {
        let name = self.choice.map(|choice| choice.source.name()).or(self.scope.profile.as_deref());
        let base = self.choice.map(|choice| choice.base_profile.as_str()).or(self.scope.profile.as_deref());
        let profile = match name {
            Some("env") => "the environment".to_owned(),
            Some("container" | "instance") | None => {
                format!("profile `{}`", self.choice.map_or("default", |choice| &choice.settings))
            }
            Some(name) => format!("profile `{name}`"),
        };
        let flag_of = |profile: Option<&str>| {
            let named = profile.filter(|name| *name != "default");
            named.map(|name| format!(" --profile {}", shell_word(name))).unwrap_or_default()
        };
        let renew = self.choice.map_or(Base::Unknown, |choice| choice.base).renewal();
        let status = text.split("exited with code ").nth(1).and_then(|rest| rest.split(". ").next());
        let said = text.split("Stderr: ").nth(1).and_then(|rest| rest.lines().find(|line| !line.trim().is_empty()));
        let said: String = said.unwrap_or("nothing").trim().chars().filter(|c| !c.is_control()).take(200).collect();
        template
            .replace("{renew}", renew)
            .replace("{profile}", &profile)
            .replace("{own}", &flag_of(name))
            .replace("{flag}", &flag_of(base))
            .replace("{region}", self.scope.region.as_deref().unwrap_or("the Region"))
            .replace("{status}", status.unwrap_or("no status"))
            .replace("{said}", &said)
    }
}

impl Base {
    /// How to renew the credentials, as a clause.
    fn renewal(self) -> &'static str {
        match self {
            Self::Sso => "run `aws sso login{flag}`",
            Self::Login => "run `aws login{flag}`",
            Self::Process => "run the credential_process of {profile} manually to see its output",
            Self::Keys => "renew the keys of {profile}: `aws configure{flag}`, or the tool that wrote them",
            Self::Environment => "renew the keys in the environment and start again, or name a profile",
            Self::Machine => "the machine's role should renew them automatically; check its clock and its role",
            Self::Unknown => "run `aws sso login{flag}` (or renew the keys), or choose another profile",
        }
    }
}

/// Quotes a word for a shell.
pub(super) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// No text of a remedy may have unfilled placeholders.
    #[test]
    fn every_placeholder_is_filled() {
        let scope = ScopeSpec::default();
        let context = FailureContext { scope: &scope, choice: None };
        for remedy in [UNSIGNED, REFUSED, LOCAL].into_iter().flatten() {
            for text in [remedy.advice, remedy.says.unwrap_or_default()] {
                let filled = context.fill(text, "");
                assert!(!filled.contains(['{', '}']), "{}: {filled}", remedy.code);
            }
        }
    }

    #[rstest]
    #[case("dev", "dev")]
    #[case("my profile", "'my profile'")]
    #[case("it's", r"'it'\''s'")]
    fn names_are_quoted_for_the_shell(#[case] word: &str, #[case] quoted: &str) {
        assert_eq!(shell_word(word), quoted);
    }
}
