//! The in-memory provider: the reference semantics of the contract.
