use super::*;
use crate::model::screens::text::TextStyle;

fn viewer(lines: &[&str]) -> Viewer {
    let mut viewer = Viewer::new("text", TextSource::Messages);
    // Searching a text about a row hides no lines; only the lines matter here.
    viewer.wrap = false;
    viewer.set_lines(lines.iter().map(|line| TextLine::new(*line, TextStyle::Text)).collect());
    viewer
}

fn current(viewer: &Viewer) -> Option<(usize, usize, usize)> {
    viewer.search.as_ref().and_then(|search| {
        search.matches.get(search.current).map(|found| (found.line, found.range.start, found.range.end))
    })
}

#[test]
fn searching_uses_smart_case_and_wraps_around() {
    let mut viewer = viewer(&["Error one", "fine", "error two, error three"]);
    viewer.look_for("error", 10);
    assert_eq!(viewer.search.as_ref().unwrap().matches.len(), 3);
    assert_eq!(current(&viewer), Some((0, 0, 5)));
    viewer.step(-1, 10);
    assert_eq!(current(&viewer), Some((2, 11, 16)));
    viewer.step(1, 10);
    assert_eq!(current(&viewer), Some((0, 0, 5)));
    viewer.look_for("Error", 10);
    assert_eq!(viewer.search.as_ref().unwrap().matches.len(), 1);
    viewer.look_for("(", 10);
    viewer.step(1, 10);
    assert_eq!(current(&viewer), None);
}

#[test]
fn the_current_match_is_scrolled_to() {
    let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    let mut viewer = viewer(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    viewer.look_for("line 50", 10);
    assert!((viewer.top..viewer.top + 10).contains(&50), "{}", viewer.top);
    viewer.scroll_by(isize::MAX, 10);
    assert_eq!(viewer.top, 90);
    viewer.scroll_by(isize::MIN, 10);
    assert_eq!(viewer.top, 0);
}

#[test]
fn wrapping_keeps_the_line_at_the_top() {
    let mut viewer = viewer(&["one two three four", "five six", "seven eight nine"]);
    viewer.fit(10);
    viewer.top = 2;
    viewer.toggle_wrap();
    assert_eq!(viewer.rows[viewer.top].line, 2);
    viewer.toggle_wrap();
    assert_eq!(viewer.top, 2);
}

#[test]
fn sideways_scrolling_ends_with_the_text() {
    let mut viewer = viewer(&["short", "a line of thirty characters ok"]);
    viewer.fit(20);
    viewer.scroll_sideways(1000);
    assert_eq!(viewer.left, 20);
    viewer.scroll_sideways(-1000);
    assert_eq!(viewer.left, 0);
    viewer.toggle_wrap();
    viewer.scroll_sideways(1000);
    assert_eq!(viewer.left, 0);
}

#[test]
fn lists_show_matching_lines_under_their_titles() {
    let lines = || {
        let text = |text| TextLine::new(text, TextStyle::Text);
        let title = |text| TextLine::new(text, TextStyle::Title);
        vec![title("One"), text("apple"), title("Two"), text("banana"), text("apple pie")]
    };
    let mut viewer = Viewer::new("help", TextSource::Help);
    viewer.set_lines(lines());
    viewer.look_for("pie", 10);
    viewer.set_lines(lines());
    assert_eq!(viewer.text(), "Two\napple pie\n");
    viewer.look_for("", 10);
    viewer.set_lines(lines());
    assert_eq!(viewer.lines.len(), 5);
}
