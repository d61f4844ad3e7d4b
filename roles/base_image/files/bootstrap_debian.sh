#!/bin/sh
# Bootstrap Debian's slim base image, without any registry, as a Docker archive:
#
#   bootstrap_debian.sh REFERENCE CODENAME ARCHIVE [MIRROR SECURITY_MIRROR]
#
# The result is what debuerreotype makes of the same packages for the official image: the packages of
# the priority "required" and apt, without manuals, translations, package lists and caches. Its dates
# come from its packages, so that the same packages make the same image ID on any machine.
set -eu

[ $# -eq 3 ] || [ $# -eq 5 ] || {
    echo "usage: bootstrap_debian.sh REFERENCE CODENAME ARCHIVE [MIRROR SECURITY_MIRROR]" >&2
    exit 2
}
reference=$1
codename=$2
archive=$3
mirror=${4:-}
security_mirror=${5:-}

# In namespaces of its own nothing can stay mounted, and nothing goes on in the background, however
# this ends.
isolated() {
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$@"
}
if [ "${BOOTSTRAP_NAMESPACE:-}" != private ] && isolated true 2>/dev/null; then
    export BOOTSTRAP_NAMESPACE=private
    isolated sh "$0" "$@"
    exit
fi

case $(dpkg --print-architecture) in
    amd64) architecture=amd64 links='bin sbin lib lib64' ;;
    arm64) architecture=arm64 links='bin sbin lib' ;;
    *)
        echo "there is no base image for $(dpkg --print-architecture)" >&2
        exit 1
        ;;
esac

# What an interrupted run left.
rm -rf --one-file-system "$archive".work.* "$archive".new.*
work=$(mktemp -d "$archive.work.XXXXXX")
new=$archive.new.$$
clean_up() {
    if mountpoint --quiet "$work"; then
        umount "$work"
    fi
    rm -rf --one-file-system "$work" "$new"
}
trap clean_up EXIT
# mmdebstrap judges whether its user could enter.
chmod 0755 "$work"

# Unpacking makes thousands of small files and waits for the disk after each: in memory it takes half
# the time, where there is memory to spare.
available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
if [ "${BOOTSTRAP_NAMESPACE:-}" = private ] && [ "$available" -gt 1500000 ]; then
    mount -t tmpfs -o size=1g,mode=0755 bootstrap "$work" || echo "working on disk, without tmpfs" >&2
fi
root=$work/root

# Before the first package: the merged /usr as debootstrap sets it up, which spares installing the
# conversion with its Perl; and dpkg's rules on what not to unpack.
cat >"$work/prepare" <<END
#!/bin/sh
set -eu
for directory in $links; do
    mkdir -p "\$1/usr/\$directory"
    ln -s "usr/\$directory" "\$1/\$directory"
done
mkdir -p "\$1/etc/apt/preferences.d" "\$1/etc/apt/apt.conf.d" "\$1/etc/dpkg/dpkg.cfg.d"
printf 'Package: usrmerge\nPin: release *\nPin-Priority: -1\n' >"\$1/etc/apt/preferences.d/bootstrap"
cp "$work/docker" "$work/docker-apt-speedup" "\$1/etc/dpkg/dpkg.cfg.d/"
END
chmod +x "$work/prepare"

cat >"$work/docker" <<'END'
# Files that nothing reads in a container are not unpacked, now and with every later package. Those
# that state the rights are kept.
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/linda/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
END
cat >"$work/docker-apt-speedup" <<'END'
# A layer that was half written is thrown away as a whole, so dpkg need not wait for the disk.
force-unsafe-io
END

# A proxy that apt is to use here is to be used now too; it does not get into the image.
set --
for proxy in $(apt-config dump --format '%f=%v%n' Acquire | grep -iE '^Acquire::https?::Proxy=' || :); do
    set -- "$@" "--aptopt=${proxy%%=*} \"${proxy#*=}\""
done
if [ -n "$mirror" ]; then
    set -- "$@" "$codename" "$root" \
        "deb $mirror $codename main" \
        "deb $mirror $codename-updates main" \
        "deb $security_mirror $codename-security main"
else
    # mmdebstrap knows the default mirrors and adds those of the updates.
    set -- "$@" "$codename" "$root"
