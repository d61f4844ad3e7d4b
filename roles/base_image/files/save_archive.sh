#!/bin/sh
# Keep a copy of an image that is on the engine: save_archive.sh REFERENCE ARCHIVE
#
# Prints "saved", or nothing where the copy is there already. The checksum is put in place last: an
# archive without one, as an interruption leaves it, counts as no archive.
set -eu

[ $# -eq 2 ] || {
    echo "usage: save_archive.sh REFERENCE ARCHIVE" >&2
    exit 2
}
reference=$1
archive=$2

directory=$(dirname "$archive")
name=$(basename "$archive")
# What an interrupted run left.
rm -f "$archive".new.*
if [ -f "$archive" ] && [ -f "$archive.sha256" ]; then
    exit 0
fi
new=$(mktemp "$archive.new.XXXXXX")
trap 'rm -f "$new"' EXIT
docker save --output "$new" "$reference"
chmod 0644 "$new"
sync "$new"
digest=$(sha256sum "$new" | cut -d ' ' -f 1)
rm -f "$archive.sha256"
mv "$new" "$archive"
echo "$digest  $name" >"$new"
chmod 0644 "$new"
mv "$new" "$archive.sha256"
sync "$directory"
echo saved
