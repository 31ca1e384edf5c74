//! What becomes of each host, drawn from the seed before anything is done.

use cloud_types::{CreateToken, DataDisk, HostSpec, InboundPort, Name, Owner, Result, SshPublicKey, UserData};
use fastrand::Rng;

use super::Menu;

/// What is asked for one name.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) spec: HostSpec,
    /// Whose host it is, as a place in [`owners`].
    pub(super) owner: usize,
    /// Two tasks create and delete it at once, from two processes.
    pub(super) raced: bool,
    /// It is deleted and created again.
    pub(super) reborn: bool,
    /// What it is resized to.
    pub(super) resize: Option<cloud_types::MachineTypeName>,
    pub(super) snapshot: Option<Name>,
    /// Where the chance of its callers starts.
    pub(super) seed: u64,
}

/// Two services share the account, and the keys in it.
pub(super) fn owners() -> Result<[Owner; 2]> {
    Ok([Owner::new("chaos-a")?, Owner::new("chaos-b")?])
}

/// One plan a host; the same for the same seed.
pub(super) fn plans(menu: &Menu, hosts: usize, seed: u64) -> Result<Vec<Plan>> {
    let mut random = Rng::with_seed(seed);
    let keys = KEYS.iter().map(|line| line.parse()).collect::<Result<Vec<SshPublicKey>>>()?;
    (0..hosts).map(|number| plan(menu, &keys, number, &mut random)).collect()
}

fn plan(menu: &Menu, keys: &[SshPublicKey], number: usize, random: &mut Rng) -> Result<Plan> {
    let name = Name::new(format!("chaos-{number}"))?;
    let region = menu.regions[random.usize(..menu.regions.len())].clone();
    let machine = cloud_types::Machine::Named(menu.small.clone());
    let mut spec = HostSpec::new(name, region, machine, menu.image.clone()).label("number", number.to_string())?;
    let mut chance = |share: f64| random.f64() < share;
    let (raced, reborn) = (chance(0.3), chance(0.2));
    let resize = chance(0.15).then(|| menu.larger.clone());
    let snapshot = chance(0.15).then(|| Name::new(format!("chaos-{number}-snapshot"))).transpose()?;
    if chance(0.3) {
        spec = spec.user_data(UserData::new("#!/bin/sh\ntrue\n"));
    }
    if chance(0.2) {
        spec = spec.create_token(CreateToken::new(format!("chaos-token-{number}"))?);
    }
    if chance(0.25) {
        let disk = DataDisk::new(menu.data_disk);
        spec = spec.data_disk(if chance(0.5) { disk.keep() } else { disk });
    }
    if chance(0.3) {
        spec = spec.ssh_key(keys[number % keys.len()].clone());
    }
    if chance(0.3) {
        spec = spec.inbound(InboundPort::tcp(22)?);
        if chance(0.5) {
            spec = spec.inbound(InboundPort::tcp(443)?);
        }
    }
    let owner = usize::from(chance(0.5));
    Ok(Plan { spec, owner, raced, reborn, resize, snapshot, seed: random.u64(..) })
}

/// Public halves of keys that nobody has the private halves of.
const KEYS: [&str; 2] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti chaos",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINq0WnLBSYHMGUPl1wJwnSw5WbHuDJqqhjzGD8Tfqk4q chaos",
];
