//! Images: pulled from servers that are not trusted, kept by their content, removed when nobody needs them.
//!
//! ```no_run
//! # async fn run() -> cloud_types::Result<()> {
//! use cocoon_images::{Images, Pull};
//!
//! let images = Images::new("/srv/images");
//! let pulled = images.pull(&Pull::new("official://debian/12")).await?;
//! println!("{} is in {}", pulled.image.name, images.blob(&pulled.image.disk.blob).display());
//! # Ok(()) }
//! ```
//!
//! | Path below the images' directory | What it is |
//! |---|---|
//! | `blobs/sha256/HEX` | a disk, a kernel or the like, called by the SHA-256 of its content; never changed |
//! | `records/HEX.json` | what an image is: its disk, how it boots |
//! | `names/HASH.json` | what an image is called, and what was verified when it was pulled |
//! | `layers/HEX.json` | the files that were in a registry's layer, so that it is pulled once; one of a root file system is a blob itself |
//! | `parts/` | files on their way in; each is free for all while nobody holds its own lock |
//! | `leases/` | what running commands need that no record names so far; likewise |
//! | `lock` | held beside others by who writes a record or a lease, alone by who removes |
//!
//! A blob is durable before a record names it, and a record before a name does. Whatever is killed in between leaves what
//! nothing names, which [`Images::collect`] finds.

mod catalogue;
mod checksum_file;
mod collect;
mod config;
mod digest;
mod ext4;
mod http;
mod image_file;
mod keep;
mod kernel;
mod kind;
mod layer;
mod layer_pull;
mod lease;
mod limits;
mod login;
mod official;
mod part;
mod partition;
mod paths;
mod progress;
mod pull;
mod qcow2;
mod record;
mod registry;
mod registry_pull;
mod root;
mod root_pull;
mod source;
mod store;
pub mod system;
mod tar;
mod unpack;
mod zstd;

pub use collect::{Deleted, Unused};
pub use digest::Digest;
pub use ext4::{Growth, growth};
pub use image_file::ImageFile;
pub use keep::{NewSnapshot, SnapshotNote, StoredSnapshot};
pub use kernel::DirectKernel;
pub use kind::DiskFormat;
pub use lease::Lease;
pub use limits::ImageLimits;
pub use login::Login;
pub use partition::Firmware;
pub use progress::{PullProgress, PullStep};
pub use pull::{Pull, Pulled};
pub use record::{Boot, ImageDisk, ImageKernel, Verified};
pub use store::{Images, StoredImage};
