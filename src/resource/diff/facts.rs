//! A revision as facts: paths of fields and their values.

use serde_json::{Map, Value};

use super::{
    DescribedRevision,
    fields::{DEFAULTS, IDENTITIES, ORDER, ORDERED, REGISTRATION, SERVICE_FIELDS},
};
use crate::resource::secrets::{MASK, masked, masked_json};

/// One value of a revision, or one line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// Path and value as AWS returns them, secrets included. Never shown.
    key: String,
    value: String,
    /// The same, masked.
    pub(super) path: String,
    pub(super) shown: String,
    /// Whether AWS fills it in.
    pub(super) by_aws: bool,
}

impl Fact {
    /// Place of the field among those of its section.
    pub(super) fn place(&self) -> (usize, &str) {
        let first = self.key.split('.').next().unwrap_or_default();
        (ORDER.iter().position(|field| *field == first).unwrap_or(ORDER.len()), &self.key)
    }

    /// What is compared.
    pub(super) fn identity(&self) -> (&str, &str) {
        (&self.key, &self.value)
    }

    fn is_at_or_below(&self, key: &str) -> bool {
        self.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// What a section is about, in the order of sections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SectionKind {
    TaskDefinition,
    Container(String),
    Volume(String),
    Service,
    Registration,
}

impl SectionKind {
    pub(super) fn title(&self) -> String {
        match self {
            Self::TaskDefinition => "Task definition".into(),
            Self::Container(name) => format!("Container {}", masked(name)),
            Self::Volume(name) => format!("Volume {}", masked(name)),
            Self::Service => "Service".into(),
            Self::Registration => "Registration".into(),
        }
    }
}

/// The facts of one section on one side.
#[derive(Debug)]
pub(super) struct FactSection {
    pub(super) kind: SectionKind,
    facts: Vec<Fact>,
}

impl FactSection {
    /// The facts in the order of their places. Values of ordered lists stay in their order.
    pub(super) fn sorted(&self) -> Vec<&Fact> {
        let mut facts: Vec<&Fact> = self.facts.iter().collect();
        facts.sort_by(|a, b| a.place().cmp(&b.place()));
        facts
    }
}

/// All facts of a revision, by section.
pub(super) fn collect(revision: &DescribedRevision, with_service: bool) -> Vec<FactSection> {
    let mut sections = Vec::new();
    let (raw, shown) = (&revision.task_definition, masked_json(&revision.task_definition));
    for (name, value) in raw.as_object().into_iter().flatten() {
        let value = (value, shown.get(name).unwrap_or(&Value::Null));
        match name.as_str() {
            "containerDefinitions" => each(value, SectionKind::Container, &mut sections),
            "volumes" => each(value, SectionKind::Volume, &mut sections),
            name => {
                let registration = REGISTRATION.contains(&name);
                let kind = if registration { SectionKind::Registration } else { SectionKind::TaskDefinition };
                let mut facts = Vec::new();
                Path::new(name).collect(name, value.0, value.1, &mut facts);
                facts.iter_mut().for_each(|fact| fact.by_aws |= registration);
                add(&mut sections, kind, facts);
            }
        }
    }
    if let Some(settings) = revision.service.as_ref().filter(|_| with_service) {
        service(settings, &mut sections);
    }
    sections
}

/// Adds the settings of a service, and the digests of its images to their containers.
fn service(settings: &Value, sections: &mut Vec<FactSection>) {
    let shown = masked_json(settings);
    for field in SERVICE_FIELDS {
        if let (Some(raw), Some(shown)) = (settings.get(field), shown.get(field)) {
            let mut facts = Vec::new();
            Path::new(field).collect(field, raw, shown, &mut facts);
            add(sections, SectionKind::Service, facts);
        }
    }
    let text = |image: &Value, key| image.get(key).and_then(Value::as_str).map(str::to_owned);
    for image in settings.get("containerImages").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(name), Some(digest)) = (text(image, "containerName"), text(image, "imageDigest")) {
            let fact = Path::new(DIGEST).fact(digest.clone(), digest, false);
            add(sections, SectionKind::Container(name), vec![fact]);
        }
    }
}

