//! The trials: programs of the crate `cloud-trials` and the bench of `cocoon`, built for release and given our arguments.

use crate::providers::tried;
use crate::shell::{Result, cargo, run as run_to_end};

/// Runs one of the programs with these arguments. All have the same features, so that they are built once; only what
/// asks for a provider that is tried by hand has that one's too.
pub(crate) fn run(program: &str, arguments: &[String]) -> Result {
    if program == "bench" && arguments.first().is_some_and(|word| word == "cocoon") {
        // Counts are the same in any build: what the tests have compiled will do. A release build takes minutes.
        let counts_only = arguments.iter().any(|word| word == "--judge-counts-only");
        let how = if counts_only { ["--workspace", "--profile=dev"] } else { ["--package=cocoon", "--profile=bench"] };
        return run_to_end(cargo(BENCH_OF_COCOON).args(how).arg("--").args(&arguments[1..]));
    }
    let features = &tried()?.features(arguments);
    let how =
        ["run", "--quiet", "--release", "--package", "cloud-trials", "--features", features, "--bin", program, "--"];
    run_to_end(cargo(how).args(arguments))
}

/// It measures the command `cocoon` as a program, and needs no provider.
const BENCH_OF_COCOON: [&str; 6] = ["bench", "--quiet", "--features", "cocoon/cli", "--bench", "cost"];
