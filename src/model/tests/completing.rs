//! Completion of filters: in `/`, and in `:` commands that take one.

use super::*;

fn prompt_of(model: &Model) -> &prompt::Prompt {
    model.overlay.as_ref().and_then(Overlay::prompt).expect("a prompt")
}

/// The candidates in one line.
fn offered(model: &Model) -> String {
    let candidates = prompt_of(model).completion.candidates.iter();
    candidates.map(|candidate| candidate.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn about(model: &Model) -> Vec<&str> {
    prompt_of(model).completion.candidates.iter().map(|candidate| candidate.about.as_str()).collect()
}

/// Tasks, some of them stopped: `a` and `d` run, two ran out of memory.
fn in_stopped() -> Model {
    let mut model = in_tasks();
    let tasks = vec![
        task("a"),
        stopped("b", 137, "Out of memory"),
        stopped("c", 1, "Out \"of\" disk"),
        task("d"),
        stopped("e", 137, "Out of memory"),
        stopped("evil", 3, "\u{1b}]52;c;aGk=\u{7}"),
    ];
    give(&mut model, 0, world(2, tasks));
    model
}

const COLUMNS: &str = "name status exit age reason memory";
const STATES: &str = "is:fault is:marked is:changed is:running is:stopped";

#[rstest]
#[case("", &format!("{COLUMNS} {STATES}"))]
#[case("is:fault ", &format!("{COLUMNS} {STATES}"))]
#[case("!", &format!("{COLUMNS} {STATES}"))]
#[case("s", "status")]
#[case("STA", "status state")]
#[case("is:fault !me", "memory")]
#[case("is", STATES)]
#[case("is:ch", "is:changed")]
#[case("is:changed", "")]
#[case("status=", "stopped running")]
#[case("status=R", "running")]
#[case("state:ru", "running")]
#[case("status=running", "")]
#[case("exit=", "137 1 3")]
#[case("exit>=", "137 1 3")]
#[case("!exit!=13", "137")]
#[case("is:running status=", "running")]
#[case("reason:", r#""Out of memory" "Out \"of\" disk""#)]
#[case("reason=mem", r#""Out of memory""#)]
#[case("reason~out", r#""Out of memory" "Out \"of\" disk""#)]
#[case("name~", "a b c d e evil")]
#[case("age<", "5m 1h 6h 1d")]
#[case("age=", "")]
#[case("name<", "")]
#[case("memory>", "512Mi")]
#[case("oom", "")]
#[case("\"sta", "")]
#[case("reason=\"Out", "")]
#[case("exit=1 \"two wo\" sta", "status")]
#[case("nginx:", "")]
#[case("-f ", "")]
#[case("-f sta", "")]
fn terms_of_a_filter_are_completed(#[case] typed: &str, #[case] expected: &str) {
    let mut model = in_stopped();
    press(&mut model, "/");
    type_in(&mut model, typed);
    let expected = expected.replace("status state", "status");
    assert_eq!(offered(&model), expected);
}

#[test]
fn candidates_have_a_title_operators_or_a_number_of_rows() {
    let mut model = in_stopped();
    press(&mut model, "/");
    type_in(&mut model, "mem");
    assert_eq!(about(&model), ["MEM; = != < <= > >= a size such as 512Mi"], "the title is a name, too");
    press(&mut model, "backspace");
    assert_eq!(about(&model), ["MEM"]);
    press(&mut model, "ctrl-u");
    type_in(&mut model, "exit=");
    assert_eq!(about(&model), ["2 tasks", "1 task", "1 task"]);
}

#[test]
fn tab_chooses_right_accepts_and_the_table_follows() {
    let mut model = in_stopped();
    press(&mut model, "/");
    type_in(&mut model, "st");
    assert_eq!(prompt_of(&model).ghost, "atus");
    press(&mut model, "right");
    assert_eq!(prompt_of(&model).text(), "status");
    type_in(&mut model, "=");
    press(&mut model, "tab");
    assert_eq!(
        (prompt_of(&model).text(), names(front_table(&model)).join(" ")),
        ("status=stopped", "b c e evil".into())
    );
    press(&mut model, "tab");
    assert_eq!((prompt_of(&model).text(), names(front_table(&model)).join(" ")), ("status=running", "a d".into()));
    press(&mut model, "shift-tab");
    type_in(&mut model, " exit=");
    assert_eq!(offered(&model), "137 1 3");
    press(&mut model, "shift-tab");
    assert_eq!(
        (prompt_of(&model).text(), names(front_table(&model)).join(" ")),
        ("status=stopped exit=3", "evil".into())
    );
    press(&mut model, "enter");
    assert_eq!(front_table(&model).filter.text(), "status=stopped exit=3");
}

/// Moving on accepts a choice: right shows what may follow it.
#[test]
fn a_movement_key_accepts_the_chosen_candidate() {
    let mut model = in_stopped();
    press(&mut model, "/");
    press(&mut model, "tab tab");
    assert_eq!((prompt_of(&model).text(), prompt_of(&model).completion.chosen), ("status", Some(1)));
    press(&mut model, "right");
    assert_eq!((offered(&model).as_str(), prompt_of(&model).completion.chosen), ("status", None));
}

#[test]
fn an_unfinished_term_hides_nothing() {
    let mut model = in_stopped();
    press(&mut model, "/");
    let mut typed = String::new();
    let steps = [
        ("stat", "a b c d e evil"),
        ("us", "a b c d e evil"),
        ("=", "a b c d e evil"),
        ("ST", "a b c d e evil"),
        ("x", ""),
    ];
    for (next, left) in steps {
        type_in(&mut model, next);
        typed += next;
        assert_eq!((names(front_table(&model)).join(" ").as_str(), &prompt_of(&model).fault), (left, &None), "{typed}");
    }
    // A word with matches filters at once, whatever else it could become.
    press(&mut model, "ctrl-u");
    type_in(&mut model, "e");
    assert_eq!((offered(&model).as_str(), names(front_table(&model)).join(" ").as_str()), ("exit", "b c e evil"));
    // It has no candidates, but it is incomplete.
    press(&mut model, "ctrl-u");
    type_in(&mut model, "exit=137 !age=");
    assert_eq!((offered(&model).as_str(), names(front_table(&model)).join(" ").as_str()), ("", "b e"));
    assert_eq!(prompt_of(&model).fault, None);
    type_in(&mut model, " ");
    assert_eq!(prompt_of(&model).fault.as_ref().map(|fault| fault.at), Some(14));
    press(&mut model, "ctrl-u");
    type_in(&mut model, "ex");
    assert_eq!(names(front_table(&model)).len(), 6);
    press(&mut model, "enter");
    assert_eq!(names(front_table(&model)).len(), 0, "what is entered counts as it is");
    // An entered filter must be valid.
    press(&mut model, "/");
    type_in(&mut model, "exit=");
    assert_eq!(prompt_of(&model).fault, None);
    press(&mut model, "enter");
    assert_eq!(prompt_of(&model).fault.as_ref().map(|fault| fault.at), Some(5));
}

/// While the last filter is preselected, typing and tab replace it; a movement key keeps it.
#[test]
fn a_candidate_replaces_preselected_text() {
    let mut model = in_stopped();
    press(&mut model, "/");
    type_in(&mut model, "exit=137");
    press(&mut model, "enter /");
    assert_eq!(offered(&model), format!("{COLUMNS} {STATES}"));
    press(&mut model, "tab");
    assert_eq!(prompt_of(&model).text(), "name");
    press(&mut model, "esc / right");
    assert_eq!((prompt_of(&model).text(), offered(&model).as_str()), ("exit=137", ""));
}

#[rstest]
#[case("tasks prod /", &format!("{COLUMNS} {STATES}"))]
#[case("tasks prod /stat", "status")]
#[case("tasks prod since=1h /name:x !is:f", "is:fault")]
#[case("mine /sta", "status")]
#[case("tasks prod -f sta", "")]
#[case("tasks prod /status= @o", "@ops")]
#[case("tasks /status=", "stopped running")]
#[case("tasks /exit=1", "1 137")]
#[case("tasks @ops /status=", "")]
#[case("filter status=", "stopped running")]
#[case("/status=", "stopped running")]
#[case(":/sta", "status")]
fn a_command_completes_its_filter(#[case] line: &str, #[case] expected: &str) {
    let mut model = in_stopped();
    let mut all = world(3, Vec::new());
    let rows = all.feeds.entry(View::new(&TASK, Query::cluster("prod"))).or_default();
    *rows = feed(1, vec![task("a"), stopped("b", 137, "why"), stopped("c", 1, "why")]);
    all.feeds.insert(tasks(), feed(2, vec![task("a"), stopped("b", 137, "why"), stopped("c", 1, "why")]));
    give(&mut model, 0, all);
    model.update(at(0), Event::Profiles(vec!["dev".into(), "ops".into()]));
    model.settings.aliases.insert("mine".into(), "tasks prod".into());
    press(&mut model, ":");
    type_in(&mut model, line);
    assert_eq!(offered(&model), expected);
    let count = prompt_of(&model).completion.candidates.len();
    press(&mut model, "tab");
    let kept = line.rfind([' ', '/', ':', '=', '!']).map_or("", |at| &line[..=at]);
    assert!(count == 0 || prompt_of(&model).text().starts_with(kept), "{}", prompt_of(&model).text());
}

#[test]
fn the_history_is_searched_without_candidates() {
    let mut model = in_stopped();
    press(&mut model, "/");
    type_in(&mut model, "sta");
    press(&mut model, "ctrl-r");
    assert_eq!(offered(&model), "");
    press(&mut model, "esc");
    assert_eq!(offered(&model), "status");
}
