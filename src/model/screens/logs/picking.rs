//! Selecting lines, and copying the URL of one in the CloudWatch console.

use super::{LogView, link, reader::reader};
use crate::{
    event::Effect,
    model::{
        Model,
        action::{Call, Outcome},
    },
};

/// The next line to select; freezes the log there.
fn freeze_at_line(reader: &mut LogView) -> Result<i64, String> {
    let (number, _) = reader.current().ok_or("there are no lines yet")?;
    reader.seek(number);
    Ok(number)
}

/// Selects or deselects the line; with a range begun, selects the range.
pub(in crate::model) fn pick(model: &mut Model, _: Call<'_>) -> Outcome {
    let moves = model.settings.mark_moves;
    let reader = reader(model)?;
    if reader.selection.range.is_some() {
        reader.selection.pick_range(reader.viewport.cursor, reader.buffer.view.numbers());
        return Ok(());
    }
    let number = freeze_at_line(reader)?;
    reader.selection.toggle(number);
    if let Some(next) = reader.buffer.near(number, true, |_| true).filter(|_| moves) {
        reader.seek(next);
    }
    Ok(())
}

/// Begins a range of selected lines; again: selects it.
pub(in crate::model) fn pick_range(model: &mut Model, call: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    if reader.selection.range.is_some() {
        return pick(model, call);
    }
    reader.selection.range = Some(freeze_at_line(reader)?);
    Ok(())
}

/// Copies the URL of the line's stream in the CloudWatch console.
pub(in crate::model) fn console(model: &mut Model, _: Call<'_>) -> Outcome {
    let region = model.snapshot.identity.region.clone().or_else(|| model.scope.region.clone());
    let reader = reader(model)?;
    let (_, line) = reader.current().ok_or("there are no lines yet")?;
    let source = line.source.as_ref().ok_or("this line has no log stream")?;
    let region = source.stream.region.clone().or(region).ok_or("the Region is not known yet")?;
    let address = link::console(&source.stream, &region, line.at);
    model.out.push(Effect::Copy(address));
    Ok(())
}
