//! Messages and log entries of the built binary about its credentials.

use std::fs;

use rstest::rstest;

use crate::{
    cli::{Answer, Home},
    support::aws::Aws,
};

const CONFIG: &str = "\
[profile process-missing]
credential_process = /nowhere/nosuch --x
[profile process-words]
credential_process = echo hello
[profile process-failed]
credential_process = sh -c 'echo \"the code is expired\" >&2; exit 3'
[profile sso-never]
sso_session = work
sso_account_id = 123456789012
sso_role_name = Reader
[profile sso-old]
sso_session = old
sso_account_id = 123456789012
sso_role_name = Reader
[profile sso-legacy]
sso_start_url = https://work.awsapps.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = Reader
[profile role-of-sso]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = sso-old
[profile sso-nosession]
sso_session = nosuch
sso_account_id = 123456789012
sso_role_name = Reader
[sso-session work]
sso_region = us-east-1
sso_start_url = https://work.awsapps.com/start
[sso-session old]
sso_region = us-east-1
sso_start_url = https://old.awsapps.com/start
[profile loop]
role_arn = arn:aws:iam::123456789012:role/a
source_profile = loop-back
[profile loop-back]
role_arn = arn:aws:iam::123456789012:role/b
source_profile = loop
[profile no-such-source]
role_arn = arn:aws:iam::123456789012:role/b
source_profile = nosuch
[profile no-source]
role_arn = arn:aws:iam::123456789012:role/b
[profile login]
login_session = arn:aws:iam::123456789012:user/Admin
[profile token-missing]
role_arn = arn:aws:iam::123456789012:role/b
web_identity_token_file = /nowhere/token
[profile half]
aws_access_key_id = AKIAHALFAKEYANDNOMORE
[profile process-slow]
credential_process = sleep 6; printf '{\"Version\": 1, \"AccessKeyId\": \"AKIASLOW\", \"SecretAccessKey\": \"s\"}'
[profile empty]
region = eu-west-1
[profile misspelt]
region = us-esat-1
";

/// SHA-1 of "old", the name of an expired session.
const OLD: &str = ".aws/sso/cache/c00dbbc9dadfbe1e232e93a729dd4752fade0abf.json";

fn home() -> Home {
    let token = r#"{"accessToken": "t", "expiresAt": "2020-01-01T00:00:00Z"}"#;
    Home::new().with(".aws/config", CONFIG).with(OLD, token)
}

#[rstest]
#[case(
    "process-missing",
    "the credential_process of profile `process-missing` does not start (exit status: 127)",
    "it said: "
)]
#[case(
    "process-words",
    "the credential_process of profile `process-words` prints no credentials",
    "run it by hand: it must print JSON with Version 1, AccessKeyId and SecretAccessKey"
)]
#[case(
    "process-failed",
    "the credential_process of profile `process-failed` failed (exit status: 3)",
    "it said: the code is expired; run it by hand to see more"
)]
#[case(
    "sso-never",
    "the SSO session of profile `sso-never` has expired, or never began",
    "run `aws sso login --profile sso-never`"
)]
#[case(
    "sso-old",
    "the SSO session of profile `sso-old` has expired, or never began",
    "run `aws sso login --profile sso-old`"
)]
#[case(
    "sso-legacy",
    "the SSO session of profile `sso-legacy` has expired, or never began",
    "run `aws sso login --profile sso-legacy`"
)]
#[case(
    "role-of-sso",
    "the SSO session of profile `role-of-sso` has expired, or never began",
    "run `aws sso login --profile sso-old`"
)]
#[case(
    "sso-nosession",
    "sso-session named `nosuch` (referenced by profile `sso-nosession`) was not found",
    "`aws configure sso-session`"
)]
#[case("loop", "the `source_profile` of profile `loop`", "let the chain end")]
#[case("no-such-source", "could not find source profile nosuch", "correct `source_profile`")]
#[case("no-source", "neither were defined", "takes either `source_profile` or `credential_source`")]
#[case(
    "login",
    "the console session of profile `login` has expired, or never began",
    "run `aws login --profile login`"
)]
#[case(
    "token-missing",
    "the web identity token file of profile `token-missing` can't be read",
    "web_identity_token_file"
)]
#[case("half", "profile missing aws_secret_access_key", "`aws configure --profile half` writes both")]
#[case("empty", "there are no credentials", "run `aws configure --profile empty`")]
#[case("misspelt", "unknown Region `us-esat-1`; did you mean us-east-1", "correct `region`")]
#[case("loopp", "unknown profile `loopp`; did you mean loop", "")]
fn a_mistake_in_a_profile_is_reported_with_advice(#[case] profile: &str, #[case] wrong: &str, #[case] helps: &str) {
    let home =
        home().with("bin/aws", "#!/bin/sh\necho \"Your session has expired. Please reauthenticate\" >&2\nexit 255\n");
    let aws = home.path().join("bin/aws");
    fs::set_permissions(&aws, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = home.command(&["get", "clusters", "--profile", profile]);
    command.env("PATH", format!("{}:/usr/bin:/bin", home.path().join("bin").display()));
    if profile != "misspelt" {
        command.args(["--region", "eu-west-1"]);
    }
    let answer = Answer::of(command.output().unwrap());
    let (first, rest) = answer.err.split_once('\n').unwrap_or((&answer.err, ""));
    assert!(first.starts_with("error: ") && first.contains(wrong), "{}", answer.err);
    assert!(rest.contains(helps), "{}", answer.err);
    // No call was made, so the message names none, and it does not mention keys of the console.
    for wrong in ["ListClusters", "GetCallerIdentity", "Connect", ":region", ":profile", "already taken", "cargo"] {
        assert!(!answer.err.contains(wrong), "{wrong}: {}", answer.err);
    }
    assert!(profile.contains("sso") || !answer.err.contains("sso login"), "{}", answer.err);
}

#[test]
fn incomplete_keys_in_the_environment_are_reported() {
    let mut command = home().command(&["get", "clusters", "--region", "eu-west-1"]);
    let answer = Answer::of(command.env("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT").output().unwrap());
    assert!(answer.err.contains("AWS_SECRET_ACCESS_KEY"), "{}", answer.err);
}

/// Slower than the timeout of the SDK, but within that of a call.
#[test]
fn a_slow_credential_process_succeeds() {
    let aws = Aws::incident_now(&[]);
    let home = home();
    let url = aws.server.url();
    let mut command =
        home.command(&["get", "clusters", "-p", "process-slow", "-r", "eu-west-1", "--endpoint-url", &url]);
    let answer = Answer::of(command.env("PATH", "/usr/bin:/bin").output().unwrap());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.contains("prod"), "{}", answer.out);
}

