//! The screens: what fills the body, each in a file of its own, and the one place that lists them.
//!
//! A screen is a file with its state, what it answers as [`ScreenContent`], its actions (`ACTIONS`) and where their keys
//! work (`CONTEXTS`), and a line in the list below. Its drawing is a file and a line in `ui::screens`. Everything else
//! asks through [`ScreenContent`]; what belongs to one screen alone asks [`Screen::get`].

use std::{
    any::Any,
    fmt::Debug,
    hash::DefaultHasher,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Model,
    action::{Action, ActionContext},
    prompt::Completion,
};
use crate::{
    data::{FeedState, Snapshot},
    event::Effect,
    resource::{Context, Kind, View},
};

pub mod logs;
pub mod table;
pub mod text;

use text::TextSubject;

macro_rules! screens {
    ($($(#[$doc:meta])* $variant:ident: $module:ident::$content:ident,)*) => {
        /// One layer of the navigation stack: what fills the body of the screen.
        #[derive(Debug)]
        pub enum Screen {
            $($(#[$doc])* $variant(Box<$module::$content>),)*
        }

        impl Deref for Screen {
            type Target = dyn ScreenContent;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$variant(content) => &**content,)*
                }
            }
        }

        impl DerefMut for Screen {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    $(Self::$variant(content) => &mut **content,)*
                }
            }
        }

        $(impl From<$module::$content> for Screen {
            fn from(content: $module::$content) -> Self {
                Self::$variant(Box::new(content))
            }
        })*

        /// The actions of each screen.
        pub(super) const ACTIONS: &[&[Action]] = &[$($module::ACTIONS),*];

        /// Where keys of each screen work, in the order in which help lists them.
        pub(super) const CONTEXTS: &[&[ActionContext]] = &[$($module::CONTEXTS),*];
    };
}

screens! {
    /// Scrollable text: describe, raw JSON, help, messages.
    Text: text::Viewer,
    /// Rows of one view.
    Table: table::Table,
    /// Lines of a log.
    Logs: logs::LogView,
}

impl Screen {
    /// What is on it, if that is a `T`.
    pub fn get<T: ScreenContent>(&self) -> Option<&T> {
        let content: &dyn Any = &**self;
        content.downcast_ref()
    }

    /// What is on it, to be changed, if that is a `T`.
    pub fn get_mut<T: ScreenContent>(&mut self) -> Option<&mut T> {
        let content: &mut dyn Any = &mut **self;
        content.downcast_mut()
    }

    /// Whether a `T` is on it.
    pub fn is<T: ScreenContent>(&self) -> bool {
        self.get::<T>().is_some()
    }
}

/// The data that a screen is brought up to date with.
pub struct ScreenData<'a> {
    pub snapshot: &'a Snapshot,
    pub cx: &'a Context,
    /// A filter of what is on it is being typed.
    pub typing: bool,
}

/// The room that a screen has, and the moment.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Rows.
    pub page: u16,
    /// Cells of a row.
    pub width: u16,
    pub zone: TimeZone,
    pub now: Timestamp,
}

impl Default for Frame {
    fn default() -> Self {
        Self { page: 1, width: 80, zone: TimeZone::UTC, now: Timestamp::UNIX_EPOCH }
    }
}

/// What every screen answers to the rest of the console.
pub trait ScreenContent: Any + Debug {
    /// Its name among the crumbs.
    fn crumb(&self) -> String;

    /// Where its keys work; the key of an earlier context wins over that of a later one.
    fn contexts(&self) -> &'static [ActionContext];

    /// Text and rank of an action's hint, if it is worth one here. `beneath` is the screen that going back shows.
    fn hint(&self, action: &Action, _beneath: Option<&Screen>) -> Option<(&'static str, u8)> {
        action.hint
    }

    /// The kind of its rows, or of the row it is about.
    fn kind(&self) -> Option<&'static Kind> {
        None
    }

    /// The row that actions on a row act upon.
    ///
    /// # Errors
    /// When there is none, in words.
    fn subject(&self) -> Result<TextSubject, String>;

    /// The view whose data it shows.
    fn view(&self) -> Option<&View>;

    /// The view that is worth a call while another screen lies over it.
    fn background_view(&self) -> Option<&View> {
        self.view()
    }

    /// Ids of the rows whose details are worth a call, on a page of so many rows.
    fn visible(&self, _page: u16) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// The views it draws on beside its own.
    fn companions(&self) -> Vec<View> {
        Vec::new()
    }

    /// How its data stand.
    fn state(&self, model: &Model) -> FeedState;

    /// Takes the data in, after every event and before it is known how much room there is.
    fn take_data(&mut self, _data: &ScreenData<'_>) {}

    /// Brings what is in sight up to date, after every event; what it wants done outside.
    fn settle(&mut self, frame: Frame) -> Option<Effect>;

    /// When time alone will next change something on it.
    fn next_tick(&self, _model: &Model) -> Option<Timestamp> {
        None
    }

    /// Hashes everything shown on it that data and time can change.
    fn digest(&self, model: &Model, hasher: &mut DefaultHasher);

    /// Whether it has the whole terminal, without header and crumbs.
    fn is_fullscreen(&self) -> bool {
        false
    }

    /// Rows of the body that are none of the page: title, heads of columns, bars.
    fn fixed_rows(&self) -> u16 {
        1
    }

    /// Lines of the pane that says more of one row; 0 without a pane.
    fn pane_lines(&self) -> u16 {
        0
    }

    /// Moves the cursor, or what is in sight, by so many rows.
    fn go(&mut self, rows: isize, page: u16);

    /// Scrolls to the left (-1) or right (1).
    fn go_sideways(&mut self, steps: i16);

    /// Leaves one layer of what was searched, marked or filtered; false when there is none.
    fn leave_layer(&mut self) -> bool;

    /// What is copied of it.
    ///
    /// # Errors
    /// When there is nothing, in words.
    fn copied(&self, model: &Model) -> Result<String, String>;

    /// The AWS CLI call that shows what it shows.
    ///
    /// # Errors
    /// When there is none, in words.
    fn command(&self, model: &Model) -> Result<String, String> {
        model.show_command(&*self.subject()?.row)
    }

    /// What is saved of it, in a format that may be left open with an empty word.
    ///
    /// # Errors
    /// When there is nothing, or no such format.
    fn saved(&self, format: &str, model: &Model) -> Result<Effect, String>;

    /// Completes the last term of a filter.
    fn complete(&self, _text: &str, _cx: &Context) -> Completion {
        Completion::default()
    }

    /// The command that `/` and `:filter` stand for.
    fn filter_word(&self) -> &'static str {
        "filter"
    }

    /// Reads the times in its filter again, as times of the zone in `cx`.
    fn read_times_again(&mut self, _cx: &Context) {}
}
