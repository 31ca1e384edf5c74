//! The trials: programs of the crate `cloud-trials`, built for release and given our arguments.

use crate::shell::{Result, cargo, run as run_to_end};

/// Runs one of the programs with these arguments. All have the same features, so that they are built once.
pub(crate) fn run(program: &str, arguments: &[String]) -> Result {
    let how = ["run", "--quiet", "--release", "--package", "cloud-trials", "--features", "gcp", "--bin", program, "--"];
    run_to_end(cargo(how).args(arguments))
}
