//! Fast search for a plain text.

use std::ops::Range;

use memchr::{memchr2_iter, memmem::Finder};
use regex::Regex;

use crate::grammar::{Case, compile};

/// A plain text to search for, by the fastest method for its characters.
#[derive(Debug, Clone)]
pub(super) enum Needle {
    Exact(Box<Finder<'static>>),
    /// ASCII only, ignoring case: located by its rarest byte.
    Folded {
        lower: Box<[u8]>,
        rare: usize,
    },
    Regular(Regex),
}

impl Needle {
    pub(super) fn new(text: &str, case: Case) -> Result<Self, String> {
        let folded = case.ignored(text) && text.chars().any(|c| c.is_ascii_alphabetic() || !c.is_ascii());
        if !folded {
            return Ok(Self::Exact(Box::new(Finder::new(text).into_owned())));
        }
        if !text.is_ascii() {
            return compile(&regex::escape(text), text, case).map(Self::Regular);
        }
        let lower: Box<[u8]> = text.to_ascii_lowercase().into_bytes().into();
        let rare = (0..lower.len()).min_by_key(|at| frequency(lower[*at])).unwrap_or_default();
        Ok(Self::Folded { lower, rare })
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Exact(finder) => finder.find(text.as_bytes()).is_some(),
            Self::Folded { lower, rare } => folded(text.as_bytes(), lower, *rare).next().is_some(),
            Self::Regular(regex) => regex.is_match(text),
        }
    }

    /// All matches, in order.
    pub(super) fn find<'a>(&'a self, text: &'a str) -> Box<dyn Iterator<Item = Range<usize>> + 'a> {
        match self {
            Self::Exact(finder) => {
                let length = finder.needle().len();
                let starts = finder.find_iter(text.as_bytes()).filter(move |_| length > 0);
                Box::new(starts.map(move |start| start..start + length))
            }
            Self::Folded { lower, rare } => {
                let mut end = 0;
                let starts = folded(text.as_bytes(), lower, *rare).filter_map(move |start| {
                    let range = (start >= end).then(|| start..start + lower.len())?;
                    end = range.end;
                    Some(range)
                });
                Box::new(starts)
            }
            Self::Regular(regex) => Box::new(regex.find_iter(text).map(|found| found.range())),
        }
    }
}

/// The positions of `lower` in `text`, ignoring case.
fn folded<'a>(text: &'a [u8], lower: &'a [u8], rare: usize) -> impl Iterator<Item = usize> + 'a {
    let byte = lower.get(rare).copied().unwrap_or_default();
    memchr2_iter(byte, byte.to_ascii_uppercase(), text).filter_map(move |at| {
        let start = at.checked_sub(rare)?;
        text.get(start..start + lower.len())?.eq_ignore_ascii_case(lower).then_some(start)
    })
}

/// How common a byte is in logs; digits are common because every line has a time.
fn frequency(byte: u8) -> u8 {
    const RAREST_FIRST: &[u8] = b"zqjxkvywbghfmupdclnr;()sotiae";
    match byte {
        b' ' | b'"' | b'0'..=b'9' | b':' | b'-' | b'.' | b',' | b'=' | b'/' => 100,
        byte => RAREST_FIRST.iter().position(|other| *other == byte).map_or(0, |at| at as u8),
    }
}
