//! What the program's refusals mean: one table from its words to what the caller does next.
//!
//! A refusal is a JSON array of strings, from the general to the particular, and nearly always has the status 500, where the
//! description says 404 or 405. So the words decide.

use cloud_types::{Error, ErrorKind};

use super::http::Answer;

/// Words of a refusal, and what they mean; the first row that fits counts. Seen from version 53, if not said otherwise.
const TABLE: &[(&str, ErrorKind)] = &[
    // The VM is not in the state for it.
    ("VM is not created", ErrorKind::Conflict),
    ("VM config is missing", ErrorKind::Conflict),
    ("VM is already created", ErrorKind::Conflict),
    ("VM is not running", ErrorKind::Conflict),
    ("Invalid transition: InvalidStateTransition", ErrorKind::Conflict),
    ("Trying to snapshot while VM is running", ErrorKind::Conflict),
    // A KVM that is not the processor's own.
    ("Could not get vCPU state GetNestedState", ErrorKind::Unsupported),
    // What was named is not there.
    ("Failed to find device corresponding to the given identifier", ErrorKind::NotFound),
    ("No such file or directory", ErrorKind::NotFound),
    ("Permission denied", ErrorKind::PermissionDenied),
    ("No space left on device", ErrorKind::QuotaExceeded),
    // What was asked for cannot be.
    ("Failed to validate config", ErrorKind::InvalidRequest),
    ("Failed to deserialize JSON", ErrorKind::InvalidRequest),
    ("The requested hotplug memory addition is not a valid size", ErrorKind::InvalidRequest),
    ("Requested vCPUs exceed maximum", ErrorKind::InvalidRequest),
];

/// The error of an answer that is no success.
pub(super) fn refusal(call: &str, answer: &Answer) -> Error {
    let words = words(&answer.body);
    let message = format!("Cloud Hypervisor refuses `{call}`: {words}");
    Error::new(kind(answer.status, &words), message).with_status(answer.status)
}

fn kind(status: u16, words: &str) -> ErrorKind {
    match TABLE.iter().find(|(part, _)| words.contains(part)) {
        Some((_, kind)) => *kind,
        // An endpoint that this version does not have.
        None if status == 404 => ErrorKind::Unsupported,
        None if status == 400 => ErrorKind::InvalidRequest,
        // Described for `vm.resize`, and not seen so far: a processor is still being removed.
        None if status == 429 => ErrorKind::Conflict,
        None => ErrorKind::Unexpected,
    }
}

/// The refusal's words in one line. Its first string says nothing; some end in a stack's trace.
fn words(body: &[u8]) -> String {
    let Ok(parts) = serde_json::from_slice::<Vec<String>>(body) else {
        let text = String::from_utf8_lossy(body);
        return text
            .lines()
            .next()
            .map_or_else(|| "no reason given".to_owned(), |line| line.chars().take(LONGEST).collect());
    };
    let parts: Vec<&str> =
        parts.iter().filter(|part| *part != "Error from API").filter_map(|part| part.lines().next()).collect();
    if parts.is_empty() { "no reason given".to_owned() } else { parts.join(": ") }
}

/// Of what is no array of strings, and so from somebody else.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &'static str) -> Error {
        refusal("vm.snapshot", &Answer { status, body: body.into() })
    }

    #[test]
    fn a_refusal_is_one_line_from_the_general_to_the_particular() {
        let error = of(
            500,
            r#"["Error from API","Cannot snapshot VM","GetNestedState(Invalid\n\nStack backtrace:\n 0: <unknown>"]"#,
        );
        assert_eq!(
            error.message(),
            "Cloud Hypervisor refuses `vm.snapshot`: Cannot snapshot VM: GetNestedState(Invalid"
        );
        assert_eq!(error.status(), Some(500));
    }

    #[test]
    fn words_decide_where_the_status_does_not() {
        let conflict = of(500, r#"["Error from API","The VM could not be paused","VM is not running"]"#);
        assert_eq!(conflict.kind(), ErrorKind::Conflict);
        let missing = of(404, r#"["Error from API","The VM could not boot","VM config is missing"]"#);
        assert_eq!(missing.kind(), ErrorKind::Conflict);
        assert_eq!(of(404, r#"["Not Found"]"#).kind(), ErrorKind::Unsupported);
        assert_eq!(of(500, r#"["Error from API","something new"]"#).kind(), ErrorKind::Unexpected);
    }

    #[test]
    fn a_refusal_that_is_no_json_is_cut_and_shown() {
        assert_eq!(of(502, "<html>\nbad gateway").message(), "Cloud Hypervisor refuses `vm.snapshot`: <html>");
        assert_eq!(of(500, "").message(), "Cloud Hypervisor refuses `vm.snapshot`: no reason given");
        assert_eq!(of(500, "[]").message(), "Cloud Hypervisor refuses `vm.snapshot`: no reason given");
    }
}
