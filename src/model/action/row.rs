//! Actions on a row: in its table, and in texts about it.

use std::sync::Arc;

use super::{Action, ActionContext, Arg, Call, Outcome, actions, views::back};
use crate::{
    diagnose::timeline,
    event::Effect,
    model::{
        Model, Table, Viewer,
        overlay::{Overlay, PickAction, Picker, PickerItem},
        screens::text::{About, TextSource, TextSubject, explained},
    },
    resource::{
        Ability, Origin, Query, Relation, Row, Status, TypedRow, View, cluster,
        secrets::{masked, masked_json},
    },
};

/// In tables of rows, and in texts about a row.
pub const ON_ROWS: ActionContext = ActionContext::new("On a row, and in texts about one", "rows");

actions! {
    OPEN = Action::new("open", ON_ROWS, "open the row", open).keys(&["enter"]).hint("open", 10);
    DESCRIBE = Action::new("describe", ON_ROWS, "describe: findings first", describe)
        .keys(&["d"])
        .words(&["describe"], Arg::Row)
        .hint("describe", 20);
    EXPLAIN = Action::new("explain", ON_ROWS, "explain: cause, evidence, next steps", explain)
        .needs(Ability::Explain)
        .keys(&["shift-x"])
        .words(&["explain"], Arg::Row)
        .hint("explain", 35);
    RAW = Action::new("raw", ON_ROWS, "JSON as AWS returns it", raw)
        .keys(&["y"])
        .words(&["json", "raw"], Arg::Row)
        .hint("json", 30);
    STOPPED = Action::new("stopped", ON_ROWS, "running, stopped, all", next_status)
        .needs(Ability::Status)
        .keys(&["x"])
        .words(&["status"], Arg::OneOf(&["running", "stopped", "all"]))
        .hint("stopped", 40);
    STOPPED_TASKS = Action::new("stopped-tasks", ON_ROWS, "stopped tasks", stopped_tasks)
        .needs(Ability::StoppedTasks)
        .keys(&["x"])
        .hint("stopped tasks", 40);
    EVENTS = Action::new("events", ON_ROWS, "events", events)
        .needs(Ability::Events)
        .keys(&["shift-e"])
        .hint("events", 42);
    ROLLOUT = Action::new("rollout", ON_ROWS, "rollout: progress, blockers", rollout)
        .needs(Ability::Rollout)
        .keys(&["z"])
        .hint("rollout", 44);
    TIMELINE = Action::new("timeline", ON_ROWS, "timeline", timeline)
        .needs(Ability::Timeline)
        .keys(&["shift-t"])
        .hint("timeline", 41);
    TASK_DEFINITION = Action::new("task-definition", ON_ROWS, "task definition", task_definition)
        .needs(Ability::TaskDefinition)
        .keys(&["t"])
        .hint("task definition", 46);
    DIFF = Action::new("diff", ON_ROWS, "diff: what changed", diff)
        .needs(Ability::Diff)
        .keys(&["v"])
        .words(&["diff"], Arg::Row)
        .hint("diff", 47);
    INSTANCE = Action::new("instance", ON_ROWS, "container instance", instance)
        .needs(Ability::Instance)
        .keys(&["o"])
        .hint("instance", 48);
    OWNER = Action::new("owner", ON_ROWS, "owner", owner).keys(&["shift-j"]).hint("owner", 60);
    COPY_FIELD = Action::new("copy-field", ON_ROWS, "copy a field", copy_field).keys(&["shift-c"]);
    COPY_CLUSTER = Action::new("copy-cluster", ON_ROWS, "copy the cluster name", copy_cluster).keys(&["n"]);
}

/// The row under the cursor, or the one that the text is about.
pub(in crate::model) fn current(model: &Model) -> Result<Arc<dyn Row>, String> {
    Ok(target_row(model, Call::default())?.row)
}

fn open(model: &mut Model, call: Call<'_>) -> Outcome {
    let row = current(model)?;
    let Some(view) = row.drill() else {
        return match (model.front.is::<Viewer>(), row.about()) {
            (false, None) if matches!(row.typed(), TypedRow::Rollout(_)) => rollout(model, call),
            (true, _) => Err(format!("there is nothing inside this {}", row.kind().name)),
            (_, Some(_)) => explain(model, call),
            (_, None) => describe(model, call),
        };
    };
    model.show(view);
    // A composed row opens the row it was made from.
    if let (Origin::Composed(_), Some(parent)) = (&row.kind().origin, row.parent()) {
        model.table_mut(|table| table.seek(parent));
    }
    Ok(())
}

fn describe(model: &mut Model, call: Call<'_>) -> Outcome {
    model.open_about(target_row(model, call)?, About::Description);
    Ok(())
}

fn raw(model: &mut Model, call: Call<'_>) -> Outcome {
    let back = model.front.get::<Viewer>().is_some_and(|viewer| matches!(viewer.source, TextSource::Raw(..)));
    let about = if back && call.arg.is_empty() { About::Description } else { About::Raw };
    model.open_about(target_row(model, call)?, about);
    Ok(())
}

fn explain(model: &mut Model, call: Call<'_>) -> Outcome {
    let explains = model.front.get::<Viewer>().is_some_and(|viewer| matches!(viewer.source, TextSource::Explain(..)));
    if explains && call.arg.is_empty() {
        return back(model, call);
    }
    let target_row = target_row(model, call)?;
    let kind = target_row.row.kind();
    if !call.arg.is_empty() && !kind.can(Ability::Explain) {
        return Err(format!("{} are not explained; d describes one", kind.plural));
    }
    model.open_about(explained(target_row)?, About::Explanation);
    Ok(())
}

