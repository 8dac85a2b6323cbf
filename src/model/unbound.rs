//! Messages for keys and words that do nothing here, because no reaction looks like a hang.

use super::keymap::Key;

/// Keys of k9s without a function here, each with an alternative.
const K9S_KEYS: &[(&str, &str)] = &[
    ("u", "no list of what uses this row; shift-j shows its owner"),
    ("i", "e on a service edits its task definition, with the image"),
    ("a", "ECS has no attach; l shows the logs, s opens a shell"),
    ("m", "no metrics in this version; shift-t shows the timeline"),
];

/// Words of k9s or the AWS console without a function here, each with an alternative.
const FOREIGN_WORDS: &[(&[&str], &str)] = &[
    (&["deployments.apps"], "use :services; :deployments lists rollouts of a service"),
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
    (&["loggroup", "loggroups", "lg"], "open logs with l on a service or task"),
    (&["attach"], "ECS has no attach; :shell opens a shell in a container"),
    (&["port-forward"], ":forward starts one: `:forward 8080` on a service, task or container"),
    (&["kill", "delete", "set-image"], "no delete in this version; use :stop, :restart, :scale, :edit or :rollback"),
    (&["sd", "screendump", "dump", "dir"], ":save writes a table, a text or a log to a file"),
    (&["mouse"], "the terminal handles the mouse: select and copy as usual; scroll with keys"),
    (&["login"], "sign in from a shell with `aws sso login` or `aws login`, then press ctrl-r"),
];

/// The message for a word of k9s or the AWS console.
pub(super) fn foreign_word(word: &str) -> Option<&'static str> {
    let known = |(words, _): &&(&[&str], &str)| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    FOREIGN_WORDS.iter().find(known).map(|(_, say)| *say)
}

/// The message for a key of k9s.
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

    /// Maximum length of a message at 80 columns.
    const ROOM: usize = 78;

    #[test]
    fn every_key_of_the_table_is_unbound_in_tables_and_its_message_fits() {
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
    fn foreign_words_are_unique_hide_nothing_and_name_existing_commands() {
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
