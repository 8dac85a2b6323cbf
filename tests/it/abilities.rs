//! Abilities of kinds: every ability that a kind lists works on its rows in the demo.

use std::sync::Arc;

use ecsight::{
    data::Snapshot,
    demo::Scenario,
    kinds::KINDS,
    model::{
        Screen, Table,
        action::{ACTIONS, Action, Call},
        scope::WriteOverride,
    },
    resource::{Ability, Kind, Origin, Past, Query, Status, View, revision, service, task},
};

use crate::{
    row_identity::{account, seen},
    support::harness::Harness,
};

/// Number of rows on which each key is tried.
const TRIED: usize = 300;

fn view(kind: &'static Kind) -> View {
    let query = match kind {
        kind if kind == &revision::KIND => Query::family("orders-api"),
        kind if kind.by_service() => Query::service("prod", "catalog"),
        kind if kind == &task::KIND => Query { status: Status::All, ..Query::default() },
        _ => Query::default(),
    };
    View::new(kind, query)
}

/// Checks that `action` has an effect on one of the first rows of `view`; otherwise returns its messages.
fn works(action: &Action, view: &View, snapshot: &Snapshot) -> Result<(), Vec<String>> {
    let mut harness = Harness::with_account((120, 200));
    harness.model.front = Screen::Table(Box::new(Table::new(view.clone())));
    let mut harness = harness.change_snapshot(|known| *known = snapshot.clone());
    harness.model.write_override = Some(WriteOverride::Write);
    let mut messages = Vec::new();
    for _ in 0..TRIED {
        match (action.run)(&mut harness.model, Call::default()) {
            Ok(()) => return Ok(()),
            Err(reason) => messages.push(reason),
        }
        harness = harness.keys("j");
    }
    messages.dedup();
    Err(messages)
}

#[tokio::test(start_paused = true)]
async fn abilities_of_a_kind_work_on_its_rows() {
    let mut handle = account(Scenario::Incident, 40).await;
    seen(&mut handle, &View::new(&service::KIND, Query::default())).await;
    let mut tried = 0;
    for kind in KINDS.iter().copied() {
        let snapshot: Arc<Snapshot> = seen(&mut handle, &view(kind)).await;
        for action in ACTIONS.iter().filter(|action| action.needs.is_some() && action.works_on(Some(kind))) {
            tried += 1;
            let works = works(action, &view(kind), &snapshot);
            assert!(works.is_ok(), "{} on {}: {works:?}", action.name, kind.plural);
        }
        let feeds = snapshot.feeds_of(&view(kind));
        for entry in feeds.iter().flat_map(|feed| feed.rows.iter()).filter(|_| kind.can(Ability::Evidence)) {
            let subject_id = entry.row.parent().unwrap_or_else(|| entry.row.id());
            assert!(
                [":service/", ":task/"].iter().any(|part| subject_id.contains(part)),
                "{kind:?} asks about {subject_id}"
            );
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn kinds_with_an_archive_mark_archived_rows() {
    for kind in KINDS {
        let archived = match kind.origin {
            Origin::Composed(compose) => compose.past() != Past::Nothing,
            Origin::Fetched(_) | Origin::Derived { .. } => kind.states.contains(&"archived"),
        };
        assert_eq!(kind.can(Ability::Archive), archived, "{kind:?}");
    }
}
