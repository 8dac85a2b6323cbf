use jiff::SignedDuration;

use super::*;
use crate::{
    diagnose::builders::*,
    resource::{
        container::Container,
        document::{DocumentLine, Section},
        evidence::{Evidence, Excerpt, Target},
        finding::Problem,
        instance::Instance,
        rollout::{BreakerSetting, Hook, Rollout},
        service::Service,
        task::Task,
    },
};

/// The explanation of a row as text, with unindented titles.
fn written(explanation: &Explanation) -> String {
    let line = |line: &DocumentLine| match line {
        DocumentLine::Field { label, value } => {
            format!("  {label}: {}", value.iter().map(|(text, _)| text.as_str()).collect::<String>())
        }
        DocumentLine::Bar { label, text, .. } => {
            format!("  {label}: {}", text.iter().map(|(text, _)| text.as_str()).collect::<String>())
        }
        DocumentLine::Text { depth, spans } => {
            let text: String = spans.iter().map(|(text, _)| text.as_str()).collect();
            format!("  {}{text}", "  ".repeat((*depth).into()))
        }
        DocumentLine::Check { outcome, question, answer } => {
            let answer: String = answer.iter().map(|(text, _)| text.as_str()).collect();
            format!("  {} {question} {answer}", DocumentLine::sign(*outcome))
        }
    };
    let section = |section: &Section| {
        let lines = section.lines.iter().map(line);
        std::iter::once(section.title.clone()).chain(lines).collect::<Vec<_>>().join("\n")
    };
    explanation.document.sections.iter().map(section).collect::<Vec<_>>().join("\n")
}

fn text(row: &dyn Row, others: &[&dyn Row]) -> String {
    let mut rows = vec![row];
    rows.extend(others);
    written(&explain(row, &known(&rows)))
}

#[test]
fn rows_without_problems_have_one_line() {
    let steady = "no problems found: 4 of 4 running, rolled out 2h ago";
    assert!(text(&web(4), &[]).contains(steady), "{}", text(&web(4), &[]));
    let runs = "no problems found: it runs for 2h59m, healthy";
    let healthy = Task { health_status: Some("HEALTHY".into()), ..task("a1", 7) };
    assert!(text(&healthy, &[]).contains(runs), "{}", text(&healthy, &[]));
    let connected = "no problems found: active, agent connected, 3 tasks";
    assert!(text(&host("i-0a1b"), &[]).contains(connected), "{}", text(&host("i-0a1b"), &[]));
    let rollout = text(&rolling([2, 1], 90), &[]);
    assert!(rollout.contains("rollout on track: 2 of 4 new, running for 1m30s"), "{rollout}");
    assert!(!rollout.contains("step"), "{rollout}");
}

