//! Moving about, and from view to view.

use std::sync::Arc;

use super::{Call, Outcome};
use crate::{
    diagnose::timeline,
    model::{
        Model, Screen, layout,
        navigation::current_first,
        overlay::{Overlay, PickAction, Picker, PickerItem, SearchPrompt},
        prompt::Prompt,
        screens::text::{
            TextSource, TextSubject,
            about::{About, explained, subject},
        },
    },
    resource::{Ability, Origin, Query, Relation, Row, Status, View},
};

/// Cells that a text is scrolled sideways at once.
const SIDEWAYS: i16 = 16;

/// Moves the cursor of a table, or scrolls a text, by `rows`.
fn go(model: &mut Model, rows: isize) -> Outcome {
    let page = model.layout().page;
    match &mut model.front {
        Screen::Table(table) => table.move_by(rows),
        Screen::Text(viewer) => viewer.scroll_by(rows, page),
        Screen::Logs(reader) => reader.go(rows),
    }
    Ok(())
}

/// A page as a step; a row of the page before stays in sight.
fn page(model: &Model) -> isize {
    isize::try_from(model.layout().page.saturating_sub(1).max(1)).unwrap_or(1)
}

pub(super) fn up(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, -1)
}

pub(super) fn down(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, 1)
}

pub(super) fn page_up(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, -page(model))
}

pub(super) fn page_down(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, page(model))
}

pub(super) fn top(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, isize::MIN)
}

pub(super) fn bottom(model: &mut Model, _: Call<'_>) -> Outcome {
    go(model, isize::MAX)
}

pub(super) fn left(model: &mut Model, _: Call<'_>) -> Outcome {
    match &mut model.front {
        Screen::Table(table) => table.left = table.left.saturating_sub(1),
        Screen::Text(viewer) => viewer.scroll_sideways(-SIDEWAYS),
        Screen::Logs(reader) => reader.scroll_sideways(-1),
    }
    Ok(())
}

pub(super) fn right(model: &mut Model, _: Call<'_>) -> Outcome {
    match &mut model.front {
        Screen::Table(table) => table.left = layout::furthest_left(table).min(table.left + 1),
        Screen::Text(viewer) => viewer.scroll_sideways(SIDEWAYS),
        Screen::Logs(reader) => reader.scroll_sideways(1),
    }
    Ok(())
}

/// The row under the cursor, or the one that the text is about.
pub(super) fn current(model: &Model) -> Result<Arc<dyn Row>, String> {
    Ok(asked(model, Call::default())?.row)
}

pub(super) fn open(model: &mut Model, call: Call<'_>) -> Outcome {
    let row = current(model)?;
    let Some(view) = row.drill() else {
        return match (&model.front, row.about()) {
            (Screen::Text(_), _) => Err(format!("there is nothing inside this {}", row.kind().name)),
            (_, Some(_)) => explain(model, call),
            (_, None) => describe(model, call),
        };
    };
    model.show(view);
    // What was put together here leads to what it was put together from.
    if let (Origin::Composed(_), Some(parent)) = (&row.kind().origin, row.parent()) {
        model.table_mut(|table| table.seek(parent));
    }
    Ok(())
}

pub(super) fn describe(model: &mut Model, call: Call<'_>) -> Outcome {
    model.open_about(asked(model, call)?, About::Description);
    Ok(())
}

pub(super) fn raw(model: &mut Model, call: Call<'_>) -> Outcome {
    let back = matches!(&model.front, Screen::Text(viewer) if matches!(viewer.source, TextSource::Raw(..)));
    let about = if back && call.arg.is_empty() { About::Description } else { About::Raw };
    model.open_about(asked(model, call)?, about);
    Ok(())
}

pub(super) fn explain(model: &mut Model, call: Call<'_>) -> Outcome {
    let explains = matches!(&model.front, Screen::Text(viewer) if matches!(viewer.source, TextSource::Explain(..)));
    if explains && call.arg.is_empty() {
        return back(model, call);
    }
    let asked = asked(model, call)?;
    let kind = asked.row.kind();
    if !call.arg.is_empty() && !kind.can(Ability::Explain) {
        return Err(format!("{} are not explained; d describes one", kind.plural));
    }
    model.open_about(explained(asked)?, About::Explanation);
    Ok(())
}

