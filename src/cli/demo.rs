//! `ecsight demo`: the embedded AWS, with a console or alone.

use std::{net::SocketAddr, sync::Arc};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};

use super::{DemoArgs, Refusal, ScopeArgs, console};
use crate::{
    app::Connect,
    aws::{Budget, Clients, ScopeSpec},
    config::Paths,
    demo::{Endpoint, Options, Server},
    model::Settings,
};

/// Runs it until it is closed, or, without a console, until a signal ends it.
///
/// # Errors
/// When the address can't be served, or the console can't be opened.
pub async fn run(args: DemoArgs, scope: &ScopeArgs, settings: Settings, paths: Option<Paths>) -> Result<u8, Refusal> {
    let DemoArgs { serve, scenario, seed, speed, fault, console: look } = args;
    let endpoint = Endpoint::new(Options { scenario, seed, speed, faults: fault, ..Options::default() });
    let region = endpoint.with(|world| world.region.clone());
    let addr = serve.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let server =
        Server::start(addr, endpoint).await.map_err(|error| Refusal::Failed(format!("--serve {addr}: {error}")))?;
    if serve.is_some() {
        super::print(&format!(
            "an AWS with the scenario `{scenario}` at {url}; any credentials do:\n\
             AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo ecsight\n",
            url = server.url(),
        ))?;
        tokio::signal::ctrl_c().await?;
        server.stop().await;
        return Ok(0);
    }
    let world = ScopeSpec { region: Some(region), endpoint_url: Some(server.url()), ..ScopeSpec::default() };
    let connect = connect(&settings, server.url());
    let settings = Settings { read_only: false, ..settings };
    let code = console::open(settings, connect, world, scope.cluster.as_deref(), &look, paths).await;
    server.stop().await;
    code
}

/// Clients that need nothing of this machine's configuration: any keys open the embedded AWS.
fn connect(settings: &Settings, url: String) -> Connect {
    let share = settings.budget.share;
    Arc::new(move |scope: ScopeSpec| {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("demo", "demo", None, None, "demo")))
            .region(scope.region.clone().map(Region::new))
            .endpoint_url(&url)
            .build();
        let clients = Clients::from_config(&config, scope, Budget::with_share(share));
        Box::pin(std::future::ready(Ok(clients)))
    })
}
