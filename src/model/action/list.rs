//! Every action, and where their keys work.

use std::sync::LazyLock;

use super::{Action, ActionContext, EVERYWHERE, changes, copy, moving, row, session, views};
use crate::model::screens;

/// Every action, in the order in which help lists them: those of every screen and of rows, those of each screen, those of
/// the console itself.
pub static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| {
    let of_screens = screens::ACTIONS.iter().copied();
    [moving::ACTIONS, row::ACTIONS, changes::ACTIONS, views::ACTIONS]
        .into_iter()
        .chain(of_screens)
        .chain([copy::ACTIONS, session::ACTIONS])
        .flatten()
        .copied()
        .collect()
});

/// Every context, in the order in which help and the README list them.
pub fn contexts() -> impl Iterator<Item = ActionContext> {
    screens::CONTEXTS.iter().copied().flatten().copied().chain([EVERYWHERE])
}
