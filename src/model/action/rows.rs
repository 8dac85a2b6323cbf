//! Which rows, in which order, marked, copied, saved.

use serde_json::Value;

use super::{
    Call, Outcome,
    views::{asked, current},
};
use crate::{
    event::Effect,
    model::{
        Model, Screen, Table, layout,
        overlay::{FilterPrompt, Overlay, PickAction, Picker, PickerItem},
        prompt::Prompt,
        screens::text::TextSource,
    },
    nearest,
    resource::{
        Row, cluster, command,
        export::{self, Csv},
        secrets::{masked, masked_json},
    },
};

const FOR_TABLES: &str = "this is for tables";

/// The table that is seen.
fn table(model: &mut Model) -> Result<&mut Table, String> {
    match &mut model.front {
        Screen::Table(table) => Ok(table),
        Screen::Text(_) | Screen::Logs(_) => Err(FOR_TABLES.into()),
    }
}

pub(super) fn filter(model: &mut Model, call: Call<'_>) -> Outcome {
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

pub(super) fn clear_filter(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.filter = Default::default();
    Ok(())
}

pub(super) fn faults(model: &mut Model, _: Call<'_>) -> Outcome {
    let table = table(model)?;
    table.faults_only = !table.faults_only;
    Ok(())
}

pub(super) fn wide(model: &mut Model, _: Call<'_>) -> Outcome {
    let table = table(model)?;
    table.wide = !table.wide;
    table.left = 0;
    Ok(())
}

pub(super) fn inspect(model: &mut Model, call: Call<'_>) -> Outcome {
    if table(model)?.inspects() == 0 {
        return Err("no pane here; d describes".into());
    }
    model.settings.inspect = match call.arg {
        "" => !model.settings.inspect,
        text => text == "on",
    };
    match model.layout().pane {
        None if model.settings.inspect => Err(format!("it takes {}", layout::PANE_NEEDS)),
        _ => Ok(()),
    }
}

/// Sorts by the first of the columns there is; again: the other way round.
fn sort_by(model: &mut Model, columns: &[&str]) -> Outcome {
    let table = table(model)?;
    let kind = table.view.kind;
    let column = columns.iter().find_map(|name| kind.column(name));
    table.sort_by(column.ok_or_else(|| format!("{} have no {}", kind.plural, columns[0]))?);
    Ok(())
}

pub(super) fn sort_name(model: &mut Model, _: Call<'_>) -> Outcome {
    sort_by(model, &["name", "id", "service"])
}

pub(super) fn sort_status(model: &mut Model, _: Call<'_>) -> Outcome {
    sort_by(model, &["status", "state", "rollout"])
}

pub(super) fn sort_age(model: &mut Model, _: Call<'_>) -> Outcome {
    sort_by(model, &["age"])
}

pub(super) fn sort_cluster(model: &mut Model, _: Call<'_>) -> Outcome {
    sort_by(model, &["cluster"])
}

pub(super) fn sort(model: &mut Model, call: Call<'_>) -> Outcome {
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
        let alike = |index: &usize| columns[*index].told_by.is_some_and(|part| query.fixes(part));
        let items = (0..columns.len()).filter(|index| !alike(index)).map(item).collect();
        model.overlay = Some(Overlay::Picker(Picker::new("sort by", items)));
    }
    Ok(())
}

pub(super) fn column_left(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.pick_column(-1);
    Ok(())
}

pub(super) fn column_right(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.pick_column(1);
    Ok(())
}

pub(super) fn mark(model: &mut Model, _: Call<'_>) -> Outcome {
    let moves = model.settings.mark_moves;
    let table = table(model)?;
    let moves = moves && table.range.is_none();
    table.mark();
    if moves {
        table.move_by(1);
    }
    Ok(())
}

pub(super) fn mark_range(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.mark_range();
    Ok(())
}

pub(super) fn mark_all(model: &mut Model, _: Call<'_>) -> Outcome {
    table(model)?.mark_all();
    Ok(())
}

pub(super) fn unmark(model: &mut Model, _: Call<'_>) -> Outcome {
    let table = table(model)?;
    table.marks.clear();
    table.range = None;
    Ok(())
}

