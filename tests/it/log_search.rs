//! Snapshots of log search: prompts, list of filters, histogram, selected lines.

use ecsight::logs::Level;
use insta::assert_snapshot;
use jiff::SignedDuration;
use rstest::rstest;

use crate::support::{
    fixtures::now,
    harness::Harness,
    log_harness::{following_status, line, source},
    rendering::{LARGE, NORMAL, theme},
    styled::{plain, styled},
};

/// Asserts the snapshot of a screen, with styles for a large one and text only for others.
fn assert_screen(name: &str, size: (u16, u16), harness: &Harness) {
    let screen = harness.draw(&theme());
    let screen = if size == LARGE { styled(&screen) } else { plain(&screen) };
    assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen);
}

/// Half an hour of lines of two tasks: a burst in the middle, and errors at its end.
fn half_an_hour(size: (u16, u16)) -> Harness {
    let sources = [source(0, "payments"), source(1, "payments")];
    let mut lines = Vec::new();
    for second in 0..1_800_i64 {
        let burst = (700..900).contains(&second);
        for number in 0..if burst { 4 } else { i64::from(second % 7 == 0) } {
            let error = burst && second > 840 && number == 0 || second == 1_500;
            let text = if error { "ERROR could not settle batch" } else { "payment accepted" };
            let at = now() - SignedDuration::from_secs(1_800 - second);
            let mut line = line(at, &sources[usize::from(second % 2 == 0)], text);
            line.level = Some(if error { Level::Error } else { Level::Info });
            lines.push(line);
        }
    }
    Harness::log(size).status(following_status()).lines(lines)
}

#[rstest]
#[case::empty("prompt_empty", "/", "")]
#[case::include("prompt_include", "/", "payment accepted")]
#[case::exclude("prompt_exclude", "/", "!health")]
#[case::highlight("prompt_highlight", "/ ctrl-x ctrl-x", "heap|batch")]
#[case::faulty("prompt_faulty", "/", "\"payment acc")]
#[case::time("prompt_time", "@", "")]
#[case::no_time("prompt_no_time", "@", "10:00..25:99")]
fn prompts(#[case] name: &str, #[case] keys: &str, #[case] typed: &str, #[values(LARGE, NORMAL)] size: (u16, u16)) {
    assert_screen(name, size, &Harness::followed_log(size).keys(keys).type_text(typed));
}

fn filtered(size: (u16, u16)) -> Harness {
    Harness::followed_log(size)
        .run("include payment|heap|batch")
        .run("exclude .order=A-48212")
        .run("highlight heap")
        .run("exclude health")
}

#[rstest]
fn the_list_of_filters(#[values(LARGE, NORMAL)] size: (u16, u16)) {
    assert_screen("filters", size, &filtered(size).keys("shift-f space up"));
    assert_screen("filters_suspended", size, &filtered(size).keys("shift-f z"));
    assert_screen("filters_none", size, &Harness::followed_log(size).keys("shift-f"));
}

#[rstest]
fn matches_are_shown_with_context_and_position(#[values(LARGE, NORMAL)] size: (u16, u16)) {
    assert_screen("context", size, &filtered(size).keys("x shift-n shift-n"));
}

#[rstest]
fn counts_over_time(#[values(LARGE, NORMAL)] size: (u16, u16)) {
    assert_screen("strip", size, &half_an_hour(size).keys("i ( ("));
    assert_screen("strip_of_few_lines", size, &Harness::followed_log(size).keys("i"));
}

#[test]
fn counts_over_time_are_ascii_without_unicode() {
    let screen = plain(&half_an_hour(LARGE).keys("i shift-f").draw(&theme().ascii(true)));
    assert!(screen.is_ascii(), "{screen}");
}

#[rstest]
fn picked_lines_and_a_range(#[values(LARGE, NORMAL)] size: (u16, u16)) {
    assert_screen("picked", size, &Harness::followed_log(size).keys("up space up space up up up v up up up"));
}

#[rstest]
fn marks_and_elapsed_time(#[values(LARGE, NORMAL)] size: (u16, u16)) {
    let after = |millis: i64| line(now() + SignedDuration::from_millis(millis), &source(2, "payments"), "GET /health");
    let harness = Harness::followed_log(size).keys("m").lines(vec![after(1_250), after(75_000)]);
    assert_screen("elapsed", size, &harness.keys("shift-t"));
}
