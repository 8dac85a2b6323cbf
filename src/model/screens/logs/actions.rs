//! Actions in logs, and those on rows that open one.

use super::{LogView, about, goto, live, marks, open, picking, query, reader::reader, stack, strip, task_switch};
use crate::{
    model::{
        Model, Viewer,
        action::{Action, ActionContext, Arg, Call, Outcome, actions, anything, row::ON_ROWS},
        screens::text::TextSource,
    },
    resource::Ability,
};

/// In logs.
pub const IN_LOGS: ActionContext = ActionContext::new("In logs", "logs");

pub const CONTEXTS: &[ActionContext] = &[IN_LOGS];

actions! {
    LOGS = Action::new("logs", ON_ROWS, "logs of its tasks", open::logs)
        .needs(Ability::Logs)
        .keys(&["l"])
        .words(&["logs"], Arg::Row)
        .hint("logs", 22);
    PREVIOUS_LOGS = Action::new("previous-logs", ON_ROWS, "last stopped task's logs", task_switch::previous)
        .needs(Ability::Logs)
        .keys(&["p"])
        .hint("previous logs", 23);
    PICK_LOGS = Action::new("pick-logs", ON_ROWS, "logs by container, time", open::pick)
        .needs(Ability::Logs)
        .keys(&["shift-l"]);
    PREVIOUS_TASK = Action::new("previous-task", IN_LOGS, "previous task's logs", task_switch::previous)
        .keys(&["p"])
        .hint("previous task", 30);
    STEP_TASK = Action::new("step-task", IN_LOGS, "older, newer task's logs", task_switch::step)
        .keys(&["<", ">"])
        .hint("older, newer task", 45);
    AROUND_STOP = Action::new("around-stop", IN_LOGS, "lines around the last stop", task_switch::around_stop)
        .keys(&["9"])
        .hint("around the stop", 32);
    ALL_CONTAINERS = Action::new("all-containers", IN_LOGS, "all containers, or one", task_switch::all_containers)
        .keys(&["a"])
        .hint("all containers", 47);
    FILTER_LOG = Action::new("filter-log", IN_LOGS, "filter lines", stack::filter).keys(&["/"]).hint("filter", 10);
    ADD_FILTER = Action::new("add-filter", IN_LOGS, "add a filter", stack::add).keys(&["+"]);
    INCLUDE = Action::new("include", IN_LOGS, "only matching lines", stack::include)
        .words(&["include"], Arg::LineFilter);
    EXCLUDE = Action::new("exclude", IN_LOGS, "hide matching lines", stack::exclude)
        .words(&["exclude"], Arg::LineFilter);
    HIGHLIGHT = Action::new("highlight", IN_LOGS, "highlight matches", stack::highlight)
        .words(&["highlight"], Arg::LineFilter);
    FILTERS = Action::new("filters", IN_LOGS, "list and edit filters", stack::list)
        .keys(&["shift-f"])
        .words(&["filters"], Arg::None)
        .hint("filters", 30);
    SUSPEND_FILTERS = Action::new("suspend-filters", IN_LOGS, "filters off, or on again", stack::suspend).keys(&["z"]);
    CLEAR_FILTERS = Action::new("clear-filters", IN_LOGS, "remove all filters", stack::clear).keys(&["ctrl-u"]);
    LEVEL = Action::new("level", IN_LOGS, "level: all, warn, error", stack::level)
        .keys(&["shift-w"])
        .words(&["level"], Arg::OneOf(&["off", "warn", "error"]))
        .hint("level", 16);
    CONTEXT = Action::new("context", IN_LOGS, "lines around matches", stack::context)
        .keys(&["x"])
        .words(&["around"], Arg::Text("lines", stack::check_context))
        .hint("context", 32);
    NEXT_FOUND = Action::new("next-found", IN_LOGS, "next match", goto::next_match).keys(&["n"]).hint("next match", 34);
    PREVIOUS_FOUND = Action::new("previous-found", IN_LOGS, "previous match", goto::previous_match).keys(&["shift-n"]);
    NEXT_ERROR = Action::new("next-error", IN_LOGS, "next error", goto::next_error).keys(&["e"]).hint("next error", 14);
    PREVIOUS_ERROR = Action::new("previous-error", IN_LOGS, "previous error", goto::previous_error).keys(&["shift-e"]);
    GO_TO_TIME = Action::new("go-to-time", IN_LOGS, "go to a time or range", goto::time)
        .keys(&["@"])
        .words(&["at"], Arg::Text("time", goto::check_time))
        .hint("time", 18);
    RANGE = Action::new("range", IN_LOGS, "newest, oldest, 1m 5m 15m 30m 1h 3h 12h", goto::range)
        .keys(&["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
    MINUTE = Action::new("minute", IN_LOGS, "1 min back, forward", goto::minute).keys(&["{", "}"]);
    TEN_MINUTES = Action::new("ten-minutes", IN_LOGS, "10 min back, forward", goto::ten_minutes).keys(&["(", ")"]);
    HISTOGRAM = Action::new("histogram", IN_LOGS, "histogram", strip::toggle).keys(&["i"]).hint("histogram", 36);
    RELOAD = Action::new("reload", IN_LOGS, "reload the range", goto::reload).keys(&["r"]);
    PATTERN = Action::new("pattern", IN_LOGS, "filter in CloudWatch", goto::pattern)
        .words(&["pattern"], Arg::Text("pattern", anything));
    LIVE = Action::new("live", IN_LOGS, "Live Tail (billed)", live::toggle)
        .keys(&["ctrl-t"])
        .words(&["live"], Arg::None)
        .hint("live", 49);
    QUERY = Action::new("query", IN_LOGS, "Insights query (billed)", query::open)
        .keys(&["shift-q"])
        .words(&["query", "insights"], Arg::Text("query", anything))
        .hint("query", 48);
    MARK_LOG = Action::new("mark-log", IN_LOGS, "insert a time mark", marks::mark).keys(&["m"]).hint("mark", 38);
    ELAPSED = Action::new("elapsed", IN_LOGS, "time since mark or line", marks::elapsed)
        .keys(&["shift-t"])
        .words(&["elapsed"], Arg::None);
    PICK = Action::new("pick", IN_LOGS, "select the line", picking::pick).keys(&["space"]);
    PICK_RANGE = Action::new("pick-range", IN_LOGS, "select a range", picking::pick_range).keys(&["v"]);
    CONSOLE = Action::new("console", IN_LOGS, "copy the console URL", picking::console)
        .keys(&["b"])
        .words(&["console"], Arg::None);
    FREEZE = Action::new("freeze", IN_LOGS, "follow, or freeze", freeze).keys(&["s"]).hint("freeze", 10);
    EXPAND = Action::new("expand", IN_LOGS, "expand the line", expand).keys(&["enter"]).hint("expand", 14);
    LINE_FIELDS = Action::new("line-fields", IN_LOGS, "fields of the line", fields)
        .keys(&["d"])
        .hint("fields", 20);
    RAW_EVENT = Action::new("raw-event", IN_LOGS, "raw event", raw_event).keys(&["y"]).hint("raw event", 30);
    WRAP_LINES = Action::new("wrap-lines", IN_LOGS, "wrap long lines", wrap).keys(&["w"]).hint("wrap", 30);
    TIMES = Action::new("times", IN_LOGS, "times: clock, ago, none", times).keys(&["t"]).hint("times", 32);
    JSON_MODE = Action::new("json-mode", IN_LOGS, "JSON: raw, fields, tree", json)
        .keys(&["shift-j"])
        .hint("json mode", 34);
    FULLSCREEN = Action::new("fullscreen", IN_LOGS, "full screen", fullscreen)
        .keys(&["f"])
        .hint("fullscreen", 50);
    HALF_PAGE_RIGHT = Action::new("half-page-right", IN_LOGS, "scroll right", right).keys(&["l"]);
    COLUMN_LOCK = Action::new("column-lock", IN_LOGS, "lock the left columns", column_lock).keys(&["shift-l"]);
    CLEAR_LINES = Action::new("clear-lines", IN_LOGS, "clear the screen", clear).keys(&["shift-c"]);
    UNDO_CLEAR = Action::new("undo-clear", IN_LOGS, "undo the clear", undo_clear).keys(&["u"]);
}

fn freeze(model: &mut Model, _: Call<'_>) -> Outcome {
    reader(model)?.toggle_follow();
    Ok(())
}

fn wrap(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.display.wrap = !reader.display.wrap;
    reader.viewport.left = 0;
    Ok(())
}

fn times(model: &mut Model, _: Call<'_>) -> Outcome {
    reader(model)?.display.next_times();
    Ok(())
}

fn json(model: &mut Model, _: Call<'_>) -> Outcome {
    reader(model)?.display.next_json();
    Ok(())
}

fn fullscreen(model: &mut Model, _: Call<'_>) -> Outcome {
    let display = &mut reader(model)?.display;
    display.fullscreen = !display.fullscreen;
    Ok(())
}

fn column_lock(model: &mut Model, _: Call<'_>) -> Outcome {
    let display = &mut reader(model)?.display;
    display.column_lock = !display.column_lock;
    let what = if display.column_lock { "stay" } else { "scroll with the text" };
    model.info(format!("time and task {what} when scrolling sideways"));
    Ok(())
}

fn right(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.viewport.scroll_sideways(1, reader.display.wrap);
    Ok(())
}

/// Shows the line under the cursor in full, or shortens it again.
fn expand(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let (number, _) = reader.current().ok_or("there is no line here")?;
    reader.freeze();
    reader.viewport.cursor = Some(number);
    reader.display.toggle_expanded(number);
    Ok(())
}

fn clear(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.buffer.cleared = Some(reader.buffer.ring.numbers().end);
    reader.recount();
    let undo = model.keymap.key_of(&UNDO_CLEAR).map(|key| format!("; {key} brings it back")).unwrap_or_default();
    model.info(format!("cleared from the screen only{undo}"));
    Ok(())
}

fn undo_clear(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    reader.recount();
    match reader.buffer.cleared.take() {
        Some(_) => Ok(()),
        None => Err("nothing was cleared".into()),
    }
}

fn fields(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_line(false)
}

fn raw_event(model: &mut Model, _: Call<'_>) -> Outcome {
    model.open_line(true)
}

impl Model {
    /// Opens the fields of a line and the state of its log, or the raw event.
    fn open_line(&mut self, raw: bool) -> Outcome {
        let Some(reader) = self.front.get::<LogView>() else { return Err("this is for logs".into()) };
        let (title, source) = match (raw, reader.current()) {
            (true, Some((_, line))) => ("raw event", TextSource::Document(about::event(line))),
            (true, None) => return Err("there is no line here".into()),
            (false, current) => {
                let line = current.map(|(_, line)| line);
                ("log line", TextSource::Document(about::document(reader, line, &self.settings.zone, self.now)))
            }
        };
        self.push(Viewer::new(title, source));
        self.refill();
        Ok(())
    }
}
