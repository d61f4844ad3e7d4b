#!/bin/sh
# Trust the certificate authorities of a directory: trust_authorities.sh [--check] DIRECTORY
#
# Prints the name of each that the machine did not trust before. With --check it only prints.
set -eu

check=no
if [ "$1" = --check ]; then
    check=yes
    shift
fi
directory=$1
bundle=/etc/ssl/certs/ca-certificates.crt
target=/usr/local/share/ca-certificates/inception

if [ ! -d "$directory" ]; then
    echo "inception_extra_ca_dir: there is no directory $directory on this machine" >&2
    exit 1
fi
changed=no
for certificate in "$directory"/*.crt; do
    [ -f "$certificate" ] || continue
    # Beyond the header, a certificate's first lines differ from those of any other.
    body=$(sed -e '1,/-BEGIN CERTIFICATE-/d' -e '/-END CERTIFICATE-/,$d' "$certificate" | head -n 12 | tail -n 4)
    if [ -f "$bundle" ] && [ -n "$body" ]; then
        # A line of a certificate this far in holds its names and its key.
        known=yes
        for line in $body; do
            grep --quiet --fixed-strings --line-regexp -e "$line" "$bundle" || known=no
        done
        [ "$known" = no ] || continue
    fi
    changed=yes
    basename "$certificate"
    if [ "$check" = no ] && [ "$(dirname "$certificate")" != /usr/local/share/ca-certificates ]; then
        install -D --mode=0644 "$certificate" "$target/$(basename "$certificate")"
    fi
done
[ "$changed" = yes ] && [ "$check" = no ] || exit 0

if ! command -v update-ca-certificates >/dev/null; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends ca-certificates >&2
fi
update-ca-certificates >&2