/// How the revision of the row differs from another one; with two marked rows, from that of the other.
fn diff(model: &mut Model, call: Call<'_>) -> Outcome {
    let open = model.front.get::<Viewer>().is_some_and(|viewer| matches!(viewer.source, TextSource::Diff(..)));
    if open && call.arg.is_empty() {
        return back(model, call);
    }
    let subject = target_row(model, call)?;
    let marked = model.front.get::<Table>().filter(|_| call.arg.is_empty()).map(Table::targets);
    let rows = match marked {
        Some(marked) if marked.len() > 1 => marked.into_iter().map(|entry| entry.row.clone()).collect(),
        _ => vec![subject.row.clone()],
    };
    model.open_diff(subject, rows)
}

/// The row that the command names, or else the one under the cursor or the one that the text is about.
pub(in crate::model) fn target_row(model: &Model, call: Call<'_>) -> Result<TextSubject, String> {
    if !call.arg.is_empty() {
        return model.find_row(call.arg);
    }
    model.front.subject()
}

fn next_status(model: &mut Model, call: Call<'_>) -> Outcome {
    // For a text, the table that its row is from.
    let (mut view, arrangement) = match model.front.get::<Table>() {
        Some(table) => (table.view.clone(), Some((table.filter.clone(), table.sort, table.wide))),
        None => (model.front.subject()?.view, None),
    };
    view.query.status = match call.arg {
        "" => view.query.status.next(),
        "running" => Status::Running,
        "stopped" => Status::Stopped,
        _ => Status::All,
    };
    // Groups consist of failures, and running tasks have no time range.
    view.query.group = None;
    view.query.since.take_if(|_| view.query.status == Status::Running);
    // The other tasks replace these: escape returns to where these were opened, from a text to the text.
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

fn stopped_tasks(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    let row = row.about().map_or(row, |(_, subject)| subject);
    let tasks = row.drill().filter(|view| view.kind.can(Ability::Status));
    let mut view = tasks.ok_or_else(|| format!("this {} has no tasks", row.kind().name))?;
    view.query.status = Status::Stopped;
    model.show(view);
    Ok(())
}

/// A relation of a row, or of the row that it is about; `owners` names the kinds with this relation, for the message.
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

/// Shows the owner of the row, with the cursor on it in its table.
fn owner(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    relate(model, Relation::Owner, "owner", "service or task")?;
    let name = row.name();
    // A row without a cluster is a revision of a family.
    if let Some(owner) = row.cluster().or_else(|| family_of(&name)) {
        model.table_mut(|table| {
            if !table.view.kind.in_cluster {
                table.seek(owner);
            }
        });
    }
    Ok(())
}

/// The family of `family:revision`.
fn family_of(revision: &str) -> Option<&str> {
    revision.rsplit_once(':').map(|(family, _)| family)
}

fn events(model: &mut Model, _: Call<'_>) -> Outcome {
    relate(model, Relation::Events, "events", "service")
}

/// Shows the current rollout of a service; from there, the table of its rollouts.
fn rollout(model: &mut Model, call: Call<'_>) -> Outcome {
    let subject = target_row(model, call)?;
    if model.front.get::<Viewer>().is_some_and(|viewer| matches!(viewer.source, TextSource::Rollout(..))) {
        let row = subject.row;
        model.show(row.related(Relation::Rollouts).unwrap_or(subject.view));
        return Ok(());
    }
    let rollouts = subject.row.related(Relation::Rollouts);
    match (model.rollout_subject(subject), rollouts) {
        (Ok(subject), _) => model.open_about(subject, About::Rollout),
        // If the service is not loaded, its rollouts may be.
        (Err(_), Some(view)) => model.show(view),
        (Err(reason), None) => return Err(reason),
    }
    Ok(())
}

fn timeline(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    // The timeline of a part is that of its parent.
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

/// Shows the revisions of the family of the row's task definition, with the cursor on that one.
fn task_definition(model: &mut Model, _: Call<'_>) -> Outcome {
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

fn instance(model: &mut Model, _: Call<'_>) -> Outcome {
    relate(model, Relation::Instance, "container instance: it is on Fargate, or not placed yet", "task")
}

fn copy_cluster(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    // A cluster's row has its name.
    let cluster = row.cluster().map_or_else(|| row.name().into_owned(), str::to_owned);
    if row.cluster().is_none() && row.kind() != &cluster::KIND {
        return Err(format!("this {} does not belong to a cluster", row.kind().name));
    }
    model.out.push(Effect::Copy(cluster));
    Ok(())
}

fn copy_field(model: &mut Model, _: Call<'_>) -> Outcome {
    let subject = target_row(model, Call::default())?;
    let row = &subject.row;
    let cx = model.cx();
    let item = |text: &str, name: &str| {
        let text = masked(text);
        PickerItem::new(text.as_str(), name, PickAction::Copy(text.clone()))
    };
    let mut items = vec![item(row.id(), "id")];
    for (index, column) in (row.kind().columns)().into_iter().enumerate() {
        let cell = row.cell(index, &cx);
        if !column.ages && !cell.text.is_empty() && cell.text != "-" && cell.text != row.id() {
            items.push(item(&cell.text, column.name));
        }
    }
    items.push(item(&model.locate(&subject).to_string(), "locator"));
    items.extend(model.show_command(&**row).ok().map(|command| item(&command, "command")));
    let json = serde_json::to_string_pretty(&masked_json(&row.json())).unwrap_or_default();
    items.push(PickerItem::new("everything", "json", PickAction::Copy(json)));
    model.overlay = Some(Overlay::Picker(Picker::new("copy", items)));
    Ok(())
}
