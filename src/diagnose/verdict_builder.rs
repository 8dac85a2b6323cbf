//! Builder of a verdict, before names are filled in.

use crate::{
    knowledge::{self, Certainty, Class, Names, Quote, Rule, Verdict},
    resource::{container::Container, format::one_line},
};

use super::names;

/// Prefix of the cause for unknown messages.
pub(super) const UNKNOWN_PREFIX: &str = "unknown message: ";

/// The parts of a verdict: the text of a rule, unless overridden.
#[derive(Debug, Default)]
pub(super) struct VerdictBuilder<'a> {
    pub rule: Option<&'static Rule>,
    pub short: Option<&'static str>,
    pub class: Option<Class>,
    pub certainty: Option<Certainty>,
    pub cause: Option<String>,
    /// Appended to the cause: a consequence.
    pub consequence: Option<String>,
    pub container: Option<&'a Container>,
    pub exit_code: Option<i32>,
    /// The decisive message; names in it take precedence.
    pub text: Option<&'a str>,
    pub evidence: Vec<Quote>,
    /// The first next step.
    pub first_check: Option<String>,
    /// Everything went as expected: there are no next steps.
    pub expected: bool,
}

impl VerdictBuilder<'_> {
    pub(super) fn from_rule(rule: &'static Rule) -> Self {
        Self { rule: Some(rule), ..Self::default() }
    }

    /// A verdict on an unknown message, with its full text.
    pub(super) fn unknown(text: &str, class: Class) -> Self {
        let cause = match one_line(text) {
            text if text.is_empty() => "AWS gives no reason.".to_owned(),
            text => format!("{UNKNOWN_PREFIX}{text}"),
        };
        Self { cause: Some(cause), class: Some(class), ..Self::default() }
    }

    /// Adds the text of `field` to the evidence, once.
    pub(super) fn quote(&mut self, field: impl Into<String>, text: impl Into<String>) {
        let (field, text) = (field.into(), text.into());
        // AWS repeats the reason of a container as that of the task.
        let same = |quote: &Quote| quote.field == field || (quote.text == text && text.contains(' '));
        if !text.is_empty() && !self.evidence.iter().any(same) {
            self.evidence.push(Quote { field, text });
        }
    }

    /// Builds the verdict, with `names` and those in its message filled in.
    pub(super) fn build(self, mut names: Names) -> Verdict {
        if let Some(text) = self.text {
            names::add_names_in(&mut names, text);
        }
        let rule = self.rule;
        let advice = rule.filter(|_| !self.expected);
        let filled = |templates: &[&str]| templates.iter().map(|next| knowledge::fill(next, &names)).collect();
        let mut next: Vec<String> = advice.map(|rule| filled(rule.next)).unwrap_or_default();
        next.splice(0..0, self.first_check);
        let mut cause = self.cause.or_else(|| rule.map(|rule| knowledge::fill(rule.cause, &names))).unwrap_or_default();
        if let Some(further) = self.consequence {
            let pause = if cause.ends_with(['.', '!', '?', '"']) { " " } else { ". " };
            cause = format!("{cause}{pause}{further}");
        }
        // A container without a name, at the beginning of a sentence.
        if let Some(rest) = cause.strip_prefix("the container ") {
            cause = format!("The container {rest}");
        }
        Verdict {
            rule: rule.map(|rule| rule.id),
            short: self.short.or(rule.map(|rule| rule.short)).unwrap_or_default(),
            class: self.class.or(rule.map(|rule| rule.class)).unwrap_or(Class::Warning),
            cause,
            certainty: self.certainty.or(rule.map(|rule| rule.certainty)).unwrap_or(Certainty::Unknown),
            evidence: self.evidence,
            container: self.container.map(|container| container.name.clone()).filter(|name| !name.is_empty()),
            exit_code: self.exit_code,
            next,
            command: advice.and_then(|rule| knowledge::command(rule.command, &names)),
            page: advice.map(|rule| rule.page.to_owned()).filter(|page| !page.is_empty()),
        }
    }
}
