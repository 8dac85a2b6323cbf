//! Snapshots of every screen with styles, with and without problems.

use std::sync::Arc;

use ecsight::{
    aws::{Failure, FailureKind},
    data::{Done, Feed, FeedKey, Phase},
    diagnose::timeline,
    event::{Event, Notice, NoticeLevel},
    forwarding::{ForwardCounts, ForwardEnd, ForwardNews, SavedForward},
    model::{Settings, scope::WriteOverride, settings::HeaderSize},
    resource::{Query, Status, View, container::ExecTarget, service},
    ui::{Theme, theme::Depth},
};
use insta::assert_snapshot;
use jiff::SignedDuration;
use rstest::rstest;

use crate::support::{
    fixtures::{self, denied, feed, now, offline, services, tasks},
    harness::{CLUSTER, Harness, tasks_view, view},
    incident,
    rendering::{LARGE, NARROW, NORMAL, render_styled, render_text, theme, theme_named},
    styled::{plain, styled},
};

#[rstest]
#[case("200x50", (200, 50))]
#[case("120x30", LARGE)]
#[case("80x24", NORMAL)]
#[case("60x15", NARROW)]
fn services_at_every_size(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("services_{name}"), render_styled(&Harness::with_account(size)));
}

#[rstest]
#[case("truecolor", theme_named("midnight", Depth::True))]
#[case("256", theme_named("midnight", Depth::Ansi256))]
#[case("16", theme_named("midnight", Depth::Ansi16))]
#[case("no_color", theme_named("midnight", Depth::Mono))]
#[case("ascii", theme().ascii(true))]
fn services_at_every_colour_depth(#[case] name: &str, #[case] theme: Theme) {
    let harness = Harness::with_account(NORMAL).keys("down down");
    assert_snapshot!(format!("services_{name}"), styled(&harness.draw(&theme)));
}

/// The list of forwards in every state, and one that is only saved.
fn with_forwards(size: (u16, u16)) -> Harness {
    let saved = SavedForward {
        name: "orders-db".into(),
        cluster: CLUSTER.into(),
        service: Some("web".into()),
        port: 5432,
        host: Some("orders.internal".into()),
        local: Some(15432),
        ..SavedForward::default()
    };
    let mut harness = Harness::with_settings(size, Settings { forwards: vec![saved], ..Settings::default() });
    harness.model.write_override = Some(WriteOverride::Write);
    for ports in ["8080", "5000:80", "db.internal:5432", "9901"] {
        harness = harness.keys("shift-f").type_text(ports).keys("enter enter");
    }
    let target = |container: &str| ExecTarget {
        cluster_name: CLUSTER.into(),
        task_arn: fixtures::arn("task", "acme-prod/0cf34e4c1f"),
        container: container.into(),
        runtime_id: None,
    };
    let idle = "AWS ended the session, because there was no traffic".to_owned();
    let news = [
        (0, ForwardNews::Listening("127.0.0.1:8080".into())),
        (0, ForwardNews::Ready(target("app"))),
        (1, ForwardNews::Listening("127.0.0.1:5000".into())),
        (1, ForwardNews::Reconnecting("task 0cf34e4c of web has stopped: OutOfMemoryError".into())),
        (2, ForwardNews::Listening("127.0.0.1:5432".into())),
        (2, ForwardNews::Idle(idle)),
        (3, ForwardNews::Ended(ForwardEnd::failed("port 9901 is in use on this machine"))),
    ];
    let counts = ForwardCounts { open: 2, connections: 134, refused: 0, sent: 81_000, received: 2_345_678 };
    for event in news.map(|(id, news)| Event::Forward(id, news)) {
        harness.event(event);
    }
    harness.event(Event::ForwardCounts(vec![(0, counts)]));
    harness.wait(70)
}

#[rstest]
#[case("120x30", LARGE)]
#[case("80x24", NORMAL)]
#[case("60x15", NARROW)]
fn forwards_at_every_size(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("forwards_{name}"), render_styled(&with_forwards(size).run("forwards")));
}

#[test]
fn running_forwards_are_counted_on_every_screen() {
    let screen = render_text(&with_forwards(NORMAL).keys("j"));
    assert!(screen.lines().last().is_some_and(|line| line.trim_end().ends_with("3 forwards")), "{screen}");
}

#[test]
fn an_empty_list_of_forwards_says_how_to_start_one() {
    assert_snapshot!(render_text(&Harness::with_account(NORMAL).run("forwards")));
}

