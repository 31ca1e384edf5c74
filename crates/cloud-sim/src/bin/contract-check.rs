//! Checks the exchanges that simulators recorded against Hetzner's description: `contract-check EXCHANGES DESCRIPTION`.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use cloud_sim::Exchange;
use cloud_sim::contract::Contract;
use cloud_sim::hetzner::contract::DEVIATIONS;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let checked = match &arguments[..] {
        [exchanges, description] => check(exchanges, description),
        _ => Err("usage: contract-check EXCHANGES DESCRIPTION".to_owned()),
    };
    match checked {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}

fn check(exchanges: &str, description: &str) -> Result<String, String> {
    let read = |path: &str| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let description = serde_json::from_str(&read(description)?).map_err(|error| format!("{description}: {error}"))?;
    let mut contract = Contract::new(description, DEVIATIONS)?;
    let (mut count, mut problems) = (0, BTreeMap::<String, usize>::new());
    for line in read(exchanges)?.lines() {
        let exchange: Exchange = serde_json::from_str(line).map_err(|error| format!("exchange {count}: {error}"))?;
        count += 1;
        for problem in contract.check(&exchange) {
            let (method, path) = (&exchange.method, &exchange.path_template);
            *problems.entry(format!("{method} {path} {}: {problem}", exchange.status)).or_default() += 1;
        }
    }
    if count == 0 {
        return Err("nothing was recorded".to_owned());
    }
    if problems.is_empty() {
        return Ok(format!("{count} exchanges are as described, {} deviations are known", DEVIATIONS.len()));
    }
    let lines = problems.iter().map(|(problem, times)| format!("{times:>6} × {problem}"));
    Err(lines.collect::<Vec<_>>().join("\n"))
}
