#!/bin/sh
# Brings the site up to the state of this image and then becomes php-fpm. Every step can be cut off
# at any moment: the next start carries on.
set -eu

lib=/usr/local/lib/wordpress

fail() {
    printf 'wordpress: %s\n' "$*" >&2
    exit 1
}

# Anything else than the service, for example "docker compose run wordpress php -v".
if [ "${1:-php-fpm}" != php-fpm ]; then
    exec "$@"
fi

# as_www_data COMMAND...: without any of root's rights.
as_www_data() {
    setpriv --reuid=www-data --regid=www-data --init-groups --inh-caps=-all --no-new-privs "$@"
}

# From settings and secrets to /run/wordpress/config.php, which lives in memory.
php "$lib/configure.php"

# The core and the must-use plugin belong to root, all other content to www-data.
"$lib/core.sh"
as_www_data "$lib/content.sh"

# Only root may open the file; www-data reads it from this one descriptor.
[ -r /run/secrets/credentials ] || fail "the secret credentials is missing; \"make\" makes it."
as_www_data php "$lib/install.php" </run/secrets/credentials

# A new container has another image or other settings, so that no page in NGINX's cache is right any
# longer. After a crash it is the same container, and they are shown while php-fpm comes back.
known=/var/www/html/.inception/cache/container
container=$(cat /etc/hostname)
# php-fpm may write here: nothing but a file is read, or a pipe would keep every start waiting.
[ -f "$known" ] || as_www_data rm -rf "$known"
if [ "$(cat "$known" 2>/dev/null)" != "$container" ]; then
    as_www_data purge-cache.sh
    # shellcheck disable=SC2016 # The inner shell reads them.
    as_www_data sh -c 'printf "%s\n" "$1" >"$2"' sh "$container" "$known"
fi

# The size of the pool. A process of WordPress takes about 64 MB at its worst; half of the memory
# is for them, the other half for the database and the page cache. More than four for each core
# only wait for each other, but some have to be left for requests that wait for something outside.
memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    if [ -r "$file" ]; then
        limit=$(awk '/^[0-9]+$/ { printf "%.0f", $1 / 1048576 }' "$file")
        if [ -n "$limit" ] && [ "$limit" -lt "$memory" ]; then
            memory=$limit
        fi
    fi
done
cores=$(nproc)
children=$((cores * 4 + 2))
if [ "$children" -gt $((memory / 2 / 64)) ]; then
    children=$((memory / 2 / 64))
fi
# A page of the dashboard asks the site itself: with fewer than four it could wait for itself.
if [ "$children" -lt 4 ]; then
    children=4
fi
FPM_MAX_CHILDREN=$children
POST_LIMIT_MB=$((UPLOAD_LIMIT_MB + 1))
export FPM_MAX_CHILDREN POST_LIMIT_MB

# -O: messages go to standard error.
exec setpriv --reuid=www-data --regid=www-data --init-groups --inh-caps=-all --no-new-privs \
    php-fpm -F -O --fpm-config /usr/local/etc/php-fpm.conf
