//! The MIME message: a cloud-config and a script, each in a part of its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_types::Result;

use crate::bootstrap::Bootstrap;
use crate::script::Comments;
use crate::sha256::Sha256;
use crate::{check, cloud_config, fit, script};

/// The parts as they are.
pub(crate) fn plain(bootstrap: &Bootstrap) -> Result<String> {
    let config = cloud_config::without_script(bootstrap)?.map(|text| Part::text("text/cloud-config", &text));
    let script = Part::text("text/x-shellscript", &script::beside_cloud_config(bootstrap, Comments::Kept));
    Ok(message(&config.into_iter().chain([script]).collect::<Vec<_>>()))
}

/// The parts compressed; what each is cloud-init sees by its first line.
pub(crate) fn compressed(bootstrap: &Bootstrap) -> Result<String> {
    let config = cloud_config::without_script(bootstrap)?.map(|text| Part::gzip(&text)).transpose()?;
    let script = Part::gzip(&script::beside_cloud_config(bootstrap, Comments::Dropped))?;
    Ok(message(&config.into_iter().chain([script]).collect::<Vec<_>>()))
}

struct Part {
    kind: &'static str,
    encoding: &'static str,
    body: String,
}

impl Part {
    fn text(kind: &'static str, text: &str) -> Self {
        // The longest line that a message may have (<https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1>).
        if check::is_plain(text) && text.lines().all(|line| line.len() <= 998) {
            return Self { kind, encoding: "7bit", body: text.to_owned() };
        }
        Self { kind, encoding: "base64", body: fit::in_lines(&STANDARD.encode(text)) }
    }

    fn gzip(text: &str) -> Result<Self> {
        Ok(Self { kind: "application/gzip", encoding: "base64", body: fit::in_lines(&fit::gzip(text)?) })
    }
}

fn message(parts: &[Part]) -> String {
    let bodies: String = parts.iter().map(|part| part.body.as_str()).collect();
    // A sum of the parts is in none of them.
    let boundary = format!("first-boot-{}", &Sha256::of(bodies.as_bytes()).as_str()[..16]);
    let mut text = format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\n\n");
    for Part { kind, encoding, body } in parts {
        text += &format!("--{boundary}\nContent-Type: {kind}; charset=\"utf-8\"\n");
        text += &format!("Content-Transfer-Encoding: {encoding}\n\n{body}\n");
    }
    text + &format!("--{boundary}--\n")
}
