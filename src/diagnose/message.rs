//! Diagnosis of a message alone: a service event, or a pasted message.

use super::{Known, names, stop::diagnose_stop, verdict_builder::VerdictBuilder};
use crate::{
    knowledge::{self, Class, Names, ReasonField, Rule, Verdict},
    resource::{container::Container, event::ServiceEvent, format::one_line, task::Task},
};

/// A message without its task or service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AwsMessage<'a> {
    pub text: &'a str,
    pub stop_code: Option<&'a str>,
    pub exit_code: Option<i32>,
}

/// Diagnoses a message: the reason of a task, container, attachment, exec agent or rollout, a service event, a failed
/// call or session, or the reason code of a target.
pub fn diagnose_message(message: &AwsMessage<'_>) -> Verdict {
    let text = message.text.trim();
    if message.stop_code.is_some() || message.exit_code.is_some() {
        return diagnose_task_message(message);
    }
    let places = [
        // Before all others: its patterns name what only sessions have.
        ReasonField::Session,
        ReasonField::Task,
        ReasonField::Container,
        ReasonField::Attachment,
        ReasonField::ManagedAgent,
        ReasonField::Failure,
    ];
    let reason = || places.into_iter().find_map(|place| knowledge::of_reason(place, text));
    let event = || knowledge::of_event(text);
    // Events begin with the service; some quote the reason of a task, and some reasons look like an event.
    let found = if text.starts_with("(service ") { event().or_else(reason) } else { reason().or_else(event) };
    let rollout = || knowledge::of_rollout(text).filter(|rule| !rule.general);
    let code = || knowledge::of_target(text).or_else(|| knowledge::of_stop_code(text).filter(|_| !text.is_empty()));
    builder_for(found.or_else(rollout).or_else(code), text, Class::Warning).build(Names::default())
}

/// Diagnoses a service event.
pub fn diagnose_event(event: &ServiceEvent, known: &Known<'_>) -> Verdict {
    builder_for(knowledge::of_event(&event.message), &event.message, Class::Normal)
        .build(names::event_names(event, known))
}

/// Diagnoses a stopped task with only this message.
fn diagnose_task_message(message: &AwsMessage<'_>) -> Verdict {
    let text = one_line(message.text);
    let container = Container { exit_code: message.exit_code, ..Container::default() };
    let task = Task {
        stop_code: message.stop_code.map(str::to_owned),
        stopped_reason: (!text.is_empty()).then_some(text),
        last_status: Some("STOPPED".to_owned()),
        containers: message.exit_code.map(|_| container).into_iter().collect(),
        ..Task::default()
    };
    diagnose_stop(&task, &Known::default())
}

/// The verdict builder for `text` by `rule`; if it quotes the reason of a task, by the rule for that reason.
fn builder_for<'a>(rule: Option<&'static Rule>, text: &'a str, class: Class) -> VerdictBuilder<'a> {
    let quotes = rule.is_some_and(|rule| rule.quotes_reason);
    let quoted = text
        .split_once("Reason: ")
        .filter(|_| quotes)
        .and_then(|(_, reason)| knowledge::of_reason(ReasonField::Task, reason));
    let mut builder = quoted.or(rule).map_or_else(|| VerdictBuilder::unknown(text, class), VerdictBuilder::from_rule);
    builder.text = Some(text);
    builder.quote("message", text);
    builder
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::knowledge::Certainty;

    fn of(text: &str) -> Verdict {
        diagnose_message(&AwsMessage { text, ..AwsMessage::default() })
    }

    #[rstest]
    #[case::task("ResourceInitializationError: failed to invoke EFS utils commands", "INIT-EFS")]
    #[case::container("OutOfMemoryError: Container killed due to memory usage", "STOP-OOM")]
    #[case::attachment("ECS was unable to assume the configured ECS Infrastructure Role 'x'", "INIT-EBS-ROLE")]
    #[case::session(
        "TargetNotConnectedException: The execute command failed due to an internal error.",
        "SESSION-AGENT"
    )]
    #[case::exec_agent("ExecuteCommandAgent process exited with exit code: 1", "EXEC-EXITED")]
    #[case::placement("RESOURCE:MEMORY", "START-RES-MEM")]
    #[case::call("MISSING", "FAILURES-MISSING")]
    #[case::event("(service web) has reached a steady state.", "EV-STEADY")]
    #[case::event_that_sounds_like_a_reason(
        "(service web) (task 1d2c) failed container health checks.",
        "EV-CONTAINER-HC"
    )]
    #[case::event_that_quotes_a_reason(
        "(service web) was unable to place a task. Reason: ResourceInitializationError: unable to pull secrets or \
            registry auth: User: x is not authorized to perform: secretsmanager:GetSecretValue on resource: y.",
        "INIT-IAM-SECRET"
    )]
    #[case::rollout("ECS deployment circuit breaker: tasks failed to start.", "ROLL-CB-FAILED")]
    #[case::target("Target.Timeout", "TARGET-TIMEOUT")]
    #[case::stop_code("SpotInterruption", "STOPCODE-SPOT-INTERRUPTION")]
    fn any_kind_of_message_finds_its_rule(#[case] text: &str, #[case] rule: &str) {
        let verdict = of(text);
        assert_eq!((verdict.rule, &*verdict.evidence[0].field), (Some(rule), "message"), "{verdict:#?}");
    }

    #[rstest]
    #[case(EXITED, None, Some(0), "EXIT-0")]
    #[case(EXITED, Some("EssentialContainerExited"), Some(137), "EXIT-137")]
    #[case("OutOfMemoryError: Container killed due to memory usage", None, Some(137), "STOP-OOM")]
    #[case("", None, Some(139), "EXIT-139")]
    #[case("CannotPullContainerError: x", Some("UserInitiated"), None, "STOPCODE-USER-INITIATED")]
    #[case("Task failed ELB health checks in (target-group x)", Some("ServiceSchedulerInitiated"), None, "STOP-ELB")]
    fn a_message_with_a_code_is_that_of_a_stopped_task(
        #[case] text: &str,
        #[case] stop_code: Option<&str>,
        #[case] exit_code: Option<i32>,
        #[case] rule: &str,
    ) {
        let verdict = diagnose_message(&AwsMessage { text, stop_code, exit_code });
        assert_eq!(verdict.rule, Some(rule), "{verdict:#?}");
        assert!(!verdict.cause.contains("``") && !verdict.cause.contains("[]"), "{}", verdict.cause);
    }

    const EXITED: &str = "Essential container in task exited";

    #[test]
    fn an_unknown_message_is_not_an_event() {
        let verdict = of("the moon was full");
        assert_eq!((verdict.rule, verdict.certainty), (None, Certainty::Unknown));
        assert_eq!(verdict.cause, "unknown message: the moon was full");
    }

    #[test]
    fn an_event_names_its_service() {
        let event = super::diagnose_event(
            &ServiceEvent {
                id: "1".to_owned(),
                cluster_name: "prod".to_owned(),
                service_name: "payments".to_owned(),
                service_arn: "arn:aws:ecs:eu-west-1:481516234217:service/prod/payments".to_owned(),
                created_at: None,
                message:
                    "(service payments) was unable to place a task. Reason: ResourceInitializationError: unable to \
                          pull secrets or registry auth: execution resource retrieval failed."
                        .to_owned(),
                ..ServiceEvent::default()
            },
            &Known::default(),
        );
        assert_eq!((event.rule, event.class), (Some("INIT-SECRETS-OTHER"), Class::Failure));
    }
}
