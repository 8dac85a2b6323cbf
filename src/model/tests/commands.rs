//! The `:` prompt.

use super::*;

pub(super) fn run(model: &mut Model, line: &str) -> Vec<Effect> {
    press(model, ":");
    let mut effects = type_in(model, line);
    effects.extend(press(model, "enter"));
    let remembered = |effect: &Effect| matches!(effect, Effect::Remember { .. } | Effect::ListProfiles);
    but_demands(effects).into_iter().filter(|effect| !remembered(effect)).collect()
}

#[rstest]
#[case("svc", "services(all)", "")]
#[case("services prod", "services(prod)", "")]
#[case("TASK prod /exit=1 age<5m", "tasks(prod)", "exit=1 age<5m")]
#[case("pods staging", "clusters", "")]
#[case("cluster staging", "services(staging)", "")]
#[case("ns prod", "services(prod)", "")]
#[case("cl", "clusters", "")]
#[case("mine", "tasks(prod)", "is:fault")]
#[case("ours", "tasks(prod)", "is:fault")]
fn views_open_by_any_of_their_names(#[case] line: &str, #[case] title: &str, #[case] filter: &str) {
    let mut model = console();
    model.settings.aliases.insert("mine".into(), ":task prod /is:fault".into());
    model.settings.aliases.insert("ours".into(), ":mine".into());
    run(&mut model, line);
    assert_eq!((front_table(&model).title().as_str(), front_table(&model).filter.text()), (title, filter));
}

#[test]
fn the_last_cluster_is_the_default() {
    let mut model = console();
    run(&mut model, "svc prod");
    press(&mut model, "esc");
    run(&mut model, "task");
    assert_eq!(front_table(&model).title(), "tasks(prod)");
    run(&mut model, "task all");
    assert_eq!(front_table(&model).title(), "tasks(all)");
}

#[rstest]
#[case("servce", "unknown command `servce`; did you mean service")]
#[case("svc prdo", "unknown cluster `prdo`; did you mean prod?")]
#[case("task prod /exit=", "filter, character 6: a value is missing after =")]
#[case("region eu-wset-1", "unknown Region `eu-wset-1`; did you mean eu-west-1")]
#[case("theme xyzzy", "unknown theme `xyzzy`; one of terminal")]
#[case("refresh soon", "invalid interval `soon`")]
#[case("write forever", "invalid time `forever`; expected up to 8h")]
#[case("sort colour", "clusters have no column `colour`; one of name")]
#[case("save docx", "unknown argument `docx`; one of csv, json")]
#[case("save view", "invalid format `view` for a table")]
#[case("cl prod staging", "unexpected `staging`")]
#[case("filter exit", "")]
fn mistakes_change_nothing_and_are_reported(#[case] line: &str, #[case] expected: &str) {
    let mut model = console();
    assert_eq!(run(&mut model, line), []);
    assert_eq!(front_table(&model).title(), "clusters");
    assert!(flash(&model).starts_with(expected), "{}", flash(&model));
}

#[test]
fn any_cluster_name_is_accepted_before_clusters_are_loaded() {
    let mut model = Model::new(KINDS, Settings::default(), Keymap::default(), Start::new(at(0), (80, 24)));
    run(&mut model, "task prod");
    assert_eq!(front_table(&model).title(), "tasks(prod)");
}

#[test]
fn another_scope_starts_afresh() {
    let mut model = in_tasks();
    model.scope = scope(Some("dev"), Some("eu-west-1"));
    let effects = run(&mut model, "region eu-central-1");
    assert_eq!(effects, [Effect::Switch(scope(Some("dev"), Some("eu-central-1")))]);
    assert_eq!((model.crumbs(), model.snapshot.revision), (vec!["clusters".into()], 0));
    // A profile has its own Region.
    let effects = run(&mut model, "profile ops");
    assert_eq!(effects, [Effect::Switch(scope(Some("ops"), None))]);
    let effects = run(&mut model, "svc live /x @ops/us-east-1");
    assert_eq!(effects, [Effect::Switch(scope(Some("ops"), Some("us-east-1")))]);
    let table = front_table(&model);
    assert_eq!((table.title().as_str(), table.filter.text()), ("services(live)", "x"));
    assert_eq!(run(&mut model, "region us-east-1"), []);
}

#[rstest]
#[case("profile opss")]
#[case("ctx opss")]
#[case("scope @opss/eu-west-1")]
#[case("svc prod @opss")]
fn an_unknown_profile_is_refused_everywhere(#[case] command: &str) {
    let mut model = in_tasks();
    model.update(at(0), Event::Profiles(vec!["dev".into(), "ops".into()]));
    assert_eq!(run(&mut model, command), []);
    assert!(flash(&model).contains("unknown profile `opss`; did you mean ops?"), "{}", flash(&model));
    assert_eq!((model.scope.profile.as_deref(), front_table(&model).title().as_str()), (None, "tasks(api)"));
    // Without profiles in the files, no name is known.
    model.update(at(0), Event::Profiles(vec![]));
    assert_eq!(run(&mut model, command), []);
    assert!(flash(&model).contains("the AWS configuration files have none"), "{}", flash(&model));
}

#[test]
fn a_new_data_layer_receives_the_demand() {
    let mut model = in_tasks();
    let effects = run(&mut model, "svc live @ops");
    assert!(matches!(effects[..], [Effect::Switch(_)]));
    press(&mut model, ":");
    type_in(&mut model, "svc live @dev");
    let effects = press(&mut model, "enter");
    assert_eq!(demands(&effects).len(), 1, "the same view, sent again: {effects:?}");
}

