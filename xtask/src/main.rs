//! The project's own commands: `cargo xtask --help` lists them.
//!
//! Kept light, since everything waits for it to be built: it depends on no crate of the workspace, and runs what is
//! heavy as programs of their own.
#![allow(clippy::print_stdout, reason = "a command-line program")]

mod boot;
mod ci;
mod cost;
mod docs;
mod interop;
mod manifest;
mod new_provider;
mod providers;
mod python;
mod readme;
mod shell;
mod sources;
mod tidy;
mod trials;
mod user_data;
mod workspace_tests;

use std::process::ExitCode;

use shell::Result;

/// A command: its name, what it takes, what it does, and the function that does it.
struct Command {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
}

/// The commands in the order in which help shows them.
const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        usage: "[--list] [--all] [--step NAME]...",
        about: "every check, with the seconds each took",
        run: ci::run,
    },
    Command { name: "tidy", usage: "[--list]", about: "the rules that no compiler checks", run: tidy::run },
    Command {
        name: "docs",
        usage: "[--check]",
        about: "writes the README's ability table; checks links and length",
        run: docs::run,
    },
    Command {
        name: "chaos",
        usage: "--provider NAME [--hosts N] [--faults P] [--seed N] [--json]",
        about: "counts duplicates, losses and leftovers under faults",
        run: |arguments| trials::run("chaos", arguments),
    },
    Command {
        name: "rate-limit",
        usage: "[--json]",
        about: "creates many hosts through a small budget of calls",
        run: |arguments| trials::run("rate-limit", arguments),
    },
    Command {
        name: "bench",
        usage: "[PROVIDER] [--json]",
        about: "cost over bare HTTP, or of cocoon over QEMU by hand, each value against its bound",
        run: |arguments| trials::run("bench", arguments),
    },
    Command {
        name: "live",
        usage: "PROVIDER --max-cost AMOUNT",
        about: "the conformance suite against the real cloud; costs money",
        run: |arguments| trials::run("live", arguments),
    },
    Command {
        name: "interop",
        usage: "PROVIDER",
        about: "drives the simulator with a client that others wrote",
        run: interop::run,
    },
    Command {
        name: "boot",
        usage: "[--keep] [--json]",
        about: "boots a real image with generated user data in QEMU",
        run: boot::run,
    },
    Command {
        name: "cocoon-boot",
        usage: "[--json]",
        about: "boots what `cocoon` pulls, and drives it from create to rm",
        run: boot::cocoon,
    },
    Command {
        name: "new-provider",
        usage: "NAME",
        about: "writes a compiling crate whose conformance tests fail one by one",
        run: new_provider::run,
    },
    Command {
        name: "quickstart-cost",
        usage: "",
        about: "CPU seconds of the quickstart's first build, against its bound",
        run: cost::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", help());
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        print!("{}", help());
        return Ok(());
    }
    let command = find(name)?;
    // The trials explain their own options.
    let own_help = matches!(command.name, "chaos" | "rate-limit" | "bench" | "live");
    if !own_help && rest.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("cargo xtask {} {}\n  {}", command.name, command.usage, command.about);
        return Ok(());
    }
    (command.run)(rest)
}

fn find(name: &str) -> Result<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name).ok_or_else(|| {
        let names: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
        format!("there is no command `{name}`; there are {}", names.join(", ")).into()
    })
}

fn help() -> String {
    let mut text = String::from("The project's own commands.\n\n");
    for command in COMMANDS {
        text += &format!("  cargo xtask {} {}\n      {}\n", command.name, command.usage, command.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_is_refused_with_those_that_there_are() {
        let error = dispatch(&["deploy".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("there is no command `deploy`; there are ci, tidy"), "{error}");
    }

    #[test]
    fn help_names_every_command() {
        let help = help();
        assert!(COMMANDS.iter().all(|command| help.contains(&format!("cargo xtask {} ", command.name))));
    }
}
