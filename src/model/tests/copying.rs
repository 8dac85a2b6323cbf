//! Copies in the background: the form, who may copy, how far they are and how they end.

use super::{
    entering::{WRITE, on_task, on_tasks},
    *,
};
use crate::copy::{CopyRequest, Direction};

/// The copy that the effects start.
fn started(effects: Vec<Effect>) -> Option<(u64, String, CopyRequest)> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::StartCopy { id, order } => Some((id, order.target.container, order.request)),
        _ => None,
    })
}

fn last_message(model: &Model) -> String {
    model.messages.log.back().map(|message| message.text.clone()).unwrap_or_default()
}

fn mistake(model: &Model) -> Option<String> {
    let Some(Overlay::CopyFiles(form)) = &model.overlay else { return None };
    form.form.fields.iter().find_map(|field| field.prompt.fault.as_ref()).map(|fault| fault.reason.clone())
}

#[test]
fn a_form_asks_for_direction_and_paths() {
    let mut model = on_task("sandbox", WRITE, &[("app", "RUNNING"), ("proxy", "STOPPED")]);
    press(&mut model, ": c p enter");
    assert_eq!(started(press(&mut model, "enter")), None);
    assert_eq!(mistake(&model).as_deref(), Some("a path in the container is needed"));
    let (id, container, request) = started(press(&mut model, "/ t m p tab . / x enter")).unwrap();
    assert_eq!((id, &*container), (0, "app"));
    let expected = CopyRequest {
        direction: Direction::Download,
        remote: "/tmp".into(),
        local: "./x".into(),
        overwrite: false,
        resume: false,
    };
    assert_eq!(request, expected);
    press(&mut model, ": c p enter i n tab / t m p tab");
    assert_eq!(started(press(&mut model, "enter")), None);
    assert_eq!(mistake(&model).as_deref(), Some("the local path is needed"));
    let (id, _, request) = started(press(&mut model, "x tab f o r c e enter")).unwrap();
    assert_eq!((id, request.direction, request.overwrite), (1, Direction::Upload, true));
}

#[test]
fn copies_need_the_permission_of_a_shell_and_production_asks() {
    let mut model = on_task("sandbox", Some(crate::model::scope::WriteOverride::ReadOnly), &[("app", "RUNNING")]);
    press(&mut model, ": c p enter");
    assert!(model.overlay.is_none() && last_message(&model).starts_with("read-only"), "{}", last_message(&model));
    let mut model = on_task("prod", WRITE, &[("app", "RUNNING")]);
    assert_eq!(started(press(&mut model, ": c p enter tab / x enter")), None);
    assert!(matches!(&model.overlay, Some(Overlay::Question(question)) if question.title.contains("PROD")));
    assert!(started(press(&mut model, "enter")).is_some());
}

#[test]
fn a_copy_is_listed_cancelled_and_announced_on_any_screen() {
    let mut model = on_task("sandbox", WRITE, &[("app", "RUNNING")]);
    press(&mut model, ": c p space l i s t enter");
    assert!(last_message(&model).contains("nothing runs in the background"), "{}", last_message(&model));
    let (id, ..) = started(press(&mut model, ": c p enter tab / x enter")).unwrap();
    press(&mut model, ": c p space l i s t enter");
    model.update(at(1), Event::BackgroundProgress(id, "1.0 MB of 2.0 MB (50%)".into()));
    let Some(Overlay::Picker(picker)) = &model.overlay else { panic!("no picker") };
    assert_eq!((picker.items.len(), &*picker.items[0].about), (1, "1.0 MB of 2.0 MB (50%)"));
    let effects = press(&mut model, "enter");
    assert!(effects.contains(&Effect::CancelBackground(id)), "{effects:?}");
    assert!(!press(&mut model, ": q enter").contains(&Effect::Quit));
    assert!(
        matches!(&model.overlay, Some(Overlay::Question(question)) if question.title.contains("in the background (1)"))
    );
    press(&mut model, "esc");
    press(&mut model, ": c l u s t e r s enter");
    model.update(at(2), Event::CopyEnded(id, Err("cancelled; 1.0 MB of 2.0 MB were copied".into())));
    assert!(last_message(&model).contains("cancelled; 1.0 MB of 2.0 MB were copied"), "{}", last_message(&model));
    press(&mut model, ": t a s k s enter");
    model.update(at(3), Event::CopyEnded(id, Ok("twice".into())));
    assert!(!last_message(&model).contains("twice"), "it has ended");
}

/// The command that the effects run.
fn run(effects: Vec<Effect>) -> Option<(u64, Vec<String>, String)> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::RunCommand { id, order } => {
            Some((id, order.targets.into_iter().map(|target| target.container).collect(), order.command))
        }
        _ => None,
    })
}

#[test]
fn a_command_runs_in_the_marked_containers_and_its_outputs_are_shown() {
    let mut model = on_tasks("sandbox", WRITE, &["0cf34e4c", "1cf34e4c"], &[("app", "RUNNING")]);
    press(&mut model, "*");
    let (id, containers, command) = run(press(&mut model, ": e x e c space u p t i m e enter")).unwrap();
    assert_eq!((containers, &*command), (vec!["app".to_owned(), "app".to_owned()], "uptime"));
    press(&mut model, ": c");
    let output = |label: &str, text: &str, failure: Option<&str>| crate::event::CommandOutput {
        label: label.into(),
        text: text.into(),
        failure: failure.map(str::to_owned),
    };
    let outputs = vec![output("app of task 1", "up\n", None), output("proxy of task 1", "", Some("exit code 7"))];
    model.update(at(1), Event::CommandEnded(id, outputs));
    assert!(last_message(&model).contains("uptime in 2 containers: 1 failed"), "{}", last_message(&model));
    assert!(!model.front.is::<Viewer>(), "something is being typed");
    press(&mut model, "esc");
    let text = model.front.get::<Viewer>().map(Viewer::text).unwrap_or_default();
    assert!(text.contains("up") && text.contains("exit code 7"), "{text}");
}

#[test]
fn production_names_the_number_of_containers_before_a_command_runs() {
    let mut model = on_tasks("prod", WRITE, &["0cf34e4c", "1cf34e4c"], &[("app", "RUNNING")]);
    press(&mut model, "*");
    assert_eq!(run(press(&mut model, ": e x e c space u p t i m e enter")), None);
    let Some(Overlay::Question(question)) = &model.overlay else { panic!("no question") };
    assert_eq!(question.title, "Run a command in 2 containers of PROD?");
    assert!(run(press(&mut model, "enter")).is_some());
}
