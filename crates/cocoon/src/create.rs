//! Creating a VM: complete before it is seen.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cloud_types::{Error, ErrorKind, GiB, Result, SshPublicKey, UserData};
use cocoon_images::ImageFile;
use cocoon_images::system::blocking;
use cocoon_images::{DirectKernel, DiskFormat, Firmware};
use jiff::Timestamp;

use crate::hypervisor::{CommandLine, Demands, HypervisorKind, Ovmf};
use crate::network::{Connection, NetworkChoice};
use crate::spec::VmSpec;
use crate::state::{Disk, Ending, FirstBoot, Hardware, Kernel, Power, Record, Stage, Store, Uefi, VmId};
use crate::vm::Vm;
use crate::{Cocoon, crash, disk, error, root_disk, seed};

impl Cocoon {
    /// Makes a VM that does not run yet. It is there as a whole or not at all.
    ///
    /// The system disk lies over the image: a file, which has to stay as it is for as long as the VM exists, or one of
    /// [`images`](Self::images), which does.
    ///
    /// # Errors
    /// `AlreadyExists` where the name is taken; `InvalidRequest` by field where the spec breaks a rule; `Unsupported` where
    /// a program is missing; `QuotaExceeded` where the file system is full.
    pub async fn create(&self, spec: &VmSpec) -> Result<Vm> {
        spec.check()?;
        let resolved = self.resolve(spec).await?;
        let (spec, image) = (&resolved.spec, &resolved.image);
        let size = storage(spec, image)?;
        self.store.prepare().await?;
        // The name is claimed when all is done; who is late shall know it before the work.
        if self.store.read(&spec.name).is_ok() {
            return Err(error::name_taken(&spec.name));
        }
        let mut record = record(spec, image, self.hypervisors.choose(demands(spec, image)))?;
        let network = NetworkChoice::of(spec, record.hypervisor)?;
        network.check_means()?;
        self.check_socket_path(&record)?;
        let stage = self.store.stage().await?;
        let made = match self.new_connection(&stage, &network, &record).await {
            Ok(connection) => {
                record.hardware.connection = connection;
                make(&stage, spec, &record, image, size).await
            }
            Err(error) => Err(error),
        };
        self.publish(stage, &record, made).await?;
        let (store, name) = (self.store.clone(), record.name);
        blocking(move || Vm::observe(&store, &name)).await
    }

    /// Makes what is in `stage` the VM, if it was made; gives the VM's address back where it does not come to be.
    pub(crate) async fn publish(&self, stage: Stage, record: &Record, made: Result<()>) -> Result<()> {
        let published = match made {
            Ok(()) => stage.publish(self.store.layout(), &record.name).await,
            Err(error) => {
                stage.discard().await;
                self.give_address_back(record).await.ok();
                return Err(error);
            }
        };
        // After another failure it may be there all the same.
        if published.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
            self.give_address_back(record).await.ok();
        }
        published
    }

    /// What the first start of such a VM would execute. Nothing is made.
    ///
    /// # Errors
    /// As [`create`](Self::create) has them for the spec and the hypervisor.
    pub async fn plan(&self, spec: &VmSpec) -> Result<CommandLine> {
        spec.check()?;
        let resolved = self.resolve(spec).await?;
        let (spec, image) = (&resolved.spec, &resolved.image);
        storage(spec, image)?;
        let mut record = record(spec, image, self.hypervisors.choose(demands(spec, image)))?;
        record.hardware.connection = self.planned_connection(spec, &record)?;
        self.hypervisor(&record).command(&record, &self.store.paths(&record))
    }

    /// Said now, and not by the hypervisor in words of its own: <https://man7.org/linux/man-pages/man7/unix.7.html>.
    fn check_socket_path(&self, record: &Record) -> Result<()> {
        let path = self.store.paths(record).control_socket();
        // The console's has the same length.
        if path.as_os_str().len() < LONGEST_SOCKET_PATH {
            return Ok(());
        }
        let rule = format!("{} is too long for a socket's path: give a shorter one by `--run-dir`", path.display());
        Err(Error::invalid("run_dir", rule))
    }
}

const LONGEST_SOCKET_PATH: usize = 107;

/// The system disk's size in bytes.
fn storage(spec: &VmSpec, image: &ImageFile) -> Result<u64> {
    let bytes = |size: GiB| u64::from(size.0) << 30;
    match spec.storage {
        Some(size) if bytes(size) < image.size => {
            let rule = format!("the image needs {} bytes, which is more than {size}", image.size);
            Err(Error::invalid("storage", rule))
        }
        Some(size) => Ok(bytes(size)),
        None => Ok(image.size.max(bytes(GiB(10)))),
    }
}

