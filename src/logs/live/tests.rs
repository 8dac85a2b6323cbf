//! Sessions against a scripted AWS.

use serde_json::json;
use tokio::time::{advance, sleep};

use super::*;
use crate::logs::{
    groups::tests::followed,
    scripted::{Answer, Calls, clients, frame, start, update},
};

type Wire = mpsc::UnboundedSender<axum::body::Bytes>;

fn web(tasks: &[&str]) -> Vec<Followed> {
    tasks.iter().map(|task| followed(None, "/web", &format!("ecs/app/{task}"), task)).collect()
}

async fn opened(tasks: &[&str], growing: bool) -> (LiveSession, Wire, Calls) {
    let (wire, frames) = mpsc::unbounded_channel();
    let frames = std::sync::Mutex::new(Some(frames));
    let (clients, calls) = clients(move |_, _| Answer::Stream(frames.lock().unwrap().take().unwrap()));
    wire.send(start()).unwrap();
    let session = open(&clients, &web(tasks), growing, Some("ERROR")).await.unwrap();
    (session, wire, calls)
}

fn texts(events: &[LogEvent]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event.source.task(), event.text.as_str())).collect()
}

/// The next update that is not empty.
async fn next(session: &mut LiveSession) -> LiveUpdate {
    loop {
        let update = session.next().await.unwrap();
        if update != LiveUpdate::default() {
            return update;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_opens_for_the_group_arn_at_the_configured_endpoint() {
    let (_session, _wire, calls) = opened(&["a1", "b2"], true).await;
    assert_eq!(calls.all()[0].uri, "http://aws.invalid/");
    assert_eq!(
        calls.inputs("StartLiveTail"),
        [json!({
            "logGroupIdentifiers": ["arn:aws:logs:eu-west-1:123456789012:log-group:/web"],
            "logStreamNamePrefixes": ["ecs/app/"],
            "logEventFilterPattern": "ERROR",
        })]
    );
}

#[tokio::test(start_paused = true)]
async fn lines_have_their_source_and_a_sample_is_marked() {
    let (mut session, wire, _) = opened(&["a1"], false).await;
    wire.send(update(true, &[("ecs/app/a1", 5, "hello"), ("ecs/app/a1", 6, "world")])).unwrap();
    let update = next(&mut session).await;
    assert_eq!(texts(&update.events), [("a1", "hello"), ("a1", "world")]);
    assert_eq!((update.events[0].at.as_millisecond(), update.sampled, update.missed), (5, true, 0));
}

#[tokio::test(start_paused = true)]
async fn a_session_outlasts_the_timeouts_of_other_calls() {
    let (mut session, wire, _) = opened(&["a1"], false).await;
    for second in 0..3600 {
        wire.send(update(false, &[("ecs/app/a1", second, "tick")])).unwrap();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(next(&mut session).await.events.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn lines_of_an_unknown_task_wait_until_it_is_known() {
    let (mut session, wire, _) = opened(&["a1"], true).await;
    wire.send(update(false, &[("ecs/app/b2", 1, "first words"), ("ecs/app/c3", 2, "of others")])).unwrap();
    wire.send(update(false, &[("ecs/app/a1", 3, "mine")])).unwrap();
    assert_eq!(texts(&next(&mut session).await.events), [("a1", "mine")]);
    assert!(session.covers(&web(&["a1", "b2"])));
    assert_eq!(texts(&session.set_streams(&web(&["a1", "b2"]))), [("b2", "first words")]);
    // Lines that no task claims within a minute belong to another service.
    advance(UNKNOWN_FOR + Duration::from_secs(1)).await;
    wire.send(update(false, &[("ecs/app/a1", 4, "mine")])).unwrap();
    next(&mut session).await;
    assert!(session.set_streams(&web(&["c3"])).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_session_of_named_streams_does_not_cover_others() {
    let (session, _wire, _) = opened(&["a1", "b2"], false).await;
    assert!(session.covers(&web(&["b2"])));
    assert!(!session.covers(&web(&["b2", "c3"])));
    assert!(!session.covers(&[followed(None, "/other", "ecs/app/a1", "a1")]));
}

#[tokio::test(start_paused = true)]
async fn lines_that_a_slow_reader_misses_are_counted() {
    let (mut session, wire, _) = opened(&["a1"], false).await;
    for second in 0..100 {
        wire.send(update(false, &[("ecs/app/a1", second, "one"), ("ecs/app/a1", second, "two")])).unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    let (mut received, mut missed) = (0, 0);
    wire.send(update(false, &[])).unwrap();
    for _ in 0..WAITING {
        let update = session.next().await.unwrap();
        (received, missed) = (received + update.events.len() as u64, missed + update.missed);
    }
    wire.send(update(false, &[])).unwrap();
    missed += session.next().await.unwrap().missed;
    assert!(received > 0 && missed > 0, "{received} received, {missed} missed");
    assert_eq!(received + missed, 200);
}

#[rstest::rstest]
#[case::three_hours(Some("SessionTimeoutException"), SessionEnd::Over)]
#[case::aws_cannot_go_on(Some("SessionStreamingException"), SessionEnd::Broken("AWS's words".into()))]
#[case::closed(None, SessionEnd::Closed)]
#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_says_why(#[case] exception: Option<&'static str>, #[case] expected: SessionEnd) {
    let (mut session, wire, _) = opened(&["a1"], false).await;
    if let Some(name) = exception {
        wire.send(frame("exception", name, &json!({ "message": "AWS's words" }))).unwrap();
    }
    drop(wire);
    assert_eq!(ended(&mut session).await, expected);
}

#[tokio::test(start_paused = true)]
async fn five_seconds_without_an_update_end_the_session() {
    let (mut session, _wire, _) = opened(&["a1"], false).await;
    let start = Instant::now();
    assert_eq!(ended(&mut session).await, SessionEnd::Silent);
    assert_eq!(start.elapsed(), HEARTBEAT);
}

async fn ended(session: &mut LiveSession) -> SessionEnd {
    loop {
        if let Err(ended) = session.next().await {
            return ended;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_or_unanswered_request_fails_with_its_reason() {
    let (refused, _) = clients(|_, _| Answer::Fault("AccessDeniedException"));
    let failure = open(&refused, &web(&["a1"]), false, None).await.err().unwrap();
    assert_eq!(reason::describe(&failure, "eu-west-1"), "no permission (logs:StartLiveTail)");
    let (silent, _) = clients(|_, _| Answer::Silence);
    let failure = open(&silent, &web(&["a1"]), false, None).await.err().unwrap();
    assert_eq!(reason::describe(&failure, "eu-west-1"), "no answer within the time limit");
}

#[test]
fn minutes_are_billed_as_soon_as_they_begin() {
    let since = Timestamp::constant(1_000, 0);
    let live = Live { since, sampled: 0 };
    assert!((live.dollars(since) - 0.01).abs() < 1e-9);
    assert!((live.dollars(Timestamp::constant(1_000 + 11 * 60 + 30, 0)) - 0.12).abs() < 1e-9);
}
