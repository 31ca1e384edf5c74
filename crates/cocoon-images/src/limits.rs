//! How much an image may be, and how long it may take.

use std::time::Duration;

/// Bounds of what a pull takes from others. What is over one is refused with the bound's name, and nothing of it is left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageLimits {
    /// Bytes of one download or layer, as it is sent. 64 GiB unless it is set.
    pub download: u64,
    /// Bytes of one file or layer once it is unpacked, which bounds an endless gzip. 256 GiB unless it is set: holes cost
    /// no room, and most of a raw disk is holes, so that a ratio of sizes says nothing.
    pub unpacked: u64,
    /// Bytes of a disk as its VM sees it. 64 TiB unless it is set.
    pub disk: u64,
    /// The time for one image as a whole. 6 hours unless it is set.
    pub deadline: Duration,
    /// The time in which a server must have sent something. A minute unless it is set.
    pub silence: Duration,
    /// How often a download is taken up again. 8 times unless it is set.
    pub attempts: u32,
    /// The time before the first of these; each further one takes twice as long. A second unless it is set.
    pub pause: Duration,
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self {
            download: 64 << 30,
            unpacked: 256 << 30,
            disk: 64 << 40,
            deadline: Duration::from_secs(6 * 3600),
            silence: Duration::from_secs(60),
            attempts: 8,
            pause: Duration::from_secs(1),
        }
    }
}
