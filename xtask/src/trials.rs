//! The trials: programs of the crate `cloud-trials`, built for release and given our arguments.

use crate::shell::{Result, cargo, run as run_to_end};

/// Runs one of the programs with these arguments. All have the same features, so that they are built once; only what
/// asks for `aws` has it too, since a release build of its SDK takes some twenty minutes.
pub(crate) fn run(program: &str, arguments: &[String]) -> Result {
    let features = if arguments.iter().any(|word| word == "aws") { "gcp,aws" } else { "gcp" };
    let how =
        ["run", "--quiet", "--release", "--package", "cloud-trials", "--features", features, "--bin", program, "--"];
    run_to_end(cargo(how).args(arguments))
}