fi
# One run of dpkg for all packages takes less time than the variant minbase, which has two. The youngest
# file of a package dates the image; between unpacking and installing, libraries have no other files.
mmdebstrap --mode=root --format=directory --variant=custom \
    '--include=?or(?essential,?priority(required))' --include=apt,usr-is-merged \
    --aptopt='APT::Install-Recommends "false"' \
    --setup-hook="$work/prepare" \
    --extract-hook="find \"\$1/usr/lib\" -type f -printf '%T@\n' | sort -n | tail -n 1 | cut -d . -f 1 >'$work/date'" \
    "$@" >&2

# What serves the bootstrap alone.
rm -f "$root/etc/apt/preferences.d/bootstrap" "$root/etc/apt/apt.conf.d/99mmdebstrap" \
    "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
# The first unpacking goes past dpkg and its rules.
find "$root/usr/share/doc" ! -type d ! -name copyright -delete
find "$root/usr/share/doc" -mindepth 1 -type d -empty -delete
for directory in groff info linda lintian locale man; do
    [ ! -d "$root/usr/share/$directory" ] || find "$root/usr/share/$directory" -mindepth 1 -delete
done
# Logs and copies of yesterday, host names and addresses of the machine that this runs on.
find "$root/var/log" -type f -delete
rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists" "$root/var/cache/ldconfig/aux-cache"
rm -f "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root/etc/hostname" "$root/etc/resolv.conf"
mkdir -p "$root/var/cache/apt/archives/partial" "$root/var/lib/apt/lists/partial"
find "$root/dev" -mindepth 1 -delete

# As in the official image: no service is started by an installation, and packages leave no caches.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
cat >"$root/etc/apt/apt.conf.d/docker-clean" <<'END'
# Packages are not kept once they are installed, nor are the caches that are made of the lists.
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
END
cat >"$root/etc/apt/apt.conf.d/docker-no-languages" <<'END'
# Nobody reads translated descriptions of packages in a container.
Acquire::Languages "none";
END
cat >"$root/etc/apt/apt.conf.d/docker-gzip-indexes" <<'END'
# Package lists stay compressed, where they stay.
Acquire::GzipIndexes "true";
Acquire::CompressionTypes::Order:: "gz";
END
cat >"$root/etc/apt/apt.conf.d/docker-autoremove-suggests" <<'END'
# What is merely suggested does not hold back the removal of a package.
Apt::AutoRemove::SuggestsImportant "false";
END

# Passwords that were never set were not set today either.
date=$(cat "$work/date")
sed -i -E "s/^([^:]*:[^:]*:)[0-9]+:/\1$((date / 86400)):/" "$root/etc/shadow"
rm -f "$root/etc/shadow-" "$root/etc/passwd-" "$root/etc/group-" "$root/etc/gshadow-"

# The archive: one layer, the configuration, and a manifest that joins them.
layer=$work/image/layer.tar
mkdir "$work/image"
tar --create --file "$layer" --directory "$root" --sort=name --numeric-owner --format=gnu \
    --mtime="@$date" --clamp-mtime .
layer_digest=$(sha256sum "$layer" | cut -d ' ' -f 1)
created=$(date --utc --date="@$date" +%Y-%m-%dT%H:%M:%SZ)
cat >"$work/config" <<END
{"architecture":"$architecture","os":"linux","created":"$created",
"config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["bash"]},
"rootfs":{"type":"layers","diff_ids":["sha256:$layer_digest"]},
"history":[{"created":"$created","created_by":"mmdebstrap $codename"}]}
END
config=$(sha256sum "$work/config" | cut -d ' ' -f 1).json
mv "$work/config" "$work/image/$config"
printf '[{"Config":"%s","RepoTags":["%s"],"Layers":["layer.tar"]}]\n' "$config" "$reference" >"$work/image/manifest.json"

# Next to its final place first, so that an interruption leaves the former archive or the new one. The
# checksum comes last: an archive without it counts as none.
tar --create --file "$new" --directory "$work/image" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$date" manifest.json "$config" layer.tar
sync "$new"
digest=$(sha256sum "$new" | cut -d ' ' -f 1)
rm -f "$archive.sha256"
mv "$new" "$archive"
echo "$digest  $(basename "$archive")" >"$new"
mv "$new" "$archive.sha256"
sync "$(dirname "$archive")"
