//! Alerts: when a row settles or fails, or a line of a log matches.

use super::{Action, Arg, Call, EVERYWHERE, Outcome, actions, row::current};
use crate::model::{
    Model,
    alerts::Alerts,
    overlay::{Overlay, PickAction, Picker, PickerItem},
    screens::logs::LogView,
};

actions! {
    ALERT = Action::new("alert", EVERYWHERE, "alert: settles, fails, matches", alert)
        .keys(&["ctrl-n"])
        .words(&["notify", "alert"], Arg::OneOf(&["list", "off"]));
}

fn alert(model: &mut Model, call: Call<'_>) -> Outcome {
    match call.arg {
        "" => {
            let text = match model.front.is::<LogView>() {
                true => model.toggle_log_alert()?,
                false => model.toggle_alert(&*current(model)?)?,
            };
            model.info(text);
        }
        "off" => {
            model.alerts = Alerts::default();
            model.info("no alerts any more");
        }
        _ => {
            let Alerts { subjects, log } = &model.alerts;
            let rows = subjects.iter().map(|subject| (&subject.label, subject.state()));
            let log = log.iter().map(|alert| (&alert.label, alert.state()));
            let item =
                |(label, state): (&String, &str)| PickerItem::new(label, state, PickAction::DropAlert(label.clone()));
            let items: Vec<PickerItem> = rows.chain(log).map(item).collect();
            if items.is_empty() {
                return Err("no alerts; ctrl-n on a service, task, instance or filtered log adds one".into());
            }
            model.overlay = Some(Overlay::Picker(Picker::new("alerts; enter removes one", items)));
        }
    }
    Ok(())
}
