#!/bin/sh
# The first process of a throw-away machine. The outer Docker engine gives a container a read-only
# /sys, its own control groups and three bind-mounted files in /etc; a machine has none of these.
# This script makes the difference disappear and then becomes the real first process (its arguments).
set -eu

mount -o remount,rw /sys

if [ "$(stat --file-system --format=%T /sys/fs/cgroup)" != cgroup2fs ]; then
    # The outer host runs cgroup v1, where the unified hierarchy (cgroup v2) is one for all
    # containers: two machines would manage, and kill, each other's /system.slice. So this one moves
    # into a branch of its own and takes that as the root of what it and its children see.
    umount --recursive --lazy /sys/fs/cgroup
    mkdir --parents /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    branch="/sys/fs/cgroup/${MACHINE_NAME:?}"
    mkdir --parents "$branch"
    echo 1 >"$branch/cgroup.procs"
    umount /sys/fs/cgroup
    # shellcheck disable=SC2016 # The inner shell expands these.
    exec unshare --cgroup sh -euc 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$0" "$@"' "$0" "$@"
fi

if [ ! -w /sys/fs/cgroup/cgroup.procs ] || ! mkdir --parents /sys/fs/cgroup/init.scope 2>/dev/null; then
    mount -o remount,rw /sys/fs/cgroup
    mkdir --parents /sys/fs/cgroup/init.scope
fi
# A control group with members of its own cannot pass its controllers on, so the first process steps
# aside, into the place where systemd would put itself anyway.
echo 1 >/sys/fs/cgroup/init.scope/cgroup.procs
if [ "${MACHINE_INIT:?}" = none ]; then
    # systemd does this by itself; without it nobody else hands the controllers to the inner engine.
    sed 's/[^ ]\+/+&/g' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi

# The engine writes these three files anew at each start. On a machine they belong to the machine: an
# entry added to /etc/hosts is still there after a reboot, and a file can be replaced by a rename.
resolver="$(cat /etc/resolv.conf)"
for file in /etc/hosts /etc/hostname /etc/resolv.conf; do
    if mountpoint --quiet "$file"; then
        umount "$file"
    fi
done
printf '%s\n' "$resolver" >/etc/resolv.conf
printf '%s\n' "$MACHINE_NAME" >/etc/hostname
if [ ! -s /etc/hosts ]; then
    printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$MACHINE_NAME" >/etc/hosts
fi

exec "$@"
