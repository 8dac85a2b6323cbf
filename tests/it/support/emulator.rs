//! An independent AWS emulator, as a process.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use regex::Regex;

use super::python::Venv;

/// The package of moto includes boto3; ministack needs another version of botocore.
pub const MOTO: &str = "moto[server]==5.2.5";
const MINISTACK: &str = "ministack==1.5.33";

/// Timeout for its start; only a failing test waits that long.
const LIMIT: Duration = Duration::from_mins(1);

/// A running emulator. Dropping it stops it.
pub struct Emulator {
    child: Child,
    url: String,
}

impl Emulator {
    /// Starts `command`, which must print its address on standard error, as flask and hypercorn do.
    pub fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = child.stderr.take().expect("a pipe");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let address = Regex::new(r"Running on (http://127\.0\.0\.1:\d+)").expect("a pattern");
            let mut lines = BufReader::new(stderr);
            let mut line = String::new();
            let mut output = String::new();
            while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                if let Some(found) = address.captures(&line) {
                    let _ = sender.send(Ok(found[1].to_owned()));
                    // Keep reading, because a full pipe would block the emulator.
                    let _ = std::io::copy(&mut lines.by_ref(), &mut std::io::sink());
                    return;
                }
                output.push_str(&line);
                line.clear();
            }
            let _ = sender.send(Err(output));
        });
        let address = receiver.recv_timeout(LIMIT);
        let mut emulator = Self { child, url: String::new() };
        emulator.url = match address {
            Ok(Ok(url)) => url,
            Ok(Err(output)) => panic!("the emulator ended at once: {output}"),
            Err(_) => panic!("the emulator did not print its address"),
        };
        emulator
    }

    /// Output of the built program with this emulator as endpoint.
    pub async fn run(&self, region: &str, args: &[&str]) -> Vec<u8> {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_ecsight"))
            .args(args)
            .args(["--region", region, "--endpoint-url", self.url()])
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "AKIADEMO"), ("AWS_SECRET_ACCESS_KEY", "secret")])
            .kill_on_drop(true)
            .output()
            .await
            .expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Endpoint URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Starts moto, if it can be installed.
pub async fn moto() -> Option<Emulator> {
    let mut command = environment("moto", &[MOTO]).await?.command("moto_server");
    command.args(["-H", "127.0.0.1", "-p", "0"]);
    Some(Emulator::start(command))
}

/// Starts ministack, if it can be installed.
pub async fn ministack() -> Option<Emulator> {
    let mut command = environment("ministack", &[MINISTACK]).await?.command("ministack");
    command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", "0");
    Some(Emulator::start(command))
}

/// Creates a Python environment without blocking the runtime.
pub async fn environment(name: &'static str, requirements: &'static [&'static str]) -> Option<Venv> {
    tokio::task::spawn_blocking(|| Venv::with(name, requirements)).await.expect("no panic")
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
