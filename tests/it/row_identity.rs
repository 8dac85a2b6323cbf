//! Identity of rows: in every table at every size, no two rows look the same, identifying columns are visible, and so is the
//! reason for every mark. Over the real SDK, in virtual time, with the accounts of the demo.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    data::{self, Demand, Handle, Snapshot},
    demo::{Endpoint, Options, Scenario},
    diagnose::timeline::TimelineEntry,
    history::HistoryConfig,
    kinds::KINDS,
    model::{
        Screen, Table,
        filter::RowFilter,
        layout::{self, Slot},
        overlay::Overlay,
    },
    resource::{
        Align, Column, Kind, Query, Row, Status, Tone, View,
        event::ServiceEvent,
        family::{self, Family},
        revision::{self, Revision},
        service, task,
    },
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ratatui::buffer::Buffer;
use rstest::rstest;
use tokio::time::Instant;

use crate::{
    screens,
    support::{
        fixtures,
        harness::Harness,
        in_process::sdk_config,
        rendering::{render_text, theme},
    },
};

thread_local! {
    static START: Instant = Instant::now();
}

fn elapsed() -> Duration {
    START.with(Instant::elapsed)
}

/// Simulated time, which starts with a test.
fn now() -> Timestamp {
    fixtures::now() + SignedDuration::from_millis(elapsed().as_millis() as i64)
}

/// An account some minutes after its start.
pub async fn account(scenario: Scenario, minutes: u64) -> Handle {
    START.with(|_| ());
    let start_ms = Some(fixtures::now().as_millisecond());
    let endpoint = Endpoint::new(Options { scenario, start_ms, ..Options::default() });
    tokio::time::sleep(Duration::from_secs(60 * minutes)).await;
    let clients = Clients::from_config(&sdk_config(&endpoint), ScopeSpec::default(), Budget::default());
    data::start(clients, now, HistoryConfig::default())
}

/// Tables of an account: for everything, one cluster, one service.
fn views(cluster: &str, service: &str, family: &str) -> Vec<View> {
    let mut views = Vec::new();
    for kind in KINDS.iter().copied().filter(|kind| kind != &&revision::KIND) {
        let mut add = |query: Query| views.push(View::new(kind, query));
        if kind.by_service() {
            add(Query::service(cluster, service));
            continue;
        }
        add(Query::default());
        if kind.in_cluster {
            add(Query::cluster(cluster));
        }
        if ["task", "container", "deployment", "event", "entry", "failure"].contains(&kind.name) {
            add(Query::service(cluster, service));
        }
        if ["task", "container"].contains(&kind.name) {
            add(Query { status: Status::Stopped, ..Query::default() });
            add(Query { status: Status::All, ..Query::cluster(cluster) });
        }
    }
    views.push(View::new(&revision::KIND, Query::family(family)));
    views
}

/// Snapshot with all rows of `view`.
pub async fn seen(handle: &mut Handle, view: &View) -> Arc<Snapshot> {
    let demand = Demand { foreground: Some(view.clone()), slowdown: 1, ..Demand::default() };
    handle.demand.send_replace(demand);
    let come = handle.snapshots.wait_for(|snapshot| snapshot.complete(view));
    let come = tokio::time::timeout(Duration::from_hours(1), come).await;
    come.unwrap_or_else(|_| panic!("{view:?} never came")).unwrap();
    // Derived rows follow.
    tokio::time::sleep(Duration::from_secs(2)).await;
    handle.snapshots.borrow().clone()
}

/// Above this number of rows, only those of some services in each cluster are drawn.
const MANY: usize = 300;
const SOME: &str = "(delivery|media|orders|search)-";

/// A table drawn at a width, on a terminal high enough for all rows.
struct Drawn {
    buffer: Buffer,
    harness: Harness,
    slots: Vec<Slot>,
    first: u16,
}

