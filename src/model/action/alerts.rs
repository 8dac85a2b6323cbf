//! Actions for alerts: when a row settles or fails.

use super::{
    Action, Arg, Call, Outcome, actions,
    row::{ON_ROWS, current},
};
use crate::model::{
    Model,
    overlay::{Overlay, PickAction, Picker, PickerItem},
};

actions! {
    ALERT = Action::new("alert", ON_ROWS, "alert when it settles or fails", alert)
        .keys(&["ctrl-n"])
        .words(&["notify", "alert"], Arg::OneOf(&["list", "off"]));
}

fn alert(model: &mut Model, call: Call<'_>) -> Outcome {
    let alerts = &mut model.alerts.subjects;
    match call.arg {
        "" => {
            let row = current(model)?;
            let text = model.toggle_alert(&*row)?;
            model.info(text);
        }
        "off" => {
            alerts.clear();
            model.info("no alerts any more");
        }
        _ if alerts.is_empty() => return Err("no alerts; ctrl-n on a service, task or instance adds one".into()),
        _ => {
            let items = alerts.iter().map(|subject| {
                PickerItem::new(&subject.label, subject.state(), PickAction::DropAlert(subject.label.clone()))
            });
            model.overlay = Some(Overlay::Picker(Picker::new("alerts; enter removes one", items.collect())));
        }
    }
    Ok(())
}
