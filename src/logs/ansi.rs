pub fn bare(text: &str) -> std::borrow::Cow<'_, str> {
    text.into()
}