#[test]
fn clock_skew_is_corrected() {
    let aws = Aws::incident_now(&["skew=20m"]);
    let answer = aws.run(&["get", "clusters"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
}

#[test]
fn an_unencrypted_endpoint_is_warned_about_before_any_call() {
    let home = home();
    let mut command =
        home.command(&["get", "clusters", "--region", "eu-west-1", "--endpoint-url", "http://192.0.2.1:9"]);
    command.envs([("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("warning: http://192.0.2.1:9 is not encrypted"), "{line}");
}

/// Content of the log file below a home folder.
fn log_of(home: &std::path::Path) -> String {
    fs::read_to_string(home.join(".local/state/ecsight/ecsight.log")).unwrap_or_default()
}

#[rstest]
#[case("info")]
#[case("trace")]
fn the_log_has_the_chosen_credentials_and_every_call_but_no_secret(#[case] level: &str) {
    let aws = Aws::incident_now(&[]);
    let home = Home::new();
    let mut command = home.command(&["get", "clusters", "--log-level", level, "--endpoint-url", &aws.server.url()]);
    let secrets = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCY"),
        ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLETOKEN"),
    ];
    let answer = Answer::of(command.envs(secrets).env("AWS_REGION", "eu-west-1").output().unwrap());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let log = log_of(home.path());
    for expected in
        ["credentials chosen", "source=\"env\"", "keys in the environment come before", "…MPLE", "session=true"]
    {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    for (_, secret) in secrets {
        assert!(!log.contains(secret), "{log}");
    }
    let calls: Vec<&str> = log.lines().filter(|line| line.contains("operation=\"ListClusters\"")).collect();
    if level == "trace" {
        for expected in ["service=\"ECS\"", "region=\"eu-west-1\"", "status=200", "milliseconds=", "request_id="] {
            assert!(calls.iter().any(|line| line.contains(expected)), "{expected}: {log}");
        }
    } else {
        assert_eq!(calls, Vec::<&str>::new());
    }
}

#[test]
fn output_of_a_credential_process_is_shown_but_not_logged() {
    let home = home();
    let mut command =
        home.command(&["get", "clusters", "--log-level", "trace", "-p", "process-failed", "-r", "eu-west-1"]);
    let answer = Answer::of(command.env("PATH", "/usr/bin:/bin").output().unwrap());
    assert!(answer.err.contains("the code is expired"), "{}", answer.err);
    let log = log_of(home.path());
    assert!(log.contains("no credentials") && log.contains("source=\"process-failed\""), "{log}");
    assert!(!log.contains("the code is expired"), "{log}");
}
