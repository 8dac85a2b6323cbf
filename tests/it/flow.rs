//! Journeys of somebody on call: keys in, screens and requests out, through the whole program and the real SDK.

use std::fs;

use crossterm::event::{Event, KeyEvent};
use ecsight::{
    app::Exit,
    demo::{Options, Scenario},
    tty::Input,
};
use rstest::rstest;

use crate::support::console::{FORBIDDEN, Person, at_the_console};

const USUAL: (u16, u16) = (120, 30);

fn incident() -> Options {
    Options::default()
}

fn calm() -> Options {
    Options { scenario: Scenario::Calm, ..Options::default() }
}

/// From home to the clusters, which lie beneath it.
async fn at_the_clusters(person: &mut Person) {
    person.keys("q");
    person.sees("ACTIVE").await;
    person.sees("prod").await;
}

/// From the clusters to the services of the one called prod.
async fn open_prod(person: &mut Person) {
    at_the_clusters(person).await;
    person.keys("/prod\r\r");
    person.sees("checkout").await;
}

#[rstest]
#[case::wide(USUAL)]
#[case::narrow((80, 24))]
#[tokio::test(start_paused = true)]
async fn from_the_clusters_to_the_container_that_failed(#[case] size: (u16, u16)) {
    let exit = at_the_console(size, incident(), async |mut person| {
        open_prod(&mut person).await;
        person.keys("/checkout\rx");
        person.sees("OutOfMemory").await;
        person.keys("\r");
        person.sees("137").await;
        let asked: Vec<_> = person.endpoint.requests().into_iter().map(|request| request.operation).collect();
        for operation in
            ["ListClusters", "DescribeClusters", "ListServices", "DescribeServices", "ListTasks", "DescribeTasks"]
        {
            assert!(asked.iter().any(|asked| asked == operation), "{operation} was never asked: {asked:?}");
        }
        person.keys(":q\r");
        person.leaves().await;
    })
    .await;
    assert_eq!(exit, Some(Exit::Quit));
}

#[rstest]
#[case::wide((160, 40))]
#[case::usual(USUAL)]
#[case::narrow((80, 24))]
#[tokio::test(start_paused = true)]
async fn what_befell_a_service_leads_to_the_task_it_befell(#[case] size: (u16, u16)) {
    at_the_console(size, incident(), async |mut person| {
        open_prod(&mut person).await;
        person.keys("/checkout\rT");
        person.sees("Timeline(checkout)").await;
        for word in ["created", "running", "event", "out of memory: app (137)"] {
            person.sees(word).await;
        }
        person.keys("/is:stop is:fault\r");
        person.sees_no(" running ").await;
        person.keys("\r");
        person.sees("running and stopped").await;
        person.sees("137").await;
        // The task's own, from its containers as well.
        person.keys("\r");
        person.until("its containers", |shown| shown.contains("Containers(") && shown.contains("143")).await;
        person.keys("T/is:task\r");
        person.sees("[4/").await;
        person.sees("after its creation").await;
        person.keys(":timeline prod /is:deployment service=pricing\r");
        person.sees("Timeline(prod)").await;
        person.sees("begun").await;
        person.keys("\r");
        person.sees("Deployments(pricing)").await;
        // From the failures, of which the pane says why.
        person.keys(":failures prod /checkout\r");
        person.sees("The kernel killed").await;
        person.keys("T");
        person.sees("Timeline(checkout)").await;
    })
    .await;
}

