//! The parts that all explanations share: findings, evidence, next steps, and gaps.

use std::sync::Arc;

use super::{Explanation, Known};
use crate::{
    knowledge::{self, Certainty, Verdict},
    resource::{
        Document, Tone, Zone,
        document::{DocumentLine, Section},
        evidence::{Excerpt, Target},
        finding::Finding,
        format::{duration, last_part, one_line, seconds_since, short_id},
        secrets::masked,
    },
};

/// Maximum number of quotes, and of next steps.
const MAX_QUOTES: usize = 10;
const MAX_NEXT_STEPS: usize = 7;
const MAX_COMMANDS: usize = 3;
/// Maximum number of log lines on the first page, after the findings.
const LAST_LOG_LINES: usize = 6;
/// Number of targets to list; healthy ones are only counted.
const MAX_TARGETS: usize = 12;

/// Builder of an explanation.
pub(super) struct ExplanationBuilder<'a> {
    pub document: Document,
    pub findings: Vec<Finding>,
    /// Verdicts in addition to those of findings.
    pub verdicts: Vec<Arc<Verdict>>,
    /// Next steps before those of verdicts, and commands before theirs.
    pub next: Vec<String>,
    pub commands: Vec<String>,
    /// What was not checked, and its consequence.
    pub gaps: Vec<String>,
    known: &'a Known<'a>,
}

impl<'a> ExplanationBuilder<'a> {
    pub(super) fn new(known: &'a Known<'a>) -> Self {
        Self {
            document: Document::default(),
            findings: Vec::new(),
            verdicts: Vec::new(),
            next: Vec::new(),
            commands: Vec::new(),
            gaps: Vec::new(),
            known,
        }
    }

    /// Adds the findings; if there are none, `well`.
    pub(super) fn add_findings(&mut self, findings: Vec<Finding>, well: &str) {
        let section = self.document.section("Findings");
        for finding in &findings {
            write_finding(section, finding, self.known);
        }
        if findings.is_empty() {
            section.text(0, well, Tone::Good);
        }
        self.findings = findings;
    }

    /// Adds the findings of a related row, one line each.
    pub(super) fn add_related_findings(&mut self, title: String, findings: &[Finding]) {
        let section = self.document.section(title);
        for finding in findings {
            section.text(0, headline(finding), finding.problem.tone());
        }
    }

    /// Adds everything that follows from the findings, and the evidence.
    pub(super) fn build(mut self, own: Option<String>) -> Explanation {
        let found = self.findings.iter().filter_map(|finding| finding.verdict.clone());
        let verdicts: Vec<Arc<Verdict>> = found.chain(std::mem::take(&mut self.verdicts)).collect();
        self.add_evidence(&verdicts);
        self.add_next_steps(&verdicts);
        self.add_commands(&verdicts, own);
        let mut pages: Vec<&str> = verdicts.iter().filter_map(|verdict| verdict.page.as_deref()).collect();
        pages.dedup();
        let section = self.document.section("Documentation");
        for page in pages.iter().take(2) {
            section.text(0, *page, Tone::Muted);
        }
        if let Some(evidence) = self.known.evidence {
            if let Some(excerpt) = &evidence.lines {
                let zone = &self.known.zone;
                let place = self.document.sections.len().min(1);
                let (earlier, last) = excerpt.lines.split_at(excerpt.lines.len().saturating_sub(LAST_LOG_LINES));
                self.document.sections.insert(place, log_section("Last log lines", excerpt, last, zone));
                self.document
                    .sections
                    .extend((!earlier.is_empty()).then(|| log_section("Earlier log lines", excerpt, earlier, zone)));
            }
            write_targets(self.document.section("Targets"), &evidence.targets);
            self.gaps.extend(evidence.gaps.iter().cloned());
        }
        let section = self.document.section("Not checked");
        for gap in &self.gaps {
            section.text(0, gap, Tone::Muted);
        }
        self.document.sections.retain(|section| !section.lines.is_empty());
        let commands = self.commands.iter().map(|command| masked(command)).collect();
        Explanation { document: self.document.masked(), findings: self.findings, commands }
    }

    fn add_evidence(&mut self, verdicts: &[Arc<Verdict>]) {
        let section = self.document.section("Evidence");
        if verdicts.first().is_some_and(|verdict| verdict.certainty == Certainty::Likely) {
            section.text(0, "likely, not certain", Tone::Muted);
        }
        let mut seen = Vec::new();
        for quote in verdicts.iter().flat_map(|verdict| &verdict.evidence) {
            if seen.len() < MAX_QUOTES && !seen.contains(&quote) {
                seen.push(quote);
                let spans = vec![(format!("{}: ", quote.field), Tone::Muted), (one_line(&quote.text), Tone::Plain)];
                section.lines.push(DocumentLine::Text { depth: 0, spans });
            }
        }
    }

