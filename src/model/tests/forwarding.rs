//! Port forwards: how they are asked for, listed, ended, and what they survive.

use super::{entering::on_task, *};
use crate::{
    forwarding::{ForwardCounts, ForwardEnd, ForwardNews, ForwardRequest, ForwardSubject, SavedForward},
    model::{overlay::PortsPrompt, scope::WriteOverride, screens::forwards::ForwardList},
    resource::{
        container::ExecTarget,
        revision::{Definition, Revision},
        task::Task,
    },
};

const WRITE: Option<WriteOverride> = Some(WriteOverride::Write);
const DEFINITION: &str = "arn:aws:ecs:eu-west-1:1:task-definition/web:3";

fn sandbox() -> Model {
    on_task("sandbox", WRITE, &[("app", "RUNNING")])
}

fn started(effects: Vec<Effect>) -> Option<(u64, ForwardRequest)> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::StartForward { id, request } => Some((id, *request)),
        _ => None,
    })
}

fn ports_prompt(model: &Model) -> &PortsPrompt {
    match &model.overlay {
        Some(Overlay::Ports(prompt)) => prompt,
        other => panic!("{other:?}"),
    }
}

fn target() -> ExecTarget {
    ExecTarget {
        cluster_name: "sandbox".into(),
        task_arn: "arn:aws:ecs:eu-west-1:1:task/sandbox/0cf34e4c".into(),
        container: "app".into(),
        runtime_id: Some("0cf34e4c-1".into()),
    }
}

/// A console with a forward that carries connections.
fn with_forward() -> Model {
    let mut model = sandbox();
    press(&mut model, "shift-f 8 0 8 0 enter");
    for news in [ForwardNews::Listening("127.0.0.1:8080".into()), ForwardNews::Ready(target())] {
        model.update(at(1), Event::Forward(0, news));
    }
    model
}

fn row(model: &Model, index: usize) -> String {
    let row = ForwardList::rows(model).remove(index);
    [&*row.target, &row.local, &row.remote, row.state, &row.connections, &row.sent, &row.age].join(" ")
}

fn saved(name: &str) -> SavedForward {
    SavedForward {
        name: name.into(),
        cluster: "sandbox".into(),
        service: Some("web".into()),
        family: None,
        container: None,
        port: 5432,
        host: Some("db.internal".into()),
        local: Some(15432),
    }
}

#[test]
fn the_ports_are_asked_for_and_the_forward_starts() {
    let mut model = sandbox();
    press(&mut model, "shift-f");
    let (_, request) = started(press(&mut model, "9 0 0 0 : d b : 5 4 3 2 enter")).expect("started");
    assert_eq!(request.ports, "9000:db:5432".parse().unwrap());
    assert!(matches!(&request.subject, ForwardSubject::Task(arn) if arn.ends_with("0cf34e4c")));
    assert!(model.overlay.is_none());
}

#[test]
fn invalid_ports_keep_the_prompt_open() {
    let mut model = sandbox();
    assert_eq!(started(press(&mut model, "shift-f w e b enter")), None);
    let prompt = ports_prompt(&model);
    assert!(prompt.prompt.fault.as_ref().is_some_and(|fault| fault.reason.starts_with("invalid ports `web`")));
    assert!(started(press(&mut model, "ctrl-u 8 0 enter")).is_some());
}

/// Gives the model the task definition of its task, with these ports.
fn give_definition(model: &mut Model, ports: &[(&str, &str)]) {
    let containers = ports.iter().map(|(name, port)| Definition {
        name: (*name).into(),
        ports: vec![(*port).into()],
        ..Definition::default()
    });
    let revision = Revision {
        task_definition_arn: DEFINITION.into(),
        containers: containers.collect(),
        described: true,
        ..Revision::default()
    };
    let mut snapshot = (*model.snapshot).clone();
    snapshot.revision += 1;
    snapshot.feeds.insert(model.ports_view().expect("asked for"), feed(snapshot.revision, vec![revision]));
    give(model, 0, snapshot);
}

fn with_definition() -> Model {
    let mut model = sandbox();
    press(&mut model, "shift-f");
    if let Some(Overlay::Ports(prompt)) = &mut model.overlay {
        prompt.definition = Some(DEFINITION.into());
    }
    model.update(at(0), Event::Tick);
    let demand = model.demand();
    assert!(demand.followed.iter().any(|view| view.query.family.as_deref() == Some("web:3")), "{demand:?}");
    assert!(demand.visible.iter().any(|id| &**id == "web:3"), "{demand:?}");
    model
}

