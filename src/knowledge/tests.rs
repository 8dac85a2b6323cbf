//! Every rule recognises its own sample messages, unchanged and as AWS garbles them.

use std::collections::BTreeSet;

use regex::bytes::RegexBuilder;
use rstest::rstest;

use super::{names::PLACEHOLDERS, *};

/// Id of the rule that the table of `rule` finds for `text`.
fn matched_id(rule: &Rule, text: &str) -> Option<&'static str> {
    let found = match rule.id.split('-').next() {
        Some("EV") => of_event(text),
        Some("ROLL" | "SD") => of_rollout(text),
        _ => of_reason(*rule.places.first()?, text),
    };
    found.map(|rule| rule.id)
}

fn matched() -> impl Iterator<Item = &'static Rule> {
    rules().filter(|rule| !rule.patterns.is_empty())
}

fn each_sample() -> impl Iterator<Item = (&'static Rule, &'static str)> {
    matched().flat_map(|rule| rule.samples.iter().map(move |sample| (rule, *sample)))
}

/// Asserts that every sample, changed by `change`, is still recognised by its rule.
fn assert_recognised(what: &str, change: impl Fn(&Rule, &str) -> String) {
    let strays: Vec<String> = each_sample()
        .map(|(rule, sample)| (rule, change(rule, sample)))
        .filter(|(rule, text)| matched_id(rule, text) != Some(rule.id))
        .map(|(rule, text)| format!("{} went to {:?}: {text}", rule.id, matched_id(rule, &text)))
        .collect();
    assert!(strays.is_empty(), "{what}:\n{}", strays.join("\n"));
}

/// Cuts the text at the earliest end of a match of the rule's patterns.
fn cut(rule: &Rule, text: &str) -> String {
    let text = normalise(text);
    let ends = rule.patterns.iter().filter_map(|pattern| {
        let pattern = RegexBuilder::new(pattern).case_insensitive(true).unicode(false).build().unwrap();
        pattern.find(text.as_bytes()).map(|found| found.end())
    });
    let end = ends.min().unwrap();
    text[..end].to_owned()
}

#[test]
fn every_sample_is_recognised_by_its_own_rule() {
    assert_recognised("as it came", |_, sample| sample.to_owned());
}

#[test]
fn garbled_samples_are_recognised_by_the_same_rule() {
    assert_recognised("upper case", |_, sample| sample.to_uppercase());
    assert_recognised("lower case", |_, sample| sample.to_lowercase());
    assert_recognised("typographic quotes", |_, sample| sample.replace('\'', "\u{2019}").replace('"', "\u{201c}"));
    assert_recognised("plain quotes", |_, sample| sample.replace(['\u{2018}', '\u{2019}'], "'"));
    assert_recognised("other white space", |_, sample| format!("\n\t{}  ", sample.replace(' ', " \r\n ")));
    assert_recognised("other digits", |_, sample| {
        let ids = regex::Regex::new(r"[0-9a-f]{8,}|\b\d{1,3}(\.\d{1,3}){3}\b").unwrap();
        ids.replace_all(sample, "0f1e2d3c4b5a69788796a5b4c3d2e1f0").into_owned()
    });
    assert_recognised("cut", cut);
}

#[test]
fn every_pattern_matches_a_sample() {
    let unseen: Vec<_> = matched()
        .flat_map(|rule| rule.patterns.iter().map(move |pattern| (rule, *pattern)))
        .filter(|(rule, pattern)| {
            let pattern = RegexBuilder::new(pattern).case_insensitive(true).unicode(false).build().unwrap();
            !rule.samples.iter().any(|sample| pattern.is_match(normalise(sample).as_bytes()))
        })
        .map(|(rule, pattern)| format!("{}: {pattern}", rule.id))
        .collect();
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}

#[test]
fn ids_are_unique_and_rules_are_complete() {
    let mut seen = BTreeSet::new();
    assert!(rules().all(|rule| !rule.samples.is_empty()));
    for rule in rules().chain(situations::ALL.iter().copied()) {
        let id = rule.id;
        assert!(seen.insert(id), "{id} twice");
        assert_eq!(by_id(id).map(|rule| rule.id), Some(id));
        assert!(!rule.short.is_empty() && rule.short.chars().count() <= 24, "{id}: {}", rule.short);
        assert!(!rule.cause.contains(['{', '}']) && rule.cause.ends_with('.'), "{id}: {}", rule.cause);
        assert!(rule.next.iter().all(|step| !step.ends_with('.') && !step.contains("  ")), "{id}: {:?}", rule.next);
        assert!(rule.page.starts_with("https://") && rule.page.is_ascii(), "{id}: {}", rule.page);
        assert!(rule.class < Class::Failure || !rule.next.is_empty(), "{id} has no next step");
    }
}

/// A name for every placeholder, none of which needs quoting.
fn all_names() -> Names {
    let mut names = Names::default();
    for placeholder in PLACEHOLDERS {
        names.set(placeholder.name, format!("a-{}", placeholder.name.replace('_', "-")));
    }
    names
}

fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default())
}

#[test]
fn every_placeholder_is_known() {
    for rule in rules().chain(situations::ALL.iter().copied()) {
        for template in rule.next.iter().chain([&rule.command]) {
            for name in placeholders(template) {
                assert!(PLACEHOLDERS.iter().any(|known| known.name == name), "{}: {{{name}}} in {template}", rule.id);
            }
        }
    }
}

/// Prefixes of operations that only read.
const READS: &[&str] = &["batch-get-image", "describe-", "filter-", "get-", "list-", "lookup-"];
/// Operations and options that only read but show a secret.
const SHOWS_SECRETS: &[&str] = &["get-secret-value", "get-login", "get-authorization-token", "with-decryption"];

