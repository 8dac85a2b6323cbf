use rstest::rstest;

use super::*;

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(1_769_868_300 + second).ok()
}

fn rollout(status: &str) -> Rollout {
    Rollout { status: Some(status.into()), started_at: at(0), ..Rollout::default() }
}

#[test]
fn cluster_and_service_are_read_from_the_arn_where_nothing_else_names_them() {
    let arn = "arn:aws:ecs:eu-west-1:1:service-deployment/prod/web/NK1";
    let sdk = Sdk::builder().service_deployment_arn(arn).build();
    let rollout = Rollout::from_sdk(sdk).unwrap();
    assert_eq!((&*rollout.cluster_name, &*rollout.service_name, rollout.short_name()), ("prod", "web", "NK1"));
    assert_eq!(Rollout::from_sdk(Sdk::builder().service_deployment_arn("odd").build()).unwrap().cluster_name, "");
}

#[rstest]
#[case("IN_PROGRESS", true, "in progress", Tone::Busy)]
#[case("SUCCESSFUL", false, "successful", Tone::Good)]
#[case("ROLLBACK_IN_PROGRESS", true, "rolling back", Tone::Warn)]
#[case("ROLLBACK_FAILED", false, "rollback failed", Tone::Bad)]
#[case("STOPPED", false, "stopped", Tone::Warn)]
#[case("SOME_NEW_STATUS", true, "some new status", Tone::Busy)]
fn a_status_says_whether_it_is_over(
    #[case] status: &str,
    #[case] in_progress: bool,
    #[case] word: &str,
    #[case] tone: Tone,
) {
    let rollout = rollout(status);
    assert_eq!((rollout.in_progress(), &*rollout.word(), rollout.tone()), (in_progress, word, tone));
    assert_eq!(Resource::pace(&rollout), if in_progress { Pace::Moving } else { Pace::Final });
}

#[test]
fn a_pause_shows_as_such() {
    let hook = Hook { status: Some("AWAITING_ACTION".into()), ..Hook::default() };
    let paused = Rollout { hooks: vec![hook], ..rollout("IN_PROGRESS") };
    assert_eq!((&*paused.word(), paused.tone()), ("paused", Tone::Wait));
}

#[test]
fn its_duration_ends_with_it() {
    let now = at(500).unwrap();
    assert_eq!(rollout("IN_PROGRESS").seconds(now), Some(500));
    assert_eq!(Rollout { finished_at: at(240), ..rollout("SUCCESSFUL") }.seconds(now), Some(240));
    assert_eq!(Rollout { stopped_at: at(60), ..rollout("STOPPED") }.seconds(now), Some(60));
    assert_eq!(rollout("SUCCESSFUL").seconds(now), None);
}

#[test]
fn a_revision_goes_by_its_task_definition_once_that_is_known() {
    let arn = "arn:aws:ecs:eu-west-1:1:service-revision/prod/web/4980306466373577095";
    let revision = RolloutRevision { service_revision_arn: arn.into(), ..RolloutRevision::default() };
    assert_eq!(revision.name(), "4980306466373577095");
    let definition = Some("arn:aws:ecs:eu-west-1:1:task-definition/web:57".to_owned());
    assert_eq!(RolloutRevision { task_definition: definition, ..revision }.name(), "web:57");
}
