//! The built binary against an embedded AWS on a socket, whose clock is stopped.

use std::{net::SocketAddr, process::Command};

use ecsight::demo::{Endpoint, Options, Server};
use tokio::runtime::Runtime;

use crate::cli::{Answer, Home};

pub const START_MS: i64 = 1_750_000_000_000;

/// An embedded AWS, and a home folder for the program that calls it.
pub struct Aws {
    pub home: Home,
    pub server: Server,
    pub endpoint: Endpoint,
    // Dropped last: the server runs on it.
    runtime: Runtime,
}

impl Aws {
    pub fn on(endpoint: Endpoint) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime.block_on(Server::start(loopback, endpoint.clone())).expect("a server");
        Self { home: Home::new(), server, endpoint, runtime }
    }

    /// Replaces the AWS by another one at the same address, keeping the home folder.
    pub fn replaced(self, endpoint: Endpoint) -> Self {
        let Self { home, server, runtime, .. } = self;
        let address = server.addr();
        let server = runtime.block_on(async {
            server.stop().await;
            Server::start(address, endpoint.clone()).await.expect("a server")
        });
        Self { home, server, endpoint, runtime }
    }

    /// The incident, at a fixed time.
    pub fn incident(faults: &[&str]) -> Self {
        Self::at(Some(START_MS), faults)
    }

    /// The incident, at the current time, which the binary uses as well.
    pub fn incident_now(faults: &[&str]) -> Self {
        Self::at(None, faults)
    }

    fn at(start_ms: Option<i64>, faults: &[&str]) -> Self {
        let faults = faults.iter().map(|spec| spec.parse().expect("a fault")).collect();
        Self::on(Endpoint::new(Options { speed: 0.0, start_ms, faults, ..Options::default() }))
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command
            .env("AWS_ENDPOINT_URL", self.server.url())
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "demo")
            .env("AWS_SECRET_ACCESS_KEY", "demo");
        command
    }

    pub fn run(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().expect("the binary runs"))
    }
}
