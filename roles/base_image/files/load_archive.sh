#!/bin/sh
# Load an image from its local copy: load_archive.sh REFERENCE ARCHIVE STATEFILE
#
# Prints "loaded", or nothing where there is no copy that can be trusted. A copy that was cut short or
# altered is removed, so that the image is got anew.
set -eu

[ $# -eq 3 ] || {
    echo "usage: load_archive.sh REFERENCE ARCHIVE STATEFILE" >&2
    exit 2
}
reference=$1
archive=$2
state=$3

if [ ! -f "$archive" ] || [ ! -f "$archive.sha256" ]; then
    exit 0
fi
cd "$(dirname "$archive")"
if ! sha256sum --status --check "$archive.sha256"; then
    echo "$archive is damaged; the image is made anew" >&2
    rm -f "$archive" "$archive.sha256"
    exit 0
fi
docker load --quiet --input "$archive" >&2
former=$(cat "$state" 2>/dev/null || :)
docker image inspect --format '{{.Id}}' "$reference" >"$state.new"
mv "$state.new" "$state"
# What the same name stood for before goes, unless images that were built on it still need it.
if [ -n "$former" ] && [ "$former" != "$(cat "$state")" ] && docker image inspect "$former" >/dev/null 2>&1; then
    docker image rm "$former" >&2 || echo "the former base image is still in use" >&2
fi
echo loaded
