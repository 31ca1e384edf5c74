//! AWS's price list in its own words: the one part of its answers that its client library leaves as text. No logic.

mod price;

pub(crate) use price::{Attributes, Dimension, PricedProduct};
