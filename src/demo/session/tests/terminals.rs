//! The shell on a terminal, and the life of its session.

use super::{client::Client, *};

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";

async fn shell(stage: &Stage) -> (Value, Client) {
    let session = stage.execute("sh -c 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'").await;
    let client = Client::connect(&session, CLIENT).await.unwrap();
    (session, client)
}

#[tokio::test]
async fn a_shell_echoes_runs_commands_and_ends() {
    let stage = Stage::new().await;
    let (session, mut client) = shell(&stage).await;
    client.resize(120, 40).await;
    client.expect("/ # ").await;
    client.type_text("echo 'a  b' | wc -c; stty size; cd /etc && cat hostnam\x7fme\r").await;
    client.expect("5\r\n40 120\r\nip-10-").await;
    client.type_text("nothing\rexit 3\r").await;
    client.expect_end().await;
    assert!(client.text().contains("sh: nothing: not found\r\n"), "{}", client.text());
    assert_eq!(client.closed.as_deref(), Some(""));
    assert_eq!(stage.resume(&session).await.0, 400);
}

#[tokio::test]
async fn ctrl_c_interrupts_and_ctrl_d_ends() {
    let stage = Stage::new().await;
    let (_, mut client) = shell(&stage).await;
    client.expect("# ").await;
    client.type_text("sleep 1000\r").await;
    client.type_text("\x03").await;
    client.expect("^C").await;
    client.type_text("yes\r").await;
    client.expect("y\r\ny\r\n").await;
    client.type_text("\x03").await;
    client.type_text("echo status $?\r").await;
    client.expect("status 130").await;
    client.type_text("\x04").await;
    client.expect_end().await;
    assert!(client.text().ends_with("exit\r\n"));
}

#[tokio::test]
async fn full_screen_programs_follow_the_size() {
    let stage = Stage::new().await;
    let (_, mut client) = shell(&stage).await;
    client.expect("# ").await;
    client.type_text("top\r").await;
    client.expect("80x24").await;
    client.resize(100, 30).await;
    client.expect("100x30").await;
    client.type_text("q").await;
    client.expect("\x1b[?1049l").await;
    client.type_text("vi /tmp/note\ri hello\x1b:wq\rcat /tmp/note; echo done\r").await;
    client.expect(" hellodone\r\n").await;
}

#[tokio::test]
async fn a_session_continues_after_a_cut() {
    let stage = Stage::new().await;
    let (session, mut client) = shell(&stage).await;
    client.expect("# ").await;
    client.type_text("seq 3000\r").await;
    client.expect("\n50\r\n").await;
    let (status, resumed) = stage.resume(&session).await;
    assert_eq!(status, 200);
    client.reconnect(&resumed, CLIENT).await;
    client.expect("\n3000\r\n").await;
    let numbers: String = (1..=3000).map(|number| format!("{number}\r\n")).collect();
    assert!(client.text().contains(&numbers));
}

#[tokio::test]
async fn a_token_is_valid_once_and_for_one_client() {
    let stage = Stage::new().await;
    let (session, mut client) = shell(&stage).await;
    client.expect("# ").await;
    let mut second = Client::connect(&session, CLIENT).await.unwrap();
    second.expect_end().await;
    assert_eq!(second.close_frame, Some((1008, "Invalid token".into())));
    let (_, resumed) = stage.resume(&session).await;
    let mut stranger = Client::connect(&resumed, "99999999-2222-4333-8444-555555555555").await.unwrap();
    stranger.expect_end().await;
    assert!(stranger.close_frame.is_some());
    let mut unknown = session.clone();
    unknown["streamUrl"] = json!(session["streamUrl"].as_str().unwrap().replace("ecs-execute-command-", "other-"));
    assert_eq!(Client::connect(&unknown, CLIENT).await.err(), Some(403));
}

#[tokio::test]
async fn a_terminated_session_is_closed() {
    let stage = Stage::new().await;
    let (session, mut client) = shell(&stage).await;
    client.expect("# ").await;
    assert_eq!(stage.terminate(&session).await, 200);
    client.expect_end().await;
    assert_eq!(client.closed.as_deref(), Some(""));
}

#[tokio::test]
async fn a_command_that_does_not_exist_ends_the_session_with_the_agents_error() {
    let stage = Stage::new().await;
    let session = stage.execute("/bin/zsh").await;
    let mut client = Client::connect(&session, CLIENT).await.unwrap();
    client.expect_end().await;
    let reason = client.closed.unwrap();
    assert!(
        reason.starts_with("\n----------ERROR-------\n") && reason.contains("executable file not found"),
        "{reason}"
    );
}
