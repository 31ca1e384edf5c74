#!/bin/sh
# The first boot of a host, for dash and any other POSIX shell. Functions first; the plan that calls them, one step a
# line, is added below when the user data is made. All that varies is an argument of a step.
#
# Each step can be repeated: after a boot that was cut short the whole is run again. Once all is done it ends at once.

set -u
umask 022

# Neither cloud-init nor a startup script sets it, and programs such as git and podman look for it.
: "${HOME:=/root}"
export HOME

# Tests put a folder here; on a host it is empty.
root=${CLOUD_BOOT_ROOT:-}
state=$root/var/lib/cloud-boot
log=$root/var/log/cloud-boot.log
report_url=
report_token=
secrets=0

# --- the frame: how steps are run, and how the end is told -----------------------------------------------------------

begin() { # ID
    id=$1
    mkdir -p "$state" "${log%/*}"
    (umask 077 && : >>"$log")
    exec 9>"$state/lock"
    if ! flock -n 9; then
        echo "cloud-boot: another run is under way"
        exit 0
    fi
    machine=$(identity)
    if [ "$(cat "$state/done" 2>/dev/null)" = "$id $machine" ] && grep -q "$id: ready\$" "$state/signal" 2>/dev/null; then
        exit 0
    fi
    # What a disk still says that was cloned from another host.
    rm -f "$state/signal" "$state/done"
}

# Whose boot it is: a clone of this host's disk has the id of its own.
identity() {
    cat "$root/var/lib/cloud/data/instance-id" 2>/dev/null ||
        cat "$root/sys/class/dmi/id/product_uuid" 2>/dev/null ||
        echo unknown
}

report_to() { # URL TOKEN
    report_url=$1
    report_token=$2
}

step() { # NAME FUNCTION ARGUMENTS...
    name=$1
    shift
    offset=$(wc -c <"$log")
    printf '%s %s\n' "$(date -u +%FT%TZ)" "$name" >>"$log"
    (
        set -e
        "$@"
    ) >>"$log" 2>&1 </dev/null 9>&-
    status=$?
    if [ "$status" -ne 0 ]; then
        detail=$(tail -c "+$((offset + 1))" "$log" | sed 1d | tail -n 4 | redact | one_line)
        signal "failed: $name: ${detail:-exit status $status}"
        exit 1
    fi
}

ready() {
    signal ready
    printf '%s %s\n' "$id" "$machine" >"$state/done"
    exit 0
}

signal() { # RESULT
    line="cloud-boot: $id: $1"
    printf '%s\n' "$line" >"$state/signal.new"
    mv -f "$state/signal.new" "$state/signal"
    printf '%s\n' "$line" >>"$log"
    { printf '%s\n' "$line" >"$root/dev/console"; } 2>/dev/null || :
    if [ -n "$report_url" ]; then
        (retry 5 post "$line") >>"$log" 2>&1 </dev/null 9>&- || :
    fi
}

post() { # LINE
    http "$report_token" "$report_url" --silent --show-error --fail --max-time 30 \
        --header 'Content-Type: text/plain' --data-binary "$1" --output /dev/null
}

# The lines of the input without any line of a secret.
redact() {
    text=$(cat)
    number=0
    while [ "$number" -lt "$secrets" ]; do
        number=$((number + 1))
        eval "rest=\$secret_$number"
        while [ -n "$rest" ]; do
            part=${rest%%"$newline"*}
            case $rest in
            *"$newline"*) rest=${rest#*"$newline"} ;;
            *) rest= ;;
            esac
            [ "${#part}" -ge 4 ] || continue
            hidden=
            while :; do
                case $text in
                *"$part"*)
                    hidden="$hidden${text%%"$part"*}***"
                    text=${text#*"$part"}
                    ;;
                *) break ;;
                esac
            done
            text=$hidden$text
        done
    done
    printf '%s\n' "$text"
}

newline='
'

one_line() {
    LC_ALL=C tr -c '[:print:]' ' ' | LC_ALL=C tr -s ' ' | cut -c 1-500 | sed 's/^ //; s/ $//'
}

die() { # MESSAGE
    printf '%s\n' "$1" >&2
    exit 1
}

# Repeats a command with growing pauses; true once it succeeds.
retry() { # ATTEMPTS COMMAND...
    left=$1
    pause=2
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep "$pause"
        pause=$((pause * 2))
    done
}

# curl, whose address and token no list of processes shows.
http() { # TOKEN URL ARGUMENTS...
    {
        printf 'url = "%s"\n' "$2"
        [ -z "$1" ] || printf 'header = "Authorization: Bearer %s"\n' "$1"
    } | (
        case $2 in
        https:*) protocols='=https' ;;
        *) protocols='=http,https' ;;
        esac
        shift 2
        exec curl --config - --proto "$protocols" --connect-timeout 15 "$@"
    )
}

