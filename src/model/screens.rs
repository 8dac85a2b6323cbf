//! The screens, which fill the body. Each has a file of its own, and all are listed here.
//!
//! A screen is a file with its state, its implementation of [`ScreenContent`], its actions (`ACTIONS`) and where their
//! keys work (`CONTEXTS`), and a line in the list below. Its drawing is a file and a line in `ui::screens`. Other code
//! uses [`ScreenContent`]; code for one screen uses [`Screen::get`].

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

pub mod forwards;
pub mod logs;
pub mod table;
pub mod text;

use text::TextSubject;

macro_rules! screens {
    ($($(#[$doc:meta])* $variant:ident: $module:ident::$content:ident,)*) => {
        /// One layer of the navigation stack.
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

        /// Where the keys of each screen work, in the order of help.
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
    /// Port forwards.
    Forwards: forwards::ForwardList,
}

impl Screen {
    /// Its contents, if that is a `T`.
    pub fn get<T: ScreenContent>(&self) -> Option<&T> {
        let content: &dyn Any = &**self;
        content.downcast_ref()
    }

    /// Its contents for changes, if that is a `T`.
    pub fn get_mut<T: ScreenContent>(&mut self) -> Option<&mut T> {
        let content: &mut dyn Any = &mut **self;
        content.downcast_mut()
    }

    /// Whether its contents are a `T`.
    pub fn is<T: ScreenContent>(&self) -> bool {
        self.get::<T>().is_some()
    }
}

/// Data for updating a screen.
pub struct ScreenData<'a> {
    pub snapshot: &'a Snapshot,
    pub cx: &'a Context,
    /// A filter of the screen is being typed.
    pub typing: bool,
}

/// The size of a screen, and the time.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Rows.
    pub page: u16,
    /// Cells per row.
    pub width: u16,
    pub zone: TimeZone,
    pub now: Timestamp,
}

impl Default for Frame {
    fn default() -> Self {
        Self { page: 1, width: 80, zone: TimeZone::UTC, now: Timestamp::UNIX_EPOCH }
    }
}

/// What every screen implements for the rest of the console.
pub trait ScreenContent: Any + Debug {
    /// Its name among the crumbs.
    fn crumb(&self) -> String;

    /// Where its keys work; earlier contexts take precedence.
    fn contexts(&self) -> &'static [ActionContext];

    /// Text and rank of an action's hint on this screen, if it is useful here. `beneath` is the screen below it.
    fn hint(&self, action: &Action, _beneath: Option<&Screen>) -> Option<(&'static str, u8)> {
        action.hint
    }

    /// The kind of its rows, or of the row it is about.
    fn kind(&self) -> Option<&'static Kind> {
        None
    }

    /// The row that actions apply to.
    ///
    /// # Errors
    ///
    /// A message if there is none.
    fn subject(&self) -> Result<TextSubject, String>;

    /// The cluster of what it is about; `None` for a table, and for a screen that is about no cluster.
    fn cluster(&self) -> Option<&str> {
        None
    }

    /// The view that it shows.
    fn view(&self) -> Option<&View>;

    /// The view to poll while another screen covers it.
    fn background_view(&self) -> Option<&View> {
        self.view()
    }

    /// Ids of the rows to poll, on a page with this number of rows.
    fn visible(&self, _page: u16) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// Other views that it uses.
    fn companions(&self) -> Vec<View> {
        Vec::new()
    }

    /// Whether it shows every step of its row, so that the row is polled more often while it moves.
    fn stepwise(&self) -> bool {
        false
    }

    /// The state of its data.
    fn state(&self, model: &Model) -> FeedState;

    /// Updates its data after every event, before the layout is known.
    fn take_data(&mut self, _data: &ScreenData<'_>) {}

    /// Updates what is visible after every event; returns an effect to perform.
    fn settle(&mut self, frame: Frame) -> Option<Effect>;

    /// When the passage of time will next change it.
    fn next_tick(&self, _model: &Model) -> Option<Timestamp> {
        None
    }

    /// Hashes everything it shows that depends on data and time.
    fn digest(&self, model: &Model, hasher: &mut DefaultHasher);

    /// Whether it fills the terminal, without header and breadcrumbs.
    fn is_fullscreen(&self) -> bool {
        false
    }

    /// Rows of the body that don't belong to the page: title, column titles, bars.
    fn fixed_rows(&self) -> u16 {
        1
    }

    /// Lines of the pane with details of a row; 0 without a pane.
    fn pane_lines(&self) -> u16 {
        0
    }

    /// Moves the cursor, or scrolls, by a number of rows.
    fn go(&mut self, rows: isize, page: u16);

    /// Scrolls to the left (-1) or right (1).
    fn go_sideways(&mut self, steps: i16);

    /// Removes one layer of search, marks or filters; returns false if there is none.
    fn leave_layer(&mut self) -> bool;

    /// The text to copy.
    ///
    /// # Errors
    ///
    /// A message if there is nothing to copy.
    fn copied(&self, model: &Model) -> Result<String, String>;

    /// The AWS CLI command that shows the same.
    ///
    /// # Errors
    ///
    /// A message if there is none.
    fn command(&self, model: &Model) -> Result<String, String> {
        model.show_command(&*self.subject()?.row)
    }

    /// The content to save, in a format that may be left open with an empty word.
    ///
    /// # Errors
    ///
    /// If there is nothing to save, or no such format.
    fn saved(&self, format: &str, model: &Model) -> Result<Effect, String>;

    /// Completes the last term of a filter.
    fn complete(&self, _text: &str, _cx: &Context) -> Completion {
        Completion::default()
    }

    /// The command for `/` and `:filter`.
    fn filter_word(&self) -> &'static str {
        "filter"
    }

    /// Parses the times in its filter again, in the zone of `cx`.
    fn read_times_again(&mut self, _cx: &Context) {}
}
