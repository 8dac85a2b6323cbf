//! Combines equal notices of several services or instances into one row.

use std::collections::BTreeMap;

use super::{Other, Trouble, What};
use crate::resource::finding::Problem;

/// Number of names to list.
const NAMED: usize = 3;

/// Combines notices by the same rule in `rows`.
pub(super) fn fold_notices(rows: Vec<Trouble>) -> Vec<Trouble> {
    let (notices, mut rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_notice);
    let mut groups: BTreeMap<(&str, &str), Vec<Trouble>> = BTreeMap::new();
    for row in notices {
        let rule = row.verdict.as_ref().and_then(|verdict| verdict.rule).unwrap_or_default();
        groups.entry((row.kind.unwrap_or_default(), rule)).or_default().push(row);
    }
    for ((kind, rule), mut group) in groups {
        group.sort_by(|a, b| (&a.name, &a.cluster).cmp(&(&b.name, &b.cluster)));
        match group.as_slice() {
            [first, _, ..] => rows.push(fold_group(kind, rule, first, &group)),
            _ => rows.append(&mut group),
        }
    }
    rows
}

/// Whether all findings of the row are notices.
fn is_notice(row: &Trouble) -> bool {
    matches!(row.what, What::Problem(Problem::Notice))
}

fn fold_group(kind: &str, rule: &str, first: &Trouble, group: &[Trouble]) -> Trouble {
    let mut names: Vec<&str> = group.iter().map(|row| &*row.name).collect();
    names.dedup();
    let named = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let short = first.verdict.as_ref().map_or("notices", |verdict| verdict.short);
    let place = |row: &Trouble| match &row.cluster {
        Some(cluster) => format!("{cluster}/{}", row.name),
        None => row.name.clone(),
    };
    let other = |row: &Trouble| Other {
        name: Some(place(row)),
        problem: Problem::Notice,
        since: row.since,
        cause: row.cause.clone(),
    };
    let same = group.iter().all(|row| row.cluster == first.cluster);
    Trouble {
        id: format!("notices {kind} {rule}"),
        name: format!("{} {kind}s", group.len()),
        cluster: first.cluster.clone().filter(|_| same),
        since: group.iter().filter_map(|row| row.since).max(),
        cause: format!("{short}: {named}{more}"),
        // The verdict of a single row names only that row.
        verdict: None,
        others: group.iter().map(other).collect(),
        subject: None,
        ..first.clone()
    }
}
