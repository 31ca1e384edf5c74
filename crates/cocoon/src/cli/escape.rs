//! The escapes of `cocoon console`, as `ssh` has them: at the beginning of a line `~.` ends the connection, `~?` tells the
//! escapes, and `~~` is a tilde.

/// Reads what is typed, and tells what is for the VM.
#[derive(Debug)]
pub(crate) struct Escapes(Place);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    BeginningOfLine,
    WithinLine,
    AfterTilde,
}

/// What some input comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// What the VM gets.
    pub(crate) for_vm: Vec<u8>,
    /// Whether the escapes shall be told.
    pub(crate) help: bool,
    /// Whether the connection ends; what was typed after that is dropped.
    pub(crate) end: bool,
}

impl Escapes {
    /// At the beginning of a line.
    pub(crate) fn new() -> Self {
        Self(Place::BeginningOfLine)
    }

    pub(crate) fn read(&mut self, input: &[u8]) -> Typed {
        let mut typed = Typed::default();
        for &byte in input {
            match (self.0, byte) {
                (Place::BeginningOfLine, b'~') => {
                    self.0 = Place::AfterTilde;
                    continue;
                }
                (Place::AfterTilde, b'.') => {
                    typed.end = true;
                    return typed;
                }
                (Place::AfterTilde, b'?') => {
                    typed.help = true;
                    self.0 = Place::BeginningOfLine;
                    continue;
                }
                (Place::AfterTilde, b'~') | (Place::BeginningOfLine | Place::WithinLine, _) => {}
                (Place::AfterTilde, _) => typed.for_vm.push(b'~'),
            }
            typed.for_vm.push(byte);
            self.0 = if matches!(byte, b'\r' | b'\n') { Place::BeginningOfLine } else { Place::WithinLine };
        }
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(parts: &[&str]) -> Vec<(String, bool, bool)> {
        let mut escapes = Escapes::new();
        let read = parts.iter().map(|part| escapes.read(part.as_bytes()));
        read.map(|typed| (String::from_utf8(typed.for_vm).unwrap(), typed.help, typed.end)).collect()
    }

    #[test]
    fn a_tilde_and_a_point_at_the_beginning_of_a_line_end_it() {
        assert_eq!(typed(&["~.x"]), [(String::new(), false, true)]);
        assert_eq!(typed(&["ls\r", "~", "."]).last().unwrap(), &(String::new(), false, true));
        assert_eq!(typed(&["a~.\n"]), [("a~.\n".to_owned(), false, false)]);
    }

    #[test]
    fn other_tildes_reach_the_vm_once() {
        assert_eq!(
            typed(&["~~.", "\r~a", "\r~\r~."]),
            [("~.".to_owned(), false, false), ("\r~a".to_owned(), false, false), ("\r~\r".to_owned(), false, true),]
        );
    }

    #[test]
    fn help_is_told_and_the_line_still_begins() {
        assert_eq!(typed(&["~?", "~."]), [(String::new(), true, false), (String::new(), false, true)]);
    }
}
