//! Copying and saving the contents of a screen.

use super::{Action, Arg, Call, EVERYWHERE, Outcome, actions};
use crate::{
    event::Effect,
    model::Model,
    resource::{Row, command},
};

actions! {
    COPY = Action::new("copy", EVERYWHERE, "copy names or text", copy)
        .keys(&["c"])
        .words(&["copy"], Arg::None)
        .hint("copy", 75);
    COPY_COMMAND = Action::new("copy-command", EVERYWHERE, "copy the aws command", copy_command)
        .keys(&["ctrl-y"])
        .hint("copy command", 77);
    OPEN_LOCATOR = Action::new("open-locator", EVERYWHERE, "open a locator", open_locator)
        .words(&["open"], Arg::Locator);
    SAVE = Action::new("save", EVERYWHERE, "save to a file", save)
        .keys(&["ctrl-s"])
        .words(&["save"], Arg::OneOf(&["csv", "json", "ndjson", "text", "view"]));
}

fn copy(model: &mut Model, _: Call<'_>) -> Outcome {
    let text = model.front.copied(model)?;
    model.out.push(Effect::Copy(text));
    Ok(())
}

fn copy_command(model: &mut Model, _: Call<'_>) -> Outcome {
    let command = model.front.command(model)?;
    model.out.push(Effect::Copy(command));
    Ok(())
}

fn open_locator(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg.is_empty() {
        return Err("`:open` takes a locator; shift-c copies that of a row".into());
    }
    model.open_locator(call.arg)
}

fn save(model: &mut Model, call: Call<'_>) -> Outcome {
    let effect = model.front.saved(call.arg, model)?;
    model.out.push(effect);
    Ok(())
}

impl Model {
    /// The AWS CLI command that shows the row, in the scope of the console.
    pub(in crate::model) fn show_command(&self, row: &dyn Row) -> Result<String, String> {
        let shown = command::show(row).ok_or_else(|| format!("no aws command shows a {}", row.kind().name))?;
        Ok(self.command_scope().apply(&shown))
    }
}
