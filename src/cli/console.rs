//! Opening the console: settings, scope, clients and start-up state from the arguments.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};

use super::{ConsoleArgs, Refusal, ScopeArgs, mfa, output};
use crate::{
    app::{self, App, Connect, TerminalEnv},
    aws::{Budget, Clients, ScopeSpec, profiles},
    config::{self, Paths},
    files,
    history::{HistoryConfig, HistoryLimits},
    logging,
    model::{Settings, Start, scope::WriteOverride, settings::HistorySettings},
    resource::Zone,
    tty::{self, Tty},
    ui::theme::THEMES,
};

/// Names of UTC.
const UTC: [&str; 6] = ["UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu"];

/// Reads the settings from the configuration file given by `--config` or from the default one.
///
/// # Errors
/// When it can't be read or parsed. Only the default file may be missing.
pub(super) fn settings(args: &ScopeArgs, paths: Option<&Paths>) -> Result<Settings, Refusal> {
    let themes: Vec<&str> = THEMES.iter().map(|(name, _)| *name).collect();
    let settings = match (&args.config, paths) {
        (Some(path), _) => config::load(path, &themes),
        (None, Some(paths)) => config::load_if_any(&paths.config, &themes),
        (None, None) => Ok(Settings::default()),
    }
    .map_err(|error| Refusal::Usage(error.to_string()))?;
    let home = settings.home.clone().unwrap_or_else(TimeZone::system);
    // Machines that run in UTC use various names for it.
    let home = if UTC.contains(&home.iana_name().unwrap_or_default()) { TimeZone::UTC } else { home };
    Ok(Settings {
        themes: themes.into_iter().map(str::to_owned).collect(),
        zone: Zone::named(home.clone()),
        home: Some(home),
        ..settings
    })
}

/// Scope from the arguments.
///
/// # Errors
/// When there is no such profile.
pub(super) async fn scope(args: &ScopeArgs) -> Result<ScopeSpec, Refusal> {
    profiles::check(args.profile.as_deref()).await.map_err(|refusal| Refusal::Usage(refusal.to_string()))?;
    Ok(ScopeSpec {
        profile: args.profile.clone(),
        region: args.region.clone(),
        endpoint_url: args.endpoint_url.clone(),
    })
}

/// Creates the clients of a command, and signs in if that needs an MFA code. Warns on standard error where traffic is not
/// encrypted.
///
/// # Errors
/// When there is no such profile, no Region is known, or a role needs an MFA code and there is none.
pub(super) async fn clients(scope: &ScopeSpec, settings: &Settings) -> Result<Clients, Refusal> {
    let clients = Clients::connect(scope, Budget::with_share(settings.budget.share)).await?;
    if let Some(warning) = clients.warning() {
        output::note(&format!("warning: {warning}"));
    }
    mfa::sign_in(&clients).await?;
    Ok(clients)
}

/// Connector for any scope of the console, with the configured request budget.
pub(super) fn connect(settings: &Settings) -> Connect {
    let share = settings.budget.share;
    Arc::new(move |scope| Box::pin(async move { Clients::connect(&scope, Budget::with_share(share)).await }))
}

/// Overrides settings of the file with flags and environment.
fn overlay(settings: Settings, args: &ConsoleArgs) -> Settings {
    Settings {
        theme: args.theme.clone().unwrap_or(settings.theme),
        every: args.refresh.map_or(settings.every, |refresh| refresh.0),
        ascii: args.ascii || settings.ascii,
        ..settings
    }
}

/// Write mode from the flags.
fn write_override(args: &ConsoleArgs) -> Option<WriteOverride> {
    match (args.read_only, args.write) {
        (true, _) => Some(WriteOverride::ReadOnly),
        (_, true) => Some(WriteOverride::Write),
        _ => None,
    }
}

/// Opens the console and returns the program's exit code when it is closed.
///
/// # Errors
/// When the settings contradict each other, or there is no terminal.
#[expect(clippy::disallowed_methods, reason = "the console starts here")]
pub(super) async fn open(
    settings: Settings,
    connect: Connect,
    scope: ScopeSpec,
    cluster: Option<&str>,
    args: &ConsoleArgs,
    paths: Option<Paths>,
) -> Result<u8, Refusal> {
    if let Some(reason) = tty::unusable_reason(std::env::var("TERM").ok().as_deref()) {
        return Err(Refusal::Usage(reason.into()));
    }
    let settings = overlay(settings, args);
    let keymap = config::keymap(&settings).map_err(|mistakes| {
        Refusal::Usage(mistakes.into_iter().map(|mistake| mistake.what).collect::<Vec<_>>().join("\n"))
    })?;
    let remembered = |list| paths.as_ref().map(|paths| files::read_list(&paths.state, list)).unwrap_or_default();
    let start = Start {
        scope,
        write_override: write_override(args),
        cluster: cluster.map(Into::into),
        command: args.open.as_ref().map(|locator| format!(":open {locator}")).or_else(|| args.command.clone()),
        filter: args.filter.clone(),
        commands: remembered("commands"),
        filters: remembered("filters"),
        queries: remembered("queries"),
        ..Start::new(Timestamp::now(), tty::clamped(crossterm::terminal::size()?))
    };
    let console = app::Console {
        history: history_config(&settings, paths.as_ref()),
        settings,
        keymap,
        start,
        connect,
        paths,
        terminal: TerminalEnv::from_process(),
        now: Timestamp::now,
    };
    Ok(App::new(Tty::enter()?, console).run().await?.code())
}

/// Location and limits of the history.
pub(super) fn history_config(settings: &Settings, paths: Option<&Paths>) -> HistoryConfig {
    let HistorySettings { days, megabytes, off } = settings.history;
    let limits = HistoryLimits { days, megabytes };
    match paths.filter(|_| !off) {
        Some(paths) => HistoryConfig::in_folder(&paths.state, limits),
        None => HistoryConfig { file: None, limits },
    }
}

/// Starts the log in the state folder.
pub(super) fn log(args: &ScopeArgs, paths: Option<&Paths>) {
    if let Some(paths) = paths {
        // The program works without a log file, so a failure is ignored.
        let _ = logging::start(args.log_level, &paths.log);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn flags_override_the_file() {
        let settings: Settings =
            toml::from_str("theme = \"moss\"\nrefresh = \"9s\"\nascii = true\n").expect("settings");
        let overlaid = |flags: &[&str]| {
            let settings = overlay(settings.clone(), &Cli::parse_from([&["ecsight"], flags].concat()).console);
            (settings.theme, settings.every, settings.ascii)
        };
        assert_eq!(overlaid(&[]), ("moss".into(), Some(9), true));
        assert_eq!(overlaid(&["--theme", "paper", "--refresh", "auto"]), ("paper".into(), None, true));
    }
}
