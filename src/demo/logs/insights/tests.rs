//! Queries as a client sees them.
