//! What `cloud-init status` says, read: its JSON, and the plain lines of versions before 22.4.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What cloud-init came to on this boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CloudInit {
    pub(super) stage: Stage,
    /// The lines of what went wrong, the failing module's name in them.
    pub(super) lines: Vec<String>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not begun or at work, possibly with errors already.
    Underway,
    /// Ended without a fault.
    Done,
    /// Ended, and something went wrong that it could do without.
    Degraded,
    /// Ended with an error.
    Failed,
    /// Switched off on this host.
    Disabled,
}

impl CloudInit {
    /// Reads the output of `cloud-init status --format json`
    /// ([its words](https://docs.cloud-init.io/en/latest/explanation/failure_states.html)), or of `--long` where a
    /// version knows no JSON. `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let report = serde_json::from_str::<Report>(text).ok().or_else(|| plain(text))?;
        let said = report.extended_status.as_deref().unwrap_or(&report.status);
        let recoverable = report
            .recoverable_errors
            .into_iter()
            .flat_map(|(level, messages)| messages.into_iter().map(move |message| format!("{level}: {message}")));
        let lines: Vec<String> = report.errors.into_iter().chain(recoverable).map(|line| one_line(&line)).collect();
        let stage = match said {
            // An error stops no later module, and a version before 23.4 has no word for that.
            said if said.starts_with("error") && said.ends_with("running") => Stage::Underway,
            said if said.starts_with("error") => Stage::Failed,
            "degraded done" => Stage::Degraded,
            "done" => Stage::Done,
            "disabled" => Stage::Disabled,
            "running" | "degraded running" | "not run" | "not started" => Stage::Underway,
            _ => return None,
        };
        Some(Self { stage, lines })
    }
}

#[derive(Deserialize)]
struct Report {
    status: String,
    extended_status: Option<String>,
    #[serde(default)]
    errors: Vec<String>,
    #[serde(default)]
    recoverable_errors: BTreeMap<String, Vec<String>>,
}

/// `status: done`, and behind `detail:` what there is to say.
fn plain(text: &str) -> Option<Report> {
    let status = text.lines().find_map(|line| line.trim().strip_prefix("status: "))?.trim().to_owned();
    let details = text.lines().skip_while(|line| line.trim() != "detail:").skip(1);
    let errors = if status == "error" { details.map(|line| line.trim().to_owned()).collect() } else { Vec::new() };
    Some(Report { status, extended_status: None, errors, recoverable_errors: BTreeMap::new() })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Stage, Vec<String>) {
        let report = CloudInit::parse(text).expect("a report");
        (report.stage, report.lines)
    }

    #[test]
    fn each_status_is_known() {
        for (status, extended, stage) in [
            ("done", "done", Stage::Done),
            ("done", "degraded done", Stage::Degraded),
            ("running", "degraded running", Stage::Underway),
            ("error", "error - running", Stage::Underway),
            ("error", "error - done", Stage::Failed),
            ("error", "error", Stage::Failed),
            ("disabled", "disabled", Stage::Disabled),
            ("not started", "not started", Stage::Underway),
        ] {
            let text =
                format!(r#"{{"status": "{status}", "extended_status": "{extended}", "init": {{"start": 1.5}}}}"#);
            assert_eq!(read(&text), (stage, Vec::new()), "{extended}");
        }
    }

    #[test]
    fn the_failing_modules_lines_are_told() {
        let text = r#"{"status": "error", "extended_status": "error - done",
            "errors": ["('scripts_user', RuntimeError('Runparts: 1 failures (part-001) in 1 attempted commands'))"],
            "recoverable_errors": {"WARNING": ["Failed to run module\nscripts_user"]}}"#;
        let (stage, lines) = read(text);
        assert_eq!(stage, Stage::Failed);
        assert!(lines[0].contains("scripts_user"), "{lines:?}");
        assert_eq!(lines[1], "WARNING: Failed to run module scripts_user");
    }

    #[test]
    fn an_old_versions_words_are_read() {
        assert_eq!(read(r#"{"status": "done", "errors": []}"#), (Stage::Done, Vec::new()));
        assert_eq!(read("\nstatus: done\ntime: Thu, 01 Jan\ndetail:\nDataSourceHetzner\n"), (Stage::Done, Vec::new()));
        assert_eq!(read("status: not run\n"), (Stage::Underway, Vec::new()));
        let failed = read("status: error\ndetail:\n('runcmd', ProcessExecutionError())\n");
        assert_eq!(failed, (Stage::Failed, vec!["('runcmd', ProcessExecutionError())".to_owned()]));
    }

    #[test]
    fn what_is_no_report_is_none() {
        for text in ["", "{}", "[]", "bash: cloud-init: command not found", r#"{"status": "on fire"}"#] {
            assert_eq!(CloudInit::parse(text), None, "{text}");
        }
    }
}
