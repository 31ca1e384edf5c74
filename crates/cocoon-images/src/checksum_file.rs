//! Files of checksums beside an image, as distributions publish them.

use cloud_types::Result;
use url::Url;

use crate::digest::Checksum;
use crate::http::{Answer, Get, Http};

/// A checksum that was found beside an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    /// The file that says it.
    pub(crate) url: Url,
    pub(crate) checksum: Checksum,
}

/// Looks for a checksum of what `image` names, in the files in which it would be: `IMAGE.sha256`, and `SHA256SUMS` and
/// others in the same directory.
///
/// # Errors
/// Where a server cannot say whether there is such a file: that nothing was verified must not come of a failure.
pub(crate) async fn find(http: &Http, image: &Url) -> Result<Option<Published>> {
    let Some(name) = image.path_segments().and_then(|mut parts| parts.next_back()).filter(|name| !name.is_empty())
    else {
        return Ok(None);
    };
    let beside = BESIDE.iter().map(|ending| format!("{name}{ending}"));
    let files: Vec<(String, bool)> =
        beside.map(|file| (file, true)).chain(OF_ALL.iter().map(|file| ((*file).to_owned(), false))).collect();
    for (file, of_one) in files {
        let Ok(mut url) = image.join(&file) else { continue };
        // What signs the image's address does not sign this one; servers that need it answer so.
        url.set_query(image.query());
        let answer = match http.small(&Get::new(url.clone()), LARGEST).await {
            // Many stores deny what is not there.
            Err(error) if error.status() == Some(403) => continue,
            answer => answer?,
        };
        if let Answer::Found(body) = answer
            && let Some(checksum) = read(&String::from_utf8_lossy(&body), name, of_one)
        {
            return Ok(Some(Published { url, checksum }));
        }
    }
    Ok(None)
}

/// The checksum of the file `name` in such a file. One that is about one file alone may lack its name.
fn read(text: &str, name: &str, of_one: bool) -> Option<Checksum> {
    text.lines().find_map(|line| {
        let line = line.trim();
        // As BSD writes it: SHA256 (name) = digits.
        if let Some((file, digits)) = line.split_once(" (").and_then(|(_, rest)| rest.split_once(") = ")) {
            return Checksum::from_hex(digits).filter(|_| file == name);
        }
        match line.split_once([' ', '\t']) {
            Some((digits, file)) => {
                let file = file.trim_start().trim_start_matches('*');
                let file = file.strip_prefix("./").unwrap_or(file);
                Checksum::from_hex(digits).filter(|_| file == name)
            }
            None => Checksum::from_hex(line).filter(|_| of_one),
        }
    })
}

const BESIDE: &[&str] = &[".sha256", ".sha256sum", ".SHA256SUM", ".sha512"];
const OF_ALL: &[&str] = &["SHA256SUMS", "SHA512SUMS", "CHECKSUM", "sha256sum.txt"];

/// Ubuntu's has some kilobytes.
const LARGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;

    #[test]
    fn the_forms_in_which_distributions_publish_are_read() {
        let digest = Digest::of(b"x");
        let hex = digest.hex();
        for text in [
            format!("{hex}  a.img"),
            format!("# comment\n{hex} *a.img\n"),
            format!("{hex}\t./a.img"),
            format!("SHA256 (a.img) = {hex}"),
            hex.clone(),
        ] {
            assert_eq!(read(&text, "a.img", true), Some(Checksum::Sha256(digest)), "{text}");
        }
        let long = "ab".repeat(64);
        assert!(matches!(read(&format!("{long}  a.img"), "a.img", false), Some(Checksum::Sha512(_))));
    }

    #[test]
    fn a_checksum_of_another_file_says_nothing() {
        let hex = Digest::of(b"x").hex();
        for text in
            [format!("{hex}  b.img"), format!("{hex}  dir/a.img"), format!("SHA256 (b.img) = {hex}"), hex.clone()]
        {
            assert_eq!(read(&text, "a.img", false), None, "{text}");
        }
        assert_eq!(read("<html>no such page</html>", "a.img", true), None);
    }
}
