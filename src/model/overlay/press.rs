//! Keys and pastes while something lies over the screen.

use super::{Choice, FilterPrompt, Overlay, Question, SearchPrompt};
use crate::{
    event::Effect,
    model::{
        Model, Screen,
        filter::Filter,
        keymap::Key,
        prompt::{self, Edit, Pressed},
        text::safe,
    },
};

impl Model {
    /// Gives a key to the overlay.
    pub(in crate::model) fn press_overlay(&mut self, mut overlay: Overlay, key: Key) {
        // A picker is a list: its arrows move in it.
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
        let past = self.past(&overlay);
        let pressed = overlay.prompt_mut().map_or(Pressed::Moved, |prompt| prompt.press(key, past));
        self.after(overlay, pressed);
    }

    /// Gives pasted text to the overlay.
    pub(in crate::model) fn paste_overlay(&mut self, mut overlay: Overlay, text: &str) {
        let past = self.past(&overlay);
        let pressed = overlay.prompt_mut().map_or(Pressed::Moved, |prompt| prompt.paste(text, past));
        self.after(overlay, pressed);
    }

    /// The history of what is typed there.
    fn past(&self, overlay: &Overlay) -> &[String] {
        match overlay {
            Overlay::Command(_) => &self.commands,
            Overlay::Filter(_) | Overlay::Search(_) | Overlay::Rule(_) => &self.filters,
            Overlay::Query(query) if !query.in_time => &self.queries,
            Overlay::Picker(_) | Overlay::Rules(_) | Overlay::When(_) | Overlay::Query(_) | Overlay::Question(_) => &[],
        }
    }

    fn after(&mut self, overlay: Overlay, pressed: Pressed) {
        match pressed {
            Pressed::Changed => self.changed(overlay),
            Pressed::Moved => self.overlay = Some(overlay),
            Pressed::Next | Pressed::Previous => self.choose(overlay, if pressed == Pressed::Next { 1 } else { -1 }),
            Pressed::Submit => self.submit(overlay),
            Pressed::Cancel => self.cancel(overlay),
        }
    }

    fn changed(&mut self, mut overlay: Overlay) {
        match &mut overlay {
            Overlay::Command(palette) => {
                palette.prompt.fault = None;
                palette.complete(self);
            }
            Overlay::Filter(filter) => {
                let text = filter.prompt.text().to_owned();
                let read = self.front_kind().map(|kind| Filter::parse(&text, kind, self.now, &self.settings.zone.zone));
                // What can't be read yet leaves the last good filter in force.
                filter.prompt.fault = match read {
                    Some(Ok(filter)) => {
                        self.set_filter(filter);
                        None
                    }
                    Some(Err(fault)) => Some(fault),
                    None => None,
                };
                let past = self.filters.iter().rev();
                let rest = past.filter(|_| !text.is_empty()).find_map(|line| line.strip_prefix(&*text));
                filter.prompt.ghost = rest.map(|rest| safe(rest).into_owned()).unwrap_or_default();
            }
            Overlay::Search(search) => {
                let text = search.prompt.text().to_owned();
                self.look_for(&text);
            }
            Overlay::Picker(picker) => picker.narrow(),
            Overlay::Rule(rule) => self.rule_changed(rule),
            Overlay::When(when) => self.when_changed(when),
            Overlay::Query(query) => self.query_changed(query),
            Overlay::Rules(_) | Overlay::Question(_) => {}
        }
        self.overlay = Some(overlay);
    }

    fn choose(&mut self, mut overlay: Overlay, steps: isize) {
        match &mut overlay {
            Overlay::Command(palette) => palette.choose(steps),
            Overlay::Rule(rule) => self.rule_turned(rule, steps > 0),
            Overlay::Query(query) => query.in_time = !query.in_time,
            _ => {}
        }
        self.overlay = Some(overlay);
    }

    fn submit(&mut self, overlay: Overlay) {
        match overlay {
            Overlay::Command(palette) => {
                let line = palette.prompt.text().trim().to_owned();
                self.remember("commands", &line);
                if let Err(reason) = self.run(&line) {
                    self.warn(reason);
                }
            }
            Overlay::Filter(filter) if filter.prompt.fault.is_some() => self.overlay = Some(Overlay::Filter(filter)),
            Overlay::Filter(FilterPrompt { prompt, .. }) | Overlay::Search(SearchPrompt { prompt, .. }) => {
                self.remember("filters", prompt.text().trim());
            }
            Overlay::Rule(rule) => self.rule_entered(rule),
            Overlay::When(when) => self.when_entered(when),
            Overlay::Query(query) => self.query_entered(query),
            Overlay::Rules(_) | Overlay::Question(_) => {}
            Overlay::Picker(picker) => {
                if let Some(choice) = picker.choice()
                    && let Err(reason) = self.pick(choice)
                {
                    self.warn(reason);
                }
            }
        }
    }

    fn cancel(&mut self, overlay: Overlay) {
        match overlay {
            Overlay::Filter(filter) => self.set_filter(filter.before),
            Overlay::Search(search) => {
                self.look_for(&search.before);
                if let Screen::Text(viewer) = &mut self.front {
                    viewer.top = search.top;
                }
            }
            Overlay::Rule(rule) => self.rule_cancelled(rule),
            Overlay::Command(_)
            | Overlay::Picker(_)
            | Overlay::Rules(_)
            | Overlay::When(_)
            | Overlay::Query(_)
            | Overlay::Question(_) => {}
        }
    }

    /// Does what was asked about, or not; other keys wait for one that answers.
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

    fn pick(&mut self, choice: Choice) -> Result<(), String> {
        match choice {
            Choice::Profile(name) => self.run(&format!("profile {name}")),
            Choice::Region(name) => self.run(&format!("region {name}")),
            Choice::Cluster(name) => self.choose_cluster(name.map(Into::into)),
            Choice::Copy(text) => {
                self.out.push(Effect::Copy(text));
                Ok(())
            }
            Choice::Sort(column) => {
                self.table_mut(|table| table.sort_by(column));
                Ok(())
            }
            Choice::Theme(name) => self.run(&format!("theme {name}")),
            Choice::Live => {
                self.set_live(true);
                Ok(())
            }
            Choice::Log(of, range) => {
                self.read_log(*of, range, None);
                Ok(())
            }
        }
    }
}
