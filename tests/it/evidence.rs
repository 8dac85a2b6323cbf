//! Evidence of explanations from the demo endpoint, in virtual time.

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    data::{self, Demand, Done, Request, collect_evidence},
    demo::{Endpoint, Options},
    diagnose::{self, Known},
    history::HistoryConfig,
    resource::{
        Origin, Query, Row, Status, View, evidence::Evidence, revision::Revision, service, service::Service, task,
        task::Task,
    },
};
use jiff::Timestamp;
use rstest::rstest;
use std::sync::Arc;

use crate::support::in_process::sdk_config;

const START_MS: i64 = 1_750_000_000_000;

/// The incident scenario, with all rows of one service in its cluster `prod`.
struct Scene {
    endpoint: Endpoint,
    clients: Clients,
    rows: Vec<Arc<dyn Row>>,
}

impl Scene {
    async fn of(service: &str) -> Self {
        Self::with_seed(service, Options::default().seed).await
    }

    /// The same with another seed.
    async fn with_seed(service: &str, seed: u64) -> Self {
        let endpoint = Endpoint::new(Options { seed, speed: 0.0, start_ms: Some(START_MS), ..Options::default() });
        let clients = Clients::from_config(&sdk_config(&endpoint), ScopeSpec::default(), Budget::default());
        let mut rows = fetched(&clients, &View::new(&service::KIND, Query::service("prod", service))).await;
        let tasks = Query { status: Status::All, ..Query::service("prod", service) };
        rows.extend(fetched(&clients, &View::new(&task::KIND, tasks)).await.iter().map(with_verdict));
        Self { endpoint, clients, rows }
    }

    async fn evidence(&self, subject: &dyn Row) -> Evidence {
        collect_evidence(&self.clients, subject, &self.known()).await
    }

    fn known(&self) -> Known<'_> {
        Known::of(self.rows.iter().map(|row| &**row), Timestamp::from_millisecond(START_MS).unwrap())
    }

    fn service(&self) -> &Service {
        self.rows.iter().find_map(|row| row.any().downcast_ref()).unwrap()
    }

    fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.rows.iter().filter_map(|row| row.any().downcast_ref())
    }

    /// Calls so far for task definitions, log events and target health.
    fn calls(&self) -> [u64; 3] {
        ["DescribeTaskDefinition", "GetLogEvents", "DescribeTargetHealth"].map(|name| self.endpoint.count(name))
    }
}

/// Adds the verdict to a stopped task, as the data layer does.
fn with_verdict(row: &Arc<dyn Row>) -> Arc<dyn Row> {
    let task = row.any().downcast_ref::<Task>().expect("a task");
    let verdict = task.stopped().then(|| Arc::new(diagnose::diagnose_stop(task, &Known::default())));
    Arc::new(Task { verdict, ..task.clone() })
}

