//! Actions on the console: prompts, scope, refreshing, appearance, quitting.

use jiff::{SignedDuration, tz::TimeZone};

use super::{Action, Arg, Call, EVERYWHERE, Outcome, actions, anything, views::cluster_items};
use crate::{
    aws::{ScopeSpec, regions::REGIONS},
    event::Effect,
    model::{
        Model, Viewer,
        overlay::{Overlay, PickAction, Picker, PickerItem, current_first, profile_items},
        prompt::Prompt,
        scope::WriteOverride,
        screens::text::TextSource,
        settings::{HeaderSize, Quit, interval},
    },
    resource::Zone,
};

/// How long changes are allowed: by default, and at most.
const ARMED: SignedDuration = SignedDuration::from_mins(15);
const LONGEST_ARMED: SignedDuration = SignedDuration::from_hours(8);

/// Time within which ctrl-c must be pressed twice.
const TWICE: SignedDuration = SignedDuration::from_secs(2);

actions! {
    COMMAND = Action::new("command", EVERYWHERE, "run a command", command).keys(&[":"]).hint("command", 85);
    HELP = Action::new("help", EVERYWHERE, "help", help)
        .keys(&["?", "f1"])
        .words(&["help", "h"], Arg::Text("word", anything))
        .hint("help", 5);
    ALIASES = Action::new("aliases", EVERYWHERE, "views, commands, aliases", aliases)
        .keys(&["ctrl-a"])
        .words(&["alias", "aliases"], Arg::None);
    MESSAGES = Action::new("messages", EVERYWHERE, "messages", messages)
        .keys(&["!"])
        .words(&["messages", "msg"], Arg::None);
    REFRESH = Action::new("refresh", EVERYWHERE, "refresh; :refresh 5s, off", refresh)
        .keys(&["ctrl-r", "f5"])
        .words(&["refresh"], Arg::Text("5s|off|auto", check_refresh))
        .hint("refresh", 72);
    PAUSE = Action::new("pause", EVERYWHERE, "pause or resume refresh", pause)
        .keys(&["="])
        .words(&["pause"], Arg::None);
    REDRAW = Action::new("redraw", EVERYWHERE, "redraw the screen", redraw)
        .keys(&["ctrl-l"])
        .words(&["redraw"], Arg::None);
    HEADER = Action::new("header", EVERYWHERE, "header: full, compact, off", header)
        .keys(&["ctrl-e"])
        .words(&["header"], Arg::OneOf(&["full", "compact", "off"]));
    CRUMBS = Action::new("crumbs", EVERYWHERE, "show or hide breadcrumbs", crumbs)
        .keys(&["ctrl-g"])
        .words(&["crumbs"], Arg::None);
    TIME_ZONE = Action::new("time-zone", EVERYWHERE, "UTC or local time", zone)
        .keys(&["shift-z"])
        .words(&["zone", "tz"], Arg::OneOf(&["local", "utc"]));
    THEME = Action::new("theme", EVERYWHERE, "change the theme", theme).words(&["theme", "skin"], Arg::Theme);
    SCOPE = Action::new("scope", EVERYWHERE, "switch profile, Region or cluster", scope)
        .keys(&["ctrl-p"])
        .words(&["ctx", "context", "scope"], Arg::Scope);
    PROFILE = Action::new("profile", EVERYWHERE, "switch profile", profile).words(&["profile"], Arg::Profile);
    REGION = Action::new("region", EVERYWHERE, "switch Region", region).words(&["region"], Arg::Region);
    WHOAMI = Action::new("whoami", EVERYWHERE, "your identity and Region", whoami).words(&["whoami"], Arg::None);
    WRITE = Action::new("write", EVERYWHERE, "allow changes for 15m", write)
        .words(&["write"], Arg::Text("15m", check_write));
    READ_ONLY = Action::new("read-only", EVERYWHERE, "refuse changes", read_only).words(&["readonly"], Arg::None);
    JOURNAL = Action::new("journal", EVERYWHERE, "changes made with ecsight", journal).words(&["journal"], Arg::None);
    SUSPEND = Action::new("suspend", EVERYWHERE, "suspend; fg resumes", suspend).words(&["suspend"], Arg::None);
    INTERRUPT = Action::new("interrupt", EVERYWHERE, "twice: quit", interrupt).keys(&["ctrl-c"]);
    QUIT = Action::new("quit", EVERYWHERE, "quit", quit).words(&["q", "quit", "exit"], Arg::None);
}