#[test]
fn the_ports_of_a_forward_are_asked_for() {
    let mut harness = Harness::with_account(NORMAL);
    harness.model.write_override = Some(WriteOverride::Write);
    assert_snapshot!(render_text(&harness.keys("shift-f")));
}

#[test]
fn without_unicode_the_screen_is_ascii() {
    let harness = Harness::with_account(LARGE).keys("space :").type_text("serv");
    let screen = plain(&harness.draw(&theme().ascii(true)));
    assert!(screen.is_ascii(), "{screen}");
    let picker = plain(&Harness::with_account(LARGE).run("ctx").draw(&theme().ascii(true)));
    assert!(picker.is_ascii(), "{picker}");
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    assert_snapshot!(render_text(&Harness::with_account((49, 12))));
}

#[test]
fn the_first_frame_shows_the_scope_before_any_data() {
    assert_snapshot!(render_styled(&Harness::empty(LARGE, Settings::default())));
}

#[test]
fn loading_rows_are_announced() {
    let filling = Feed { phase: Phase::Filling, ..feed(services()) };
    assert_snapshot!(render_text(&Harness::with_account(NORMAL).feed(view(&service::KIND), filling)));
}

#[test]
fn an_empty_cluster_says_so() {
    assert_snapshot!(render_text(&Harness::with_account(NORMAL).feed(view(&service::KIND), feed(Vec::new()))));
}

#[test]
fn a_denied_view_names_the_action_and_gives_advice() {
    let refused = Feed { failure: Some(Arc::new(denied("ListServices"))), phase: Phase::Loading, ..feed(Vec::new()) };
    assert_snapshot!(render_styled(&Harness::with_account(NORMAL).feed(view(&service::KIND), refused)));
}

#[test]
fn without_network_and_rows_the_reason_is_shown() {
    let failure = Arc::new(offline("ListServices"));
    let failed = Feed { failure: Some(failure.clone()), phase: Phase::Loading, ..feed(Vec::new()) };
    let harness = Harness::with_account(NORMAL).feed(view(&service::KIND), failed).change_snapshot(|snapshot| {
        snapshot.connection.failure = Some(failure);
        snapshot.connection.attempts = 4;
        snapshot.connection.retry_at = Some(now() + SignedDuration::from_secs(8));
    });
    assert_snapshot!(render_styled(&harness));
}

/// A wrong cluster name on the command line is reported once the clusters are known.
#[test]
fn an_unknown_cluster_is_reported_with_the_nearest_name() {
    let failure = Failure {
        operation: "ListServices",
        kind: FailureKind::NotFound,
        code: Some("ClusterNotFoundException".into()),
        message: "Cluster not found.".into(),
        advice: None,
        at: now(),
    };
    let wrong = View::new(&service::KIND, Query::cluster("acme-prdo"));
    let refused = Feed { failure: Some(Arc::new(failure)), phase: Phase::Loading, ..feed(Vec::new()) };
    let screen = render_text(&Harness::in_cluster(NORMAL, "acme-prdo").feed(wrong, refused));
    assert!(screen.contains("✖ unknown cluster `acme-prdo`; did you mean acme-prod?"), "{screen}");
    assert!(screen.contains(":clusters lists all clusters"), "{screen}");
}

#[test]
fn stale_rows_are_dimmed_with_their_age_and_faults_stand_out() {
    let failure = Arc::new(offline("DescribeServices"));
    let stale = Feed { failure: Some(failure.clone()), ..feed(services()) };
    let harness = Harness::with_account(LARGE).feed(view(&service::KIND), stale).change_snapshot(|snapshot| {
        snapshot.connection.failure = Some(failure);
        snapshot.connection.attempts = 4;
        snapshot.connection.retry_at = Some(now() + SignedDuration::from_secs(250));
    });
    assert_snapshot!(render_styled(&harness.wait(242)));
}

#[test]
fn throttling_is_shown_in_the_header_only() {
    let mut throttle = offline("DescribeServices");
    throttle.kind = ecsight::aws::FailureKind::Throttled;
    let failure = Arc::new(throttle);
    let slow = Feed { failure: Some(failure.clone()), ..feed(services()) };
    let harness = Harness::with_account(NORMAL).feed(view(&service::KIND), slow).change_snapshot(|snapshot| {
        snapshot.connection.failure = Some(failure);
        snapshot.connection.retry_at = Some(now() + SignedDuration::from_secs(8));
    });
    assert_snapshot!(render_styled(&harness));
}

