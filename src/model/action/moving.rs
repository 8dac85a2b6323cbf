//! Movement on any screen.

use super::{Action, Call, EVERYWHERE, Outcome, actions};
use crate::model::Model;

actions! {
    UP = Action::new("up", EVERYWHERE, "row up", up).keys(&["up", "k"]);
    DOWN = Action::new("down", EVERYWHERE, "row down", down).keys(&["down", "j"]);
    PAGE_UP = Action::new("page-up", EVERYWHERE, "page up", page_up).keys(&["pgup", "ctrl-b"]);
    PAGE_DOWN = Action::new("page-down", EVERYWHERE, "page down", page_down).keys(&["pgdn", "ctrl-f"]);
    TOP = Action::new("top", EVERYWHERE, "first row", top).keys(&["home", "g"]);
    BOTTOM = Action::new("bottom", EVERYWHERE, "last row", bottom).keys(&["end", "shift-g"]);
    LEFT = Action::new("left", EVERYWHERE, "scroll left", left).keys(&["left", "h"]);
    RIGHT = Action::new("right", EVERYWHERE, "scroll right", right).keys(&["right"]);
}

/// Moves the cursor of a table, or scrolls a text, by `rows`.
fn go(model: &mut Model, rows: isize) -> Outcome {
    let page = model.layout().page;
    model.front.go(rows, page);
    Ok(())
}

/// The size of a page step; one row stays visible.
fn page(model: &Model) -> isize {
    isize::try_from(model.layout().page.saturating_sub(1).max(1)).unwrap_or(1)
}

fn up(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, -1)
}

fn down(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, 1)
}

fn page_up(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, -page(model))
}

fn page_down(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, page(model))
}

fn top(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, isize::MIN)
}

fn bottom(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, isize::MAX)
}

fn left(model: &mut Model, _: Call<'_>) -> Outcome {
    model.front.go_sideways(-1);
    Ok(())
}

fn right(model: &mut Model, _: Call<'_>) -> Outcome {
    model.front.go_sideways(1);
    Ok(())
}
