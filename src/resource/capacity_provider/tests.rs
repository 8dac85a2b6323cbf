use aws_sdk_ecs::types::ManagedScalingStatus;
use rstest::rstest;

use super::*;
use crate::resource::Zone;

fn provider(status: Option<&str>, update: Option<&str>) -> CapacityProvider {
    let provider = Sdk::builder()
        .capacity_provider_arn("arn:aws:ecs:eu-west-1:1:capacity-provider/mi")
        .cluster("arn:aws:ecs:eu-west-1:1:cluster/prod")
        .set_status(status.map(Into::into))
        .set_update_status(update.map(Into::into))
        .update_status_reason("instances are still\nin use");
    CapacityProvider::from_sdk(provider.build()).unwrap()
}

#[rstest]
#[case(Some("ACTIVE"), Some("UPDATE_COMPLETE"), false, Pace::Calm)]
#[case(Some("ACTIVE"), Some("UPDATE_FAILED"), true, Pace::Calm)]
#[case(Some("DEPROVISIONING"), Some("DELETE_FAILED"), true, Pace::Moving)]
#[case(Some("PROVISIONING"), Some("CREATE_IN_PROGRESS"), false, Pace::Moving)]
#[case(Some("SOMETHING_NEW"), Some("ELSE_FAILED"), true, Pace::Calm)]
#[case(None, None, false, Pace::Calm)]
fn a_failed_update_is_a_fault_and_one_in_progress_is_polled_often(
    #[case] status: Option<&str>,
    #[case] update: Option<&str>,
    #[case] fault: bool,
    #[case] pace: Pace,
) {
    let provider = provider(status, update);
    assert_eq!((Resource::fault(&provider), Resource::pace(&provider)), (fault, pace));
    let document = Resource::describe(&provider, &Context { now: jiff::Timestamp::UNIX_EPOCH, zone: Zone::UTC });
    assert_eq!(document.sections[0].title == "Findings", fault);
}

#[test]
fn the_command_names_the_only_cluster_that_can_use_it() {
    let call = Resource::cli(&provider(None, None)).unwrap().join(" ");
    assert_eq!(call, "ecs describe-capacity-providers --capacity-providers mi --cluster prod");
}

#[rstest]
#[case(ManagedScalingStatus::Enabled, "to 100 %", "100", Order::Number(100.0))]
#[case(ManagedScalingStatus::Disabled, "off", "off", Order::Absent)]
fn a_target_is_compared_only_while_scaling_is_on(
    #[case] status: ManagedScalingStatus,
    #[case] shown: &str,
    #[case] compared: &str,
    #[case] order: Order<'_>,
) {
    let scaling = ManagedScaling::builder().status(status).target_capacity(100).build();
    let group = AutoScalingGroupProvider::builder().auto_scaling_group_arn("asg/web").managed_scaling(scaling);
    let provider = Sdk::builder()
        .capacity_provider_arn("arn:aws:ecs:eu-west-1:1:capacity-provider/web")
        .auto_scaling_group_provider(group.build().unwrap());
    let provider = CapacityProvider::from_sdk(provider.build()).unwrap();
    let field = FIELDS.iter().find(|field| field.column.name == "scaling").unwrap();
    let cell = (field.cell)(&provider, &Context { now: jiff::Timestamp::UNIX_EPOCH, zone: Zone::UTC });
    assert_eq!((&*cell.text, cell.compared().collect::<Vec<_>>()), (shown, vec![compared]));
    assert_eq!((field.order)(&provider, &Context { now: jiff::Timestamp::UNIX_EPOCH, zone: Zone::UTC }), order);
}
