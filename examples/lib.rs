//! The README's code, compiled and run as a test of this package; the examples themselves are programs beside it.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
