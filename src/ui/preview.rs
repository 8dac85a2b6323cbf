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
    let theme_ = Theme::named("midnight").unwrap();
    let query = Query { service: Some("payments".into()), status: Status::All, ..Query::cluster("acme-prod") };
    for (name, view, rows, size) in [
        ("tasks", View::new(&task::KIND, query.clone()), fixtures::tasks(), (120, 30)),
        ("tasks200", View::new(&task::KIND, query.clone()), fixtures::tasks(), (200, 20)),
        ("tasks80", View::new(&task::KIND, query.clone()), fixtures::tasks(), (80, 24)),
        ("tasks60", View::new(&task::KIND, query.clone()), fixtures::tasks(), (60, 15)),
        ("containers", View::new(&container::KIND, query.clone()), fixtures::containers(), (120, 30)),
        ("clusters", View::new(&cluster::KIND, Query::default()), fixtures::clusters(), (120, 30)),
        ("hostile", View::new(&service::KIND, Query::default()), fixtures::hostile_services(), (80, 24)),
    ] {
        let mut table = model_table(view, rows);
        table.sort.column = table.view.kind.column("age").unwrap_or(0);
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buf = Buffer::empty(area);
        buf.set_style(area, theme_.get(Scope::Base));
        super::screens::table::draw(&mut buf, area, &table, &cx, &theme_);
        let lay = layout::Layout {
            tier: layout::Tier::Large,
            width: size.0,
            height: size.1,
            header: 4,
            body: 4,
            body_height: size.1 - 5,
            page: 5,
            footer: size.1 - 1,
        };
        if name == "containers" {
            let mut prompt = prompt::Prompt { ghost: "vices".into(), ..Default::default() };
            prompt.input = "ser".into();
            let c = |t: &str, a: &str, m: &[usize]| overlay::Candidate {
                text: t.into(),
                about: a.into(),
                matched: m.into(),
            };
            let palette = overlay::Palette {
                prompt,
                candidates: vec![
                    c("services", "services: counts, rollout, failures of the last hour", &[0, 1, 2]),
                    c("clusters", "clusters of this account and Region", &[3, 5, 6]),
                    c("theme", "change the theme", &[]),
                ],
                chosen: Some(0),
            };
            super::overlays::draw(&mut buf, &lay, &Overlay::Command(palette), &theme_);
        }
        if name == "clusters" {
            let mut prompt = prompt::Prompt::default();
            prompt.input = "pro".into();
            let c = |t: &str, a: &str, m: &[usize]| overlay::Candidate {
                text: t.into(),
                about: a.into(),
                matched: m.into(),
            };
            let shown = vec![
                c("acme-prod", "cluster", &[5, 6, 7]),
                c("oncall-prod", "profile", &[7, 8, 9]),
                c("prod-readonly", "profile", &[0, 1, 2]),
            ];
            let items = (0..9)
                .map(|n| overlay::Item {
                    text: n.to_string(),
                    about: String::new(),
                    choice: overlay::Choice::Copy(String::new()),
                })
                .collect();
            super::overlays::draw(
                &mut buf,
                &lay,
                &Overlay::Picker(overlay::Picker { title: "Scope".into(), prompt, items, shown, selected: 1 }),
                &theme_,
            );
        }
        if name == "tasks80" {
            let mut prompt = prompt::Prompt {
                fault: Some(prompt::Fault { at: 9, reason: "age: \"10x\" is not a duration".into() }),
                ..Default::default()
            };
            prompt.input = "exit=137 age<10x".into();
            super::overlays::draw(&mut buf, &lay, &Overlay::Search(prompt), &theme_);
        }
        std::fs::write(format!("/tmp/shots/{name}.svg"), svg::svg(&buf, "ecsight", &svg::DARK)).unwrap();
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
