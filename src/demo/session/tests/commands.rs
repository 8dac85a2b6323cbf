//! Commands under the program that keeps output, errors and exit code apart.

use super::{client::Client, *};

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";

/// The beginning and the parts of the program by which it is recognized.
fn piped(input: bool, command: &str) -> String {
    let source = if input { "sed -n \"/^$M\\$/q;p\" | base64 -d | " } else { "" };
    format!("sh -c 'M=k3y; if stty raw -echo 2>/dev/null; then k=r; else k=c; fi; {source}\"$@\"' sh {command}")
}

async fn output_of(command: &str, input: &str) -> String {
    let stage = Stage::new().await;
    let session = stage.execute(command).await;
    let mut client = Client::connect(&session, CLIENT).await.unwrap();
    if !input.is_empty() {
        client.expect("\x1ek3y:r\x1e").await;
        client.type_text(input).await;
    }
    client.expect_end().await;
    assert_eq!(client.closed.as_deref(), Some(""));
    client.text()
}

#[tokio::test]
async fn input_output_errors_and_exit_code_are_apart() {
    assert_eq!(
        output_of(&piped(true, "cat"), "aGk=\nCg==\nk3y\n").await,
        "\x1ek3y:r\x1ehi\n\x1ek3y:q\x1e\x1ek3y:x0\x1e"
    );
    assert_eq!(
        output_of(&piped(false, "sh -c 'echo out; echo err >&2; exit 7'"), "").await,
        "\x1ek3y:r\x1eout\n\x1ek3y:eerr\x1e\x1ek3y:q\x1e\x1ek3y:x7\x1e"
    );
    assert_eq!(
        output_of(&piped(false, "nope"), "").await,
        "\x1ek3y:r\x1e\x1ek3y:esh: nope: not found\x1e\x1ek3y:q\x1e\x1ek3y:x127\x1e"
    );
}

#[tokio::test]
async fn a_command_on_the_terminal_reports_its_exit_code() {
    let command = r#"sh -c '"$@"; printf "\036%s:x%s\036" k3y $?' sh sh -c 'printf a; false'"#;
    assert_eq!(output_of(command, "").await, "a\x1ek3y:x1\x1e");
}
