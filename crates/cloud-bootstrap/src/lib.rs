//! First-boot user data, made once for every provider.
//!
//! A [`Bootstrap`] says what a fresh host shall have: users and SSH keys, its own SSH host key, packages, files,
//! commands, podman, a btrfs data disk, swap, bundles from a URL, systemd units. [`Bootstrap::render`] makes the
//! [`UserData`](cloud_types::UserData) of it. When the host is done it says so by a
//! [`BootSignal`](cloud_types::BootSignal): `ready`, or `failed` with the step and what that said.
//!
//! ```
//! use cloud_bootstrap::{Bootstrap, Bundle, DataDisk, File, Format, HostKey, Unit, User};
//!
//! let host_key = HostKey::generate()?; // store it: who connects expects its public half
//! let admin = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@laptop".parse()?;
//! let sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".parse()?;
//!
//! let bootstrap = Bootstrap::new()
//!     .host_key(host_key)
//!     .user(User::new("deploy")?.sudo().key(admin))
//!     .package("git".parse()?)
//!     .file(File::text("/etc/motd", "A host of ours.\n")?)
//!     .podman()
//!     .data_disk(DataDisk::new("/srv/data")?)
//!     .bundle(Bundle::new("project-host", "https://example.com/project-host.tar.gz", sum)?)
//!     .unit(Unit::new("project-host", ["/opt/project-host/bin/serve", "--data", "/srv/data"])?);
//!
//! let limit = 32 * 1024; // of the provider: `capabilities().user_data_bytes`
//! let user_data = bootstrap.render(Format::CloudConfig, limit)?;
//! assert!(user_data.expose().starts_with("#cloud-config\n"));
//! # Ok::<(), cloud_types::Error>(())
//! ```
//!
//! # Which format
//!
//! | Image | Take |
//! | --- | --- |
//! | with cloud-init (nearly all) | [`Format::CloudConfig`] |
//! | with cloud-init, much content, a small limit | [`Format::Mime`]: the smallest when compressed |
//! | without cloud-init, or not known | [`Format::Script`]: cloud-init runs it too, but sets users and host key late |
//!
//! With a cloud-config the host key is in place before `sshd` first starts. A script puts it there within the first boot:
//! until then the host answers with a key that nobody announced, which who connects must refuse.
//!
//! # Same in, same out
//!
//! A `Bootstrap` always renders the same bytes, so that a create that is repeated is known to be the same wish. That holds
//! for a [`HostKey`] and tokens that were stored, not for ones that are generated anew.
//!
//! # Secrets
//!
//! User data can be read by every program on the host that may reach the provider's metadata, and by who may read the
//! host at the provider. A secret in it is marked ([`File::secret`], [`Command::secret_env`], [`Unit::secret_env`]): it is
//! never printed, and is cut out of what a failed step says. Better, it is not in it at all: [`File::fetched`] has an
//! address and a token that is good for one time, which [`OneUse`] keeps at the service's side.

mod address;
mod bootstrap;
mod bundle;
mod check;
mod cloud_config;
mod command;
mod disk;
mod file;
mod fit;
mod host_key;
mod mime;
mod nocloud;
mod one_use;
mod package;
mod plan;
mod script;
mod secret;
mod sha256;
mod signal;
mod steps;
mod unit;
mod user;

pub use bootstrap::{Bootstrap, Format};
pub use bundle::Bundle;
pub use command::Command;
pub use disk::{DataDisk, Swap};
pub use file::{File, Mode};
pub use fit::TooLarge;
pub use host_key::HostKey;
pub use nocloud::NoCloud;
pub use one_use::OneUse;
pub use package::Package;
pub use secret::Token;
pub use sha256::Sha256;
pub use signal::ReadySignal;
pub use unit::Unit;
pub use user::User;