#[test]
fn the_title_shows_the_filter_and_counts() {
    assert_snapshot!(render_text(
        &Harness::with_account(NORMAL).keys("/").type_text("state=steady !cart").keys("enter")
    ));
}

#[test]
fn a_filter_without_matches_differs_from_an_empty_table() {
    assert_snapshot!(render_text(&Harness::with_account(NORMAL).keys("/").type_text("nosuch").keys("enter")));
}

#[test]
fn faults_only_shows_faults() {
    assert_snapshot!(render_styled(&Harness::with_account(NORMAL).keys("ctrl-z")));
}

#[test]
fn without_faults_faults_only_is_good_news() {
    let well = services().into_iter().filter(|entry| !entry.row.fault()).collect();
    assert_snapshot!(render_text(&Harness::with_account(NORMAL).feed(view(&service::KIND), feed(well)).keys("ctrl-z")));
}

#[test]
fn the_wide_view_has_all_columns() {
    assert_snapshot!(render_text(&Harness::with_account((200, 50)).keys("ctrl-w")));
}

#[test]
fn scrolled_sideways_the_first_column_stays() {
    assert_snapshot!(render_text(&Harness::with_account(NORMAL).keys("right right right right")));
}

#[test]
fn marks_and_changes_are_visible() {
    let mut changed = services();
    changed[1].changed = 1 << 4;
    changed[1].changed_at = Some(now());
    let harness = Harness::with_account(NORMAL).feed(view(&service::KIND), feed(changed)).keys("j j j space space");
    assert_snapshot!("marks_and_changes", render_styled(&harness));
    assert_snapshot!("marks_and_changes_later", render_styled(&harness.wait(6)));
}

#[rstest]
#[case("120x30", LARGE)]
#[case("80x24", NORMAL)]
#[case("60x15", NARROW)]
fn tasks_say_why_they_stopped(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("tasks_{name}"), render_styled(&all_tasks(size)));
}

/// The tasks of the payments service, running and stopped.
pub fn all_tasks(size: (u16, u16)) -> Harness {
    let harness = Harness::with_account(size).feed(tasks_view("payments", Status::All), feed(tasks()));
    harness.keys("/").type_text("payments").keys("enter enter x x")
}

/// Only the stopped tasks, with the cursor on one that ran out of memory.
pub fn stopped_tasks(size: (u16, u16)) -> Harness {
    let stopped = tasks().into_iter().filter(|entry| entry.row.states().contains(&"stopped")).collect();
    let harness = Harness::with_account(size).feed(tasks_view("payments", Status::Stopped), feed(stopped));
    harness.keys("/").type_text("payments").keys("enter x")
}

/// The timeline of the payments service.
pub fn timeline(size: (u16, u16)) -> Harness {
    let view = View::new(&timeline::KIND, Query::service(CLUSTER, "payments"));
    let harness = Harness::with_account(size).composed(view, &fixtures::history());
    harness.keys("/").type_text("payments").keys("enter shift-t j j j")
}

#[rstest]
#[case("160x40", (160, 40))]
#[case("120x30", LARGE)]
#[case("80x24", NORMAL)]
#[case("60x15", NARROW)]
fn a_pane_shows_why_a_task_stopped(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("stopped_{name}"), render_styled(&stopped_tasks(size)));
}

#[rstest]
#[case("160x40", (160, 40))]
#[case("120x30", LARGE)]
#[case("80x24", NORMAL)]
#[case("60x15", NARROW)]
fn the_timeline_of_a_service_is_one_table(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("timeline_{name}"), render_styled(&timeline(size)));
}

/// Containers of a task that ran out of memory.
pub fn dead_containers(size: (u16, u16)) -> Harness {
    let harness = all_tasks(size).keys("/").type_text("1d7b6e2a").keys("enter enter");
    let view = harness.model.table().map(|table| table.view.clone()).expect("containers are a table");
    harness.feed(view, feed(fixtures::containers()))
}

#[test]
fn containers_show_exit_and_reason() {
    assert_snapshot!(render_styled(&dead_containers(LARGE)));
}

#[test]
fn clusters_are_listed() {
    assert_snapshot!(render_styled(&Harness::with_account(LARGE).run("clusters")));
}

