#!/bin/sh
# Remove an image if it is the one that was brought for the stack: remove_image.sh REFERENCE STATEFILE
#
# Prints "removed", or nothing where the image is gone already or is somebody else's.
set -eu

[ $# -eq 2 ] || {
    echo "usage: remove_image.sh REFERENCE STATEFILE" >&2
    exit 2
}
reference=$1
state=$2

[ -f "$state" ] || exit 0
if docker version >/dev/null 2>&1 &&
    [ "$(docker image inspect --format '{{.Id}}' "$reference" 2>/dev/null)" = "$(cat "$state")" ]; then
    docker image rm "$reference" >&2
    echo removed
fi
rm -f "$state"
