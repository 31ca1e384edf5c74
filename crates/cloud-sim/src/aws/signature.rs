//! Who signs a request, and for where: the head of Signature Version 4,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>.
//! The signature itself is not computed: a simulator has no secret.

use crate::Request;

/// What the `Authorization` header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) key_id: String,
    pub(super) region: String,
    pub(super) service: String,
}

/// Reads the signature, where there is a whole one.
pub(super) fn read(request: &Request) -> Option<Signature> {
    let header = request.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let rest = header.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let part = |name: &str| rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let hexadecimal = |text: &str| text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    part("Signature").filter(|text| hexadecimal(text))?;
    part("SignedHeaders").filter(|names| names.split(';').any(|name| name == "host"))?;
    request.headers.get("x-amz-date")?;
    let scope: Vec<&str> = part("Credential")?.split('/').collect();
    let [key_id, date, region, service, "aws4_request"] = scope.as_slice() else {
        return None;
    };
    let dated = date.len() == 8 && date.bytes().all(|digit| digit.is_ascii_digit());
    let whole = dated && !key_id.is_empty() && !region.is_empty() && !service.is_empty();
    whole.then(|| Signature {
        key_id: (*key_id).to_owned(),
        region: (*region).to_owned(),
        service: (*service).to_owned(),
    })
}
