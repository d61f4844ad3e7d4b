#!/bin/bash
# Start the Docker engine where there is no init system: start_engine.sh LOGFILE SECONDS
#
# Prints "started" once it answers. What an engine left behind that was killed, or that went down with
# the machine, is put aside first: its files name processes that are gone, or other programs by now.
set -eu
log=$1
patience=$2

# runs NUMBER PROGRAM: whether a process of that number exists and is that program.
runs() {
    [ -n "$1" ] && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]
}

# heal PIDFILE PROGRAM: remove a file that names another process than it should.
heal() {
    if [ -f "$1" ] && ! runs "$(cat "$1")" "$2"; then
        rm -f "$1"
    fi
}

heal /run/docker.pid dockerd
heal /run/docker/containerd/containerd.pid containerd
# A socket without its server would make the engine wait for a containerd that never answers.
if [ -S /run/containerd/containerd.sock ] && ! grep --quiet --line-regexp containerd /proc/[0-9]*/comm; then
    rm -f /run/containerd/containerd.sock
fi

# Nobody else mounts it where there is no init system, and no container starts without it.
if ! mountpoint --quiet /sys/fs/cgroup; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi

if ! runs "$(cat /run/docker.pid 2>/dev/null)" dockerd; then
    mkdir -p "$(dirname "$log")"
    # Containers inherit the limit. Raising it takes a right that root may lack: then what there is must do.
    ulimit -n 1048576 2>/dev/null || ulimit -n "$(ulimit -H -n)"
    # A session of its own, without a terminal or any file of ours, outlives the play and the login.
    setsid --fork dockerd >>"$log" 2>&1 </dev/null
fi

for second in $(seq "$patience"); do
    if docker version >/dev/null 2>&1; then
        echo started
        exit 0
    fi
    # An engine that gave up will not answer any more; it needs a moment to write its number first.
    if [ "$second" -gt 5 ] && ! runs "$(cat /run/docker.pid 2>/dev/null)" dockerd; then
        break
    fi
    sleep 1
done
echo "The Docker engine did not start. The end of $log:" >&2
tail -n 15 "$log" >&2
exit 1
