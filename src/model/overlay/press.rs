//! Keys and pastes for overlays.

use super::{FilterPrompt, Overlay, PickAction, Question};
use crate::{
    event::Effect,
    model::{
        Model, Table, Viewer,
        filter::RowFilter,
        keymap::Key,
        prompt::{self, Edit, Pressed, Prompt},
    },
    resource::Context,
};

impl Model {
    /// Handles a key in the overlay.
    pub(in crate::model) fn press_overlay(&mut self, mut overlay: Overlay, key: Key) {
        // A picker is a list: arrows move in it.
        if let Overlay::Picker(picker) = &mut overlay {
            let step = match prompt::edit(key) {
                Some(Edit::Older | Edit::Previous) => Some(-1),
                Some(Edit::Newer | Edit::Next) => Some(1),
                _ => None,
            };
            if let Some(step) = step {
                picker.step(step);
                self.overlay = Some(overlay);
                return;
            }
        }
        if let Overlay::Rules(list) = overlay {
            return self.press_rules(list, key);
        }
        if let Overlay::Question(question) = overlay {
            return self.answer(question, key);
        }
        if let Overlay::Confirm(dialog) = overlay {
            return self.press_confirmation(dialog, key);
        }
        if let Overlay::Results(results) = overlay {
            return self.press_results(results, key);
        }
        if let Overlay::Run(form) = overlay {
            return self.press_run_form(form, key);
        }
        if let Overlay::CopyFiles(form) = overlay {
            return self.press_copy_form(form, key);
        }
        let past = self.past(&overlay);
        let pressed = overlay.prompt_mut().map_or(Pressed::Moved, |prompt| prompt.press(key, past));
        self.after(overlay, pressed);
    }

    /// Handles pasted text in the overlay.
    pub(in crate::model) fn paste_overlay(&mut self, mut overlay: Overlay, text: &str) {
        let past = self.past(&overlay);
        let pressed = overlay.prompt_mut().map_or(Pressed::Moved, |prompt| prompt.paste(text, past));
        self.after(overlay, pressed);
    }

    /// The history for the overlay's prompt.
    pub(super) fn past(&self, overlay: &Overlay) -> &[String] {
        match overlay {
            Overlay::Command(_) => &self.commands,
            Overlay::Filter(_) | Overlay::Search(_) | Overlay::Rule(_) => &self.filters,
            Overlay::Query(query) if !query.in_time => &self.queries,
            Overlay::Picker(_)
            | Overlay::Rules(_)
            | Overlay::When(_)
            | Overlay::Query(_)
            | Overlay::Question(_)
            | Overlay::Run(_)
            | Overlay::CopyFiles(_)
            | Overlay::Confirm(_)
            | Overlay::Results(_)
            | Overlay::Ports(_)
            | Overlay::Code(_) => &[],
        }
    }

    fn after(&mut self, mut overlay: Overlay, pressed: Pressed) {
        match pressed {
            Pressed::Changed => {
                self.complete(&mut overlay);
                self.changed(overlay);
            }
            // Moving on accepts the chosen candidate.
            Pressed::Moved => self.open_prompt(overlay),
            Pressed::Next | Pressed::Previous => self.choose(overlay, if pressed == Pressed::Next { 1 } else { -1 }),
            Pressed::Mode => {
                if let Overlay::Rule(rule) = &mut overlay {
                    self.rule_turned(rule);
                }
                self.open_prompt(overlay);
            }
            Pressed::Submit => self.submit(overlay),
            Pressed::Cancel => self.cancel(overlay),
        }
    }

    fn changed(&mut self, mut overlay: Overlay) {
        match &mut overlay {
            Overlay::Command(prompt) => prompt.fault = None,
            Overlay::Ports(ports) => {
                ports.prompt.fault = None;
                ports.is_untouched = false;
            }
            Overlay::Filter(filter) => self.filter_changed(&mut filter.prompt),
            Overlay::Search(search) => {
                let text = search.prompt.text().to_owned();
                self.look_for(&text);
            }
            Overlay::Picker(picker) => picker.narrow(),
            Overlay::Rule(rule) => self.rule_changed(rule),
            Overlay::When(when) => self.when_changed(when),
            Overlay::Query(query) => self.query_changed(query),
            Overlay::Code(code) => Self::code_changed(code),
            Overlay::Rules(_)
            | Overlay::Question(_)
            | Overlay::Run(_)
            | Overlay::CopyFiles(_)
            | Overlay::Confirm(_)
            | Overlay::Results(_) => {}
        }
        self.overlay = Some(overlay);
    }

    /// Applies a changed filter. While it is invalid, the last valid one stays.
    fn filter_changed(&mut self, prompt: &mut Prompt) {
        let Some(table) = self.front.get_mut::<Table>() else { return };
        let (kind, cx) = (table.view.kind, Context { now: self.now, zone: self.settings.zone.clone() });
        let read = |text: &str| RowFilter::parse(text, kind, cx.now, &cx.zone.zone);
        let finds = |filter: &RowFilter| table.admitted(filter, &cx).next().is_some();
        prompt.fault = match prompt.parse_unfinished(read, finds) {
            Ok(filter) => {
                table.filter = filter;
                None
            }
            Err(fault) => Some(fault),
        };
    }