pub(super) fn copy(model: &mut Model, _: Call<'_>) -> Outcome {
    let text = match &model.front {
        Screen::Text(viewer) => viewer.text(),
        Screen::Logs(reader) => reader.taken(&model.settings.zone.zone, model.now)?,
        Screen::Table(table) => {
            let names: Vec<String> = table.targets().iter().map(|entry| entry.row.name().into_owned()).collect();
            if names.is_empty() {
                return Err("there is no row here".into());
            }
            names.join("\n")
        }
    };
    model.out.push(Effect::Copy(text));
    Ok(())
}

pub(super) fn copy_cluster(model: &mut Model, _: Call<'_>) -> Outcome {
    let row = current(model)?;
    // The row of a cluster is in no other one.
    let cluster = row.cluster().map(str::to_owned).unwrap_or_else(|| row.name().into_owned());
    if row.cluster().is_none() && row.kind() != &cluster::KIND {
        return Err(format!("this {} is in no cluster", row.kind().name));
    }
    model.out.push(Effect::Copy(cluster));
    Ok(())
}

pub(super) fn copy_command(model: &mut Model, _: Call<'_>) -> Outcome {
    let command = match &model.front {
        Screen::Table(_) => show_command(model, &*current(model)?)?,
        Screen::Text(viewer) => match &viewer.source {
            TextSource::Explain(_, explaining) if !explaining.commands.is_empty() => explaining.commands[0].clone(),
            source => show_command(model, &*source.subject().ok_or("this text is about no row")?.row)?,
        },
        Screen::Logs(_) => return Err("no aws command shows a merged log".into()),
    };
    model.out.push(Effect::Copy(command));
    Ok(())
}

/// The AWS CLI call that shows the row, in the scope of the console.
fn show_command(model: &Model, row: &dyn Row) -> Result<String, String> {
    let shown = command::show(row).ok_or_else(|| format!("no aws command shows a {}", row.kind().name))?;
    Ok(model.command_scope().apply(&shown))
}

pub(super) fn copy_field(model: &mut Model, _: Call<'_>) -> Outcome {
    let subject = asked(model, Call::default())?;
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
    items.extend(show_command(model, &**row).ok().map(|command| item(&command, "command")));
    let json = serde_json::to_string_pretty(&masked_json(&row.json())).unwrap_or_default();
    items.push(PickerItem::new("all of it", "json", PickAction::Copy(json)));
    model.overlay = Some(Overlay::Picker(Picker::new("copy", items)));
    Ok(())
}

pub(super) fn open_locator(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg.is_empty() {
        return Err("`:open` takes a locator; shift-c copies that of a row".into());
    }
    model.open_locator(call.arg)
}

pub(super) fn save(model: &mut Model, call: Call<'_>) -> Outcome {
    let effect = match &model.front {
        Screen::Table(table) => save_table(table, call.arg, model)?,
        Screen::Text(viewer) => {
            let (extension, format) = match viewer.source {
                TextSource::Raw(..) => ("json", "json"),
                _ => ("txt", "text"),
            };
            if !["", format].contains(&call.arg) {
                return Err(format!("invalid format `{}` for this text; expected {format}", call.arg));
            }
            Effect::Save { name: viewer.title.clone(), extension, content: viewer.text() }
        }
        Screen::Logs(reader) => reader.saved(call.arg, &model.settings.zone.zone)?,
    };
    model.out.push(effect);
    Ok(())
}

/// The rows that are shown, all columns of them.
fn save_table(table: &Table, format: &str, model: &Model) -> Result<Effect, String> {
    let rows = || table.rows.iter().map(|entry| &*entry.row);
    let (extension, content) = match format {
        "" | "csv" => ("csv", export::csv(&table.view, Csv::Plain, rows(), &model.cx())),
        "json" => {
            let rows = rows().map(|row| masked_json(&row.json())).collect();
            let list = Value::Object([(table.view.kind.json_key.to_owned(), Value::Array(rows))].into_iter().collect());
            ("json", format!("{list:#}\n"))
        }
        "ndjson" => ("ndjson", rows().map(|row| format!("{}\n", masked_json(&row.json()))).collect()),
        other => return Err(format!("invalid format `{other}` for a table; expected csv, json or ndjson")),
    };
    Ok(Effect::Save { name: table.title(), extension, content })
}
