//! Short programs; each runs on the in-memory provider without an account.
