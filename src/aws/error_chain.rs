//! An error with its causes.

use std::error::Error;

/// An error and its causes, from the outermost to the root.
pub fn links<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

/// The texts of an error and its causes, in one line.
pub fn text(error: &(dyn Error + 'static)) -> String {
    links(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
