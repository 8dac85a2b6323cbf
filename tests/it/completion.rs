//! Completion in filter prompts: how it looks, and that every candidate is valid, for every kind and column.

use std::sync::Arc;

use ecsight::{
    data::{Feed, Phase, Snapshot},
    event::Event,
    kinds::KINDS,
    model::{Keymap, Model, Settings, Start, Table, keymap::Key, prompt::Prompt},
    resource::Unit,
};
use insta::assert_snapshot;
use ratatui::crossterm::event::KeyEvent;
use rstest::rstest;

use crate::{
    filters::{Rows, everything},
    support::{
        harness::Harness,
        rendering::{NARROW, NORMAL, theme},
        styled::{plain, styled},
    },
};

#[rstest]
#[case::empty("rows_empty", "", "")]
#[case::column("rows_column", "ru", "")]
#[case::operator("rows_operator", "status", "")]
#[case::values("rows_values", "is:fault status=", "")]
#[case::chosen("rows_chosen", "is:", "tab tab")]
fn rows(#[case] name: &str, #[case] typed: &str, #[case] keys: &str, #[values(NORMAL, NARROW)] size: (u16, u16)) {
    assert_screen(name, size, &Harness::with_account(size).keys("/").type_text(typed).keys(keys));
}

#[rstest]
#[case::empty("lines_empty", "", "")]
#[case::key("lines_key", ".e", "")]
#[case::values("lines_values", "!task:", "")]
#[case::level("lines_level", "level>=", "tab tab")]
fn lines(#[case] name: &str, #[case] typed: &str, #[case] keys: &str, #[values(NORMAL, NARROW)] size: (u16, u16)) {
    assert_screen(name, size, &Harness::followed_log(size).keys("/").type_text(typed).keys(keys));
}

#[rstest]
fn a_command_with_a_filter(#[values(NORMAL, NARROW)] size: (u16, u16)) {
    assert_screen("command", size, &Harness::with_account(size).keys(":").type_text("services acme-prod /status="));
}

/// Only styles show which candidate is chosen and which part of the input is a suggestion.
#[test]
fn a_suggestion_has_its_own_style() {
    assert_snapshot!(styled(&Harness::with_account(NORMAL).keys("/").type_text("stat").draw(&theme())));
}

fn assert_screen(name: &str, size: (u16, u16), harness: &Harness) {
    assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), plain(&harness.draw(&theme())));
}

/// A console with these rows in a table and the filter prompt open.
struct Typing(Model);

impl Typing {
    fn over(rows: &Rows) -> Self {
        let cluster = match rows.kind {
            kind if kind.by_service() => " prod/checkout",
            kind if kind.in_cluster => " prod",
            _ => "",
        };
        let start =
            Start { command: Some(format!("{}{cluster}", rows.kind.plural)), ..Start::new(rows.cx.now, (80, 24)) };
        let settings = Settings { zone: rows.cx.zone.clone(), ..Settings::default() };
        let mut model = Model::new(KINDS, settings, Keymap::default(), start);
        let Some(table) = model.front.get::<Table>() else { panic!("no table of {}", rows.kind.plural) };
        let feed = Feed { rows: Arc::new(rows.entries.clone()), phase: Phase::Ready, ..Feed::default() };
        let feeds = [(table.view.clone(), feed)].into_iter().collect();
        model.update(rows.cx.now, Event::Snapshot(Arc::new(Snapshot { feeds, ..Snapshot::default() })));
        let mut typing = Self(model);
        typing.key("/");
        typing
    }

    fn key(&mut self, name: &str) {
        let key: Key = name.parse().expect("a key");
        self.0.update(self.0.now, Event::Key(KeyEvent::new(key.code, key.modifiers)));
    }

    fn prompt(&self) -> &Prompt {
        self.0.overlay.as_ref().and_then(|overlay| overlay.prompt()).expect("a prompt")
    }

    /// Input after choosing each candidate offered for `text`.
    fn offers(&mut self, text: &str) -> Vec<String> {
        self.key("ctrl-u");
        self.0.update(self.0.now, Event::Paste(text.into()));
        let count = self.prompt().completion.candidates.len();
        let choose = |_| {
            self.key("tab");
            self.prompt().text().to_owned()
        };
        (0..count).map(choose).collect()
    }
}

/// Every candidate is a valid filter, and a candidate value matches a row.
#[tokio::test(start_paused = true)]
async fn candidates_are_valid_and_values_match_a_row() {
    let mut values = 0;
    for rows in everything().await {
        let mut typing = Typing::over(&rows);
        let names = typing.offers("");
        let columns = (rows.kind.columns)();
        assert!(columns.iter().all(|column| names.iter().any(|name| name == column.name)), "{names:?}");
        assert!(rows.kind.states.iter().all(|state| names.contains(&format!("is:{state}"))), "{names:?}");
        names.iter().for_each(|name| drop(rows.admitted(name)));
        for column in columns {
            for spelling in column.names().filter(|name| !name.contains(' ')) {
                let offered = typing.offers(&spelling[..1]);
                assert!(offered.iter().any(|name| column.answers_to(name)), "{spelling}: {offered:?}");
            }
            let equal = ["=", ":", "~"];
            let ordered =
                if [Unit::Count, Unit::Cpu, Unit::Mebibytes].contains(&column.unit) { &["<=", ">="][..] } else { &[] };
            for op in equal.iter().chain(ordered) {
                for filter in typing.offers(&format!("{}{op}", column.name)) {
                    assert!(!rows.admitted(&filter).is_empty(), "{}: {filter} finds nothing", rows.kind.plural);
                    values += 1;
                }
            }
            for op in ["!=", "!~", "<", ">"] {
                typing.offers(&format!("!{}{op}", column.name)).iter().for_each(|filter| drop(rows.admitted(filter)));
            }
        }
    }
    assert!(values > 1_000, "{values}");
}
