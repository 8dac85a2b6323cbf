//! With a scripted session.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::session::client::scripted;

type Ends = (Result<SessionOutcome, String>, Vec<u8>, Vec<u8>);

/// Runs a command with this input on a session that `script` plays.
async fn run_with<S: Future<Output = ()>>(
    input: Option<&'static [u8]>,
    script: impl FnOnce(scripted::Script) -> S,
) -> Ends {
    let (session, other) = scripted::session();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let input = input.map(read_in_background);
    let io = RemoteIo { input, output: &mut output, errors: &mut errors, cancel: None };
    let (end, ()) = tokio::join!(run(session, "m", io), script(other));
    (end, output, errors)
}

fn end(code: u8) -> SessionOutcome {
    SessionOutcome {
        reason: format!("the command has ended with exit code {code}"),
        expected: true,
        exit_code: Some(code),
    }
}

#[tokio::test]
async fn output_errors_and_exit_code_come_out_apart() {
    let (ended, output, errors) = run_with(None, |script| async move {
        script.output("noise\x1em:r\x1eout").await;
        script.output("\x1em:eoops\x1eput\x1em:q\x1e\x1em:x7\x1e").await;
    })
    .await;
    assert_eq!((ended, &*output, &*errors), (Ok(end(7)), &b"output"[..], &b"oops\n"[..]));
}

#[tokio::test]
async fn input_is_passed_once_the_command_has_started_and_then_ended() {
    let (ended, output, _) = run_with(Some(b"hi\n"), |mut script| async move {
        script.output("\x1em:r\x1e").await;
        assert_eq!(script.input().await, STANDARD.encode("hi\n") + "\n");
        assert_eq!(script.input().await, "m\n");
        script.output("hi\n\x1em:q\x1e\x1em:x0\x1e").await;
    })
    .await;
    assert_eq!((ended, &*output), (Ok(end(0)), &b"hi\n"[..]));
}

#[tokio::test]
async fn a_command_that_did_not_start_says_why() {
    let reason = CloseReason::AgentError("Unable to start command: exec: \"sh\": executable file not found".into());
    let (ended, ..) = run_with(None, |script| async move { script.close(reason).await }).await;
    assert!(ended.unwrap_err().ends_with("--tty runs one without it"));
}

#[tokio::test]
async fn a_session_that_is_cut_off_is_a_failure_without_an_exit_code() {
    let (ended, output, _) = run_with(None, |script| async move {
        script.output("\x1em:r\x1epart").await;
        script.close(CloseReason::Expired).await;
    })
    .await;
    let ended = ended.unwrap();
    assert_eq!((ended.expected, ended.exit_code, &*output), (false, None, &b"part"[..]));
}
