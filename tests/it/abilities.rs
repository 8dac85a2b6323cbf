//! Kinds own their abilities: what a kind claims works on rows of it, taken from the demo's account.

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

/// Rows that a key is tried on.
const TRIED: usize = 40;

fn view(kind: &'static Kind) -> View {
    let query = match kind {
        kind if kind == &revision::KIND => Query::family("orders-api"),
        kind if kind == &task::KIND => Query { status: Status::All, ..Query::default() },
        _ => Query::default(),
    };
    View::new(kind, query)
}

/// Whether `action` does something on one of the first rows of `view`; what it says where it does not.
fn works(action: &Action, view: &View, snapshot: &Snapshot) -> Result<(), Vec<String>> {
    let mut harness = Harness::with_account((120, 200));
    harness.model.front = Screen::Table(Box::new(Table::new(view.clone())));
    let mut harness = harness.change_snapshot(|known| *known = snapshot.clone());
    harness.model.write_override = Some(WriteOverride::Write);
    let mut said = Vec::new();
    for _ in 0..TRIED {
        match (action.run)(&mut harness.model, Call::default()) {
            Ok(()) => return Ok(()),
            Err(reason) => said.push(reason),
        }
        harness = harness.keys("j");
    }
    said.dedup();
    Err(said)
}

#[tokio::test(start_paused = true)]
async fn what_a_kind_claims_works_on_its_rows() {
    let mut handle = account(Scenario::Incident, 40).await;
    seen(&mut handle, &View::new(&service::KIND, Query::default())).await;
    let mut tried = 0;
    for kind in KINDS.iter().copied() {
        let snapshot: Arc<Snapshot> = seen(&mut handle, &view(kind)).await;
        for action in ACTIONS.iter().filter(|action| action.needs.is_some() && action.suits(Some(kind))) {
            tried += 1;
            let works = works(action, &view(kind), &snapshot);
            assert!(works.is_ok(), "{} on {}: {works:?}", action.name, kind.plural);
        }
        let feeds = snapshot.feeds_of(&view(kind));
        for entry in feeds.iter().flat_map(|feed| feed.rows.iter()).filter(|_| kind.can(Ability::Evidence)) {
            let asked = entry.row.parent().unwrap_or_else(|| entry.row.id());
            assert!([":service/", ":task/"].iter().any(|part| asked.contains(part)), "{kind:?} asks about {asked}");
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn kinds_that_reach_back_say_which_rows_are_archived() {
    for kind in KINDS {
        let archived = match kind.origin {
            Origin::Composed(compose) => compose.past() != Past::Nothing,
            Origin::Fetched(_) | Origin::Derived { .. } => kind.states.contains(&"archived"),
        };
        assert_eq!(kind.can(Ability::Archive), archived, "{kind:?}");
    }
}
