//! The command: what it takes, what it does, what it prints.

mod arguments;
mod attach;
mod commands;
mod escape;
mod images;
mod output;
mod resize;

pub(crate) use commands::run;
