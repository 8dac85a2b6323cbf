//! The table.

use super::{
    Action,
    ActionContext::{self, Everywhere, Json, Logs, Row, Table},
    Arg::{self, Text},
    Outcome, rows, session, views,
};
use crate::{
    model::screens::logs::{self, goto, live, marks, query, selection, stack, strip},
    resource::Ability,
};

/// What every text will do for.
fn anything(_: &str) -> Outcome {
    Ok(())
}

/// Every action, in the order in which help lists them.
pub static ACTIONS: &[Action] = &[
    // Moving about.
    Action::new("up", Everywhere, "row up", views::up).keys(&["up", "k"]),
    Action::new("down", Everywhere, "row down", views::down).keys(&["down", "j"]),
    Action::new("page-up", Everywhere, "page up", views::page_up).keys(&["pgup", "ctrl-b"]),
    Action::new("page-down", Everywhere, "page down", views::page_down).keys(&["pgdn", "ctrl-f"]),
    Action::new("top", Everywhere, "first row", views::top).keys(&["home", "g"]),
    Action::new("bottom", Everywhere, "last row", views::bottom).keys(&["end", "shift-g"]),
    Action::new("left", Everywhere, "scroll left", views::left).keys(&["left", "h"]),
    Action::new("right", Everywhere, "scroll right", views::right).keys(&["right"]),
    // From view to view.
    Action::new("open", Row, "open the row", views::open).keys(&["enter"]).hint("open", 10),
    Action::new("describe", Row, "describe: findings first", views::describe)
        .keys(&["d"])
        .words(&["describe"], Arg::Row)
        .hint("describe", 20),
    Action::new("explain", Row, "explain: cause, evidence, next steps", views::explain)
        .needs(Ability::Explain)
        .keys(&["shift-x"])
        .words(&["explain"], Arg::Row)
        .hint("explain", 35),
    Action::new("raw", Row, "JSON as AWS returns it", views::raw)
        .keys(&["y"])
        .words(&["json", "raw"], Arg::Row)
        .hint("json", 30),
    Action::new("stopped", Row, "running, stopped, all", views::next_status)
        .needs(Ability::Status)
        .keys(&["x"])
        .words(&["status"], Arg::OneOf(&["running", "stopped", "all"]))
        .hint("stopped", 40),
    Action::new("stopped-tasks", Row, "stopped tasks", views::stopped_tasks)
        .needs(Ability::StoppedTasks)
        .keys(&["x"])
        .hint("stopped tasks", 40),
    Action::new("events", Row, "events", views::events).needs(Ability::Events).keys(&["shift-e"]).hint("events", 42),
    Action::new("deployments", Row, "deployments", views::deployments)
        .needs(Ability::Deployments)
        .keys(&["z"])
        .hint("deployments", 44),
    Action::new("timeline", Row, "timeline", views::timeline)
        .needs(Ability::Timeline)
        .keys(&["shift-t"])
        .hint("timeline", 41),
    Action::new("task-definition", Row, "task definition", views::task_definition)
        .needs(Ability::TaskDefinition)
        .keys(&["t"])
        .hint("task definition", 46),
    Action::new("instance", Row, "container instance", views::instance)
        .needs(Ability::Instance)
        .keys(&["o"])
        .hint("instance", 48),
    Action::new("owner", Row, "owner", views::owner).keys(&["shift-j"]).hint("owner", 60),
    Action::new("warp", Table, "the row's cluster", views::warp).keys(&["w"]),
    Action::new("all-clusters", Table, "all clusters", views::all_clusters).keys(&["0"]),
    Action::new("favourite", Table, "cluster 1 to 9", views::favourite)
        .keys(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    Action::new("cluster", Everywhere, "this view in a cluster", views::cluster).words(&["ns"], Arg::Cluster),
    Action::new("escape", Everywhere, "back by one layer", views::escape).keys(&["esc"]),
    Action::new("back", Everywhere, "back", views::back).keys(&["q"]).hint("back", 90),
    Action::new("history-back", Everywhere, "history back", views::history_back)
        .keys(&["["])
        .words(&["previous"], Arg::None),
    Action::new("history-forward", Everywhere, "history forward", views::history_forward)
        .keys(&["]"])
        .words(&["next"], Arg::None),
    Action::new("last", Everywhere, "switch to the previous view", views::last)
        .keys(&["-"])
        .words(&["last"], Arg::None),
    // Which rows, in which order.
    Action::new("filter", Table, "filter rows", rows::filter)
        .keys(&["/"])
        .words(&["filter"], Arg::Filter)
        .hint("filter", 15),
    Action::new("clear-filter", Table, "clear the filter", rows::clear_filter).keys(&["ctrl-u"]),
    Action::new("faults", Table, "only rows with a fault", rows::faults)
        .keys(&["ctrl-z"])
        .words(&["faults"], Arg::None)
        .hint("faults", 25),
    Action::new("wide", Table, "all columns", rows::wide)
        .keys(&["ctrl-w"])
        .words(&["wide"], Arg::None)
        .hint("wide", 70),
    Action::new("sort-name", Table, "sort by name; again: reverse", rows::sort_name).keys(&["shift-n"]),
    Action::new("sort-status", Table, "sort by status", rows::sort_status).keys(&["shift-s"]),
    Action::new("sort-age", Table, "sort by age", rows::sort_age).keys(&["shift-a"]),
    Action::new("sort-cluster", Table, "sort by cluster", rows::sort_cluster).keys(&["shift-p"]),
    Action::new("sort", Table, "sort by column", rows::sort)
        .keys(&["shift-o"])
        .words(&["sort"], Arg::Column)
        .hint("sort", 65),
    Action::new("column-left", Table, "select the left column", rows::column_left).keys(&["shift-left", "alt-left"]),
    Action::new("column-right", Table, "select the right column", rows::column_right)
        .keys(&["shift-right", "alt-right"]),
    Action::new("inspect", Table, "show or hide the pane", rows::inspect)
        .keys(&["tab"])
        .words(&["inspect"], Arg::OneOf(&["on", "off"])),
    // Marks.
    Action::new("mark", Table, "mark the row", rows::mark).keys(&["space"]).hint("mark", 80),
    Action::new("mark-range", Table, "mark a range", rows::mark_range).keys(&["ctrl-space", "shift-v"]),
    Action::new("mark-all", Table, "mark all, or invert", rows::mark_all).keys(&["*"]),
    Action::new("unmark", Table, "clear the marks", rows::unmark).keys(&["ctrl-\\"]).words(&["unmark"], Arg::None),
    // Taking along.
    Action::new("copy", Everywhere, "copy names or text", rows::copy)
        .keys(&["c"])
        .words(&["copy"], Arg::None)
        .hint("copy", 75),
    Action::new("copy-field", Row, "copy a field", rows::copy_field).keys(&["shift-c"]),
    Action::new("copy-command", Everywhere, "copy the aws command", rows::copy_command)
        .keys(&["ctrl-y"])
        .hint("copy command", 77),
    Action::new("open-locator", Everywhere, "open a locator", rows::open_locator).words(&["open"], Arg::Locator),
    Action::new("copy-cluster", Row, "copy the cluster name", rows::copy_cluster).keys(&["n"]),
    Action::new("save", Everywhere, "save to a file", rows::save)
        .keys(&["ctrl-s"])
        .words(&["save"], Arg::OneOf(&["csv", "json", "ndjson", "text", "view"])),
    // Logs.
    Action::new("logs", Row, "logs of its tasks", logs::open::logs)
        .needs(Ability::Logs)
        .keys(&["l"])
        .words(&["logs"], Arg::Row)
        .hint("logs", 22),
    Action::new("previous-logs", Row, "last stopped task's logs", logs::task_switch::previous)
        .needs(Ability::Logs)
        .keys(&["p"])
        .hint("previous logs", 23),
    Action::new("pick-logs", Row, "logs by container, time", logs::open::pick).needs(Ability::Logs).keys(&["shift-l"]),
    // In logs.
    Action::new("previous-task", ActionContext::Logs, "previous task's logs", logs::task_switch::previous)
        .keys(&["p"])
        .hint("previous task", 30),
    Action::new("step-task", ActionContext::Logs, "older, newer task's logs", logs::task_switch::step)
        .keys(&["<", ">"])
        .hint("older, newer task", 45),
    Action::new("around-stop", ActionContext::Logs, "around the last stop", logs::task_switch::around_stop)
        .keys(&["9"])
        .hint("around the stop", 32),
    Action::new("all-containers", ActionContext::Logs, "all containers, or one", logs::task_switch::all_containers)
        .keys(&["a"])
        .hint("all containers", 47),
    // In texts.
    Action::new("search", ActionContext::Text, "search", views::search).keys(&["/"]).hint("search", 10),
    Action::new("next-match", ActionContext::Text, "next match", views::next_match).keys(&["n"]).hint("next match", 12),
    Action::new("previous-match", ActionContext::Text, "previous match", views::previous_match).keys(&["shift-n"]),
    Action::new("wrap", ActionContext::Text, "wrap long lines", views::wrap).keys(&["w"]).hint("wrap", 40),
    Action::new("reveal", Json, "show or mask secret values", views::reveal).keys(&["x"]).hint("reveal", 50),
    // In logs.
    Action::new("filter-log", Logs, "filter lines", stack::filter).keys(&["/"]).hint("filter", 10),
    Action::new("add-filter", Logs, "add a filter", stack::add).keys(&["+"]),
    Action::new("include", Logs, "only matching lines", stack::include).words(&["include"], Arg::LineFilter),
    Action::new("exclude", Logs, "hide matching lines", stack::exclude).words(&["exclude"], Arg::LineFilter),
    Action::new("highlight", Logs, "highlight matches", stack::highlight).words(&["highlight"], Arg::LineFilter),
    Action::new("filters", Logs, "list and edit filters", stack::list)
        .keys(&["shift-f"])
        .words(&["filters"], Arg::None)
        .hint("filters", 30),
    Action::new("suspend-filters", Logs, "filters off, or on again", stack::suspend).keys(&["z"]),
    Action::new("clear-filters", Logs, "remove all filters", stack::clear).keys(&["ctrl-u"]),
    Action::new("level", Logs, "level: all, warn, error", stack::level)
        .keys(&["shift-w"])
        .words(&["level"], Arg::OneOf(&["off", "warn", "error"]))
        .hint("level", 16),
    Action::new("context", Logs, "lines around matches", stack::context)
        .keys(&["x"])
        .words(&["around"], Text("lines", stack::check_context))
        .hint("context", 32),
    Action::new("next-found", Logs, "next match", goto::next_match).keys(&["n"]).hint("next match", 34),
    Action::new("previous-found", Logs, "previous match", goto::previous_match).keys(&["shift-n"]),
    Action::new("next-error", Logs, "next error", goto::next_error).keys(&["e"]).hint("next error", 14),
    Action::new("previous-error", Logs, "previous error", goto::previous_error).keys(&["shift-e"]),
    Action::new("go-to-time", Logs, "go to a time or range", goto::time)
        .keys(&["@"])
        .words(&["at"], Text("time", goto::check_time))
        .hint("time", 18),
    Action::new("range", Logs, "newest, oldest, 1m 5m 15m 30m 1h 3h 12h", goto::range)
        .keys(&["0", "1", "2", "3", "4", "5", "6", "7", "8"]),
    Action::new("minute", Logs, "1 min back, forward", goto::minute).keys(&["{", "}"]),
    Action::new("ten-minutes", Logs, "10 min back, forward", goto::ten_minutes).keys(&["(", ")"]),
    Action::new("histogram", Logs, "histogram", strip::toggle).keys(&["i"]).hint("histogram", 36),
    Action::new("reload", Logs, "reload the range", goto::reload).keys(&["r"]),
    Action::new("pattern", Logs, "filter in CloudWatch", goto::pattern).words(&["pattern"], Text("pattern", anything)),
    Action::new("live", Logs, "Live Tail (billed)", live::toggle)
        .keys(&["ctrl-t"])
        .words(&["live"], Arg::None)
        .hint("live", 49),
    Action::new("query", Logs, "Insights query (billed)", query::open)
        .keys(&["shift-q"])
        .words(&["query", "insights"], Text("query", anything))
        .hint("query", 48),
    Action::new("mark-log", Logs, "insert a time mark", marks::mark).keys(&["m"]).hint("mark", 38),
    Action::new("elapsed", Logs, "time since mark or line", marks::elapsed)
        .keys(&["shift-t"])
        .words(&["elapsed"], Arg::None),
    Action::new("pick", Logs, "select the line", selection::pick).keys(&["space"]),
    Action::new("pick-range", Logs, "select a range", selection::pick_range).keys(&["v"]),
    Action::new("console", Logs, "copy the console URL", selection::console)
        .keys(&["b"])
        .words(&["console"], Arg::None),
    Action::new("freeze", Logs, "follow, or freeze", logs::modes::freeze).keys(&["s"]).hint("freeze", 10),
    Action::new("expand", Logs, "expand the line", logs::modes::expand).keys(&["enter"]).hint("expand", 14),
    Action::new("line-fields", Logs, "fields of the line", logs::modes::fields).keys(&["d"]).hint("fields", 20),
    Action::new("raw-event", Logs, "raw event", logs::modes::raw_event).keys(&["y"]).hint("raw event", 30),
    Action::new("wrap-lines", Logs, "wrap long lines", logs::modes::wrap).keys(&["w"]).hint("wrap", 30),
    Action::new("times", Logs, "times: clock, ago, none", logs::modes::times).keys(&["t"]).hint("times", 32),
    Action::new("json-mode", Logs, "JSON: raw, fields, tree", logs::modes::json)
        .keys(&["shift-j"])
        .hint("json mode", 34),
    Action::new("fullscreen", Logs, "full screen", logs::modes::fullscreen).keys(&["f"]).hint("fullscreen", 50),
    Action::new("half-page-right", Logs, "scroll right", logs::modes::right).keys(&["l"]),
    Action::new("column-lock", Logs, "lock the left columns", logs::modes::column_lock).keys(&["shift-l"]),
    Action::new("clear-lines", Logs, "clear the screen", logs::modes::clear).keys(&["shift-c"]),
    Action::new("undo-clear", Logs, "undo the clear", logs::modes::undo_clear).keys(&["u"]),
    // The console itself.
    Action::new("command", Everywhere, "run a command", session::command).keys(&[":"]).hint("command", 85),
    Action::new("help", Everywhere, "help", session::help)
        .keys(&["?", "f1"])
        .words(&["help", "h"], Text("word", anything))
        .hint("help", 5),
    Action::new("aliases", Everywhere, "views, commands, aliases", session::aliases)
        .keys(&["ctrl-a"])
        .words(&["alias", "aliases"], Arg::None),
    Action::new("messages", Everywhere, "messages", session::messages)
        .keys(&["!"])
        .words(&["messages", "msg"], Arg::None),
    Action::new("refresh", Everywhere, "refresh; :refresh 5s, off", session::refresh)
        .keys(&["ctrl-r", "f5"])
        .words(&["refresh"], Text("5s|off|auto", session::check_refresh))
        .hint("refresh", 72),
    Action::new("pause", Everywhere, "pause or resume refresh", session::pause)
        .keys(&["="])
        .words(&["pause"], Arg::None),
    Action::new("redraw", Everywhere, "redraw the screen", session::redraw)
        .keys(&["ctrl-l"])
        .words(&["redraw"], Arg::None),
    Action::new("header", Everywhere, "full, compact, no header", session::header)
        .keys(&["ctrl-e"])
        .words(&["header"], Arg::OneOf(&["full", "compact", "off"])),
    Action::new("crumbs", Everywhere, "show or hide the crumbs", session::crumbs)
        .keys(&["ctrl-g"])
        .words(&["crumbs"], Arg::None),
    Action::new("time-zone", Everywhere, "times in UTC, or local", session::zone)
        .keys(&["shift-z"])
        .words(&["zone", "tz"], Arg::OneOf(&["local", "utc"])),
    Action::new("theme", Everywhere, "change the theme", session::theme).words(&["theme", "skin"], Arg::Theme),
    Action::new("scope", Everywhere, "switch profile, Region or cluster", session::scope)
        .keys(&["ctrl-p"])
        .words(&["ctx", "context", "scope"], Arg::Scope),
    Action::new("profile", Everywhere, "switch profile", session::profile).words(&["profile"], Arg::Profile),
    Action::new("region", Everywhere, "switch Region", session::region).words(&["region"], Arg::Region),
    Action::new("whoami", Everywhere, "your identity and Region", session::whoami).words(&["whoami"], Arg::None),
    Action::new("write", Everywhere, "allow changes for 15m", session::write)
        .words(&["write"], Text("15m", session::check_write)),
    Action::new("read-only", Everywhere, "allow no changes", session::read_only).words(&["readonly"], Arg::None),
    Action::new("suspend", Everywhere, "suspend; fg resumes", session::suspend).words(&["suspend"], Arg::None),
    Action::new("interrupt", Everywhere, "twice: quit", session::interrupt).keys(&["ctrl-c"]),
    Action::new("quit", Everywhere, "quit", session::quit).words(&["q", "quit", "exit"], Arg::None),
];
