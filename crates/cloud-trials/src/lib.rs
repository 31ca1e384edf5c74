//! Chaos, bench, contract and live runs over the whole workspace.
