//! Answers that no good server gives, for tests of clients.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::face::tokens;
use crate::{Reply, Request};

/// A way in which an answer is hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hostile {
    /// Ten million bytes of valid JSON or XML.
    HugeBody,
    /// A hundred thousand arrays or elements inside each other.
    DeepNesting,
    /// Every number a string and every string a number; in XML, numbers and flags are words.
    WrongTypes,
    /// Each page names a next page that is one higher, for ever.
    EndlessPages,
    /// Each page names itself as the next one.
    RepeatedPage,
    /// Bytes that are no UTF-8 inside a text.
    InvalidUtf8,
}

impl Hostile {
    /// Spoils a good answer.
    pub(crate) fn spoil(self, request: &Request, mut reply: Reply) -> Reply {
        reply.status = match reply.status.is_success() {
            true => reply.status,
            false => StatusCode::OK,
        };
        if reply.content_type.contains("xml") {
            reply.body = self.spoil_xml(request, &String::from_utf8_lossy(&reply.body)).into();
            return reply;
        }
        let good = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        reply.body = match self {
            Self::HugeBody => format!("{{\"filler\":\"{}\"}}", "x".repeat(HUGE)).into(),
            Self::DeepNesting => format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP)).into(),
            Self::WrongTypes => swap_types(good).to_string().into(),
            Self::EndlessPages => with_next_page(request, good, 1).to_string().into(),
            Self::RepeatedPage => with_next_page(request, good, 0).to_string().into(),
            Self::InvalidUtf8 => b"{\"server\":{\"name\":\"\xff\xfe\xc3(\"}}".to_vec().into(),
        };
        reply
    }

    fn spoil_xml(self, request: &Request, good: &str) -> Vec<u8> {
        match self {
            Self::HugeBody => format!("<filler>{}</filler>", "x".repeat(HUGE)).into(),
            Self::DeepNesting => format!("{}{}", "<a>".repeat(DEEP), "</a>".repeat(DEEP)).into(),
            Self::WrongTypes => swap_words(good).into(),
            Self::EndlessPages => with_next_token(request, good, 1).into(),
            Self::RepeatedPage => with_next_token(request, good, 0).into(),
            Self::InvalidUtf8 => b"<name>\xff\xfe\xc3(</name>".to_vec(),
        }
    }
}

/// Numbers and flags of elements become words.
fn swap_words(good: &str) -> String {
    let mut swapped = String::new();
    for part in good.split_inclusive('>') {
        let (text, tag) = part.split_once('<').unwrap_or((part, ""));
        let is_number = !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit());
        swapped.push_str(if is_number || text == "true" || text == "false" { "many" } else { text });
        if !tag.is_empty() {
            swapped.push('<');
            swapped.push_str(tag);
        }
    }
    swapped
}

/// Puts the token of a page behind that of the request: lists take the number that they go on after.
fn with_next_token(request: &Request, good: &str, ahead: u64) -> String {
    let sent = request.form().into_iter().find(|(name, _)| name == "NextToken");
    let number = sent.and_then(|(_, token)| tokens::read_base64("after", &token));
    let next = tokens::base64("after", number.unwrap_or(0) + ahead);
    let (body, end) = good.rsplit_once("</").unwrap_or((good, ""));
    let body = body.split_once("<nextToken>").map_or(body, |(before, _)| before);
    format!("{body}<nextToken>{next}</nextToken></{end}")
}

fn swap_types(value: Value) -> Value {
    match value {
        Value::Null => json!([]),
        Value::Bool(value) => json!(value.to_string()),
        Value::Number(value) => json!(value.to_string()),
        Value::String(value) => json!(value.len()),
        Value::Array(values) => values.into_iter().map(swap_types).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, swap_types(value))).collect(),
    }
}

fn with_next_page(request: &Request, mut value: Value, ahead: u64) -> Value {
    let page = request.param("page").and_then(|page| page.parse().ok());
    let next = page.unwrap_or(1_u64) + ahead;
    if let Some(pagination) = value.pointer_mut("/meta/pagination") {
        pagination["next_page"] = json!(next);
        pagination["last_page"] = json!(next.max(1_000_000));
    }
    let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) || value["skus"].is_array();
    if is_list {
        let number = request.param("pageToken").and_then(number_of).unwrap_or(1);
        value["nextPageToken"] = json!(token(number + ahead));
    }
    value
}

/// A page token that lists with tokens take for one before their first item: a `!` and a number.
fn token(number: u64) -> String {
    tokens::hexadecimal(&format!("!{number}"))
}

fn number_of(token: &str) -> Option<u64> {
    tokens::read_hexadecimal(token)?.strip_prefix('!')?.parse().ok()
}

const HUGE: usize = 10_000_000;
const DEEP: usize = 100_000;
