#!/bin/sh
# Brings WordPress's core on the volume to the version of this image. Run as root by the entrypoint.
#
# The new core is unpacked beside the old one, and its directories and files then take the places of
# the old ones by being renamed. The marker is taken away first and written last: without it the
# next start begins anew, whatever moment this one was cut off at.
#
# core.sh check: only tells whether the site can take this core. An older one cannot read what a newer one has
# written into the database.
set -eu

source=/usr/src/wordpress
site=/var/www/html
state=$site/.inception
id=$(cat "$source/id")
version=${id% *}

there=$(sed -n "s/^\$wp_version *= *'\([^']*\)'.*/\1/p" "$site/wp-includes/version.php" 2>/dev/null || true)
# shellcheck disable=SC2016 # PHP reads them.
if [ -n "$there" ] && ! php -r 'exit((int) version_compare($argv[1], $argv[2], "<"));' "$version" "$there"; then
    echo "wordpress: this image has WordPress $version, but the site runs $there, whose database knows no way back:" \
        "set inception_supply and wordpress_version back, or restore the backup that was made before $there." >&2
    exit 1
fi
if [ "${1:-}" = check ]; then
    exit 0
fi

# The mounted directory may belong to anybody at first. Taking it needs CAP_CHOWN, no more.
chown root:root "$site"
chmod 0755 "$site"
mkdir -p "$state"
chown root:root "$state"
chmod 0711 "$state"

# mine DIR OWNER MODE: makes a directory, or takes it over.
mine() {
    mkdir -p "$1"
    if [ "$(stat -c '%U:%G' "$1")" != "$2" ]; then
        chown root:root "$1"
        chmod "$3" "$1"
        chown "$2" "$1"
    elif [ "${2%%:*}" = root ]; then
        chmod "$3" "$1"
    fi
}

if [ ! -f "$state/core" ] || [ "$(cat "$state/core")" != "$id" ]; then
    echo "wordpress: putting the core $version in place" >&2
    rm -f "$state/core" "$state/files.new"
    # Images with WordPress 6.1 kept compiled translations there.
    for dir in staging old translations; do
        if [ -e "$state/$dir" ]; then
            find "$state/$dir" ! -user root -exec chown root:root {} \;
            rm -rf "${state:?}/$dir"
        fi
    done
    mkdir "$state/staging" "$state/old"
    tar -xzf "$source/core.tar.gz" --no-same-owner -C "$state/staging"
    # All of the new core is on the disk before a part of the old one goes.
    sync -f "$state"

    # Sticky: www-data may add directories (upgrade, cache, …) but not put another mu-plugins in place.
    mine "$site/wp-content" root:www-data 1775
    mine "$site/wp-content/mu-plugins" root:root 0755
    # One of ours that this image has no longer would meet others that it does not know.
    for plugin in "$site"/wp-content/mu-plugins/inception*.php; do
        [ -e "$state/staging/wp-content/mu-plugins/${plugin##*/}" ] || rm -f "$plugin"
    done
    mv -f "$state"/staging/wp-content/mu-plugins/* "$site/wp-content/mu-plugins/"
    mv -f "$state/staging/wp-content/index.php" "$site/wp-content/index.php"
    rm -r "$state/staging/wp-content"

    for path in "$state"/staging/*; do
        name=${path##*/}
        if [ -e "$site/$name" ]; then
            # A tree from elsewhere may belong to somebody else; it cannot be moved before it is ours.
            find "$site/$name" ! -user root -exec chown root:root {} \;
            mv "$site/$name" "$state/old/$name"
        fi
        mv "$path" "$site/$name"
        echo "$name" >>"$state/files.new"
    done

    # What the earlier core had at the top and this one has no longer.
    if [ -f "$state/files" ]; then
        while read -r name; do
            if ! grep -qxF "$name" "$state/files.new"; then
                rm -rf "${site:?}/$name"
            fi
        done <"$state/files"
    fi
    mv "$state/files.new" "$state/files"
    echo "$id" >"$state/core.new"
    sync "$state/files" "$state/core.new" "$site/wp-content/mu-plugins" "$site/wp-content" "$site" "$state"
    mv "$state/core.new" "$state/core"
    sync "$state"
fi
# Also after a start that was cut off between the marker and here.
rm -rf "$state/old" "$state/staging"

# What php-fpm may write.
for dir in plugins themes uploads languages upgrade; do
    mine "$site/wp-content/$dir" www-data:www-data 0755
done
mine "$state/cache" www-data:www-data 0755
mine "$state/content" www-data:www-data 0700
mine "$state/uploads" www-data:www-data 0700
