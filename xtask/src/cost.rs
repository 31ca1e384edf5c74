//! What the quickstart's first build costs a newcomer, in CPU seconds.

use std::fs;
use std::process::Command;

use crate::shell::{Result, cargo, no_arguments, output, run as run_to_end, target_dir};

/// The most CPU seconds that the first build may cost.
const BOUND: f64 = 180.0;

/// Builds the quickstart into an empty folder and compares the CPU seconds of all the compiler's processes.
pub(crate) fn run(arguments: &[String]) -> Result {
    no_arguments(arguments)?;
    let folder = target_dir().join("quickstart-cost");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    // Downloads are no CPU time of the build.
    run_to_end(&mut cargo(["fetch", "--quiet", "--locked"]))?;
    let before = children_cpu_seconds()?;
    let built = run_to_end(cargo(["build", "--example", "quickstart", "--target-dir"]).arg(&folder));
    let seconds = children_cpu_seconds()? - before;
    built?;
    fs::remove_dir_all(&folder)?;
    println!("{seconds:.1} CPU seconds, at most {BOUND}");
    if seconds > BOUND {
        Err(format!("the quickstart's first build costs {seconds:.1} CPU seconds").into())
    } else {
        Ok(())
    }
}

/// CPU seconds, user and system, of all child processes of this one that have ended.
fn children_cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| format!("CPU time needs Linux: {error}"))?;
    let ticks_a_second: f64 = output(Command::new("getconf").arg("CLK_TCK"))?.trim().parse()?;
    Ok(children_ticks(&stat).ok_or("/proc/self/stat has an unknown form")? / ticks_a_second)
}

/// The fields `cutime` and `cstime` of `/proc/self/stat`, added: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn children_ticks(stat: &str) -> Option<f64> {
    // The second field is a name in brackets that may hold blanks; `cutime` and `cstime` are fields 16 and 17.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(13);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticks_of_children_are_found_behind_a_name_with_blanks() {
        let stat = "7 (my (odd) name) S 1 7 7 0 -1 4194304 100 200 0 0 11 12 3000 45 20 0 1 0 99";
        assert_eq!(children_ticks(stat), Some(3045.0));
        assert_eq!(children_ticks("nonsense"), None);
    }

    #[test]
    fn the_cpu_seconds_of_children_grow() {
        let before = children_cpu_seconds().unwrap();
        assert!(children_cpu_seconds().unwrap() >= before);
    }
}
