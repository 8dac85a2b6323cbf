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
    if command.contains("stty raw") {
        client.expect("\x1ek3y:x").await;
        client.type_text("k3y\n").await;
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

#[tokio::test]
async fn files_outlive_the_session_and_tools_tell_their_size_mode_and_checksum() {
    let stage = Stage::new().await;
    let mut output = String::new();
    for script in [
        "printf 123456789 > /tmp/a; chmod 640 /tmp/a",
        "stat -c \"%s %a\" /tmp/a; cksum /tmp/a; wc -c /tmp/a; ls -l /tmp",
        "dd if=/tmp/a of=/tmp/b bs=4 skip=1 count=1; cat /tmp/b; mkdir /tmp/d; mv /tmp/b /tmp/d",
        "tar cf /tmp/t.tar -C /tmp/d .; tar tf /tmp/t.tar; mkdir /tmp/e; tar xf /tmp/t.tar -C /tmp/e; cat /tmp/e/b",
    ] {
        let session = stage.execute(&piped(false, &format!("sh -c '{script}'"))).await;
        let mut client = Client::connect(&session, CLIENT).await.unwrap();
        client.expect("\x1ek3y:x").await;
        client.type_text("k3y\n").await;
        client.expect_end().await;
        output += &client.text();
    }
    let text: Vec<&str> = output.split('\x1e').filter(|part| !part.starts_with("k3y:") && !part.is_empty()).collect();
    let long = "-rw-r-----    1 root     root             9 Feb  1 09:00 a\n";
    let expected = [format!("9 640\n930766865 9\n9\n{long}"), "5678".to_owned(), ".\nb\n5678".to_owned()];
    assert_eq!(text, expected);
}
