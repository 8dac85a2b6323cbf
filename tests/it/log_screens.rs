//! Snapshots of the log screen, with and without problems.

use std::sync::Arc;

use ecsight::{
    aws::{Failure, FailureKind},
    logs::{Line, Live, Role, SilentSource, TailPhase, TailStatus},
    ui::{Theme, theme::Depth},
};
use insta::assert_snapshot;
use jiff::SignedDuration;
use rstest::rstest;

use crate::support::{
    fixtures::{denied, now, offline},
    harness::Harness,
    log_harness::{following_status, line, lines, marker, source, time_before},
    rendering::{LARGE, NARROW, NORMAL, render_styled, render_text, theme, theme_named},
    styled::{plain, styled},
};

/// A log frozen in the middle, with new lines since then.
pub fn frozen(size: (u16, u16)) -> Harness {
    let more = |n: i64| line(now(), &source(1, "payments"), format!("GET /health 200 {n}ms"));
    Harness::followed_log(size).keys("up up up").lines((0..1_204).map(more).collect()).wait(1)
}

#[rstest]
#[case("200x50", (200, 50))]
#[case("120x30", LARGE)]
#[case("80x24", NORMAL)]
#[case("60x15", NARROW)]
fn a_merged_log_at_every_size(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("merged_{name}"), render_styled(&Harness::followed_log(size)));
}

#[rstest]
#[case("truecolor", theme_named("midnight", Depth::True))]
#[case("no_color", theme_named("midnight", Depth::Mono))]
#[case("ascii", theme().ascii(true))]
fn a_frozen_log_at_every_colour_depth(#[case] name: &str, #[case] theme: Theme) {
    assert_snapshot!(format!("frozen_{name}"), styled(&frozen(NORMAL).draw(&theme)));
}

#[test]
fn a_frozen_log_counts_new_lines_and_marks_its_line() {
    assert_snapshot!(render_styled(&frozen(LARGE)));
}

/// A line that came too late to be sorted in is marked.
#[rstest]
#[case(Role::Output)]
#[case(Role::Gap(Some(1)))]
fn a_line_that_came_too_late_is_marked(#[case] role: Role) {
    let late = |late| Line { late, ..marker(time_before(500_000), role, "GET /late 200") };
    for (marked, late) in [(true, late(true)), (false, late(false))] {
        let lines = vec![line(time_before(2_000), &source(1, "payments"), "GET /health 200"), late];
        let screen = render_text(&Harness::log(NORMAL).status(following_status()).lines(lines));
        let row = screen.lines().find(|row| row.contains("/late")).expect("the line");
        assert_eq!(row.starts_with('↑'), marked, "{row}");
    }
}

#[test]
fn the_screen_is_ascii_without_unicode() {
    let ascii: Vec<Line> = lines().into_iter().filter(|line| line.text.replace('−', "-").is_ascii()).collect();
    let harness = Harness::log(LARGE).status(following_status()).lines(ascii);
    let screen = plain(&harness.draw(&theme().ascii(true)));
    assert!(screen.is_ascii(), "{screen}");
}

#[rstest]
#[case("raw", "shift-j shift-j")]
#[case("pretty", "shift-j")]
#[case("wrapped", "w")]
#[case("relative", "t")]
#[case("without_times", "t t")]
#[case("sideways", "l")]
#[case("sideways_unlocked", "shift-l l")]
#[case("fullscreen", "f")]
#[case("expanded", "up up up up enter")]
fn modes(#[case] name: &str, #[case] keys: &str) {
    assert_snapshot!(format!("mode_{name}"), render_text(&Harness::followed_log(NORMAL).keys(keys)));
}

#[test]
fn a_long_line_can_be_expanded_and_its_fields_shown() {
    let at = |keys: &str| Harness::followed_log(NORMAL).keys(keys);
    assert_snapshot!("opened_long", render_text(&at("up up up up up up enter")));
    assert_snapshot!("fields", render_text(&at("up up up up d")));
    assert_snapshot!("raw_event", render_text(&at("up up up up y")));
}

fn silent_sources() -> Vec<SilentSource> {
    vec![
        SilentSource { what: "envoy".into(), why: "logs go to splunk (https://splunk:8088), not CloudWatch".into() },
        SilentSource {
            what: "payments of 6b8d0f2a".into(),
            why: "no log stream yet: the container never started".into(),
        },
    ]
}

