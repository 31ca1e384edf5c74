#!/bin/sh
# Makes of what `image.sh` has built the images that `cargo xtask cocoon-boot` pulls, as root:
#
#   cloud.sh IMAGE FOLDER
#
# FOLDER/cloud.qcow2 is a cloud image: the same Debian on a disk with partitions, booted by UEFI, with its SHA256SUMS.
# FOLDER/boot.tar.gz and root.tar.gz are the layers of an OCI image: the same kernel, and a small system of Debian's busybox
# that is up in seconds, reads its seed, takes an address, serves /www, and has a shell on its console.
set -eu

image=$1
folder=$2
here=$(dirname "$(realpath "$0")")
work=$folder/work
mkdir "$work" "$work/packages"

for package in systemd-boot-efi busybox-static; do
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package")
done
for package in "$work"/*.deb; do dpkg-deb --extract "$package" "$work/packages"; done

# One file that the firmware starts: the kernel, its initrd and its command line behind systemd's stub.
# https://www.freedesktop.org/software/systemd/man/252/systemd-stub.html
printf 'root=LABEL=root rw console=ttyS0 mitigations=off' > "$work/cmdline"
objcopy --add-section .cmdline="$work/cmdline" --change-section-vma .cmdline=0x30000 \
    --add-section .linux="$image/kernel" --change-section-vma .linux=0x2000000 \
    --add-section .initrd="$image/initrd" --change-section-vma .initrd=0x3000000 \
    "$work/packages/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$work/bootx64.efi"

# Its EFI partition, 64 MiB at the first MiB, and after it the file system as it is.
truncate --size 64M "$work/efi"
mformat -i "$work/efi" -F -v EFI ::
mmd -i "$work/efi" ::/EFI ::/EFI/BOOT
mcopy -i "$work/efi" "$work/bootx64.efi" ::/EFI/BOOT/BOOTX64.EFI
truncate --size 3200M "$work/disk"
sfdisk --quiet --label gpt "$work/disk" << 'END'
start=1MiB, size=64MiB, type=uefi, name=efi
start=65MiB, type=linux, name=root
END
dd if="$work/efi" of="$work/disk" bs=1M seek=1 conv=notrunc,sparse status=none
dd if="$image/root.ext4" of="$work/disk" bs=1M seek=65 conv=notrunc,sparse status=none
qemu-img convert -c -W -m 4 -O qcow2 "$work/disk" "$folder/cloud.qcow2"
(cd "$folder" && sha256sum cloud.qcow2 > SHA256SUMS)

# The small system's initial file system: the modules for its disks and card, and a script that finds the root.
debugfs -R "rdump /usr/lib/modules $work" "$image/root.ext4" > /dev/null 2>&1
initrd=$work/initrd
mkdir -p "$initrd/bin" "$initrd/dev" "$initrd/proc" "$initrd/sys" "$initrd/root"
cp "$work/packages/bin/busybox" "$initrd/bin"
install -m 755 "$here/small/init" "$initrd/init"
(
    cd "$work/modules"/*
    mkdir -p "$initrd/lib/modules/$(basename "$PWD")"
    wanted='/(virtio_pci|virtio_blk|virtio_net|virtio-rng|isofs|button|evdev)[.]ko:'
    grep -E "$wanted" modules.dep > "$initrd/lib/modules/$(basename "$PWD")/modules.dep"
    tr -d : < "$initrd/lib/modules/$(basename "$PWD")/modules.dep" | xargs -n 1 | sort -u |
        xargs cp --parents -t "$initrd/lib/modules/$(basename "$PWD")"
)

# Reproducible, so that a registry's digests are the same wherever it is built.
archive() { tar --create --gzip --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --directory "$1" .; }

mkdir -p "$work/boot/boot"
cp "$image/kernel" "$work/boot/boot/vmlinuz"
(cd "$initrd" && find . | LC_ALL=C sort | "$initrd/bin/busybox" cpio -o -H newc -R 0:0) > "$work/initrd.cpio"
gzip -n < "$work/initrd.cpio" > "$work/boot/boot/initrd.img"
archive "$work/boot" > "$folder/boot.tar.gz"

root=$work/root
mkdir -p "$root"
cp -a "$here/small/root/." "$root"
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/sbin" "$root/seed" "$root/tmp" "$root/var/lib" "$root/www"
cp "$work/packages/bin/busybox" "$root/bin"
ln -s busybox "$root/bin/sh"
ln -s ../bin/busybox "$root/sbin/init"
chmod 755 "$root"/etc/rc "$root"/etc/dhcp "$root"/etc/acpi/PWRF/00000080
archive "$root" > "$folder/root.tar.gz"

rm -rf "$work"
