use rstest::rstest;

use super::*;
use crate::resource::{Zone, deployment::Deployment};

const NOW: Timestamp = Timestamp::constant(1_769_868_000, 0);

fn ago(seconds: i64) -> Timestamp {
    NOW - jiff::SignedDuration::from_secs(seconds)
}

/// Failures of `web:7` with the first and last of these ages, as counted by the history.
fn group(service: &str, count: u64, [first, last]: [i64; 2]) -> Failures {
    let counted = FailureCounts {
        cluster_name: "prod".into(),
        name: "web:7 app EXIT-1".into(),
        service: service.into(),
        revision: "web:7".into(),
        container: "app".into(),
        cause: "EXIT-1".into(),
        count,
        first: ago(first),
        last: ago(last),
        exit_codes: vec![1, 2],
    };
    Failures::new(counted, None, Some(6 * 3_600))
}

fn service(revision: &str, deployed: &[&str]) -> Service {
    let of = |revision: &&str| Deployment { task_definition: Some((*revision).into()), ..Deployment::default() };
    Service {
        cluster_name: "prod".into(),
        service_name: "web".into(),
        task_definition: Some(revision.into()),
        deployments: deployed.iter().map(of).collect(),
        ..Service::default()
    }
}

/// `group` combined with `services`; `seen` if all services are loaded.
fn composed(group: Failures, services: Vec<Service>, seen: bool) -> Failures {
    let services = services.into_iter().map(|service| Arc::new(service) as Arc<dyn Row>);
    let rows: Vec<Arc<dyn Row>> = services.chain([Arc::new(group) as Arc<dyn Row>]).collect();
    let views = [View::new(&service::KIND, Query::cluster("prod"))];
    let (seen, awaited) = if seen { (&views[..], &[][..]) } else { (&[][..], &views[..]) };
    let material = Material { rows: &rows, seen, awaited, gaps: &[] };
    let rows = Groups.rows(&Query::default(), &material, &Context { now: NOW, zone: Zone::UTC });
    assert_eq!(rows.len(), 1);
    rows[0].any().downcast_ref::<Failures>().expect("a group").clone()
}

#[rstest]
#[case::heading_for_it("web", vec![service("web:7", &["web:7"])], true, Some("running"))]
#[case::rolling_back_from_it("web", vec![service("web:6", &["web:6", "web:7"])], true, Some("running"))]
#[case::over("web", vec![service("web:8", &["web:8"])], true, Some("gone"))]
#[case::service_deleted("web", vec![], true, Some("gone"))]
#[case::not_looked_yet("web", vec![], false, None)]
#[case::standalone("family:batch", vec![], true, None)]
fn services_show_whether_a_failure_is_current(
    #[case] name: &str,
    #[case] services: Vec<Service>,
    #[case] seen: bool,
    #[case] state: Option<&str>,
) {
    let group = composed(group(name, 3, [600, 60]), services, seen);
    assert_eq!(group.state(), state);
    assert_eq!(Resource::fault(&group), state != Some("gone"));
}

#[rstest]
#[case::a_burst_is_no_rate(3, [120, 60], "3.0")]
#[case::a_day(48, [86_400, 60], "2.0")]
#[case::over_for_long(6, [43_200, 43_000], "0.5")]
#[case::many(1_000, [3_600, 0], "1000")]
fn the_rate_is_since_the_first_failure_over_an_hour_at_least(
    #[case] count: u64,
    #[case] ages: [i64; 2],
    #[case] text: &str,
) {
    assert_eq!(rate_text(group("web", count, ages).rate(NOW)), text);
}

#[test]
fn a_group_opens_its_tasks_and_their_owner() {
    let group = group("web", 3, [600, 60]);
    let view = Resource::drill(&group).expect("members");
    let expected = Query {
        status: Status::Stopped,
        group: Some("web:7 app EXIT-1".into()),
        since: Some(6 * 3_600),
        ..Query::service("prod", "web")
    };
    assert_eq!((view.kind, view.query), (&task::KIND, expected));
    let owner = Resource::related(&group, Relation::Owner).expect("a service");
    assert_eq!((owner.kind, owner.query), (&service::KIND, Query::service("prod", "web")));
}

#[test]
fn without_a_verdict_the_cause_is_shown_unchanged() {
    let group = group("web", 3, [600, 60]);
    assert_eq!(group.title(), "EXIT-1");
    let document = Resource::describe(&group, &Context { now: NOW, zone: Zone::UTC });
    assert!(format!("{document:?}").contains("3 in the last 6h, 3.0 an hour"));
}
