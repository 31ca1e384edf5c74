//! Checks the exchanges that simulators recorded against the providers' descriptions:
//! `contract-check EXCHANGES DESCRIPTION…`. Hetzner's is OpenAPI, Google's are discovery documents,
//! Amazon's are botocore's;
//! exchanges of a provider whose description is not given are left out.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use cloud_sim::contract::botocore::Botocore;
use cloud_sim::contract::{Contract, discovery};
use cloud_sim::{Exchange, aws, gcp, hetzner};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let checked = match arguments.split_first() {
        Some((exchanges, descriptions)) if !descriptions.is_empty() => check(exchanges, descriptions),
        _ => Err("usage: contract-check EXCHANGES DESCRIPTION…".to_owned()),
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

fn check(exchanges: &str, descriptions: &[String]) -> Result<String, String> {
    let mut contracts = contracts(descriptions)?;
    let (mut counts, mut problems) = (BTreeMap::<&str, usize>::new(), BTreeMap::<String, usize>::new());
    for (at, line) in read(exchanges)?.lines().enumerate() {
        let exchange: Exchange = serde_json::from_str(line).map_err(|error| format!("exchange {at}: {error}"))?;
        let Some((face, check)) = contracts.iter_mut().find(|(face, _)| *face == exchange.face) else {
            continue;
        };
        *counts.entry(face).or_default() += 1;
        for problem in check(&exchange) {
            let (method, path) = (&exchange.method, &exchange.path_template);
            *problems.entry(format!("{face} {method} {path} {}: {problem}", exchange.status)).or_default() += 1;
        }
    }
    if let Some((face, _)) = contracts.iter().find(|(face, _)| !counts.contains_key(face)) {
        return Err(format!("nothing of {face} was recorded"));
    }
    if problems.is_empty() {
        let known = [hetzner::contract::DEVIATIONS, gcp::contract::DEVIATIONS, aws::contract::DEVIATIONS];
        let known = known.map(<[_]>::len).iter().sum::<usize>();
        return Ok(format!("exchanges are as described: {counts:?}, {known} deviations are known"));
    }
    let lines = problems.iter().map(|(problem, times)| format!("{times:>6} × {problem}"));
    Err(lines.collect::<Vec<_>>().join("\n"))
}

/// What finds the problems of an exchange.
type Check = Box<dyn FnMut(&Exchange) -> Vec<String>>;

/// A check for each provider that is described.
fn contracts(descriptions: &[String]) -> Result<Vec<(&'static str, Check)>, String> {
    let (mut documents, mut services) = (Vec::new(), Vec::new());
    let mut contracts: Vec<(&'static str, Check)> = Vec::new();
    for path in descriptions {
        let description: Value = serde_json::from_str(&read(path)?).map_err(|error| format!("{path}: {error}"))?;
        if description["kind"] == "discovery#restDescription" {
            documents.push(description);
        } else if Botocore::describes(&description) {
            services.push(description);
        } else {
            let mut contract = Contract::new(description, hetzner::contract::DEVIATIONS)?;
            contracts.push(("hetzner", Box::new(move |exchange| contract.check(exchange))));
        }
    }
    if !documents.is_empty() {
        let mut contract = Contract::new(discovery::openapi(&documents), gcp::contract::DEVIATIONS)?;
        contracts.push(("gcp", Box::new(move |exchange| contract.check(exchange))));
    }
    if !services.is_empty() {
        let contract = Botocore::new(services, aws::contract::DEVIATIONS);
        contracts.push(("aws", Box::new(move |exchange| contract.check(exchange))));
    }
    Ok(contracts)
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}