impl Drawn {
    fn of(view: &View, snapshot: &Snapshot, width: u16) -> Self {
        let rows: usize = snapshot.feeds_of(view).iter().map(|feed| feed.rows.len()).sum();
        let mut harness = Harness::with_account((width, u16::try_from(rows.min(MANY) + 40).unwrap()));
        let mut table = Table::new(view.clone());
        if rows > MANY {
            table.filter = RowFilter::parse(SOME, view.kind, now(), &TimeZone::UTC).unwrap();
        }
        harness.model.front = Screen::Table(Box::new(table));
        let harness = harness.wait(elapsed().as_secs() as i64).change_snapshot(|known| *known = snapshot.clone());
        let layout = harness.model.layout();
        let mut drawn = Self { buffer: harness.draw(&theme()), slots: Vec::new(), first: layout.body + 2, harness };
        drawn.slots = layout::columns(drawn.table(), layout.body_width - 1, layout.page, &drawn.harness.model.cx());
        drawn
    }

    fn table(&self) -> &Table {
        match &self.harness.model.front {
            Screen::Table(table) => table,
            _ => panic!("a table"),
        }
    }

    fn rows(&self) -> impl Iterator<Item = (usize, &dyn Row)> {
        self.table().rows.iter().map(|entry| &*entry.row).enumerate().take(MANY)
    }

    fn text(&self, row: usize, x: u16, width: u16) -> String {
        let y = self.first + u16::try_from(row).unwrap();
        (x..x + width).map(|x| self.buffer[(x, y)].symbol()).collect()
    }

    fn line(&self, row: usize) -> String {
        self.text(row, 0, self.buffer.area.width - 1).trim_end().to_owned()
    }

    fn column(&self, slot: &Slot) -> &'static Column {
        (self.table().view.kind.columns)()[slot.column]
    }
}

/// Time of an event. A service repeats events that differ only in their time.
fn happened(row: &dyn Row) -> Option<Timestamp> {
    let event = row.any().downcast_ref::<ServiceEvent>().and_then(|event| event.created_at);
    event.or_else(|| row.any().downcast_ref::<TimelineEntry>().map(|moment| moment.at))
}

/// Rows that look the same but differ in some cell.
fn look_alikes(drawn: &Drawn) -> Vec<String> {
    let mut seen: HashMap<(String, Option<Timestamp>), (String, &str)> = HashMap::new();
    let mut look_alikes = Vec::new();
    let cx = drawn.harness.model.cx();
    let columns = (drawn.table().view.kind.columns)();
    for (index, row) in drawn.rows() {
        let line = drawn.line(index);
        let cells: Vec<_> = (0..columns.len()).map(|column| row.cell(column, &cx).text).collect();
        let whole = cells.join(" ");
        if let Some((other, id)) = seen.insert((line.clone(), happened(row)), (whole.clone(), row.id()))
            && id != row.id()
            && (other != whole || happened(row).is_none())
        {
            look_alikes.push(format!("{line}\n      {id} {other}\n      {} {whole}", row.id()));
        }
    }
    look_alikes
}

/// Identifying columns that are hidden, and rows whose difference in them is not visible.
fn hidden_identities(drawn: &Drawn) -> Vec<String> {
    let table = drawn.table();
    let cx = drawn.harness.model.cx();
    let columns = (table.view.kind.columns)();
    let varies = |index: &usize| columns[*index].shown(&table.view.query, false) && !table.survey.is_empty(*index);
    let identity: Vec<usize> = (0..columns.len()).filter(|index| columns[*index].identity && varies(index)).collect();
    let slots: Vec<&Slot> = drawn.slots.iter().filter(|slot| identity.contains(&slot.column)).collect();
    if slots.len() < identity.len() {
        return vec![format!("{slots:?} of {identity:?} are there")];
    }
    let mut hidden_identities = Vec::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    for (index, row) in drawn.rows() {
        let text: Vec<_> = slots.iter().map(|slot| drawn.text(index, slot.x, slot.width)).collect();
        let values: Vec<_> = identity.iter().map(|column| row.cell(*column, &cx).text).collect();
        let (text, values) = (text.join("|"), values.join("|"));
        if let Some(other) = seen.insert(text.clone(), values.clone()).filter(|other| *other != values) {
            hidden_identities.push(format!("{other} and {values} are both {text}"));
        }
    }
    hidden_identities
}

