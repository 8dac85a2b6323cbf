use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use super::*;
use crate::{
    aws::{Clients, FailureKind},
    resource::{Batch, Cadence, Origin, Query, Row, View, cluster, family::Family, service, task},
};

/// A fetch for tests that respond to its calls themselves.
struct Table {
    batch: usize,
    keeps_gone: bool,
}

impl Fetch for Table {
    fn batch(&self) -> usize {
        self.batch
    }

    fn cadence(&self) -> Cadence {
        Cadence { list: 60, visible: 15, moving: 5, sweep: 60 }
    }

    fn keeps_gone(&self, _: &Query) -> bool {
        self.keeps_gone
    }

    fn list<'a>(&'a self, _: &'a Clients, _: &'a Query, _: Option<String>) -> BoxFuture<'a, Result<Page, Failure>> {
        unreachable!("plans make no calls")
    }

    fn describe<'a>(&'a self, _: &'a Clients, _: &'a Query, _: Vec<Arc<str>>) -> BoxFuture<'a, Result<Batch, Failure>> {
        unreachable!("plans make no calls")
    }
}

static TENS: Table = Table { batch: 10, keeps_gone: false };
static KEEPING: Table = Table { batch: 10, keeps_gone: true };
const FRONT: Option<Priority> =
    Some(Priority { factor: 1, foreground: true, shown: true, once: false, every: None, moving: None, peers: 1 });

/// The same time on both clocks.
fn both(at: Instant) -> Now {
    Now { at, clock: Timestamp::UNIX_EPOCH }
}

/// A response with a row for each of `found`.
fn batch(found: &[Arc<str>]) -> Batch {
    let rows = found.iter().map(|id| Arc::new(Family { family: id.to_string() }) as Arc<dyn Row>).collect();
    Batch { rows, operation: "DescribeServices", ..Batch::default() }
}

fn page(ids: &[Arc<str>], next: Option<&str>) -> Page {
    Page { ids: ids.to_vec(), next: next.map(str::to_owned), operation: "ListServices", ..Page::default() }
}

fn failure(trouble: FailureKind) -> Arc<Failure> {
    Arc::new(Failure { at: Timestamp::UNIX_EPOCH, ..Failure::local("ListServices", trouble, "no") })
}

/// The kind of the current failure.
fn why(plan: &FeedPlan) -> Option<FailureKind> {
    plan.failure().map(|failed| failed.failure.kind)
}

fn plan(fetch: &'static dyn Fetch) -> (FeedPlan, Instant) {
    let now = Instant::now();
    let mut plan = FeedPlan::new(View::new(&service::KIND, Query::cluster("prod")), fetch, now);
    plan.priority = FRONT;
    (plan, now)
}

fn ids(count: usize) -> Vec<Arc<str>> {
    (0..count).map(|index| Arc::from(format!("arn:aws:ecs:::service/prod/s{index:05}"))).collect()
}

fn ask(plan: &mut FeedPlan, now: Instant, visible: &[Arc<str>]) -> (Vec<Due>, Option<Instant>) {
    let visible = visible.iter().cloned().collect();
    plan.due(now, &visible, |_| Some(Pace::Calm), 100)
}

fn answer(plan: &mut FeedPlan, due: Vec<Due>, all: &[Arc<str>], now: Instant) {
    for due in due {
        match due {
            Due::List(token) => {
                let start = token.and_then(|token| token.parse().ok()).unwrap_or(0);
                let end = (start + 100).min(all.len());
                let next = (end < all.len()).then(|| end.to_string());
                plan.add_page(page(&all[start..end], next.as_deref()), both(now)).unwrap();
            }
            Due::Describe(ids) => plan.on_described(&ids, &batch(&ids), both(now)),
        }
    }
}

/// Lists and describes all rows at once.
fn fill(plan: &mut FeedPlan, all: &[Arc<str>], now: Instant) {
    loop {
        let (due, _) = ask(plan, now, &[]);
        if due.is_empty() {
            return;
        }
        answer(plan, due, all, now);
    }
}