#[test]
fn every_command_reads_and_is_safe_to_paste() {
    let names = all_names();
    for rule in rules().chain(situations::ALL.iter().copied()).filter(|rule| !rule.command.is_empty()) {
        let id = rule.id;
        let command = command(rule.command, &names).unwrap();
        let operation = command.split(' ').nth(2).unwrap();
        assert!(command.starts_with("aws ") && READS.iter().any(|verb| operation.starts_with(verb)), "{id}: {command}");
        assert!(!SHOWS_SECRETS.iter().any(|word| command.contains(word)), "{id}: {command}");
        let open: String = command.split('\'').step_by(2).collect();
        let harmless = |c: char| c.is_ascii_alphanumeric() || " @%+=:,./-_".contains(c);
        assert!(open.chars().all(harmless) && !command.contains("  "), "{id}: {command}");
        assert_eq!(command.matches('\'').count() % 2, 0, "{id}: {command}");
        assert!(
            operation.starts_with("get-role") || command.contains("--region a-") || command.contains(" iam "),
            "{id}: {command}"
        );
        for template in rule.next {
            assert!(!fill(template, &names).contains(['{', '}']), "{id}: {template}");
            assert!(!fill(template, &Names::default()).contains(['{', '}']), "{id}: {template}");
        }
    }
}

#[rstest]
#[case("")]
#[case("  \n ")]
#[case("Gremlins ate the task")]
fn unknown_texts_match_no_rule(#[case] text: &str) {
    for place in [
        ReasonField::Task,
        ReasonField::Container,
        ReasonField::Attachment,
        ReasonField::ManagedAgent,
        ReasonField::Failure,
        ReasonField::Session,
    ] {
        assert!(of_reason(place, text).is_none());
    }
    assert!(of_event(text).is_none());
    assert!(of_target(text).is_none());
    assert!(of_stop_code("Gremlins").is_none());
    assert!(of_rollout("").is_none());
}

#[rstest]
#[case::stop_codes("STOPCODE-", 8)]
#[case::running("STOP-", 11)]
#[case::pull("PULL-", 23)]
#[case::disk("DISK-", 1)]
#[case::start_up("INIT-", 32)]
#[case::start("START-", 43)]
#[case::exits("EXIT-", 24)]
#[case::exec("EXEC-", 3)]
#[case::sessions("SESSION-", 19)]
#[case::failures("FAILURES-", 8)]
#[case::events("EV-", 61)]
#[case::rollouts("ROLL-", 5)]
#[case::deployments("SD-", 2)]
#[case::targets("TARGET-", 12)]
fn each_table_has_all_its_rules(#[case] table: &str, #[case] rows: usize) {
    assert_eq!(rules().filter(|rule| rule.id.starts_with(table)).count(), rows);
}

#[rstest]
#[case(Some(137), Some("EXIT-137"))]
#[case(None, Some("EXIT-NONE"))]
#[case(Some(131), Some("EXIT-SIGNAL"))]
#[case(Some(165), Some("EXIT-SIGNAL"))]
#[case(Some(166), None)]
#[case(Some(42), None)]
#[case(Some(-1), None)]
fn exit_codes_are_looked_up(#[case] code: Option<i32>, #[case] id: Option<&str>) {
    assert_eq!(of_exit(code).map(|rule| rule.id), id);
}

#[test]
fn every_code_finds_its_rule() {
    for rule in rules().filter(|rule| rule.patterns.is_empty()) {
        for sample in rule.samples {
            let found = match rule.id.split('-').next() {
                Some("EXIT") => of_exit(sample.parse().ok()),
                Some("TARGET") => of_target(sample),
                _ => of_stop_code(sample),
            };
            assert_eq!(found.map(|rule| rule.id), Some(rule.id), "{sample}");
        }
    }
}

#[test]
fn a_reason_matches_only_in_its_own_fields() {
    assert_eq!(of_reason(ReasonField::Failure, "RESOURCE:CPU").map(|rule| rule.id), Some("START-RES-CPU"));
    assert_eq!(of_reason(ReasonField::Failure, "AGENT").map(|rule| rule.id), Some("FAILURES-AGENT"));
    assert_eq!(of_reason(ReasonField::Task, "AGENT").map(|rule| rule.id), Some("START-AGENT"));
    assert!(of_reason(ReasonField::Container, "AGENT").is_none());
    assert!(of_reason(ReasonField::Container, "Essential container in task exited").is_none());
    assert!(of_reason(ReasonField::ManagedAgent, "OutOfMemoryError").is_none());
}

#[rstest]
#[case("out of memory", Some("app"), Some(137), "out of memory: app (137)")]
#[case("image tag missing", None, None, "image tag missing")]
#[case("image tag missing", Some("app"), None, "image tag missing: app")]
#[case("", None, None, "Gremlins ate the task.")]
fn a_verdict_fits_in_one_line(
    #[case] short: &'static str,
    #[case] container: Option<&str>,
    #[case] exit_code: Option<i32>,
    #[case] line: &str,
) {
    let verdict = Verdict {
        rule: None,
        short,
        class: Class::Failure,
        cause: "Gremlins ate the task.".to_owned(),
        certainty: Certainty::Unknown,
        evidence: Vec::new(),
        container: container.map(str::to_owned),
        exit_code,
        next: Vec::new(),
        command: None,
        page: None,
    };
    assert_eq!(verdict.line(), line);
}

#[test]
fn warm_compiles_all_patterns() {
    warm();
    assert!(warmed());
}
