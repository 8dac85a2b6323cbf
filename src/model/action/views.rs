//! Navigation between views.

use super::{Action, Arg, Call, EVERYWHERE, Outcome, actions};
use crate::model::{
    Model,
    overlay::{Overlay, PickAction, Picker, PickerItem, current_first},
};

actions! {
    CLUSTER = Action::new("cluster", EVERYWHERE, "this view in a cluster", cluster).words(&["ns"], Arg::Cluster);
    ESCAPE = Action::new("escape", EVERYWHERE, "go back", escape).keys(&["esc"]);
    BACK = Action::new("back", EVERYWHERE, "back", back).keys(&["q"]).hint("back", 90);
    HISTORY_BACK = Action::new("history-back", EVERYWHERE, "back in the history", history_back)
        .keys(&["["])
        .words(&["previous"], Arg::None);
    HISTORY_FORWARD = Action::new("history-forward", EVERYWHERE, "forward in the history", history_forward)
        .keys(&["]"])
        .words(&["next"], Arg::None);
    LAST = Action::new("last", EVERYWHERE, "switch to the previous view", last)
        .keys(&["-"])
        .words(&["last"], Arg::None);
}

fn cluster(model: &mut Model, call: Call<'_>) -> Outcome {
    match call.arg {
        "" => {
            model.overlay = Some(Overlay::Picker(Picker::new("cluster", cluster_items(model))));
            Ok(())
        }
        "all" | "*" => model.choose_cluster(None),
        name => model.choose_cluster(Some(model.known_cluster(name)?)),
    }
}

/// Picker items for all clusters and for each of them.
pub(super) fn cluster_items(model: &Model) -> Vec<PickerItem> {
    let clusters = model.snapshot.clusters();
    let names = clusters.iter().map(|name| &**name);
    let mut items =
        current_first("cluster", names, model.cluster.as_deref(), |name| PickAction::Cluster(Some(name.to_owned())));
    items.push(PickerItem::new("all clusters", "", PickAction::Cluster(None)));
    items
}

fn escape(model: &mut Model, call: Call<'_>) -> Outcome {
    if !model.front.leave_layer() {
        return back(model, call);
    }
    // Lines that a search has hidden are shown again.
    model.refill();
    Ok(())
}

pub(super) fn back(model: &mut Model, _: Call<'_>) -> Outcome {
    if !model.leave_query() && !model.pop() {
        model.info("this is the first view; :q quits");
    }
    Ok(())
}

fn history_back(model: &mut Model, _: Call<'_>) -> Outcome {
    let view = model.history.step(-1).ok_or("this is the oldest view of the history")?;
    model.show(view);
    Ok(())
}

fn history_forward(model: &mut Model, _: Call<'_>) -> Outcome {
    let view = model.history.step(1).ok_or("this is the newest view of the history")?;
    model.show(view);
    Ok(())
}

fn last(model: &mut Model, _: Call<'_>) -> Outcome {
    let view = model.history.last().ok_or("there is no previous view yet")?;
    model.show(view);
    Ok(())
}
