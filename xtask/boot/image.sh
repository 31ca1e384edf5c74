#!/bin/sh
# Builds the image that `cargo xtask boot` boots, from the packages of this machine's own Debian, as root:
#
#   image.sh FOLDER    writes FOLDER/kernel, initrd and root.ext4
#
# It is what clouds have in all that matters to a first boot: systemd, cloud-init, OpenSSH, sudo, curl, btrfs, no user and no
# host key. What only costs time under emulation is left out.
set -eu

folder=$1
tree=$folder/tree
skeleton=$folder/skeleton
architecture=$(dpkg --print-architecture)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")

# The sources of this machine, whichever they are; no mirror of our own choice.
apt-get -qq update
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
    grep " $suite" | sort -u > "$folder/sources.list"

packages=systemd-sysv,udev,dbus,iproute2,linux-image-cloud-$architecture,initramfs-tools,zstd
packages=$packages,cloud-init,cloud-guest-utils,openssh-server,sudo,curl,ca-certificates,btrfs-progs,e2fsprogs

# These are there before the packages are configured: the initrd is made as they say.
mkdir -p "$skeleton/etc/initramfs-tools/conf.d" "$skeleton/etc/cloud/cloud.cfg.d"
cat > "$skeleton/etc/initramfs-tools/conf.d/boot" << 'END'
# Only what the machine has: an initrd of all modules takes seconds to unpack.
MODULES=list
COMPRESS=zstd
END
cat > "$skeleton/etc/initramfs-tools/modules" << 'END'
virtio_pci
virtio_blk
virtio_scsi
virtio_net
virtio-rng
sr_mod
isofs
ext4
END
cat > "$skeleton/etc/cloud/cloud.cfg.d/99-boot.cfg" << 'END'
# No other cloud is looked for. A locale that has to be generated, and keys that nobody uses, take long.
datasource_list: [NoCloud]
locale: C.UTF-8
ssh_genkeytypes: [ed25519]
END

mask='apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer'
mmdebstrap --mode=root --variant=minbase --architectures="$architecture" --include="$packages" \
    --aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --setup-hook="mkdir -p \"\$1/etc\" && cp -a '$skeleton/.' \"\$1\"" \
    --customize-hook='chroot "$1" systemctl --quiet enable systemd-networkd' \
    --customize-hook="chroot \"\$1\" systemctl --quiet mask $mask" \
    --customize-hook='rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/hostname && truncate --size 0 "$1"/etc/machine-id' \
    "$suite" "$tree" "$folder/sources.list"

cp -L "$tree/vmlinuz" "$folder/kernel"
cp -L "$tree/initrd.img" "$folder/initrd"
mke2fs -q -t ext4 -L root -E root_owner=0:0 -O '^has_journal' -d "$tree" "$folder/root.ext4" 3G
rm -rf "$tree" "$skeleton"
