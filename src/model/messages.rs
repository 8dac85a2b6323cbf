//! Messages for the person: shown for a moment, kept for the session.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::text::safe;
use crate::event::{Notice, NoticeLevel};

/// How long mere information stands.
const FADE: SignedDuration = SignedDuration::from_secs(6);

/// How many are kept.
const KEPT: usize = 1000;

/// A message and when it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    pub at: Timestamp,
    pub level: NoticeLevel,
    /// Safe to draw as it is.
    pub text: String,
}

/// All messages of the session, bounded, and the one that is shown.
#[derive(Debug, Default)]
pub struct Messages {
    /// Oldest first.
    pub log: VecDeque<Message>,
    /// The one that stands in the footer.
    pub flash: Option<Message>,
    /// A digest of the view that the flash was said in.
    said_in: u64,
}

impl Messages {
    /// Keeps the message and shows it, unless a graver one stands; `view` is a digest of the view that it belongs to.
    pub fn tell(&mut self, at: Timestamp, notice: Notice, view: u64) {
        let message = self.keep(at, notice).clone();
        if self.flash.as_ref().is_none_or(|shown| shown.level <= message.level) {
            self.flash = Some(message);
            self.said_in = view;
        }
    }

    /// Takes down information that was said in another view than `view`.
    pub fn leave(&mut self, view: u64) {
        let elsewhere = self.said_in != view;
        self.flash.take_if(|message| message.level == NoticeLevel::Info && elsewhere);
    }

    /// Keeps the message without showing it: the screen says it otherwise.
    pub fn keep(&mut self, at: Timestamp, notice: Notice) -> &Message {
        let message = Message { at, level: notice.level, text: safe(notice.text.trim()).into_owned() };
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(message);
        &self.log[self.log.len() - 1]
    }

    /// A key was pressed: warnings and errors have been seen.
    pub fn seen(&mut self) {
        self.flash.take_if(|message| message.level > NoticeLevel::Info);
    }

    /// Takes down information that has stood long enough.
    pub fn fade(&mut self, now: Timestamp) {
        self.flash.take_if(|message| message.level == NoticeLevel::Info && now >= message.at + FADE);
    }

    /// When the message that stands will fade; `None` when it stays.
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
        messages.tell(at(0), notice(NoticeLevel::Info, "copied"), 0);
        assert_eq!(messages.fades_at(), Some(at(6)));
        messages.seen();
        messages.fade(at(5));
        assert_eq!(shown(&messages), Some("copied"));
        messages.fade(at(6));
        assert_eq!(shown(&messages), None);
        assert_eq!(messages.log.len(), 1);
    }

    #[test]
    fn an_error_stands_until_a_key_and_information_does_not_cover_it() {
        let mut messages = Messages::default();
        messages.tell(at(0), notice(NoticeLevel::Error, "denied"), 0);
        messages.tell(at(1), notice(NoticeLevel::Info, "copied"), 0);
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
            messages.tell(at(second), notice(NoticeLevel::Info, "\u{1b}[2J"), 0);
        }
        assert_eq!((messages.log.len(), messages.log[0].at), (1000, at(1)));
        assert_eq!(messages.log[0].text, "␛[2J");
    }
}
