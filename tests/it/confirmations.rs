//! Dialogs in the middle of the screen: confirmations before calls that cost money (Live Tail, CloudWatch Logs Insights), and
//! the prompt for an MFA code.

use std::sync::Arc;

use ecsight::{
    aws::{Failure, FailureKind, mfa::CodeQuestion},
    event::Event,
    logs::{LogGroup, Range, Read, Scanned, TailMessage, TailPhase, TailStatus, TailUpdate},
    model::Screen,
};
use insta::assert_snapshot;
use rstest::rstest;

use crate::support::{
    fixtures::now,
    harness::Harness,
    rendering::theme,
    styled::{plain, styled},
};

fn group(name: &str, streams: &[&str], prefixes: &[&str]) -> LogGroup {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    LogGroup { region: None, name: name.into(), streams: names(streams), prefixes: names(prefixes) }
}

/// The log of the first service, with these log groups.
fn log(size: (u16, u16), groups: Vec<LogGroup>) -> Harness {
    let harness = Harness::with_account(size).keys("l");
    let status = TailStatus { phase: TailPhase::Following, streams: 2, groups: groups.into(), ..TailStatus::default() };
    with_status(harness, status)
}

fn with_status(mut harness: Harness, status: TailStatus) -> Harness {
    let tail = harness.model.log().expect("a log").wanted.id;
    harness.event(Event::Log(TailMessage { tail, update: TailUpdate::Status(Arc::new(status)) }));
    harness
}

fn web() -> Vec<LogGroup> {
    vec![group("/ecs/web", &["ecs/app/a1", "ecs/app/b2"], &["ecs/app/"])]
}

fn read(harness: &Harness) -> &Read {
    let Screen::Logs(reader) = harness.model.screen() else { panic!("no log") };
    &reader.wanted.read
}

/// Input of the dialog.
fn typed(harness: &Harness) -> &str {
    harness.model.overlay.as_ref().and_then(|overlay| overlay.prompt()).expect("a prompt").text()
}

#[rstest]
#[case("120x30", (120, 30))]
#[case("80x24", (80, 24))]
fn live_tail_asks_for_confirmation_with_its_price(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("live_question_{name}"), styled(&log(size, web()).keys("ctrl-t").draw(&theme())));
}

#[rstest]
#[case("120x30", (120, 30))]
#[case("80x24", (80, 24))]
fn the_query_dialog_shows_time_groups_and_price(#[case] name: &str, #[case] size: (u16, u16)) {
    let harness = log(size, web()).run("query");
    assert_snapshot!(format!("query_prompt_{name}"), styled(&harness.draw(&theme())));
}

#[rstest]
#[case("120x30", (120, 30), "1 2 3", false)]
#[case("60x15", (60, 15), "1 2 3 enter", true)]
#[case("refused", (80, 24), "", true)]
fn the_mfa_dialog_hides_the_code(
    #[case] name: &str,
    #[case] size: (u16, u16),
    #[case] keys: &str,
    #[case] refused: bool,
) {
    let mut harness = Harness::with_account(size);
    let device = "arn:aws:iam::123456789012:mfa/me".to_owned();
    harness.event(Event::CodeNeeded(CodeQuestion { profile: "admin".into(), device, refused }));
    assert_snapshot!(format!("mfa_code_{name}"), styled(&harness.keys(keys).draw(&theme())));
}

#[test]
fn enter_starts_live_tail_and_the_key_again_returns_to_polling() {
    let harness = log((80, 24), web()).keys("ctrl-t");
    assert!(matches!(read(&harness), Read::Tail { live: false, .. }), "it is only asked");
    let harness = harness.keys("x enter");
    assert!(matches!(read(&harness), Read::Tail { live: true, range: Range::Newest, .. }));
    let harness = harness.run("live");
    assert!(harness.model.overlay.is_none() && matches!(read(&harness), Read::Tail { live: false, .. }));
}

#[rstest]
#[case("esc")]
#[case("q")]
#[case("n")]
fn declining_leaves_the_log_unchanged(#[case] key: &str) {
    let harness = log((80, 24), web()).keys("ctrl-t").keys(key);
    assert!(harness.model.overlay.is_none() && matches!(read(&harness), Read::Tail { live: false, .. }));
}

