//! Bundles: archives from a URL, with their sums.

use cloud_types::Result;

use crate::address::Address;
use crate::check;
use crate::secret::Token;
use crate::sha256::Sha256;

/// A tar archive, compressed or not, that is unpacked to `/opt/NAME`, all of it or nothing.
///
/// A download that breaks off goes on where it ended, up to eight times. The sum is checked before anything is unpacked;
/// where it differs, the file is removed and the first boot fails with both sums.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(crate) name: String,
    pub(crate) url: Address,
    pub(crate) sha256: Sha256,
    pub(crate) token: Option<Token>,
}

impl Bundle {
    /// A bundle: its name, 1 to 64 of `A-Za-z0-9._-`, a letter or digit first; where it is; the sum of the archive.
    ///
    /// Plain `http` is taken: the sum tells whether it is the right one.
    ///
    /// # Errors
    /// `InvalidRequest` where the name or the URL is none.
    pub fn new(name: &str, url: &str, sha256: Sha256) -> Result<Self> {
        let name = check::word("bundle.name", name)?;
        Ok(Self { name, url: Address::parse("bundle.url", url)?, sha256, token: None })
    }

    /// Sends a bearer token along; a redirect to another host does not get it.
    ///
    /// # Errors
    /// `InvalidRequest` where the URL is neither `https` nor `http` to an address of a private network.
    pub fn token(mut self, token: Token) -> Result<Self> {
        self.url.check_private("bundle.url")?;
        self.token = Some(token);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_prints_neither_its_token_nor_its_query() {
        let sum = Sha256::of(b"x");
        let bundle = Bundle::new("a", "https://example.com/a.tgz?sig=hunter2", sum.clone()).unwrap();
        let bundle = bundle.token(Token::new("hunter3").unwrap()).unwrap();
        assert!(!format!("{bundle:?}").contains("hunter"), "{bundle:?}");
        let open = Bundle::new("a", "http://example.com/a.tgz", sum).unwrap();
        assert!(open.token(Token::new("hunter3").unwrap()).is_err(), "a token is not sent in the clear");
    }
}
