//! `ecsight demo`: the embedded AWS, with or without a console.

use std::{net::SocketAddr, sync::Arc};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};

use tokio::sync::OnceCell;

use super::{DemoArgs, Refusal, ScopeArgs, console};
use crate::{
    app::Connect,
    aws::{Budget, Clients, Failure, FailureKind, ScopeSpec},
    config::Paths,
    demo::{Endpoint, Options, Server},
    model::{Settings, settings::HistorySettings},
};

/// Runs the demo until the console is closed or, without a console, until a signal ends it.
///
/// # Errors
/// When the address can't be served, or the console can't be opened.
pub(super) async fn run(
    args: DemoArgs,
    scope: &ScopeArgs,
    settings: Settings,
    paths: Option<Paths>,
) -> Result<u8, Refusal> {
    let DemoArgs { serve, scenario, seed, speed, fault, console } = args;
    let options = Options { scenario, seed, speed, faults: fault, ..Options::default() };
    if let Some(addr) = serve {
        return self::serve(addr, options).await;
    }
    let connect = connect(&settings, options);
    // Simulated data must not get into the user's history, and the next demo simulates other data.
    let history = HistorySettings { off: true, ..settings.history };
    let settings = Settings { history, ..settings };
    console::open(settings, connect, ScopeSpec::default(), scope.cluster.as_deref(), &console, paths).await
}

/// Serves the embedded AWS without a console.
async fn serve(addr: SocketAddr, options: Options) -> Result<u8, Refusal> {
    let scenario = options.scenario;
    let endpoint = Endpoint::new(options);
    let region = endpoint.with(|world| world.region.clone());
    let server =
        Server::start(addr, endpoint).await.map_err(|error| Refusal::Failed(format!("--serve {addr}: {error}")))?;
    super::print(&format!(
        "embedded AWS with the scenario `{scenario}` at {url}; accepts any credentials:\n\
         AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo ecsight\n",
        url = server.url(),
    ))?;
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(0)
}

/// The embedded AWS and its Region.
type EmbeddedAws = OnceCell<(Server, String)>;

/// Connector to the embedded AWS, which accepts any credentials, so that no local configuration is needed. The first connection
/// starts it, after the console's first frame; it ends with the last clone of the connector.
fn connect(settings: &Settings, options: Options) -> Connect {
    let share = settings.budget.share;
    let world = Arc::new(EmbeddedAws::new());
    Arc::new(move |scope: ScopeSpec| {
        let (world, options) = (world.clone(), options.clone());
        Box::pin(async move {
            let (server, region) = world.get_or_try_init(|| start(options)).await?;
            let credentials = Credentials::new("demo", "demo", None, None, "demo");
            let config = SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .region(Region::new(scope.region.clone().unwrap_or_else(|| region.clone())))
                .endpoint_url(server.url())
                .build();
            Ok(Clients::from_config(&config, scope, Budget::with_share(share)))
        })
    })
}

async fn start(options: Options) -> Result<(Server, String), Failure> {
    let endpoint = Endpoint::new(options);
    let region = endpoint.with(|world| world.region.clone());
    let server = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), endpoint)
        .await
        .map_err(|error| Failure::local("Connect", FailureKind::Offline, format!("no embedded AWS: {error}")))?;
    Ok((server, region))
}
