#!/bin/sh
# Gives the site the themes, plugins and translations of this image. Run as www-data by the
# entrypoint. Nothing that the site has is replaced, except translations by newer ones, and nothing
# that was deleted comes back.
set -eu

source=/usr/src/wordpress
site=/var/www/html/wp-content
state=/var/www/html/.inception/content

# What an upload left behind that was cut off.
find /var/www/html/.inception/uploads -mindepth 1 -delete

id=$(cat "$source/id")
if [ -f "$state/done" ] && [ "$(cat "$state/done")" = "$id" ]; then
    exit 0
fi
rm -rf "$state/staging"
mkdir "$state/staging"
touch "$state/given"
tar -xzf "$source/content.tar.gz" --no-same-owner -C "$state/staging"
sync -f "$state"

# version PATH: what the header of a theme or plugin says, the path being its directory or its one file.
version() {
    file=$(find "$1" -maxdepth 1 -type f \( -name '*.php' -o -name style.css \) \
        -exec grep -lE '^[[:space:]*]*(Theme|Plugin) Name:' {} + | head -n 1)
    [ -z "$file" ] || sed -n 's/^[[:space:]*]*Version:[[:space:]]*\([^[:space:]]*\).*/\1/p' "$file" | head -n 1
}

rm -f "$state/older"
for kind in themes plugins; do
    for path in "$state/staging/$kind"/*; do
        name=$kind/${path##*/}
        if [ ! -e "$site/$name" ] && ! grep -qxF "$name" "$state/given"; then
            mv "$path" "$site/$name"
        elif [ -e "$site/$name" ]; then
            has=$(version "$site/$name")
            brings=$(version "$path")
            # shellcheck disable=SC2016 # PHP reads them.
            if php -r 'exit((int) version_compare($argv[1], $argv[2], ">="));' "$has" "$brings"; then
                # For healthcheck.sh site, by which an upgrade tells it.
                echo "The site has $name $has, and this release of WordPress brings $brings: update it in the dashboard." \
                    >>"$state/older"
            fi
        fi
        if ! grep -qxF "$name" "$state/given"; then
            echo "$name" >>"$state/given"
        fi
    done
done
for path in "$state"/staging/languages/*; do
    file=$site/languages/${path##*/}
    # shellcheck disable=SC3013 # POSIX has no -nt, but dash and busybox know it.
    if [ -f "$path" ] && { [ ! -e "$file" ] || [ "$path" -nt "$file" ]; }; then
        mv -f "$path" "$file"
    fi
done

echo "$id" >"$state/done.new"
sync "$state/given" "$state/done.new" "$site/themes" "$site/plugins" "$site/languages" "$state"
mv "$state/done.new" "$state/done"
rm -rf "$state/staging"