# Goes on where a broken download ended.
download() { # URL TOKEN FILE
    attempt=1
    pause=1
    while :; do
        code=$(http "$2" "$1" --silent --show-error --fail --location --continue-at - --speed-limit 1024 \
            --speed-time 30 --max-time 3600 --output "$3" --write-out '%{http_code}') && return 0
        status=$?
        case $code in
        401 | 403 | 404 | 410) die "the server refuses it: HTTP $code" ;;
        416) rm -f "$3" ;;
        esac
        # 33: the server cannot go on in the middle.
        [ "$status" -ne 33 ] || rm -f "$3"
        [ "$attempt" -lt 8 ] || die "cannot be downloaded: 8 attempts, curl's last status is $status, HTTP $code"
        sleep "$pause"
        attempt=$((attempt + 1))
        pause=$((pause < 30 ? pause * 2 : 30))
    done
}

# --- packages ---------------------------------------------------------------------------------------------------------

install_packages() { # PACKAGE...
    missing=
    for package in "$@"; do
        installed "$package" || missing="$missing $package"
    done
    # Names of packages have no spaces.
    # shellcheck disable=SC2086
    [ -z "$missing" ] || retry 5 fetch_packages $missing || die "cannot be installed:$missing"
}

# For what a later step needs: a package only where its program is missing.
install_tools() { # PROGRAM=PACKAGE...
    for tool in "$@"; do
        command -v "${tool%%=*}" >/dev/null 2>&1 || install_packages "${tool#*=}"
    done
}

installed() { # PACKAGE
    if command -v dpkg-query >/dev/null 2>&1; then
        # The variable is dpkg's.
        # shellcheck disable=SC2016
        dpkg-query --show --showformat '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
    else
        rpm --query "$1" >/dev/null 2>&1
    fi
}

fetch_packages() { # PACKAGE...
    if command -v apt-get >/dev/null 2>&1; then
        timeout 600 apt-get -o DPkg::Lock::Timeout=300 -q update &&
            DEBIAN_FRONTEND=noninteractive timeout 1800 apt-get -o DPkg::Lock::Timeout=300 -q -y install "$@"
    else
        timeout 1800 dnf --assumeyes --quiet install "$@"
    fi
}

# --- users, keys and files, where no cloud-init makes them ------------------------------------------------------------

add_user() { # NAME SHELL SUDO(yes|no) GROUP...
    user=$1
    shell=$2
    sudo=$3
    shift 3
    for group in "$@"; do
        getent group "$group" >/dev/null || groupadd "$group"
    done
    if ! id -u "$user" >/dev/null 2>&1; then
        if getent group "$user" >/dev/null; then
            useradd --create-home --shell "$shell" --gid "$user" "$user"
        else
            useradd --create-home --shell "$shell" --user-group "$user"
        fi
    fi
    for group in "$@"; do
        usermod --append --groups "$group" "$user"
    done
    if [ "$sudo" = yes ]; then
        write_file "/etc/sudoers.d/90-cloud-boot-$user" 0440 root text "$user ALL=(ALL) NOPASSWD:ALL$newline"
    fi
}

authorize_keys() { # USER PUBLIC-KEY...
    home=$root$(getent passwd "$1" | cut -d : -f 6)
    user=$1
    shift
    mkdir -p "$home/.ssh"
    touch "$home/.ssh/authorized_keys"
    for key in "$@"; do
        grep -qxF "$key" "$home/.ssh/authorized_keys" || printf '%s\n' "$key" >>"$home/.ssh/authorized_keys"
    done
    chmod 700 "$home/.ssh"
    chmod 600 "$home/.ssh/authorized_keys"
    chown -R "$user:" "$home/.ssh"
}

# The host's own key, in place of those that the image or its first boot has made.
install_host_key() { # PRIVATE PUBLIC
    key=$root/etc/ssh/ssh_host_ed25519_key
    [ "$(cat "$key.pub" 2>/dev/null)" != "$2" ] || return 0
    write_file /etc/ssh/ssh_host_ed25519_key.new 0600 root text "$1"
    rm -f "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub
    mv -f "$key.new" "$key"
    write_file /etc/ssh/ssh_host_ed25519_key.pub 0644 root text "$2$newline"
    for unit in ssh.service sshd.service; do
        ! systemctl is-active --quiet "$unit" || timeout 60 systemctl restart "$unit"
    done
}