    fn choose(&mut self, mut overlay: Overlay, steps: isize) {
        if let Overlay::Query(query) = &mut overlay {
            query.in_time = !query.in_time;
        } else if overlay.prompt_mut().is_some_and(|prompt| prompt.choose(steps)) {
            return self.changed(overlay);
        }
        self.overlay = Some(overlay);
    }

    fn submit(&mut self, overlay: Overlay) {
        match overlay {
            Overlay::Command(prompt) => {
                let line = prompt.text().trim().to_owned();
                self.remember("commands", &line);
                if let Err(reason) = self.run(&line) {
                    self.warn(reason);
                }
            }
            Overlay::Filter(filter) => self.filter_entered(filter),
            Overlay::Search(search) => self.remember("filters", search.prompt.text().trim()),
            Overlay::Rule(rule) => self.rule_entered(rule),
            Overlay::When(when) => self.when_entered(when),
            Overlay::Query(query) => self.query_entered(query),
            Overlay::Ports(ports) => self.ports_entered(ports),
            Overlay::Code(code) => self.code_entered(code),
            Overlay::Rules(_)
            | Overlay::Question(_)
            | Overlay::Run(_)
            | Overlay::CopyFiles(_)
            | Overlay::Confirm(_)
            | Overlay::Results(_) => {}
            Overlay::Picker(picker) => {
                if let Some(choice) = picker.choice()
                    && let Err(reason) = self.pick(choice)
                {
                    self.warn(reason);
                }
            }
        }
    }

    /// Handles enter in a filter prompt; an invalid filter keeps it open.
    fn filter_entered(&mut self, mut filter: FilterPrompt) {
        let text = filter.prompt.text().trim();
        match self.front_kind().map(|kind| RowFilter::parse(text, kind, self.now, &self.settings.zone.zone)) {
            Some(Err(fault)) => {
                filter.prompt.fault = Some(fault);
                self.overlay = Some(Overlay::Filter(filter));
            }
            read => {
                self.remember("filters", text);
                if let Some(Ok(filter)) = read {
                    self.set_filter(filter);
                }
            }
        }
    }

    fn cancel(&mut self, overlay: Overlay) {
        match overlay {
            Overlay::Filter(filter) => self.set_filter(filter.before),
            Overlay::Search(search) => {
                self.look_for(&search.before);
                if let Some(viewer) = self.front.get_mut::<Viewer>() {
                    viewer.top = search.top;
                }
            }
            Overlay::Rule(rule) => self.rule_cancelled(rule),
            Overlay::Code(_) => self.out.push(Effect::AnswerCode(None)),
            Overlay::Command(_)
            | Overlay::Picker(_)
            | Overlay::Rules(_)
            | Overlay::When(_)
            | Overlay::Query(_)
            | Overlay::Question(_)
            | Overlay::Run(_)
            | Overlay::Confirm(_)
            | Overlay::Ports(_)
            | Overlay::CopyFiles(_)
            | Overlay::Results(_) => {}
        }
    }

    /// Handles a key for a question; keys that don't answer it are ignored.
    fn answer(&mut self, question: Question, key: Key) {
        match prompt::edit(key) {
            Some(Edit::Submit) => {
                if let Err(reason) = self.pick(question.choice) {
                    self.warn(reason);
                }
            }
            Some(Edit::Cancel) => {}
            _ if matches!(key.typed(), Some('q' | 'n')) => {}
            _ => self.overlay = Some(Overlay::Question(question)),
        }
    }

    fn pick(&mut self, choice: PickAction) -> Result<(), String> {
        match choice {
            PickAction::Profile(name) => self.run(&format!("profile {name}")),
            PickAction::Region(name) => self.run(&format!("region {name}")),
            PickAction::Cluster(name) => self.choose_cluster(name.map(Into::into)),
            PickAction::Copy(text) => {
                self.out.push(Effect::Copy(text));
                Ok(())
            }
            PickAction::Sort(column) => {
                self.table_mut(|table| table.sort_by(column));
                Ok(())
            }
            PickAction::Theme(name) => self.run(&format!("theme {name}")),
            PickAction::Live => {
                self.set_live(true);
                Ok(())
            }
            PickAction::EditAgain { line } => self.edit_again(line),
            PickAction::EditAfresh => self.edit_afresh(),
            PickAction::Deploy { service, revision } => self.deploy_to(&service, &revision),
            PickAction::DropAlert(label) => {
                self.alerts.subjects.retain(|subject| subject.label != label);
                self.alerts.log.take_if(|alert| alert.label == label);
                Ok(())
            }
            PickAction::Shell(request) => self.ask_to_open(*request),
            PickAction::StartForward { request, name } => {
                self.start_forward(*request, name);
                Ok(())
            }
            PickAction::Quit => {
                self.out.push(Effect::Quit);
                Ok(())
            }
            PickAction::CopyIn(target) => {
                self.open_copy_form(*target);
                Ok(())
            }
            PickAction::RunCommand(order) => {
                self.run_command(*order);
                Ok(())
            }
            PickAction::StartCopy(order) => {
                self.start_copy(*order);
                Ok(())
            }
            PickAction::CancelBackground(id) => {
                self.out.push(Effect::CancelBackground(id));
                Ok(())
            }
            PickAction::OpenShell(request) => {
                self.out.push(Effect::OpenShell(request));
                Ok(())
            }
            PickAction::Log(of, range) => {
                self.read_log(*of, range, None);
                Ok(())
            }
        }
    }
}
