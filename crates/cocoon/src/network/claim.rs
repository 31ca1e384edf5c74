//! A VM's claim on an address: a file that is named after the address, and says whose it is.
//!
//! It is made before its VM is published, under the protection of `staging.lock`, and removed after its VM is. So who has
//! that lock alone, and finds a claim without its VM, knows that it was left by a command that died.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use cloud_types::Name;

use super::record::NetworkRecord;
use crate::crash;
use crate::state::{Record, VmId, durable};

/// Who has an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) ipv4: Ipv4Addr,
    pub(super) mac: String,
    pub(super) vm: Name,
    pub(super) id: VmId,
}

/// Where the claims of a network are.
pub(super) fn folder(network: &Path) -> PathBuf {
    network.join("addresses")
}

/// Claims the first address that is free; `None` where there is none.
///
/// # Errors
/// `NotFound` where the network is being removed.
pub(super) fn take(network: &Path, record: &NetworkRecord, vm: &Record) -> io::Result<Option<Ipv4Addr>> {
    for address in record.hosts() {
        let path = folder(network).join(address.to_string());
        match File::create_new(&path) {
            Ok(mut file) => {
                crash::point("network: address claimed");
                write!(file, "{} {} {}", vm.hardware.mac, vm.id, vm.name)?;
                file.sync_all()?;
                durable::sync_parent(&path)?;
                return Ok(Some(address));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Gives an address back, if it is this VM's.
pub(super) fn give_back(network: &Path, address: Ipv4Addr, id: &VmId) -> io::Result<()> {
    let path = folder(network).join(address.to_string());
    match read(&path)? {
        Some(claim) if claim.id == *id => forget(&path),
        _ => Ok(()),
    }
}

/// All claims, by address, but for those that a killed command has left half-made.
pub(super) fn all(network: &Path) -> io::Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for path in paths(network)? {
        claims.extend(read(&path)?);
    }
    claims.sort_by_key(|claim| claim.ipv4);
    Ok(claims)
}

/// The claims whose VM is not there, as `is_there` says. The caller has `staging.lock` alone.
pub(super) fn stale(network: &Path, is_there: impl Fn(&Claim) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths(network)? {
        if !read(&path)?.is_some_and(|claim| is_there(&claim)) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Removes a claim.
pub(super) fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The files of claims; none where the network is being removed.
fn paths(network: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder(network)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

/// A claim; `None` where it is gone or half-made.
fn read(path: &Path) -> io::Result<Option<Claim>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    Ok(parse(path, &text))
}

fn parse(path: &Path, text: &str) -> Option<Claim> {
    let ipv4 = path.file_name()?.to_str()?.parse().ok()?;
    let mut words = text.split(' ').map(str::to_owned);
    let (mac, id, vm) = (words.next()?, words.next()?, words.next()?);
    Some(Claim { ipv4, mac, vm: Name::new(&vm).ok()?, id: VmId::try_from(id).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_is_half_made_is_nobodys() {
        let folder = std::env::temp_dir().join(format!("cocoon-claims-{:016x}", fastrand::u64(..)));
        fs::create_dir_all(folder.join("addresses")).unwrap();
        fs::write(folder.join("addresses/10.64.0.2"), "52:54:00:00:00:01 0123456789ab web-1").unwrap();
        fs::write(folder.join("addresses/10.64.0.3"), "").unwrap();
        let claims = all(&folder).unwrap();
        assert_eq!(claims.len(), 1);
        assert_eq!((claims[0].vm.as_str(), claims[0].ipv4.to_string().as_str()), ("web-1", "10.64.0.2"));
        assert_eq!(stale(&folder, |_| true).unwrap(), [folder.join("addresses/10.64.0.3")]);
        assert_eq!(stale(&folder, |_| false).unwrap().len(), 2);

        let (id, other) = (claims[0].id.clone(), VmId::random());
        give_back(&folder, claims[0].ipv4, &other).unwrap();
        assert_eq!(all(&folder).unwrap().len(), 1, "it is another's");
        give_back(&folder, claims[0].ipv4, &id).unwrap();
        assert_eq!(all(&folder).unwrap().len(), 0);
        fs::remove_dir_all(folder).unwrap();
    }
}
