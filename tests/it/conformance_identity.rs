//! Conformance of credentials and Region: ecsight must choose the same ones as boto3, in every environment.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use tokio::io::AsyncWriteExt;

use crate::support::emulator::environment;

const JUDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/conformance/boto3_signing.py");

/// An environment: files, variables, and the explicit profile. `{url}` and `{dir}` stand for the server and the home folder.
struct Case {
    name: &'static str,
    config: &'static str,
    credentials: &'static str,
    env: Vec<(&'static str, &'static str)>,
    profile: Option<&'static str>,
}

const KEYS: &[(&str, &str)] = &[("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "secret")];

/// Files of most cases: profiles of every kind.
const CONFIG: &str = "\
[default]
region = eu-west-1
[profile static]
region = eu-west-2
[profile inconfig]
region = eu-west-3
aws_access_key_id = AKIAINCONFIG
aws_secret_access_key = secret
[profile role]
region = eu-north-1
role_arn = arn:aws:iam::123456789012:role/Chained
source_profile = static
[profile role-of-role]
region = eu-north-1
role_arn = arn:aws:iam::123456789012:role/Second
source_profile = role
[profile role-of-env]
region = eu-central-1
role_arn = arn:aws:iam::123456789012:role/FromEnvironment
credential_source = Environment
[profile process]
region = ap-south-1
credential_process = printf '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"secret\"}'
[profile process-and-keys]
region = ap-south-1
credential_process = printf '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"secret\"}'
[profile process-and-keys-in-config]
region = ap-south-1
aws_access_key_id = AKIAINCONFIG
aws_secret_access_key = secret
credential_process = printf '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"secret\"}'
[profile web]
region = ca-central-1
role_arn = arn:aws:iam::123456789012:role/Web
web_identity_token_file = {dir}/token
[profile sso]
region = us-west-2
sso_session = work
sso_account_id = 123456789012
sso_role_name = Reader
[sso-session work]
sso_region = us-east-1
sso_start_url = https://work.awsapps.com/start
sso_registration_scopes = sso:account:access
[profile login]
region = eu-west-2
login_session = arn:aws:iam::123456789012:user/Admin
[profile role-of-login]
region = eu-west-2
role_arn = arn:aws:iam::123456789012:role/FromLogin
source_profile = login
[profile region-only]
region = sa-east-1
[profile no-region]
aws_access_key_id = AKIANOREGION
aws_secret_access_key = secret
";

const CREDENTIALS: &str = "\
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = secret
[static]
aws_access_key_id = AKIASTATIC
aws_secret_access_key = secret
[session]
aws_access_key_id = ASIASESSION
aws_secret_access_key = secret
aws_session_token = token
[process-and-keys]
aws_access_key_id = AKIABESIDEPROCESS
aws_secret_access_key = secret
";

fn case(name: &'static str, profile: Option<&'static str>, env: &[(&'static str, &'static str)]) -> Case {
    Case { name, config: CONFIG, credentials: CREDENTIALS, env: env.to_vec(), profile }
}

fn cases() -> Vec<Case> {
    vec![
        case("default-profile", None, &[]),
        case("env-keys", None, KEYS),
        case("env-keys-with-token", None, &[KEYS[0], KEYS[1], ("AWS_SESSION_TOKEN", "token")]),
        case("env-keys-without-secret", None, &[KEYS[0]]),
        case("named", Some("static"), &[]),
        case("named-over-env-keys", Some("static"), KEYS),
        case("named-default-over-env-keys", Some("default"), KEYS),
        case("named-over-variable", Some("static"), &[("AWS_PROFILE", "inconfig")]),
        case("variable", None, &[("AWS_PROFILE", "static")]),
        case("variable-under-env-keys", None, &[("AWS_PROFILE", "static"), KEYS[0], KEYS[1]]),
        case("older-variable", None, &[("AWS_DEFAULT_PROFILE", "static")]),
        case("both-variables", None, &[("AWS_DEFAULT_PROFILE", "static"), ("AWS_PROFILE", "inconfig")]),
        case("config-file-only", Some("inconfig"), KEYS),
        case("credentials-file-only", Some("session"), &[KEYS[0], KEYS[1], ("AWS_DEFAULT_REGION", "us-east-2")]),
        case("role", Some("role"), KEYS),
        case("role-by-variable", None, &[("AWS_PROFILE", "role")]),
        case("role-of-role", Some("role-of-role"), &[]),
        case("role-of-env", Some("role-of-env"), KEYS),
        case("role-of-env-by-variable", None, &[("AWS_PROFILE", "role-of-env"), KEYS[0], KEYS[1]]),
        case("process", Some("process"), KEYS),
        case("keys-of-credentials-file-before-process", Some("process-and-keys"), &[]),
        case("process-before-keys-of-config-file", Some("process-and-keys-in-config"), &[]),
        case("web-profile", Some("web"), KEYS),
        case(
            "web-variables",
            None,
            &[
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "{dir}/token"),
                ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/WebVariables"),
            ],
        ),
        case(
            "web-variables-under-named",
            Some("static"),
            &[
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "{dir}/token"),
                ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/WebVariables"),
            ],
        ),
        case("sso", Some("sso"), KEYS),
        case("login", Some("login"), KEYS),
        case("role-of-login", Some("role-of-login"), KEYS),
        case("container", Some("region-only"), &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "{url}/container")]),
        case(
            "container-under-keys",
            None,
            &[KEYS[0], KEYS[1], ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "{url}/container")],
        ),
        case(
            "instance",
            Some("region-only"),
            &[("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "{url}/")],
        ),
        case("nothing", Some("region-only"), &[]),
        case("no-such-profile", Some("nosuch"), KEYS),
        case("no-such-profile-by-variable", None, &[("AWS_PROFILE", "nosuch"), KEYS[0], KEYS[1]]),
        case("region-variable-over-profile", Some("static"), &[("AWS_REGION", "us-east-2")]),
        case("older-region-variable-over-profile", Some("static"), &[("AWS_DEFAULT_REGION", "us-east-2")]),
        case(
            "both-region-variables",
            Some("static"),
            &[("AWS_DEFAULT_REGION", "us-east-2"), ("AWS_REGION", "us-west-1")],
        ),
        case("no-region", Some("no-region"), &[]),
        Case {
            name: "no-files",
            config: "",
            credentials: "",
            env: [KEYS, &[("AWS_DEFAULT_REGION", "us-east-2")]].concat(),
            profile: None,
        },
        Case {
            name: "files-elsewhere",
            config: "[profile static]\nregion = mx-central-1\n",
            credentials: "",
            env: vec![("AWS_CONFIG_FILE", "{dir}/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "{dir}/elsewhere")],
            profile: Some("static"),
        },
    ]
}

impl Case {
    /// Variables for `client`, whose requests are identified by their path.
    fn environment(&self, home: &Path, url: &str, client: &str) -> BTreeMap<String, String> {
        let filled = |text: &str| text.replace("{dir}", &home.to_string_lossy()).replace("{url}", url);
        let usual = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", home.to_string_lossy().into_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ENDPOINT_URL", format!("{url}/{client}/{}", self.name)),
        ];
        let own = self.env.iter().map(|(name, value)| (*name, filled(value)));
        usual.into_iter().chain(own).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn write_files(&self, home: &Path) {
        let filled = |text: &str| text.replace("{dir}", &home.to_string_lossy());
        fs::create_dir_all(home.join(".aws")).unwrap();
        fs::write(home.join(".aws/config"), filled(self.config)).unwrap();
        fs::write(home.join(".aws/credentials"), self.credentials).unwrap();
        fs::write(
            home.join("elsewhere"),
            "[static]\naws_access_key_id = AKIAELSEWHERE\naws_secret_access_key = secret\n",
        )
        .unwrap();
        fs::write(home.join("token"), "a.web.token").unwrap();
        write_sso_token(home);
        write_login_token(home);
    }
}

/// Writes the token that `aws sso login` would write for the session `work`.
fn write_sso_token(home: &Path) {
    let cache = home.join(".aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    // The SHA-1 of the session's name.
    let file = cache.join("e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json");
    fs::write(file, r#"{"accessToken": "sso-token", "expiresAt": "2099-01-01T00:00:00Z"}"#).unwrap();
}

/// Writes the token that `aws login` would write for the session of the user Admin.
fn write_login_token(home: &Path) {
    let cache = home.join(".aws/login/cache");
    fs::create_dir_all(&cache).unwrap();
    let token = serde_json::json!({
        "accessToken": {
            "accessKeyId": "ASIALOGIN",
            "secretAccessKey": "secret",
            "sessionToken": "token",
            "accountId": "123456789012",
            "expiresAt": "2099-01-01T00:00:00Z",
        },
        "tokenType": "urn:aws:params:oauth:token-type:access_token_sigv4",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "refreshToken": "refresh",
        "idToken": "identity",
        "dpopKey": "only cases_for_boto3 for when it is renewed",
    });
    // The SHA-256 of the session's name.
    let file = cache.join("10cabd19777b6651ac57333b55c7c10a1242b1c2337f40e674926d7324698347.json");
    fs::write(file, token.to_string()).unwrap();
}

/// Signature of ListClusters by request path: access key, Region, session token.
type Signed = Arc<Mutex<BTreeMap<String, (String, String, bool)>>>;

/// An AWS endpoint that returns credentials to every caller, and lists no clusters.
#[expect(clippy::unused_async, reason = "axum takes async handlers")]
async fn answer(signed: Signed, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (path, body) = (uri.path(), String::from_utf8_lossy(&body).into_owned());
    let mut scope = header("authorization").split("Credential=").nth(1).unwrap_or_default().split('/');
    let (key, region) = (scope.next().unwrap_or_default(), scope.nth(1).unwrap_or_default());
    let json = |key: &str, token: &str| {
        format!(
            r#"{{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "{key}", "SecretAccessKey": "secret",
                "Token": "{token}", "Expiration": "2099-01-01T00:00:00Z", "LastUpdated": "2026-01-01T00:00:00Z"}}"#
        )
    };
    if header("x-amz-target").ends_with(".ListClusters") {
        let token = headers.contains_key("x-amz-security-token");
        let path = path.trim_matches('/').to_owned();
        signed.lock().unwrap().insert(path, (key.to_owned(), region.to_owned(), token));
        return ([("content-type", "application/x-amz-json-1.1")], r#"{"clusterArns": []}"#).into_response();
    }
    if body.contains("Action=AssumeRole") {
        let role = body.split("role%2F").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
        let by = if body.contains("WebIdentityToken=a.web.token") { "TOKEN" } else { key };
        let action = if by == "TOKEN" { "AssumeRoleWithWebIdentity" } else { "AssumeRole" };
        return format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>
             <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/{role}/me</Arn>
             <AssumedRoleId>AROA:me</AssumedRoleId></AssumedRoleUser>
             <Credentials><AccessKeyId>{role}BY{by}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
             <SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
             </{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
        )
        .into_response();
    }
    match path {
        "/container" => json("ASIACONTAINER", "token").into_response(),
        "/latest/api/token" if method == Method::PUT => {
            ([("x-aws-ec2-metadata-token-ttl-seconds", "21600")], "imds-token").into_response()
        }
        "/latest/meta-data/iam/security-credentials/" => "role".into_response(),
        "/latest/meta-data/iam/security-credentials/role" => json("ASIAINSTANCE", "token").into_response(),
        _ if path.ends_with("/federation/credentials") => {
            let by = header("x-amz-sso_bearer_token");
            format!(
                r#"{{"roleCredentials": {{"accessKeyId": "ASIASSOBY{by}", "secretAccessKey": "secret",
                    "sessionToken": "token", "expiration": 4070908800000}}}}"#
            )
            .into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ecsight_signs_with_the_keys_and_region_that_boto3_uses() {
    let Some(venv) = environment("boto3", &["boto3[crt]==1.44.5"]).await else { return };
    let signed = Signed::default();
    let noted = signed.clone();
    let router = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        answer(noted.clone(), method, uri, headers, body)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let folder = tempfile::tempdir().unwrap();
    let home = |case: &Case| folder.path().join(case.name);
    let cases = cases();
    let cases_for_boto3: Vec<serde_json::Value> = cases
        .iter()
        .map(|case| {
            case.write_files(&home(case));
            let env = case.environment(&home(case), &url, "boto3");
            serde_json::json!({ "name": case.name, "env": env, "profile": case.profile })
        })
        .collect();

    let mut judge = tokio::process::Command::from(venv.command("python"));
    // botocore reads the home folder once, when it is loaded.
    write_sso_token(folder.path());
    judge.arg(JUDGE).env("HOME", folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut judge = judge.spawn().unwrap();
    judge.stdin.take().unwrap().write_all(&serde_json::to_vec(&cases_for_boto3).unwrap()).await.unwrap();
    let output = judge.wait_with_output().await.unwrap();
    let judged: BTreeMap<String, Option<String>> = serde_json::from_slice(&output.stdout).expect("the judge's answer");

    let mut differences = Vec::new();
    for case in &cases {
        let mut ours = tokio::process::Command::new(env!("CARGO_BIN_EXE_ecsight"));
        ours.args(["get", "clusters"]).env_clear().envs(case.environment(&home(case), &url, "ecsight"));
        ours.args(case.profile.iter().flat_map(|profile| ["--profile", profile])).kill_on_drop(true);
        let output = ours.output().await.unwrap();
        let signed = signed.lock().unwrap();
        let by = |client: &str| signed.get(&format!("{client}/{}", case.name));
        if by("ecsight") != by("boto3") {
            let errors = String::from_utf8_lossy(&output.stderr);
            let (name, judged) = (case.name, &judged[case.name]);
            differences.push(format!("{name}: {:?} {errors}  boto3: {:?} {judged:?}", by("ecsight"), by("boto3")));
        }
        // In each case both sign or neither does.
        let refused =
            ["env-keys-without-secret", "nothing", "no-such-profile", "no-such-profile-by-variable", "no-region"];
        if by("boto3").is_none() != refused.contains(&case.name) {
            differences.push(format!("{}: {:?} {:?}", case.name, by("boto3"), judged[case.name]));
        }
    }
    server.abort();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
