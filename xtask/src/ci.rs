//! `cargo xtask ci`: every check of the project in one run, each timed, each repeatable alone.

mod inputs;
mod passes;
mod steps;

use std::time::{Duration, Instant};

use crate::shell::Result;
use inputs::Inputs;
use passes::Passes;
use steps::STEPS;

/// One check of the run.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<Outcome>,
    /// All that it depends on, for a step that is skipped as long as none of that changed since it passed.
    inputs: Option<Inputs>,
}

impl Step {
    /// A step that always runs.
    const fn new(name: &'static str, about: &'static str, run: fn() -> Result<Outcome>) -> Self {
        Self { name, about, run, inputs: None }
    }

    /// The same step, skipped as long as nothing changed in these crates, in what they need of the workspace, and in these
    /// files and folders.
    const fn with_inputs(self, packages: &'static [&'static str], paths: &'static [&'static str]) -> Self {
        Self { inputs: Some(Inputs { packages, paths }), ..self }
    }
}

/// How a step that did not fail ended.
enum Outcome {
    Passed,
    /// It could not be tried or need not be, for this reason.
    Skipped(String),
}

/// Runs all steps, or those that are named, up to the first that fails.
pub(crate) fn run(arguments: &[String]) -> Result {
    if arguments == ["--list"] {
        STEPS.iter().for_each(|step| println!("{:<14} {}", step.name, step.about));
        return Ok(());
    }
    let (all, steps): (Vec<_>, Vec<_>) = arguments.iter().cloned().partition(|argument| argument == "--all");
    run_steps(&chosen(STEPS, &steps)?, &Passes::of_this_machine(!all.is_empty()))
}

/// The steps that `--step NAME` names, in the order of the run; all of them where none is named.
fn chosen<'a>(steps: &'a [Step], arguments: &[String]) -> Result<Vec<&'a Step>> {
    let mut names = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument != "--step" {
            return Err(
                format!("unexpected argument `{argument}`; ci takes `--step NAME`, `--all` and `--list`").into()
            );
        }
        let name = arguments.next().ok_or("`--step` lacks its name")?;
        if !steps.iter().any(|step| step.name == name) {
            let all: Vec<_> = steps.iter().map(|step| step.name).collect();
            return Err(format!("there is no step `{name}`; there are {}", all.join(", ")).into());
        }
        names.push(name);
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| *name == step.name);
    Ok(steps.iter().filter(wanted).collect())
}

fn run_steps(steps: &[&Step], passes: &Passes) -> Result {
    let mut table = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("\n== {}: {}", step.name, step.about);
        let started = Instant::now();
        let outcome = passes.run(step);
        let took = started.elapsed();
        let said = match &outcome {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(reason)) => format!("skipped: {reason}"),
            Err(_) => "FAILED".to_owned(),
        };
        println!("== {}: {said} after {:.1} s", step.name, took.as_secs_f64());
        table.push((step.name, took, said));
        if let Err(error) = outcome {
            failure =
                Some(format!("step `{0}` failed: {error}\nrepeat it alone: cargo xtask ci --step {0}", step.name));
            break;
        }
    }
    print!("\n{}", summary(&table));
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

fn summary(table: &[(&str, Duration, String)]) -> String {
    let mut text = String::new();
    for (name, took, said) in table {
        text += &format!("{name:<14} {:>7.1} s  {said}\n", took.as_secs_f64());
    }
    let total: Duration = table.iter().map(|(_, took, _)| *took).sum();
    text + &format!("{:<14} {:>7.1} s\n", "total", total.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE_UP: &[Step] = &[
        Step::new("one", "passes", || Ok(Outcome::Passed)),
        Step::new("two", "fails", || Err("it broke".into())),
        Step::new("three", "is not reached", || panic!("ran after a failure")),
    ];

    fn arguments(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_first_failure_ends_the_run_and_says_how_to_repeat_it() {
        let error = run_steps(&chosen(MADE_UP, &[]).unwrap(), &Passes::of_this_machine(false)).unwrap_err().to_string();
        assert_eq!(error, "step `two` failed: it broke\nrepeat it alone: cargo xtask ci --step two");
    }

    #[test]
    fn steps_are_chosen_by_name_in_the_order_of_the_run() {
        let names =
            |line: &str| chosen(MADE_UP, &arguments(line)).unwrap().iter().map(|step| step.name).collect::<Vec<_>>();
        assert_eq!(names(""), ["one", "two", "three"]);
        assert_eq!(names("--step three --step one"), ["one", "three"]);
    }

    #[test]
    fn an_unknown_step_or_option_is_refused() {
        let error = |line: &str| chosen(MADE_UP, &arguments(line)).err().unwrap().to_string();
        assert_eq!(error("--step four"), "there is no step `four`; there are one, two, three");
        assert_eq!(error("--step"), "`--step` lacks its name");
        assert!(error("--fast").starts_with("unexpected argument `--fast`"));
    }

    #[test]
    fn the_summary_adds_up() {
        let rows = [
            ("one", Duration::from_secs(2), "passed".to_owned()),
            ("two", Duration::from_secs(3), "FAILED".to_owned()),
        ];
        assert!(summary(&rows).ends_with("total              5.0 s\n"), "{}", summary(&rows));
    }
}
