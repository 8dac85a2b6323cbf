//! What a log looks like, in good and in bad times.

use std::sync::Arc;

use ecsight::{
    aws::{Failure, FailureKind},
    logs::{Line, Live, Phase, Quiet, Role, Status},
    ui::{Theme, theme::Depth},
};
use insta::assert_snapshot;
use jiff::SignedDuration;
use rstest::rstest;

use crate::support::{
    fixtures::{denied, now, offline},
    log::{before, following, line, lines, rule, source},
    look::{LARGE, NARROW, NORMAL, look, named, text, theme},
    stage::Stage,
    styled::{plain, styled},
};

/// Frozen in the middle, with new lines since.
pub fn frozen(size: (u16, u16)) -> Stage {
    let more = |n: i64| line(now(), &source(1, "payments"), format!("GET /health 200 {n}ms"));
    Stage::merged_log(size).keys("up up up").lines((0..1_204).map(more).collect()).wait(1)
}

#[rstest]
#[case("200x50", (200, 50))]
#[case("120x30", LARGE)]
#[case("80x24", NORMAL)]
#[case("60x15", NARROW)]
fn a_merged_log_at_every_size(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("merged_{name}"), look(&Stage::merged_log(size)));
}

#[rstest]
#[case("truecolor", named("midnight", Depth::True))]
#[case("no_color", named("midnight", Depth::Mono))]
#[case("ascii", theme().ascii(true))]
fn a_frozen_log_at_every_colour_depth(#[case] name: &str, #[case] theme: Theme) {
    assert_snapshot!(format!("frozen_{name}"), styled(&frozen(NORMAL).draw(&theme)));
}

#[test]
fn a_frozen_log_says_how_much_is_new_and_marks_its_line() {
    assert_snapshot!(look(&frozen(LARGE)));
}

/// What came too late to be put in its place stands after younger lines: its mark tells why.
#[rstest]
#[case(Role::Output)]
#[case(Role::Gap(Some(1)))]
fn what_came_too_late_is_marked(#[case] role: Role) {
    let late = |late| Line { late, ..rule(before(500_000), role, "GET /late 200") };
    for (marked, late) in [(true, late(true)), (false, late(false))] {
        let said = vec![line(before(2_000), &source(1, "payments"), "GET /health 200"), late];
        let screen = text(&Stage::log(NORMAL).said(following()).lines(said));
        let row = screen.lines().find(|row| row.contains("/late")).expect("the line");
        assert_eq!(row.starts_with('↑'), marked, "{row}");
    }
}

#[test]
fn all_of_a_screen_is_ascii_without_unicode() {
    let ascii: Vec<Line> = lines().into_iter().filter(|line| line.text.replace('−', "-").is_ascii()).collect();
    let stage = Stage::log(LARGE).said(following()).lines(ascii);
    let screen = plain(&stage.draw(&theme().ascii(true)));
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
    assert_snapshot!(format!("mode_{name}"), text(&Stage::merged_log(NORMAL).keys(keys)));
}

#[test]
fn a_long_line_is_opened_and_its_fields_are_told() {
    let at = |keys: &str| Stage::merged_log(NORMAL).keys(keys);
    assert_snapshot!("opened_long", text(&at("up up up up up up enter")));
    assert_snapshot!("fields", text(&at("up up up up d")));
    assert_snapshot!("raw_event", text(&at("up up up up y")));
}

fn quiet() -> Vec<Quiet> {
    vec![
        Quiet { what: "envoy".into(), why: "logs go to splunk (https://splunk:8088), not CloudWatch".into() },
        Quiet { what: "payments of 6b8d0f2a".into(), why: "no log stream yet: the container never started".into() },
    ]
}

fn held_up(trouble: FailureKind, phase: Phase) -> Status {
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
    Status { failure: Some(Arc::new(failure)), retry_at, phase, ..following() }
}

#[rstest]
#[case("resolving", Status { phase: Phase::Resolving, ..Status::default() })]
#[case("reading", Status { phase: Phase::History, streams: 4, ..Status::default() })]
#[case("waiting", Status { phase: Phase::Following, streams: 4, quiet: quiet(), ..Status::default() })]
#[case("empty", Status { phase: Phase::Done, streams: 1, ..Status::default() })]
#[case("quiet", Status { phase: Phase::Following, quiet: quiet(), ..Status::default() })]
#[case("denied", held_up(FailureKind::Denied, Phase::History))]
#[case("expired", held_up(FailureKind::Credentials, Phase::History))]
fn each_reason_for_no_lines_has_its_own_words(#[case] name: &str, #[case] status: Status) {
    assert_snapshot!(format!("no_lines_{name}"), text(&Stage::log(NORMAL).said(status)));
}

#[rstest]
#[case("throttled", held_up(FailureKind::Throttled, Phase::Following))]
#[case("expired", held_up(FailureKind::Credentials, Phase::Following))]
#[case("offline", held_up(FailureKind::Offline, Phase::Following))]
#[case("denied", held_up(FailureKind::Denied, Phase::Following))]
#[case("live", Status { live: Some(Live { since: before(754_000), sampled: 4 }), ..following() })]
#[case("lost", Status { lost: 1_302, quiet: quiet(), lag: Some(SignedDuration::from_secs(94)), ..following() })]
fn the_state_of_the_tail_is_in_the_bar(#[case] name: &str, #[case] status: Status) {
    let bars: Vec<String> = [LARGE, NORMAL, NARROW]
        .map(|size| {
            let screen = text(&Stage::merged_log(size).said(status.clone()));
            screen.lines().nth_back(1).unwrap_or_default().to_owned()
        })
        .into();
    assert_snapshot!(format!("bar_{name}"), bars.join("\n"));
}

#[test]
fn filters_stand_in_the_title_with_what_they_hide() {
    let filtered = Stage::merged_log(NORMAL).keys("/").typed("payment").keys("enter");
    assert_snapshot!("filtered", look(&filtered));
    let none = Stage::merged_log(NORMAL).keys("/").typed("nowhere").keys("enter");
    let shown = text(&none);
    assert_snapshot!("filtered_out", shown);
}

#[test]
fn another_day_begins_with_a_rule_and_the_log_with_another() {
    let living = source(1, "payments");
    let yesterday = (0..6).map(|n| line(before(60_000_000 - n), &living, format!("yesterday {n}"))).collect();
    let stage = Stage::log(NORMAL).said(following()).lines(lines().into_iter().take(6).collect());
    let stage = stage.keys("home home").older(yesterday, true).keys("home");
    assert_snapshot!(text(&stage));
}

#[test]
fn what_was_cleared_is_told_and_comes_back() {
    let cleared = Stage::merged_log(NORMAL).keys("shift-c");
    assert_snapshot!("cleared", text(&cleared));
    let came = rule(now(), Role::Note, "the tail waits 2 s, then goes on");
    assert_snapshot!("cleared_and_on", text(&cleared.lines(vec![came]).keys("home")));
}
