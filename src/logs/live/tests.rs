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

fn texts(said: &[LogEvent]) -> Vec<(&str, &str)> {
    said.iter().map(|said| (said.source.task(), said.text.as_str())).collect()
}

/// The next update with something in it.
async fn next(session: &mut LiveSession) -> LiveUpdate {
    loop {
        let update = session.next().await.unwrap();
        if update != LiveUpdate::default() {
            return update;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_opened_for_the_group_by_arn_at_the_host_that_was_named() {
    let (_session, _wire, calls) = opened(&["a1", "b2"], true).await;
    assert_eq!(calls.all()[0].uri, "http://aws.invalid/");
    assert_eq!(
        calls.of("StartLiveTail"),
        [json!({
            "logGroupIdentifiers": ["arn:aws:logs:eu-west-1:123456789012:log-group:/web"],
            "logStreamNamePrefixes": ["ecs/app/"],
            "logEventFilterPattern": "ERROR",
        })]
    );
}

#[tokio::test(start_paused = true)]
async fn lines_come_with_their_source_and_it_is_said_when_aws_samples() {
    let (mut session, wire, _) = opened(&["a1"], false).await;
    wire.send(update(true, &[("ecs/app/a1", 5, "hello"), ("ecs/app/a1", 6, "world")])).unwrap();
    let update = next(&mut session).await;
    assert_eq!(texts(&update.events), [("a1", "hello"), ("a1", "world")]);
    assert_eq!((update.events[0].at.as_millisecond(), update.sampled, update.missed), (5, true, 0));
}

#[tokio::test(start_paused = true)]
async fn a_session_lasts_longer_than_any_other_call() {
    let (mut session, wire, _) = opened(&["a1"], false).await;
    for second in 0..3600 {
        wire.send(update(false, &[("ecs/app/a1", second, "tick")])).unwrap();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(next(&mut session).await.events.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn lines_of_a_task_that_is_not_known_yet_wait_until_it_is() {
    let (mut session, wire, _) = opened(&["a1"], true).await;
    wire.send(update(false, &[("ecs/app/b2", 1, "first words"), ("ecs/app/c3", 2, "of others")])).unwrap();
    wire.send(update(false, &[("ecs/app/a1", 3, "mine")])).unwrap();
    assert_eq!(texts(&next(&mut session).await.events), [("a1", "mine")]);
    assert!(session.covers(&web(&["a1", "b2"])));
    assert_eq!(texts(&session.know(&web(&["a1", "b2"]))), [("b2", "first words")]);
    // What nobody knows in a minute belongs to somebody else.
    advance(UNKNOWN_FOR + Duration::from_secs(1)).await;
    wire.send(update(false, &[("ecs/app/a1", 4, "mine")])).unwrap();
    next(&mut session).await;
    assert!(session.know(&web(&["c3"])).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_session_of_named_streams_does_not_cover_others() {
    let (session, _wire, _) = opened(&["a1", "b2"], false).await;
    assert!(session.covers(&web(&["b2"])));
    assert!(!session.covers(&web(&["b2", "c3"])));
    assert!(!session.covers(&[followed(None, "/other", "ecs/app/a1", "a1")]));
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_reader_misses_is_counted_and_aws_never_waits() {
    let (mut session, wire, _) = opened(&["a1"], false).await;
    for second in 0..100 {
        wire.send(update(false, &[("ecs/app/a1", second, "one"), ("ecs/app/a1", second, "two")])).unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    let (mut told, mut missed) = (0, 0);
    wire.send(update(false, &[])).unwrap();
    for _ in 0..WAITING {
        let update = session.next().await.unwrap();
        (told, missed) = (told + update.events.len() as u64, missed + update.missed);
    }
    wire.send(update(false, &[])).unwrap();
    missed += session.next().await.unwrap().missed;
    assert!(told > 0 && missed > 0, "{told} told, {missed} missed");
    assert_eq!(told + missed, 200);
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
async fn without_a_heartbeat_for_five_seconds_it_is_broken() {
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
async fn a_refusal_and_silence_are_failures_with_their_reason() {
    let (refused, _) = clients(|_, _| Answer::Fault("AccessDeniedException"));
    let failure = open(&refused, &web(&["a1"]), false, None).await.err().unwrap();
    assert_eq!(reason::of(&failure, "eu-west-1"), "no permission (logs:StartLiveTail)");
    let (silent, _) = clients(|_, _| Answer::Silence);
    let failure = open(&silent, &web(&["a1"]), false, None).await.err().unwrap();
    assert_eq!(reason::of(&failure, "eu-west-1"), "no answer within the time limit");
}

#[test]
fn begun_minutes_are_paid() {
    let since = Timestamp::constant(1_000, 0);
    let live = Live { since, sampled: 0 };
    assert!((live.dollars(since) - 0.01).abs() < 1e-9);
    assert!((live.dollars(Timestamp::constant(1_000 + 11 * 60 + 30, 0)) - 0.12).abs() < 1e-9);
}
