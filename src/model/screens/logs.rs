//! The log view. [`LogView`] combines the parts, each in its own file: the lines in memory ([`buffer`]), the visible part
//! ([`viewport`]), the display settings ([`display`], laid out in rows by `layout`), selected lines ([`selection`]) and
//! the search ([`search`]).

mod about;
pub mod actions;
pub mod bar;
mod body;
pub mod buffer;
mod columns;
mod complete;
mod content;
mod copying;
mod counts;
pub mod display;
mod fields;
mod goto;
mod layout;
mod link;
mod live;
mod marks;
pub mod nothing;
mod open;
mod pending_task;
mod picking;
mod query;
mod reader;
mod row_math;
pub mod rows;
pub mod search;
pub mod selection;
mod span;
pub mod stack;
pub mod strip;
mod task_switch;
pub mod viewport;

pub(super) use actions::{ACTIONS, CONTEXTS};
pub use reader::LogView;