/// Rows with a mark whose reason is not on screen.
fn unexplained(drawn: &Drawn) -> Vec<String> {
    let cx = drawn.harness.model.cx();
    let theme = theme();
    let signs = [Tone::Warn, Tone::Bad].map(|tone| theme.glyphs.tone(tone));
    // A row that waits for approval is a fault, but not a warning.
    let explained = |row: &dyn Row| drawn.slots.iter().any(|slot| row.cell(slot.column, &cx).tone >= Tone::Wait);
    let marked = drawn.rows().filter(|(index, _)| signs.contains(&drawn.text(*index, 1, 1).as_str()));
    marked.filter(|(_, row)| !explained(*row)).map(|(index, _)| drawn.line(index)).take(3).collect()
}

/// Columns without any value, except the sort column and the first one.
fn empty_columns(drawn: &Drawn) -> Vec<String> {
    let cx = drawn.harness.model.cx();
    let full = |slot: &&Slot| drawn.rows().any(|(_, row)| !row.cell(slot.column, &cx).is_empty());
    let spared = |slot: &&Slot| slot.column == 0 || slot.column == drawn.table().sort.column;
    let none = drawn.table().rows.is_empty();
    let empty_columns = drawn.slots.iter().filter(|slot| !none && !spared(slot) && !full(slot));
    empty_columns.map(|slot| format!("{} is empty", drawn.column(slot).title)).collect()
}

/// Titles of counts and ages that are cut although a text column could be narrower.
fn cut_titles(drawn: &Drawn, width: u16) -> Vec<String> {
    let cut = |slot: &&Slot| {
        let column = drawn.column(slot);
        column.align == Align::Right && usize::from(slot.width) < column.title.len()
    };
    let cut = drawn.slots.iter().filter(|slot| width >= 80 && cut(slot));
    cut.map(|slot| format!("{} has {} cells", drawn.column(slot).title, slot.width)).collect()
}

/// Normal columns that are missing in the wide view, and sort columns that are hidden.
fn missing_columns(drawn: &mut Drawn, width: u16) -> Vec<String> {
    let cx = drawn.harness.model.cx();
    let Screen::Table(table) = &mut drawn.harness.model.front else { panic!("a table") };
    let columns = (table.view.kind.columns)();
    let shown = |table: &Table| -> Vec<usize> {
        layout::columns(table, width - 1, 20, &cx).iter().map(|slot| slot.column).collect()
    };
    let mut missing_columns = Vec::new();
    let usual = shown(table);
    table.wide = true;
    let wide = shown(table);
    if !wide.starts_with(&usual) {
        missing_columns.push(format!("{usual:?} become {wide:?} in the wide view"));
    }
    table.wide = false;
    for (index, column) in columns.iter().enumerate() {
        table.sort.column = index;
        if !shown(table).contains(&index) {
            missing_columns.push(format!("sorted by {}", column.title));
        }
    }
    missing_columns
}

