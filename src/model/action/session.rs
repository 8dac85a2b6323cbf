//! The console itself: prompts, scope, refreshing, looks, the end.

use jiff::{SignedDuration, tz::TimeZone};

use super::{Call, Outcome, views::cluster_items};
use crate::{
    aws::{ScopeSpec, regions::REGIONS},
    event::Effect,
    model::{
        Model, Screen,
        navigation::{current_first, profile_items},
        overlay::{Overlay, PickAction, Picker, PickerItem},
        prompt::Prompt,
        scope::WriteOverride,
        screens::text::TextSource,
        settings::{HeaderSize, Quit, interval},
    },
    resource::Zone,
};

/// How long changes are allowed when no time is named, and at most.
const ARMED: SignedDuration = SignedDuration::from_mins(15);
const LONGEST_ARMED: SignedDuration = SignedDuration::from_hours(8);

/// Within how long ctrl-c must be pressed twice.
const TWICE: SignedDuration = SignedDuration::from_secs(2);

pub(super) fn command(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_prompt(Overlay::Command(Prompt::default()));
    model.out.push(Effect::ListProfiles);
    Ok(())
}

pub(super) fn help(model: &mut Model, call: Call<'_>) -> Outcome {
    let open = matches!(&model.front, Screen::Text(viewer) if matches!(viewer.source, TextSource::Help));
    if call.arg.is_empty() || !open {
        model.open_text("help", TextSource::Help);
    }
    if !call.arg.is_empty() {
        model.look_for(call.arg);
    }
    Ok(())
}

pub(super) fn aliases(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_text("aliases", TextSource::Aliases);
    Ok(())
}

pub(super) fn messages(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_text("messages", TextSource::Messages);
    Ok(())
}

pub(super) fn refresh(model: &mut Model, call: Call<'_>) -> Outcome {
    match call.arg {
        "" => {
            model.attention.refresh();
            model.ask_again();
        }
        "off" => {
            model.paused = true;
            model.info("refreshing is off; = goes on");
        }
        text => {
            model.settings.every = interval(text)?;
            model.paused = false;
            model.info(match model.settings.every {
                Some(seconds) => format!("rows in sight are refreshed every {seconds} s"),
                None => "refreshing as often as each view asks for".into(),
            });
        }
    }
    Ok(())
}

pub(super) fn check_refresh(text: &str) -> Outcome {
    if text == "off" { Ok(()) } else { interval(text).map(drop) }
}

pub(super) fn pause(model: &mut Model, _: Call<'_>) -> Outcome {
    model.paused = !model.paused;
    Ok(())
}

pub(super) fn redraw(model: &mut Model, _: Call<'_>) -> Outcome {
    model.out.push(Effect::Redraw);
    Ok(())
}

pub(super) fn header(model: &mut Model, call: Call<'_>) -> Outcome {
    model.settings.header = match (call.arg, model.settings.header) {
        ("full", _) | ("", HeaderSize::Off) => HeaderSize::Full,
        ("compact", _) | ("", HeaderSize::Full) => HeaderSize::Compact,
        _ => HeaderSize::Off,
    };
    Ok(())
}

pub(super) fn crumbs(model: &mut Model, _: Call<'_>) -> Outcome {
    model.settings.crumbs = !model.settings.crumbs;
    Ok(())
}

pub(super) fn theme(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg.is_empty() {
        let item = |name: &String| PickerItem::new(name, "", PickAction::Theme(name.clone()));
        let items = model.settings.themes.iter().map(item).collect();
        model.overlay = Some(Overlay::Picker(Picker::new("theme", items)));
        return Ok(());
    }
    model.settings.theme = call.arg.into();
    Ok(())
}

/// Shows and reads all times in another zone.
pub(super) fn zone(model: &mut Model, call: Call<'_>) -> Outcome {
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

pub(super) fn scope(model: &mut Model, call: Call<'_>) -> Outcome {
    if !call.arg.is_empty() {
        let scope = model.read_scope(call.arg.trim_start_matches('@'))?;
        return change(model, scope);
    }
    // Those that are looked at come first of their sort: enter alone changes nothing.
    let items = [profile_items(model), region_items(model), cluster_items(model)].concat();
    pick_scope(model, "scope", items)
}

pub(super) fn profile(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg.is_empty() {
        let items = profile_items(model);
        return pick_scope(model, "profile", items);
    }
    // A profile brings its own Region.
    let scope = ScopeSpec { profile: Some(call.arg.into()), region: None, ..model.scope.clone() };
    change(model, scope)
}

pub(super) fn region(model: &mut Model, call: Call<'_>) -> Outcome {
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

/// Opens a picker in which profiles are among the choices; they are read from files first where they aren't known.
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

pub(super) fn whoami(model: &mut Model, _: Call<'_>) -> Outcome {
    let identity = &model.snapshot.identity;
    let unknown = || "not known yet".to_owned();
    let arn = identity.arn.clone().unwrap_or_else(unknown);
    let region = identity.region.clone().unwrap_or_else(unknown);
    model.info(format!("{arn} in {region}"));
    Ok(())
}

pub(super) fn write(model: &mut Model, call: Call<'_>) -> Outcome {
    let time = if call.arg.is_empty() { ARMED } else { read_time(call.arg)? };
    model.write_override = Some(WriteOverride::WriteUntil { until: model.now + time, rule: model.scope_state().rule });
    Ok(())
}

pub(super) fn check_write(text: &str) -> Outcome {
    read_time(text).map(drop)
}

/// For how long changes are to be allowed.
fn read_time(text: &str) -> Result<SignedDuration, String> {
    let time = text.parse().ok().filter(|time: &SignedDuration| time.is_positive() && *time <= LONGEST_ARMED);
    time.ok_or_else(|| format!("invalid time `{text}`; expected up to 8h, such as 15m"))
}

pub(super) fn read_only(model: &mut Model, _: Call<'_>) -> Outcome {
    model.write_override = Some(WriteOverride::ReadOnly);
    Ok(())
}

pub(super) fn suspend(model: &mut Model, _: Call<'_>) -> Outcome {
    model.out.push(Effect::Suspend);
    Ok(())
}

pub(super) fn interrupt(model: &mut Model, call: Call<'_>) -> Outcome {
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

pub(super) fn quit(model: &mut Model, _: Call<'_>) -> Outcome {
    model.out.push(Effect::Quit);
    Ok(())
}
