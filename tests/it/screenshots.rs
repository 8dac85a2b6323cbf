//! Screenshots in `screenshots/`, drawn from the fixtures, so that they match the program.
//!
//! `UPDATE_SCREENSHOTS=1 cargo test --test it screenshots` updates them.

use std::{env, fs, path::PathBuf};

use ecsight::ui::{Theme, theme::Depth};
use rstest::rstest;

use crate::{
    log_screens,
    screens::{all_tasks, dead_containers, explained_with_log, home, stopped_tasks, timeline},
    support::{
        harness::Harness,
        svg::{DARK, LIGHT, Terminal, svg},
    },
};

const LARGE: (u16, u16) = (120, 30);
const NORMAL: (u16, u16) = (80, 24);

fn services(size: (u16, u16)) -> Harness {
    Harness::with_account(size).keys("j j")
}

#[rstest]
#[case("trouble", home(LARGE), "midnight", &DARK)]
#[case("explain", explained_with_log(LARGE), "midnight", &DARK)]
#[case("trouble-small", home(NORMAL), "terminal", &LIGHT)]
#[case("services", services(LARGE), "midnight", &DARK)]
#[case("tasks", all_tasks(LARGE).keys("j"), "midnight", &DARK)]
#[case("stopped", stopped_tasks((160, 40)), "midnight", &DARK)]
#[case("stopped-small", stopped_tasks(NORMAL), "midnight", &DARK)]
#[case("timeline", timeline(LARGE), "midnight", &DARK)]
#[case("timeline-small", timeline(NORMAL), "midnight", &DARK)]
#[case("containers", dead_containers(LARGE), "midnight", &DARK)]
#[case("describe", services(LARGE).keys("/").type_text("payments").keys("enter d"), "midnight", &DARK)]
#[case("help", services(LARGE).keys("?"), "midnight", &DARK)]
#[case("command", services(LARGE).keys(":").type_text("ta"), "midnight", &DARK)]
#[case("picker", services(LARGE).run("sort"), "midnight", &DARK)]
#[case("logs", Harness::followed_log(LARGE), "midnight", &DARK)]
#[case("logs-frozen", log_screens::frozen(LARGE), "midnight", &DARK)]
#[case("logs-small", Harness::followed_log(NORMAL), "terminal", &LIGHT)]
#[case("small", all_tasks(NORMAL).keys("j"), "terminal", &DARK)]
#[case("small-light", all_tasks(NORMAL).keys("j"), "terminal", &LIGHT)]
#[case("theme-terminal", services(NORMAL), "terminal", &DARK)]
#[case("theme-paper", services(NORMAL), "paper", &LIGHT)]
#[case("theme-ember", services(NORMAL), "ember", &DARK)]
#[case("theme-moss", services(NORMAL), "moss", &DARK)]
#[case("theme-high-contrast", services(NORMAL), "high-contrast", &DARK)]
#[case("theme-mono", services(NORMAL), "mono", &DARK)]
fn are_what_the_program_draws(
    #[case] name: &str,
    #[case] harness: Harness,
    #[case] theme: &str,
    #[case] terminal: &Terminal,
) {
    let depth = if theme == "terminal" { Depth::Ansi16 } else { Depth::True };
    let theme = Theme::named(theme).unwrap().at(depth);
    let picture = svg(&harness.draw(&theme), "ecsight", terminal);

    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("screenshots/{name}.svg"));
    if env::var_os("UPDATE_SCREENSHOTS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &picture).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == picture, "screenshots/{name}.svg has drifted: run with UPDATE_SCREENSHOTS=1, and look at it");
}
