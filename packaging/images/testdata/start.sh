#!/bin/sh
# Starts what an image says, as a container engine would: in namespaces of its own
# for mounts and the network, on a root that is read-only, with a volume for its
# state, as a user who is not root. unshare runs this.
#
#   start.sh ROOT STATE USER COMMAND…
set -e
root=$1 state=$2 user=$3
shift 3
ip link set lo up
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t tmpfs -o mode=0700,uid="${user%:*}",gid="${user#*:}" state "$root$state"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
# env -i: the image has its own environment, and nothing of this machine. It starts in
# its state, as the working directory of the image is.
unshare=$(command -v unshare)
exec env -i PATH=/usr/bin "$unshare" --root="$root" --wd="$state" --setgid="${user#*:}" --setuid="${user%:*}" "$@"