#[test]
fn hostile_names_are_made_visible() {
    let harness = Harness::with_account(NORMAL).feed(view(&service::KIND), feed(fixtures::hostile_services()));
    let screen = render_text(&harness);
    assert!(!screen.chars().any(|c| c.is_control() && c != '\n'), "{screen:?}");
    assert_snapshot!(screen);
}

#[test]
fn a_description_has_labels_and_values_in_two_columns() {
    assert_snapshot!(render_styled(&Harness::with_account(LARGE).keys("/").type_text("payments").keys("enter d")));
}

#[test]
fn search_matches_are_highlighted_and_counted() {
    assert_snapshot!(render_styled(&Harness::with_account(NORMAL).keys("d /").type_text("arn").keys("enter n")));
}

#[test]
fn raw_json_is_coloured_by_syntax() {
    let mut harness = Harness::with_account(NORMAL).keys("y");
    let json = serde_json::json!({
        "serviceName": "cart",
        "desiredCount": 6,
        "enableExecuteCommand": true,
        "placementConstraints": [],
        "deployments": [{ "status": "PRIMARY", "rolloutState": "COMPLETED", "failedTasks": 0 }],
        "roleArn": null,
    });
    let id = services()[0].row.id().into();
    harness.event(Event::Done(Done::Raw { id, result: Ok(json) }));
    assert_snapshot!(render_styled(&harness));
}

#[test]
fn help_lists_the_actions() {
    let screen = render_styled(&Harness::with_account((120, 60)).keys("?"));
    assert!(screen.contains("Everywhere") && screen.contains("ctrl-r"), "{screen}");
}

#[test]
fn messages_are_listed() {
    let error =
        Notice { level: NoticeLevel::Error, text: "could not write /tmp/x.csv: no space left on device".into() };
    let info = Notice { level: NoticeLevel::Info, text: "copied cart".into() };
    assert_snapshot!(render_styled(&Harness::with_account(NORMAL).notice(error).notice(info).keys("!")));
}

#[rstest]
#[case("info", NoticeLevel::Info, "copied cart")]
#[case(
    "error",
    NoticeLevel::Error,
    "could not write the table to /home/dana/.local/state/ecsight/dumps/services-acme-prod.csv: no space left"
)]
fn a_message_replaces_the_crumbs(#[case] name: &str, #[case] level: NoticeLevel, #[case] message: &str) {
    let harness = Harness::with_account(NORMAL).notice(Notice { level, text: message.into() });
    let screen = render_styled(&harness);
    assert_snapshot!(format!("flash_{name}"), screen);
    assert_eq!(render_text(&harness).lines().count(), 24);
}

#[test]
fn a_prompt_moves_nothing() {
    let before = render_text(&Harness::with_account(NORMAL));
    let body = |screen: &str, rows: usize| screen.lines().take(rows).map(str::to_owned).collect::<Vec<_>>();
    // The list above the prompt covers at most half of the body.
    for (typed, rows) in [("", 12), ("state", 21)] {
        let after = render_text(&Harness::with_account(NORMAL).keys("/").type_text(typed));
        assert_eq!(body(&before, rows), body(&after, rows), "{typed}");
        assert_ne!(before.lines().last(), after.lines().last());
    }
}

#[test]
fn a_command_is_completed_above_the_prompt() {
    assert_snapshot!(render_styled(&Harness::with_account(NORMAL).keys(":").type_text("se")));
}

#[test]
fn a_mistake_in_a_filter_is_shown_at_its_position() {
    assert_snapshot!(render_styled(&Harness::with_account(NORMAL).keys("/").type_text("state~(")));
}

#[test]
fn a_picker_is_in_the_middle() {
    assert_snapshot!(render_styled(&Harness::with_account(NORMAL).run("sort")));
}

#[test]
fn paused_and_write_mode_stand_out() {
    let settings = Settings { header: HeaderSize::Full, ..Settings::default() };
    let mut harness = Harness::with_settings(LARGE, settings);
    harness.model.write_override = Some(WriteOverride::Write);
    assert_snapshot!("paused_large", render_styled(&harness.keys("=").wait(95)));
    let mut harness = Harness::with_account(NARROW);
    harness.model.write_override = Some(WriteOverride::Write);
    assert_snapshot!("paused_narrow", render_styled(&harness.keys("=").wait(95)));
}

