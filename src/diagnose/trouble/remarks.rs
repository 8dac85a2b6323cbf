//! Remarks on what was checked: what is still loading, what could not be checked, and that the rest has no problems.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Trouble, What};
use crate::resource::{Material, Status, Tone, View, format::counted, instance, service, task};

/// Number of clusters to name.
const NAMED: usize = 3;

/// A row that is not a problem.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Remark {
    #[serde(rename = "no problems")]
    Well,
    #[serde(rename = "still checking")]
    Awaited,
    #[serde(rename = "not checked")]
    Gap,
    /// A gap in services, where any problem may be.
    #[serde(rename = "not checked")]
    Blind,
}

impl Remark {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Well => "no problems",
            Self::Awaited => "still checking",
            Self::Gap | Self::Blind => "not checked",
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

/// The remarks besides the problems; without problems if `well`.
pub(super) fn remarks(material: &Material<'_>, well: bool) -> Vec<Trouble> {
    if material.seen.is_empty() || (well && material.gaps.is_empty()) {
        // Then there is no row at all, and the empty table shows the meaning.
        return Vec::new();
    }
    let services = |view: &View| view.kind == &service::KIND;
    let blind = material.gaps.iter().any(|(view, _)| services(view));
    let looked = material.seen.iter().any(services);
    let fine = (well && looked && material.awaited.is_empty())
        .then(|| remark(Remark::Well, "", format!("{} checked", describe_extent(material))));
    let mut remarks = Vec::new();
    for ((things, ()), clusters) in grouped(material.awaited.iter().map(|view| (view, ()))) {
        remarks.push(remark(Remark::Awaited, things, clusters));
    }
    for ((things, why), clusters) in grouped(material.gaps.iter().map(|(view, failure)| (view, failure.short_reason())))
    {
        let gap = if things == service::KIND.plural { Remark::Blind } else { Remark::Gap };
        remarks.push(remark(gap, things, format!("{clusters}: {why}")));
    }
    // If services could not be checked, that comes first: there may be problems.
    let place = if blind { remarks.len() } else { 0 };
    if let Some(fine) = fine {
        remarks.insert(place, fine);
    }
    remarks
}

fn remark(remark: Remark, things: &str, text: String) -> Trouble {
    Trouble {
        // Another text is another row: a mark of change would draw attention to it.
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

/// The meaning of a table without problems and remarks.
pub(super) fn nothing(material: &Material<'_>) -> Vec<String> {
    let awaited = grouped(material.awaited.iter().map(|view| (view, ())));
    let awaited: Vec<String> = awaited.iter().map(|((things, ()), clusters)| format!("{things} {clusters}")).collect();
    match (material.seen.is_empty(), awaited.is_empty()) {
        (true, true) => vec!["There are no clusters here".to_owned()],
        (true, false) => vec![format!("checking {}", awaited.join("; "))],
        (false, false) => vec![
            format!("no problems so far in {}", describe_extent(material)),
            format!("still checking {}", awaited.join("; ")),
        ],
        (false, true) => vec![format!("No problems in {}", describe_extent(material))],
    }
}

/// What was checked: `3 clusters, 26 services`.
fn describe_extent(material: &Material<'_>) -> String {
    let clusters: BTreeSet<_> = material.seen.iter().filter_map(|view| view.query.cluster.as_deref()).collect();
    let rows = |kind| material.rows.iter().filter(|row| row.kind() == kind).count();
    let parts = [(clusters.len(), "cluster"), (rows(&service::KIND), "service"), (rows(&instance::KIND), "instance")];
    let shown = parts.iter().filter(|(count, what)| *count > 0 || *what == "service");
    shown.map(|(count, what)| counted(*count as u64, what)).collect::<Vec<_>>().join(", ")
}

/// Views by kind and by `K`, with the clusters as text: `of prod, batch`.
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
