//! `filter` expressions of lists, <https://google.aip.dev/160>: comparisons with `=`, `!=`, `<`,
//! `<=`, `>`, `>=` and `:` (has), `eq` and `ne` with regular-expression-free text, joined by `AND`
//! (also by a space), `OR`, `NOT` and parentheses.

use serde_json::Value;

use super::errors::{self, ApiError};
use crate::Request;

/// A filter that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare(String, Operator, String),
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Has,
}

impl Filter {
    /// The filter of a request; everything passes where it has none.
    pub(super) fn of(request: &Request) -> Result<Option<Self>, ApiError> {
        let Some(text) = request.param("filter").filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let wrong = || errors::invalid("filter", format!("'{text}'. Invalid list filter expression."));
        let tokens = tokens(text).ok_or_else(wrong)?;
        let mut reader = Reader { tokens, at: 0 };
        let filter = reader.any().ok_or_else(wrong)?;
        if reader.at < reader.tokens.len() {
            return Err(wrong());
        }
        Ok(Some(filter))
    }

    /// Whether a resource, as an answer shows it, passes.
    pub(super) fn matches(&self, resource: &Value) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.matches(resource)),
            Self::Any(any) => any.iter().any(|one| one.matches(resource)),
            Self::Not(inner) => !inner.matches(resource),
            Self::Compare(path, operator, wanted) => {
                let found = path.split('.').try_fold(resource, |value, part| value.get(part));
                compare(found, *operator, wanted)
            }
        }
    }
}

fn compare(found: Option<&Value>, operator: Operator, wanted: &str) -> bool {
    let Some(found) = found else {
        return operator == Operator::Unequal;
    };
    let text = match found {
        Value::String(text) => text.clone(),
        Value::Array(values) => return values.iter().any(|value| compare(Some(value), operator, wanted)),
        Value::Object(fields) => return operator == Operator::Has && (wanted == "*" || fields.contains_key(wanted)),
        other => other.to_string(),
    };
    let order = match (text.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(one), Ok(other)) => one.partial_cmp(&other),
        _ => Some(text.as_str().cmp(wanted)),
    };
    match operator {
        Operator::Equal => same(&text, wanted),
        Operator::Unequal => !same(&text, wanted),
        Operator::Has => wanted == "*" || text.to_lowercase().contains(&wanted.to_lowercase()),
        Operator::Less => order.is_some_and(std::cmp::Ordering::is_lt),
        Operator::AtMost => order.is_some_and(std::cmp::Ordering::is_le),
        Operator::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
        Operator::AtLeast => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

/// Equal, where `wanted` may begin or end with a star.
fn same(text: &str, wanted: &str) -> bool {
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (_, Some(start)) if !start.starts_with('*') => text.starts_with(start),
        (Some(end), None) => text.ends_with(end),
        _ => text == wanted,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Operator(Operator),
    Word(String),
    Quoted(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, used) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' | '\'' => quoted(rest, first)?,
            _ => operator(rest).or_else(|| word(rest))?,
        };
        tokens.push(token);
        rest = rest[used..].trim_start();
    }
    Some(tokens)
}

fn operator(text: &str) -> Option<(Token, usize)> {
    const SIGNS: [(&str, Operator); 7] = [
        ("!=", Operator::Unequal),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("=", Operator::Equal),
        ("<", Operator::Less),
        (">", Operator::Greater),
        (":", Operator::Has),
    ];
    let (sign, operator) = SIGNS.into_iter().find(|(sign, _)| text.starts_with(sign))?;
    Some((Token::Operator(operator), sign.len()))
}

fn quoted(text: &str, quote: char) -> Option<(Token, usize)> {
    let mut word = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, one)) = characters.next() {
        match one {
            '\\' => word.push(characters.next()?.1),
            one if one == quote => return Some((Token::Quoted(word), at + 1)),
            one => word.push(one),
        }
    }
    None
}

fn word(text: &str) -> Option<(Token, usize)> {
    let ends = |one: char| one.is_whitespace() || "()=!<>:\"'".contains(one);
    // A value such as a moment or an address may hold colons; a field never does.
    let end = text.find(ends).unwrap_or(text.len());
    (end > 0).then(|| (Token::Word(text[..end].to_owned()), end))
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn any(&mut self) -> Option<Filter> {
        let mut parts = vec![self.all()?];
        while self.keyword("OR") {
            parts.push(self.all()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Filter::Any(parts) })
    }

    fn all(&mut self) -> Option<Filter> {
        let mut parts = vec![self.one()?];
        loop {
            let joined = self.keyword("AND");
            let next = self.tokens.get(self.at);
            let ends = matches!(next, None | Some(Token::Close)) || next == Some(&Token::Word("OR".to_owned()));
            if ends && !joined {
                break;
            }
            parts.push(self.one()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
    }

    fn one(&mut self) -> Option<Filter> {
        if self.keyword("NOT") {
            return Some(Filter::Not(Box::new(self.one()?)));
        }
        match self.take()? {
            Token::Open => {
                let inner = self.any()?;
                (self.take()? == Token::Close).then_some(inner)
            }
            Token::Word(field) if field.starts_with('-') && field.len() > 1 => {
                Some(Filter::Not(Box::new(self.comparison(field[1..].to_owned())?)))
            }
            Token::Word(field) => self.comparison(field),
            _ => None,
        }
    }

    fn comparison(&mut self, field: String) -> Option<Filter> {
        let operator = match self.take()? {
            Token::Operator(operator) => operator,
            Token::Word(word) if word == "eq" => Operator::Equal,
            Token::Word(word) if word == "ne" => Operator::Unequal,
            _ => return None,
        };
        match self.take()? {
            Token::Word(value) | Token::Quoted(value) => Some(Filter::Compare(field, operator, value)),
            _ => None,
        }
    }

    fn keyword(&mut self, word: &str) -> bool {
        let is = self.tokens.get(self.at).is_some_and(|token| matches!(token, Token::Word(found) if found == word));
        self.at += usize::from(is);
        is
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn passes(filter: &str) -> Option<bool> {
        let mut reader = Reader { tokens: tokens(filter)?, at: 0 };
        let filter = reader.any()?;
        let resource = json!({"name": "web-1", "status": "RUNNING", "sizeGb": "20", "labels": {"env": "prod"},
            "tags": {"items": ["a", "b"]}});
        (reader.at == reader.tokens.len()).then(|| filter.matches(&resource))
    }

    #[test]
    fn comparisons_join_as_written() {
        for yes in [
            "name=web-1",
            "name = \"web-1\"",
            "(labels.env = \"prod\")",
            "labels.env:*",
            "labels.env=prod AND status=RUNNING",
            "(labels.env = prod) (status = RUNNING)",
            "name=x OR name=web-1",
            "NOT name=x",
            "-labels.other:*",
            "labels.other != x",
            "sizeGb > 9",
            "name eq web-1",
            "name = web-*",
            "tags.items=b",
            "name:EB",
        ] {
            assert_eq!(passes(yes), Some(true), "{yes}");
        }
        for no in ["name=web", "labels.env=dev", "labels.other:*", "name=web-1 AND status=TERMINATED", "sizeGb<3"] {
            assert_eq!(passes(no), Some(false), "{no}");
        }
        for wrong in ["name", "name=", "(name=x", "name=x)", "= x", "name=x AND", "name='x"] {
            assert_eq!(passes(wrong), None, "{wrong}");
        }
    }
}