/// Calls per minute during twenty idle minutes.
fn idle_calls(fetch: &'static dyn Fetch, count: usize, visible: usize) -> f64 {
    let (mut plan, mut now) = plan(fetch);
    let all = ids(count);
    fill(&mut plan, &all, now);
    let (end, mut calls) = (now + Duration::from_mins(20), 0);
    while now < end {
        let (due, next) = ask(&mut plan, now, &all[..visible.min(count)]);
        calls += due.len();
        let idle = due.is_empty();
        answer(&mut plan, due, &all, now);
        if idle {
            now = next.unwrap();
        }
    }
    f64::from(calls as u32) / 20.0
}

fn fetch_of(kind: &'static crate::resource::Kind) -> &'static dyn Fetch {
    match kind.origin {
        Origin::Fetched(fetch) => fetch,
        Origin::Derived { .. } | Origin::Composed(_) => panic!("{kind:?} is not fetched"),
    }
}

#[rstest]
#[case::services_200(&service::KIND, 200, 42.0)]
#[case::services_500(&service::KIND, 500, 60.0)]
#[case::tasks_2000(&task::KIND, 2_000, 46.0)]
#[case::tasks_5000(&task::KIND, 5_000, 46.0)]
#[case::clusters_5(&cluster::KIND, 5, 3.0)]
fn an_idle_table_costs_little(#[case] kind: &'static crate::resource::Kind, #[case] rows: usize, #[case] most: f64) {
    let calls = idle_calls(fetch_of(kind), rows, 40);
    assert!(calls <= most, "{calls} calls a minute");
}

#[rstest]
#[case(0)]
#[case(1)]
#[case(10)]
#[case(11)]
#[case(100)]
#[case(101)]
#[case(5_000)]
fn every_row_is_listed_and_described(#[case] count: usize) {
    let (mut plan, now) = plan(&TENS);
    let all = ids(count);
    fill(&mut plan, &all, now);
    assert!(plan.filled());
    assert_eq!(plan.ids, all);
}

#[test]
fn the_first_batch_is_sent_with_the_first_page() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(250);
    let (due, _) = ask(&mut plan, now, &[]);
    assert_eq!(due, [Due::List(None)]);
    answer(&mut plan, due, &all, now);
    let (due, _) = ask(&mut plan, now, &[]);
    assert_eq!(due[0], Due::List(Some("100".into())));
    assert_eq!(due.len(), 1 + CONCURRENCY);
    assert!(matches!(&due[1], Due::Describe(ids) if ids.len() == 10));
}

#[test]
fn unlisted_rows_are_removed_or_kept_as_their_kind_says() {
    for (fetch, left) in [(&TENS, 5), (&KEEPING, 8)] {
        let (mut plan, now) = plan(fetch);
        let all = ids(8);
        fill(&mut plan, &all, now);
        let later = now + Duration::from_secs(70);
        fill(&mut plan, &all[..5], later);
        assert_eq!(plan.ids.len(), left);
    }
}

#[test]
fn a_row_requested_by_name_is_identified_by_its_arn() {
    let (mut plan, now) = plan(&TENS);
    let (name, arn): (Arc<str>, Arc<str>) = ("web".into(), "arn:aws:ecs:::service/prod/web".into());
    ask(&mut plan, now, &[]);
    plan.add_page(page(std::slice::from_ref(&name), None), both(now)).unwrap();
    ask(&mut plan, now, &[]);
    plan.on_described(std::slice::from_ref(&name), &batch(std::slice::from_ref(&arn)), both(now));
    assert_eq!(plan.ids, std::slice::from_ref(&arn));
    assert!(plan.filled());
    let later = now + Duration::from_secs(70);
    ask(&mut plan, later, &[]);
    plan.add_page(page(&[name], None), both(later)).unwrap();
    assert_eq!(plan.ids, [arn]);
    assert_eq!(why(&plan), None);
}

/// As for capacity providers: one operation lists and describes them.
#[test]
fn rows_returned_by_the_list_are_not_described_again() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(3);
    let rows = batch(&all).rows;
    assert_eq!(ask(&mut plan, now, &all).0, [Due::List(None)]);
    plan.add_page(Page { rows: rows[..2].to_vec(), ..page(&all[..2], Some("2")) }, both(now)).unwrap();
    assert_eq!(ask(&mut plan, now, &all).0, [Due::List(Some("2".into()))]);
    assert!(plan.add_page(Page { rows: rows[2..].to_vec(), ..page(&all[2..], None) }, both(now)).unwrap());
    assert_eq!(plan.ids, all);
    assert_eq!(ask(&mut plan, now, &all).0, []);
}