#[test]
fn an_explanation_begins_with_findings_and_ends_with_gaps() {
    let tasks: Vec<Task> = (1..5).map(|n| crashed(&format!("c{n}"), 7, 1, n * 120)).collect();
    let subject = Service { failed_last_hour: Some(4), ..web(4) };
    let mut rows: Vec<&dyn Row> = vec![&subject];
    rows.extend(tasks.iter().map(|task| task as &dyn Row));
    let evidence = Evidence {
        lines: Some(Excerpt {
            task_arn: arn("task", "prod/c1"),
            container: "app".into(),
            lines: vec![(now(), "panic: no such host".into())],
            ..Excerpt::default()
        }),
        targets: vec![
            Target {
                id: "10.0.1.2".into(),
                port: Some(80),
                state: "unhealthy".into(),
                reason: Some("Target.Timeout".into()),
                ..Target::default()
            },
            Target { id: "10.0.1.3".into(), state: "healthy".into(), ..Target::default() },
        ],
        gaps: vec!["the task role: not allowed".into()],
        ..Evidence::default()
    };
    let mut known = known(&rows);
    known.evidence = Some(&evidence);
    let explanation = explain(&subject, &known);
    assert_eq!(explanation.findings[0].problem, Problem::CrashLoop);
    let titles: Vec<&str> = explanation.document.sections.iter().map(|section| &*section.title).collect();
    let expected = [
        "Findings",
        "Last log lines of app (task c1)",
        "Failures of the last hour",
        "Evidence",
        "What to check next",
        "Command",
        "Documentation",
        "Targets",
        "Not checked",
    ];
    assert_eq!(titles, expected);
    let text = written(&explanation);
    for line in [
        "  crash loop: application error: app (1), 4 times in the last hour",
        "  4x application error: app (1)",
        "    web:7, last 2m ago, one every 2m, task c1",
        "  containers[app].exitCode: 1",
        "  1. ",
        "14:05:00Z panic: no such host",
        "  10.0.1.2:80 unhealthy Target.Timeout: ",
        "  1 of 2 healthy",
        "  the task role: not allowed",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    assert!(explanation.commands.iter().all(|command| command.starts_with("aws ")), "{:?}", explanation.commands);
}

#[test]
fn a_rollout_has_questions_and_the_time_of_the_next_attempt() {
    let mut subject = rolling([0, 0], 40 * 60);
    subject.deployments[0].failed_tasks = 3;
    subject.circuit_breaker = Some(BreakerSetting::default());
    subject.events.insert(0, event("is unable to consistently start tasks successfully.", 300));
    let attempt = |id: &str, age: i64| Task { created_at: ago(age), ..crashed(id, 8, 1, age - 30) };
    let tasks = [attempt("c1", 1500), attempt("c2", 1495), attempt("c3", 1200), attempt("c4", 600)];
    let others: Vec<&dyn Row> = tasks.iter().map(|task| task as &dyn Row).collect();
    let explained = text(&subject, &others);
    for line in [
        "  Circuit breaker: off: ECS keeps trying",
        "  Next attempt: the last one 10m ago, the ones before 5m, 10m apart; ECS waits longer",
        "  ✓ Has ECS failed the deployment? in progress",
        "  ✖ Do events report an error? crash loop",
        "  ✖ Are tasks failing? blocked here: application error: app (1), 4 times in this rollout; ECS backs off",
        "  ✖ Is it making progress? no: see above",
    ] {
        assert!(explained.contains(line), "{line:?} is not in\n{explained}");
    }
    assert_eq!(explained.matches("blocked here").count(), 1);
}

#[test]
fn failures_that_are_counted_but_not_listed_are_named_without_those_that_are_stopping() {
    let mut subject = rolling([0, 0], 120);
    subject.deployments[0].failed_tasks = 4;
    let stopping = Task { desired_status: Some("STOPPED".into()), ..starting("c2", 8, "DEPROVISIONING", 20) };
    let explained = text(&subject, &[&crashed("c1", 8, 1, 30), &stopping]);
    assert!(
        explained.contains("  2 more have failed; the list of stopped tasks is older, ctrl-r reads it again"),
        "{explained}"
    );
}

#[test]
fn a_pending_decision_has_both_commands() {
    let mut subject = rolling([4, 0], 1800);
    let deployment = arn("service-deployment", "prod/web/x1");
    subject.current_service_deployment = Some(deployment.clone());
    let status = Some("AWAITING_ACTION".into());
    let pause = Hook { hook_id: Some("h-1".into()), status, expires_at: ago(-600), ..Hook::default() };
    subject.rollout = Some(Box::new(Rollout { hooks: vec![pause], ..Rollout::default() }));
    let explained = text(&subject, &[]);
    for action in ["CONTINUE", "ROLLBACK"] {
        let command = format!(
            "aws ecs continue-service-deployment --service-deployment-arn {deployment} --hook-id h-1 --action {action} \
             --region eu-west-1"
        );
        assert!(explained.contains(&command), "{explained}");
    }
    // Copied commands change nothing.
    let explanation = explain(&subject, &known(&[&subject]));
    assert!(explanation.commands.iter().all(|command| command.contains(" describe-")), "{:?}", explanation.commands);
}

#[test]
fn a_deployment_is_explained_by_its_service() {
    let mut subject = rolling([0, 0], 40 * 60);
    subject.deployments[0].failed_tasks = 3;
    let (new, old) = (subject.deployments[0].clone(), subject.deployments[1].clone());
    let dead = crashed("c1", 8, 1, 60);
    assert!(
        text(&new, &[&subject, &dead]).starts_with("Findings\n  rollout failing: application error: app (1), once")
    );
    let explained = text(&old, &[&subject, &dead]);
    assert!(explained.starts_with("Findings\n  it is being replaced; 4 of its tasks still run"), "{explained}");
    assert!(explained.contains("Service web\n  rollout failing: "), "{explained}");
    assert!(text(&new, &[]).contains("Not checked\n  its service"));
}

#[test]
fn an_event_is_explained_with_the_current_state_of_its_service() {
    let event = event("was unable to place a task because no container instance met all of its requirements.", 600);
    let explained = text(&event, &[&web(4)]);
    assert!(explained.contains("Service web now\n  no problems found"), "{explained}");
    assert!(text(&event, &[]).contains("service web: whether this still holds"));
}

#[test]
fn a_pending_task_shows_what_it_waits_for_and_the_usual_time() {
    let fresh = Task { pull_started_at: ago(40), ..starting("a1", 7, "PENDING", 60) };
    let explained = text(&fresh, &[]);
    for line in [
        "  on its way for 40s: PENDING, pulls its image (usually 10 to 60 s)",
        "  For: 40s; too long after 3m",
        "  Pulling for: 40s",
        "What to check next\n  1. ",
    ] {
        assert!(explained.contains(line), "{line:?} is not in\n{explained}");
    }
    let stuck = Task { pull_started_at: ago(400), ..starting("a1", 7, "PENDING", 420) };
    let explanation = explain(&stuck, &known(&[&stuck]));
    assert_eq!(explanation.findings[0].problem, Problem::TaskStuck);
}

#[test]
fn a_stopped_task_shows_the_cause_and_the_number_of_similar_failures() {
    let tasks: Vec<Task> = (1..4).map(|n| crashed(&format!("c{n}"), 7, 1, n * 120)).collect();
    let other = crashed("d1", 7, 139, 60);
    let subject = web(4);
    let explained = text(&tasks[0], &[&tasks[1], &tasks[2], &other, &subject]);
    for line in [
        "  tasks failed: application error: app (1)",
        "    2 more tasks of the service failed with the same cause in the last hour",
        "  Ran for: 1m25s",
        "Service web\n  crash loop: ",
    ] {
        assert!(explained.contains(line), "{line:?} is not in\n{explained}");
    }
    let done = Task { group: Some("family:report".into()), ..crashed("e1", 7, 0, 60) };
    let explanation = explain(&done, &known(&[&done]));
    assert!(explanation.findings.is_empty() && written(&explanation).contains("it ended as expected: "));
}

#[test]
fn a_container_is_explained_by_its_task() {
    let mut subject = crashed("c1", 7, 1, 60);
    let app =
        Container { cluster_name: "prod".into(), task_arn: subject.task_arn.clone(), ..subject.containers[0].clone() };
    let proxy = Container { name: "proxy".into(), exit_code: Some(143), ..app.clone() };
    subject.containers = vec![app.clone(), proxy.clone()];
    assert!(
        text(&app, &[&subject]).contains("Container app\n  this container caused the stop: "),
        "{}",
        text(&app, &[&subject])
    );
    assert!(text(&proxy, &[&subject]).contains("Container proxy\n  app caused the stop, not this container: "));
    assert!(text(&app, &[]).contains("its task, and why it ended"));
}

#[test]
fn an_instance_lists_its_tasks() {
    let lost = Instance { agent_connected: false, agent_lost_at: ago(600), ..host("i-0a1b") };
    let (one, two) = (on(task("a1", 7), "i-0a1b"), on(stopping("a2", 7, "RUNNING", 90), "i-0a1b"));
    let explained = text(&lost, &[&one, &two]);
    assert!(explained.contains("  agent disconnected: 3 tasks there: web"), "{explained}");
    assert!(explained.contains("Tasks on this instance\n  2x web (1 running, 1 to stop)"), "{explained}");
    assert!(text(&lost, &[]).contains("its tasks: what runs there"));
}

#[test]
fn findings_have_no_relative_times() {
    let later = now() + SignedDuration::from_secs(7);
    let subject = Service { rollout: Some(Box::default()), ..rolling([1, 1], 600) };
    let pulling = Task { pull_started_at: ago(500), ..starting("a1", 8, "PENDING", 520) };
    let findings = |at| {
        let known = Known::of([&subject as &dyn Row, &pulling], at);
        let found = crate::diagnose::diagnose_service(&subject, &known).into_iter();
        found.map(|finding| (finding.problem, finding.since, finding.cause)).collect::<Vec<_>>()
    };
    assert_eq!(findings(now()), findings(later));
}

#[test]
fn an_explanation_uses_only_the_views_it_needs() {
    let kinds = |row: &dyn Row| -> Vec<&str> { row.consults().iter().map(|view| view.kind.name).collect() };
    assert_eq!(kinds(&web(4)), ["task"], "the stopped ones, which are polled anyway");
    assert_eq!(kinds(&rolling([1, 1], 60)), ["task", "task"]);
    let on_instances = Service { launch_type: Some("EC2".into()), ..rolling([1, 1], 60) };
    assert_eq!(kinds(&on_instances), ["task", "task", "instance", "revision"]);
    assert_eq!(kinds(&task("a1", 7)), ["service", "revision"]);
    assert_eq!(kinds(&on(task("a1", 7), "i-0a1b")), ["service", "revision", "instance"]);
    assert_eq!(kinds(&host("i-0a1b")), ["task"]);
    assert_eq!(kinds(&Instance { status: Some("DRAINING".into()), ..host("i-0a1b") }), ["task", "service"]);
    assert_eq!(kinds(&event("x", 1)), ["service", "task"]);
}
