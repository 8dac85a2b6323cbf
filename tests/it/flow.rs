//! Journeys of somebody on call: keys in, screens and requests out, through the whole program and the real SDK.

use std::fs;

use crossterm::event::{Event, KeyEvent};
use ecsight::{
    app::Exit,
    demo::{Options, Scenario},
    tty::Input,
};
use rstest::rstest;

use crate::support::console::{FORBIDDEN, User, run_console};

const USUAL: (u16, u16) = (120, 30);

fn incident() -> Options {
    Options::default()
}

fn calm() -> Options {
    Options { scenario: Scenario::Calm, ..Options::default() }
}

/// Goes from the first screen to the clusters.
async fn open_clusters(user: &mut User) {
    user.keys("q");
    user.wait_for("ACTIVE").await;
    user.wait_for("prod").await;
}

/// Opens the services of the cluster prod from the clusters.
async fn open_prod(user: &mut User) {
    open_clusters(user).await;
    user.keys("/prod\r\r");
    user.wait_for("checkout").await;
}

#[rstest]
#[case::wide(USUAL)]
#[case::narrow((80, 24))]
#[tokio::test(start_paused = true)]
async fn from_the_clusters_to_the_container_that_failed(#[case] size: (u16, u16)) {
    let exit = run_console(size, incident(), async |mut user| {
        open_prod(&mut user).await;
        user.keys("/checkout\rx");
        user.wait_for("OutOfMemory").await;
        user.keys("\r");
        user.wait_for("137").await;
        let calls: Vec<_> = user.endpoint.requests().into_iter().map(|request| request.operation).collect();
        for operation in
            ["ListClusters", "DescribeClusters", "ListServices", "DescribeServices", "ListTasks", "DescribeTasks"]
        {
            assert!(calls.iter().any(|call| call == operation), "{operation} was never called: {calls:?}");
        }
        user.keys(":q\r");
        user.wait_for_exit().await;
    })
    .await;
    assert_eq!(exit, Some(Exit::Quit));
}

#[rstest]
#[case::wide((160, 40))]
#[case::usual(USUAL)]
#[case::narrow((80, 24))]
#[tokio::test(start_paused = true)]
async fn the_timeline_of_a_service_opens_its_tasks(#[case] size: (u16, u16)) {
    run_console(size, incident(), async |mut user| {
        open_prod(&mut user).await;
        user.keys("/checkout\rT");
        user.wait_for("Timeline(checkout)").await;
        for word in ["created", "running", "event", "out of memory: app (137)"] {
            user.wait_for(word).await;
        }
        user.keys("/is:stop is:fault\r");
        user.wait_until_gone(" running ").await;
        user.keys("\r");
        user.wait_for("running and stopped").await;
        user.wait_for("137").await;
        // The timeline of the task, also from its containers.
        user.keys("\r");
        user.wait_until("its containers", |shown| shown.contains("Containers(") && shown.contains("143")).await;
        user.keys("T/is:task\r");
        user.wait_for("[4/").await;
        user.wait_for("after its creation").await;
        user.keys(":timeline prod /is:deployment service=pricing\r");
        user.wait_for("Timeline(prod)").await;
        user.wait_for("begun").await;
        user.keys("\r");
        user.wait_for("Deployments(pricing)").await;
        // From the failures, whose pane shows the cause.
        user.keys(":failures prod /checkout\r");
        user.wait_for("The kernel killed").await;
        user.keys("T");
        user.wait_for("Timeline(checkout)").await;
    })
    .await;
}