#[test]
fn the_only_port_of_the_task_definition_is_filled_in() {
    let mut model = with_definition();
    give_definition(&mut model, &[("app", "80 -> 8080/tcp")]);
    assert_eq!(ports_prompt(&model).prompt.text(), "8080");
    let (_, request) = started(press(&mut model, "enter")).expect("started");
    assert_eq!(request.ports.port, 8080);
    assert!(model.ports_view().is_none(), "it is no longer polled");
}

#[test]
fn several_ports_are_offered_and_what_is_typed_stays() {
    let mut model = with_definition();
    give_definition(&mut model, &[("app", "8080/tcp"), ("envoy", "9901/tcp"), ("dns", "53/udp")]);
    let offered = |model: &Model| -> Vec<String> {
        let candidates = &ports_prompt(model).prompt.completion.candidates;
        candidates.iter().map(|candidate| format!("{} {}", candidate.text, candidate.about)).collect()
    };
    assert_eq!(offered(&model), ["8080 app", "9901 envoy"]);
    press(&mut model, "tab tab");
    assert_eq!(ports_prompt(&model).prompt.text(), "9901");
    let mut model = with_definition();
    press(&mut model, "5");
    give_definition(&mut model, &[("app", "8080/tcp")]);
    assert_eq!(ports_prompt(&model).prompt.text(), "5");
}

#[rstest]
#[case::read_only(on_task("sandbox", Some(WriteOverride::ReadOnly), &[("app", "RUNNING")]), "read-only: `:write`")]
fn a_forward_that_is_not_allowed_says_why(#[case] mut model: Model, #[case] expected: &str) {
    assert_eq!(started(press(&mut model, "shift-f")), None);
    assert!(model.overlay.is_none() && flash(&model).starts_with(expected), "{}", flash(&model));
}

#[test]
fn a_rule_that_denies_sessions_denies_forwards() {
    let mut model = on_task("prod", WRITE, &[("app", "RUNNING")]);
    for rule in &mut model.settings.scopes {
        rule.deny = vec!["exec".into()];
    }
    press(&mut model, "shift-f");
    assert_eq!(flash(&model), "the rule for PROD denies exec");
}

#[test]
fn production_is_forwarded_to_after_a_question() {
    let mut model = on_task("prod", WRITE, &[("app", "RUNNING")]);
    assert_eq!(started(press(&mut model, "shift-f 8 0 enter")), None);
    assert!(matches!(&model.overlay, Some(Overlay::Question(question)) if question.title == "Forward a port in PROD?"));
    assert!(started(press(&mut model, "enter")).is_some());
}

#[test]
fn the_list_shows_state_and_counters_and_outlives_screens_and_scopes() {
    let mut model = with_forward();
    let effects = press(&mut model, "f");
    assert!(effects.contains(&Effect::CountForwards), "{effects:?}");
    let counts = ForwardCounts { open: 1, connections: 3, refused: 0, sent: 2048, received: 10 };
    model.update(at(1), Event::ForwardCounts(vec![(0, counts)]));
    assert_eq!(row(&model, 0), "task 0cf34e4c 127.0.0.1:8080 port 8080 ready 1/3 2.0 kB 1s");
    press(&mut model, "esc");
    model.switch(crate::aws::ScopeSpec { profile: Some("other".into()), ..Default::default() });
    press(&mut model, ": f o r w a r d s enter");
    assert_eq!(ForwardList::rows(&model).len(), 1);
}

#[test]
fn counters_are_read_once_a_second_at_most_and_only_on_screen() {
    let mut model = with_forward();
    let next = model.next_tick();
    assert!(next.is_none_or(|next| next > at(2)), "nothing is counted while the list is not shown: {next:?}");
    press(&mut model, "f");
    let asks = |effects: Vec<Effect>| effects.contains(&Effect::CountForwards);
    let now = model.now;
    assert!(!asks(model.update(now, Event::ForwardCounts(Vec::new()))));
    assert_eq!(model.next_tick(), Some(now + jiff::SignedDuration::from_secs(1)));
    assert!(asks(model.update(now + jiff::SignedDuration::from_secs(1), Event::Tick)));
}