/// The first frame is there before anything is known, and a table as soon as its rows are.
#[tokio::test(start_paused = true)]
async fn the_first_frame_waits_for_nobody() {
    at_the_console(USUAL, Options { faults: vec!["hang".parse().expect("a fault")], ..calm() }, async |mut person| {
        person.sees("connecting").await;
        person.keys("?");
        person.sees("row up").await;
        person.keys("\x1b");
        person.sees("Looking for trouble").await;
        person.endpoint.clear_faults();
        person.sees("Nothing is wrong").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_network_loses_nothing_and_needs_no_key() {
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.keys("/prod\r\r");
        person.sees("web").await;
        person.network(false);
        person.sees("offline").await;
        assert!(person.shown().text.contains("web"), "the rows stay: {}", person.shown().text);
        person.sees(" old").await;
        person.network(true);
        person.sees_no("offline").await;
        person.sees_no(" old").await;
        assert!(person.shown().text.contains("web"), "{}", person.shown().text);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_shown_and_waited_out() {
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.fault("throttle");
        person.keys(":services\r");
        person.sees("throttled").await;
        person.endpoint.clear_faults();
        person.sees_no("throttled").await;
        person.sees("web").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_denied_action_is_named_and_the_rest_goes_on() {
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.fault("deny:ListServices");
        person.keys("/prod\r\r");
        person.sees("ecs:ListServices").await;
        let asked = person.endpoint.count("ListServices");
        person.waits(120).await;
        let again = person.endpoint.count("ListServices") - asked;
        assert!((8..=11).contains(&again), "a refusal is asked for again every 12 seconds: {again} times");
        person.keys("q");
        person.sees("CAPACITY PROVIDERS").await;
        person.endpoint.clear_faults();
        person.keys("\r");
        person.keys("\x12");
        person.sees("web").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_keep_the_rows_and_say_so() {
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.fault("expired");
        person.sees("credentials expired").await;
        assert!(person.shown().text.contains("prod"), "the rows stay: {}", person.shown().text);
        person.waits(30).await;
        let asked = person.requests();
        person.waits(300).await;
        assert!(person.requests() - asked < 30, "it does not hammer: {}", person.requests() - asked);
        person.endpoint.clear_faults();
        person.keys("\x12");
        person.sees_no("credentials expired").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_page_of_html_is_told_in_words() {
    at_the_console(
        USUAL,
        Options { faults: vec!["http500".parse().expect("a fault")], ..calm() },
        async |mut person| {
            person.sees("garbled answer").await;
            let screen = person.shown().text;
            assert!(!screen.contains("<html") && !screen.contains("DOCTYPE"), "{screen}");
            assert!(!screen.contains("ResponseError") && !screen.contains("SdkError"), "no debug text: {screen}");
            person.endpoint.clear_faults();
            person.sees("Nothing is wrong").await;
            person.sees_no("garbled").await;
        },
    )
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
async fn nothing_a_server_says_ends_it(#[case] fault: &str) {
    let faults = vec![fault.parse().expect("a fault")];
    let exit = at_the_console(USUAL, Options { faults, ..incident() }, async |mut person| {
        person.waits(60).await;
        for view in [":services\r", ":tasks\r", ":status all\r", "\r", "d", "y", ":instances\r", ":families\r"] {
            person.keys(view);
            person.waits(30).await;
        }
        person.endpoint.clear_faults();
        person.keys(":clusters\r\x12");
        person.sees("staging").await;
        person.keys(":q\r");
        person.leaves().await;
    })
    .await;
    assert_eq!(exit, Some(Exit::Quit));
}

#[tokio::test(start_paused = true)]
async fn an_idle_screen_is_hardly_ever_drawn() {
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.keys("/prod\r\r");
        person.sees("web").await;
        person.waits(60).await;
        let before = person.shown();
        person.waits(600).await;
        let after = person.shown();
        assert_eq!(after.repeated, before.repeated, "frames drawn for nothing");
        let bytes = after.bytes - before.bytes;
        assert!(bytes <= 10 * 1_500, "{bytes} bytes in ten minutes");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_keys_makes_few_frames() {
    at_the_console(USUAL, incident(), async |mut person| {
        open_prod(&mut person).await;
        let frames = person.shown().frames;
        for _ in 0..200 {
            person.keys("j");
            person.keys("k");
        }
        person.waits(1).await;
        let frames = person.shown().frames - frames;
        assert!((1..=10).contains(&frames), "{frames} frames for 400 keys");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn copies_say_where_they_go() {
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.keys("/prod\r");
        person.keys("c");
        person.sees("OSC 52").await;
        assert_eq!(*person.sent.lock().expect("not poisoned"), "\x1b]52;c;cHJvZA==\x1b\\");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn saved_tables_and_filters_outlive_the_session() {
    let mut state = None;
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.keys("/prod\r");
        person.keys("\x13");
        person.sees("saved").await;
        let saved: Vec<_> = fs::read_dir(person.state.join("saved")).expect("a folder").collect();
        assert_eq!(saved.len(), 1);
        let text = fs::read_to_string(saved[0].as_ref().expect("a file").path()).expect("readable");
        assert!(text.contains("prod") && !text.contains("staging"), "{text}");
        person.waits(1).await;
        state = Some(fs::read_to_string(person.state.join("filters.history")).expect("a history"));
    })
    .await;
    assert_eq!(state.as_deref(), Some("prod\n"));
}

#[tokio::test(start_paused = true)]
async fn another_region_is_another_data_layer() {
    at_the_console(USUAL, calm(), async |mut person| {
        person.sees("eu-west-1").await;
        person.sees("Nothing is wrong").await;
        person.keys(":region us-east-1\r");
        person.sees("us-east-1").await;
        person.sees("Nothing is wrong").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_reached_the_console_stays_and_says_why() {
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.keys(&format!(":region {FORBIDDEN}\r"));
        person.sees("no credentials for this partition").await;
        person.sees("try another profile").await;
        person.keys("y");
        person.waits(1).await;
        person.keys("\x1b:region eu-west-1\r");
        person.sees("Nothing is wrong").await;
        person.sees_no("no credentials").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn it_is_drawn_anew_after_the_terminal_was_away() {
    at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        let frames = person.shown().frames;
        person.happens(Input::Stop);
        person.until("another frame", |_| true).await;
        person.waits(1).await;
        assert!(person.shown().frames > frames);
        person.sees("prod").await;
    })
    .await;
}

#[rstest]
#[case(Input::Terminate(15), Exit::Signal(15), 143)]
#[case(Input::Gone, Exit::Gone, 129)]
#[tokio::test(start_paused = true)]
async fn endings_have_codes(#[case] input: Input, #[case] expected: Exit, #[case] code: u8) {
    let exit = at_the_console(USUAL, calm(), async |mut person| {
        at_the_clusters(&mut person).await;
        person.happens(input);
        person.leaves().await;
    })
    .await;
    assert_eq!(exit, Some(expected));
    assert_eq!(expected.code(), code);
}

/// Keys of every sort, at every size, on every screen: none ends it but those that should.
#[tokio::test(start_paused = true)]
async fn any_size_at_any_time() {
    at_the_console(USUAL, incident(), async |mut person| {
        open_prod(&mut person).await;
        for (columns, rows) in [(80, 24), (60, 15), (49, 11), (20, 5), (3, 2), (1, 1), (200, 50), (120, 30)] {
            person.happens(Input::Terminal(Event::Resize(columns, rows)));
            person.keys("jjd\x1b/x\x1b:s\x1b?\x1b");
            person.press(KeyEvent::from(crossterm::event::KeyCode::PageDown));
            person.waits(1).await;
        }
        person.sees("checkout").await;
    })
    .await;
}

/// The journey this program exists for: from the start, what is worst, and why, in one key.
#[rstest]
#[case::wide(USUAL)]
#[case::narrow((80, 24))]
#[tokio::test(start_paused = true)]
async fn from_the_start_to_the_cause(#[case] size: (u16, u16)) {
    at_the_console(size, incident(), async |mut person| {
        person.sees("rollout failing").await;
        person.sees_no("more to come").await;
        person.keys("\r");
        person.sees("rollout failing: ").await;
        person.keys("\x1b/checkout\r\r");
        person.sees("Explain service checkout").await;
        person.sees("crash loop: out of memory: app (137)").await;
        person.sees("at its memory limit of 768 MiB").await;
        person.keys("G");
        person.sees("java.lang.OutOfMemoryError: Java heap space").await;
        let asked = ["DescribeTaskDefinition", "GetLogEvents", "DescribeTargetHealth"];
        let asked: u64 = asked.iter().map(|operation| person.endpoint.count(operation)).sum();
        assert!(asked <= 6, "{asked} calls for two explanations");
        person.keys("X");
        person.sees("Trouble(all)").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_looked_at_is_said_at_home_and_the_rest_is_looked_at() {
    let faults = vec!["deny:ListContainerInstances".parse().expect("a fault")];
    at_the_console(USUAL, Options { faults, ..incident() }, async |mut person| {
        person.sees("checkout").await;
        person.keys("G");
        person.sees("not looked at").await;
        person.sees("no permission (ecs:ListContainerInstances)").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn where_all_is_well_home_says_so_and_is_still() {
    at_the_console(USUAL, calm(), async |mut person| {
        person.sees("Nothing is wrong: 2 clusters").await;
        person.waits(60).await;
        let before = person.shown();
        person.waits(600).await;
        let after = person.shown();
        assert_eq!(after.repeated, before.repeated, "frames drawn for nothing");
        assert!(after.bytes - before.bytes <= 10 * 1_500, "{} bytes in ten minutes", after.bytes - before.bytes);
    })
    .await;
}
