//! `abilities`: prints the README's ability table.
#![allow(clippy::print_stdout, reason = "a command-line program")]

fn main() -> cloud_types::Result<()> {
    print!("{}", cloud_trials::abilities::table()?);
    Ok(())
}