fn add(sections: &mut Vec<FactSection>, kind: SectionKind, facts: Vec<Fact>) {
    match sections.iter_mut().find(|section| section.kind == kind) {
        Some(section) => section.facts.extend(facts),
        None => sections.push(FactSection { kind, facts }),
    }
}

/// Adds a section for each object in a list, by its name.
fn each((raw, shown): (&Value, &Value), kind: fn(String) -> SectionKind, sections: &mut Vec<FactSection>) {
    let items = raw.as_array().into_iter().flatten().enumerate();
    let mut items: Vec<(&Value, Option<&Value>)> = items.map(|(index, item)| (item, shown.get(index))).collect();
    items.sort_by_cached_key(|(item, _)| item.to_string());
    for (item, shown) in items {
        let name = item.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut facts = Vec::new();
        for (field, value) in item.as_object().into_iter().flatten().filter(|(field, _)| *field != "name") {
            let shown = shown.and_then(|shown| shown.get(field)).unwrap_or(&Value::Null);
            Path::new(field).collect(field, value, shown, &mut facts);
        }
        add(sections, kind(name), facts);
    }
}

/// Makes both sides alike in what AWS fills in: a default counts as present where the other side leaves the field out, and
/// an empty list as absent where the other side has values.
pub(super) fn level(old: &mut [FactSection], new: &mut [FactSection]) {
    for before in old.iter_mut().filter(|before| before.kind != SectionKind::Registration) {
        if let Some(after) = new.iter_mut().find(|after| after.kind == before.kind) {
            let (missing_after, missing_before) =
                (fill(&mut before.facts, &after.facts), fill(&mut after.facts, &before.facts));
            after.facts.extend(missing_after);
            before.facts.extend(missing_before);
            // ECS knows no digest until it has resolved an image.
            let has_digest = |facts: &[Fact]| facts.iter().any(|fact| fact.key == DIGEST);
            if has_digest(&before.facts) != has_digest(&after.facts) {
                before.facts.retain(|fact| fact.key != DIGEST);
                after.facts.retain(|fact| fact.key != DIGEST);
            }
        }
    }
}

/// Removes empty lists from `facts` that have values in `others`, and returns the defaults that `others` lacks.
fn fill(facts: &mut Vec<Fact>, others: &[Fact]) -> Vec<Fact> {
    facts.retain(|fact| {
        fact.value != NONE
            || !fact.by_aws
            || !others.iter().any(|other| other.is_at_or_below(&fact.key) && !other.by_aws)
    });
    let lacks = |fact: &&Fact| fact.by_aws && !others.iter().any(|other| other.key == fact.key);
    facts.iter().filter(lacks).cloned().collect()
}

/// Field of a container for the digest of its image.
const DIGEST: &str = "imageDigest";

/// Value of an empty list or object.
const NONE: &str = "none";

/// Path of a field as it is and masked, which differ only if a name looks secret.
#[derive(Debug, Clone)]
struct Path {
    key: String,
    shown: String,
}

impl Path {
    fn new(field: &str) -> Self {
        Self { key: field.to_owned(), shown: field.to_owned() }
    }

    fn below(&self, key: &str, shown: &str) -> Self {
        Self { key: format!("{}.{key}", self.key), shown: format!("{}.{shown}", self.shown) }
    }

    fn fact(&self, value: String, shown: String, default: bool) -> Fact {
        Fact {
            by_aws: default || is_default(&self.key, &value),
            key: self.key.clone(),
            path: self.shown.clone(),
            value,
            shown,
        }
    }

