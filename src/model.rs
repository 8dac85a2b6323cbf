//! The model: everything the screen shows, and the one function that changes it.
