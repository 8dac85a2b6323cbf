//! Copying and saving.

use super::*;

#[test]
fn names_are_copied_one_per_line() {
    let mut model = in_tasks();
    assert_eq!(but_demands(press(&mut model, "c")), [Effect::Copy("a".into())]);
    assert_eq!(but_demands(press(&mut model, "space space c")), [Effect::Copy("a\nb".into())]);
    assert_eq!(but_demands(press(&mut model, "ctrl-\\ n")), [Effect::Copy("prod".into())]);
}

#[test]
fn the_aws_command_names_its_scope() {
    let mut model = in_tasks();
    model.scope = scope(Some("my profile"), Some("eu-west-1"));
    let command = "aws ecs describe-tasks --cluster prod --tasks arn:aws:ecs:eu-west-1:1:task/prod/a \
                   --profile 'my profile' --region eu-west-1";
    assert_eq!(but_demands(press(&mut model, "ctrl-y")), [Effect::Copy(command.into())]);
    press(&mut model, "esc esc ctrl-y");
    assert_eq!(flash(&model), "no aws command shows a cluster");
}

#[test]
fn a_field_is_picked_by_typing_part_of_it() {
    let mut model = in_tasks();
    press(&mut model, "j shift-c");
    type_in(&mut model, "reason");
    assert_eq!(but_demands(press(&mut model, "enter")), [Effect::Copy("OutOfMemory".into())]);
    press(&mut model, "shift-c");
    type_in(&mut model, "locator");
    assert_eq!(but_demands(press(&mut model, "enter")), [Effect::Copy("scope://-/-/prod/stopped/b".into())]);
    press(&mut model, "shift-c esc");
    assert!(model.overlay.is_none());
}

#[test]
fn the_shown_rows_are_saved() {
    let mut model = in_tasks();
    press(&mut model, "ctrl-z");
    let saved = |effects: Vec<Effect>| match but_demands(effects).pop() {
        Some(Effect::Save { name, extension, content }) => (name, extension, content),
        other => panic!("{other:?}"),
    };
    let (name, extension, content) = saved(press(&mut model, "ctrl-s"));
    assert_eq!((name.as_str(), extension), ("tasks(api)", "csv"));
    assert_eq!(content, "name,status,exit,age,reason,memory\nb,stopped,137,0s,OutOfMemory,512Mi\n");
    press(&mut model, ":");
    type_in(&mut model, "save json");
    let (_, _, content) = saved(press(&mut model, "enter"));
    let json: serde_json::Value = serde_json::from_str(&content).unwrap();
    assert_eq!(json["tasks"][0]["exit"], 137);
}
