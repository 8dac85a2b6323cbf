//! `ecsight info`: version, paths and identity, for bug reports.

use std::{fmt::Write, path::Path};

use super::{Refusal, ScopeArgs, WaitArgs, console, print, wait::Wait};
use crate::{
    config::Paths,
    history::{HistoryConfig, HistoryLimits, read_usage},
    model::Settings,
};

/// Prints version, paths and scope, and asks STS for the identity in use.
///
/// # Errors
/// A failure of the call to STS. Everything else has been printed by then.
pub(super) async fn run(
    wait: WaitArgs,
    args: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<(), Refusal> {
    let mut text = String::new();
    line(&mut text, "version", concat!("ecsight ", env!("CARGO_PKG_VERSION")));
    line(&mut text, "system", &format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    let config = args.config.as_deref().or(paths.map(|paths| paths.config.as_path()));
    line(&mut text, "configuration", &config.map_or_else(|| "none: no home folder".into(), described));
    if let Some(paths) = paths {
        line(&mut text, "state", &described(&paths.state));
        line(&mut text, "saved tables", &described(&paths.saved));
        line(&mut text, "cache", &described(&paths.cache));
        line(&mut text, "log", &described(&paths.log));
        line(&mut text, "history", &history(settings, paths));
    }
    print(&text)?;

    let scope = console::scope(args).await?;
    let clients = console::clients(&scope, settings).await?;
    let here = clients.identity();
    let mut text = String::new();
    line(&mut text, "profile", here.profile.as_deref().unwrap_or("none"));
    line(&mut text, "credentials", here.signer().unwrap_or("none"));
    line(&mut text, "region", here.region.as_deref().unwrap_or("none"));
    line(&mut text, "endpoint", here.endpoint_url.as_deref().unwrap_or("AWS's own"));
    print(&text)?;

    let caller = Wait::new("the identity in use", wait.timeout).on(clients.caller_identity()).await??;
    let mut text = String::new();
    line(&mut text, "account", caller.account.as_deref().unwrap_or("-"));
    line(&mut text, "identity", caller.arn.as_deref().unwrap_or("-"));
    print(&text)
}

fn line(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "{label:14} {value}");
}

/// Path, size and limits of the history.
fn history(settings: &Settings, paths: &Paths) -> String {
    let HistoryConfig { file: Some(path), limits } = console::history_config(settings, Some(paths)) else {
        return "off".into();
    };
    let size = match read_usage(&path) {
        Ok(None) => "not created yet".into(),
        Ok(Some(usage)) => format!(
            "{:.1} MiB: {} stopped tasks, {} events, {} deployments",
            usage.bytes as f64 / f64::from(1 << 20),
            usage.tasks,
            usage.events,
            usage.deployments
        ),
        Err(reason) => reason,
    };
    let HistoryLimits { days, megabytes } = limits;
    format!("{} ({size}; at most {days} days, {megabytes} MiB)", path.display())
}

fn described(path: &Path) -> String {
    let suffix = if path.exists() { "" } else { " (not created yet)" };
    format!("{}{suffix}", path.display())
}