write_file() { # PATH MODE OWNER ENCODING(text|base64) CONTENT
    path=$root$1
    # The slash at the end is for files in the root folder itself, here and below.
    mkdir -p "${path%/*}/"
    (
        umask 077
        case $4 in
        text) printf %s "$5" ;;
        base64) printf %s "$5" | base64 -d ;;
        esac >"$path.cloud-boot"
    )
    place "$path" "$2" "$3"
}

# A file that is handed over once: the token is spent with it.
fetch_file() { # PATH MODE OWNER URL TOKEN
    path=$root$1
    [ ! -e "$state/fetched-$(digest "$1 $4 $5")" ] || return 0
    mkdir -p "${path%/*}/"
    rm -f "$path.cloud-boot"
    (umask 077 && download "$4" "$5" "$path.cloud-boot")
    place "$path" "$2" "$3"
    : >"$state/fetched-$(digest "$1 $4 $5")"
}

place() { # PATH MODE OWNER
    chown "$3:" "$1.cloud-boot"
    chmod "$2" "$1.cloud-boot"
    mv -f "$1.cloud-boot" "$1"
}

digest() { # TEXT
    printf %s "$1" | sha256sum | cut -c 1-16
}

# --- data disk and swap -----------------------------------------------------------------------------------------------

# Mounts the file system of this label. Where there is none, one is made on the one disk that is empty.
mount_data_disk() { # MOUNT-POINT LABEL PATTERN
    tries=30
    while :; do
        udevadm settle --timeout=10 || :
        device=$(labelled "$2")
        [ -z "$device" ] || break
        seen=$(survey "$3")
        empty=$(printf '%s\n' "$seen" | sed -n 's/ empty$//p')
        [ "$(printf '%s\n' "$empty" | grep -c .)" -ne 1 ] || break
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || die "expected one empty disk or one labelled $2, saw: ${seen:-no disk}"
        sleep 2
    done
    if [ -z "$device" ]; then
        # Without --force it refuses a disk that holds anything, too.
        mkfs.btrfs --quiet --label "$2" "$empty"
        udevadm settle --timeout=10 || :
        device=$empty
    fi
    uuid=$(blkid --probe --match-tag UUID --output value "$device") || die "$device has no UUID"
    write_fstab "UUID=$uuid" "$1" auto defaults,nofail,x-systemd.device-timeout=60s
    mkdir -p "$root$1"
    systemctl daemon-reload
    mountpoint -q "$root$1" || mount "$root$1"
}

# The one file system of a label; none where there is none.
labelled() { # LABEL
    devices=$(blkid --cache-file /dev/null --match-token "LABEL=$1" --output device | sort)
    uuids=$(for device in $devices; do blkid --probe --match-tag UUID --output value "$device"; done | sort -u)
    [ "$(printf '%s\n' "$uuids" | grep -c .)" -le 1 ] ||
        die "several file systems are labelled $1: $(printf %s "$devices" | tr '\n' ' ')"
    printf '%s\n' "$devices" | head -n 1
}

# Each disk that may be meant and what is on it, one a line: `DEVICE empty`, `DEVICE root`, `DEVICE ext4`.
survey() { # PATTERN
    roots=$(root_disks)
    lsblk --nodeps --noheadings --raw --paths --bytes --output NAME,TYPE,RO,SIZE |
        while read -r disk type readonly size; do
            case "$type $readonly $disk" in
            'disk 0 /dev/zram'* | 'disk 0 /dev/nbd'* | 'disk 0 /dev/fd'*) continue ;;
            'disk 0 '*) ;;
            *) continue ;;
            esac
            [ "$size" -gt 0 ] || continue
            matches "$disk" "$1" || continue
            case " $roots " in
            *" $disk "*) echo "$disk root" ;;
            *) echo "$disk $(contents "$disk")" ;;
            esac
        done
}

root_disks() {
    source=$(findmnt --noheadings --first-only --output SOURCE /) || return 0
    lsblk --inverse --noheadings --raw --paths --output NAME,TYPE "${source%%\[*}" 2>/dev/null |
        awk '$2 == "disk" { printf "%s ", $1 }'
}

# Whether one of its names in /dev/disk/by-id is like the pattern; an empty pattern is like all.
matches() { # DISK PATTERN
    [ -n "$2" ] || return 0
    for link in "$root/dev/disk/by-id/"*; do
        # shellcheck disable=SC2254
        case ${link##*/} in
        $2) [ "$(readlink -f "$link")" != "$1" ] || return 0 ;;
        esac
    done
    return 1
}

