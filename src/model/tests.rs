//! The model by keys: what is seen, and what is to be done about it.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::{
    document::{Raw, Source},
    fixture::*,
    header::Mode,
    settings::{HeaderSize, Quit},
    *,
};
use crate::{
    aws::{Failure, Trouble},
    data::Request,
    resource::{Query, Status, View},
};

fn failure(trouble: Trouble) -> Arc<Failure> {
    Arc::new(Failure {
        operation: "ListTasks",
        trouble,
        code: None,
        message: "something is wrong".into(),
        advice: None,
        at: at(0),
    })
}

/// In the tasks of `prod`'s service `api`.
fn in_tasks() -> Model {
    let mut model = console();
    press(&mut model, "enter enter");
    model
}

fn demands(effects: &[Effect]) -> Vec<&Demand> {
    effects.iter().filter_map(|effect| if let Effect::Demand(demand) = effect { Some(demand) } else { None }).collect()
}

fn scope(profile: Option<&str>, region: Option<&str>, read_only: bool) -> ScopeSpec {
    ScopeSpec { profile: profile.map(Into::into), region: region.map(Into::into), endpoint_url: None, read_only }
}

mod journeys {
    use super::*;

    #[test]
    fn from_the_clusters_to_the_task_that_failed_and_back() {
        let mut model = console();
        assert_eq!(names(front_table(&model)), ["prod", "staging"]);
        press(&mut model, "enter");
        assert_eq!((front_table(&model).title(), model.cluster.as_deref()), ("services(prod)".into(), Some("prod")));
        press(&mut model, "enter ctrl-z");
        assert_eq!(names(front_table(&model)), ["b"]);
        press(&mut model, "enter");
        let text = front_text(&model);
        assert_eq!(text.title, "describe task b");
        assert!(text.text().contains("OutOfMemory"), "a row that leads nowhere is described: {}", text.text());
        assert_eq!(model.crumbs(), ["clusters", "services(prod)", "tasks(api)", "describe task b"]);
        press(&mut model, "q");
        assert!(front_table(&model).faults_only);
        press(&mut model, "esc");
        assert!(!front_table(&model).faults_only, "esc leaves a layer");
        press(&mut model, "esc esc");
        assert_eq!(front_table(&model).title(), "clusters");
        press(&mut model, "q");
        assert!(flash(&model).contains("ctrl-c twice"));
    }

    #[test]
    fn a_filter_is_seen_while_it_is_typed_and_esc_takes_it_back() {
        let mut model = in_tasks();
        press(&mut model, "/");
        type_in(&mut model, "exit=1");
        assert_eq!(front_table(&model).rows.len(), 0);
        type_in(&mut model, "37");
        assert_eq!(names(front_table(&model)), ["b"]);
        // What can't be read yet leaves the last good one in force, and says what is wrong.
        type_in(&mut model, " \"");
        let fault = model.overlay.as_ref().and_then(|overlay| overlay.prompt().fault.clone());
        assert_eq!(fault.map(|fault| fault.at), Some(9));
        assert_eq!(names(front_table(&model)), ["b"]);
        assert_eq!(press(&mut model, "enter"), [], "what can't be read is not entered");
        assert!(model.overlay.is_some());
        press(&mut model, "esc");
        assert!(model.overlay.is_none());
        assert_eq!(names(front_table(&model)), ["a", "b", "c"]);
    }

    #[test]
    fn an_entered_filter_stays_is_remembered_and_comes_back_preselected() {
        let mut model = in_tasks();
        press(&mut model, "/");
        type_in(&mut model, "!b");
        let remembered = Effect::Remember { list: "filters", entry: "!b".into() };
        assert_eq!(but_demands(press(&mut model, "enter")), [remembered]);
        assert_eq!(names(front_table(&model)), ["a", "c"]);
        press(&mut model, "/ x");
        assert_eq!(model.overlay.as_ref().map(|overlay| overlay.prompt().text()), Some("x"));
        press(&mut model, "esc / up enter");
        assert_eq!(front_table(&model).filter.text(), "!b");
        press(&mut model, "ctrl-u");
        assert_eq!(front_table(&model).rows.len(), 3);
    }