fn record(spec: &VmSpec, image: &ImageFile, hypervisor: HypervisorKind) -> Result<Record> {
    let now = Timestamp::now();
    let overlay =
        |file: String, backing| Disk { file: file.into(), format: DiskFormat::Qcow2, backing, read_only: false };
    let mut disks = vec![overlay("system.qcow2".to_owned(), Some(image.file.clone()))];
    disks.extend((1..=spec.data_disks.len()).map(|number| overlay(format!("data-{number}.qcow2"), None)));
    let first_boot = (!spec.ssh_keys.is_empty() || spec.user_data.is_some() || spec.host.is_some())
        .then(|| FirstBoot { ssh_keys: spec.ssh_keys.iter().map(SshPublicKey::to_openssh).collect() });
    if first_boot.is_some() {
        disks.push(Disk { file: seed::DISK.into(), format: DiskFormat::Raw, backing: None, read_only: true });
    }
    Ok(Record {
        version: crate::state::Version,
        id: VmId::random(),
        name: spec.name.clone(),
        created_at: now,
        hypervisor,
        hardware: Hardware {
            cpus: spec.cpus,
            memory: spec.memory,
            kernel: spec.kernel.as_ref().map(|direct| Kernel {
                file: KERNEL.into(),
                initrd: direct.initrd.as_ref().map(|_| INITRD.into()),
                command_line: direct.command_line.clone(),
            }),
            uefi: uefi(spec, image, hypervisor)?,
            disks,
            mac: mac(),
            published: spec.published.clone(),
            volumes: spec.volumes.clone(),
            connection: Connection::User,
        },
        power: Power::Stopped { ending: Ending::NeverStarted, at: now },
        first_boot,
        snapshots: Vec::new(),
        restoring: None,
        unsettled: false,
        host: spec.host.clone(),
    })
}

/// What is asked of the hypervisor.
fn demands(spec: &VmSpec, image: &ImageFile) -> Demands {
    let cocoons_network = NetworkChoice::may_be_cocoons(spec);
    let (kernel, volumes) = (spec.kernel.is_some(), spec.host.is_some());
    Demands { kernel, firmware: image.firmware, cocoons_network, volumes }
}

/// The firmware of a VM whose disk wants UEFI. Cloud Hypervisor brings its own.
fn uefi(spec: &VmSpec, image: &ImageFile, hypervisor: HypervisorKind) -> Result<Option<Uefi>> {
    if spec.kernel.is_some() || image.firmware != Firmware::Uefi || hypervisor != HypervisorKind::Qemu {
        return Ok(None);
    }
    Ok(Some(Uefi { code: Ovmf::find()?.code(), variables: VARIABLES.into() }))
}

const KERNEL: &str = "kernel";
const INITRD: &str = "initrd";
const VARIABLES: &str = "uefi-variables.qcow2";

/// An address of QEMU's range, which belongs to no card's maker.
pub(crate) fn mac() -> String {
    let [a, b, c, ..] = fastrand::u32(..).to_be_bytes();
    format!("52:54:00:{a:02x}:{b:02x}:{c:02x}")
}

/// Makes all files of the VM.
async fn make(stage: &Stage, spec: &VmSpec, record: &Record, image: &ImageFile, size: u64) -> Result<()> {
    let directory = stage.directory();
    let mut sizes = vec![size];
    sizes.extend(spec.data_disks.iter().map(|size| u64::from(size.0) << 30));
    for (number, (disk, size)) in record.hardware.disks.iter().zip(sizes).enumerate() {
        let file = directory.join(&disk.file);
        match number {
            0 => {
                disk::overlay(&file, image, size, stage.guard()?).await?;
                root_disk::fill(stage, &disk.file.to_string_lossy(), image, size).await?;
            }
            _ => disk::empty(&file, size, stage.guard()?).await?,
        }
        crash::point("create: disk made");
    }
    if let Some(uefi) = &record.hardware.uefi {
        let fresh = Ovmf::variables_of(&uefi.code)?;
        disk::copy(&fresh, &directory.join(&uefi.variables), stage.guard()?).await?;
        crash::point("create: firmware's variables made");
    }
    if let Some(direct) = &spec.kernel {
        copy_kernel(stage, direct).await?;
    }
    if record.first_boot.is_some() {
        write_user_data(stage, spec).await?;
        seed::make(stage, record).await?;
    }
    Store::fill(stage, record).await
}

/// Copies the kernel and its file system, so that the VM boots the same for ever.
async fn copy_kernel(stage: &Stage, direct: &DirectKernel) -> Result<()> {
    let mut copies: Vec<(PathBuf, PathBuf)> = vec![(direct.kernel.clone(), stage.directory().join(KERNEL))];
    copies.extend(direct.initrd.iter().map(|initrd| (initrd.clone(), stage.directory().join(INITRD))));
    let lock = stage.hold();
    blocking(move || {
        let _lock = lock;
        copies.iter().try_for_each(|(from, to)| copy(from, to))
    })
    .await
}

/// Writes the user data, which is a secret, for this user alone.
async fn write_user_data(stage: &Stage, spec: &VmSpec) -> Result<()> {
    let path = stage.directory().join(seed::USER_DATA);
    let text = spec.user_data.as_ref().map_or("#cloud-config\n{}\n", UserData::expose).to_owned();
    let hold = stage.hold();
    let written = blocking(move || {
        let _hold = hold;
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
    });
    written.await.map_err(|error| error::io("writing the user data", error))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_file() {
        return Err(Error::invalid("kernel", format!("{}: there is no such file", from.display())));
    }
    fs::copy(from, to).map_err(|error| error::io(format_args!("copying {}", from.display()), error))?;
    crash::point("create: file copied");
    Ok(())
}
