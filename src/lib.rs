//! ecsight: a terminal console for Amazon ECS. From "something is wrong" to "this is why", in the fewest keys.
//!
//! # The shape: a pure core, layered screens, a data layer with one writer
//!
//! ```text
//!                         ┌──────────────────────────── main task ───────────────────────────┐
//!  keys, paste, resize,   │                                                                  │
//!  focus, signals ─► tty ►│  Event ──► Model::update ──► Vec<Effect> ──► app::perform        │
//!                         │   ▲          (no I/O, no clock, no await)     │                  │
//!  tick (only while an    │   │                                           ├─► terminal handed over (suspend)
//!  age or a mark moves) ─►│   │   screens, overlay, messages, snapshot    ├─► clipboard, files
//!                         │   │        ▼ only when dirty, 16 ms floor     │                  │
//!                         │   │   ui::render(&Model, &Theme, &mut Frame)  │                  │
//!                         └───┼───────────────────────────────────────────┼──────────────────┘
//!     watch<Arc<Snapshot>>, mpsc<Done>, mpsc<TailMessage>     watch<Demand>, mpsc<Request>, mpsc<ChangeOrder>
//!                         ┌───┴───────────────────────────────────────────▼──────────────────┐
//!                         │ data task: the one writer                                        │
//!                         │   poller   which visible feeds are due                           │
//!                         │   feed     one list of rows: its due times, batches, back-off    │
//!                         │   store    rows by id, and their latest changes                  │
//!                         │   enrich   joins rows of different kinds and diagnoses them      │
//!                         │   evidence one-time reads for an explanation                     │
//!                         │   tails    the open log: its streams, as tasks start and stop    │
//!                         └─────┬─────────────────────────┬──────────────────────────────────┘
//!                               ▼ spawned calls           ▼ blocking jobs, one at a time
//!                         resource::*, logs ─► aws   history: what ECS forgets, in SQLite
//!                         clients, failures, request budget ─► HTTPS or an endpoint URL
//! ```
//!
//! Three layers explain why something is wrong, none of which does I/O: [`knowledge`] holds the rules about AWS's messages
//! as data, [`resource`] the rows, and [`diagnose`] draws conclusions from both: verdicts, findings, explanations, and the
//! kinds whose rows need a diagnosis.
//!
//! * **The main task owns the model.** Everything reaches it as an [`event::Event`]; [`model::Model::update`] is a plain
//!   function that returns [`event::Effect`]s: plain data that tests assert on.
//! * **The data task is the only writer.** It publishes an immutable [`data::Snapshot`]; the UI tells it what is on
//!   screen with a [`data::Demand`]. Both are latest-value channels: nothing queues up, no lock is held while drawing.
//! * **Each scope has its own data layer.** Store, feeds and history belong to one [`aws::ScopeId`]; calls in flight are
//!   cancelled when the scope closes. A response from another account is rejected, and the console opens a new scope for
//!   that account: within a scope, a cluster's name identifies it as well as its ARN does.
//! * **The access mode is separate from the scope.** The guard of every client reads it before each call
//!   ([`aws::Access`]); a change of the mode redraws nothing but the header.
//! * **Lines are not rows.** Log lines bypass the store: a bounded channel carries them to the screen that shows them,
//!   which holds the only ring ([`logs::ring`]). Every filter and layout is a view of it.
//! * **Registries, not match arms.** A resource kind is one file below `resource/` (or `diagnose/`) and one line in
//!   [`kinds::KINDS`]. An action is one row of [`model::action::ACTIONS`]: keys, help, hint, command word and the
//!   name in `config.toml` come from it. A theme is one file in `themes/` and one line.
//! * **Screens share one interface.** A screen implements [`model::screens::ScreenContent`] and lists its actions beside
//!   its state; other code never matches on the screen's type, and refers to an action by its constant.
//! * **Kinds own their abilities.** An action says which [`resource::Ability`] it needs; a kind lists those its rows have.
//!   Where keys work and conflict, help, hints and messages follow from both: there is no other list of kinds. What
//!   an explanation consults, whose logs a row stands for and what its timeline is about, its kind says as well. Code that
//!   treats some kinds each in its own way matches a [`resource::TypedRow`]; a new kind is no case of it until it says so.
//! * **The other side of the wire.** [`demo`] is an AWS on loopback that speaks the real protocol over a simulated
//!   account. It imports nothing of the console, so that a wrong idea about AWS is not shared by both sides.
//!
//! # What a change costs
//!
//! | change | touches |
//! |---|---|
//! | a resource kind | `resource/x.rs`, one line in `KINDS` |
//! | a key that works on a kind's rows | one element of that kind's abilities |
//! | a column | one element of that kind's fields |
//! | a diagnosis rule | one row of a table in `knowledge/`, with the messages that are its test |
//! | an action | one row of an `actions!` list and its function, in one file |
//! | an action that changes something | one file in `change/`, and the action: one row in `model/action/changes.rs` and a line |
//! | another key for it | one field of that row |
//! | a screen | its file in `model/screens/` with state, actions and keys, its drawing in `ui/screens/`, one line in each list |
//! | a theme | one file in `themes/`, one line |
//! | an AWS operation | one line in [`aws::operation`], and the IAM policy in the README |
//! | a fact about AWS messages | one row of a table below `knowledge/`, with messages it must recognise |
//!
//! # How to add a kind
//!
//! `resource/capacity_provider.rs` is a short example. In one file:
//!
//! 1. A struct of our own with what is shown, and its `from_sdk`: every field that AWS may leave out is optional, and
//!    enums stay texts, so that values nobody here knows are shown as they come.
//! 2. The static [`resource::Kind`]: names, columns, abilities, states for `is:` filters, and where its rows come from.
//!    [`resource::Origin::Fetched`] takes a [`resource::Fetch`]: pages of ids and batched describes, or pages that bring
//!    their rows where one operation does both. Rows made of those of other kinds are derived or composed.
//! 3. [`resource::Resource`]: id, name, what Enter opens, when it is a fault, what `d` shows, the `aws` command.
//!
//! Then one line in [`kinds::KINDS`], and one in [`aws::operation`] for each new API operation. Tables, filters, `get`,
//! help, completion and the README follow; `UPDATE_README=1 cargo test --test it drift` updates the README's tables.
//!
//! `tests/it/architecture.rs` checks which module may import which.
//!
//! # Glossary
//!
//! One word for one thing, from the code to the screen.
//!
//! | word | meaning |
//! |---|---|
//! | scope | a profile, its account, a Region and an endpoint: where calls go |
//! | access | read-only or not: whether calls that change something are let through, in one scope |
//! | kind | a sort of row: services, tasks, events; how it is fetched, shown and opened |
//! | row | one thing of a kind, as AWS described it or as it is derived from other rows |
//! | query | which rows of a kind: a cluster, a service, a status, a time |
//! | view | a kind and a query: what a table shows |
//! | column | a head, a cell, an order and a width; a field is a column with the functions that fill it |
//! | demand | what is on screen, so what is worth a call |
//! | foreground, companions, background | the view on top, what it consults, the views beneath it |
//! | feed | the rows of one fetched view, with phase, age and failure |
//! | cadence | how often the rows of a kind are polled, in the file of the kind |
//! | priority | by how much a feed is polled less often than that |
//! | snapshot | everything known at one moment, immutable |
//! | failure | a call that did not succeed, with its kind, its message and advice |
//! | outage | a failure of everything: no network, no credentials |
//! | budget | the calls a second that one quota class of an account and Region may take |
//! | enrich | to add to a row what rows of other kinds say about it |
//! | archived | a row that AWS has forgotten and the history still has |
//! | history | stopped tasks, events and deployments on disk, in SQLite |
//! | observation | a row as it came from AWS, and as it was before: what the history records |
//! | rule | a message of AWS that is understood: its cause and what to do |
//! | verdict | why one thing happened, by a rule, with evidence and next steps |
//! | finding | a problem of a service, a task or an instance, with the verdict that explains it |
//! | change | something that is done to one target in the account: its risk, its consequences, its request |
//! | order | changes of one sort that were confirmed together |
//! | part | what an unfinished copy has, under a temporary name |
//! | journal | a line for every change when it is sent, and one when it has ended |
//! | evidence | quotes and log lines that a verdict is concluded from |
//! | explanation | the page that `X` opens: findings, evidence, next steps |
//! | root container | the container that caused its task to stop |
//! | service health | the state of a service in one word, worst finding first |
//! | timeline entry | one event of a service or a task on the time axis |
//! | trouble | the ranked list of everything that is wrong |
//! | effect | what the model wants done outside itself |
//! | action | something a key or a command does; one row of `ACTIONS` |
//! | screen, overlay | what fills the terminal, and what lies over it |
//! | notice | a message for the person, shown for a moment and kept for the session |
//! | locator | a view, its scope and its filter as one text |
//! | source | one container of one task, and its log stream |
//! | tail | the streams of a log that are read together, merged by time |
//! | stream group | streams of one log group that one call reads |
//! | live source | a Live Tail session that a tail reads from |
//! | backfill | reading a stream from before the tail began |
//! | dedup | recognising events that two calls return |
//! | ring | the lines that a log holds at most, the oldest dropped first |
//! | filter stack | the filters of a log: include, exclude, highlight |
//! | filtered view | the lines of a ring that pass its filter stack |
//! | forward | a local port whose connections go, by sessions, to a port of a task or of a host that it reaches |
//! | agent message | one binary frame of a session: stream data, its acknowledgement, or a notice of the gateway |
//! | embedded AWS | the endpoint of `ecsight demo`, with its simulated account |

pub mod app;
pub mod aws;
pub mod cells;
pub mod change;
pub mod cli;
pub mod config;
pub mod copy;
pub mod data;
pub mod demo;
pub mod diagnose;
pub mod event;
pub mod files;
pub mod forwarding;
pub mod grammar;
pub mod history;
pub mod journal;
pub mod kinds;
pub mod knowledge;
pub mod logging;
pub mod logs;
pub mod model;
pub mod nearest;
pub mod resource;
pub mod session;
pub mod tty;
pub mod ui;
pub mod visible;
