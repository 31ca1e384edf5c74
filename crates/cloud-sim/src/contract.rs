//! Checks of recorded exchanges against an API's description: OpenAPI 3.1 here, others beside.
//!
//! Apart from the rest, behind the feature `contract`, since only tests need readers of schemas and XML.
//! An exchange that met a fault is only checked for its request: its answer is wrong on purpose.

pub mod botocore;
pub mod discovery;

use std::collections::HashMap;

use jsonschema::{Registry, Validator};
use serde_json::{Map, Value, json};

use crate::Exchange;

/// An API's description, ready to check exchanges.
#[derive(Debug)]
pub struct Contract {
    document: Value,
    registry: Registry<'static>,
    deviations: &'static [Deviation],
    validators: HashMap<String, Validator>,
}

/// Where the description is known to be wrong or behind, and why.
#[derive(Debug, Clone, Copy)]
pub struct Deviation {
    /// The method.
    pub method: &'static str,
    /// The path's template.
    pub path: &'static str,
    /// A part of the problem's text.
    pub problem: &'static str,
    /// Why the exchange is right all the same.
    pub reason: &'static str,
}

impl Contract {
    /// Reads a description.
    ///
    /// # Errors
    /// A text that says what is wrong with it.
    pub fn new(document: Value, deviations: &'static [Deviation]) -> Result<Self, String> {
        let registry = Registry::new()
            .add(ROOT, document.clone())
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(|error| error.to_string())?;
        Ok(Self { document, registry, deviations, validators: HashMap::new() })
    }

    /// What is wrong with one exchange, but for the known deviations; empty where all is right.
    pub fn check(&mut self, exchange: &Exchange) -> Vec<String> {
        let method = exchange.method.to_lowercase();
        let path = escape(&exchange.path_template);
        let operation = format!("/paths/{path}/{method}");
        let mut problems = Vec::new();
        if self.document.pointer(&operation).is_none() {
            // The face answers these itself: no such path, method or endpoint.
            if ![401, 404, 405, 410, 429].contains(&exchange.status) {
                problems.push("the description has no such operation".to_owned());
            }
        } else {
            if exchange.status < 400 {
                self.check_request(&operation, exchange, &mut problems);
            }
            if exchange.fault.is_none() {
                self.check_answer(&operation, exchange, &mut problems);
            }
        }
        problems.retain(|problem| !self.is_known(exchange, problem));
        problems
    }

    fn check_request(&mut self, operation: &str, exchange: &Exchange, problems: &mut Vec<String>) {
        let body = format!("{operation}/requestBody/content/application~1json/schema");
        if self.document.pointer(&body).is_some() {
            let sent = match &exchange.request_body {
                Value::Null => Value::Object(Map::new()),
                other => other.clone(),
            };
            self.check_value(&body, &sent, "request", problems);
        } else if !is_empty(&exchange.request_body) {
            problems.push("request: a body where none is described".to_owned());
        }
        let pointer = format!("{operation}/parameters");
        let described = self.document.pointer(&pointer).cloned();
        let described = described.and_then(|list| list.as_array().cloned());
        let described = described.unwrap_or_default();
        for (at, parameter) in described.iter().enumerate() {
            if parameter["in"] == "query" {
                let schema = format!("{pointer}/{at}/schema");
                self.check_parameter(&schema, parameter, exchange, problems);
            }
        }
        for (name, _) in &exchange.query {
            if !described.iter().any(|one| one["name"] == name.as_str()) {
                problems.push(format!("request: unknown query parameter {name}"));
            }
        }
    }

    fn check_parameter(&mut self, schema: &str, parameter: &Value, exchange: &Exchange, problems: &mut Vec<String>) {
        let name = parameter["name"].as_str().unwrap_or_default();
        let sent = exchange.query.iter().filter(|(key, _)| key == name);
        let sent: Vec<&str> = sent.map(|(_, value)| value.as_str()).collect();
        let kind = &parameter["schema"]["type"];
        let value = match sent.as_slice() {
            [] if parameter["required"] == true => {
                problems.push(format!("request: query parameter {name} is missing"));
                return;
            }
            [] => return,
            values if kind == "array" => {
                let kind = &parameter["schema"]["items"]["type"];
                values.iter().map(|text| typed(text, kind)).collect()
            }
            [text, ..] => typed(text, kind),
        };
        self.check_value(schema, &value, name, problems);
    }

    fn check_answer(&mut self, operation: &str, exchange: &Exchange, problems: &mut Vec<String>) {
        let status = exchange.status;
        let exact = format!("{operation}/responses/{status}");
        let class = format!("{operation}/responses/{}XX", status / 100);
        let found = [exact, class].into_iter().find(|pointer| self.document.pointer(pointer).is_some());
        let Some(response) = found else {
            problems.push(format!("answer: status {status} is not described"));
            return;
        };
        let schema = format!("{response}/content/application~1json/schema");
        if self.document.pointer(&schema).is_some() {
            self.check_value(&schema, &exchange.response_body, "answer", problems);
        } else if !is_empty(&exchange.response_body) {
            problems.push("answer: a body where none is described".to_owned());
        }
    }

    fn check_value(&mut self, schema: &str, value: &Value, what: &str, problems: &mut Vec<String>) {
        let registry = &self.registry;
        let validator = self.validators.entry(schema.to_owned()).or_insert_with(|| {
            let reference = format!("{ROOT}#{}", schema.replace('{', "%7B").replace('}', "%7D"));
            jsonschema::options()
                .with_registry(registry)
                .should_validate_formats(true)
                .build(&json!({"$ref": reference}))
                .expect("a schema that the description holds")
        });
        for error in validator.iter_errors(value) {
            let place = error.instance_path().to_string();
            let mut text = format!("{what}{place}: {error}");
            text.truncate(text.floor_char_boundary(LONGEST_PROBLEM));
            problems.push(text);
        }
    }

    fn is_known(&self, exchange: &Exchange, problem: &str) -> bool {
        self.deviations.iter().any(|known| {
            known.method == exchange.method && known.path == exchange.path_template && problem.contains(known.problem)
        })
    }
}

fn typed(text: &str, kind: &Value) -> Value {
    match kind.as_str() {
        Some("integer") => text.parse::<i64>().map_or(json!(text), |number| json!(number)),
        Some("boolean") => text.parse::<bool>().map_or(json!(text), |flag| json!(flag)),
        _ => json!(text),
    }
}

fn is_empty(body: &Value) -> bool {
    body.is_null() || body.as_object().is_some_and(Map::is_empty)
}

/// A path as a part of a JSON pointer.
fn escape(path: &str) -> String {
    path.replace('~', "~0").replace('/', "~1")
}

/// The name under which the description refers to itself.
const ROOT: &str = "urn:description";
const LONGEST_PROBLEM: usize = 300;
