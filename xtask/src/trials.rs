//! The trials: programs of the crate `cloud-trials`, built for release and given our arguments.

use crate::shell::{Result, cargo, run as run_to_end};

/// Runs one of the programs with these arguments.
pub(crate) fn run(program: &str, arguments: &[String]) -> Result {
    run_to_end(
        cargo(["run", "--quiet", "--release", "--package", "cloud-trials", "--bin", program, "--"]).args(arguments),
    )
}