#[test]
fn a_forward_is_ended_and_its_failure_can_be_read() {
    let mut model = with_forward();
    press(&mut model, "f");
    assert!(press(&mut model, "ctrl-d").contains(&Effect::StopForward(0)));
    model.update(at(60), Event::Forward(0, ForwardNews::Problem("nothing accepts connections on port 8080".into())));
    model.update(at(61), Event::Forward(0, ForwardNews::Ended(ForwardEnd::failed("task 0cf34e4c has stopped: OOM"))));
    assert!(row(&model, 0).ends_with(" failed 0/0 0 B 1m1s"), "{}", row(&model, 0));
    assert!(flash(&model).contains("has stopped: OOM"));
    press(&mut model, "ctrl-d");
    assert_eq!(flash(&model), "this forward has ended already");
    press(&mut model, "enter");
    let text = front_text(&model).text();
    assert!(text.contains("nothing accepts connections") && text.contains("has stopped: OOM"), "{text}");
    press(&mut model, "esc");
    assert!(started(press(&mut model, "r")).is_some_and(|(id, request)| id == 1 && request.ports.port == 8080));
}

#[test]
fn a_forward_is_checked_once_when_its_task_is_seen_stopping() {
    let mut model = with_forward();
    let (view, running) = {
        let (view, feed) =
            model.snapshot.feeds.iter().find(|(view, _)| view.kind == &crate::resource::task::KIND).unwrap();
        (view.clone(), feed.rows[0].row.any().downcast_ref::<Task>().unwrap().clone())
    };
    let mut seen = |desired: &str| {
        let task = Task { desired_status: Some(desired.into()), ..running.clone() };
        let mut snapshot = (*model.snapshot).clone();
        snapshot.revision += 1;
        snapshot.feeds.insert(view.clone(), feed(snapshot.revision, vec![task]));
        give(&mut model, 2, snapshot).contains(&Effect::CheckForward(0))
    };
    assert_eq!([seen("RUNNING"), seen("STOPPED"), seen("STOPPED")], [false, true, false]);
}

#[test]
fn the_same_problem_is_reported_once() {
    let mut model = with_forward();
    for _ in 0..3 {
        model.update(at(2), Event::Forward(0, ForwardNews::Problem("refused".into())));
    }
    assert_eq!(model.messages.log.iter().filter(|message| message.text == "refused").count(), 1);
}

#[test]
fn quitting_with_forwards_asks_first() {
    let mut model = with_forward();
    assert!(!press(&mut model, ": q enter").contains(&Effect::Quit));
    let Some(Overlay::Question(question)) = &model.overlay else { panic!("no question") };
    assert_eq!(question.title, "Quit and end 1 forward?");
    assert!(!press(&mut model, "esc").contains(&Effect::Quit));
    press(&mut model, ": q enter");
    assert!(press(&mut model, "enter").contains(&Effect::Quit));
    model.update(at(3), Event::Forward(0, ForwardNews::Ended(ForwardEnd::by_user())));
    assert!(press(&mut model, ": q enter").contains(&Effect::Quit));
}

#[test]
fn a_saved_forward_is_listed_and_started_by_its_name() {
    let mut model = sandbox();
    model.settings.forwards = vec![saved("db"), saved("cache")];
    press(&mut model, "f");
    assert_eq!(row(&model, 0), "db 15432 db.internal:5432 saved - - -");
    press(&mut model, "j");
    let (_, request) = started(press(&mut model, "enter")).expect("started");
    assert_eq!(
        (request.label().as_str(), request.ports.local),
        ("db.internal:5432 through service web in sandbox", Some(15432))
    );
    assert!(row(&model, 0).starts_with("cache - db.internal:5432 starting"), "{}", row(&model, 0));
    press(&mut model, ": f o r w a r d space c a c h e enter");
    assert!(flash(&model).starts_with("cache is running already"), "{}", flash(&model));
    press(&mut model, ": f o r w a r d space d c enter");
    assert_eq!(flash(&model), "unknown forward `dc`; one of db, cache");
    assert!(started(press(&mut model, ": f o r w a r d space d b enter")).is_some());
}

#[test]
fn ports_in_the_command_are_forwarded_to_the_row() {
    let mut model = sandbox();
    let (_, request) = started(press(&mut model, ": f o r w a r d space 1 : 8 0 enter")).expect("started");
    assert_eq!(request.ports, "1:80".parse().unwrap());
    press(&mut model, ": f o r w a r d space x enter");
    assert!(flash(&model).contains("`[[forward]]` in config.toml"), "{}", flash(&model));
}