async fn fetched(clients: &Clients, view: &View) -> Vec<Arc<dyn Row>> {
    let Origin::Fetched(fetch) = view.kind.origin else { panic!("it is fetched") };
    let (mut token, mut rows) = (None, Vec::new());
    loop {
        let page = fetch.list(clients, &view.query, token).await.unwrap();
        for ids in page.ids.chunks(fetch.batch()) {
            rows.extend(fetch.describe(clients, &view.query, ids.to_vec()).await.unwrap().rows);
        }
        token = page.next;
        if token.is_none() {
            return rows;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn evidence_of_a_failing_service_has_the_last_lines_of_its_newest_failed_task() {
    let scene = Scene::of("orders-api").await;
    let evidence = scene.evidence(scene.service()).await;
    let newest = scene.tasks().filter(|task| task.failed()).max_by_key(|task| task.stopped_at).unwrap();
    let lines = evidence.lines.unwrap();
    assert_eq!((lines.task_arn.as_str(), lines.container.as_str()), (newest.task_arn.as_str(), "app"));
    assert_eq!(lines.stream, format!("ecs/app/{}", newest.task_id()));
    assert!(lines.lines.iter().any(|(_, line)| line.contains("connection refused")), "{lines:?}");
    assert!(lines.lines.len() <= 20 && lines.lines.is_sorted_by_key(|(at, _)| *at));
    assert_eq!(evidence.revision.unwrap().task_definition_arn, *newest.task_definition_arn.as_ref().unwrap());
    assert_eq!(scene.calls(), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn evidence_of_a_healthy_service_comes_from_a_running_task() {
    let scene = Scene::of("pricing").await;
    let evidence = scene.evidence(scene.service()).await;
    let lines = evidence.lines.unwrap();
    assert!(scene.tasks().any(|task| task.task_arn == lines.task_arn && !task.stopped()));
}

#[tokio::test(start_paused = true)]
async fn a_known_task_definition_is_not_fetched_again() {
    let mut scene = Scene::of("orders-api").await;
    let revision = scene.evidence(scene.service()).await.revision.unwrap();
    let service = scene.service().clone();
    scene.rows.push(Arc::new(revision));
    scene.evidence(&service).await;
    assert_eq!(scene.calls(), [1, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_never_started_has_no_log_yet() {
    let scene = Scene::of("recommendations").await;
    let failed = scene.tasks().find(|task| task.failed()).unwrap();
    let evidence = scene.evidence(failed).await;
    assert_eq!(evidence.lines, None);
    assert!(
        evidence.gaps.contains(&"there is no log stream: the container never started".into()),
        "{:?}",
        evidence.gaps
    );
}

#[tokio::test(start_paused = true)]
async fn unhealthy_targets_have_their_reasons() {
    let scene = Scene::with_seed("search-api", 9).await;
    let targets = scene.evidence(scene.service()).await.targets;
    let failing = targets.iter().find(|target| target.state == "unhealthy").unwrap();
    assert_eq!(failing.reason.as_deref(), Some("Target.ResponseCodeMismatch"));
    assert!(failing.description.as_ref().is_some_and(|text| text.contains("502")), "{failing:?}");
    assert!(targets.iter().any(|target| target.state == "healthy" && target.reason.is_none()), "{targets:?}");
}

#[tokio::test(start_paused = true)]
async fn further_target_groups_are_listed_as_gaps() {
    let scene = Scene::of("pricing").await;
    let mut service = scene.service().clone();
    service.target_groups.push("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/internal/0123".into());
    let gaps = scene.evidence(&service).await.gaps;
    assert_eq!(gaps, ["other target groups were not checked: internal"]);
}

#[tokio::test(start_paused = true)]
async fn the_data_layer_collects_evidence_for_a_row() {
    let scene = Scene::of("orders-api").await;
    let now = || Timestamp::from_millisecond(START_MS).unwrap();
    let mut handle = data::start(scene.clients.clone(), now, HistoryConfig::default());
    let view = View::new(&service::KIND, Query::service("prod", "orders-api"));
    handle.demand.send_replace(Demand { foreground: Some(view.clone()), slowdown: 1, ..Demand::default() });
    handle.snapshots.wait_for(|snapshot| snapshot.complete(&view)).await.unwrap();
    for (id, told) in [(scene.service().service_arn.as_str(), true), ("arn:aws:ecs:eu-west-1:1:service/prod/x", false)]
    {
        handle.requests.send(Request::Evidence { id: id.into() }).await.unwrap();
        let Some(Done::Evidence { id: answered, evidence }) = handle.done.recv().await else { panic!("no answer") };
        assert_eq!((&*answered, evidence.lines.is_some()), (id, told));
        assert_eq!(evidence.gaps, if told { vec![] } else { vec!["x is not known any more".to_owned()] });
    }
}

#[rstest]
#[case("DescribeTaskDefinition", "ecs:DescribeTaskDefinition")]
#[case("GetLogEvents", "logs:GetLogEvents")]
#[case("DescribeTargetHealth", "elasticloadbalancing:DescribeTargetHealth")]
#[tokio::test(start_paused = true)]
async fn a_denied_call_is_a_gap_that_names_the_action(#[case] operation: &str, #[case] action: &str) {
    let scene = Scene::of("orders-api").await;
    scene.endpoint.add_fault(format!("deny:{operation}").parse().unwrap());
    let evidence = scene.evidence(scene.service()).await;
    let [gap] = evidence.gaps.as_slice() else { panic!("one gap: {:?}", evidence.gaps) };
    assert!(gap.contains(action) && !gap.contains("AccessDenied"), "{gap}");
}

#[tokio::test(start_paused = true)]
async fn rows_without_evidence_make_no_calls() {
    let scene = Scene::of("orders-api").await;
    let evidence = scene.evidence(&Revision::default()).await;
    assert!(evidence.revision.is_none() && evidence.gaps.is_empty());
    assert_eq!(scene.calls(), [0, 0, 0]);
}
