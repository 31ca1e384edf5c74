//! What serves `/dev/kvm` on this box.

use std::fs;
use std::path::Path;

/// What serves `/dev/kvm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kvm {
    /// The processor, by Intel's or AMD's module.
    Processor,
    /// Something else, by its module's name: a device that is there, and in which Linux may not boot. In `kvm_pvm` it is
    /// seen to die after half a minute and more, while a guest of some instructions lives.
    Other(String),
    /// Nothing.
    Absent,
}

impl Kvm {
    /// What this box has.
    pub(super) fn of_this_box() -> Self {
        Self::at(Path::new("/sys/module"), Path::new("/dev/kvm"))
    }

    fn at(modules: &Path, device: &Path) -> Self {
        if !device.exists() {
            return Self::Absent;
        }
        if ["kvm_intel", "kvm_amd"].iter().any(|name| modules.join(name).exists()) {
            return Self::Processor;
        }
        let names = fs::read_dir(modules).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("kvm_")).collect();
        names.sort();
        Self::Other(if names.is_empty() { "an unknown module".to_owned() } else { names.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_alone_does_not_tell_the_processor_from_others() {
        let folder = std::env::temp_dir().join(format!("cocoon-kvm-{:016x}", fastrand::u64(..)));
        let (modules, device) = (folder.join("module"), folder.join("kvm"));
        fs::create_dir_all(modules.join("kvm")).unwrap();
        assert_eq!(Kvm::at(&modules, &device), Kvm::Absent);
        fs::write(&device, "").unwrap();
        assert_eq!(Kvm::at(&modules, &device), Kvm::Other("an unknown module".to_owned()));
        fs::create_dir(modules.join("kvm_pvm")).unwrap();
        assert_eq!(Kvm::at(&modules, &device), Kvm::Other("kvm_pvm".to_owned()));
        fs::create_dir(modules.join("kvm_amd")).unwrap();
        assert_eq!(Kvm::at(&modules, &device), Kvm::Processor);
        fs::remove_dir_all(folder).unwrap();
    }
}
