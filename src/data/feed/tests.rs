use futures::future::BoxFuture;
use jiff::Timestamp;
use rstest::rstest;

use super::*;
use crate::{
    aws::Clients,
    resource::{Batch, Cadence, Origin, Query, View, cluster, service, task},
};

/// A fetch whose calls the test answers itself.
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
const FRONT: Option<Zeal> = Some(Zeal { factor: 1, front: true, every: None, peers: 1 });

fn plan(fetch: &'static dyn Fetch) -> (FeedPlan, Instant) {
    let now = Instant::now();
    let mut plan = FeedPlan::new(View::new(&service::KIND, Query::cluster("prod")), fetch, now);
    plan.zeal = FRONT;
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
                plan.page(Page { ids: all[start..end].to_vec(), next }, now);
            }
            Due::Describe(ids) => plan.described(&ids, &ids, &[], now),
        }
    }
}

/// Lists and fills the feed in no time.
fn fill(plan: &mut FeedPlan, all: &[Arc<str>], now: Instant) {
    loop {
        let (due, _) = ask(plan, now, &[]);
        if due.is_empty() {
            return;
        }
        answer(plan, due, all, now);
    }
}

/// The calls of twenty steady minutes, per minute.
fn idle_calls(fetch: &'static dyn Fetch, count: usize, in_sight: usize) -> f64 {
    let (mut plan, mut now) = plan(fetch);
    let all = ids(count);
    fill(&mut plan, &all, now);
    let (end, mut calls) = (now + Duration::from_secs(1200), 0);
    while now < end {
        let (due, next) = ask(&mut plan, now, &all[..in_sight.min(count)]);
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
fn the_first_batch_goes_with_the_first_page() {
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
fn what_the_list_leaves_out_goes_or_stays_as_its_kind_wants() {
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
fn a_row_asked_for_by_name_is_known_by_its_arn() {
    let (mut plan, now) = plan(&TENS);
    let (name, arn): (Arc<str>, Arc<str>) = ("web".into(), "arn:aws:ecs:::service/prod/web".into());
    plan.page(Page { ids: vec![name.clone()], next: None }, now);
    plan.described(std::slice::from_ref(&name), std::slice::from_ref(&arn), &[], now);
    assert_eq!(plan.ids, std::slice::from_ref(&arn));
    plan.page(Page { ids: vec![name], next: None }, now + Duration::from_secs(60));
    assert_eq!(plan.ids, [arn]);
    assert!(plan.filled());
}

#[test]
fn a_denied_feed_asks_no_more_until_refreshed() {
    let (mut plan, now) = plan(&TENS);
    let failure = Failure {
        operation: "ListServices",
        trouble: Trouble::Denied,
        code: None,
        message: "no".into(),
        advice: None,
        at: Timestamp::UNIX_EPOCH,
    };
    ask(&mut plan, now, &[]);
    plan.failed(true, &[], &Arc::new(failure), now);
    assert_eq!(ask(&mut plan, now + Duration::from_secs(3600), &[]), (vec![], None));
    plan.refresh(now);
    assert_eq!(ask(&mut plan, now, &[]).0, [Due::List(None)]);
}

#[test]
fn a_rested_feed_goes_on_where_it_was() {
    let (mut plan, now) = plan(&TENS);
    let all = ids(30);
    let (due, _) = ask(&mut plan, now, &[]);
    answer(&mut plan, due, &all, now);
    let (due, _) = ask(&mut plan, now, &[]);
    assert_eq!(due.len(), 3);
    plan.rest(now);
    assert_eq!(ask(&mut plan, now, &[]), (vec![], None));
    plan.zeal = FRONT;
    assert_eq!(ask(&mut plan, now, &[]).0.len(), 3);
}

#[test]
fn the_back_off_doubles_up_to_half_a_minute() {
    let waits: Vec<u64> = (1..8).map(|failures| back_off(failures).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(back_off(u32::MAX), Duration::from_secs(30));
}
