#!/bin/sh
# Installs packages from this machine's own sources, as root:
#
#   tools.sh PACKAGE...
#
# Nothing is removed for it. Where a newer qemu-utils is there than the release has, as in some development images, QEMU
# has to be as new: it is then taken from the same archive's backports, whose list is read for this call alone.
set -eu

export DEBIAN_FRONTEND=noninteractive
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")

install() {
    apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends --no-remove "$@" > /dev/null
}

apt-get -qq update
# What it says where it fails, the second attempt says again, or it does not matter.
install "$@" 2> /dev/null && exit

archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Release: $suite" | head -n 1)
list=$(mktemp --suffix .list)
trap 'rm -f "$list"' EXIT
echo "deb $archive $suite-backports main" > "$list"
chmod 644 "$list"
apt-get -qq -o Dir::Etc::SourceList="$list" update
install -o Dir::Etc::SourceList="$list" --target-release "$suite-backports" "$@"
