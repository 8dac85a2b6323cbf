//! Actions in texts.

use super::{
    TextSource, Viewer,
    diff::{DiffView, SIDE_BY_SIDE_WIDTH},
};
use crate::model::{
    Model,
    action::{Action, ActionContext, Call, Outcome, actions},
    overlay::{Overlay, SearchPrompt},
    prompt::Prompt,
};

/// In describe, JSON, explain, help and messages.
pub const IN_TEXTS: ActionContext = ActionContext::new("In texts", "texts");
/// In the JSON of a row.
pub const IN_JSON: ActionContext = ActionContext::new("In JSON", "JSON").along_with(&IN_TEXTS);

/// In the differences of two revisions.
pub const IN_DIFFS: ActionContext = ActionContext::new("In diffs", "diffs").along_with(&IN_TEXTS);

/// In the differences that a change makes, before it is confirmed.
pub const IN_REVIEWS: ActionContext = ActionContext::new("In the diff of a change", "diffs").along_with(&IN_DIFFS);

pub const CONTEXTS: &[ActionContext] = &[IN_TEXTS, IN_JSON, IN_DIFFS, IN_REVIEWS];

actions! {
    SEARCH = Action::new("search", IN_TEXTS, "search", search).keys(&["/"]).hint("search", 10);
    NEXT_MATCH = Action::new("next-match", IN_TEXTS, "next match", next_match).keys(&["n"]).hint("next match", 12);
    PREVIOUS_MATCH = Action::new("previous-match", IN_TEXTS, "previous match", previous_match).keys(&["shift-n"]);
    WRAP = Action::new("wrap", IN_TEXTS, "wrap long lines", wrap).keys(&["w"]).hint("wrap", 40);
    REVEAL = Action::new("reveal", IN_JSON, "show or mask secret values", reveal).keys(&["x"]).hint("reveal", 50);
    ALL_LINES = Action::new("diff-all", IN_DIFFS, "all lines, or those that differ", all_lines)
        .keys(&["m"])
        .hint("all lines", 21);
    SIDE_BY_SIDE = Action::new("side-by-side", IN_DIFFS, "side by side, or one below the other", side_by_side)
        .keys(&["tab"])
        .hint("side by side", 22);
    PROCEED = Action::new("proceed", IN_REVIEWS, "go on to the confirmation", proceed).keys(&["enter"]).hint("go on", 5);
}

fn search(model: &mut Model, _: Call<'_>) -> Outcome {
    if let Some(viewer) = model.front.get::<Viewer>() {
        let before = viewer.search.as_ref().map(|search| search.text.clone()).unwrap_or_default();
        let prompt = Prompt::preselected(&before);
        model.overlay = Some(Overlay::Search(SearchPrompt { prompt, before, top: viewer.top }));
    }
    Ok(())
}

fn step(model: &mut Model, steps: isize) -> Outcome {
    let page = model.layout().page;
    let Some(viewer) = model.front.get_mut::<Viewer>() else { return Ok(()) };
    match &viewer.search {
        None => return Err("no search yet; / starts one".into()),
        Some(search) if search.matches.is_empty() => return Err(format!("no match for `{}`", search.text)),
        Some(_) => viewer.step(steps, page),
    }
    Ok(())
}

fn next_match(model: &mut Model, _: Call<'_>) -> Outcome {
    step(model, 1)
}

fn previous_match(model: &mut Model, _: Call<'_>) -> Outcome {
    step(model, -1)
}

fn wrap(model: &mut Model, _: Call<'_>) -> Outcome {
    if let Some(viewer) = model.front.get_mut::<Viewer>() {
        viewer.toggle_wrap();
    }
    Ok(())
}

/// Changes how the differences are shown.
fn rearrange(model: &mut Model, change: impl FnOnce(&mut DiffView)) {
    if let Some(Viewer { source: TextSource::Diff(_, comparison), .. }) = model.front.get_mut::<Viewer>() {
        change(comparison);
    }
    model.refill();
}

fn proceed(model: &mut Model, _: Call<'_>) -> Outcome {
    match model.front.get::<Viewer>().map(|viewer| &viewer.source) {
        Some(TextSource::Diff(_, comparison)) => match comparison.pending.clone() {
            Some(pending) => model.confirm_pending(pending),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn all_lines(model: &mut Model, _: Call<'_>) -> Outcome {
    rearrange(model, |comparison| comparison.all = !comparison.all);
    Ok(())
}

fn side_by_side(model: &mut Model, _: Call<'_>) -> Outcome {
    let (width, _) = model.size;
    if width < SIDE_BY_SIDE_WIDTH {
        return Err(format!("side by side takes {SIDE_BY_SIDE_WIDTH} columns; this terminal has {width}"));
    }
    rearrange(model, |comparison| comparison.side_by_side = !comparison.side_by_side);
    Ok(())
}

fn reveal(model: &mut Model, _: Call<'_>) -> Outcome {
    if let Some(viewer) = model.front.get_mut::<Viewer>() {
        viewer.reveal = !viewer.reveal;
    }
    model.refill();
    Ok(())
}
