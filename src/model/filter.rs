//! Filters: which rows of a table are shown.

/// A filter as it was typed, ready to be asked about rows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
}

impl Filter {
    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets every row through.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}
