//! Answers as XML: a tree of fields, and the writer that escapes.

use jiff::Timestamp;

/// A part of an answer.
#[derive(Debug, Clone)]
pub(super) enum Xml {
    /// Left out.
    Absent,
    /// A scalar.
    Text(String),
    /// Elements with names, in their order.
    Fields(Vec<(&'static str, Xml)>),
    /// A list, each entry an `<item>`.
    Items(Vec<Xml>),
}

/// Fields of an answer: `fields! { "instanceId" => id, "tagSet" => tags }`; what is `None` is left out.
macro_rules! fields {
    ($($name:literal => $value:expr),* $(,)?) => {
        $crate::aws::xml::Xml::Fields(vec![$(($name, $crate::aws::xml::Xml::from($value))),*])
    };
}
pub(super) use fields;

impl Xml {
    /// Adds a field to fields.
    pub(super) fn push(&mut self, name: &'static str, value: impl Into<Self>) {
        if let Self::Fields(fields) = self {
            fields.push((name, value.into()));
        }
    }

    /// Writes the part as the content of its element.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Absent => {}
            Self::Text(text) => escape(text, out),
            Self::Fields(fields) => fields.iter().for_each(|(name, value)| write_element(name, value, out)),
            Self::Items(items) => items.iter().for_each(|item| write_element("item", item, out)),
        }
    }
}

fn write_element(name: &str, value: &Xml, out: &mut String) {
    if matches!(value, Xml::Absent) {
        return;
    }
    let start = out.len();
    out.push('<');
    out.push_str(name);
    out.push('>');
    let open = out.len();
    value.write(out);
    if out.len() == open {
        out.truncate(start);
        out.push('<');
        out.push_str(name);
        out.push_str("/>");
        return;
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Writes a text with what XML gives a meaning escaped; what XML cannot hold at all is left out.
pub(super) fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(letter),
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
}

/// A moment as EC2 writes it.
pub(super) fn moment(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

impl From<&str> for Xml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Xml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Xml {
    fn from(flag: bool) -> Self {
        Self::Text(flag.to_string())
    }
}

impl From<u64> for Xml {
    fn from(number: u64) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<u32> for Xml {
    fn from(number: u32) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<i32> for Xml {
    fn from(number: i32) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<Timestamp> for Xml {
    fn from(at: Timestamp) -> Self {
        Self::Text(moment(at))
    }
}

impl From<Vec<Xml>> for Xml {
    fn from(items: Vec<Xml>) -> Self {
        Self::Items(items)
    }
}

impl<T: Into<Self>> From<Option<T>> for Xml {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_empty_elements_closed() {
        let tree = fields! {
            "name" => "a<b>&\"c\"\u{1}",
            "none" => None::<String>,
            "tagSet" => Vec::<Xml>::new(),
            "set" => vec![fields! { "on" => true }, Xml::from(7_u64)],
        };
        let mut out = String::new();
        tree.write(&mut out);
        let set = "<set><item><on>true</on></item><item>7</item></set>";
        assert_eq!(out, format!("<name>a&lt;b&gt;&amp;&quot;c&quot;</name><tagSet/>{set}"));
    }
}
