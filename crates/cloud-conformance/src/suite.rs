//! Running the behaviours from a program, one after another, with a report at the end.

use std::fmt;
use std::panic::AssertUnwindSafe;

use cloud_types::clock::within;
use futures::FutureExt;

use crate::{BEHAVIOURS, Backend, Behaviour, Case, Outcome, Stop};

/// Runs every behaviour, each on a backend of its own, and reports on all of them.
pub async fn run_all<B, F>(make: impl Fn() -> F) -> Report
where
    B: Backend + 'static,
    F: Future<Output = B>,
{
    Suite::whole().run(make).await
}

/// Which behaviours to run, and who is told of each.
pub struct Suite<'a> {
    only: Option<Vec<String>>,
    skips: Vec<(String, String)>,
    observer: Box<dyn FnMut(&Verdict) + 'a>,
}

/// What became of one behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The behaviour's name.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

/// What became of all behaviours that were run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One for each, in the order of [`BEHAVIOURS`].
    pub verdicts: Vec<Verdict>,
}

impl<'a> Suite<'a> {
    /// All behaviours.
    #[must_use]
    pub fn whole() -> Self {
        Self { only: None, skips: Vec::new(), observer: Box::new(|_| {}) }
    }

    /// Only the behaviours of these names.
    #[must_use]
    pub fn only(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only = Some(names.into_iter().map(|name| known(name.into())).collect());
        self
    }

    /// Skips a behaviour, and says why.
    #[must_use]
    pub fn skip(mut self, name: impl Into<String>, reason: impl Into<String>) -> Self {
        self.skips.push((known(name.into()), reason.into()));
        self
    }

    /// Tells this closure of each behaviour when it has ended.
    #[must_use]
    pub fn on_verdict(mut self, observer: impl FnMut(&Verdict) + 'a) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Runs them, one after another, each on a backend of its own.
    pub async fn run<B, F>(mut self, make: impl Fn() -> F) -> Report
    where
        B: Backend + 'static,
        F: Future<Output = B>,
    {
        let mut verdicts = Vec::new();
        for behaviour in BEHAVIOURS {
            if !self.chooses(behaviour) {
                continue;
            }
            let outcome = match self.reason_to_skip(behaviour) {
                Some(reason) => Err(Stop::Skipped(reason)),
                None => run_one(behaviour, Box::new(make().await)).await,
            };
            let verdict = Verdict { name: behaviour.name, outcome };
            (self.observer)(&verdict);
            verdicts.push(verdict);
        }
        Report { verdicts }
    }

    fn chooses(&self, behaviour: &Behaviour) -> bool {
        self.only.as_ref().is_none_or(|names| names.iter().any(|name| name == behaviour.name))
    }

    fn reason_to_skip(&self, behaviour: &Behaviour) -> Option<String> {
        self.skips.iter().find(|(name, _)| name == behaviour.name).map(|(_, reason)| reason.clone())
    }
}

impl Report {
    /// Whether no behaviour failed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Those that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| matches!(verdict.outcome, Err(Stop::Failed(_))))
    }

    /// Those that were skipped.
    pub fn skipped(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| matches!(verdict.outcome, Err(Stop::Skipped(_))))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(()) => write!(f, "{}: passed", self.name),
            Err(stop) => write!(f, "{}: {stop}", self.name),
        }
    }
}

impl fmt::Display for Report {
    /// A line for each behaviour that did not pass, and a line of counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in self.verdicts.iter().filter(|verdict| verdict.outcome.is_err()) {
            writeln!(f, "{verdict}")?;
        }
        let (failed, skipped) = (self.failed().count(), self.skipped().count());
        write!(f, "{} passed, {skipped} skipped, {failed} failed", self.verdicts.len() - failed - skipped)
    }
}

impl fmt::Debug for Suite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("only", &self.only).field("skips", &self.skips).finish_non_exhaustive()
    }
}

/// Runs one behaviour and cleans up after it, whatever became of it.
pub(crate) async fn run_one(behaviour: &Behaviour, backend: Box<dyn Backend>) -> Outcome {
    if let Some(missing) = backend.lacks() {
        return Err(Stop::Skipped(missing));
    }
    let case = Case::new(backend);
    let capabilities = case.provider().capabilities();
    if let Some(lacking) = behaviour.needs.iter().find(|need| !capabilities.can(**need)) {
        return Err(Stop::Skipped(format!("{lacking:?} is not claimed")));
    }
    let limit = case.backend.patience() * PATIENCES_A_BEHAVIOUR;
    let played = within(case.clock(), limit, AssertUnwindSafe((behaviour.run)(&case)).catch_unwind()).await;
    let outcome = match played {
        Some(Ok(outcome)) => outcome,
        Some(Err(panic)) => Err(Stop::Failed(format!("the backend panicked: {}", words_of(&*panic)))),
        None => Err(Stop::Failed(format!("every call ends; after {limit:?} one had not"))),
    };
    match (outcome, case.clean_up().await) {
        (Ok(()), cleaned) => cleaned,
        (Err(stop), Ok(())) => Err(stop),
        (Err(stop), Err(dirt)) => Err(Stop::Failed(format!("{stop}; and afterwards {dirt}"))),
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without words".to_owned())
}

/// A name that is in the list; a slip of the pen must not skip nothing silently.
fn known(name: String) -> String {
    assert!(BEHAVIOURS.iter().any(|behaviour| behaviour.name == name), "no behaviour is called {name}");
    name
}

/// No behaviour waits more often than this one after another.
const PATIENCES_A_BEHAVIOUR: u32 = 20;