/// The row that is asked about: the one that is named, else the one under the cursor or the one the text is about.
pub(in crate::model) fn asked(model: &Model, call: Call<'_>) -> Result<TextSubject, String> {
    if !call.arg.is_empty() {
        return model.find_row(call.arg);
    }
    match &model.front {
        Screen::Table(table) => {
            table.current().map(|entry| subject(table, &entry.row)).ok_or_else(|| "there is no row here".into())
        }
        Screen::Text(viewer) => viewer.source.subject().cloned().ok_or_else(|| "this text is about no row".into()),
        Screen::Logs(_) => Err("this is for rows of a table".into()),
    }
}

pub(super) fn next_status(model: &mut Model, call: Call<'_>) -> Outcome {
    // Of a text, the table that its row is from.
    let (mut view, arrangement) = match &model.front {
        Screen::Table(table) => (table.view.clone(), Some((table.filter.clone(), table.sort, table.wide))),
        Screen::Text(_) | Screen::Logs(_) => (asked(model, Call::default())?.view, None),
    };
    view.query.status = match call.arg {
        "" => view.query.status.next(),
        "running" => Status::Running,
        "stopped" => Status::Stopped,
        _ => Status::All,
    };
    // A group is of failures, and running tasks have no past.
    view.query.group = None;
    view.query.since.take_if(|_| view.query.status == Status::Running);
    // The other tasks take the place of these: going back leads to where these were opened, from a text to the text.
    if arrangement.is_some() && !model.behind.is_empty() {
        model.pop();
    }
    model.show(view);
    if let Some((filter, sort, wide)) = arrangement {
        model.table_mut(|table| {
            table.filter = filter;
            table.sort = sort;
            table.wide = wide;
        });
    }
    Ok(())
}

pub(super) fn stopped_tasks(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    let row = row.about().map_or(row, |(_, subject)| subject);
    let tasks = row.drill().filter(|view| view.kind.can(Ability::Status));
    let mut view = tasks.ok_or_else(|| format!("this {} has no tasks", row.kind().name))?;
    view.query.status = Status::Stopped;
    model.show(view);
    Ok(())
}

/// What a row has of `what`; a row that is about another has it where that one is of a kind that has, as `owners` says.
fn related(row: &dyn Row, relation: Relation, what: &str, owners: &str) -> Result<View, String> {
    row.related(relation).ok_or_else(|| match row.kind().origin {
        Origin::Composed(_) => format!("not a {owners}: no {what}"),
        _ => format!("this {} has no {what}", row.kind().name),
    })
}

fn relate(model: &mut Model, relation: Relation, what: &str, owners: &str) -> Outcome {
    let view = related(&*current(model)?, relation, what, owners)?;
    model.show(view);
    Ok(())
}

/// What the row belongs to; the cursor is on it where there are others beside it.
pub(super) fn owner(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    relate(model, Relation::Owner, "owner", "service or task")?;
    let name = row.name();
    // What is in no cluster is a revision of a family.
    if let Some(owner) = row.cluster().or_else(|| family_of(&name)) {
        model.table_mut(|table| {
            if !table.view.kind.in_cluster {
                table.seek(owner)
            }
        });
    }
    Ok(())
}

/// The family of `family:revision`.
fn family_of(revision: &str) -> Option<&str> {
    revision.rsplit_once(':').map(|(family, _)| family)
}

pub(super) fn events(model: &mut Model, _: Call<'_>) -> Outcome {
    relate(model, Relation::Events, "events", "service")
}

pub(super) fn deployments(model: &mut Model, _: Call<'_>) -> Outcome {
    relate(model, Relation::Deployments, "deployments", "service")
}

pub(super) fn timeline(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    // The timeline of what is part of something, or about it, is the other's.
    let parent = || timeline::view(&**model.snapshot.row(row.parent()?)?);
    let about = || timeline::view(&*row.about()?.1);
    let (view, moment) = timeline::view(&*row)
        .or_else(about)
        .or_else(parent)
        .ok_or_else(|| format!("this {} has no timeline", row.kind().name))?;
    model.show(view);
    if let Some(moment) = moment {
        model.table_mut(|table| table.seek(&moment));
    }
    Ok(())
}

/// The revisions of the family that the row's task definition is one of; the cursor is on that one.
pub(super) fn task_definition(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    let view = related(&*row, Relation::TaskDefinition, "task definition", "service or task")?;
    let revision = view.query.family.clone().unwrap_or_default();
    match family_of(&revision) {
        Some(family) => {
            model.show(View::new(view.kind, Query::family(family)));
            model.table_mut(|table| {
                table.seek(&revision);
                table.asked_for = Some(revision.clone());
            });
        }
        None => model.show(view),
    }
    Ok(())
}

