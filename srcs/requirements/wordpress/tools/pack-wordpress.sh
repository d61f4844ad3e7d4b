#!/bin/sh
# Packs what fetch-wordpress.sh has laid out, at build time: two archives, which take a fifth of the
# room, and an id that changes whenever one of their files does.
set -eu

dir=$1
out=$2
mkdir -p "$out"

pack() {
    find "$1" -type d -exec chmod 0755 {} +
    find "$1" -type f -exec chmod 0644 {} +
    tar --sort=name --owner=0 --group=0 --numeric-owner -C "$1" -cf - . | gzip -6n >"$2"
}

# NGINX serves the core's scripts and styles as they are packed here. Where there is a minified version,
# no page asks for the other one.
find "$dir/core/wp-includes" "$dir/core/wp-admin" -type f \( -name '*.css' -o -name '*.js' -o -name '*.svg' \) -size +1k |
    while read -r file; do
        if [ ! -e "${file%.*}.min.${file##*.}" ]; then
            gzip -9knf "$file"
        fi
    done

pack "$dir/core" "$out/core.tar.gz"
pack "$dir/content" "$out/content.tar.gz"
if [ -f "$dir/wp-cli.phar" ]; then
    cp -p "$dir/wp-cli.phar" "$out"
fi

# Of names and contents only: the same files built elsewhere or later have the same id.
version=$(sed -n "s/.*\$wp_version *= *'\([^']*\)'.*/\1/p" "$dir/core/wp-includes/version.php")
sum=$(cd "$dir" && find core content -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
printf '%s %s\n' "$version" "$sum" >"$out/id"
