//! Queries and forms: pairs with percent encoding.

/// The pairs of a query or a form, in their order.
pub(crate) fn decode_pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Undoes percent encoding and `+`; a bad escape stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = text_of_escape(rest);
        rest = tail;
        match (first, escape) {
            (b'+', _) => bytes.push(b' '),
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &rest[2..];
            }
            (byte, None) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text_of_escape(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_in_order() {
        let query = decode_pairs("label_selector=env%20in%20(a%2Cb)&id=1&id=2&x&y=%zz+%e4");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            query,
            [
                pair("label_selector", "env in (a,b)"),
                pair("id", "1"),
                pair("id", "2"),
                pair("x", ""),
                pair("y", "%zz \u{fffd}"),
            ]
        );
    }
}
