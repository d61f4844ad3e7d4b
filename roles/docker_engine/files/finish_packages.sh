#!/bin/sh
# Finish what an interrupted installation of packages left half done.
#
# Prints "finished", or nothing where there is nothing to do. Without it, apt refuses all work.
set -eu

if [ -z "$(ls /var/lib/dpkg/updates)" ] && [ -z "$(dpkg --audit)" ]; then
    exit 0
fi
# No service is started meanwhile, for the reasons that the role has for the installation itself.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ] && [ ! -d /run/systemd/system ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 0755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
dpkg --configure -a --force-confold >&2
apt-get install --fix-broken --yes -qq -o Dpkg::Options::=--force-confold >&2
echo finished