#[test]
fn live_tail_is_refused_for_a_range_in_the_past() {
    let harness = log((80, 24), web()).run("at -2h..-1h").keys("ctrl-t");
    assert!(harness.model.overlay.is_none());
    assert!(plain(&harness.draw(&theme())).contains("this time range is in the past"));
}

#[rstest]
#[case::of_one_container(
    web(),
    "fields @timestamp, @message, @logStream | filter @logStream like \"ecs/app/\" | sort @timestamp desc | limit 1000"
)]
#[case::of_several_groups(
    vec![group("/web", &["a/app/1"], &["a/app/"]), group("/jobs", &["b/job/1"], &["b/job/"])],
    "fields @timestamp, @message, @logStream, @log | filter @logStream like \"a/app/\" or @logStream like \"b/job/\" | sort @timestamp desc | limit 1000"
)]
#[case::of_streams_called_after_containers(
    vec![group("/web", &["feed\"beef"], &[])],
    "fields @timestamp, @message, @logStream | filter @logStream in [\"feed\\\"beef\"] | sort @timestamp desc | limit 1000"
)]
#[case::of_nothing_known(vec![], "fields @timestamp, @message, @logStream | sort @timestamp desc | limit 1000")]
fn a_query_is_restricted_to_the_streams_of_the_log(#[case] groups: Vec<LogGroup>, #[case] text: &str) {
    assert_eq!(typed(&log((80, 24), groups).run("query")), text);
}

#[test]
fn a_query_runs_over_its_time_range_and_esc_returns_to_the_tail() {
    let harness = log((80, 24), web()).run("query stats count(*) by bin(5m)").keys("tab").type_text("-2h..-1h");
    let harness = harness.keys("enter");
    let hour = jiff::SignedDuration::from_hours(1);
    let (from, to) = (now() - hour * 2, now() - hour);
    let text: Arc<str> = "stats count(*) by bin(5m)".into();
    assert_eq!(read(&harness), &Read::Query { text, from, to });
    let scanned = Scanned { bytes: 3e9, records: 1e6, matched: 42.0 };
    let status =
        TailStatus { phase: TailPhase::History, scanned: Some(scanned), groups: web().into(), ..TailStatus::default() };
    let harness = with_status(harness, status);
    // Opened again, the dialog keeps the query.
    let harness = harness.run("query");
    assert_eq!(typed(&harness), "stats count(*) by bin(5m)");
    let harness = harness.keys("esc esc");
    assert!(matches!(read(&harness), Read::Tail { range: Range::Newest, .. }));
    let harness = harness.keys("esc");
    assert!(matches!(harness.model.screen(), Screen::Table(_)));
}

#[rstest]
#[case("searching", None, TailPhase::History)]
#[case("failed", Some("at character 8, \"fliter x\": unexpected symbol"), TailPhase::Done)]
fn the_state_of_a_query_is_shown(#[case] name: &str, #[case] failure: Option<&str>, #[case] phase: TailPhase) {
    let failure = failure.map(|message| {
        Arc::new(Failure::local("StartQuery", FailureKind::Invalid, message).advise("`:query` opens it again"))
    });
    let scanned = Some(Scanned { bytes: 3e9, records: 1e6, matched: 42.0 });
    let harness = log((80, 24), web()).run("query fields @message | fliter x").keys("enter");
    let harness =
        with_status(harness, TailStatus { phase, failure, scanned, groups: web().into(), ..TailStatus::default() });
    assert_snapshot!(format!("query_{name}"), styled(&harness.draw(&theme())));
}

#[test]
fn earlier_queries_are_in_the_prompt_history() {
    let harness = log((80, 24), web()).run("query fields @message").keys("enter esc").run("query").keys("up");
    assert_eq!(typed(&harness), "fields @message");
}

#[rstest]
#[case("tab s o o n enter", "invalid time `soon`")]
#[case("tab backspace enter", "a time is missing")]
#[case("end ctrl-u enter", "a query is missing")]
fn a_mistake_in_a_query_is_shown_below_its_line(#[case] keys: &str, #[case] reason: &str) {
    let harness = log((80, 24), web()).run("query").keys(keys);
    let screen = plain(&harness.draw(&theme()));
    assert!(screen.contains(reason), "{screen}");
    assert!(matches!(read(&harness), Read::Tail { .. }));
}
