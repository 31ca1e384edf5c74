//! The console on a real terminal: in tmux, which stands between the user and the command as it often does.

use std::process::{Command, Output, Stdio};

use crate::support::{Installation, text, wait_until};

/// A terminal in which one command runs; both end when it is dropped.
struct Terminal {
    server: String,
}

impl Terminal {
    /// `None`, with a word, where tmux is not installed.
    fn running(here: &Installation, arguments: &str) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("skipped: tmux is not installed (Debian's package tmux has it)");
            return None;
        }
        let terminal = Self { server: format!("cocoon-{:08x}", fastrand::u32(..)) };
        let mut command = terminal.tmux(&["new-session", "-d", "-x", "80", "-y", "24"]);
        command.arg(format!("{} {arguments}", env!("CARGO_BIN_EXE_cocoon")));
        // The terminal's programs have the environment of the one that began it.
        command.env("COCOON_ROOT_DIR", here.root()).env("COCOON_ACCELERATION", "none");
        assert!(command.status().unwrap().success());
        Some(terminal)
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.server, "-f", "/dev/null"]).args(arguments).stdin(Stdio::null());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.tmux(arguments).output().unwrap()
    }

    /// Types these keys, as tmux calls them.
    fn press(&self, keys: &[&str]) {
        assert!(self.output(&[&["send-keys"], keys].concat()).status.success());
    }

    #[track_caller]
    fn wait_for(&self, words: &str) {
        wait_until(words, || text(&self.output(&["capture-pane", "-p"]).stdout).contains(words));
    }

    /// Whether the command still runs.
    fn is_open(&self) -> bool {
        self.output(&["has-session"]).status.success()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.output(&["kill-server"]);
    }
}

#[test]
fn the_console_works_in_a_terminal_tells_its_escapes_and_is_left_and_entered_again() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    for word in ["hello", "again"] {
        let Some(terminal) = Terminal::running(&here, "console web-1") else { return };
        terminal.wait_for("connected;");
        terminal.press(&["~", "?"]);
        terminal.wait_for("ends this connection");
        terminal.press(&[word, "Enter"]);
        terminal.wait_for(word);
        // The terminal's own Ctrl-C is the guest's to read.
        terminal.press(&["C-c"]);
        terminal.press(&["done"]);
        terminal.wait_for("done");
        assert!(terminal.is_open());
        terminal.press(&["Enter", "~", "."]);
        wait_until("its end", || !terminal.is_open());
    }
    assert_eq!(here.state("web-1"), "running");
    let said = here.succeed(&["logs", "web-1"]);
    assert!(said.contains("hello") && said.contains("again") && said.contains('\u{3}'), "{said:?}");
}

#[test]
fn the_console_ends_with_its_vm() {
    let Some(here) = Installation::new() else { return };
    here.create("web-1");
    here.succeed(&["start", "web-1"]);
    here.wait_for_console("web-1", "test guest");
    let Some(terminal) = Terminal::running(&here, "console web-1") else { return };
    terminal.wait_for("connected;");
    terminal.press(&["hello"]);
    terminal.wait_for("hello");
    here.succeed(&["stop", "web-1"]);
    wait_until("its end", || !terminal.is_open());
}
