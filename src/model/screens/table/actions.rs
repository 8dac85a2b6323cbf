//! Actions in tables.

use super::Table;
use crate::{
    model::{
        Model, RowFilter,
        action::{
            Action, ActionContext, Arg, Call, Outcome, actions,
            row::{ON_ROWS, current},
        },
        layout,
        overlay::{FilterPrompt, Overlay, PickAction, Picker, PickerItem},
        prompt::Prompt,
    },
    nearest,
};

/// In tables.
pub const IN_TABLES: ActionContext = ActionContext::new("In tables", "tables").along_with(&ON_ROWS);

pub const CONTEXTS: &[ActionContext] = &[ON_ROWS, IN_TABLES];

actions! {
    WARP = Action::new("warp", IN_TABLES, "the row's cluster", warp).keys(&["w"]);
    ALL_CLUSTERS = Action::new("all-clusters", IN_TABLES, "all clusters", all_clusters).keys(&["0"]);
    FAVOURITE = Action::new("favourite", IN_TABLES, "cluster 1 to 9", favourite)
        .keys(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    FILTER = Action::new("filter", IN_TABLES, "filter rows", filter)
        .keys(&["/"])
        .words(&["filter"], Arg::Filter)
        .hint("filter", 15);
    CLEAR_FILTER = Action::new("clear-filter", IN_TABLES, "clear the filter", clear_filter).keys(&["ctrl-u"]);
    FAULTS = Action::new("faults", IN_TABLES, "only rows with a fault", faults)
        .keys(&["ctrl-z"])
        .words(&["faults"], Arg::None)
        .hint("faults", 25);
    WIDE = Action::new("wide", IN_TABLES, "all columns", wide)
        .keys(&["ctrl-w"])
        .words(&["wide"], Arg::None)
        .hint("wide", 70);
    SORT_NAME = Action::new("sort-name", IN_TABLES, "sort by name; again: reverse", sort_name).keys(&["shift-n"]);
    SORT_STATUS = Action::new("sort-status", IN_TABLES, "sort by status", sort_status).keys(&["shift-s"]);
    SORT_AGE = Action::new("sort-age", IN_TABLES, "sort by age", sort_age).keys(&["shift-a"]);
    SORT_CLUSTER = Action::new("sort-cluster", IN_TABLES, "sort by cluster", sort_cluster).keys(&["shift-p"]);
    SORT = Action::new("sort", IN_TABLES, "sort by column", sort)
        .keys(&["shift-o"])
        .words(&["sort"], Arg::Column)
        .hint("sort", 65);
    COLUMN_LEFT = Action::new("column-left", IN_TABLES, "select the left column", column_left)
        .keys(&["shift-left", "alt-left"]);
    COLUMN_RIGHT = Action::new("column-right", IN_TABLES, "select the right column", column_right)
        .keys(&["shift-right", "alt-right"]);
    INSPECT = Action::new("inspect", IN_TABLES, "show or hide the pane", inspect)
        .keys(&["tab"])
        .words(&["inspect"], Arg::OneOf(&["on", "off"]));
    MARK = Action::new("mark", IN_TABLES, "mark the row", mark).keys(&["space"]).hint("mark", 80);
    MARK_RANGE = Action::new("mark-range", IN_TABLES, "mark a range", mark_range).keys(&["ctrl-space", "shift-v"]);
    MARK_ALL = Action::new("mark-all", IN_TABLES, "mark all, or invert", mark_all).keys(&["*"]);
    UNMARK = Action::new("unmark", IN_TABLES, "clear the marks", unmark)
        .keys(&["ctrl-\\"])
        .words(&["unmark"], Arg::None);
}

/// The table on screen.
fn table(model: &mut Model) -> Result<&mut Table, String> {
    model.front.get_mut::<Table>().ok_or_else(|| "this is for tables".into())
}

fn warp(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    let cluster = row.cluster().ok_or_else(|| format!("this {} does not belong to a cluster", row.kind().name))?;
    model.choose_cluster(Some(cluster.into()))
}

fn all_clusters(model: &mut Model, _: Call<'_>) -> Outcome {
    model.choose_cluster(None)
}

fn favourite(model: &mut Model, call: Call<'_>) -> Outcome {
    let favourite = model.favourites().get(call.nth).cloned();
    let favourite = favourite.ok_or_else(|| format!("there is no cluster {}", call.nth + 1))?;
    model.choose_cluster(Some(favourite))
}

fn filter(model: &mut Model, call: Call<'_>) -> Outcome {
    let table = table(model)?;
    if call.arg.is_empty() {
        let before = table.filter.clone();
        model.open_prompt(Overlay::Filter(FilterPrompt { prompt: Prompt::preselected(before.text()), before }));
        return Ok(());
    }
    let kind = table.view.kind;
    let filter = model.read_filter(call.arg, kind)?;
    model.remember("filters", call.arg);
    model.set_filter(filter);
    Ok(())
}

fn clear_filter(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.filter = RowFilter::default();
    Ok(())
}

fn faults(model: &mut Model, _: Call<'_>) -> Outcome {
    let table = table(model)?;
    table.faults_only = !table.faults_only;
    Ok(())
}

fn wide(model: &mut Model, _: Call<'_>) -> Outcome {
    let table = table(model)?;
    table.wide = !table.wide;
    table.left = 0;
    Ok(())
}

fn inspect(model: &mut Model, call: Call<'_>) -> Outcome {
    if table(model)?.inspects() == 0 {
        return Err("no pane here; d describes".into());
    }
    model.settings.inspect = match call.arg {
        "" => !model.settings.inspect,
        text => text == "on",
    };
    match model.layout().pane {
        None if model.settings.inspect => Err(format!("the pane needs {}", layout::PANE_NEEDS)),
        _ => Ok(()),
    }
}

/// Sorts by the first of the columns that exists; again: in reverse.
fn sort_by(model: &mut Model, columns: &[&str]) -> Outcome {
    let table = table(model)?;
    let kind = table.view.kind;
    let column = columns.iter().find_map(|name| kind.column(name));
    table.sort_by(column.ok_or_else(|| format!("{} have no {}", kind.plural, columns[0]))?);
    Ok(())
}

fn sort_name(model: &mut Model, _: Call<'_>) -> Outcome {
    sort_by(model, &["name", "id", "service"])
}

fn sort_status(model: &mut Model, _: Call<'_>) -> Outcome {
    sort_by(model, &["status", "state", "rollout"])
}

fn sort_age(model: &mut Model, _: Call<'_>) -> Outcome {
    sort_by(model, &["age"])
}

fn sort_cluster(model: &mut Model, _: Call<'_>) -> Outcome {
    sort_by(model, &["cluster"])
}

fn sort(model: &mut Model, call: Call<'_>) -> Outcome {
    let table = table(model)?;
    let kind = table.view.kind;
    let columns = (kind.columns)();
    if !call.arg.is_empty() {
        let names = columns.iter().map(|column| column.name);
        let column = kind.column(call.arg);
        table.sort_by(column.ok_or_else(|| {
            format!("{} have no column `{}`{}", kind.plural, call.arg, nearest::hint(call.arg, names))
        })?);
    } else if let Some(column) = table.picked {
        table.sort_by(column);
    } else {
        let item = |index: usize| PickerItem::new(columns[index].title, columns[index].name, PickAction::Sort(index));
        let query = &table.view.query;
        let alike = |index: &usize| columns[*index].hidden_by.is_some_and(|part| query.fixes(part));
        let items = (0..columns.len()).filter(|index| !alike(index)).map(item).collect();
        model.overlay = Some(Overlay::Picker(Picker::new("sort by", items)));
    }
    Ok(())
}

fn column_left(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.pick_column(-1);
    Ok(())
}

fn column_right(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.pick_column(1);
    Ok(())
}

fn mark(model: &mut Model, _: Call<'_>) -> Outcome {
    let moves = model.settings.mark_moves;
    let table = table(model)?;
    let moves = moves && table.range.is_none();
    table.mark();
    if moves {
        table.move_by(1);
    }
    Ok(())
}

fn mark_range(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.mark_range();
    Ok(())
}

fn mark_all(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.mark_all();
    Ok(())
}

fn unmark(model: &mut Model, _: Call<'_>) -> Outcome {
    let table = table(model)?;
    table.marks.clear();
    table.range = None;
    Ok(())
}
