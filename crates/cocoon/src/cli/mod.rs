//! The command: what it takes, what it does, what it prints.

mod arguments;
mod attach;
mod commands;
mod config_file;
mod escape;
mod images;
mod interrupt;
mod logs;
mod output;
mod progress;
mod resize;

pub(crate) use commands::run;
