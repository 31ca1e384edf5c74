//! One host of the trial with all that belongs to it: its user data, its disks, its keys, and the server that it asks.

use std::path::Path;
use std::time::Duration;

use cloud_bootstrap::{
    Bootstrap, Bundle, Command, DataDisk, File, Format, HostKey, Mode, OneUse, ReadySignal, Sha256, Swap, Token, Unit,
    User,
};
use cloud_reach::{Session, Ssh, SshPrivateKey};
use cloud_types::{CloudProvider, CloudProviderExt, Error, HostState, MiB, Rung, SshPublicKey, StopMode, Wait};

use crate::host::Host;
use crate::image::seed;
use crate::machine::Disks;
use crate::server::Server;
use crate::trial::Trial;
use crate::{Result, bundle};

/// A host that was never on so far.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) host: Host,
    pub(crate) server: Server,
    /// The public half of the key that it shall have.
    pub(crate) host_key: SshPublicKey,
    ssh: Ssh,
}

impl Guest {
    /// A host of this name with this data disk, whose bundle shall have this checksum.
    pub(crate) async fn new(trial: &Trial, name: &str, data: &Path, format: Format, sum: Sha256) -> Result<Self> {
        let secrets = OneUse::new();
        let secret = secrets.issue(FETCHED.to_owned().into(), READY)?;
        let ear = Token::new(format!("{:032x}", fastrand::u128(..)))?;
        let server = Server::start(trial.bundle.clone(), secrets, ear.clone()).await?;
        let (user_key, host_key) = (SshPrivateKey::generate()?, HostKey::generate()?);
        let announced = host_key.public().clone();
        let url = |path: &str| server.url(OUTSIDE, path);
        let bootstrap = bootstrap(user_key.public().clone(), host_key)?
            .bundle(Bundle::new(bundle::NAME, &url("/bundle.tar.gz"), sum)?)
            .file(File::fetched(FETCHED_FILE, &url("/secret"), secret)?)
            .ready_signal(ReadySignal::post(&url("/ready"), ear)?);

        let file = |ending: &str| trial.path(&format!("{name}.{ending}"));
        let disks = Disks { boot: file("qcow2"), data: data.to_owned(), seed: file("iso") };
        trial.image.overlay(&disks.boot)?;
        seed(&disks.seed, name, bootstrap.render(format, LIMIT)?)?;

        let host = Host::new(name, trial.image.clone(), disks, file("console"))?;
        let ssh = Ssh::new(USER, user_key, cloud_reach::HostKey::known(announced.clone()))
            .boot_id(bootstrap.boot_id())
            .port(host.ssh_port());
        Ok(Self { host, server, host_key: announced, ssh })
    }

    /// Turns it on and waits until it is ready; gives the rungs it came by, with the second that it reached each.
    pub(crate) async fn boot(&self) -> std::result::Result<Vec<(Rung, u64)>, Error> {
        let mut rungs = Vec::new();
        let id = self.host.host_id();
        self.host.start_host(id).await?;
        let wait = Wait::within(READY).through(&self.ssh).on_progress(|seen| {
            rungs.extend(seen.reached.map(|rung| (rung, seen.elapsed.as_secs())));
        });
        self.host.wait_ready(id, wait).await?;
        Ok(rungs)
    }

    /// Logs in.
    pub(crate) async fn session(&self) -> std::result::Result<Session, Error> {
        self.ssh.session(std::net::Ipv4Addr::LOCALHOST.into()).await
    }

    /// Asks its system to shut down, and waits until it is off.
    pub(crate) async fn shut_down(&self) -> std::result::Result<(), Error> {
        let id = self.host.host_id();
        self.host.stop_host(id, StopMode::Graceful).await?;
        self.host.wait_for_state(id, HostState::Stopped, Wait::within(OFF)).await?;
        Ok(())
    }
}

/// Something of all that a host can be given, packages aside: those would ask a mirror.
fn bootstrap(user_key: SshPublicKey, host_key: HostKey) -> cloud_types::Result<Bootstrap> {
    Ok(Bootstrap::new()
        .host_key(host_key)
        .user(User::new(USER)?.sudo().key(user_key))
        .file(File::text(FILE, TEXT)?.mode(Mode::new(0o640)?).owner(USER)?)
        .file(File::secret(SECRET_FILE, "hunter2\n".to_owned())?)
        .command(Command::shell(format!("echo \"$WORD\" >> {COMMANDS}"))?.env("WORD", "once")?)
        .data_disk(DataDisk::new(DATA)?)
        .swap(Swap::new(MiB(64))?)
        .unit(Unit::new(bundle::NAME, [format!("/opt/{}/bin/serve", bundle::NAME), format!("{DATA}/starts")])?))
}

/// Who logs in.
pub(crate) const USER: &str = "app";
/// A file that is written, and what is in it: what shells, YAML and editors like to change.
pub(crate) const FILE: &str = "/etc/boot-trial/plain.conf";
pub(crate) const TEXT: &str = "on: 'yes'\n\t\"$HOME\" `id` é 🦀 \\n #\n\n  trailing \n";
/// A file that nobody but root shall read.
pub(crate) const SECRET_FILE: &str = "/etc/boot-trial/secret";
/// A secret that is fetched, and where it goes.
pub(crate) const FETCHED: &str = "correct horse\n";
pub(crate) const FETCHED_FILE: &str = "/etc/boot-trial/fetched";
/// Gets a line each time that the command is run.
pub(crate) const COMMANDS: &str = "/var/lib/boot-trial-commands";
/// Where the data disk is mounted.
pub(crate) const DATA: &str = "/srv/data";

/// This machine, as hosts in QEMU's network see it.
const OUTSIDE: &str = "10.0.2.2";
/// The least that a provider takes, so that what is booted fits everywhere.
const LIMIT: usize = 16 * 1024;
/// An emulated first boot takes 40 seconds, and beside a dozen compilers more than 300.
const READY: Duration = Duration::from_secs(600);
const OFF: Duration = Duration::from_secs(90);