fn held_up(trouble: FailureKind, phase: TailPhase) -> TailStatus {
    let failure = match trouble {
        FailureKind::Denied => Failure {
            message: "User: arn:aws:sts::481516234217:assumed-role/OnCall/dana is not authorized to perform: \
                      logs:FilterLogEvents on resource: /ecs/payments"
                .into(),
            advice: Some("ask for a policy that allows logs:FilterLogEvents".into()),
            ..denied("FilterLogEvents")
        },
        FailureKind::Throttled => {
            Failure { kind: trouble, message: "Rate exceeded".into(), advice: None, ..offline("FilterLogEvents") }
        }
        FailureKind::Credentials => Failure {
            kind: trouble,
            code: Some("ExpiredTokenException".into()),
            message: "The security token included in the request is expired".into(),
            advice: Some("aws sso login --profile oncall".into()),
            ..offline("FilterLogEvents")
        },
        _ => offline("FilterLogEvents"),
    };
    let retry_at = Some(now() + SignedDuration::from_secs(8));
    TailStatus { failure: Some(Arc::new(failure)), retry_at, phase, ..following_status() }
}

#[rstest]
#[case("resolving", TailStatus { phase: TailPhase::Resolving, ..TailStatus::default() })]
#[case("reading", TailStatus { phase: TailPhase::History, streams: 4, ..TailStatus::default() })]
#[case("waiting", TailStatus { phase: TailPhase::Following, streams: 4, silent: silent_sources(), ..TailStatus::default() })]
#[case("empty", TailStatus { phase: TailPhase::Done, streams: 1, ..TailStatus::default() })]
#[case("quiet", TailStatus { phase: TailPhase::Following, silent: silent_sources(), ..TailStatus::default() })]
#[case("denied", held_up(FailureKind::Denied, TailPhase::History))]
#[case("expired", held_up(FailureKind::Credentials, TailPhase::History))]
fn each_reason_for_no_lines_is_explained(#[case] name: &str, #[case] status: TailStatus) {
    assert_snapshot!(format!("no_lines_{name}"), render_text(&Harness::log(NORMAL).status(status)));
}

/// Tasks that start and stop for long fill a page, but say nothing about why there are no lines.
#[test]
fn the_reason_for_no_lines_is_shown_beneath_a_page_of_starts_and_stops() {
    let started = |n: i64| marker(time_before(90_000 - n * 1_000), Role::Started, &format!("task {n} started"));
    let log = Harness::log(NORMAL).lines((0..60).map(started).collect());
    let quiet = TailStatus { phase: TailPhase::Following, silent: silent_sources(), ..TailStatus::default() };
    let shown = render_text(&log.status(quiet));
    let why = &silent_sources()[0].why;
    for part in ["task 45 started", "has no log that can be read here", &why[..20]] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
}

#[rstest]
#[case("throttled", held_up(FailureKind::Throttled, TailPhase::Following))]
#[case("expired", held_up(FailureKind::Credentials, TailPhase::Following))]
#[case("offline", held_up(FailureKind::Offline, TailPhase::Following))]
#[case("denied", held_up(FailureKind::Denied, TailPhase::Following))]
#[case("live", TailStatus { live: Some(Live { since: time_before(754_000), sampled: 4 }), ..following_status() })]
#[case("lost", TailStatus { lost: 1_302, silent: silent_sources(), lag: Some(SignedDuration::from_secs(94)), ..following_status() })]
fn the_bar_shows_the_state_of_the_tail(#[case] name: &str, #[case] status: TailStatus) {
    let bars: Vec<String> = [LARGE, NORMAL, NARROW]
        .map(|size| {
            let screen = render_text(&Harness::followed_log(size).status(status.clone()));
            screen.lines().nth_back(1).unwrap_or_default().to_owned()
        })
        .into();
    assert_snapshot!(format!("bar_{name}"), bars.join("\n"));
}

#[test]
fn the_title_shows_filters_and_hidden_lines() {
    let filtered = Harness::followed_log(NORMAL).keys("/").type_text("payment").keys("enter");
    assert_snapshot!("filtered", render_styled(&filtered));
    let none = Harness::followed_log(NORMAL).keys("/").type_text("missing").keys("enter");
    let shown = render_text(&none);
    assert_snapshot!("filtered_out", shown);
}

#[test]
fn a_divider_marks_the_start_of_the_log_and_of_each_day() {
    let living = source(1, "payments");
    let yesterday = (0..6).map(|n| line(time_before(60_000_000 - n), &living, format!("yesterday {n}"))).collect();
    let harness = Harness::log(NORMAL).status(following_status()).lines(lines().into_iter().take(6).collect());
    let harness = harness.keys("home home").older(yesterday, true).keys("home");
    assert_snapshot!(render_text(&harness));
}

#[test]
fn cleared_lines_are_counted_and_can_be_restored() {
    let cleared = Harness::followed_log(NORMAL).keys("shift-c");
    assert_snapshot!("cleared", render_text(&cleared));
    let came = marker(now(), Role::Note, "the tail waits 2 s, then goes on");
    assert_snapshot!("cleared_and_on", render_text(&cleared.lines(vec![came]).keys("home")));
}
