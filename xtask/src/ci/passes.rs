//! What passed on this machine: a step that has [`Inputs`](super::Inputs) is skipped as long as none of them changed since
//! it passed.

use std::fs;
use std::path::PathBuf;

use super::{Outcome, Step};
use crate::shell::{Result, cache};

/// The record of passes: a folder with an empty file for each, named after the step and the key of its inputs.
pub(super) struct Passes {
    folder: PathBuf,
    /// Whether steps run that could be skipped.
    all: bool,
}

impl Passes {
    /// The record of this user's, which all checkouts share; with `all` it is written, but not asked.
    pub(super) fn of_this_machine(all: bool) -> Self {
        Self { folder: cache("cloud-ci"), all }
    }

    /// Runs a step, unless it passed on what is there now.
    pub(super) fn run(&self, step: &Step) -> Result<Outcome> {
        match &step.inputs {
            Some(inputs) => self.run_on(step, || inputs.key()),
            None => (step.run)(),
        }
    }

    fn run_on(&self, step: &Step, key: impl Fn() -> Result<String>) -> Result<Outcome> {
        let key = || key().inspect_err(|error| println!("what it depends on is not known: {error}")).ok();
        let Some(before) = key() else { return (step.run)() };
        let record = self.folder.join(format!("{}-{before}", step.name));
        if !self.all && record.exists() {
            return Ok(Outcome::Skipped(format!("nothing it depends on changed since it passed on {before}")));
        }
        let outcome = (step.run)()?;
        // What was edited meanwhile may not be what was tried.
        if matches!(outcome, Outcome::Passed) && key().as_ref() == Some(&before) {
            fs::create_dir_all(&self.folder)?;
            fs::write(record, "")?;
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::shell::target_dir;

    fn passes(test: &str) -> Passes {
        let folder = target_dir().join("ci-tests").join(test);
        let _ = fs::remove_dir_all(&folder);
        Passes { folder, all: false }
    }

    fn step(name: &'static str, run: fn() -> Result<Outcome>) -> Step {
        Step::new(name, "is made up", run)
    }

    /// How a step ends whose inputs have these keys before and, where it runs, after it.
    fn outcome(passes: &Passes, step: &Step, before: &str, after: &str) -> String {
        let keys = RefCell::new(vec![after.to_owned(), before.to_owned()]);
        let key = || keys.borrow_mut().pop().filter(|key| key != "unknown").ok_or_else(|| "git is gone".into());
        match passes.run_on(step, key) {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(reason)) => reason,
            Err(error) => error.to_string(),
        }
    }

    const PASSES: fn() -> Result<Outcome> = || Ok(Outcome::Passed);
    const SKIPPED: &str = "nothing it depends on changed since it passed on k1";

    #[test]
    fn what_passed_is_skipped_until_something_changes() {
        let (passes, boot) = (passes("unchanged"), step("boot", PASSES));
        assert_eq!(outcome(&passes, &boot, "k1", "k1"), "passed");
        assert_eq!(outcome(&passes, &boot, "k1", "k1"), SKIPPED);
        assert_eq!(outcome(&passes, &boot, "k2", "k2"), "passed");
        assert_eq!(outcome(&passes, &boot, "k1", "k1"), SKIPPED, "an earlier state is known too");
        assert_eq!(outcome(&passes, &step("crash", PASSES), "k1", "k1"), "passed", "another step is another matter");
    }

    #[test]
    fn all_runs_what_could_be_skipped() {
        let boot = step("boot", PASSES);
        let mut passes = passes("all");
        assert_eq!(outcome(&passes, &boot, "k1", "k1"), "passed");
        passes.all = true;
        assert_eq!(outcome(&passes, &boot, "k1", "k1"), "passed");
    }

    #[test]
    fn a_step_that_failed_or_could_not_be_tried_runs_again() {
        let passes = passes("no-pass");
        for _ in 0..2 {
            assert_eq!(outcome(&passes, &step("boot", || Err("it broke".into())), "k1", "k1"), "it broke");
            let skips = step("boot", || Ok(Outcome::Skipped("no KVM".to_owned())));
            assert_eq!(outcome(&passes, &skips, "k1", "k1"), "no KVM");
        }
        assert_eq!(outcome(&passes, &step("boot", PASSES), "k1", "k1"), "passed");
    }

    #[test]
    fn an_edit_while_it_runs_and_unknown_inputs_are_not_recorded() {
        let (passes, boot) = (passes("edited"), step("boot", PASSES));
        for (before, after) in [("k1", "k2"), ("unknown", "k1"), ("k1", "unknown"), ("k2", "k2")] {
            assert_eq!(outcome(&passes, &boot, before, after), "passed");
        }
    }

    #[test]
    fn a_step_without_inputs_always_runs() {
        let passes = passes("without");
        let quick = step("fmt", PASSES);
        for _ in 0..2 {
            assert!(matches!(passes.run(&quick), Ok(Outcome::Passed)));
        }
        assert!(!passes.folder.exists());
    }
}
