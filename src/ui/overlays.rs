//! Overlays: prompts in the last row, pickers and dialogs in the middle. The screen beneath them doesn't move.

use ratatui::{buffer::Buffer, layout::Position};

use super::theme::Theme;
use crate::model::{Layout, Model, Overlay};

mod code;
mod confirm;
mod form;
mod list;
mod picker;
mod prompt;
mod query;
mod question;
mod results;
mod rules;

/// Draws the overlay and returns where the cursor goes.
pub(super) fn draw(buf: &mut Buffer, model: &Model, layout: &Layout, overlay: &Overlay, theme: &Theme) -> Position {
    match overlay {
        Overlay::Command(command) => prompt::line(buf, layout, ":", command, theme),
        Overlay::Filter(filter) => prompt::filter(buf, layout, &filter.prompt, theme),
        Overlay::Search(search) => prompt::line(buf, layout, "/", &search.prompt, theme),
        Overlay::Picker(picker) => picker::draw(buf, layout, picker, theme),
        Overlay::Rule(rule) => rules::prompt(buf, layout, rule, theme),
        Overlay::Rules(list) => rules::list(buf, layout, list, model.log(), theme),
        Overlay::When(when) => rules::when(buf, layout, when, theme),
        Overlay::Query(query) => query::draw(buf, layout, query, theme),
        Overlay::Question(question) => question::draw(buf, layout, question, theme),
        Overlay::Run(form) => form::draw(buf, layout, &form.form, theme),
        Overlay::CopyFiles(form) => form::draw(buf, layout, &form.form, theme),
        Overlay::Confirm(dialog) => confirm::draw(buf, layout, dialog, &model.command_scope(), theme),
        Overlay::Results(results) => results::draw(buf, layout, results, theme),
        Overlay::Ports(ports) => prompt::ports(buf, layout, ports, theme),
        Overlay::Code(code) => code::draw(buf, layout, code, theme),
    }
}
