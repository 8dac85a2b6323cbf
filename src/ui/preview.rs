#[path = "../../tests/it/support/fixtures.rs"]
#[allow(dead_code)]
mod fixtures;
#[path = "../../tests/it/support/svg.rs"]
#[allow(dead_code)]
mod svg;
use super::theme::*;
use crate::{
    data::*,
    model::{action::Hint, header::*, *},
    resource::*,
};
use ratatui::{buffer::Buffer, layout::Rect};

#[test]
fn preview() {
    let now = fixtures::now();
    let cx = Context { now };
    let rows: Vec<Entry> = fixtures::services();
    let view = View::new(&service::KIND, Query::cluster("acme-prod"));
    let table = model_table(view, rows);
    for (theme, depth, size, term) in [
        ("midnight", Depth::True, (120, 30), &svg::DARK),
        ("terminal", Depth::Ansi16, (120, 30), &svg::DARK),
        ("terminal", Depth::Ansi16, (80, 24), &svg::LIGHT),
        ("mono", Depth::Mono, (80, 24), &svg::DARK),
        ("paper", Depth::True, (80, 24), &svg::DARK),
        ("ember", Depth::True, (60, 15), &svg::DARK),
        ("moss", Depth::True, (120, 30), &svg::DARK),
    ] {
        let theme_ = Theme::named(theme).unwrap().at(depth);
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buf = Buffer::empty(area);
        buf.set_style(area, theme_.get(Scope::Base));
        let h = if size.0 >= 120 {
            4
        } else if size.0 >= 80 {
            2
        } else {
            1
        };
        let header = Header {
            account: Some("123456784217".into()),
            region: Some("eu-west-1".into()),
            profile: Some("oncall".into()),
            role: Some("OnCallEngineer".into()),
            cluster: Some("acme-prod".into()),
            api: "ok".into(),
            api_tone: Tone::Good,
            calls_per_minute: 42,
            ..Default::default()
        };
        let hints: Vec<Hint> = [
            ("enter", "tasks"),
            ("d", "describe"),
            ("y", "raw JSON"),
            ("/", "filter"),
            ("x", "stopped tasks"),
            ("ctrl-z", "faults only"),
            (":", "command"),
            ("?", "help"),
        ]
        .iter()
        .map(|(k, t)| Hint { key: k.to_string(), text: t, rank: 0 })
        .collect();
        super::header::draw(&mut buf, Rect { height: h, ..area }, &header, &hints, &theme_);
        super::screens::table::draw(&mut buf, Rect { y: h, height: size.1 - h - 1, ..area }, &table, &cx, &theme_);
        let out = svg::svg(&buf, "ecsight", term);
        std::fs::write(format!("/tmp/shots/{theme}-{}.svg", size.0), out).unwrap();
    }
}
fn model_table(view: View, rows: Vec<Entry>) -> Table {
    Table {
        total: rows.len(),
        rows,
        view,
        filter: Default::default(),
        sort: table::Sort { column: 0, descending: false },
        picked: None,
        faults_only: false,
        wide: false,
        left: 0,
        top: 0,
        cursor: 2,
        selected: None,
        marks: Default::default(),
        range: None,
        source: table::Source { phase: Phase::Ready, ..Default::default() },
    }
}
