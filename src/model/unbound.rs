//! What is said where a key or a word means nothing here: silence looks like a hang.

use super::keymap::Key;

/// Keys that mean something in k9s and nothing here, with what to say: why not, and what there is instead.
const K9S_KEYS: &[(&str, &str)] = &[
    ("e", "nothing is edited here; y shows the JSON"),
    ("v", "revisions are not compared in this version; t shows the task definition"),
    ("u", "no list of what uses this row; shift-j shows its owner"),
    ("f", "no port forwarding in this version"),
    ("shift-f", "no port forwarding in this version"),
    ("i", "images are not changed here; t shows the task definition with its images"),
    ("a", "ECS has no attach; l shows the logs"),
    ("m", "no metrics in this version; shift-t shows the timeline"),
    ("shift-u", "no updates in this version; t shows the task definition"),
    ("ctrl-n", "no notifications in this version; a view refreshes by itself"),
];

/// Words that mean something in k9s or in the AWS console and nothing here, with what to say.
const FOREIGN_WORDS: &[(&[&str], &str)] = &[
    (
        &["deploy", "deployments.apps"],
        "what k9s calls a deployment is a service here; :services, or :deployments for rollouts",
    ),
    (
        &["sts", "statefulset", "statefulsets", "ds", "daemonset", "daemonsets"],
        "ECS runs everything long-lived as a service: :services",
    ),
    (
        &["job", "jobs", "cj", "cronjob", "cronjobs"],
        "ECS runs jobs and schedules as tasks without a service: :tasks /service!~.",
    ),
    (&["xray", "tree", "x"], "no tree in this version; enter goes down, shift-j up to the owner"),
    (&["pulse", "pulses", "pu", "hz"], "no pulse in this version; :trouble lists what is wrong"),
    (&["popeye", "pop", "bench", "benchmarks", "helm", "crd"], "this belongs to Kubernetes; ctrl-a lists the views"),
    (&["hpa", "autoscaling"], "no auto scaling in this version; shift-e shows the events of a service"),
    (
        &["secret", "secrets", "sec", "cm", "configmap", "configmaps"],
        "secrets and variables are in the task definition: :revisions, then y",
    ),
    (
        &["ing", "ingress", "ep", "endpoints", "target", "targets", "tg"],
        "no view of load balancers; d on a service shows its targets",
    ),
    (&["alarm", "alarms", "metrics"], "no metrics and alarms in this version; :trouble lists what is wrong"),
    (&["loggroup", "loggroups", "lg"], "logs are opened from what writes them: l on a service or task"),
    (
        &["exec", "shell", "sh", "attach", "port-forward", "pf", "forward"],
        "no shells and no port forwarding in this version; l shows the logs",
    ),
    (
        &["kill", "delete", "edit", "set-image"],
        "nothing is deleted or edited in this version; :stop, :restart, :scale and :rollback are there",
    ),
    (&["sd", "screendump", "dump", "dir"], ":save writes a table, a text or a log to a file"),
    (&["mouse"], "the mouse belongs to the terminal: select and copy as usual; keys scroll"),
    (&["login"], "sign in outside, in a shell: `aws sso login` or `aws login`; then ctrl-r"),
];

/// What is said of the command word `word`, where it is one that others know.
pub(super) fn foreign_word(word: &str) -> Option<&'static str> {
    let known = |(words, _): &&(&[&str], &str)| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    FOREIGN_WORDS.iter().find(known).map(|(_, say)| *say)
}

/// What is said of `key`, where it means something in k9s.
pub(super) fn k9s_key(key: Key) -> Option<&'static str> {
    K9S_KEYS.iter().find(|(name, _)| name.parse() == Ok(key)).map(|(_, say)| *say)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        kinds,
        model::{Keymap, action, fixture::*},
        resource::query::PARTS,
    };

    /// Room for a message at 80 columns.
    const ROOM: usize = 78;

    #[test]
    fn every_key_of_the_table_is_free_in_tables_and_says_something_short() {
        let keymap = Keymap::default();
        for (name, say) in K9S_KEYS {
            let key: Key = name.parse().unwrap();
            let model = console();
            assert_eq!(
                keymap.find(key, model.front.contexts(), Some(&SERVICE)).map(|(action, _)| action.name),
                None,
                "{name}"
            );
            assert!(format!("{name}: {say}").chars().count() <= ROOM, "{name}: {say}");
        }
    }

    #[test]
    fn foreign_words_hide_nothing_are_known_once_and_name_only_commands_there_are() {
        let mut seen = HashSet::new();
        for (words, say) in FOREIGN_WORDS {
            for word in *words {
                assert!(seen.insert(*word), "{word} twice");
                assert!(kinds::kind(word).is_none() && action::by_word(word).is_none(), "{word} is hidden");
                assert!(PARTS.iter().all(|(part, ..)| part != word), "{word} is hidden");
            }
            for named in say.split(':').skip(1).filter_map(|rest| rest.split([' ', ';', ',']).next()) {
                let known = kinds::kind(named).is_some() || action::by_word(named).is_some();
                assert!(named.is_empty() || known, "`:{named}` is offered, and there is none: {say}");
            }
        }
    }
}
