//! Amazon's service descriptions, as its own Python client has them: exchanges of the Query protocol, whose
//! requests are forms and whose answers are XML, and of JSON services.
//!
//! A parameter, an element or a field that the description does not name is an error here, and so is a scalar of
//! the wrong type or a word that an enumeration does not have.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use roxmltree::{Document, Node};
use serde_json::Value;

use super::Deviation;
use crate::Exchange;

/// The descriptions of some services, ready to check exchanges.
#[derive(Debug)]
pub struct Botocore {
    services: Vec<Value>,
    deviations: &'static [Deviation],
}

/// An operation and the service that it is of.
#[derive(Clone, Copy)]
struct Operation<'a> {
    name: &'a str,
    service: &'a Value,
    described: &'a Value,
}

impl Botocore {
    /// Takes descriptions, each a file of botocore or the `service-2` in it.
    #[must_use]
    pub fn new(documents: Vec<Value>, deviations: &'static [Deviation]) -> Self {
        let service = |mut document: Value| match document.get_mut("service-2") {
            Some(service) => service.take(),
            None => document,
        };
        Self { services: documents.into_iter().map(service).collect(), deviations }
    }

    /// Whether a document is such a description.
    #[must_use]
    pub fn describes(document: &Value) -> bool {
        document["service-2"]["shapes"].is_object() || document["shapes"].is_object()
    }

    /// What is wrong with one exchange, but for the known deviations; empty where all is right.
    #[must_use]
    pub fn check(&self, exchange: &Exchange) -> Vec<String> {
        let mut problems = Vec::new();
        match self.operation(exchange) {
            Some(operation) => operation.check(exchange, &mut problems),
            // The face answers these itself: no such action, or no such key.
            None if [400, 401, 403].contains(&exchange.status) && exchange.path_template == "unknown" => {}
            None => problems.push("the description has no such operation".to_owned()),
        }
        problems.retain(|problem| !self.is_known(exchange, problem));
        problems
    }

    fn operation<'a>(&'a self, exchange: &'a Exchange) -> Option<Operation<'a>> {
        let (prefix, name) = exchange.path_template.rsplit_once('.').unwrap_or(("", &exchange.path_template));
        let fits = |service: &&Value| service["metadata"]["targetPrefix"].as_str().unwrap_or_default() == prefix;
        self.services.iter().filter(fits).find_map(|service| {
            let described = service["operations"].get(name)?;
            Some(Operation { name, service, described })
        })
    }

    fn is_known(&self, exchange: &Exchange, problem: &str) -> bool {
        self.deviations.iter().any(|known| {
            known.method == exchange.method && known.path == exchange.path_template && problem.contains(known.problem)
        })
    }
}

impl<'a> Operation<'a> {
    fn check(self, exchange: &Exchange, problems: &mut Vec<String>) {
        let is_json = self.service["metadata"]["protocol"] == "json";
        if exchange.status < 400 && is_json {
            self.check_json("request", &self.described["input"], &exchange.request_body, problems);
        } else if exchange.status < 400 {
            self.check_form(&exchange.request_body, problems);
        }
        if exchange.fault.is_some() {
            return;
        }
        match (is_json, exchange.status < 400) {
            (true, true) => self.check_json("answer", &self.described["output"], &exchange.response_body, problems),
            (true, false) if exchange.response_body["__type"].is_string() => {}
            (false, _) => self.check_xml(exchange, problems),
            (true, false) => problems.push("answer: an error without a type".to_owned()),
        }
    }

    fn shape(self, reference: &'a Value) -> &'a Value {
        let name = reference["shape"].as_str().unwrap_or_default();
        &self.service["shapes"][name]
    }

    /// Every parameter is a path of members and numbers that ends at a scalar.
    fn check_form(self, sent: &Value, problems: &mut Vec<String>) {
        let input = self.shape(&self.described["input"]);
        let Some(pairs) = sent.as_object() else {
            problems.push("request: no form".to_owned());
            return;
        };
        let own = pairs.iter().filter(|(name, _)| !["Action", "Version"].contains(&name.as_str()));
        for (name, value) in own {
            let mut shape = Some(input);
            for part in name.split('.') {
                shape = shape.and_then(|shape| self.step(shape, part));
            }
            let value = value.as_str().unwrap_or_default();
            match shape {
                None => problems.push(format!("request: unknown parameter {name}")),
                Some(shape) => problems.extend(scalar(shape, value).map(|wrong| format!("request {name}: {wrong}"))),
            }
        }
        for member in input["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let name = parameter(member, &input["members"][member]);
            let list = format!("{name}.");
            if !pairs.keys().any(|key| *key == name || key.starts_with(&list)) {
                problems.push(format!("request: parameter {name} is missing"));
            }
        }
    }

    fn step(self, shape: &'a Value, part: &str) -> Option<&'a Value> {
        if shape["type"] == "list" {
            let is_number = part.parse::<u32>().is_ok_and(|number| number > 0);
            return is_number.then(|| self.shape(&shape["member"]));
        }
        let mut members = shape["members"].as_object()?.iter();
        let (_, member) = members.find(|(name, member)| parameter(name, member) == part)?;
        Some(self.shape(member))
    }

    fn check_xml(self, exchange: &Exchange, problems: &mut Vec<String>) {
        let text = exchange.response_body.as_str().unwrap_or_default();
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                problems.push(format!("answer: no XML: {error}"));
                return;
            }
        };
        let root = document.root_element();
        if exchange.status >= 400 {
            let path = ["Errors", "Error", "Code"];
            let code = path.iter().try_fold(root, |node, name| node.children().find(|child| child.has_tag_name(*name)));
            if root.tag_name().name() != "Response" || code.and_then(|code| code.text()).is_none() {
                problems.push("answer: an error without a code".to_owned());
            }
            return;
        }
        if root.tag_name().name() != format!("{}Response", self.name) {
            problems.push(format!("answer: root element {}", root.tag_name().name()));
        }
        let namespace = self.service["metadata"]["xmlNamespace"].as_str().unwrap_or_default();
        if root.tag_name().namespace().map(|namespace| namespace.trim_end_matches('/')) != Some(namespace) {
            problems.push(format!("answer: namespace {:?}", root.tag_name().namespace()));
        }
        let output = &self.described["output"];
        for child in elements(root) {
            match child.tag_name().name() {
                "requestId" => {}
                // Said by EC2 where the description has no answer at all.
                "return" if output.is_null() => {}
                _ => self.check_member(self.shape(output), child, "answer", problems),
            }
        }
    }

