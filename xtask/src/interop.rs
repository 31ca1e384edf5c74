//! Interop: a client that others wrote, driven through a host's whole life against our simulator; and for EC2 our client
//! against the server that others wrote.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::python::{install, virtual_environment};
use crate::shell::{Result, built, line, root, run as run_to_end};
use crate::sources::{self, Source};
use crate::workspace_tests;

/// Who can be tried: each provider with a script in `xtask/interop`, and the Python package that the script's head names
/// as what the caller installs; with a version where the newest is too new for the description that the simulator is held to.
pub(crate) fn clients() -> Result<Vec<(String, String)>> {
    let scripts = sources::read(&root().join("xtask/interop"), &["py"])?;
    let client = |script: Source| {
        let (_, behind) = script.text.split_once("The caller installs `")?;
        let (package, _) = behind.split_once('`')?;
        Some((script.path.trim_end_matches(".py").to_owned(), package.to_owned()))
    };
    Ok(scripts.into_iter().filter_map(client).collect())
}

/// So many times faster than ours the simulator's time passes.
const SPEED: &str = "100";

/// Installs the client in a virtual environment of its own and drives the simulator with it.
pub(crate) fn run(arguments: &[String]) -> Result {
    let clients = clients()?;
    let known = || clients.iter().map(|(provider, _)| provider.as_str()).collect::<Vec<_>>().join(", ");
    let [provider] = arguments else { return Err(format!("interop takes one provider: {}", known()).into()) };
    let Some((provider, package)) = clients.iter().find(|(name, _)| name == provider) else {
        return Err(format!("no client for `{provider}`; there is one for {}", known()).into());
    };
    let program = built("cloud-sim", &[])?;
    let python = virtual_environment(&format!("interop/{provider}"), &[package])?;
    let simulator = Simulator::start(&program, provider)?;
    let script = root().join("xtask/interop").join(format!("{provider}.py"));
    run_to_end(Command::new(&python).arg("-u").arg(script).arg(&simulator.url).stdin(Stdio::null()))?;
    if provider == "aws" { on_moto(&python) } else { Ok(()) }
}

/// Drives our client of EC2 against moto's server.
fn on_moto(python: &Path) -> Result {
    install(python, &[MOTO])?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let server = python.with_file_name("moto_server");
    let script = format!(
        r#""$0" -H 127.0.0.1 -p {port} >/dev/null 2>&1 & trap 'kill $!' EXIT
        for _ in $(seq 300); do (: </dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done
        echo listening http://127.0.0.1:{port}; wait"#,
        port = free.port()
    );
    let moto = Simulator::start_program(Command::new("bash").arg("-c").arg(script).arg(server))?;
    run_to_end(workspace_tests::command(&["moto::"])?.env("CLOUD_MOTO_ENDPOINT", &moto.url))
}

/// moto's server of EC2, and of the parameters by which images are found.
const MOTO: &str = "moto[server,ec2,ssm]==5.2.5";

/// The simulator as a process of its own, ended when this value goes, and when this process ends in whatever way.
struct Simulator {
    keeper: Child,
    url: String,
    /// Kept open, so that the simulator can always print.
    _output: BufReader<ChildStdout>,
}

/// Starts its arguments as a process and ends it when the input closes, which it does even when we are killed.
const KEEPER: &str = r#"trap : INT TERM; "$@" </dev/null & exec >/dev/null; cat; kill $! 2>/dev/null; wait"#;

impl Simulator {
    fn start(program: &Path, provider: &str) -> Result<Self> {
        let options = ["--listen", "127.0.0.1:0", "--speed", SPEED, "--seed", "1"];
        Self::start_program(Command::new(program).arg(provider).args(options))
    }

    fn start_program(program: &Command) -> Result<Self> {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(program.get_program()).args(program.get_args());
        let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(keeper.stdout.take().ok_or("the simulator's output is piped")?);
        let mut first = String::new();
        let read = output.read_line(&mut first);
        let mut simulator = Self { keeper, url: String::new(), _output: output };
        read?;
        let first = first.trim();
        let url = first.strip_prefix("listening ");
        url.ok_or_else(|| format!("`{}` said `{first}`", line(program)))?.clone_into(&mut simulator.url);
        Ok(simulator)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Fails only where it was waited for before.
        let _ = self.keeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Simulator> {
        Simulator::start_program(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn an_unknown_provider_is_refused_with_those_there_are() {
        let error = run(&["acme".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "no client for `acme`; there is one for aws, gcp, hetzner");
    }

    #[test]
    fn the_address_is_read_and_the_process_ended() {
        let simulator = shell("echo listening $$; exec sleep 600").unwrap();
        let process = Path::new("/proc").join(&simulator.url);
        assert!(process.exists());
        drop(simulator);
        assert!(!process.exists());
    }

    #[test]
    fn a_simulator_that_says_something_else_is_refused() {
        let error = shell("echo port in use").err().unwrap().to_string();
        assert_eq!(error, "`sh -c 'echo port in use'` said `port in use`");
    }
}
