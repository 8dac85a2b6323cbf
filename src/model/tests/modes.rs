//! Access modes: set by the rule that also sets the environment name, from what is known now.

use super::commands::run;
use super::*;
use crate::{
    aws::Access,
    data::{Connection, Identity},
    model::scope::WriteOverride,
};

fn identity(profile: &str, account: Option<&str>) -> Identity {
    Identity {
        profile: Some(profile.into()),
        account: account.map(Into::into),
        region: Some("us-east-1".into()),
        ..Identity::default()
    }
}

/// A console with these settings in this scope.
fn console_with(settings: &str, write_override: Option<WriteOverride>, identity: Identity) -> Model {
    let settings: Settings = toml::from_str(settings).expect("settings");
    let start = Start { write_override, ..Start::new(at(0), (120, 30)) };
    let mut model = Model::new(KINDS, settings, Keymap::default(), start);
    know(&mut model, identity);
    model
}

fn know(model: &mut Model, identity: Identity) {
    give(model, 0, Snapshot { identity, ..world(1, vec![task("a")]) });
}

/// The environment name (`-` for none) and the mode.
fn name_and_mode(model: &Model) -> (String, WriteMode) {
    let header = model.header();
    assert_eq!(model.sent_access, model.access(), "the guard goes by what the header says");
    (header.environment.map_or_else(|| "-".into(), |(word, _)| word), header.mode)
}

const ACCOUNT_THEN_CLUSTER: &str = "[[scope]]\naccount = \"1*\"\nenv = \"ACCT\"\nmode = \"read-only\"\n\
                                    [[scope]]\ncluster = \"prod\"\nenv = \"EDGY\"\nmode = \"write\"\n";

#[rstest]
#[case::the_account_is_still_to_come(None, ("-", WriteMode::ReadOnly))]
#[case::it_is_the_one_of_the_rule(Some("123"), ("ACCT", WriteMode::ReadOnly))]
#[case::it_is_another(Some("234"), ("EDGY", WriteMode::Write))]
fn name_and_mode_come_from_the_first_matching_rule(#[case] account: Option<&str>, #[case] expected: (&str, WriteMode)) {
    let mut model = console_with(ACCOUNT_THEN_CLUSTER, None, identity("x", None));
    run(&mut model, "svc prod");
    know(&mut model, identity("x", account));
    assert_eq!(name_and_mode(&model), (expected.0.into(), expected.1));
}

#[rstest]
#[case::no_file("", "my-prod", ("PROD", WriteMode::ReadOnly))]
#[case::no_file_and_no_production("", "dev", ("-", WriteMode::ReadOnly))]
#[case::writable_but_for_production("read_only = false", "my-prod", ("PROD", WriteMode::ReadOnly))]
#[case::writable("read_only = false", "dev", ("-", WriteMode::Write))]
#[case::by_region("[[scope]]\nregion = \"us-*\"\nenv = \"US\"\nmode = \"write\"", "dev", ("US", WriteMode::Write))]
#[case::a_word_alone("read_only = false\n[[scope]]\nregion = \"us-*\"\nenv = \"US\"", "dev", ("US", WriteMode::Write))]
#[case::keys_of_the_environment("[[scope]]\nprofile = \"env\"\nenv = \"KEYS\"\nmode = \"write\"", "", ("KEYS", WriteMode::Write))]
fn parts_known_without_a_call_are_sufficient(
    #[case] settings: &str,
    #[case] profile: &str,
    #[case] expected: (&str, WriteMode),
) {
    let known = match profile {
        "" => Identity { profile: None, borrowed: Some("env"), ..identity("", None) },
        name => identity(name, None),
    };
    let model = console_with(settings, None, known);
    assert_eq!(name_and_mode(&model), (expected.0.into(), expected.1));
}

#[test]
fn changes_are_refused_before_the_account_is_known() {
    let model = console_with("read_only = false", None, Identity::default());
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::ReadOnly));
}