    /// An element that should be a member of a structure.
    fn check_member(self, shape: &'a Value, node: Node<'_, '_>, place: &str, problems: &mut Vec<String>) {
        let name = node.tag_name().name();
        let place = format!("{place}/{name}");
        let mut members = shape["members"].as_object().into_iter().flatten();
        match members.find(|(member, described)| described["locationName"].as_str().unwrap_or(member) == name) {
            None => problems.push(format!("{place}: unknown element")),
            Some((_, member)) => self.check_element(self.shape(member), node, &place, problems),
        }
    }

    fn check_element(self, shape: &'a Value, node: Node<'_, '_>, place: &str, problems: &mut Vec<String>) {
        match shape["type"].as_str() {
            Some("structure") => elements(node).for_each(|child| self.check_member(shape, child, place, problems)),
            Some("list") => {
                let item = shape["member"]["locationName"].as_str().unwrap_or("member");
                for child in elements(node) {
                    if child.tag_name().name() != item {
                        problems.push(format!("{place}: {} instead of {item}", child.tag_name().name()));
                    }
                    self.check_element(self.shape(&shape["member"]), child, place, problems);
                }
            }
            _ if elements(node).next().is_some() => problems.push(format!("{place}: elements in a scalar")),
            _ => {
                problems
                    .extend(scalar(shape, node.text().unwrap_or_default()).map(|wrong| format!("{place}: {wrong}")));
            }
        }
    }

    fn check_json(self, place: &str, reference: &'a Value, value: &Value, problems: &mut Vec<String>) {
        let shape = self.shape(reference);
        match (shape["type"].as_str(), value) {
            (Some("structure"), Value::Object(fields)) => {
                for (name, value) in fields {
                    let place = format!("{place}/{name}");
                    match shape["members"].get(name) {
                        Some(member) => self.check_json(&place, member, value, problems),
                        None => problems.push(format!("{place}: unknown field")),
                    }
                }
            }
            (Some("list"), Value::Array(values)) => {
                values.iter().for_each(|value| self.check_json(place, &shape["member"], value, problems));
            }
            (Some("string"), Value::String(text)) => {
                problems.extend(scalar(shape, text).map(|wrong| format!("{place}: {wrong}")));
            }
            (Some("integer" | "long"), Value::Number(number)) if number.is_i64() => {}
            (Some("timestamp" | "double" | "float"), Value::Number(_)) | (Some("boolean"), Value::Bool(_)) => {}
            (kind, _) => problems.push(format!("{place}: no {}", kind.unwrap_or("known shape"))),
        }
    }
}

/// The name of a member in a form of EC2's protocol.
fn parameter(member: &str, described: &Value) -> String {
    if let Some(name) = described["queryName"].as_str() {
        return name.to_owned();
    }
    let name = described["locationName"].as_str().unwrap_or(member);
    let (first, rest) = name.split_at(name.len().min(1));
    format!("{}{rest}", first.to_uppercase())
}

/// What is wrong with a scalar.
fn scalar(shape: &Value, text: &str) -> Option<String> {
    let fits = match shape["type"].as_str().unwrap_or_default() {
        "string" => shape["enum"].as_array().is_none_or(|words| words.iter().any(|word| word == text)),
        "integer" | "long" => text.parse::<i64>().is_ok(),
        "double" | "float" => text.parse::<f64>().is_ok(),
        "boolean" => text == "true" || text == "false",
        "timestamp" => text.parse::<Timestamp>().is_ok(),
        "blob" => BASE64_STANDARD.decode(text).is_ok(),
        _ => false,
    };
    (!fits).then(|| format!("{text:?} is no {}", shape["type"].as_str().unwrap_or("scalar")))
}

fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}
