//! Messages for the user: shown for a moment, kept for the session.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::text::safe;
use crate::event::{Notice, NoticeLevel};

/// How long information is shown.
const FADE: SignedDuration = SignedDuration::from_secs(6);

/// Maximum number of messages in the log.
const KEPT: usize = 1000;

/// A message and its time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    pub at: Timestamp,
    pub level: NoticeLevel,
    /// Safe to draw.
    pub text: String,
}

/// The messages of the session up to a limit, and the one on screen.
#[derive(Debug, Default)]
pub struct Messages {
    /// Oldest first.
    pub log: VecDeque<Message>,
    /// The message in the footer.
    pub flash: Option<Message>,
    /// A digest of the view that the flash belongs to.
    said_in: u64,
}

impl Messages {
    /// Adds a message and shows it, unless a more severe one is shown. `view` is a digest of the view it belongs to.
    pub fn add(&mut self, at: Timestamp, notice: Notice, view: u64) {
        let message = self.keep(at, notice).clone();
        if self.flash.as_ref().is_none_or(|shown| shown.level <= message.level) {
            self.flash = Some(message);
            self.said_in = view;
        }
    }

    /// Hides information that belongs to another view than `view`.
    pub fn leave(&mut self, view: u64) {
        let elsewhere = self.said_in != view;
        self.flash.take_if(|message| message.level == NoticeLevel::Info && elsewhere);
    }

    /// Adds a message without showing it, because the screen shows it otherwise.
    pub fn keep(&mut self, at: Timestamp, notice: Notice) -> &Message {
        let message = Message { at, level: notice.level, text: safe(notice.text.trim()).into_owned() };
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(message);
        &self.log[self.log.len() - 1]
    }

    /// Hides warnings and errors, because a key was pressed.
    pub fn seen(&mut self) {
        self.flash.take_if(|message| message.level > NoticeLevel::Info);
    }

    /// Hides information after its time.
    pub fn fade(&mut self, now: Timestamp) {
        self.flash.take_if(|message| message.level == NoticeLevel::Info && now >= message.at + FADE);
    }

    /// When the message on screen is hidden; `None` if it stays.
    pub fn fades_at(&self) -> Option<Timestamp> {
        self.flash.as_ref().filter(|message| message.level == NoticeLevel::Info).map(|message| message.at + FADE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn notice(level: NoticeLevel, text: &str) -> Notice {
        Notice { level, text: text.into() }
    }

    fn shown(messages: &Messages) -> Option<&str> {
        messages.flash.as_ref().map(|message| message.text.as_str())
    }

    #[test]
    fn information_fades_after_six_seconds() {
        let mut messages = Messages::default();
        messages.add(at(0), notice(NoticeLevel::Info, "copied"), 0);
        assert_eq!(messages.fades_at(), Some(at(6)));
        messages.seen();
        messages.fade(at(5));
        assert_eq!(shown(&messages), Some("copied"));
        messages.fade(at(6));
        assert_eq!(shown(&messages), None);
        assert_eq!(messages.log.len(), 1);
    }

    #[test]
    fn an_error_stays_until_a_key_and_is_not_covered_by_information() {
        let mut messages = Messages::default();
        messages.add(at(0), notice(NoticeLevel::Error, "denied"), 0);
        messages.add(at(1), notice(NoticeLevel::Info, "copied"), 0);
        messages.leave(1);
        messages.fade(at(100));
        assert_eq!((shown(&messages), messages.fades_at()), (Some("denied"), None));
        messages.seen();
        assert_eq!(shown(&messages), None);
        assert_eq!(messages.log.len(), 2);
    }

    #[test]
    fn the_log_is_bounded_and_its_texts_are_safe() {
        let mut messages = Messages::default();
        for second in 0..=1000 {
            messages.add(at(second), notice(NoticeLevel::Info, "\u{1b}[2J"), 0);
        }
        assert_eq!((messages.log.len(), messages.log[0].at), (1000, at(1)));
        assert_eq!(messages.log[0].text, "␛[2J");
    }
}