#[rstest]
#[case::fleet(Scenario::Fleet, 20, ["edge", "delivery-api", "edge-delivery-api"])]
#[case::incident(Scenario::Incident, 40, ["prod", "orders-api", "orders-api"])]
#[tokio::test(start_paused = true)]
async fn no_two_rows_of_a_table_look_the_same_and_every_mark_is_explained(
    #[case] scenario: Scenario,
    #[case] minutes: u64,
    #[case] names: [&str; 3],
) {
    let [cluster, service, family] = names;
    let mut handle = account(scenario, minutes).await;
    let mut faults = Vec::new();
    let mut drawn_kinds: HashSet<&Kind> = HashSet::new();
    // Kinds built from stopped tasks have rows from the start.
    seen(&mut handle, &View::new(&service::KIND, Query::default())).await;
    for view in views(cluster, service, family) {
        let snapshot = seen(&mut handle, &view).await;
        for width in [60, 80, 120] {
            let mut drawn = Drawn::of(&view, &snapshot, width);
            if drawn.table().rows.len() > 1 {
                drawn_kinds.insert(view.kind);
            }
            let title = drawn.table().title();
            for (what, found) in [
                ("look look_alikes", look_alikes(&drawn)),
                ("can't be distinguished", hidden_identities(&drawn)),
                ("have an unexplained mark", unexplained(&drawn)),
                ("are empty columns", empty_columns(&drawn)),
                ("are cut titles", cut_titles(&drawn, width)),
                ("are not shown", missing_columns(&mut drawn, width)),
            ] {
                let title = &title;
                faults.extend(found.into_iter().take(3).map(|fault| format!("{title} at {width}, {what}: {fault}")));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let missing: Vec<_> = KINDS.iter().filter(|kind| !drawn_kinds.contains(**kind)).collect();
    assert!(missing.is_empty(), "no rows of {missing:?}");
}

#[rstest]
fn entries_of_every_picker_are_distinct(
    #[values((60, 15), (80, 24), (120, 30))] size: (u16, u16),
    #[values("shift-l", "shift-o", "shift-c", "ctrl-p")] key: &str,
) {
    let harness = screens::all_tasks(size).keys("j").keys(key);
    let Some(Overlay::Picker(picker)) = &harness.model.overlay else { panic!("{key} opens no list") };
    let screen = render_text(&harness);
    let entries: Vec<&str> = screen.lines().filter_map(|line| line.split(['│', '|']).nth(1)).skip(2).collect();
    let entries: Vec<&str> = entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()).collect();
    assert!(!entries.is_empty(), "{screen}");
    let distinct: HashSet<&str> = entries.iter().copied().collect();
    assert_eq!(distinct.len(), entries.len(), "{screen}");
    // An entry that fits is shown in full.
    let room = usize::from(size.0) - 10;
    for item in picker.items.iter().take(entries.len()).filter(|item| item.text.len() + item.about.len() + 2 < room) {
        assert!(screen.contains(&item.text), "{}:\n{screen}", item.text);
    }
}

/// A revision that has not been described.
fn revision(family: &str, number: i32) -> Revision {
    let task_definition_arn = fixtures::arn("task-definition", &format!("{family}:{number}"));
    Revision { task_definition_arn, family: family.into(), revision: number, ..Revision::default() }
}

#[test]
fn a_revision_is_shown_within_its_family_and_the_family_is_its_owner() {
    let revisions = (50..60).map(|number| fixtures::entry(revision("payments", number))).collect();
    let families = ["cart", "payments", "search"].map(|family| fixtures::entry(Family { family: family.into() }));
    let harness = Harness::with_account((80, 24))
        .feed(View::new(&revision::KIND, Query::family("payments")), fixtures::feed(revisions))
        .feed(View::new(&family::KIND, Query::default()), fixtures::feed(families.into()));
    let harness = harness.keys("/").type_text("name=payments").keys("enter t");
    let place = |harness: &Harness| match &harness.model.front {
        Screen::Table(table) => (table.title(), table.current().map(|entry| entry.row.name().into_owned())),
        _ => panic!("a table"),
    };
    assert_eq!(place(&harness), ("revisions(payments)".into(), Some("payments:57".into())));
    let harness = harness.keys("shift-j");
    assert_eq!(place(&harness), ("families".into(), Some("payments".into())));
}

#[test]
fn an_unlisted_revision_is_shown_alone() {
    let revisions = (58..60).map(|number| fixtures::entry(revision("payments", number))).collect();
    let harness = Harness::with_account((80, 24)).keys("/").type_text("name=payments").keys("enter t");
    let harness = harness.feed(View::new(&revision::KIND, Query::family("payments")), fixtures::feed(revisions));
    let titles: Vec<String> = harness.model.crumbs();
    assert_eq!(titles.last().map(String::as_str), Some("revisions(payments:57)"), "{titles:?}");
    assert!(!titles.contains(&"revisions(payments)".to_owned()), "{titles:?}");
}

/// Title of the pane below the table.
fn pane_title(harness: &Harness) -> String {
    harness.model.pane.as_ref().map(|pane| pane.title.clone()).unwrap_or_default()
}

#[test]
fn panes_and_titles_name_their_row() {
    let stopped = screens::stopped_tasks((120, 30));
    assert_eq!(pane_title(&stopped), "task 1d7b6e2a of payments: out of memory");
    let timeline = screens::timeline((120, 30));
    assert!(pane_title(&timeline).contains(" of payments: "), "{}", pane_title(&timeline));
    let title = |query: Query| Table::new(View::new(&task::KIND, query)).title();
    let group = Query { group: Some("payments:57 app STOP-OOM".into()), ..Query::service("acme-prod", "payments") };
    assert_eq!(title(group), "tasks(payments, out of memory)");
}