#[test]
fn scrolling_does_not_move_columns() {
    let many = || feed(fixtures::many_services(5_000));
    let harness = Harness::with_account(NORMAL).feed(view(&service::KIND), many());
    let top = render_text(&harness);
    let bottom = render_text(&harness.keys("G"));
    let heads = |screen: &str| screen.lines().nth(3).map(str::to_owned);
    assert_eq!(heads(&top), heads(&bottom));
    assert!(bottom.contains("service-04999"), "{bottom}");
    assert!(!bottom.contains("service-04000"), "{bottom}");
}

/// Drawing works at every size on every screen.
#[test]
fn any_size_can_be_drawn() {
    for keys in ["", "d", "?", ":", "/", "ctrl-w", "right right right", "ctrl-p"] {
        for mut harness in [Harness::with_account(NORMAL), Harness::empty(NORMAL, Settings::default())] {
            harness = harness.keys(keys);
            for width in [0, 1, 2, 49, 50, 51, 80, 120, 250] {
                for height in [0, 1, 2, 11, 12, 24, 30, 60] {
                    harness.event(Event::Resize(width, height));
                    let _ = harness.draw(&theme());
                }
            }
        }
    }
}

/// The first screen during an incident, with the rows that the trouble list is built from.
pub fn home(size: (u16, u16)) -> Harness {
    Harness::home(size, incident::trouble(&[], false)).change_snapshot(incident::add_sources)
}

#[rstest]
#[case("200x50", (200, 50))]
#[case("120x30", LARGE)]
#[case("80x24", NORMAL)]
#[case("60x15", NARROW)]
fn trouble_is_ranked(#[case] name: &str, #[case] size: (u16, u16)) {
    assert_snapshot!(format!("trouble_{name}"), render_styled(&home(size)));
}

#[rstest]
#[case::all_well("healthy", incident::no_trouble(&[], false))]
#[case::nothing_yet("dark", incident::no_data(None))]
#[case::nothing_so_far("so_far", incident::no_trouble(&[], true))]
#[case::well_as_far_as_one_may_look("healthy_with_gaps", incident::no_trouble(&["ListContainerInstances"], false))]
#[case::some_is_still_to_come("filling", incident::trouble(&["ListContainerInstances"], true))]
#[case::not_allowed("denied", incident::no_data(Some(denied("ListClusters"))))]
#[case::unreachable("offline", incident::no_data(Some(offline("ListClusters"))))]
fn trouble_lists_what_could_not_be_checked(#[case] name: &str, #[case] trouble: (FeedKey, Feed)) {
    assert_snapshot!(format!("trouble_{name}"), render_styled(&Harness::home(NORMAL, trouble)));
}

/// The explanation of the trouble row with this name.
pub fn explained(size: (u16, u16), name: &str) -> Harness {
    home(size).keys("/").type_text(name).keys("enter enter")
}

/// The explanation of a crash loop with the last log lines.
pub fn explained_with_log(size: (u16, u16)) -> Harness {
    let mut harness = explained(size, "payments");
    let id = fixtures::services().into_iter().map(|entry| entry.row).find(|row| row.name() == "payments");
    let id: Arc<str> = id.expect("a service").id().into();
    harness.event(Event::Done(Done::Evidence { id, evidence: Arc::new(incident::last_log_lines()) }));
    harness
}

#[rstest]
#[case("crash_loop_120x30", explained(LARGE, "payments"))]
#[case("crash_loop_80x24", explained(NORMAL, "payments"))]
#[case("with_log", explained_with_log(LARGE))]
#[case("with_log_80x24", explained_with_log(NORMAL))]
#[case("placement", explained(NORMAL, "ranking"))]
#[case("agent", explained(NORMAL, "agent"))]
#[case("stopped_task", explained(NORMAL, "invoice-export"))]
#[case("pending_task", all_tasks(NORMAL).change_snapshot(incident::add_sources).keys("/").type_text("is:pending").keys("enter shift-x"))]
fn explanations_put_findings_first(#[case] name: &str, #[case] harness: Harness) {
    assert_snapshot!(format!("explain_{name}"), render_styled(&harness));
}

#[test]
fn control_characters_in_log_lines_are_made_visible() {
    let screen = render_text(&explained_with_log(LARGE));
    assert!(screen.contains("␛[31mallocation"), "{screen}");
    assert!(!screen.chars().any(|c| c.is_control() && c != '\n'), "{screen:?}");
}