fn command(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_prompt(Overlay::Command(Prompt::default()));
    model.out.push(Effect::ListProfiles);
    Ok(())
}

fn help(model: &mut Model, call: Call<'_>) -> Outcome {
    let open = model.front.get::<Viewer>().is_some_and(|viewer| matches!(viewer.source, TextSource::Help));
    if call.arg.is_empty() || !open {
        model.open_text("help", TextSource::Help);
    }
    if !call.arg.is_empty() {
        model.look_for(call.arg);
    }
    Ok(())
}

fn aliases(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_text("aliases", TextSource::Aliases);
    Ok(())
}

fn messages(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_text("messages", TextSource::Messages);
    Ok(())
}

fn journal(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_text("journal", TextSource::Journal(None));
    model.out.push(Effect::ReadJournal);
    Ok(())
}

fn refresh(model: &mut Model, call: Call<'_>) -> Outcome {
    match call.arg {
        "" => {
            model.attention.refresh();
            model.ask_again();
        }
        "off" => {
            model.paused = true;
            model.info("refresh is off; = resumes it");
        }
        text => {
            model.settings.every = interval(text)?;
            model.paused = false;
            model.info(match model.settings.every {
                Some(seconds) => format!("visible rows are refreshed every {seconds} s"),
                None => "each view is refreshed at its own interval".into(),
            });
        }
    }
    Ok(())
}

fn check_refresh(text: &str) -> Outcome {
    if text == "off" { Ok(()) } else { interval(text).map(drop) }
}

fn pause(model: &mut Model, _: Call<'_>) -> Outcome {
    model.paused = !model.paused;
    Ok(())
}

fn redraw(model: &mut Model, _: Call<'_>) -> Outcome {
    model.out.push(Effect::Redraw);
    Ok(())
}

fn header(model: &mut Model, call: Call<'_>) -> Outcome {
    model.settings.header = match (call.arg, model.settings.header) {
        ("full", _) | ("", HeaderSize::Off) => HeaderSize::Full,
        ("compact", _) | ("", HeaderSize::Full) => HeaderSize::Compact,
        _ => HeaderSize::Off,
    };
    Ok(())
}

fn crumbs(model: &mut Model, _: Call<'_>) -> Outcome {
    model.settings.crumbs = !model.settings.crumbs;
    Ok(())
}

fn theme(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg.is_empty() {
        let item = |name: &String| PickerItem::new(name, "", PickAction::Theme(name.clone()));
        let items = model.settings.themes.iter().map(item).collect();
        model.overlay = Some(Overlay::Picker(Picker::new("theme", items)));
        return Ok(());
    }
    model.settings.theme = call.arg.into();
    Ok(())
}

/// Shows and reads all times in another time zone.
fn zone(model: &mut Model, call: Call<'_>) -> Outcome {
    let home = model.settings.home.clone().unwrap_or(TimeZone::UTC);
    let in_utc = model.settings.zone.zone == TimeZone::UTC;
    let zone = match call.arg {
        "" if in_utc && home == TimeZone::UTC => {
            return Err("local time is UTC; `time_zone` in config.toml names another".into());
        }
        "" if in_utc => home,
        "local" => home,
        _ => TimeZone::UTC,
    };
    model.show_times_in(Zone::named(zone));
    model.info(format!("times are in {}", model.settings.zone.name(model.now)));
    Ok(())
}

