//! How far was looked: what has not come yet, what could not be looked at, and that nothing is wrong with the rest.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Trouble, What};
use crate::resource::{Material, Status, Tone, View, format::counted, instance, service, task};

/// Clusters that are named before the rest is counted.
const NAMED: usize = 3;

/// A row that is about no trouble.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Remark {
    #[serde(rename = "nothing wrong")]
    Well,
    #[serde(rename = "still looking")]
    Awaited,
    #[serde(rename = "not looked at")]
    Gap,
    /// A gap where services are: there anything may be wrong.
    #[serde(rename = "not looked at")]
    Blind,
}

impl Remark {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Well => "nothing wrong",
            Self::Awaited => "still looking",
            Self::Gap | Self::Blind => "not looked at",
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Well => Tone::Good,
            Self::Awaited => Tone::Busy,
            Self::Gap => Tone::Muted,
            Self::Blind => Tone::Warn,
        }
    }
}

/// What is to be said beside the troubles that were found, of which there are none when it is `well`.
pub(super) fn remarks(material: &Material<'_>, well: bool) -> Vec<Trouble> {
    if material.seen.is_empty() || (well && material.gaps.is_empty()) {
        // Then there is no row at all, and what that means stands in the rows' place.
        return Vec::new();
    }
    let services = |view: &View| view.kind == &service::KIND;
    let blind = material.gaps.iter().any(|(view, _)| services(view));
    let looked = material.seen.iter().any(services);
    let fine = (well && looked && material.awaited.is_empty())
        .then(|| remark(Remark::Well, "", format!("{} looked at", describe_extent(material))));
    let mut remarks = Vec::new();
    for ((things, ()), clusters) in grouped(material.awaited.iter().map(|view| (view, ()))) {
        remarks.push(remark(Remark::Awaited, things, clusters));
    }
    for ((things, why), clusters) in grouped(material.gaps.iter().map(|(view, failure)| (view, failure.briefly()))) {
        let gap = if things == service::KIND.plural { Remark::Blind } else { Remark::Gap };
        remarks.push(remark(gap, things, format!("{clusters}: {why}")));
    }
    // Where services could not be looked at, that comes first: nothing is known to be well there.
    let place = if blind { remarks.len() } else { 0 };
    if let Some(fine) = fine {
        remarks.insert(place, fine);
    }
    remarks
}

fn remark(remark: Remark, things: &str, text: String) -> Trouble {
    Trouble {
        // Whatever it says makes it another row: a mark of change would draw the eye to it.
        id: format!("{} {things} {text}", remark as u8),
        what: What::Remark(remark),
        cluster: None,
        kind: None,
        name: things.to_owned(),
        since: None,
        cause: text,
        verdict: None,
        others: Vec::new(),
        subject: None,
    }
}

/// What it means that there is neither trouble nor remark.
pub(super) fn nothing(material: &Material<'_>) -> Vec<String> {
    let awaited = grouped(material.awaited.iter().map(|view| (view, ())));
    let awaited: Vec<String> = awaited.iter().map(|((things, ()), clusters)| format!("{things} {clusters}")).collect();
    match (material.seen.is_empty(), awaited.is_empty()) {
        (true, true) => vec!["There is nothing to look at: no cluster here".to_owned()],
        (true, false) => vec![format!("looking at {}", awaited.join("; "))],
        (false, false) => vec![
            format!("nothing is wrong so far: {}", describe_extent(material)),
            format!("still looking at {}", awaited.join("; ")),
        ],
        (false, true) => vec![format!("Nothing is wrong: {}", describe_extent(material))],
    }
}

/// How much was looked at: `3 clusters, 26 services`.
fn describe_extent(material: &Material<'_>) -> String {
    let clusters: BTreeSet<_> = material.seen.iter().filter_map(|view| view.query.cluster.as_deref()).collect();
    let rows = |kind| material.rows.iter().filter(|row| row.kind() == kind).count();
    let parts = [(clusters.len(), "cluster"), (rows(&service::KIND), "service"), (rows(&instance::KIND), "instance")];
    let told = parts.iter().filter(|(count, what)| *count > 0 || *what == "service");
    told.map(|(count, what)| counted(*count as u64, what)).collect::<Vec<_>>().join(", ")
}

/// Views by what they hold and by `K`, and in words the clusters they are of: `of prod, batch`.
fn grouped<'a, K: Ord>(views: impl Iterator<Item = (&'a View, K)>) -> BTreeMap<(&'static str, K), String> {
    let mut groups: BTreeMap<(&'static str, K), Vec<&str>> = BTreeMap::new();
    for (view, key) in views {
        groups.entry((plural_of(view), key)).or_default().extend(view.query.cluster.as_deref());
    }
    groups.into_iter().map(|(key, clusters)| (key, in_clusters(&clusters))).collect()
}

fn plural_of(view: &View) -> &'static str {
    match view.query.status {
        Status::Stopped if view.kind == &task::KIND => "stopped tasks",
        _ if view.kind == &instance::KIND => "container instances",
        _ => view.kind.plural,
    }
}

fn in_clusters(clusters: &[&str]) -> String {
    match clusters {
        [] => String::new(),
        clusters if clusters.len() <= NAMED + 1 => format!("of {}", clusters.join(", ")),
        clusters => format!("of {} and {} more clusters", clusters[..NAMED].join(", "), clusters.len() - NAMED),
    }
}
