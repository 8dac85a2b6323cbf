//! The table.

use super::{
    Action,
    Arg::{self, Text},
    Place::{self, Everywhere, Logs, Table},
    rows, session, views,
};
use crate::model::logs::{self, jump, live, marks, query, stack, strip, take};

/// Kinds whose rows stand for tasks.
const LOGGING: &[&str] = &[
    "trouble",
    "failure",
    "cluster",
    "service",
    "deployment",
    "task",
    "container",
    "instance",
    "event",
    "moment",
    "family",
    "revision",
];

/// Every action, in the order in which help lists them.
pub static ACTIONS: &[Action] = &[
    // Moving about.
    Action::new("up", Everywhere, "one row up", views::up).keys(&["up", "k"]),
    Action::new("down", Everywhere, "one row down", views::down).keys(&["down", "j"]),
    Action::new("page-up", Everywhere, "one page up", views::page_up).keys(&["pgup", "ctrl-b"]),
    Action::new("page-down", Everywhere, "one page down", views::page_down).keys(&["pgdn", "ctrl-f"]),
    Action::new("top", Everywhere, "to the first row", views::top).keys(&["home", "g"]),
    Action::new("bottom", Everywhere, "to the last row", views::bottom).keys(&["end", "shift-g"]),
    Action::new("left", Everywhere, "scroll to the left", views::left).keys(&["left", "h"]),
    Action::new("right", Everywhere, "scroll to the right, to columns that have no room", views::right)
        .keys(&["right"]),
    // From view to view.
    Action::new("open", Table, "open what is in the row", views::open).keys(&["enter"]).hint("open", 10),
    Action::new("describe", Everywhere, "describe in words, findings first", views::describe)
        .keys(&["d"])
        .words(&["describe"], Arg::None)
        .hint("describe", 20),
    Action::new(
        "explain",
        Everywhere,
        "why it is as it is, how that is known, and what to do; again: back",
        views::explain,
    )
    .kinds(&["trouble", "failure", "service", "deployment", "task", "container", "instance", "event", "moment"])
    .keys(&["shift-x"])
    .words(&["explain"], Arg::None)
    .hint("explain", 35),
    Action::new("raw", Everywhere, "the row as AWS tells it, in JSON; again: back to words", views::raw)
        .keys(&["y"])
        .words(&["json", "raw"], Arg::None)
        .hint("json", 30),
    Action::new("stopped", Table, "running tasks, stopped ones, all", views::next_status)
        .kinds(&["task"])
        .keys(&["x"])
        .words(&["status"], Arg::OneOf(&["running", "stopped", "all"]))
        .hint("stopped", 40),
    Action::new("stopped-tasks", Table, "the stopped tasks of the service", views::stopped_tasks)
        .kinds(&["service", "trouble"])
        .keys(&["x"])
        .hint("stopped tasks", 40),
    Action::new("events", Table, "the events that concern the row", views::events)
        .kinds(&["service", "task", "deployment", "trouble", "failure", "moment"])
        .keys(&["shift-e"])
        .hint("events", 42),
    Action::new("deployments", Table, "the deployments of the service", views::deployments)
        .kinds(&["service", "task", "trouble", "failure"])
        .keys(&["z"])
        .hint("deployments", 44),
    Action::new("timeline", Table, "what befell it, on one time axis", views::timeline)
        .kinds(&["service", "task", "container", "deployment", "event", "moment", "trouble", "failure"])
        .keys(&["shift-t"])
        .hint("timeline", 41),
    Action::new("task-definition", Table, "the task definition it runs", views::task_definition)
        .kinds(&["service", "task", "deployment", "trouble", "failure"])
        .keys(&["t"])
        .hint("task definition", 46),
    Action::new("instance", Table, "the container instance it runs on", views::instance)
        .kinds(&["task"])
        .keys(&["o"])
        .hint("instance", 48),
    Action::new("owner", Table, "what the row belongs to", views::owner).keys(&["shift-j"]).hint("owner", 60),
    Action::new("warp", Table, "the same view in the row's cluster", views::warp).keys(&["w"]),
    Action::new("all-clusters", Table, "the same view in all clusters", views::all_clusters).keys(&["0"]),
    Action::new("favourite", Table, "the same view in a favourite cluster", views::favourite)
        .keys(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    Action::new("cluster", Everywhere, "the same view in another cluster", views::cluster).words(&["ns"], Arg::Cluster),
    Action::new("escape", Everywhere, "back by one layer: what is picked, filters, faults only, view", views::escape)
        .keys(&["esc"]),
    Action::new("back", Everywhere, "back to the view before", views::back).keys(&["q"]).hint("back", 90),
    Action::new("history-back", Everywhere, "back in the history of views", views::history_back)
        .keys(&["["])
        .words(&["previous"], Arg::None),
    Action::new("history-forward", Everywhere, "forward in the history of views", views::history_forward)
        .keys(&["]"])
        .words(&["next"], Arg::None),
    Action::new("last", Everywhere, "the view seen before this one, to and fro", views::last)
        .keys(&["-"])
        .words(&["last"], Arg::None),
    // Which rows, in which order.
    Action::new("filter", Table, "filter the rows", rows::filter)
        .keys(&["/"])
        .words(&["filter"], Text("filter"))
        .hint("filter", 15),
    Action::new("clear-filter", Table, "clear the filter", rows::clear_filter).keys(&["ctrl-u"]),
    Action::new("faults", Table, "only rows with something wrong", rows::faults)
        .keys(&["ctrl-z"])
        .words(&["faults"], Arg::None)
        .hint("faults", 25),
    Action::new("wide", Table, "all columns, or the usual ones", rows::wide)
        .keys(&["ctrl-w"])
        .words(&["wide"], Arg::None)
        .hint("wide", 70),
    Action::new("sort-name", Table, "sort by name; again: the other way round", rows::sort_name).keys(&["shift-n"]),
    Action::new("sort-status", Table, "sort by status", rows::sort_status).keys(&["shift-s"]),
    Action::new("sort-age", Table, "sort by age", rows::sort_age).keys(&["shift-a"]),
    Action::new("sort-cluster", Table, "sort by cluster", rows::sort_cluster).keys(&["shift-p"]),
    Action::new("sort", Table, "sort by the picked column, or pick one from a list", rows::sort)
        .keys(&["shift-o"])
        .words(&["sort"], Arg::Column)
        .hint("sort", 65),
    Action::new("column-left", Table, "pick the column to the left to sort by", rows::column_left)
        .keys(&["shift-left", "alt-left"]),
    Action::new("column-right", Table, "pick the column to the right to sort by", rows::column_right)
        .keys(&["shift-right", "alt-right"]),
    Action::new("inspect", Table, "say more of the row in a pane, or hide it", rows::inspect)
        .keys(&["tab"])
        .words(&["inspect"], Arg::OneOf(&["on", "off"])),
    // Marks.
    Action::new("mark", Table, "mark the row, or the range", rows::mark).keys(&["space"]).hint("mark", 80),
    Action::new("mark-range", Table, "begin a range to be marked, or mark it", rows::mark_range)
        .keys(&["ctrl-space", "shift-v"]),
    Action::new("mark-all", Table, "mark all rows shown; with marks: invert", rows::mark_all).keys(&["*"]),
    Action::new("unmark", Table, "clear the marks", rows::unmark).keys(&["ctrl-\\"]).words(&["unmark"], Arg::None),
    // Taking along.
    Action::new(
        "copy",
        Everywhere,
        "copy the names of the marked rows, or of this one; in a text: all of it; in a log: the picked lines, or the screen",
        rows::copy,
    )
    .keys(&["c"])
    .words(&["copy"], Arg::None)
    .hint("copy", 75),
    Action::new("copy-field", Table, "copy a field of the row, picked from a list", rows::copy_field)
        .keys(&["shift-c"]),
    Action::new(
        "copy-command",
        Everywhere,
        "copy the aws command that shows the row; in an explanation: that helps most",
        rows::copy_command,
    )
    .keys(&["ctrl-y"])
    .hint("copy command", 77),
    Action::new("copy-cluster", Table, "copy the name of the row's cluster", rows::copy_cluster).keys(&["n"]),
    Action::new("save", Everywhere, "save what is shown to a file; of a log all that was read", rows::save)
        .keys(&["ctrl-s"])
        .words(&["save"], Arg::OneOf(&["csv", "json", "ndjson", "text", "view"])),
    // Logs.
    Action::new(
        "logs",
        Table,
        "the logs of its tasks, now and as they come; of the marked rows together",
        logs::open::logs,
    )
    .kinds(LOGGING)
    .keys(&["l"])
    .words(&["logs"], Arg::None)
    .hint("logs", 22),
    Action::new(
        "previous-logs",
        Table,
        "the log of the task that stopped before it; of a service: that stopped last",
        logs::step::previous,
    )
    .kinds(LOGGING)
    .keys(&["p"])
    .hint("previous logs", 23),
    Action::new("pick-logs", Table, "its logs, by container and time, picked from a list", logs::open::pick)
        .kinds(LOGGING)
        .keys(&["shift-l"]),
    // In logs.
    Action::new(
        "previous-task",
        Place::Logs,
        "the log of the task that stopped before, of the same container",
        logs::step::previous,
    )
    .keys(&["p"])
    .hint("previous task", 30),
    Action::new("step-task", Place::Logs, "the log of the task that began before, or after", logs::step::step)
        .keys(&["<", ">"])
        .hint("older, newer task", 45),
    Action::new("around-stop", Place::Logs, "5 minutes before and after the last stop", logs::step::around_stop)
        .keys(&["9"])
        .hint("around the stop", 32),
    Action::new(
        "all-containers",
        Place::Logs,
        "all containers, or the one again; else pick one",
        logs::step::all_containers,
    )
    .keys(&["a"])
    .hint("all containers", 47),
    // In texts.
    Action::new("logs-of-text", Place::Text, "the logs of what the text is about", logs::open::logs)
        .kinds(LOGGING)
        .keys(&["l"])
        .hint("logs", 22),
    Action::new(
        "previous-logs-of-text",
        Place::Text,
        "the log of the task that stopped before it",
        logs::step::previous,
    )
    .kinds(LOGGING)
    .keys(&["p"]),
    Action::new("follow", Place::Text, "open what is in the row that the text is about", views::follow)
        .keys(&["enter"]),
    Action::new("search", Place::Text, "search the text; in help and messages: show what matches", views::search)
        .keys(&["/"])
        .hint("search", 10),
    Action::new("next-match", Place::Text, "the next match", views::next_match).keys(&["n"]).hint("next match", 12),
    Action::new("previous-match", Place::Text, "the match before", views::previous_match).keys(&["shift-n"]),
    Action::new("wrap", Place::Text, "wrap long lines", views::wrap).keys(&["w"]).hint("wrap", 40),
    Action::new("reveal", Place::Text, "show masked values, or mask them again", views::reveal)
        .keys(&["x"])
        .hint("reveal", 50),
    // In logs.
    Action::new("filter-log", Logs, "filter the lines; tab: exclude, highlight", stack::filter)
        .keys(&["/"])
        .hint("filter", 10),
    Action::new("add-filter", Logs, "one more filter", stack::add).keys(&["+"]),
    Action::new("include", Logs, "only lines that match, or another filter", stack::include)
        .words(&["include"], Text("filter")),
    Action::new("exclude", Logs, "no lines that match", stack::exclude).words(&["exclude"], Text("filter")),
    Action::new("highlight", Logs, "all lines, with what matches highlighted", stack::highlight)
        .words(&["highlight"], Text("filter")),
    Action::new("filters", Logs, "the filters: turn them off and on, edit, remove", stack::list)
        .keys(&["shift-f"])
        .words(&["filters"], Arg::None)
        .hint("filters", 30),
    Action::new("suspend-filters", Logs, "suspend all filters, or resume", stack::suspend).keys(&["z"]),
    Action::new("clear-filters", Logs, "remove all filters", stack::clear).keys(&["ctrl-u"]),
    Action::new("level", Logs, "lines of every level, from warn on, from error on", stack::level)
        .keys(&["shift-w"])
        .words(&["level"], Arg::OneOf(&["off", "warn", "error"]))
        .hint("level", 16),
    Action::new("context", Logs, "matches with the lines around them, or alone", stack::context)
        .keys(&["x"])
        .words(&["around"], Text("lines"))
        .hint("context", 32),
    Action::new("next-found", Logs, "the next match", jump::next_match).keys(&["n"]).hint("next match", 34),
    Action::new("previous-found", Logs, "the match before", jump::previous_match).keys(&["shift-n"]),
    Action::new("next-error", Logs, "the next error", jump::next_error).keys(&["e"]).hint("next error", 14),
    Action::new("previous-error", Logs, "the error before", jump::previous_error).keys(&["shift-e"]),
    Action::new("go-to-time", Logs, "go to a time, or read a range: 14:05, -2h, 10:00..10:20", jump::time)
        .keys(&["@"])
        .words(&["at"], Text("time"))
        .hint("time", 18),
    Action::new("range", Logs, "the newest lines, the oldest, 1m 5m 15m 30m 1h 3h 12h", jump::range)
        .keys(&["0", "1", "2", "3", "4", "5", "6", "7", "8"]),
    Action::new("minute", Logs, "a minute back, a minute on", jump::minute).keys(&["{", "}"]),
    Action::new("ten-minutes", Logs, "ten minutes back, ten minutes on", jump::ten_minutes).keys(&["(", ")"]),
    Action::new("histogram", Logs, "lines and errors over time, or not", strip::toggle)
        .keys(&["i"])
        .hint("histogram", 36),
    Action::new("reload", Logs, "read the range anew", jump::reload).keys(&["r"]),
    Action::new("pattern", Logs, "have CloudWatch leave out what its filter pattern does not match", jump::pattern)
        .words(&["pattern"], Text("pattern")),
    Action::new("live", Logs, "follow over Live Tail, which AWS bills by the minute, or by polling", live::toggle)
        .keys(&["ctrl-t"])
        .words(&["live"], Arg::None)
        .hint("live", 49),
    Action::new("query", Logs, "search with CloudWatch Logs Insights, which AWS bills by the GB", query::open)
        .keys(&["shift-q"])
        .words(&["query", "insights"], Text("query"))
        .hint("query", 48),
    Action::new("mark-log", Logs, "a rule across the log, with the time", marks::mark).keys(&["m"]).hint("mark", 38),
    Action::new("elapsed", Logs, "time since the last mark, since this line, or none", marks::elapsed)
        .keys(&["shift-t"])
        .words(&["elapsed"], Arg::None),
    Action::new("pick", Logs, "pick the line, or the range, to be copied", take::pick).keys(&["space"]),
    Action::new("pick-range", Logs, "begin a range to be picked, or pick it", take::pick_range).keys(&["v"]),
    Action::new("console", Logs, "copy the address of the stream in the CloudWatch console", take::console)
        .keys(&["b"])
        .words(&["console"], Arg::None),
    Action::new("freeze", Logs, "follow what comes, or keep what is in sight as it is", logs::modes::freeze)
        .keys(&["s"])
        .hint("freeze", 10),
    Action::new("expand", Logs, "show the line in full, JSON as a tree; again: in one row", logs::modes::expand)
        .keys(&["enter"])
        .hint("expand", 14),
    Action::new("wrap-lines", Logs, "wrap long lines", logs::modes::wrap).keys(&["w"]).hint("wrap", 30),
    Action::new("times", Logs, "times: local, UTC, how long ago, none", logs::modes::times)
        .keys(&["t"])
        .hint("times", 32),
    Action::new("json-mode", Logs, "JSON: as it came, its main fields, as a tree", logs::modes::json)
        .keys(&["shift-j"])
        .hint("json mode", 34),
    Action::new("fullscreen", Logs, "the log on the whole screen", logs::modes::fullscreen)
        .keys(&["f"])
        .hint("fullscreen", 50),
    Action::new("half-page-right", Logs, "scroll to the right", logs::modes::right).keys(&["l"]),
    Action::new(
        "column-lock",
        Logs,
        "time and task stay when it is scrolled sideways, or go along",
        logs::modes::column_lock,
    )
    .keys(&["shift-l"]),
    Action::new("clear-lines", Logs, "clear the screen; the lines are kept", logs::modes::clear)
        .keys(&["shift-c"]),
    Action::new("undo-clear", Logs, "bring back what was cleared", logs::modes::undo_clear).keys(&["u"]),
    // The console itself.
    Action::new("command", Everywhere, "run a command, with completion", session::command)
        .keys(&[":"])
        .hint("command", 85),
    Action::new("help", Everywhere, "this help", session::help)
        .keys(&["?", "f1"])
        .words(&["help", "h"], Arg::None)
        .hint("help", 5),
    Action::new("aliases", Everywhere, "the words for views, and one's own", session::aliases)
        .keys(&["ctrl-a"])
        .words(&["alias", "aliases"], Arg::None),
    Action::new("messages", Everywhere, "the messages of this session", session::messages)
        .keys(&["!"])
        .words(&["messages", "msg"], Arg::None),
    Action::new("refresh", Everywhere, "refresh now; with a time: so often; off: not at all", session::refresh)
        .keys(&["ctrl-r", "f5"])
        .words(&["refresh"], Text("5s|off|auto"))
        .hint("refresh", 72),
    Action::new("pause", Everywhere, "pause refreshing, or go on", session::pause)
        .keys(&["="])
        .words(&["pause"], Arg::None),
    Action::new("redraw", Everywhere, "draw the screen anew", session::redraw)
        .keys(&["ctrl-l"])
        .words(&["redraw"], Arg::None),
    Action::new("header", Everywhere, "the header in full, in one line, not at all", session::header)
        .keys(&["ctrl-e"])
        .words(&["header"], Arg::OneOf(&["full", "compact", "off"])),
    Action::new("crumbs", Everywhere, "show the way here, or hide it", session::crumbs)
        .keys(&["ctrl-g"])
        .words(&["crumbs"], Arg::None),
    Action::new("theme", Everywhere, "change the colours", session::theme).words(&["theme", "skin"], Arg::Theme),
    Action::new("scope", Everywhere, "pick profile, Region or cluster from a list", session::scope)
        .keys(&["ctrl-p"])
        .words(&["ctx", "context", "scope"], Text("@profile/region")),
    Action::new("profile", Everywhere, "change to another profile", session::profile).words(&["profile"], Arg::Profile),
    Action::new("region", Everywhere, "change to another Region", session::region).words(&["region"], Arg::Region),
    Action::new("whoami", Everywhere, "say who one is, and where", session::whoami).words(&["whoami"], Arg::None),
    Action::new("write", Everywhere, "allow changes for a while", session::write).words(&["write"], Text("15m")),
    Action::new("read-only", Everywhere, "allow no changes", session::read_only).words(&["readonly"], Arg::None),
    Action::new("suspend", Everywhere, "back to the shell until fg", session::suspend).words(&["suspend"], Arg::None),
    Action::new("interrupt", Everywhere, "twice: quit; in a prompt: cancel", session::interrupt).keys(&["ctrl-c"]),
    Action::new("quit", Everywhere, "quit", session::quit).words(&["q", "quit", "exit"], Arg::None),
];