pub(super) fn instance(model: &mut Model, _: Call<'_>) -> Outcome {
    relate(model, Relation::Instance, "container instance: it is on Fargate, or not placed yet", "task")
}

pub(super) fn warp(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    let cluster = row.cluster().ok_or_else(|| format!("this {} is in no cluster", row.kind().name))?;
    model.choose_cluster(Some(cluster.into()))
}

pub(super) fn all_clusters(model: &mut Model, _: Call<'_>) -> Outcome {
    model.choose_cluster(None)
}

pub(super) fn favourite(model: &mut Model, call: Call<'_>) -> Outcome {
    let favourite = model.favourites().get(call.nth).cloned();
    let favourite = favourite.ok_or_else(|| format!("there is no cluster {}", call.nth + 1))?;
    model.choose_cluster(Some(favourite))
}

pub(super) fn cluster(model: &mut Model, call: Call<'_>) -> Outcome {
    match call.arg {
        "" => {
            model.overlay = Some(Overlay::Picker(Picker::new("cluster", cluster_items(model))));
            Ok(())
        }
        "all" | "*" => model.choose_cluster(None),
        name => model.choose_cluster(Some(model.known_cluster(name)?)),
    }
}

/// One item a cluster, and one for all of them.
pub(super) fn cluster_items(model: &Model) -> Vec<PickerItem> {
    let clusters = model.snapshot.clusters();
    let names = clusters.iter().map(|name| &**name);
    let mut items =
        current_first("cluster", names, model.cluster.as_deref(), |name| PickAction::Cluster(Some(name.to_owned())));
    items.push(PickerItem::new("all clusters", "", PickAction::Cluster(None)));
    items
}

pub(super) fn escape(model: &mut Model, call: Call<'_>) -> Outcome {
    let left_a_layer = match &mut model.front {
        Screen::Table(table) => table.leave_layer(),
        Screen::Text(viewer) if viewer.search.is_some() => {
            model.look_for("");
            true
        }
        Screen::Text(_) => false,
        Screen::Logs(reader) => reader.leave_layer(),
    };
    if left_a_layer { Ok(()) } else { back(model, call) }
}

pub(super) fn back(model: &mut Model, _: Call<'_>) -> Outcome {
    if !model.leave_query() && !model.pop() {
        model.info("this is the first view; :q quits");
    }
    Ok(())
}

pub(super) fn history_back(model: &mut Model, _: Call<'_>) -> Outcome {
    let view = model.history.step(-1).ok_or("this is the oldest view of the history")?;
    model.show(view);
    Ok(())
}

pub(super) fn history_forward(model: &mut Model, _: Call<'_>) -> Outcome {
    let view = model.history.step(1).ok_or("this is the newest view of the history")?;
    model.show(view);
    Ok(())
}

pub(super) fn last(model: &mut Model, _: Call<'_>) -> Outcome {
    let view = model.history.last().ok_or("there is no previous view yet")?;
    model.show(view);
    Ok(())
}

pub(super) fn search(model: &mut Model, _: Call<'_>) -> Outcome {
    if let Screen::Text(viewer) = &model.front {
        let before = viewer.search.as_ref().map(|search| search.text.clone()).unwrap_or_default();
        let prompt = Prompt::preselected(&before);
        model.overlay = Some(Overlay::Search(SearchPrompt { prompt, before, top: viewer.top }));
    }
    Ok(())
}

fn step(model: &mut Model, steps: isize) -> Outcome {
    let page = model.layout().page;
    let Screen::Text(viewer) = &mut model.front else { return Ok(()) };
    match &viewer.search {
        None => return Err("no search yet; / searches".into()),
        Some(search) if search.matches.is_empty() => return Err(format!("no match for `{}`", search.text)),
        Some(_) => viewer.step(steps, page),
    }
    Ok(())
}

pub(super) fn next_match(model: &mut Model, _: Call<'_>) -> Outcome {
    step(model, 1)
}

pub(super) fn previous_match(model: &mut Model, _: Call<'_>) -> Outcome {
    step(model, -1)
}

pub(super) fn wrap(model: &mut Model, _: Call<'_>) -> Outcome {
    if let Screen::Text(viewer) = &mut model.front {
        viewer.toggle_wrap();
    }
    Ok(())
}

pub(super) fn reveal(model: &mut Model, _: Call<'_>) -> Outcome {
    if let Screen::Text(viewer) = &mut model.front {
        viewer.reveal = !viewer.reveal;
    }
    model.refill();
    Ok(())
}