#[test]
fn a_denied_feed_keeps_its_failure_and_retries_slowly() {
    let (mut plan, mut now) = plan(&TENS);
    let all = ids(5);
    fill(&mut plan, &all, now);
    let listed = plan.confirmed_at();
    plan.refresh(now);
    assert_eq!(ask(&mut plan, now, &[]).0[0], Due::List(None));
    plan.on_failed(true, &[], &failure(FailureKind::Denied), both(now));
    let (end, mut lists) = (now + Duration::from_mins(10), 0);
    while now < end {
        let (due, next) = ask(&mut plan, now, &all);
        now = if due.is_empty() { next.unwrap() } else { now };
        for due in due {
            match due {
                Due::List(_) => {
                    lists += 1;
                    plan.on_failed(true, &[], &failure(FailureKind::Denied), both(now));
                }
                Due::Describe(ids) => {
                    let later = Now { at: now, clock: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(60) };
                    plan.on_described(&ids, &batch(&ids), later);
                }
            }
        }
        // A success of describe calls does not mean that listing is allowed.
        assert_eq!(why(&plan), Some(FailureKind::Denied));
        assert_eq!(plan.confirmed_at(), listed, "as old as the list");
    }
    assert!((48..=52).contains(&lists), "{lists} attempts in ten minutes");
    assert_eq!(plan.ids, all);
    plan.refresh(now);
    assert_eq!(ask(&mut plan, now, &[]).0[0], Due::List(None), "a manual refresh is immediate");
}

#[test]
fn companions_are_retried_as_soon_as_the_foreground() {
    let (mut plan, now) = plan(&TENS);
    plan.priority = FRONT.map(|priority| Priority { factor: 4, foreground: false, ..priority });
    let wait = |plan: &mut FeedPlan, peers: u32| {
        plan.priority = plan.priority.map(|priority| Priority { peers, ..priority });
        plan.on_failed(true, &[], &failure(FailureKind::Denied), both(now));
        ask(plan, now, &[]).1.unwrap() - now
    };
    wait(&mut plan, 1);
    assert_eq!(wait(&mut plan, 1), Duration::from_secs(12));
    // Each of fifty clusters is polled less often, so that all together cost as much as one.
    assert_eq!(wait(&mut plan, 50), 50 * PER_CALL);
}

#[test]
fn a_list_continues_from_a_failed_page() {
    let (mut plan, mut now) = plan(&TENS);
    let all = ids(2_100);
    let (mut lists, mut failed) = (0, 0);
    while !plan.listed {
        let (due, next) = ask(&mut plan, now, &[]);
        now = if due.is_empty() { next.unwrap() } else { now };
        for due in due {
            let is_list = matches!(due, Due::List(_));
            lists += usize::from(is_list);
            if is_list && lists % 10 == 3 {
                failed += 1;
                plan.on_failed(true, &[], &failure(FailureKind::Throttled), both(now));
                assert_eq!(why(&plan), Some(FailureKind::Throttled));
            } else {
                answer(&mut plan, vec![due], &all, now);
            }
        }
    }
    assert_eq!(plan.ids, all);
    assert_eq!((lists, failed), (24, 3));
}

#[test]
fn list_and_describe_calls_do_not_wait_for_each_other() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(250);
    let (due, _) = ask(&mut plan, now, &[]);
    answer(&mut plan, due, &all, now);
    let (due, _) = ask(&mut plan, now, &[]);
    for due in due {
        match due {
            Due::Describe(ids) => plan.on_failed(false, &ids, &failure(FailureKind::Server), both(now)),
            due @ Due::List(_) => answer(&mut plan, vec![due], &all, now),
        }
    }
    assert_eq!(ask(&mut plan, now, &[]).0, [Due::List(Some("200".into()))]);
    plan.on_failed(true, &[], &failure(FailureKind::NotFound), both(now));
    let (due, _) = ask(&mut plan, now + Duration::from_secs(13), &[]);
    assert!(due.len() == CONCURRENCY && due.iter().all(|due| matches!(due, Due::Describe(_))), "{due:?}");
}

