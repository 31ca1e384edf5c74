//! The data disk: mounted where it comes back, formatted only where it is empty.

use cloud_bootstrap::{Bootstrap, DataDisk};
use cloud_types::BootResult;

use super::host::{Host, failure};

fn data() -> Bootstrap {
    Bootstrap::new().data_disk(DataDisk::new("/srv/data").unwrap())
}

fn assert_nothing_formatted(host: &Host) {
    assert_eq!(host.calls("mkfs"), 0, "{}", host.read("calls"));
}

#[test]
fn an_empty_disk_is_formatted_and_mounted() {
    let host = Host::new().disks("/dev/vdb empty - -\n");
    host.write("etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=old /srv/data btrfs defaults 0 0\n");
    assert_eq!(host.boot(&data()), BootResult::Ready);
    assert_eq!(host.calls("mkfs.btrfs --quiet --label cloud-data /dev/vdb"), 1);
    let line = "UUID=1234-abcd /srv/data auto defaults,nofail,x-systemd.device-timeout=60s 0 0\n";
    assert_eq!(host.read("etc/fstab"), format!("UUID=1 / ext4 defaults 0 1\n{line}"));
    assert_eq!(host.calls("mount "), 1);
}

#[test]
fn a_disk_that_comes_back_is_mounted_and_not_formatted() {
    let host = Host::new().disks("/dev/vdb btrfs cloud-data 99-88\n/dev/vdc empty - -\n");
    assert_eq!(host.boot(&data()), BootResult::Ready);
    assert_nothing_formatted(&host);
    assert!(host.read("etc/fstab").starts_with("UUID=99-88 /srv/data "));
    assert_eq!(host.calls("mount "), 1);
}

#[test]
fn what_a_disk_holds_is_never_formatted() {
    for what in ["ext4", "crypto_LUKS", "partitions", "btrfs"] {
        let host = Host::new().disks(&format!("/dev/vdb {what} other 5-5\n"));
        let (step, detail) = failure(host.boot(&data()));
        assert_eq!(step, "data-disk");
        assert!(detail.ends_with(&format!("saw: /dev/vda root /dev/vdb {what}")), "{detail}");
        assert_nothing_formatted(&host);
    }
}

#[test]
fn a_signature_that_blkid_does_not_know_is_one_too() {
    let host = Host::new().disks("/dev/vdb empty - -\n");
    host.program("wipefs", "echo 'DEVICE OFFSET TYPE'; echo 'vdb 0x36 vmfs'");
    let (_, detail) = failure(host.boot(&data()));
    assert!(detail.ends_with("/dev/vdb signature"), "{detail}");
    assert_nothing_formatted(&host);
}

#[test]
fn a_disk_that_cannot_be_read_is_not_taken_for_empty() {
    for broken in ["blkid", "wipefs"] {
        let host = Host::new().disks("/dev/vdb empty - -\n");
        host.program(broken, "exit 1");
        failure(host.boot(&data()));
        assert_nothing_formatted(&host);
    }
}

#[test]
fn the_roots_disk_is_never_formatted() {
    let host = Host::new();
    host.write("disks", "/dev/vda empty - -\n");
    let (_, detail) = failure(host.boot(&data()));
    assert!(detail.ends_with("saw: /dev/vda root"), "{detail}");
    assert_nothing_formatted(&host);
}

#[test]
fn of_two_empty_disks_none_is_guessed() {
    let host = Host::new().disks("/dev/vdb empty - -\n/dev/vdc empty - -\n");
    let (_, detail) = failure(host.boot(&data()));
    assert!(detail.ends_with("saw: /dev/vda root /dev/vdb empty /dev/vdc empty"), "{detail}");
    assert_nothing_formatted(&host);
}

#[test]
fn a_pattern_chooses_among_empty_disks() {
    let host = Host::new().disks("/dev/null empty - -\n/dev/vdc empty - -\n");
    std::fs::create_dir_all(host.path("dev/disk/by-id")).unwrap();
    std::os::unix::fs::symlink("/dev/null", host.path("dev/disk/by-id/virtio-data 1")).unwrap();
    std::os::unix::fs::symlink("/dev/vda", host.path("dev/disk/by-id/virtio-root")).unwrap();
    let disk = DataDisk::new("/srv/data").unwrap().device("virtio-d*").unwrap();
    assert_eq!(host.boot(&Bootstrap::new().data_disk(disk)), BootResult::Ready);
    assert_eq!(host.calls("mkfs.btrfs --quiet --label cloud-data /dev/null"), 1);
}

#[test]
fn a_disk_that_is_attached_late_is_waited_for() {
    let host = Host::new();
    host.program("sleep", "echo '/dev/vdb empty - -' >>\"$CLOUD_BOOT_ROOT/disks\"");
    assert_eq!(host.boot(&data()), BootResult::Ready);
    assert_eq!(host.calls("sleep"), 1);
}

#[test]
fn a_disk_that_does_not_come_is_not_waited_for_without_end() {
    let host = Host::new();
    failure(host.boot(&data()));
    assert_eq!(host.calls("sleep"), 29);
}

#[test]
fn two_file_systems_of_one_label_are_refused() {
    let host = Host::new().disks("/dev/vdb btrfs cloud-data 1-1\n/dev/vdc btrfs cloud-data 2-2\n");
    let (_, detail) = failure(host.boot(&data()));
    assert_eq!(detail, "several file systems are labelled cloud-data: /dev/vdb /dev/vdc");
}