#[test]
fn another_cluster_is_decided_again() {
    let mut model = console_with(ACCOUNT_THEN_CLUSTER, None, identity("x", Some("234")));
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::ReadOnly));
    run(&mut model, "svc prod");
    assert_eq!(name_and_mode(&model), ("EDGY".into(), WriteMode::Write));
    run(&mut model, "svc staging");
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::ReadOnly));
}

#[test]
fn a_text_or_a_log_opened_from_all_clusters_has_the_environment_of_its_cluster() {
    let mut model = console_with("read_only = false", None, identity("dev", None));
    run(&mut model, "tasks");
    let mut snapshot = Snapshot { identity: identity("dev", None), ..world(1, vec![task("a")]) };
    for cluster in ["prod", "staging"] {
        let here = (cluster == "prod").then(|| task("a"));
        snapshot.feeds.insert(View::new(tasks().kind, Query::cluster(cluster)), feed(1, here));
    }
    give(&mut model, 1, snapshot);
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::Write));
    for open in ["shift-x", "d"] {
        press(&mut model, open);
        assert_eq!(name_and_mode(&model), ("PROD".into(), WriteMode::ReadOnly), "{open}");
        press(&mut model, "?");
        assert_eq!(name_and_mode(&model).0, "PROD", "the help of that page");
        press(&mut model, "esc");
        press(&mut model, "esc");
        assert_eq!(name_and_mode(&model).0, "-");
    }
}

#[test]
fn permission_does_not_extend_to_another_profile() {
    let rules = "[[scope]]\nprofile = \"static\"\nenv = \"PLAY\"\nmode = \"write\"";
    let mut model = console_with(rules, None, identity("static", None));
    assert_eq!(name_and_mode(&model), ("PLAY".into(), WriteMode::Write));
    run(&mut model, "profile role");
    assert_eq!(model.header().mode, WriteMode::ReadOnly, "not yet known");
    know(&mut model, identity("role", None));
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::ReadOnly));

    run(&mut model, "write");
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::Armed { left: 900 }));
    run(&mut model, "profile other");
    know(&mut model, identity("other", None));
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::ReadOnly));

    let mut model = console_with("", Some(WriteOverride::Write), identity("dev", None));
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::Write));
    run(&mut model, "profile my-prod");
    know(&mut model, identity("my-prod", None));
    assert_eq!(name_and_mode(&model), ("PROD".into(), WriteMode::ReadOnly));
}

#[test]
fn temporary_permission_applies_while_the_same_rule_matches() {
    let mut model = console_with("", None, identity("dev", None));
    run(&mut model, "svc staging");
    run(&mut model, "write 5m");
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::Armed { left: 300 }));
    run(&mut model, "svc prod");
    assert_eq!(name_and_mode(&model), ("PROD".into(), WriteMode::ReadOnly));
    run(&mut model, "svc staging");
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::Armed { left: 300 }));
    run(&mut model, "readonly");
    assert_eq!(name_and_mode(&model), ("-".into(), WriteMode::ReadOnly));
}

#[test]
fn changes_are_allowed_for_a_limited_time() {
    let mut model = console_with("", None, identity("dev", None));
    run(&mut model, "svc staging");
    assert_eq!(name_and_mode(&model).1, WriteMode::ReadOnly);
    let until = Access::WriteUntil(at(300));
    assert_eq!(run(&mut model, "write 5m"), [Effect::SetAccess(until)], "the data layer goes on");
    assert_eq!(front_table(&model).title(), "services(staging)", "the screens stay");
    model.update(at(299), Event::Tick);
    assert_eq!(name_and_mode(&model).1, WriteMode::Armed { left: 1 });
    let effects = model.update(at(300), Event::Tick);
    assert_eq!(but_demands(effects), [Effect::SetAccess(Access::ReadOnly)]);
    assert_eq!(name_and_mode(&model).1, WriteMode::ReadOnly);
    assert!(flash(&model).contains("read-only again"));
}

