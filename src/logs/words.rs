//! What keeps a log from being read, in one sentence each.
