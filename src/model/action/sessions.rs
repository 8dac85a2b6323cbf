//! Actions that open a session in a container or on its host.

use std::sync::Arc;

use super::{
    Action, Arg, Call, Outcome, actions, anything,
    row::{ON_ROWS, current, target_row},
};
use crate::{
    diagnose::{Known, check_exec, exec_blocker},
    event::{CommandOrder, Effect, ShellRequest},
    journal::SESSION,
    model::{
        Model, Table,
        overlay::{Overlay, PickAction, Picker, PickerItem, Question},
        scope::ScopeRule,
        screens::text::{About, TextSubject},
        text::safe,
    },
    resource::{
        Ability, Query, Row, TypedRow, View,
        container::Container,
        session_target::SessionTarget,
        task::{self, Task},
    },
};

actions! {
    OPEN_SHELL = Action::new("shell", ON_ROWS, "open a shell", open_shell)
        .needs(Ability::Shell)
        .keys(&["s"])
        .words(&["shell", "exec"], Arg::Text("command", anything))
        .hint("shell", 43);
    CHECK_EXEC = Action::new("check-exec", ON_ROWS, "check ECS Exec", check)
        .needs(Ability::Exec)
        .words(&["check"], Arg::None);
}

/// Opens the checks of the row's task: what they depend on is known of tasks only.
fn check(model: &mut Model, call: Call<'_>) -> Outcome {
    let mut subject = target_row(model, call)?;
    if let TypedRow::Container(container) = subject.row.typed() {
        let view = View::new(&task::KIND, Query::task(&*container.cluster_name, &*container.task_arn));
        let row = model.all_rows().into_iter().find(|row| row.id() == container.task_arn);
        let row = row.ok_or("its task is not loaded yet; try again in a moment")?;
        subject = TextSubject { view, row, gone: false };
    }
    model.open_about(subject, About::ExecCheck);
    Ok(())
}

/// Opens a shell, or the command in the argument, in the container or on the host of the row; of several containers, the
/// user picks one.
fn open_shell(model: &mut Model, call: Call<'_>) -> Outcome {
    let marked = model.front.get::<Table>().filter(|_| !call.arg.is_empty()).map(Table::targets).unwrap_or_default();
    let mut marked: Vec<_> = marked.into_iter().map(|entry| entry.row.clone()).collect();
    if marked.len() > 1 {
        return run_in_marked(model, marked, call.arg);
    }
    // A single mark counts, wherever the cursor is.
    let row = match marked.pop() {
        Some(row) => row,
        None => current(model)?,
    };
    model.require_writable_in(row.cluster())?;
    let rule = row.cluster().and_then(|cluster| model.settings.scope_rule(&model.snapshot.identity, cluster));
    ScopeRule::require_permitted(rule, SESSION)?;
    let identity = Arc::new(model.snapshot.identity.clone());
    if let TypedRow::Instance(instance) = row.typed() {
        let host = instance.host_target().ok_or("AWS names no instance id to open a session on")?;
        return model.ask_to_open(ShellRequest {
            identity,
            target: SessionTarget::Host(host),
            command: call.arg.to_owned(),
        });
    }
    let rows = model.all_rows();
    let known = Known::of(rows.iter().map(|row| &**row), model.now);
    let (task, choice) = ContainerChoice::in_row(&*row, &known)?;
    let command = match call.arg {
        "" => model.settings.exec.shell.clone().unwrap_or_else(|| task.default_shell().to_owned()),
        command => command.to_owned(),
    };
    let request = |container: &Container| ShellRequest {
        identity: identity.clone(),
        target: SessionTarget::Container(task.exec_target(container)),
        command: command.clone(),
    };
    match choice {
        ContainerChoice::None(reason) => Err(format!("{reason} (`:check` lists all checks)")),
        ContainerChoice::One(container) => {
            let request = request(container);
            model.ask_to_open(request)
        }
        ContainerChoice::Several(containers) => {
            let items = containers.into_iter().map(|(container, ready)| {
                PickerItem::new(&container.name, &ready, PickAction::Shell(Box::new(request(container))))
            });
            let picker = Picker::new("shell in which container?", items.collect());
            model.overlay = Some(Overlay::Picker(picker));
            Ok(())
        }
    }
}