/// The first frame does not wait for AWS, and a table appears as soon as its rows arrive.
#[tokio::test(start_paused = true)]
async fn the_first_frame_does_not_wait_for_aws() {
    run_console(USUAL, Options { faults: vec!["hang".parse().expect("a fault")], ..calm() }, async |mut user| {
        user.wait_for("connecting").await;
        user.keys("?");
        user.wait_for("open the row").await;
        user.keys("\x1b");
        user.wait_for("Checking for trouble").await;
        user.endpoint.clear_faults();
        user.wait_for("No problems in").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn rows_survive_a_network_failure_and_recovery_needs_no_key() {
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.keys("/prod\r\r");
        user.wait_for("web").await;
        user.set_network(false);
        user.wait_for("offline").await;
        assert!(user.shown().text.contains("web"), "the rows stay: {}", user.shown().text);
        user.wait_for(" old").await;
        user.set_network(true);
        user.wait_until_gone("offline").await;
        user.wait_until_gone(" old").await;
        assert!(user.shown().text.contains("web"), "{}", user.shown().text);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn throttling_is_shown_and_retried() {
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.add_fault("throttle");
        user.keys(":services\r");
        user.wait_for("throttled").await;
        user.endpoint.clear_faults();
        user.wait_until_gone("throttled").await;
        user.wait_for("web").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_denied_action_is_named_and_other_views_work() {
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.add_fault("deny:ListServices");
        user.keys("/prod\r\r");
        user.wait_for("ecs:ListServices").await;
        let calls = user.endpoint.count("ListServices");
        user.sleep(120).await;
        let again = user.endpoint.count("ListServices") - calls;
        assert!((8..=11).contains(&again), "a denied call is retried every 12 seconds: {again} times");
        user.keys("q");
        user.wait_for("CAPACITY PROVIDERS").await;
        user.endpoint.clear_faults();
        user.keys("\r");
        user.keys("\x12");
        user.wait_for("web").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_reported_and_rows_stay() {
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.add_fault("expired");
        user.wait_for("credentials expired").await;
        assert!(user.shown().text.contains("prod"), "the rows stay: {}", user.shown().text);
        user.sleep(30).await;
        let calls = user.requests();
        user.sleep(300).await;
        assert!(user.requests() - calls < 30, "it does not hammer: {}", user.requests() - calls);
        user.endpoint.clear_faults();
        user.keys("\x12");
        user.wait_until_gone("credentials expired").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_html_answer_is_reported_in_words() {
    run_console(USUAL, Options { faults: vec!["http500".parse().expect("a fault")], ..calm() }, async |mut user| {
        user.wait_for("garbled answer").await;
        let screen = user.shown().text;
        assert!(!screen.contains("<html") && !screen.contains("DOCTYPE"), "{screen}");
        assert!(!screen.contains("ResponseError") && !screen.contains("SdkError"), "no debug text: {screen}");
        user.endpoint.clear_faults();
        user.wait_for("No problems in").await;
        user.wait_until_gone("garbled").await;
    })
    .await;
}

#[rstest]
#[case("malformed")]
#[case("truncate")]
#[case("cut")]
#[case("server-error")]
#[case("unavailable")]
#[case("omit=40%")]
#[case("unknown:status")]
#[case("unknown:lastStatus")]
#[case("long-reason")]
#[tokio::test(start_paused = true)]
async fn no_answer_ends_the_console(#[case] fault: &str) {
    let faults = vec![fault.parse().expect("a fault")];
    let exit = run_console(USUAL, Options { faults, ..incident() }, async |mut user| {
        user.sleep(60).await;
        for view in [":services\r", ":tasks\r", ":status all\r", "\r", "d", "y", ":instances\r", ":families\r"] {
            user.keys(view);
            user.sleep(30).await;
        }
        user.endpoint.clear_faults();
        user.keys(":clusters\r\x12");
        user.wait_for("staging").await;
        user.keys(":q\r");
        user.wait_for_exit().await;
    })
    .await;
    assert_eq!(exit, Some(Exit::Quit));
}

#[tokio::test(start_paused = true)]
async fn an_idle_screen_is_rarely_drawn() {
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.keys("/prod\r\r");
        user.wait_for("web").await;
        user.sleep(60).await;
        let before = user.shown();
        user.sleep(600).await;
        let after = user.shown();
        assert_eq!(after.repeated, before.repeated, "frames drawn for nothing");
        let bytes = after.bytes - before.bytes;
        assert!(bytes <= 10 * 1_500, "{bytes} bytes in ten minutes");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_keys_draws_few_frames() {
    run_console(USUAL, incident(), async |mut user| {
        open_prod(&mut user).await;
        let frames = user.shown().frames;
        for _ in 0..200 {
            user.keys("j");
            user.keys("k");
        }
        user.sleep(1).await;
        let frames = user.shown().frames - frames;
        assert!((1..=10).contains(&frames), "{frames} frames for 400 keys");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn copying_reports_what_was_copied() {
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.keys("/prod\r");
        user.keys("c");
        user.wait_for("OSC 52").await;
        assert_eq!(*user.sent.lock().expect("not poisoned"), "\x1b]52;c;cHJvZA==\x1b\\");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn saved_tables_and_filters_survive_the_session() {
    let mut state = None;
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.keys("/prod\r");
        user.keys("\x13");
        user.wait_for("saved").await;
        let saved: Vec<_> = fs::read_dir(user.state.join("saved")).expect("a folder").collect();
        assert_eq!(saved.len(), 1);
        let text = fs::read_to_string(saved[0].as_ref().expect("a file").path()).expect("readable");
        assert!(text.contains("prod") && !text.contains("staging"), "{text}");
        user.sleep(1).await;
        state = Some(fs::read_to_string(user.state.join("filters.history")).expect("a history"));
    })
    .await;
    assert_eq!(state.as_deref(), Some("prod\n"));
}

#[tokio::test(start_paused = true)]
async fn changing_the_region_replaces_the_data_layer() {
    run_console(USUAL, calm(), async |mut user| {
        user.wait_for("eu-west-1").await;
        user.wait_for("No problems in").await;
        user.keys(":region us-east-1\r");
        user.wait_for("us-east-1").await;
        user.wait_for("No problems in").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_credentials_the_console_stays_open_and_says_why() {
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.keys(&format!(":region {FORBIDDEN}\r"));
        user.wait_for("no credentials for this partition").await;
        user.wait_for("try another profile").await;
        user.keys("y");
        user.sleep(1).await;
        user.keys("\x1b:region eu-west-1\r");
        user.wait_for("No problems in").await;
        user.wait_until_gone("no credentials").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_screen_is_redrawn_after_a_suspend() {
    run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        let frames = user.shown().frames;
        user.send(Input::Stop);
        user.wait_until("another frame", |_| true).await;
        user.sleep(1).await;
        assert!(user.shown().frames > frames);
        user.wait_for("prod").await;
    })
    .await;
}

#[rstest]
#[case(Input::Terminate(15), Exit::Signal(15), 143)]
#[case(Input::Gone, Exit::Gone, 129)]
#[tokio::test(start_paused = true)]
async fn exit_codes_match_the_way_of_ending(#[case] input: Input, #[case] expected: Exit, #[case] code: u8) {
    let exit = run_console(USUAL, calm(), async |mut user| {
        open_clusters(&mut user).await;
        user.send(input);
        user.wait_for_exit().await;
    })
    .await;
    assert_eq!(exit, Some(expected));
    assert_eq!(expected.code(), code);
}

/// Keys of every sort, at every size, on every screen: only the keys that should end the console do.
#[tokio::test(start_paused = true)]
async fn keys_and_sizes_never_end_the_console() {
    run_console(USUAL, incident(), async |mut user| {
        open_prod(&mut user).await;
        for (columns, rows) in [(80, 24), (60, 15), (49, 11), (20, 5), (3, 2), (1, 1), (200, 50), (120, 30)] {
            user.send(Input::Terminal(Event::Resize(columns, rows)));
            user.keys("jjd\x1b/x\x1b:s\x1b?\x1b");
            user.press(KeyEvent::from(crossterm::event::KeyCode::PageDown));
            user.sleep(1).await;
        }
        user.wait_for("checkout").await;
    })
    .await;
}

/// The main use case: start, see the worst problem, and its cause with one key.
#[rstest]
#[case::wide(USUAL)]
#[case::narrow((80, 24))]
#[tokio::test(start_paused = true)]
async fn from_the_start_to_the_cause(#[case] size: (u16, u16)) {
    run_console(size, incident(), async |mut user| {
        user.wait_for("rollout failing").await;
        user.wait_until_gone("more to come").await;
        user.keys("\r");
        user.wait_for("rollout failing: ").await;
        user.keys("\x1b/checkout\r\r");
        user.wait_for("Explain service checkout").await;
        user.wait_for("crash loop: out of memory: app (137)").await;
        user.wait_for("at its memory limit of 768 MiB").await;
        user.keys("/heap space\r");
        user.wait_for("java.lang.OutOfMemoryError: Java").await;
        let calls = ["DescribeTaskDefinition", "GetLogEvents", "DescribeTargetHealth"];
        let calls: u64 = calls.iter().map(|operation| user.endpoint.count(operation)).sum();
        assert!(calls <= 6, "{calls} calls for two explanations");
        user.keys("X");
        user.wait_for("Trouble(all)").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn denied_views_are_listed_on_the_first_screen_with_the_other_trouble() {
    let faults = vec!["deny:ListContainerInstances".parse().expect("a fault")];
    run_console(USUAL, Options { faults, ..incident() }, async |mut user| {
        user.wait_for("checkout").await;
        user.keys("G");
        user.wait_for("not checked").await;
        user.wait_for("no permission (ecs:ListContainerInstances)").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_first_screen_says_that_all_is_well_and_stays_idle() {
    run_console(USUAL, calm(), async |mut user| {
        user.wait_for("No problems in 2 clusters").await;
        user.sleep(60).await;
        let before = user.shown();
        user.sleep(600).await;
        let after = user.shown();
        assert_eq!(after.repeated, before.repeated, "frames drawn for nothing");
        assert!(after.bytes - before.bytes <= 10 * 1_500, "{} bytes in ten minutes", after.bytes - before.bytes);
    })
    .await;
}
