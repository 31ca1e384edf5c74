//! The address of something that a host fetches or posts to.

use std::fmt;

use cloud_types::{Error, Result};
use url::{Host, Url};

/// An `http` or `https` URL without a user, a password or a fragment. `Debug` leaves out the query, which in signed URLs
/// is as good as a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(Url);

impl Address {
    pub(crate) fn parse(field: &'static str, text: &str) -> Result<Self> {
        // The text is not repeated: its query may be a secret.
        let url = Url::parse(text).map_err(|error| Error::invalid(field, format!("must be a URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(Error::invalid(field, "must begin with https:// or http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::invalid(field, "must not hold a user or a password: give a token"));
        }
        if url.fragment().is_some() {
            return Err(Error::invalid(field, "must not have a fragment"));
        }
        Ok(Self(url))
    }

    /// As [`parse`](Self::parse), for an address that a token or a secret travels to: `http` only where the host is given
    /// as an address of a private network or of the machine itself.
    pub(crate) fn parse_private(field: &'static str, text: &str) -> Result<Self> {
        let address = Self::parse(field, text)?;
        address.check_private(field)?;
        Ok(address)
    }

    pub(crate) fn check_private(&self, field: &'static str) -> Result<()> {
        let near = match self.0.host() {
            Some(Host::Ipv4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
            Some(Host::Ipv6(ip)) => ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local(),
            _ => false,
        };
        if self.0.scheme() == "https" || near {
            return Ok(());
        }
        Err(Error::invalid(field, "must begin with https://: a token goes to it"))
    }

    /// As it is sent. A backslash, which a query may hold, is encoded: curl's configuration would take it for an escape.
    pub(crate) fn to_text(&self) -> String {
        self.0.as_str().replace('\\', "%5C")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        shown.set_query(None);
        f.write_str(shown.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_taken() {
        for bad in ["", "a", "ftp://a/b", "file:///etc/passwd", "https://me:pass@a/b", "https://a/b#c", "https:///"] {
            assert_eq!(Address::parse("url", bad).unwrap_err().field(), Some("url"), "{bad}");
        }
    }

    #[test]
    fn a_token_goes_over_tls_or_to_a_private_address() {
        for good in ["https://example.com/a", "http://10.0.2.2:80/a", "http://127.0.0.1/a", "http://[fd00::1]/a"] {
            assert!(Address::parse_private("url", good).is_ok(), "{good}");
        }
        for bad in ["http://example.com/a", "http://8.8.8.8/a", "http://localhost/a"] {
            assert!(Address::parse_private("url", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_the_shell_and_curl_would_read_is_encoded() {
        let address = Address::parse("url", "https://a/\"x\" y\n?q=\\\"'$z").unwrap().to_text();
        assert!(!address.contains(['"', '\\', '\n', ' ', '\'']), "{address}");
    }

    #[test]
    fn a_signed_query_is_not_printed() {
        let address = Address::parse("url", "https://a/b?signature=hunter2").unwrap();
        assert_eq!(format!("{address:?}"), "https://a/b");
    }
}
