//! Completion of `:` commands: verbs first, then what the verb takes.

use super::{Candidate, Palette, picker::fuzzy};
use crate::{
    aws::regions::REGIONS,
    model::{
        Model,
        action::{self, ACTIONS, Arg},
        text::safe,
    },
    resource::{Status, query::PARTS},
};

/// How far one may want to look back.
const BACK: &[&str] = &["since=1h", "since=6h", "since=2d", "since=7d"];
/// More than fit on any screen help nobody.
const MOST: usize = 50;

impl Palette {
    /// Finds what the last word could become, and what history would add to the line.
    pub fn complete(&mut self, model: &Model) {
        let text = self.prompt.text();
        self.chosen = None;
        self.candidates = candidates(model, text);
        self.prompt.ghost = self.ghost(&model.commands).unwrap_or_default();
    }

    /// Puts the next candidate in place of the last word, or the one before it.
    pub fn choose(&mut self, steps: isize) {
        let count = self.candidates.len();
        if count == 0 {
            return;
        }
        let next = match self.chosen {
            Some(chosen) => (chosen + count).saturating_add_signed(steps) % count,
            None if steps < 0 => count - 1,
            None => 0,
        };
        let text = self.prompt.text();
        let line = format!("{}{}", &text[..word_start(text)], self.candidates[next].text);
        self.prompt.set(&line);
        self.prompt.ghost.clear();
        self.chosen = Some(next);
    }

    /// The rest of the newest line of the history that begins so, or else of the best candidate.
    fn ghost(&self, past: &[String]) -> Option<String> {
        let text = self.prompt.text();
        if text.is_empty() {
            return None;
        }
        let line = past.iter().rev().find_map(|line| line.strip_prefix(text)).filter(|rest| !rest.is_empty());
        let word = &text[word_start(text)..];
        let candidate = || self.candidates.first()?.text.strip_prefix(word).filter(|_| !word.is_empty());
        line.or_else(candidate).map(|rest| safe(rest).into_owned())
    }
}

/// Where the last word begins.
fn word_start(text: &str) -> usize {
    text.rfind(char::is_whitespace).map_or(0, |at| at + 1)
}

fn candidates(model: &Model, text: &str) -> Vec<Candidate> {
    let start = word_start(text);
    let (before, word) = (text[..start].trim(), &text[start..]);
    if text.contains(" /") || text.contains(" -f ") {
        return Vec::new();
    }
    let choices = match before.split_whitespace().next() {
        None => verbs(model),
        Some(verb) => arguments(model, verb.trim_start_matches(':'), word),
    };
    let mut found: Vec<(i64, usize, Candidate)> = choices
        .into_iter()
        .enumerate()
        .filter_map(|(index, (text, about))| {
            let (score, matched) = fuzzy(&text, word)?;
            // A word that begins so comes before one that only contains it, and the shorter before the longer.
            let bonus = if text.starts_with(word) { 1000 - i64::try_from(text.len()).unwrap_or(0) } else { 0 };
            Some((score + bonus, index, Candidate { text, about, matched }))
        })
        .collect();
    if !word.is_empty() {
        found.sort_by_key(|(score, index, _)| (-score, *index));
    }
    found.into_iter().map(|(.., candidate)| candidate).take(MOST).collect()
}

type Choices = Vec<(String, String)>;

fn verbs(model: &Model) -> Choices {
    let kinds = model.kinds.iter().map(|kind| (kind.name.to_owned(), kind.about.to_owned()));
    let own = model.settings.aliases.iter().map(|(word, command)| (word.clone(), safe(command).into_owned()));
    let kind = model.kind_seen().map_or("", |kind| kind.name);
    let words = ACTIONS
        .iter()
        .filter(|action| action.works_in(model.places(), kind))
        .filter_map(|action| Some(((*action.words.first()?).to_owned(), action.about.to_owned())));
    let parts = PARTS.iter().map(|(word, kind, _)| ((*word).to_owned(), format!("{word} {kind}s")));
    kinds.chain(parts).chain(own).chain(words).collect()
}

fn arguments(model: &Model, verb: &str, word: &str) -> Choices {
    let bare = |words: &mut dyn Iterator<Item = String>| words.map(|word| (word, String::new())).collect();
    if let Some(scope) = word.strip_prefix('@') {
        return match scope.split_once('/') {
            Some((profile, _)) => bare(&mut REGIONS.iter().map(|region| format!("@{profile}/{region}"))),
            None => bare(&mut model.profiles.iter().flatten().map(|profile| format!("@{profile}"))),
        };
    }
    let clusters = || bare(&mut model.snapshot.clusters().iter().map(|name| safe(name).into_owned()));
    if let Some((kind, status)) = model.view_word(verb) {
        let back = kind.reaches_back() && (kind.name != "task" || status != Status::Running);
        let back = back.then_some(BACK).into_iter().flatten().map(|since| ((*since).to_owned(), String::new()));
        let clusters = if kind.in_cluster || kind.name == "cluster" { clusters() } else { Vec::new() };
        return clusters.into_iter().chain(back).collect();
    }
    match action::by_word(verb).map(|action| action.arg) {
        Some(Arg::Cluster) => clusters(),
        Some(Arg::Profile) => bare(&mut model.profiles.iter().flatten().cloned()),
        Some(Arg::Region) => bare(&mut REGIONS.iter().map(|region| (*region).to_owned())),
        Some(Arg::Theme) => bare(&mut model.settings.themes.iter().cloned()),
        Some(Arg::OneOf(words)) => bare(&mut words.iter().map(|word| (*word).to_owned())),
        Some(Arg::Column) => {
            let columns = model.front_kind().map(|kind| (kind.columns)()).unwrap_or_default();
            columns.iter().map(|column| (column.name.to_owned(), column.title.to_owned())).collect()
        }
        Some(Arg::Row) => {
            let rows = model.table().map(|table| &table.rows[..]).unwrap_or_default();
            bare(&mut rows.iter().map(|entry| safe(&entry.row.name()).into_owned()))
        }
        Some(Arg::None | Arg::Text(_)) | None => Vec::new(),
    }
}
