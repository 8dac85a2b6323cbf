//! What keeps a forward from working, in words.

use crate::{
    aws::{Failure, FailureKind},
    forwarding::ForwardPorts,
    resource::container::ExecTarget,
    session::client::SessionNotice,
};

/// Why StartSession failed.
pub(super) fn of_start(failure: &Failure, target: &ExecTarget, document: &str) -> String {
    match (failure.kind, failure.code.as_deref()) {
        (FailureKind::Denied, _) => format!(
            "you are not allowed {} on {} or on the document {document}: forwarding needs it, ECS Exec does not, and many \
             organisations deny it on tasks; AWS says: {}",
            failure.action(),
            target.task_arn,
            failure.message
        ),
        (_, Some("TargetNotConnected")) => format!(
            "the exec agent of {} is not connected to Systems Manager: wait a minute if the task has just started; otherwise \
             its network must reach ssmmessages, and its task role needs the four ssmmessages permissions",
            target.label()
        ),
        _ => failure.with_advice(),
    }
}

/// Why the agent closed one connection at once.
pub(super) fn of_refusal(ports: &ForwardPorts, target: &ExecTarget) -> String {
    match &ports.host {
        None => format!("nothing accepts connections on port {} of {}", ports.port, target.label()),
        Some(_) => format!("{} can't connect to {}", target.label(), ports.remote()),
    }
}

/// What disturbs a session whose task runs; absent if nothing does.
pub(super) fn of_notice(notice: &SessionNotice) -> Option<&'static str> {
    match notice {
        SessionNotice::NoAnswer => {
            Some("no answer from the container for 20 seconds: two sessions may be open there already")
        }
        SessionNotice::Unanswered => Some("the container takes nothing: its agent may be gone"),
        SessionNotice::Paused => Some("the container's side is not connected"),
        _ => None,
    }
}

/// Why the agent ended the session.
pub(super) fn of_agent(text: &str, ports: &ForwardPorts, target: &ExecTarget) -> String {
    if text.contains("Unable to connect to specified port") {
        return format!("{}: {text}", of_refusal(ports, target));
    }
    if text.starts_with("Forwarding to IP address") {
        return format!("the agent connects to no address of AWS's metadata, name and time services: {text}");
    }
    format!("the session failed in {}: {text}", target.label())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> ExecTarget {
        ExecTarget {
            cluster_name: "prod".to_owned(),
            task_arn: "arn:aws:ecs:eu-west-1:1:task/prod/0cf34e4c1".to_owned(),
            container: "app".to_owned(),
            runtime_id: None,
        }
    }

    #[test]
    fn a_denied_session_names_action_task_and_document() {
        let denied = Failure::local("StartSession", FailureKind::Denied, "explicit deny in a service control policy");
        let why = of_start(&denied, &target(), "AWS-StartPortForwardingSession");
        for part in [
            "ssm:StartSession on arn:aws:ecs:eu-west-1:1:task/prod/0cf34e4c1",
            "the document AWS-StartPortForwardingSession",
            "ECS Exec does not",
            "explicit deny in a service control policy",
        ] {
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn a_refused_port_names_port_and_container() {
        let ports = |text: &str| text.parse().unwrap();
        assert_eq!(
            of_refusal(&ports("81"), &target()),
            "nothing accepts connections on port 81 of app of task 0cf34e4c"
        );
        assert_eq!(of_refusal(&ports("db:81"), &target()), "app of task 0cf34e4c can't connect to db:81");
        let text = "Unable to connect to specified port: dial tcp 127.0.0.1:81: connect: connection refused";
        let why = of_agent(text, &ports("81"), &target());
        assert!(
            why.starts_with("nothing accepts connections on port 81") && why.ends_with("connection refused"),
            "{why}"
        );
    }
}