#[test]
fn an_expired_token_starts_the_list_over_once() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(250);
    let expired = failure(FailureKind::Invalid);
    for attempt in 0..2 {
        let (due, _) = ask(&mut plan, now, &[]);
        assert_eq!(due[0], Due::List(None));
        answer(&mut plan, vec![Due::List(None)], &all, now);
        assert_eq!(ask(&mut plan, now, &[]).0[0], Due::List(Some("100".into())));
        plan.on_failed(true, &[], &expired, both(now));
        assert_eq!(why(&plan), (attempt > 0).then_some(FailureKind::Invalid));
    }
    let (due, next) = ask(&mut plan, now, &[]);
    assert!(due.iter().all(|due| matches!(due, Due::Describe(_))));
    assert!(next >= Some(now + Duration::from_secs(15)), "then it backs off");
}

#[rstest]
#[case::the_same_token_for_ever(|_: u32| "again".to_owned(), 3)]
#[case::other_tokens_for_ever(|page: u32| page.to_string(), 25)]
fn an_endless_list_is_an_error_and_retried_with_a_limit(#[case] token: fn(u32) -> String, #[case] most: u32) {
    let (mut plan, start) = plan(&TENS);
    let all = ids(5);
    let (mut now, mut pages, mut failures) = (start, 0, Vec::new());
    while now < start + Duration::from_mins(10) {
        let (due, next) = ask(&mut plan, now, &[]);
        now = if due.is_empty() { next.unwrap() } else { now };
        for due in due {
            match due {
                Due::List(_) => {
                    pages += 1;
                    if let Err(failure) = plan.add_page(page(&all, Some(&token(pages))), both(now)) {
                        failures.push(failure);
                    }
                }
                due @ Due::Describe(_) => answer(&mut plan, vec![due], &all, now),
            }
        }
        assert!(failures.is_empty() || why(&plan) == Some(FailureKind::Garbled), "it stays until a list is complete");
    }
    assert!((9..=13).contains(&failures.len()), "{} attempts in ten minutes", failures.len());
    assert!(pages <= failures.len() as u32 * most, "{pages} pages in {} attempts", failures.len());
    assert!(failures.iter().all(|failure| failure.is_like(&failures[0])), "reported once");
    assert_eq!(plan.ids, all, "the rows are shown nevertheless");
}

#[test]
fn a_repeated_id_is_one_row() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(3);
    for (ids, next) in [(vec![&all[0], &all[1], &all[0]], Some("2")), (vec![&all[1], &all[2]], None)] {
        ask(&mut plan, now, &[]);
        let ids: Vec<Arc<str>> = ids.into_iter().cloned().collect();
        plan.add_page(page(&ids, next), both(now)).unwrap();
        assert!(plan.ids.len() <= all.len());
    }
    assert_eq!(plan.ids, all);
}

#[test]
fn a_row_missing_from_a_describe_response_is_reported_and_requested_again() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(6);
    let (due, _) = ask(&mut plan, now, &[]);
    answer(&mut plan, due, &all, now);
    assert_eq!(ask(&mut plan, now, &[]).0, [Due::Describe(all.clone())]);
    plan.on_described(&all, &Batch::default(), both(now));
    let failed = plan.failure().unwrap();
    assert!(failed.failure.kind == FailureKind::Garbled && !failed.partial, "{failed:?}");
    assert!(!plan.filled());
    let later = now + Duration::from_secs(1);
    assert_eq!(ask(&mut plan, later, &[]).0, [Due::Describe(all.clone())]);
    plan.on_described(&all, &batch(&all[..5]), both(later));
    assert!(plan.failure().unwrap().partial, "five have arrived");
    let later = now + Duration::from_secs(4);
    assert_eq!(ask(&mut plan, later, &[]).0, [Due::Describe(vec![all[5].clone()])]);
    plan.on_described(&all[5..], &batch(&all[5..]), both(later));
    assert_eq!(plan.failure(), None);
    assert!(plan.filled());
}

#[test]
fn a_row_that_aws_refuses_to_describe_is_reported_with_the_reason() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(2);
    let (due, _) = ask(&mut plan, now, &[]);
    answer(&mut plan, due, &all, now);
    ask(&mut plan, now, &[]);
    let refused = Failure::local("DescribeServices", FailureKind::Denied, "s00001 left out: ACCESS_DENIED");
    plan.on_described(&all, &Batch { refused: Some(refused.clone()), ..batch(&all[..1]) }, both(now));
    let failed = plan.failure().unwrap();
    assert!(failed.failure.is_like(&refused) && failed.partial, "{failed:?}");
    let later = now + Duration::from_secs(100);
    fill(&mut plan, &all, later);
    assert_eq!(plan.failure(), None);
}

