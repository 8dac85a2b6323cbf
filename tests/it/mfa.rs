//! The built binary with a profile whose role requires an MFA code, against a fake STS.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use rstest::rstest;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    cli::{Answer, Home},
    support::{
        aws::Aws,
        pty::{Program, Pty},
    },
};

const CONFIG: &str = "\
[profile keys]
aws_access_key_id = AKIAKEYSOFTHEUSER
aws_secret_access_key = secret
[profile admin]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/Admin
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/me
external_id = outside
duration_seconds = 900
";

/// The code that the fake STS accepts, and one that it refuses.
const RIGHT: &str = "314159";
const WRONG: &str = "271828";

/// A fake STS that accepts one code.
struct Sts {
    url: String,
    /// Bodies of the requests so far.
    asked: Arc<Mutex<Vec<String>>>,
    _runtime: Runtime,
}

impl Sts {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let noted = asked.clone();
        let router = Router::new().fallback(move |body: String| {
            let answer = answer(&body);
            noted.lock().expect("not poisoned").push(body);
            async { answer }
        });
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(TcpListener::bind(loopback)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, asked, _runtime: runtime }
    }

    /// The codes in the requests so far. Checks the other parameters of each request.
    fn codes(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("not poisoned");
        let parts = [
            "Action=AssumeRole&",
            "SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Fme",
            "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FAdmin",
            "ExternalId=outside",
            "DurationSeconds=900",
        ];
        let code = |body: &String| {
            for part in parts {
                assert!(body.contains(part), "{part}: {body}");
            }
            let code = body.split("TokenCode=").nth(1).expect("a code");
            code.split('&').next().unwrap_or_default().to_owned()
        };
        asked.iter().map(code).collect()
    }
}

fn answer(body: &str) -> Response {
    if !body.contains(RIGHT) {
        let error = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>
             <Code>AccessDenied</Code><Message>MultiFactorAuthentication failed with invalid MFA one time pass code.
             </Message></Error><RequestId>r</RequestId></ErrorResponse>";
        return (StatusCode::FORBIDDEN, error).into_response();
    }
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>
     <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/Admin/me</Arn>
     <AssumedRoleId>AROA:me</AssumedRoleId></AssumedRoleUser>
     <Credentials><AccessKeyId>ASIAADMIN</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
     <SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
     </AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>"
        .into_response()
}

/// Starts the program in a terminal, with this home folder and these endpoints.
fn start(args: &[&str], home: &Home, aws: &Aws, sts: &Sts) -> Pty {
    let url = aws.server.url();
    let args = [args, &["--profile", "admin", "--log-level", "trace", "--endpoint-url", &url]].concat();
    let home = home.path().to_string_lossy().into_owned();
    Program::ecsight(&args)
        .env("HOME", &home)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL_STS", &sts.url)
        .start()
}

fn home() -> Home {
    Home::new().with(".aws/config", CONFIG)
}

/// Fails if a file in the home folder, such as the log, contains a code.
fn assert_no_code_was_written(home: &Home) {
    let (mut folders, mut log) = (vec![home.path().to_owned()], false);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
            log |= path.ends_with("ecsight.log") && text.contains("AssumeRole");
            assert!(![RIGHT, WRONG].iter().any(|code| text.contains(code)), "{}: {text}", path.display());
        }
    }
    assert!(log, "the log tells that a role was assumed");
}

#[test]
fn a_command_asks_for_the_code_on_the_terminal_and_again_when_it_is_refused() {
    let (home, aws, sts) = (home(), Aws::incident_now(&[]), Sts::start());
    let mut pty = start(&["get", "clusters"], &home, &aws, &sts);
    pty.wait_text("MFA code for arn:aws:iam::123456789012:mfa/me: ");
    pty.keys("12\r");
    pty.wait_text("an MFA code is six digits");
    pty.keys(&format!("{WRONG}\r"));
    pty.wait_text("AWS did not accept the code; wait for the next one");
    pty.keys(&format!("{RIGHT}\r"));
    assert_eq!(pty.exit().exit_code(), 0);
    pty.assert_sane();
    let output = pty.everything();
    assert!(output.contains("prod"), "{output}");
    assert!(!output.contains(RIGHT) && !output.contains(WRONG), "{output}");
    assert_eq!(sts.codes(), [WRONG, RIGHT]);
    assert_no_code_was_written(&home);
}

#[rstest]
#[case::escape("12\x1b")]
#[case::ctrl_c("\x03")]
fn a_command_ends_with_what_to_do_when_no_code_is_given(#[case] keys: &str) {
    let (home, aws, sts) = (home(), Aws::incident_now(&[]), Sts::start());
    let mut pty = start(&["get", "clusters"], &home, &aws, &sts);
    pty.wait_text("MFA code for ");
    pty.keys(keys);
    assert_eq!(pty.exit().exit_code(), 1);
    pty.assert_sane();
    let output = pty.everything();
    assert!(output.contains("profile `admin` needs an MFA code, and none was given"), "{output}");
    assert!(output.contains("run the command again"), "{output}");
    assert_eq!(sts.codes(), [""; 0]);
}

#[test]
fn a_command_without_a_terminal_ends_with_what_to_do() {
    let (home, aws, sts) = (home(), Aws::incident_now(&[]), Sts::start());
    let mut command = home.command(&["get", "clusters", "--profile", "admin", "--endpoint-url", &aws.server.url()]);
    let answer = Answer::of(command.env("AWS_ENDPOINT_URL_STS", &sts.url).output().expect("the binary runs"));
    assert_eq!(answer.code, Some(1));
    for expected in [
        "profile `admin` needs an MFA code, and standard input is not a terminal",
        "export-credentials --profile admin",
    ] {
        assert!(answer.err.contains(expected), "{expected}: {}", answer.err);
    }
    assert_eq!(sts.codes(), [""; 0]);
}

#[test]
fn the_console_asks_for_the_code_in_a_prompt_and_again_on_refresh() {
    let (home, aws, sts) = (home(), Aws::incident_now(&[]), Sts::start());
    let mut pty = start(&["--command", "clusters"], &home, &aws, &sts);
    pty.wait_text("mfa/me");
    // Keys of the table beneath the dialog.
    pty.keys("jjq");
    pty.keys("\x1b");
    pty.wait_text("MFA code needed");
    pty.keys("\x12");
    pty.wait_text("mfa/me");
    pty.keys(WRONG);
    pty.wait_text("******");
    pty.keys("\r");
    pty.wait_text("AWS did not accept the code");
    pty.keys(&format!("{RIGHT}\r"));
    pty.wait_text("staging");
    pty.keys(":q\r");
    assert_eq!(pty.exit().exit_code(), 0);
    pty.assert_sane();
    let output = pty.everything();
    assert!(!output.contains(RIGHT) && !output.contains(WRONG), "{output}");
    assert_eq!(sts.codes(), [WRONG, RIGHT]);
    assert_no_code_was_written(&home);
}
