//! `ecsight forward` against the embedded AWS: its gateway, its agent and the small services behind its ports.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    exec::{account, enterable, in_terminal},
    support::{aws::Aws, pty::Program},
};

/// How long a line may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A running `ecsight forward`.
struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    /// Starts it in the cluster of a task that can be entered, with sessions allowed.
    fn start(aws: &Aws, cluster: &str, args: &[&str]) -> Self {
        let whole = [&["forward", "-c", cluster, "--write", "--yes"], args].concat();
        let mut child = aws.command(&whole).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line with this text.
    fn wait(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no `{text}` in {:#?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits until it carries connections, and returns its port.
    fn ready(&mut self) -> u16 {
        let line = self.wait("listening on 127.0.0.1:");
        self.wait("connections go to ");
        line.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Interrupts it, and returns its exit code.
    fn interrupt(mut self) -> Option<i32> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).expect("it runs");
        self.end()
    }

    fn end(&mut self) -> Option<i32> {
        let code = self.child.wait().expect("it ends").code();
        self.seen.extend(self.lines.iter());
        code
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

/// A web page through a local port; empty if the connection is closed.
fn page(port: u16) -> String {
    let mut stream = connect(port);
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn stop(aws: &Aws, task: &str, cluster: &str) {
    let stopped = aws.run(&["stop", task, "-c", cluster, "--write", "--yes", "--i-mean", &task[..8]]);
    assert_eq!(stopped.code, Some(0), "{}", stopped.err);
}

#[test]
fn connections_reach_the_task_until_ctrl_c() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let mut running = Running::start(&aws, &cluster, &[&task, "0:8080"]);
    let port = running.ready();
    assert!(page(port).ends_with(r#"{"status":"ok"}"#));
    running.wait("connection 1");
    assert_eq!(running.interrupt(), Some(0));
    let counts = ["StartSession", "TerminateSession", "ExecuteCommand"].map(|name| aws.endpoint.count(name));
    assert_eq!(counts, [1, 1, 0]);
}

#[test]
fn the_journal_says_where_and_how_long_but_nothing_secret() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let mut running = Running::start(&aws, &cluster, &[&task, "0:echo.internal:7"]);
    let port = running.ready();
    let mut stream = connect(port);
    stream.write_all(b"hunter2").expect("sent");
    stream.read_exact(&mut [0; 7]).expect("echoed");
    running.wait("connection 1");
    running.interrupt();
    let journal = aws.run(&["journal", "-o", "json"]).out;
    let lines: Vec<&str> = journal.lines().collect();
    assert_eq!(lines.len(), 2, "{journal}");
    let parts = ["\"forward\"", "StartSession", "echo.internal", &task, "ToRemoteHost"];
    assert!(parts.iter().all(|part| lines[0].contains(part)), "{journal}");
    assert!(lines[1].contains("\"ended\"") && lines[1].contains("you ended the forward after "), "{journal}");
    let secret = ["hunter2", "token", "Token", "wss:", "ws://"];
    assert!(secret.iter().all(|part| !journal.contains(part)), "{journal}");
    let text = aws.run(&["journal"]).out;
    assert!(
        text.contains("aws ssm start-session --document-name AWS-StartPortForwardingSessionToRemoteHost"),
        "{text}"
    );
}

#[test]
fn another_task_of_the_service_takes_over() {
    let aws = account();
    let cluster = enterable(&aws).1;
    let mut running = Running::start(&aws, &cluster, &["--service", "web", "0:8080"]);
    let opening = running.wait("opening a session in ");
    let task = opening.rsplit(' ').next().expect("an id").to_owned();
    running.wait("connections go to ");
    let port = running.seen[0].rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    stop(&aws, &task, &cluster);
    running.wait("reconnecting: ");
    let line = running.wait("connections go to ");
    assert!(!line.contains(&task), "{line}");
    assert!(page(port).ends_with(r#"{"status":"ok"}"#));
    assert_eq!(running.interrupt(), Some(0));
}

#[test]
fn the_end_of_its_task_ends_a_forward_with_the_cause() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let mut running = Running::start(&aws, &cluster, &[&task, "0:8080"]);
    running.ready();
    stop(&aws, &task, &cluster);
    let line = running.wait("error: ");
    assert!(line.contains(&task[..8]) && line.contains("stop"), "{line}");
    assert_eq!(running.end(), Some(1));
}

#[test]
fn the_next_connection_opens_a_session_in_place_of_an_idle_one() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let mut running = Running::start(&aws, &cluster, &[&task, "0:8080"]);
    let port = running.ready();
    aws.endpoint.add_fault("session-idle#1".parse().expect("a fault"));
    running.wait("there was no traffic; the next connection opens another session");
    assert_eq!(aws.endpoint.count("StartSession"), 1);
    assert!(page(port).ends_with(r#"{"status":"ok"}"#));
    assert_eq!(running.interrupt(), Some(0));
    assert_eq!(aws.endpoint.count("StartSession"), 2);
}

#[test]
fn a_cut_session_is_resumed_at_the_same_port() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    aws.endpoint.add_fault("session-bye=40#1".parse().expect("a fault"));
    let mut running = Running::start(&aws, &cluster, &[&task, "0:8080"]);
    let port = running.ready();
    while aws.endpoint.count("ResumeSession") == 0 {
        assert!(page(port).ends_with(r#"{"status":"ok"}"#));
    }
    assert!(page(port).ends_with(r#"{"status":"ok"}"#));
    assert_eq!(running.interrupt(), Some(0));
    assert_eq!(aws.endpoint.count("StartSession"), 1);
}

#[test]
fn a_container_that_takes_no_more_sessions_is_reported() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    aws.endpoint.add_fault("session-limit".parse().expect("a fault"));
    let mut running = Running::start(&aws, &cluster, &[&task, "0:8080"]);
    running.wait("warning: no answer from the container for 20 seconds: two sessions may be open there already");
    assert_eq!(running.interrupt(), Some(0));
    assert_eq!(aws.endpoint.count("TerminateSession"), 1);
}

#[test]
fn a_port_that_nobody_listens_on_is_named_and_the_forward_goes_on() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let mut running = Running::start(&aws, &cluster, &[&task, "0:81"]);
    let port = running.ready();
    assert_eq!(connect(port).read(&mut [0]).expect("closed"), 0);
    running.wait("warning: nothing accepts connections on port 81 of ");
    assert_eq!(running.interrupt(), Some(0));
}

#[test]
fn what_keeps_a_forward_from_starting_is_said_in_words() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let failed = |args: &[&str], faults: &[&str]| {
        faults.iter().for_each(|fault| aws.endpoint.add_fault(fault.parse().expect("a fault")));
        let answer = aws.run(&[&["forward", "-c", &cluster, "--write", "--yes"], args].concat());
        (answer.code, answer.err)
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let taken = listener.local_addr().expect("bound").port();
    let (code, err) = failed(&[&task, &format!("{taken}:8080")], &[]);
    assert!(code == Some(1) && err.contains(&format!("port {taken} is in use on this machine")), "{err}");
    drop(listener);
    let (code, err) = failed(&[&task, "0:169.254.169.254:80"], &[]);
    assert!(code == Some(1) && err.contains("connects to no address of AWS's metadata"), "{err}");
    let (code, err) = failed(&[&task, "0:8080"], &["exec-unreachable#1"]);
    assert!(code == Some(1) && err.contains("is not connected to Systems Manager"), "{err}");
    let (code, err) = failed(&[&task, "0:8080"], &["deny:StartSession#1"]);
    let parts =
        ["ssm:StartSession on arn:aws:ecs:", &task, "document AWS-StartPortForwardingSession", "ECS Exec does not"];
    assert!(code == Some(1) && parts.iter().all(|part| err.contains(part)), "{err}");
}

#[test]
fn a_forward_needs_permission_and_valid_ports() {
    let aws = account();
    let (task, cluster) = enterable(&aws);
    let refused = aws.run(&["forward", &task, "8080", "-c", &cluster]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("is read-only; no session was opened. To open one, add --write"), "{}", refused.err);
    let unsure = aws.run(&["forward", &task, "8080", "-c", &cluster, "--write"]);
    assert!(unsure.code == Some(2) && unsure.err.contains("add --yes"), "{}", unsure.err);
    for (args, says) in [
        (&[&*task, "web"][..], "invalid ports `web`; try 8080, 5000:8080"),
        (&["8080"], "name a task, --service or --family besides the ports"),
        (&[&task, "8080", "--service", "web"], "name a task or --service, not both"),
    ] {
        let answer = aws.run(&[&["forward", "-c", &cluster], args].concat());
        assert!(answer.code == Some(2) && answer.err.contains(says), "{}", answer.err);
    }
    assert_eq!(aws.endpoint.count("StartSession"), 0);
}

#[test]
fn a_forward_of_the_configuration_starts_by_its_name() {
    let aws = account();
    let cluster = enterable(&aws).1;
    let saved = format!(
        "[[forward]]\nname = \"echo\"\ncluster = \"{cluster}\"\nservice = \"web\"\nhost = \"echo.internal\"\nport = 7\n\
         local = 0\n"
    );
    let config = aws.home.path().join("forwards.toml");
    std::fs::write(&config, saved).expect("written");
    let config = config.display().to_string();
    let mut running = Running::start(&aws, &cluster, &["echo", "--config", &config]);
    let mut stream = connect(running.ready());
    stream.write_all(b"hi").expect("sent");
    stream.read_exact(&mut [0; 2]).expect("echoed");
    assert_eq!(running.interrupt(), Some(0));
    let unknown = aws.run(&["forward", "ehco", "-c", &cluster, "--config", &config]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("unknown forward `ehco`; did you mean echo?"), "{}", unknown.err);
}

/// The local port in a line such as `127.0.0.1:41234 goes to …`.
fn local_port(screen: &str) -> Option<u16> {
    let (before, _) = screen.split_once(" goes to ")?;
    before.rsplit(':').next()?.parse().ok()
}

/// Sends bytes to an echo, and asserts that the same come back.
fn echo(port: u16, seed: usize) {
    let mut stream = connect(port);
    let bytes: Vec<u8> = (0..20_000).map(|index| (index * (seed + 1) / 3) as u8).collect();
    let mut reader = stream.try_clone().expect("a clone");
    let sent = bytes.clone();
    let writing = std::thread::spawn(move || stream.write_all(&sent));
    let mut echoed = vec![0; bytes.len()];
    reader.read_exact(&mut echoed).expect("echoed");
    writing.join().expect("joined").expect("sent");
    assert!(echoed == bytes, "connection {seed}");
}

#[test]
fn the_console_forwards_a_hundred_connections_while_keys_are_pressed() {
    let aws = account();
    let cluster = enterable(&aws).1;
    let mut pty = Program::ecsight(&["--write", "--cluster", &cluster, "--command", ":services /name=web"])
        .env("AWS_ENDPOINT_URL", &aws.server.url())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .env("HOME", &aws.home.path().display().to_string())
        .start();
    pty.wait("the service", |screen| screen.contents().contains("[1/"));
    pty.keys("F");
    pty.wait_text("forward to service web");
    // The only port may have been filled in: it is cut.
    pty.keys("\u{5}\u{15}0:echo.internal:7\r");
    pty.wait_text("Forward a port in PROD?");
    pty.keys("\r");
    pty.wait_text(" goes to echo.internal:7 through ");
    let port = local_port(&pty.contents()).expect("a port");
    let connections: Vec<_> = (0..100).map(|seed| std::thread::spawn(move || echo(port, seed))).collect();
    pty.keys("f");
    pty.wait_text("Forwards[1]");
    while !connections.iter().all(std::thread::JoinHandle::is_finished) {
        pty.keys("q:tasks\r");
        pty.wait_text("asks(");
        pty.keys("jkf");
        pty.wait_text("Forwards[1]");
    }
    connections.into_iter().for_each(|connection| connection.join().expect("echoed"));
    pty.wait_text("0/100");
    pty.keys(":q\r");
    pty.wait_text("Quit and end 1 forward?");
    assert_eq!(aws.endpoint.count("TerminateSession"), 0);
    pty.keys("\r");
    assert!(pty.exit().success());
    pty.assert_sane();
    assert_eq!(["StartSession", "TerminateSession"].map(|name| aws.endpoint.count(name)), [1, 1]);
    let journal = aws.run(&["journal", "-o", "json"]).out;
    let lines: Vec<&str> = journal.lines().collect();
    assert!(lines.len() == 2 && lines[1].contains("you ended the forward after "), "{journal}");
}

#[test]
fn a_forward_in_the_console_moves_on_when_its_task_is_stopped_there() {
    let aws = account();
    let cluster = enterable(&aws).1;
    let mut pty = in_terminal(&aws, &["--write", "--cluster", &cluster, "--command", ":services /name=web"]);
    pty.wait("the service", |screen| screen.contents().contains("[1/"));
    pty.keys(":forward 0:8080\r");
    pty.wait_text("Forward a port in PROD?");
    pty.keys("\r");
    pty.wait_text(" goes to port 8080 through ");
    let screen = pty.contents();
    let port = local_port(&screen).expect("a port");
    let (_, through) = screen.split_once(" of task ").expect("a task");
    let task = through[..8].to_owned();
    pty.keys("f");
    pty.wait_text("Forwards[1]");
    stop(&aws, &task, &cluster);
    while aws.endpoint.count("StartSession") < 2 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(page(port).ends_with(r#"{"status":"ok"}"#));
    // By then the list knows of the other session.
    pty.wait("one connection", |screen| screen.contents().contains("0/1 "));
    pty.keys("\r");
    pty.wait_text(&format!("task {task} of web "));
    pty.signal(Signal::TERM);
    assert_eq!(pty.exit().exit_code(), 143);
    assert_eq!(["StartSession", "TerminateSession"].map(|name| aws.endpoint.count(name)), [2, 2]);
}

#[test]
fn the_demo_forwards_a_web_server_and_ends_the_forward_by_a_key() {
    let mut pty = Program::ecsight(&["demo", "--write", "--command", ":services /name=web"]).start();
    pty.wait("the service", |screen| screen.contents().contains("[1/"));
    pty.keys(":forward 0:8080\r");
    pty.wait_text("Forward a port in PROD?");
    pty.keys("\r");
    pty.wait_text(" goes to port 8080 through ");
    let port = local_port(&pty.contents()).expect("a port");
    assert!(page(port).ends_with(r#"{"status":"ok"}"#));
    pty.keys("f");
    pty.wait("one connection", |screen| screen.contents().contains("0/1 "));
    pty.keys("\u{4}");
    pty.wait_text("ended");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    pty.keys("\r");
    pty.wait_text("you ended the forward");
    pty.keys(":q\r");
    assert!(pty.exit().success());
}