#[test]
fn a_missing_row_is_removed_without_a_failure() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(6);
    let (due, _) = ask(&mut plan, now, &[]);
    answer(&mut plan, due, &all, now);
    ask(&mut plan, now, &[]);
    let answered = Batch { missing: all[5..].to_vec(), ..batch(&all[..5]) };
    plan.on_described(&all, &answered, both(now));
    assert_eq!((plan.failure(), &plan.ids[..]), (None, &all[..5]));
}

#[test]
fn a_paused_feed_loads_once_and_again_only_by_manual_refresh() {
    let (mut plan, now) = plan(&TENS);
    plan.priority = FRONT.map(|priority| Priority { once: true, ..priority });
    let all = ids(250);
    let (due, _) = ask(&mut plan, now, &[]);
    plan.on_failed(true, &[], &failure(FailureKind::Server), both(now));
    assert_eq!(due, [Due::List(None)]);
    let later = now + Duration::from_secs(1);
    fill(&mut plan, &all, later);
    assert!(plan.filled(), "a failure is no reason to give up");
    let later = now + Duration::from_hours(1);
    assert_eq!(ask(&mut plan, later, &all), (vec![], None));
    plan.refresh(later);
    let (due, _) = ask(&mut plan, later, &all[..10]);
    assert_eq!(due, [Due::List(None), Due::Describe(all[..10].to_vec())]);
}

#[test]
fn a_deactivated_feed_resumes_where_it_was() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(30);
    let (due, _) = ask(&mut plan, now, &[]);
    answer(&mut plan, due, &all, now);
    let (due, _) = ask(&mut plan, now, &[]);
    assert_eq!(due.len(), 3);
    plan.deactivate(now);
    assert_eq!(ask(&mut plan, now, &[]), (vec![], None));
    plan.priority = FRONT;
    assert_eq!(ask(&mut plan, now, &[]).0.len(), 3);
}

#[test]
fn the_back_off_doubles_up_to_twelve_seconds() {
    let waits: Vec<u64> = (1..7).map(|failures| back_off(failures).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 12, 12]);
    assert_eq!(back_off(u32::MAX), Duration::from_secs(12));
}

/// How many rows are examined while a list of `count` rows arrives, one response at a time.
fn examined(count: usize) -> usize {
    let (mut plan, now) = plan(&TENS);
    let all = ids(count);
    let looked = std::cell::Cell::new(0);
    let mut in_flight = std::collections::VecDeque::new();
    loop {
        let pace = |_: &str| {
            looked.set(looked.get() + 1);
            Some(Pace::Calm)
        };
        in_flight.extend(plan.due(now, &HashSet::new(), pace, 24 - in_flight.len()).0);
        match in_flight.pop_front() {
            Some(due) => answer(&mut plan, vec![due], &all, now),
            None => break,
        }
    }
    assert!(plan.filled());
    looked.get()
}

#[test]
fn the_cost_of_arriving_rows_is_linear() {
    let (few, many) = (examined(1_000), examined(10_000));
    assert!(many <= 12 * few, "{few} examined for 1,000 rows, {many} for 10,000");
}

#[test]
fn rows_whose_first_call_failed_are_requested_again() {
    let (mut plan, mut now) = plan(&TENS);
    let all = ids(300);
    let (due, _) = ask(&mut plan, now, &[]);
    answer(&mut plan, due, &all, now);
    let (due, _) = ask(&mut plan, now, &[]);
    for due in due {
        match due {
            Due::Describe(ids) => plan.on_failed(false, &ids, &failure(FailureKind::Server), both(now)),
            list @ Due::List(_) => answer(&mut plan, vec![list], &all, now),
        }
    }
    for _ in 0..200 {
        now += Duration::from_secs(1);
        let (due, _) = ask(&mut plan, now, &[]);
        answer(&mut plan, due, &all, now);
    }
    assert!(plan.filled() && plan.ids.len() == 300);
}
