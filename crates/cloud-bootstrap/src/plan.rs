//! The plan: the steps of a first boot as lines of shell, each a function of `first-boot.sh` with quoted arguments.

use std::collections::HashMap;

use cloud_types::BootId;

use crate::secret::Value;
use crate::sha256::Sha256;

/// The steps, in their order.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Calls before the first step.
    preparations: Vec<Call>,
    steps: Vec<Call>,
    /// Secrets that no argument is, but that a step may print.
    hidden: Vec<Value>,
}

/// A call: its words are a function's name, or `step`, the step's name and a function's, and the arguments.
#[derive(Debug)]
struct Call {
    words: Vec<&'static str>,
    arguments: Vec<Value>,
}

impl Plan {
    pub(crate) fn prepare(&mut self, function: &'static str, arguments: impl IntoIterator<Item = Value>) {
        self.preparations.push(Call { words: vec![function], arguments: arguments.into_iter().collect() });
    }

    /// Adds a step, under the name that a signal gives it.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        function: &'static str,
        arguments: impl IntoIterator<Item = Value>,
    ) {
        self.steps.push(Call { words: vec!["step", name, function], arguments: arguments.into_iter().collect() });
    }

    /// Cuts a secret out of what steps say.
    pub(crate) fn hide(&mut self, secret: &Value) {
        self.hidden.push(secret.clone());
    }

    /// The id that names this first boot: 32 digits of SHA-256 over all but the secrets, which would be open to guessing by
    /// who reads a console.
    pub(crate) fn id(&self) -> BootId {
        let shown = format!("{:?}{:?}", self.preparations, self.steps);
        Sha256::of(shown.as_bytes()).as_str()[..32].parse().expect("the digits of a sum are an id")
    }

    /// The lines. Secrets are variables, so that what a step says can be rid of them.
    pub(crate) fn to_shell(&self, id: &BootId) -> String {
        let calls = || self.preparations.iter().chain(&self.steps);
        let mut numbers = HashMap::new();
        let mut lines = String::new();
        for secret in calls().flat_map(|call| &call.arguments).chain(&self.hidden) {
            if matches!(secret, Value::Secret(_)) && !numbers.contains_key(secret.expose()) {
                numbers.insert(secret.expose(), numbers.len() + 1);
                lines += &format!("secret_{}={}\n", numbers.len(), quote(secret.expose()));
            }
        }
        lines += &format!("secrets={}\nbegin {id}\n", numbers.len());
        for call in calls() {
            lines += &call.words.join(" ");
            for argument in &call.arguments {
                lines.push(' ');
                match argument {
                    Value::Plain(text) => lines += &quote(text),
                    Value::Secret(_) => lines += &format!("\"$secret_{}\"", numbers[argument.expose()]),
                }
            }
            lines.push('\n');
        }
        lines + "ready\n"
    }
}

/// A word that every POSIX shell reads back as it was: in single quotes, in which nothing but their end means anything
/// (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02>). Plain words stay bare.
fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._:@%+,-".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    /// What a shell makes of a word.
    fn read_by_shell(words: &str) -> String {
        let output = Command::new("sh")
            .args(["-c", &format!("printf '%s' {words}")])
            .stdin(Stdio::null())
            .output()
            .expect("a POSIX shell is there");
        String::from_utf8(output.stdout).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_quoted_word_is_read_back(text in "[^\0]{0,200}") {
            prop_assert_eq!(read_by_shell(&quote(&text)), text);
        }
    }

    #[test]
    fn nasty_words_are_read_back() {
        for text in
            ["", "'", "''", "a'b", "$(id)", "`id`", "\\", "\n", "\r\n", "~", "*", "#", "é\u{2028}🦀", "-n", "a=b"]
        {
            assert_eq!(read_by_shell(&quote(text)), text, "{text:?}");
        }
    }

    #[test]
    fn a_secret_is_named_and_written_once() {
        let mut plan = Plan::default();
        plan.step("a", "run_command", ["x".into(), Value::secret("hunter 2")]);
        plan.step("b", "run_command", [Value::secret("hunter 2")]);
        let text = plan.to_shell(&plan.id());
        assert_eq!(text.matches("hunter 2").count(), 1, "{text}");
        assert!(text.contains("\nstep a run_command x \"$secret_1\"\n"), "{text}");
    }

    #[test]
    fn the_id_is_that_of_the_content_but_not_of_secrets() {
        let id = |plain: &str, secret: &str| {
            let mut plan = Plan::default();
            plan.step("a", "run_command", [plain.into(), Value::secret(secret)]);
            plan.id()
        };
        assert_eq!(id("a", "b"), id("a", "b"));
        assert_ne!(id("a", "b"), id("c", "b"));
        assert_eq!(id("a", "b"), id("a", "c"));
    }
}