#[test]
fn the_read_only_flag_applies_everywhere_until_overridden() {
    let rules = "read_only = false";
    let mut model = console_with(rules, Some(WriteOverride::ReadOnly), identity("dev", None));
    assert_eq!(name_and_mode(&model).1, WriteMode::ReadOnly);
    run(&mut model, "profile other");
    know(&mut model, identity("other", None));
    assert_eq!(name_and_mode(&model).1, WriteMode::ReadOnly);
    run(&mut model, "write");
    assert_eq!(name_and_mode(&model).1, WriteMode::Armed { left: 900 });
}

#[test]
fn the_history_has_no_views_of_another_scope() {
    let mut model = console_with("", None, identity("dev", None));
    run(&mut model, "svc prod");
    run(&mut model, "task prod");
    run(&mut model, "profile other");
    let home = front_table(&model).title();
    for key in ["-", "["] {
        press(&mut model, key);
        assert_eq!(front_table(&model).title(), home);
    }
    run(&mut model, "profile dev");
    press(&mut model, "-");
    assert_eq!(front_table(&model).title(), home);
}

#[test]
fn credentials_of_another_account_open_another_scope() {
    let mut model = console_with("", None, identity("dev", Some("1")));
    run(&mut model, "write");
    run(&mut model, "svc prod");
    let failure = Arc::new(Failure::of_another_account("ListServices", "2", "1"));
    let connection = Connection { failure: Some(failure), ..Connection::default() };
    let identity = identity("dev", Some("1"));
    let snapshot = Snapshot { identity, connection, ..world(2, vec![task("a")]) };
    let effects = model.update(at(1), Event::Snapshot(Arc::new(snapshot)));
    assert!(effects.contains(&Effect::Switch(model.scope.clone())), "{effects:?}");
    assert_eq!(name_and_mode(&model).1, WriteMode::ReadOnly);
    assert_eq!(model.snapshot.feeds.len(), 0);
    assert_ne!(front_table(&model).title(), "services(prod)");
    assert_eq!(flash(&model), "the credentials are now those of account 2, not of 1");
}

fn patterns() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("a")), Just(Some("b")), Just(Some("*"))]
}

fn known() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))]
}

proptest! {
    /// With any rules and any knowledge: a rule sets both or neither, and an undecided mode is read-only. A decision is
    /// unchanged when the account becomes known.
    #[test]
    fn name_and_mode_are_from_the_same_rule(
        rules in prop::collection::vec((patterns(), patterns(), patterns(), any::<bool>()), 0..4),
        (profile, account, cluster) in (known(), known(), known()),
        read_only in any::<bool>(),
    ) {
        let mut text = format!("read_only = {read_only}\n");
        if rules.is_empty() {
            text += "scope = []\n";
        }
        for (place, (profile, account, cluster, write)) in rules.iter().enumerate() {
            text += &format!("[[scope]]\nenv = \"{place}\"\nmode = \"{}\"\n", if *write { "write" } else { "read-only" });
            for (key, pattern) in [("profile", profile), ("account", account), ("cluster", cluster)] {
                text += &pattern.map(|pattern| format!("{key} = \"{pattern}\"\n")).unwrap_or_default();
            }
        }
        let settings: Settings = toml::from_str(&text).expect("settings");
        let with = |account: Option<&str>| Identity {
            profile: profile.map(Into::into),
            ..Identity { account: account.map(Into::into), ..identity("", None) }
        };
        let state = settings.scope_state(&with(account), cluster);
        let careful = scope::AccessMode::ReadOnly;
        match state.rule {
            Some(place) => prop_assert_eq!(state.mode == careful, !rules[place].3),
            None if account.is_some() => prop_assert_eq!(state.mode == careful, read_only),
            None => prop_assert!(state.mode == careful || !read_only),
        }
        let before = settings.scope_state(&with(None), cluster);
        let after = settings.scope_state(&with(Some("a")), cluster);
        prop_assert!(before == after || before.mode == careful && before.rule.is_none(), "{:?} {:?}", before, after);
    }
}