fn scope(model: &mut Model, call: Call<'_>) -> Outcome {
    if !call.arg.is_empty() {
        let scope = model.read_scope(call.arg.trim_start_matches('@'))?;
        return change(model, scope);
    }
    // The current values come first, so that enter alone changes nothing.
    let items = [profile_items(model), region_items(model), cluster_items(model)].concat();
    pick_scope(model, "scope", items)
}

fn profile(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg.is_empty() {
        let items = profile_items(model);
        return pick_scope(model, "profile", items);
    }
    // A profile has its own Region.
    let scope = ScopeSpec { profile: Some(call.arg.into()), region: None, ..model.scope.clone() };
    change(model, scope)
}

fn region(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg.is_empty() {
        model.overlay = Some(Overlay::Picker(Picker::new("Region", region_items(model))));
        return Ok(());
    }
    let scope = ScopeSpec { region: Some(call.arg.into()), ..model.scope.clone() };
    change(model, scope)
}

fn region_items(model: &Model) -> Vec<PickerItem> {
    let current = model.snapshot.identity.region.as_ref().or(model.scope.region.as_ref());
    let item = |name: &str| PickAction::Region(name.into());
    current_first("Region", REGIONS.iter().copied(), current.map(String::as_str), item)
}

/// Opens a picker with profiles among its choices; reads them from files first if they are not known.
fn pick_scope(model: &mut Model, title: &str, items: Vec<PickerItem>) -> Outcome {
    let mut picker = Picker::new(title, items);
    if model.profiles.is_none() {
        picker.wants_profiles = true;
        model.out.push(Effect::ListProfiles);
    }
    model.overlay = Some(Overlay::Picker(picker));
    Ok(())
}

fn change(model: &mut Model, scope: ScopeSpec) -> Outcome {
    if scope == model.scope {
        model.info("already there");
    }
    model.switch(scope);
    Ok(())
}

fn whoami(model: &mut Model, _: Call<'_>) -> Outcome {
    let identity = &model.snapshot.identity;
    let unknown = || "not known yet".to_owned();
    let arn = identity.arn.clone().unwrap_or_else(unknown);
    let region = identity.region.clone().unwrap_or_else(unknown);
    model.info(format!("{arn} in {region}"));
    Ok(())
}

fn write(model: &mut Model, call: Call<'_>) -> Outcome {
    let time = if call.arg.is_empty() { ARMED } else { read_time(call.arg)? };
    model.write_override = Some(WriteOverride::WriteUntil { until: model.now + time, rule: model.scope_state().rule });
    Ok(())
}

fn check_write(text: &str) -> Outcome {
    read_time(text).map(drop)
}

/// How long to allow changes.
fn read_time(text: &str) -> Result<SignedDuration, String> {
    let time = text.parse().ok().filter(|time: &SignedDuration| time.is_positive() && *time <= LONGEST_ARMED);
    time.ok_or_else(|| format!("invalid time `{text}`; expected up to 8h, such as 15m"))
}

fn read_only(model: &mut Model, _: Call<'_>) -> Outcome {
    model.write_override = Some(WriteOverride::ReadOnly);
    Ok(())
}

fn suspend(model: &mut Model, _: Call<'_>) -> Outcome {
    model.out.push(Effect::Suspend);
    Ok(())
}

fn interrupt(model: &mut Model, call: Call<'_>) -> Outcome {
    let twice = model.interrupted.replace(model.now).is_some_and(|before| model.now <= before + TWICE);
    match model.settings.quit {
        Quit::Single => quit(model, call),
        Quit::Double if twice => quit(model, call),
        Quit::Double => {
            model.info("ctrl-c again quits");
            Ok(())
        }
        Quit::Never => Err("ctrl-c doesn't quit here; :q does".into()),
    }
}

fn quit(model: &mut Model, _: Call<'_>) -> Outcome {
    model.ask_to_quit();
    Ok(())
}
