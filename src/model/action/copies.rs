//! Actions that copy files out of containers and into them.

use super::{
    Action, Arg, Call, Outcome, actions,
    row::{ON_ROWS, current},
    sessions::ContainerChoice,
};
use crate::{
    diagnose::Known,
    journal::SESSION,
    model::{
        Model,
        overlay::{Overlay, PickAction, Picker, PickerItem},
        scope::ScopeRule,
    },
    resource::Ability,
};

actions! {
    COPY_FILES = Action::new("cp", ON_ROWS, "copy files out of a container or into it", copy_files)
        .needs(Ability::Exec)
        .words(&["cp"], Arg::OneOf(&["list"]));
}

/// Opens the form of a copy, or the list of copies; of several containers, the user picks one.
fn copy_files(model: &mut Model, call: Call<'_>) -> Outcome {
    if call.arg == "list" {
        return model.list_copies();
    }
    let row = current(model)?;
    model.require_writable_in(row.cluster())?;
    let rule = row.cluster().and_then(|cluster| model.settings.scope_rule(&model.snapshot.identity, cluster));
    ScopeRule::require_permitted(rule, SESSION)?;
    let rows = model.all_rows();
    let known = Known::of(rows.iter().map(|row| &**row), model.now);
    let (task, choice) = ContainerChoice::in_row(&*row, &known)?;
    match choice {
        ContainerChoice::None(reason) => Err(format!("{reason} (`:check` lists all checks)")),
        ContainerChoice::One(container) => {
            let target = task.exec_target(container);
            model.open_copy_form(target);
            Ok(())
        }
        ContainerChoice::Several(containers) => {
            let items = containers.into_iter().map(|(container, ready)| {
                PickerItem::new(&container.name, &ready, PickAction::CopyIn(Box::new(task.exec_target(container))))
            });
            model.overlay = Some(Overlay::Picker(Picker::new("files of which container?", items.collect())));
            Ok(())
        }
    }
}
