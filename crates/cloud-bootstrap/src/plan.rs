//! The plan: the steps of a first boot as lines of shell, each a function of `first-boot.sh` with quoted arguments.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use cloud_types::BootId;

use crate::check;
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

    /// The lines, all of plain ASCII. Secrets are variables, so that what a step says can be rid of them; so are texts
    /// that quotes cannot hold.
    pub(crate) fn to_shell(&self, id: &BootId) -> String {
        let calls = || self.preparations.iter().chain(&self.steps);
        let mut variables = Variables::default();
        for value in calls().flat_map(|call| &call.arguments).chain(&self.hidden) {
            variables.add(value);
        }
        let mut lines = format!("{}secrets={}\nbegin {id}\n", variables.lines, variables.secrets.len());
        for call in calls() {
            lines += &call.words.join(" ");
            for argument in &call.arguments {
                lines.push(' ');
                lines += &variables.word(argument);
            }
            lines.push('\n');
        }
        lines + "ready\n"
    }
}

/// Values that have names in the plan, each written once.
#[derive(Default)]
struct Variables<'a> {
    secrets: HashMap<&'a str, usize>,
    texts: HashMap<&'a str, usize>,
    lines: String,
}

impl<'a> Variables<'a> {
    fn add(&mut self, value: &'a Value) {
        let (names, prefix) = match value {
            Value::Secret(_) => (&mut self.secrets, "secret"),
            Value::Plain(text) if !check::is_plain(text) => (&mut self.texts, "text"),
            Value::Plain(_) => return,
        };
        let number = names.len() + 1;
        if let Entry::Vacant(vacant) = names.entry(value.expose()) {
            vacant.insert(number);
            self.lines += &assign(&format!("{prefix}_{number}"), value.expose());
        }
    }

    fn word(&self, value: &Value) -> String {
        match value {
            Value::Secret(_) => format!("\"$secret_{}\"", self.secrets[value.expose()]),
            Value::Plain(text) if !check::is_plain(text) => format!("\"$text_{}\"", self.texts[text.as_str()]),
            Value::Plain(text) => quote(text),
        }
    }
}

/// A line that gives a variable its value, with the characters that are not plain in octal.
fn assign(name: &str, value: &str) -> String {
    if check::is_plain(value) {
        return format!("{name}={}\n", quote(value));
    }
    let mut format = String::new();
    for byte in value.bytes() {
        match byte {
            b'%' => format += "%%",
            b'\\' => format += r"\\",
            b'\'' => format += r"'\''",
            // At the start it would begin an option.
            b'-' => format += r"\055",
            b' '..=b'~' | b'\n' | b'\t' => format.push(char::from(byte)),
            _ => format += &format!("\\{byte:03o}"),
        }
    }
    // Line ends at the end would be lost, but for the dot.
    format!("{name}=$(printf '{format}.')\n{name}=${{{name}%.}}\n")
}

/// A word that every POSIX shell reads back as it was: in single quotes, in which nothing but their end means anything
/// (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02>). Simple words stay bare.
fn quote(text: &str) -> String {
    let simple = |byte: u8| byte.is_ascii_alphanumeric() || b"/._:@%+,-".contains(&byte);
    if !text.is_empty() && text.bytes().all(simple) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    /// What a shell makes of a value that a step is called with.
    fn read_by_shell(value: Value) -> String {
        let mut plan = Plan::default();
        plan.prepare("show", [value]);
        let lines = plan.to_shell(&plan.id());
        assert!(lines.is_ascii(), "{lines:?}");
        let script = format!("begin() {{ :; }}\nready() {{ :; }}\nshow() {{ printf '%s' \"$1\"; }}\n{lines}");
        let output = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().expect("a shell is there");
        String::from_utf8(output.stdout).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_value_is_read_back_by_a_shell(text in "[^\0]{0,200}") {
            prop_assert_eq!(read_by_shell(Value::secret(text.as_str())), text.as_str());
            prop_assert_eq!(read_by_shell(text.as_str().into()), text);
        }
    }

    #[test]
    fn nasty_values_are_read_back_by_a_shell() {
        let every: String = (1..=0x2ff_u32).filter_map(char::from_u32).collect();
        for text in
            ["", "'", "a'b", "$(id)", "`id`", "\\", "\n", "é\n\n", "\r\n", "~", "*", "#", "é%\\1'", "-n", "a=b", &every]
        {
            assert_eq!(read_by_shell(text.into()), text, "{text:?}");
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