    fn add_next_steps(&mut self, verdicts: &[Arc<Verdict>]) {
        let section = self.document.section("What to check next");
        let mut steps: Vec<&String> = Vec::new();
        for step in self.next.iter().chain(verdicts.iter().flat_map(|verdict| &verdict.next)) {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        for (index, step) in steps.iter().take(MAX_NEXT_STEPS).enumerate() {
            section.text(0, format!("{}. {step}", index + 1), Tone::Plain);
        }
    }

    /// The commands of the verdicts, worst first, and the one that shows the row.
    fn add_commands(&mut self, verdicts: &[Arc<Verdict>], own: Option<String>) {
        let recommended = verdicts.iter().filter_map(|verdict| verdict.command.clone());
        let mut commands = std::mem::take(&mut self.commands);
        for command in recommended.chain(own) {
            // The same command with a Region, or with an ARN, is a duplicate.
            if !commands.iter().any(|known| with_short_ids(known).starts_with(&with_short_ids(&command))) {
                commands.push(command);
            }
        }
        commands.truncate(MAX_COMMANDS);
        self.commands = commands.iter().map(|command| self.known.scope.apply(command)).collect();
        let section = self.document.section("Command").verbatim();
        for command in &self.commands {
            section.text(0, command, Tone::Plain);
        }
    }
}

/// A command with ids instead of ARNs.
fn with_short_ids(command: &str) -> String {
    let words = command.split(' ').map(|word| if word.starts_with("arn:") { last_part(word) } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// `crash loop: out of memory: app (137), 14 times in the last hour`.
fn headline(finding: &Finding) -> String {
    format!("{}: {}", finding.problem.word(), finding.cause)
}

/// Writes a finding: a line with problem and cause, a sentence, and its start.
fn write_finding(section: &mut Section, finding: &Finding, known: &Known<'_>) {
    section.text(0, headline(finding), finding.problem.tone());
    if let Some(verdict) = finding.verdict.as_ref().filter(|verdict| !verdict.cause.is_empty()) {
        section.text(1, &*verdict.cause, Tone::Plain);
    }
    if let Some(since) = finding.since.filter(|since| *since <= known.now) {
        section.text(1, format!("since {}", format_time(since, known)), Tone::Muted);
    }
}

/// `14:05, 12m ago`.
pub(super) fn format_time(time: jiff::Timestamp, known: &Known<'_>) -> String {
    let clock = known.zone.minute(time, known.now);
    format!("{clock}, {} ago", duration(seconds_since(time, known.now)))
}

/// Some of the last log lines of a container.
fn log_section(title: &str, excerpt: &Excerpt, lines: &[(jiff::Timestamp, String)], zone: &Zone) -> Section {
    let title = format!("{title} of {} (task {})", excerpt.container, short_id(&excerpt.task_arn));
    let mut section = Section { title, verbatim: !lines.is_empty(), ..Section::default() };
    if lines.is_empty() {
        section.text(0, format!("none in {}", excerpt.group), Tone::Muted);
    }
    for (at, line) in lines {
        let spans = vec![(format!("{} ", zone.second(*at)), Tone::Muted), (line.clone(), Tone::Plain)];
        section.lines.push(DocumentLine::Text { depth: 0, spans });
    }
    section
}

/// Writes the health of targets: each unhealthy one with the meaning of its reason.
fn write_targets(section: &mut Section, targets: &[Target]) {
    let well = targets.iter().filter(|target| target.state == "healthy").count();
    for target in targets.iter().filter(|target| target.state != "healthy").take(MAX_TARGETS) {
        let port = target.port.map(|port| format!(":{port}")).unwrap_or_default();
        let reason = target.reason.as_deref().unwrap_or_default();
        let meaning = knowledge::of_target(reason).map(|rule| format!(": {}", rule.cause)).unwrap_or_default();
        let tone = if target.state.starts_with("unhealthy") { Tone::Bad } else { Tone::Wait };
        section.text(0, format!("{}{port} {} {reason}{meaning}", target.id, target.state), tone);
        if let Some(description) = target.description.as_deref().filter(|text| !text.is_empty()) {
            section.text(1, one_line(description), Tone::Muted);
        }
    }
    if well > 0 {
        section.text(0, format!("{well} of {} healthy", targets.len()), Tone::Good);
    }
}