contents() { # DISK
    if [ "$(lsblk --noheadings --raw --output NAME "$1" | wc -l)" -gt 1 ]; then
        echo partitions
        return
    fi
    found=$(blkid --probe --output export "$1") && status=0 || status=$?
    type=$(printf '%s\n' "$found" | sed -n 's/^\(PT\)\{0,1\}TYPE=//p' | head -n 1)
    # 2: nothing was found.
    if [ "$status" -eq 2 ] && [ -z "$found" ] && signatures=$(wipefs --no-act "$1") && [ -z "$signatures" ]; then
        echo empty
    else
        echo "${type:-signature}"
    fi
}

make_swap() { # PATH MIB
    file=$root$1
    ! grep -q "^$1 " "$root/proc/swaps" || return 0
    if [ ! -e "$file" ]; then
        mkdir -p "${file%/*}/"
        rm -f "$file.cloud-boot"
        (umask 077 && : >"$file.cloud-boot")
        # On btrfs a swap file must not be copied on write; the others have no such attribute.
        if [ "$(stat --file-system --format %T "${file%/*}/")" = btrfs ]; then
            chattr +C "$file.cloud-boot"
        fi
        fallocate --length "$2MiB" "$file.cloud-boot" ||
            dd if=/dev/zero of="$file.cloud-boot" bs=1M count="$2" status=none
        mkswap "$file.cloud-boot"
        mv -f "$file.cloud-boot" "$file"
    fi
    write_fstab "$1" none swap sw,nofail
    swapon "$file"
}

# Writes the line of a mount, in place of an earlier one.
write_fstab() { # SOURCE MOUNT-POINT TYPE OPTIONS
    fstab=$root/etc/fstab
    {
        [ ! -e "$fstab" ] || awk -v source="$1" -v target="$2" \
            '/^[ \t]*#/ || !($1 == source || (target != "none" && $2 == target))' "$fstab"
        printf '%s %s %s %s 0 0\n' "$1" "$2" "$3" "$4"
    } >"$fstab.cloud-boot"
    chmod 644 "$fstab.cloud-boot"
    mv -f "$fstab.cloud-boot" "$fstab"
}

# --- bundle, commands and units ---------------------------------------------------------------------------------------

install_bundle() { # NAME URL SHA256 TOKEN
    target=$root/opt/$1
    [ "$(cat "$target/.sha256" 2>/dev/null)" != "$3" ] || return 0
    archive=$state/$1-$3.part
    # A download that was whole before the host went down needs no other.
    [ "$(sum_of "$archive")" = "$3" ] || (umask 077 && download "$2" "$4" "$archive")
    sum=$(sum_of "$archive")
    if [ "$sum" != "$3" ]; then
        rm -f "$archive"
        die "the checksum of $1 differs: expected $3, got $sum"
    fi
    new=$root/opt/.$1.new
    old=$root/opt/.$1.old
    rm -rf "$new" "$old"
    mkdir -p "$new"
    tar --extract --file "$archive" --directory "$new" --no-same-owner
    printf '%s\n' "$3" >"$new/.sha256"
    [ ! -e "$target" ] || mv "$target" "$old"
    mv "$new" "$target"
    rm -rf "$old" "$archive"
}

sum_of() { # FILE
    [ -e "$1" ] || return 0
    sha256sum <"$1" | cut -d ' ' -f 1
}

run_command() { # SECONDS [NAME VALUE]... -- COMMAND...
    limit=$1
    shift
    while [ "$1" != -- ]; do
        export "$1=$2"
        shift 2
    done
    shift
    status=0
    timeout "$limit" "$@" || status=$?
    [ "$status" -ne 124 ] || die "took longer than $limit seconds"
    [ "$status" -eq 0 ] || {
        echo "exit status $status"
        exit "$status"
    }
}

start_unit() { # NAME TEXT ENVIRONMENT
    write_file "/etc/systemd/system/$1" 0644 root text "$2"
    [ -z "$3" ] || write_file "/etc/cloud-boot/$1.env" 0600 root text "$3"
    systemctl daemon-reload
    systemctl enable "$1"
    timeout 120 systemctl restart "$1" || unit_failed "$1" "did not start"
    # One look is not enough: a program that ends at once is active for a moment.
    good=0
    looks=0
    while [ "$good" -lt 5 ]; do
        [ "$looks" -lt 90 ] || unit_failed "$1" "is not active after 90 seconds"
        looks=$((looks + 1))
        sleep 1
        case $(systemctl is-active "$1") in
        active) good=$((good + 1)) ;;
        failed) unit_failed "$1" "failed" ;;
        *) good=0 ;;
        esac
    done
}

unit_failed() { # NAME WHAT
    echo "$1 $2"
    journalctl --unit "$1" --lines 3 --no-pager --output cat || :
    exit 1
}

# --- the plan ---------------------------------------------------------------------------------------------------------