    #[test]
    fn running_tasks_stopped_ones_all() {
        let mut model = in_tasks();
        press(&mut model, "x");
        assert_eq!(front_table(&model).view.query.status, Status::Stopped);
        assert_eq!(names(front_table(&model)), ["b"]);
        press(&mut model, "x");
        assert_eq!(front_table(&model).view.query.status, Status::All);
        press(&mut model, "esc");
        assert_eq!(front_table(&model).title(), "services(prod)", "the three take each other's place");
        press(&mut model, "x");
        assert_eq!(front_table(&model).title(), "tasks(api, stopped)");
    }

    #[test]
    fn the_history_goes_back_and_forth() {
        let mut model = in_tasks();
        let title = |model: &Model| front_table(model).title();
        press(&mut model, "[");
        assert_eq!(title(&model), "services(prod)");
        press(&mut model, "[");
        assert_eq!(title(&model), "clusters");
        press(&mut model, "[");
        assert_eq!((title(&model), flash(&model)), ("clusters".into(), "this is where the history begins"));
        press(&mut model, "] ]");
        assert_eq!(title(&model), "tasks(api)");
        press(&mut model, "]");
        assert_eq!(flash(&model), "this is where the history ends");
        press(&mut model, "-");
        assert_eq!(title(&model), "services(prod)");
        press(&mut model, "-");
        assert_eq!(title(&model), "tasks(api)");
    }

    #[test]
    fn digits_change_the_cluster_and_keep_the_arrangement() {
        let mut model = console();
        press(&mut model, "2");
        assert_eq!(front_table(&model).title(), "services(staging)");
        press(&mut model, "shift-p ctrl-z 1");
        let table = front_table(&model);
        assert_eq!((table.title(), table.faults_only, table.sort.column), ("services(prod)".into(), true, 1));
        press(&mut model, "0");
        assert_eq!((front_table(&model).title(), model.cluster.as_deref()), ("services(all)".into(), None));
        assert_eq!(model.crumbs(), ["clusters", "services(all)"]);
        press(&mut model, "9");
        assert_eq!(flash(&model), "there are fewer than 9 clusters");
    }

    #[test]
    fn raw_json_is_asked_for_shown_masked_and_revealed() {
        let mut model = in_tasks();
        let id: Arc<str> = "arn:aws:ecs:eu-west-1:1:task/prod/a".into();
        let asked = Request::Raw { kind: &TASK, query: tasks().query, id: id.clone() };
        assert_eq!(but_demands(press(&mut model, "y")), [Effect::Request(asked.clone())]);
        assert!(matches!(front_text(&model).source, Source::Raw(_, Raw::Asked)));
        let value = json!({"environment": [{"name": "API_TOKEN", "value": "hunter2"}]});
        model.update(at(1), Event::Done(Done::Raw { id, result: Ok(value) }));
        assert!(!front_text(&model).text().contains("hunter2"));
        let copied = press(&mut model, "c");
        assert!(matches!(&copied[..], [Effect::Copy(text)] if !text.contains("hunter2") && text.contains("API_TOKEN")));
        press(&mut model, "x");
        assert!(front_text(&model).text().contains("hunter2"));
        assert_eq!(but_demands(press(&mut model, "ctrl-r")), [Effect::Request(asked)]);
        press(&mut model, "y");
        assert_eq!(front_text(&model).title, "describe task a");
        press(&mut model, "esc");
        assert_eq!(front_table(&model).title(), "tasks(api)");
    }

    #[test]
    fn an_answer_nobody_waits_for_any_more_is_dropped_and_a_failed_one_is_shown() {
        let mut model = in_tasks();
        press(&mut model, "y");
        let answer = |id: &str, result| Event::Done(Done::Raw { id: id.into(), result });
        model.update(at(1), answer("another", Ok(json!({}))));
        assert!(matches!(front_text(&model).source, Source::Raw(_, Raw::Asked)));
        let id = "arn:aws:ecs:eu-west-1:1:task/prod/a";
        model.update(at(1), answer(id, Err((*failure(Trouble::Denied)).clone())));
        assert!(
            matches!(&front_text(&model).source, Source::Raw(_, Raw::Failed(failure)) if failure.trouble == Trouble::Denied)
        );
    }

    #[test]
    fn a_description_follows_its_row() {
        let mut model = in_tasks();
        press(&mut model, "d");
        give(&mut model, 1, world(2, vec![stopped("a", 1, "a new reason")]));
        assert!(front_text(&model).text().contains("a new reason"));
        give(&mut model, 2, world(3, vec![task("z")]));
        let text = front_text(&model);
        assert!(text.source.subject().is_some_and(|subject| subject.gone));
        assert!(text.text().contains("a new reason"), "what was last known stays");
    }