    /// Adds the facts of `raw`, the value of `field`. `shown` is the same value masked.
    fn collect(&self, field: &str, raw: &Value, shown: &Value, facts: &mut Vec<Fact>) {
        match raw {
            Value::Null => facts.push(self.fact(NONE.into(), NONE.into(), true)),
            Value::Array(items) if items.is_empty() => facts.push(self.fact(NONE.into(), NONE.into(), true)),
            Value::Object(fields) if fields.is_empty() => facts.push(self.fact(NONE.into(), NONE.into(), true)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.below(name, name).collect(name, value, shown.get(name).unwrap_or(&Value::Null), facts);
                }
            }
            Value::Array(items) => self.list(field, items, shown, facts),
            Value::String(text) => self.text(text, shown, facts),
            Value::Number(_) | Value::Bool(_) => facts.push(self.fact(raw.to_string(), scalar(shown), false)),
        }
    }

    /// Adds a text, one fact a line.
    fn text(&self, raw: &str, shown: &Value, facts: &mut Vec<Fact>) {
        let shown = scalar(shown);
        // What is masked as a whole has one line.
        let whole = raw.matches('\n').count() != shown.matches('\n').count();
        let mut masked = shown.split('\n').filter(|_| !whole);
        for line in raw.split('\n') {
            facts.push(self.fact(line.to_owned(), masked.next().unwrap_or(MASK).to_owned(), false));
        }
    }

    /// Adds the items of a list: in their order where that matters, else sorted.
    fn list(&self, field: &str, items: &[Value], shown: &Value, facts: &mut Vec<Fact>) {
        let mut items: Vec<(&Value, &Value)> =
            items.iter().enumerate().map(|(index, item)| (item, shown.get(index).unwrap_or(&Value::Null))).collect();
        if !ORDERED.contains(&field) {
            items.sort_by_cached_key(|(item, _)| item.to_string());
        }
        let identity = IDENTITIES.iter().find(|(list, _)| *list == field).map(|(_, names)| *names);
        let mut seen: Vec<String> = Vec::new();
        for (item, shown) in items {
            let Some(object) = item.as_object() else {
                self.collect(field, item, shown, facts);
                continue;
            };
            let names: Vec<&str> = match identity {
                Some(names) => names.iter().copied().filter(|name| object.contains_key(*name)).collect(),
                None => object.keys().map(String::as_str).collect(),
            };
            let (key, name) = (joined(&names, item), joined(&names, shown));
            // A name that occurs twice gets a number.
            seen.push(key.clone());
            let number = seen.iter().filter(|known| **known == key).count();
            let suffix = if number > 1 { format!("#{number}") } else { String::new() };
            self.object(object, &names, (key + &suffix, name + &suffix), shown, facts);
        }
    }

    /// Adds an object of a list, which `names` identify.
    fn object(
        &self,
        object: &Map<String, Value>,
        names: &[&str],
        (key, name): (String, String),
        shown: &Value,
        facts: &mut Vec<Fact>,
    ) {
        let rest: Vec<(&String, &Value)> =
            object.iter().filter(|(field, _)| !names.contains(&field.as_str())).collect();
        let path = self.below(&key, &name);
        match rest.as_slice() {
            [] => facts.push(self.fact(key, name, false)),
            [(field, value)] if ["value", "valueFrom"].contains(&field.as_str()) => {
                path.collect(field, value, shown.get(field).unwrap_or(&Value::Null), facts);
            }
            rest => {
                for (field, value) in rest {
                    path.below(field, field).collect(field, value, shown.get(field).unwrap_or(&Value::Null), facts);
                }
            }
        }
    }
}

/// The values of the fields that identify an object: `8080/tcp`.
fn joined(names: &[&str], object: &Value) -> String {
    let part = |name: &&str| {
        let text = scalar(object.get(*name).unwrap_or(&Value::Null));
        match text.strip_prefix("arn:") {
            Some(arn) => arn.rsplit(':').next().unwrap_or(arn).to_owned(),
            None => text,
        }
    };
    names.iter().map(part).collect::<Vec<_>>().join("/")
}

/// A value as text. What has been masked as a whole is absent, and stays masked.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => MASK.to_owned(),
        other => other.to_string(),
    }
}

fn is_default(key: &str, value: &str) -> bool {
    let matches = |pattern: &str| match pattern.split_once('*') {
        Some((start, end)) => key.len() >= start.len() + end.len() && key.starts_with(start) && key.ends_with(end),
        None => key == pattern,
    };
    DEFAULTS.iter().any(|(pattern, default)| *default == value && matches(pattern))
}