/// Runs a command in the containers of the marked rows.
fn run_in_marked(model: &mut Model, rows: Vec<Arc<dyn Row>>, command: &str) -> Outcome {
    let all = model.all_rows();
    let known = Known::of(all.iter().map(|row| &**row), model.now);
    let mut targets = Vec::new();
    for row in &rows {
        model.require_writable_in(row.cluster())?;
        let rule = row.cluster().and_then(|cluster| model.settings.scope_rule(&model.snapshot.identity, cluster));
        ScopeRule::require_permitted(rule, SESSION)?;
        let (task, choice) = ContainerChoice::in_row(&**row, &known)?;
        match choice {
            ContainerChoice::None(reason) => return Err(format!("{}: {reason}", row.name())),
            ContainerChoice::One(container) => targets.push(task.exec_target(container)),
            ContainerChoice::Several(_) => {
                return Err(format!("{} has several containers; mark containers in their table", task.label()));
            }
        }
    }
    if targets.iter().any(|target| target.cluster_name != targets[0].cluster_name) {
        return Err("the marked rows are in several clusters".into());
    }
    let identity = Arc::new(model.snapshot.identity.clone());
    model.ask_to_run(CommandOrder { identity, targets, command: command.to_owned() })
}

/// The containers that a shell may be opened in.
pub(super) enum ContainerChoice<'a> {
    /// Why there is none.
    None(String),
    One(&'a Container),
    /// Each with what keeps a shell from it, or `ready`.
    Several(Vec<(&'a Container, String)>),
}

impl<'a> ContainerChoice<'a> {
    /// The task of a row, and which of its containers it may be.
    pub(super) fn in_row(row: &'a dyn Row, known: &Known<'a>) -> Result<(&'a Task, Self), String> {
        Ok(match row.typed() {
            TypedRow::Task(task) => (task, Self::of(task, known)),
            TypedRow::Container(container) => {
                let task = known.task(&container.cluster_name, &container.task_arn);
                let task = task.ok_or("its task is not loaded yet; try again in a moment")?;
                (task, Self::only(task, container, known))
            }
            _ => return Err(format!("{} have no containers to enter", row.kind().plural)),
        })
    }

    fn only(task: &Task, container: &'a Container, known: &Known<'_>) -> Self {
        match exec_blocker(&check_exec(task, container, known)) {
            Some(reason) => Self::None(reason),
            None => Self::One(container),
        }
    }

    fn of(task: &'a Task, known: &Known<'_>) -> Self {
        let judged: Vec<(&Container, Option<String>)> = task
            .containers
            .iter()
            .map(|container| (container, exec_blocker(&check_exec(task, container, known))))
            .collect();
        let mut ready = judged.iter().filter(|(_, blocker)| blocker.is_none()).map(|(container, _)| *container);
        match (ready.next(), ready.next()) {
            (None, _) => {
                let first = judged.into_iter().find_map(|(_, blocker)| blocker);
                Self::None(first.unwrap_or_else(|| "the task has no containers yet".to_owned()))
            }
            (Some(only), None) => Self::One(only),
            (Some(_), Some(_)) => {
                let or_ready = |blocker: Option<String>| blocker.unwrap_or_else(|| "ready".to_owned());
                Self::Several(judged.into_iter().map(|(container, blocker)| (container, or_ready(blocker))).collect())
            }
        }
    }
}

impl Model {
    /// Opens a shell; where the rules of the scope want it, after a question.
    pub(in crate::model) fn ask_to_open(&mut self, request: ShellRequest) -> Outcome {
        let rule = self.settings.scope_rule(&self.snapshot.identity, request.target.cluster_name());
        let Some(rule) = rule.filter(|rule| ScopeRule::asks_before_session(Some(rule))) else {
            self.out.push(Effect::OpenShell(Box::new(request)));
            return Ok(());
        };
        let title = format!("Open a shell in {}?", safe(&rule.env));
        let says = vec![
            safe(&format!("{} in {}", request.target.label(), request.target.cluster_name())).into_owned(),
            match request.target {
                SessionTarget::Container(_) => {
                    "what is typed there runs at once, as root unless the image says otherwise"
                }
                SessionTarget::Host(_) => "what is typed there runs at once, on the host of all its tasks",
            }
            .to_owned(),
            "the journal notes who opened it, where, and for how long".to_owned(),
        ];
        let choice = PickAction::OpenShell(Box::new(request));
        self.overlay = Some(Overlay::Question(Question { title, says, yes: "open", no: "cancel", choice }));
        Ok(())
    }
}