#[test]
fn refresh_is_manual_at_an_interval_or_off() {
    let mut model = console();
    run(&mut model, "refresh 5s");
    assert_eq!(model.demand().every, Some(5));
    run(&mut model, "refresh off");
    assert!(model.demand().paused && model.header().paused);
    press(&mut model, "=");
    assert!(!model.demand().paused);
    run(&mut model, "refresh auto");
    let before = model.demand();
    press(&mut model, "ctrl-r");
    assert_eq!(model.demand(), Demand { refresh: before.refresh + 1, ..before });
}

#[test]
fn the_palette_completes_and_enter_runs_the_shown_command() {
    let mut model = console();
    press(&mut model, ":");
    type_in(&mut model, "serv");
    let Some(Overlay::Command(prompt)) = &model.overlay else { panic!("no palette") };
    assert_eq!((prompt.completion.candidates[0].text.as_str(), prompt.ghost.as_str()), ("service", "ice"));
    assert_eq!(prompt.completion.candidates[0].matched, [0, 1, 2, 3]);
    press(&mut model, "tab");
    type_in(&mut model, " st");
    press(&mut model, "tab");
    assert_eq!(model.overlay.as_ref().and_then(Overlay::prompt).map(prompt::Prompt::text), Some("service staging"));
    let effects = press(&mut model, "enter");
    assert!(effects.contains(&Effect::Remember { list: "commands", entry: "service staging".into() }));
    assert_eq!(front_table(&model).title(), "services(staging)");
    press(&mut model, ":");
    type_in(&mut model, "ser");
    assert_eq!(
        model.overlay.as_ref().and_then(Overlay::prompt).map(|prompt| prompt.ghost.as_str()),
        Some("vice staging")
    );
}

#[rstest]
#[case("theme ", "terminal")]
#[case("region eu-w", "eu-west-1")]
#[case("profile ", "dev")]
#[case("svc @o", "@ops")]
#[case("svc @ops/eu-n", "@ops/eu-north-1")]
#[case("sort na", "name")]
#[case("save ", "csv")]
#[case("mi", "mine")]
fn arguments_are_completed_by_type(#[case] line: &str, #[case] first: &str) {
    let mut model = console();
    model.settings.aliases.insert("mine".into(), "task".into());
    model.update(at(0), Event::Profiles(vec!["dev".into(), "ops".into()]));
    press(&mut model, ":");
    type_in(&mut model, line);
    let Some(Overlay::Command(prompt)) = &model.overlay else { panic!("no palette") };
    assert_eq!(prompt.completion.candidates.first().map(|candidate| candidate.text.as_str()), Some(first));
}

#[test]
fn esc_closes_the_palette_and_a_paste_runs_nothing() {
    let mut model = console();
    press(&mut model, ":");
    let effects = model.update(at(0), Event::Paste("q\nq\n".into()));
    assert_eq!(effects, []);
    assert_eq!(model.overlay.as_ref().and_then(Overlay::prompt).map(prompt::Prompt::text), Some("q q"));
    press(&mut model, "esc");
    assert!(model.overlay.is_none());
    assert_eq!(model.update(at(0), Event::Paste("q".into())), []);
}

#[test]
fn the_screen_is_redrawn_while_something_is_typed() {
    let mut model = console();
    press(&mut model, ": s e r");
    assert_eq!(press(&mut model, "ctrl-l"), [Effect::Redraw]);
    assert_eq!(model.overlay.as_ref().and_then(Overlay::prompt).map(prompt::Prompt::text), Some("ser"));
}

#[test]
fn the_start_may_have_a_cluster_a_command_and_a_filter() {
    let start = Start {
        cluster: Some("prod".into()),
        command: Some(":task".into()),
        filter: Some("is:fault".into()),
        ..Start::new(at(0), (80, 24))
    };
    let mut model = Model::new(KINDS, Settings::default(), Keymap::default(), start);
    let table = front_table(&model);
    assert_eq!((table.title().as_str(), table.filter.text()), ("tasks(prod)", "is:fault"));
    let effects = model.update(at(0), Event::Tick);
    assert_eq!(demands(&effects)[0].foreground, Some(View::new(&TASK, Query::cluster("prod"))));
    let start = Start { command: Some("nonsense".into()), ..Start::new(at(0), (80, 24)) };
    let model = Model::new(KINDS, Settings::default(), Keymap::default(), start);
    assert!(flash(&model).starts_with("unknown command `nonsense`"));
}

/// Profiles are read after the start, and an unknown one is reported then.
#[test]
fn an_alias_with_an_unknown_profile_is_reported_once_profiles_are_known() {
    let aliases = [("mine", "services @opss"), ("ours", "services @ops")];
    let aliases = aliases.map(|(word, command)| (word.to_owned(), command.to_owned())).into();
    let settings = Settings { aliases, ..Settings::default() };
    let mut model = Model::new(KINDS, settings, Keymap::default(), Start::new(at(0), (80, 24)));
    assert!(model.update(at(0), Event::Tick).contains(&Effect::ListProfiles));
    model.update(at(0), Event::Profiles(vec!["dev".into(), "ops".into()]));
    assert_eq!(flash(&model), "config.toml, key `aliases.mine`: unknown profile `opss`; did you mean ops?");
    press(&mut model, "down");
    model.update(at(0), Event::Profiles(vec!["dev".into(), "ops".into()]));
    assert_eq!((flash(&model), model.messages.log.len()), ("", 1));
}