    #[test]
    fn related_views_are_opened_or_it_is_said_that_there_are_none() {
        let mut model = in_tasks();
        press(&mut model, "t");
        assert_eq!(flash(&model), "this task has no task definition");
        press(&mut model, "shift-j");
        assert_eq!(front_table(&model).title(), "services(prod)");
        assert_eq!(model.crumbs().len(), 2, "the view on the stack is gone back to");
    }
}

mod commands {
    use super::*;

    fn run(model: &mut Model, line: &str) -> Vec<Effect> {
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
    fn views_are_opened_by_any_of_their_names(#[case] line: &str, #[case] title: &str, #[case] filter: &str) {
        let mut model = console();
        model.settings.aliases.insert("mine".into(), ":task prod /is:fault".into());
        run(&mut model, line);
        assert_eq!((front_table(&model).title().as_str(), front_table(&model).filter.text()), (title, filter));
    }

    #[test]
    fn the_last_cluster_is_meant_where_none_is_named() {
        let mut model = console();
        run(&mut model, "svc prod");
        press(&mut model, "esc");
        run(&mut model, "task");
        assert_eq!(front_table(&model).title(), "tasks(prod)");
        run(&mut model, "task all");
        assert_eq!(front_table(&model).title(), "tasks(all)");
    }

    #[rstest]
    #[case("servce", "no command `servce`; did you mean service")]
    #[case("svc prdo", "no cluster `prdo`; did you mean prod?")]
    #[case("task prod /exit=", "filter, character 6: a value is missing after =")]
    #[case("region eu-wset-1", "no Region `eu-wset-1`; did you mean eu-west-1")]
    #[case("theme xyzzy", "no theme `xyzzy`; one of terminal")]
    #[case("refresh soon", "`soon` is no interval")]
    #[case("write forever", "`forever` is no length of time")]
    #[case("sort colour", "clusters have no column `colour`; one of name")]
    #[case("save docx", "tables can't be saved as `docx`")]
    #[case("cl prod staging", "`staging` is one word too many")]
    #[case("filter exit", "")]
    fn mistakes_change_nothing_and_are_told(#[case] line: &str, #[case] told: &str) {
        let mut model = console();
        assert_eq!(run(&mut model, line), []);
        assert_eq!(front_table(&model).title(), "clusters");
        assert!(flash(&model).starts_with(told), "{}", flash(&model));
    }

    #[test]
    fn a_cluster_is_taken_at_its_word_before_any_is_known() {
        let mut model = Model::new(KINDS, Settings::default(), Keymap::default(), Start::new(at(0), (80, 24)));
        run(&mut model, "task prod");
        assert_eq!(front_table(&model).title(), "tasks(prod)");
    }

    #[test]
    fn another_scope_starts_afresh() {
        let mut model = in_tasks();
        model.scope = scope(Some("dev"), Some("eu-west-1"), true);
        let effects = run(&mut model, "region eu-central-1");
        assert_eq!(effects, [Effect::Switch(scope(Some("dev"), Some("eu-central-1"), true))]);
        assert_eq!((model.crumbs(), model.snapshot.revision), (vec!["clusters".into()], 0));
        // A profile brings its own Region.
        let effects = run(&mut model, "profile ops");
        assert_eq!(effects, [Effect::Switch(scope(Some("ops"), None, true))]);
        let effects = run(&mut model, "svc live /x @ops/us-east-1");
        assert_eq!(effects, [Effect::Switch(scope(Some("ops"), Some("us-east-1"), true))]);
        let table = front_table(&model);
        assert_eq!((table.title().as_str(), table.filter.text()), ("services(live)", "x"));
        assert_eq!(run(&mut model, "region us-east-1"), []);
    }

    #[test]
    fn another_data_layer_is_told_what_is_looked_at() {
        let mut model = in_tasks();
        model.scope.read_only = true;
        let effects = run(&mut model, "write");
        assert!(matches!(effects[..], [Effect::Switch(_)]));
        press(&mut model, ":");
        type_in(&mut model, "readonly");
        let effects = press(&mut model, "enter");
        assert_eq!(demands(&effects).len(), 1, "{effects:?}");
    }

    #[test]
    fn writing_is_allowed_for_a_while() {
        let mut model = in_tasks();
        model.scope.read_only = true;
        assert_eq!(model.header().mode, Mode::ReadOnly);
        assert_eq!(run(&mut model, "write 5m"), [Effect::Switch(scope(None, None, false))]);
        assert_eq!(model.header().mode, Mode::Armed { left: 300 });
        assert_eq!(front_table(&model).title(), "tasks(api)", "the screens stay");
        assert_eq!(but_demands(model.update(at(299), Event::Tick)), []);
        assert_eq!(model.header().mode, Mode::Armed { left: 1 });
        assert_eq!(but_demands(model.update(at(300), Event::Tick)), [Effect::Switch(scope(None, None, true))]);
        assert_eq!(model.header().mode, Mode::ReadOnly);
        assert!(flash(&model).contains("read-only again"));
    }

    #[test]
    fn refreshing_is_by_hand_at_an_interval_or_off() {
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
    fn the_palette_completes_and_enter_runs_what_is_shown() {
        let mut model = console();
        press(&mut model, ":");
        type_in(&mut model, "serv");
        let Some(Overlay::Command(palette)) = &model.overlay else { panic!("no palette") };
        assert_eq!((palette.candidates[0].text.as_str(), palette.prompt.ghost.as_str()), ("service", "ice"));
        assert_eq!(palette.candidates[0].matched, [0, 1, 2, 3]);
        press(&mut model, "tab");
        type_in(&mut model, " st");
        press(&mut model, "tab");
        assert_eq!(model.overlay.as_ref().map(|overlay| overlay.prompt().text()), Some("service staging"));
        let effects = press(&mut model, "enter");
        assert!(effects.contains(&Effect::Remember { list: "commands", entry: "service staging".into() }));
        assert_eq!(front_table(&model).title(), "services(staging)");
        press(&mut model, ":");
        type_in(&mut model, "ser");
        assert_eq!(model.overlay.as_ref().map(|overlay| overlay.prompt().ghost.as_str()), Some("vice staging"));
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
    fn arguments_are_completed_by_what_they_are(#[case] line: &str, #[case] first: &str) {
        let mut model = console();
        model.settings.aliases.insert("mine".into(), "task".into());
        model.update(at(0), Event::Profiles(vec!["dev".into(), "ops".into()]));
        press(&mut model, ":");
        type_in(&mut model, line);
        let Some(Overlay::Command(palette)) = &model.overlay else { panic!("no palette") };
        assert_eq!(palette.candidates.first().map(|candidate| candidate.text.as_str()), Some(first));
    }

    #[test]
    fn esc_closes_the_palette_and_a_paste_runs_nothing() {
        let mut model = console();
        press(&mut model, ":");
        let effects = model.update(at(0), Event::Paste("q\nq\n".into()));
        assert_eq!(effects, []);
        assert_eq!(model.overlay.as_ref().map(|overlay| overlay.prompt().text()), Some("q q"));
        press(&mut model, "esc");
        assert!(model.overlay.is_none());
        assert_eq!(model.update(at(0), Event::Paste("q".into())), []);
    }

    #[test]
    fn a_start_may_bring_a_cluster_a_command_and_a_filter() {
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
        assert_eq!(demands(&effects)[0].front, Some(View::new(&TASK, Query::cluster("prod"))));
        let start = Start { command: Some("nonsense".into()), ..Start::new(at(0), (80, 24)) };
        let model = Model::new(KINDS, Settings::default(), Keymap::default(), start);
        assert!(flash(&model).starts_with("no command `nonsense`"));
    }
}

mod taking_along {
    use super::*;

    #[test]
    fn names_are_copied_one_a_line() {
        let mut model = in_tasks();
        assert_eq!(but_demands(press(&mut model, "c")), [Effect::Copy("a".into())]);
        assert_eq!(but_demands(press(&mut model, "space space c")), [Effect::Copy("a\nb".into())]);
        assert_eq!(but_demands(press(&mut model, "ctrl-\\ n")), [Effect::Copy("prod".into())]);
    }

    #[test]
    fn the_aws_command_names_its_scope() {
        let mut model = in_tasks();
        model.scope = scope(Some("my profile"), Some("eu-west-1"), true);
        let command = "aws ecs describe-tasks --cluster prod --tasks arn:aws:ecs:eu-west-1:1:task/prod/a \
                       --profile 'my profile' --region eu-west-1";
        assert_eq!(but_demands(press(&mut model, "ctrl-y")), [Effect::Copy(command.into())]);
        press(&mut model, "esc esc ctrl-y");
        assert_eq!(flash(&model), "no aws command shows a cluster");
    }

    #[test]
    fn a_field_is_picked_by_typing_some_of_it() {
        let mut model = in_tasks();
        press(&mut model, "j shift-c");
        type_in(&mut model, "reason");
        assert_eq!(but_demands(press(&mut model, "enter")), [Effect::Copy("OutOfMemory".into())]);
        press(&mut model, "shift-c");
        type_in(&mut model, "locator");
        assert_eq!(but_demands(press(&mut model, "enter")), [Effect::Copy("scope://-/-/prod/task/b".into())]);
        press(&mut model, "shift-c esc");
        assert!(model.overlay.is_none());
    }

    #[test]
    fn what_is_shown_is_saved() {
        let mut model = in_tasks();
        press(&mut model, "ctrl-z");
        let saved = |effects: Vec<Effect>| match but_demands(effects).pop() {
            Some(Effect::Save { name, extension, content }) => (name, extension, content),
            other => panic!("{other:?}"),
        };
        let (name, extension, content) = saved(press(&mut model, "ctrl-s"));
        assert_eq!((name.as_str(), extension), ("tasks(api)", "csv"));
        assert_eq!(content, "name,status,exit,age,reason,memory\r\nb,stopped,137,0s,OutOfMemory,512Mi\r\n");
        press(&mut model, ":");
        type_in(&mut model, "save json");
        let (_, _, content) = saved(press(&mut model, "enter"));
        let json: serde_json::Value = serde_json::from_str(&content).unwrap();
        assert_eq!(json["tasks"][0]["exit"], 137);
    }
}

mod time {
    use super::*;

    #[test]
    fn nothing_moves_on_fresh_data_without_ages() {
        let mut model = console();
        // Late after a minute, and slower without keys after five.
        assert_eq!(model.next_tick(), Some(at(60) + jiff::SignedDuration::from_millis(1)));
        let mut fresh = world(1, vec![]);
        fresh.feeds.values_mut().for_each(|feed| feed.fetched = Some(at(1000)));
        give(&mut model, 1, fresh);
        assert_eq!(model.next_tick(), Some(at(300)));
        model.update(at(300), Event::Tick);
        assert_eq!(model.next_tick(), Some(at(1060) + jiff::SignedDuration::from_millis(1)));
        assert_eq!(model.demand().slowdown, 4);
        model.update(at(1800), Event::Tick);
        assert_eq!(model.demand().slowdown, 12);
        press(&mut model, "j");
        assert_eq!(model.demand().slowdown, 1);
        model.update(at(1800), Event::Focus(false));
        assert_eq!(model.demand().slowdown, 4);
    }

    #[test]
    fn ages_in_sight_tick_and_draw_only_when_their_text_changes() {
        let mut model = in_tasks();
        model.take_dirty();
        assert_eq!(model.next_tick(), Some(at(1)));
        model.update(at(1), Event::Tick);
        assert!(model.take_dirty());
        model.update(at(1) + jiff::SignedDuration::from_millis(500), Event::Tick);
        assert!(!model.take_dirty(), "no text differs within a second");
    }

    #[test]
    fn late_data_show_their_age_as_coarsely_as_they_tick() {
        let mut model = console();
        assert_eq!(model.header().age, None);
        model.update(at(61), Event::Tick);
        assert_eq!(model.header().age, Some(60));
        assert_eq!(model.next_tick(), Some(at(120)));
        press(&mut model, "=");
        assert!(model.header().paused);
        model.update(at(3700), Event::Tick);
        assert_eq!(model.header().age, Some(3600));
    }

    #[test]
    fn changed_cells_are_marked_for_five_seconds() {
        let mut model = in_tasks();
        let mut changed = world(2, vec![task("a")]);
        let feed = changed.feeds.get_mut(&tasks()).unwrap();
        let entry = crate::data::Entry { changed: 0b10, changed_at: Some(at(0)), ..feed.rows[0].clone() };
        feed.rows = Arc::new(vec![entry]);
        give(&mut model, 0, changed);
        assert_eq!(table::fresh(&front_table(&model).rows[0], at(4)), 0b10);
        assert_eq!(table::fresh(&front_table(&model).rows[0], at(5)), 0);
    }

    #[test]
    fn flashes_fade_and_a_retry_is_counted_down() {
        let mut model = console();
        press(&mut model, "q");
        assert_eq!(model.next_tick(), Some(at(6)));
        model.take_dirty();
        model.update(at(6), Event::Tick);
        assert!(model.take_dirty() && flash(&model).is_empty());
        let mut throttled = world(2, vec![]);
        throttled.link.failure = Some(failure(Trouble::Throttled));
        throttled.link.retry_at = Some(at(15));
        give(&mut model, 7, throttled);
        assert_eq!((model.header().api.as_str(), model.next_tick()), ("throttled, next in 8s", Some(at(8))));
    }

    #[test]
    fn data_that_change_nothing_shown_make_no_frame() {
        let mut model = in_tasks();
        model.take_dirty();
        let same = || vec![task("a"), stopped("b", 137, "OutOfMemory"), task("c")];
        give(&mut model, 0, world(2, same()));
        assert!(!model.take_dirty(), "equal rows at another revision");
        let mut elsewhere = world(3, same());
        elsewhere.feeds.insert(services(), feed(9, ["api", "new"].map(service)));
        give(&mut model, 0, elsewhere);
        assert!(!model.take_dirty(), "a view that isn't seen");
        give(&mut model, 0, world(4, vec![task("a")]));
        assert!(model.take_dirty());
        let mut busier = world(4, vec![task("a")]);
        busier.link.calls_per_minute = 12;
        give(&mut model, 0, busier);
        assert!(model.take_dirty(), "the header shows the calls");
    }
}

mod demand {
    use super::*;

    #[test]
    fn what_is_seen_and_what_lies_beneath_is_asked_for() {
        let mut model = Model::new(KINDS, Settings::default(), Keymap::default(), Start::new(at(0), (80, 24)));
        let first = model.update(at(0), Event::Tick);
        assert_eq!(demands(&first)[0].front, Some(clusters()));
        let effects = give(&mut model, 0, world(1, (0..100).map(|number| task(&format!("t{number:03}"))).collect()));
        assert_eq!(demands(&effects)[0].visible.len(), 2);
        let effects = press(&mut model, "enter enter");
        let last = demands(&effects).pop().unwrap();
        assert_eq!(last.front, Some(tasks()));
        assert_eq!(last.behind, [services(), clusters()]);
        let page = usize::from(model.layout().page);
        assert_eq!(last.visible.len(), 2 * page, "the rows in sight and a page below");
        assert_eq!(press(&mut model, "j"), [], "moving within the page asks for nothing new");
        assert_eq!(demands(&press(&mut model, "pgdn"))[0].visible.len(), 2 * page + 1);
    }

    #[test]
    fn a_text_keeps_its_row_in_demand() {
        let mut model = in_tasks();
        press(&mut model, "d");
        let demand = model.demand();
        assert_eq!((demand.front, demand.visible.len()), (Some(tasks()), 1));
        press(&mut model, "?");
        assert_eq!(model.demand().front, None);
        assert_eq!(model.demand().behind[0], tasks());
    }
}

mod shell {
    use super::*;

    #[rstest]
    #[case(Quit::Single, &[(0, true)])]
    #[case(Quit::Double, &[(0, false), (3, false), (5, true)])]
    #[case(Quit::Never, &[(0, false), (1, false)])]
    fn ctrl_c_quits_as_it_is_set(#[case] setting: Quit, #[case] presses: &[(i64, bool)]) {
        let mut model = console();
        model.settings.quit = setting;
        for (second, quits) in presses {
            let effects = model.update(at(*second), Event::Key(key_event("ctrl-c")));
            assert_eq!(effects.contains(&Effect::Quit), *quits, "{second}");
        }
    }

    #[test]
    fn ctrl_c_in_a_prompt_only_cancels_it() {
        let mut model = console();
        assert_eq!(but_demands(press(&mut model, "/ ctrl-c")), []);
        assert!(model.overlay.is_none());
    }

    #[test]
    fn the_scope_is_picked_among_clusters_regions_and_profiles() {
        let mut model = console();
        assert_eq!(but_demands(press(&mut model, "ctrl-p")), [Effect::ListProfiles]);
        model.update(at(0), Event::Profiles(vec!["operations".into()]));
        type_in(&mut model, "operat");
        let effects = but_demands(press(&mut model, "enter"));
        assert_eq!(effects, [Effect::Switch(scope(Some("operations"), None, false))]);
        give(&mut model, 0, world(1, vec![]));
        press(&mut model, "ctrl-p down enter");
        assert_eq!(front_table(&model).title(), "services(staging)");
    }

    #[test]
    fn help_lists_every_action_and_narrows_to_what_is_typed() {
        let mut model = console();
        press(&mut model, "?");
        let text = front_text(&model).text();
        for action in ACTIONS {
            assert!(text.contains(action.about), "{}", action.name);
        }
        press(&mut model, "/");
        type_in(&mut model, "warp");
        press(&mut model, "enter");
        assert_eq!(front_text(&model).lines.len(), 0, "what is looked for is in no line");
        press(&mut model, "/");
        type_in(&mut model, "row's cluster");
        press(&mut model, "enter");
        assert_eq!(front_text(&model).lines.len(), 3);
        press(&mut model, "esc");
        assert!(front_text(&model).search.is_none());
        press(&mut model, "?");
        assert_eq!(front_table(&model).title(), "clusters");
    }

    #[test]
    fn messages_are_kept_and_read_again() {
        let mut model = console();
        let notice = Notice { level: Level::Error, text: "ListTasks: denied".into() };
        model.update(at(3600), Event::Told(notice.clone()));
        assert_eq!(flash(&model), "ListTasks: denied");
        press(&mut model, "!");
        assert_eq!(flash(&model), "", "a key has seen it");
        assert_eq!(front_text(&model).text(), "01:00:00  error  ListTasks: denied\n");
        model.update(at(3601), Event::Told(notice));
        assert_eq!(front_text(&model).lines.len(), 2);
    }

    #[test]
    fn hints_are_the_table_s_and_follow_the_place() {
        let mut model = in_tasks();
        let hints = model.hints();
        assert!(hints.windows(2).all(|pair| pair[0].rank <= pair[1].rank));
        let texts = |model: &Model| model.hints().iter().map(|hint| hint.text).collect::<Vec<_>>();
        assert!(texts(&model).contains(&"stopped") && !texts(&model).contains(&"wrap"));
        press(&mut model, "d");
        assert!(texts(&model).contains(&"wrap") && !texts(&model).contains(&"stopped"));
    }

    #[test]
    fn rebound_keys_call_their_action() {
        let mut model = console();
        model.keymap.rebind("pause", &["f9"]).unwrap();
        press(&mut model, "=");
        assert!(!model.paused);
        press(&mut model, "f9");
        assert!(model.paused);
    }

    #[test]
    fn troubles_of_the_link_are_put_in_few_words() {
        let api = |trouble, attempts| {
            let mut model = console();
            let mut snapshot = world(2, vec![]);
            snapshot.link.failure = Some(failure(trouble));
            snapshot.link.attempts = attempts;
            give(&mut model, 0, snapshot);
            model.header().api
        };
        assert_eq!(api(Trouble::Offline, 4), "offline, retry 4");
        assert_eq!(api(Trouble::Credentials, 1), "no credentials");
        assert_eq!(api(Trouble::Throttled, 1), "throttled");
    }
}

mod sizes {
    use super::*;

    #[rstest]
    #[case((200, 50), 4, 43)]
    #[case((120, 30), 4, 23)]
    #[case((119, 30), 2, 25)]
    #[case((120, 29), 2, 24)]
    #[case((80, 24), 2, 19)]
    #[case((79, 24), 1, 20)]
    #[case((80, 23), 1, 19)]
    #[case((50, 12), 1, 8)]
    #[case((49, 12), 0, 9)]
    #[case((1, 1), 0, 1)]
    #[case((0, 0), 0, 1)]
    fn tiers(#[case] size: (u16, u16), #[case] header: u16, #[case] page: u16) {
        let mut model = console();
        model.update(at(0), Event::Resize(size.0, size.1));
        let layout = model.layout();
        assert_eq!((layout.header, layout.page), (header, page));
        assert!(layout.body + layout.body_height <= size.1.max(1));
    }

    #[test]
    fn header_and_crumbs_make_room() {
        let mut model = console();
        let page = model.layout().page;
        press(&mut model, "ctrl-e");
        assert_eq!((model.settings.header, model.layout().page), (HeaderSize::Compact, page + 3));
        press(&mut model, "ctrl-e ctrl-g");
        assert_eq!(model.layout().page, page + 5);
        press(&mut model, "ctrl-e ctrl-g");
        assert_eq!(model.layout().page, page);
    }

    fn shown(model: &Model, width: u16) -> Vec<&'static str> {
        let table = front_table(model);
        let columns = (table.view.kind.columns)();
        let slots = layout::columns(table, width, 20, &model.cx());
        slots.iter().map(|slot| columns[slot.column].name).collect()
    }

    #[test]
    fn narrow_screens_leave_out_what_matters_least_and_scrolling_brings_it_back() {
        let mut model = in_tasks();
        assert_eq!(shown(&model, 120), ["name", "status", "exit", "age", "reason"]);
        assert_eq!(shown(&model, 35), ["name", "status", "exit", "age"]);
        assert_eq!(shown(&model, 5), ["name"]);
        press(&mut model, "ctrl-w");
        assert_eq!(shown(&model, 120).last(), Some(&"memory"));
        press(&mut model, "right right");
        assert_eq!(shown(&model, 40), ["name", "age", "reason", "memory"]);
        press(&mut model, "right right right right right");
        assert_eq!(shown(&model, 40), ["name", "memory"]);
        press(&mut model, "left");
        assert_eq!(shown(&model, 40), ["name", "reason", "memory"]);
    }

    proptest! {
        #[test]
        fn columns_never_overlap_and_keep_their_limits(width in 0u16..300, left in 0usize..8) {
            let mut model = in_tasks();
            model.table_mut(|table| table.left = left);
            let table = front_table(&model);
            let columns = (table.view.kind.columns)();
            let slots = layout::columns(table, width, 20, &model.cx());
            for pair in slots.windows(2) {
                prop_assert!(pair[0].x + pair[0].width < pair[1].x);
            }
            for slot in &slots {
                prop_assert!(slot.width <= columns[slot.column].max);
            }
            if let Some(last) = slots.last().filter(|_| width >= 40) {
                prop_assert!(last.x + last.width <= width);
            }
        }
    }
}

/// Anything a person, the data or time may do.
fn any_event() -> impl Strategy<Value = Event> {
    let keys: Vec<String> = ACTIONS
        .iter()
        .flat_map(|action| action.keys.iter().copied())
        .chain(prompt::EDITS.iter().flat_map(|(keys, ..)| keys.iter().copied()))
        .map(str::to_owned)
        .collect();
    let typed = prop::sample::select("abeistx0=<>:!/\"(~|- @é日".chars().map(String::from).collect::<Vec<_>>());
    let rows = prop::collection::vec(0u8..6, 0..6);
    prop_oneof![
        12 => prop::sample::select(keys).prop_map(|key| Event::Key(key_event(&key))),
        6 => typed.prop_map(|key| Event::Key(key_event(if key == " " { "space" } else { &key }))),
        1 => ".{0,12}".prop_map(Event::Paste),
        1 => (0u16..200, 0u16..60).prop_map(|(width, height)| Event::Resize(width, height)),
        1 => any::<bool>().prop_map(Event::Focus),
        1 => Just(Event::Tick),
        1 => Just(Event::Profiles(vec!["dev".into(), "ops".into()])),
        1 => Just(Event::Done(Done::Raw {
            id: "arn:aws:ecs:eu-west-1:1:task/prod/t1".into(),
            result: Ok(json!({"a": [{"name": "TOKEN", "value": "x"}]})),
        })),
        3 => (any::<u64>(), rows).prop_map(|(revision, rows)| {
            let tasks = rows.into_iter().map(|number| stopped(&format!("t{number}"), i32::from(number), "why")).collect();
            Event::Snapshot(Arc::new(world(revision, tasks)))
        }),
        1 => Just(Event::Snapshot(Arc::default())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_events_makes_it_panic(events in prop::collection::vec((0i64..100, any_event()), 1..60)) {
        let mut model = console();
        let mut now = 0;
        for (seconds, event) in events {
            now += seconds;
            model.update(at(now), event);
            // Everything rendering asks for must hold, too.
            model.header();
            model.hints();
            model.crumbs();
            prop_assert!(model.next_tick().is_none_or(|tick| tick >= model.now));
            let layout = model.layout();
            if let Screen::Table(table) = &model.front {
                layout::columns(table, layout.width, layout.page, &model.cx());
                let selected = table.current().map(|entry| entry.row.id().to_owned());
                prop_assert_eq!(table.selected.as_deref(), selected.as_deref());
                prop_assert!(table.rows.is_empty() || table.in_sight(layout.page).contains(&table.cursor));
            }
        }
    }
}
