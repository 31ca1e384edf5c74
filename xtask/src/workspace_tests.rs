//! Single modules of the integration tests, run out of the programs that `cargo test --workspace` builds: nothing is
//! compiled twice.

use std::process::Command;

use crate::shell::{Result, cargo, output};

/// The command that runs all integration tests whose path begins with one of these, such as `moto::`.
///
/// # Errors
/// Where the tests do not compile, or a module has no test: a name that nothing has any more would always pass.
pub(crate) fn command(modules: &[&str]) -> Result<Command> {
    let listed = output(cargo(PROGRAMS).args(["--", "--list"]).args(modules))?;
    every_module_has_a_test(&listed, modules)?;
    let mut command = cargo(PROGRAMS);
    command.args(["--", "--nocapture"]).args(modules);
    Ok(command)
}

const PROGRAMS: [&str; 5] = ["test", "--quiet", "--workspace", "--test", "it"];

fn every_module_has_a_test(listed: &str, modules: &[&str]) -> Result {
    let tested = |module: &str| listed.lines().any(|line| line.starts_with(module) && line.ends_with(": test"));
    match modules.iter().find(|module| !tested(module)) {
        Some(module) => Err(format!("no integration test begins with `{module}`").into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_without_tests_is_refused() {
        let listed = "moto::a_host_lives: test\n\n1 test, 0 benchmarks\nremoto::bench: benchmark\n";
        every_module_has_a_test(listed, &["moto::"]).unwrap();
        let error = every_module_has_a_test(listed, &["moto::", "remoto::"]).unwrap_err().to_string();
        assert_eq!(error, "no integration test begins with `remoto::`");
    }
}
