//! All actions, and the contexts in which their keys work.

use std::sync::LazyLock;

use super::{
    Action, ActionContext, EVERYWHERE, alerts, changes, copies, copy, forwards, moving, revisions, row, session,
    sessions, views,
};
use crate::model::screens;

/// All actions, in the order of help: for every screen, for rows, for each screen, for the console.
pub static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| {
    let of_screens = screens::ACTIONS.iter().copied();
    [
        moving::ACTIONS,
        row::ACTIONS,
        sessions::ACTIONS,
        forwards::ACTIONS,
        copies::ACTIONS,
        alerts::ACTIONS,
        changes::ACTIONS,
        revisions::ACTIONS,
        views::ACTIONS,
    ]
    .into_iter()
    .chain(of_screens)
    .chain([copy::ACTIONS, session::ACTIONS])
    .flatten()
    .copied()
    .collect()
});

/// All contexts, in the order of help and the README.
pub fn contexts() -> impl Iterator<Item = ActionContext> {
    screens::CONTEXTS.iter().copied().flatten().copied().chain([EVERYWHERE])
}
