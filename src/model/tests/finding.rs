//! Search and selection in a log, by keys.

use super::*;
use crate::{
    logs::{
        Level, Line, Range, Read, Role, Source, Stream, TailMessage, TailUpdate,
        filter::{FilterMode, FilterStack},
    },
    model::screens::logs::LogView,
};

mod filters;
mod going;
mod taking;

/// Noon, in seconds: times of day are round from here on.
const NOON: i64 = 43_200;

fn source(task: &str) -> Arc<Source> {
    Arc::new(Source {
        stream: Stream { region: None, group: "/ecs/api".into(), name: format!("ecs/app/{task}") },
        task_arn: format!("arn:aws:ecs:eu-west-1:1:task/prod/{task}").into(),
        container: "app".into(),
        service: Some("api".into()),
        revision: Some("api:7".into()),
    })
}

/// A line, `second` seconds after noon.
fn line(second: i64, level: Option<Level>, text: &str) -> Line {
    let role = Role::Output;
    Line {
        source: Some(source("0123abcd4567")),
        at: at(NOON + second),
        role,
        level,
        late: false,
        task: None,
        text: text.into(),
    }
}

/// Forty lines, ten seconds apart: every tenth is an error, every fifth a warning.
fn lines() -> Vec<Line> {
    let one = |number: i64| {
        let (level, what) = match number {
            number if number % 10 == 9 => (Level::Error, "failed"),
            number if number % 5 == 4 => (Level::Warn, "slow"),
            _ => (Level::Info, "served"),
        };
        line(number * 10, Some(level), &format!("{what} request {number}"))
    };
    (0..40).map(one).collect()
}

fn reader(model: &Model) -> &LogView {
    model.front.get().unwrap_or_else(|| panic!("a log was expected, not {:?}", model.front))
}

fn give_lines(model: &mut Model, lines: Vec<Line>) {
    let tail = reader(model).wanted.id;
    model.update(model.now, Event::Log(TailMessage { tail, update: TailUpdate::Lines(lines) }));
}

/// The log of the service `api`, ten minutes after noon.
fn in_log() -> Model {
    let mut model = console();
    press(&mut model, "enter l");
    model.update(at(NOON + 600), Event::Tick);
    give_lines(&mut model, lines());
    model
}

/// Runs a command; returns its effects.
fn run(model: &mut Model, command: &str) -> Vec<Effect> {
    model.run(command).unwrap();
    model.update(model.now, Event::Tick)
}

/// The text of the line under the cursor.
fn under_cursor(model: &Model) -> &str {
    let reader = reader(model);
    reader.viewport.cursor.and_then(|number| reader.buffer.ring.get(number)).map_or("", |line| &line.text)
}

/// The passing lines.
fn shown(model: &Model) -> Vec<&str> {
    let reader = reader(model);
    let lines = reader.buffer.view.numbers().iter().filter_map(|number| reader.buffer.ring.get(*number));
    lines.map(|line| &*line.text).collect()
}

fn stack(model: &Model) -> &FilterStack {
    &reader(model).buffer.stack
}

fn rules(model: &Model) -> Vec<(FilterMode, &str, bool)> {
    stack(model).rules.iter().map(|rule| (rule.mode, rule.filter.text(), rule.on)).collect()
}

fn copied(effects: Vec<Effect>) -> String {
    let copy = effects.into_iter().find_map(|effect| if let Effect::Copy(text) = effect { Some(text) } else { None });
    copy.expect("something copied")
}

/// What is read, and the number of the tail.
fn read(model: &Model) -> (u64, Read) {
    let wanted = &reader(model).wanted;
    (wanted.id, wanted.read.clone())
}

fn tail(range: Range) -> Read {
    Read::Tail { range, pattern: None, live: false }
}
