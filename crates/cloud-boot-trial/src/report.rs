//! What was looked at, and whether it was as it should be.

use std::fmt;
use std::time::Instant;

use serde::Serialize;

/// All that was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    ok: bool,
    seconds: f64,
    rows: Vec<Row>,
}

/// One claim.
#[derive(Debug, Serialize)]
struct Row {
    scenario: &'static str,
    claim: String,
    ok: bool,
    /// How long it took to see; of a wait, the wait.
    seconds: f64,
    /// What was seen.
    saw: String,
}

/// Writes down what one scenario shows, and tells it at once.
#[derive(Debug)]
pub(crate) struct Scenario {
    name: &'static str,
    last: Instant,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(started: Instant, scenarios: Vec<Scenario>) -> Self {
        let rows: Vec<_> = scenarios.into_iter().flat_map(|scenario| scenario.rows).collect();
        Self { ok: rows.iter().all(|row| row.ok), seconds: rounded(started), rows }
    }

    /// Whether all is as it should be, and anything was looked at.
    pub(crate) fn is_clean(&self) -> bool {
        self.ok && !self.rows.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.rows.iter().filter(|row| !row.ok).count();
        writeln!(f, "{} claims, {wrong} wrong, {:.1} s", self.rows.len(), self.seconds)
    }
}

impl Scenario {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, last: Instant::now(), rows: Vec::new() }
    }

    /// Whether all that was noted so far is as it should be.
    pub(crate) fn is_clean(&self) -> bool {
        self.rows.iter().all(|row| row.ok)
    }

    /// Notes whether just this was seen, line ends aside.
    pub(crate) fn expect(&mut self, claim: &str, seen: crate::Result<String>, expected: &str) {
        self.judge(claim, seen, |seen| seen.trim() == expected.trim(), expected);
    }

    /// Notes whether this is among what was seen.
    pub(crate) fn contains(&mut self, claim: &str, seen: crate::Result<String>, expected: &str) {
        self.judge(claim, seen, |seen| seen.contains(expected), expected);
    }

    fn judge(&mut self, claim: &str, seen: crate::Result<String>, holds: impl Fn(&str) -> bool, expected: &str) {
        let outcome = match seen {
            Ok(seen) if holds(&seen) => Ok(expected.trim().to_owned()),
            Ok(seen) => Err(format!("expected {expected:?}, saw {seen:?}")),
            Err(error) => Err(error.to_string()),
        };
        self.note(claim, outcome);
    }

    /// Notes a failure that ended the scenario before all was looked at.
    pub(crate) fn end(&mut self, outcome: crate::Result) {
        if let Err(error) = outcome {
            self.note("goes on to the end", Err(error.to_string()));
        }
    }

    /// Notes whether a claim holds, with what was seen of it.
    pub(crate) fn note(&mut self, claim: impl Into<String>, outcome: Result<String, String>) {
        let (ok, saw) = match outcome {
            Ok(saw) => (true, saw),
            Err(saw) => (false, saw),
        };
        let row = Row { scenario: self.name, claim: claim.into(), ok, seconds: rounded(self.last), saw };
        let mark = if ok { "ok" } else { "WRONG" };
        let first = row.saw.lines().next().unwrap_or_default();
        eprintln!("{:>7.1} s  {mark:<5}  {}: {} ({first})", row.seconds, row.scenario, row.claim);
        if !ok {
            row.saw.lines().skip(1).for_each(|line| eprintln!("           | {line}"));
        }
        self.rows.push(row);
        self.last = Instant::now();
    }
}

fn rounded(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_claim_spoils_the_report() {
        let mut scenario = Scenario::new("first boot");
        scenario.note("the user is there", Ok("app".to_owned()));
        assert!(Report::new(Instant::now(), vec![]).to_string().starts_with("0 claims"));
        scenario.note("the file is there", Err("no such file".to_owned()));
        let report = Report::new(Instant::now(), vec![scenario]);
        assert!(!report.is_clean());
        assert!(report.to_string().starts_with("2 claims, 1 wrong"));
    }

    #[test]
    fn a_report_of_nothing_is_not_clean() {
        assert!(!Report::new(Instant::now(), vec![]).is_clean());
    }
}
