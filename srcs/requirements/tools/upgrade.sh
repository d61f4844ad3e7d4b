#!/bin/sh
# The way back of an upgrade of WordPress, whose database knows none. Run as root on the machine.
#
#   upgrade.sh before       before the containers are made anew: where the new image has another core than the site,
#                           keeps the database and the image of before
#   upgrade.sh finish       afterwards, however the start ended: looks at the upgraded site, and goes back where it does
#                           not answer
#   upgrade.sh dump NAME    keeps the database, in a file of that name
#   upgrade.sh back [DUMP]  puts the database of before back, and the image where it is still there
#
# What is kept lies in wordpress/.inception/upgrades of the data directory, which only root can enter.
set -eu
umask 077

srcs=$(cd "$(dirname "$0")/../.." && pwd)
docker=${DOCKER:-docker}

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

setting() {
    sed -n "s/^$1='*\([^']*\)'*$/\1/p" "$srcs/.env"
}

site=$(setting DATA_DIR)/wordpress
image=wordpress:$(setting IMAGE_VERSION)
former=wordpress:former
kept=$site/.inception/upgrades
# An upgrade that has not been found good yet: the version before, the one after, and the dump, a line each.
pending=$kept/pending

# docker COMMAND...: "env DOCKER_BUILDKIT=1 docker" is several words.
docker() {
    # shellcheck disable=SC2086
    command $docker "$@"
}

# in_mariadb COMMAND: in the database's container, with "$options", a file that makes a client root there: the password
# is in no argument and in no environment.
in_mariadb() {
    # shellcheck disable=SC2016 # The shell in the container reads them.
    docker exec --interactive mariadb sh -euc '
        options=$(mktemp /tmp/upgrade.XXXXXX)
        trap "rm -f $options" EXIT
        sed "s/[\\\\\"]/\\\\&/g; s/.*/[client]\nuser = root\npassword = \"&\"/" /run/secrets/db_root_password >"$options"
        '"$1"
}

# wait_for_database: it may have been stopped, or not be there yet.
wait_for_database() {
    if docker container inspect mariadb >/dev/null 2>&1; then
        docker start mariadb >/dev/null
    else
        docker compose --project-directory "$srcs" up --detach --no-build mariadb >/dev/null 2>&1
    fi
    tries=0
    until docker exec mariadb healthcheck.sh >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || fail "The database does not start; what it says: docker logs mariadb"
        sleep 2
    done
}

# keep NAME: dumps the database to $dump.
keep() {
    wait_for_database
    mkdir -p "$kept"
    dump=$kept/$(date +%Y-%m-%dT%H%M%S)-$1.sql.gz
    # shellcheck disable=SC2016 # The shell in the container reads it.
    if ! in_mariadb 'mariadb-dump --defaults-extra-file="$options" --single-transaction --routines --add-drop-database \
        --databases "$DB_NAME"' >"$dump.new"; then
        rm -f "$dump.new"
        return 1
    fi
    gzip <"$dump.new" >"$dump.part" && sync "$dump.part" && mv "$dump.part" "$dump" && rm "$dump.new"
}

dump() {
    keep "${1:?usage: upgrade.sh dump NAME}" || fail "The database cannot be dumped (see above)."
    echo "The database of before is kept in $dump"
}

before() {
    from=$(sed -n "s/^\$wp_version *= *'\([^']*\)'.*/\1/p" "$site/wp-includes/version.php" 2>/dev/null || true)
    [ -n "$from" ] || return 0
    to=$(docker run --rm --network none --entrypoint cat "$image" /usr/src/wordpress/id)
    to=${to%% *}
    # After a cut the core may be the new one already, and the database half way.
    if [ -f "$pending" ] && [ "$(sed -n 2p "$pending")" = "$to" ]; then
        echo "The upgrade to WordPress $to goes on; the database of before is in $(sed -n 3p "$pending")"
        return
    fi
    [ "$from" != "$to" ] || return 0
    # What visitors wrote after the dump would be lost on the way back.
    if docker container inspect wordpress >/dev/null 2>&1; then
        docker stop wordpress >/dev/null
        docker tag "$(docker inspect --format '{{.Image}}' wordpress)" "$former"
    else
        docker image rm "$former" >/dev/null 2>&1 || true
    fi
    if ! keep "wordpress-$from"; then
        docker start wordpress >/dev/null 2>&1 || true
        fail "The database cannot be dumped (see above): WordPress stays $from, and the site was left as it was."
    fi
    printf '%s\n' "$from" "$to" "$dump" >"$pending.new"
    sync "$pending.new"
    mv "$pending.new" "$pending"
    echo "WordPress $from becomes $to; the database of before is kept in $dump"
}

finish() {
    [ -f "$pending" ] || return 0
    if ! said=$(docker exec --user www-data wordpress healthcheck.sh site 2>&1); then
        log=$(docker logs --since 10m wordpress 2>&1 || true)
        reason=$(echo "$log" | grep -o 'PHP Fatal error: .*' | tail -n 1)
        reason=${reason:-$(echo "$log" | grep '^wordpress: ' | tail -n 1)}
        echo "WordPress $(sed -n 2p "$pending") does not run here: $said${reason:+; $reason}" >&2
        back >&2
        exit 1
    fi
    rm -f "$pending"
    docker image rm "$former" >/dev/null 2>&1 || true
    [ -z "$said" ] || printf '%s\n' "$said"
}

back() {
    dump=${1:-$(sed -n 3p "$pending" 2>/dev/null || true)}
    [ -n "$dump" ] || fail "No upgrade is under way; name the dump to go back to: $(ls "$kept"/*.sql.gz 2>/dev/null || echo there is none in "$kept")"
    gzip --test "$dump" || fail "$dump is no whole dump; nothing was touched."
    docker stop wordpress >/dev/null 2>&1 || true
    wait_for_database
    # shellcheck disable=SC2016
    gzip --decompress --stdout "$dump" | in_mariadb 'mariadb --defaults-extra-file="$options" --max-allowed-packet=1G' ||
        fail "The database of $dump could not be read in (see above); to try again: $0 back $dump"
    # Without these an image takes whatever core is there for none, and puts its own in place.
    rm -f "$site/.inception/core" "$site/wp-includes/version.php" "$pending"
    if docker image inspect "$former" >/dev/null 2>&1; then
        docker tag "$former" "$image"
        docker compose --project-directory "$srcs" up --detach --no-build --wait >/dev/null 2>&1 ||
            fail "The database of $dump is back, but the site does not start; what it says: docker logs wordpress"
        docker image rm "$former" >/dev/null
        echo "The site is as it was before the upgrade, with the database of $dump; mend that, and run make again."
    else
        echo "The database of $dump is back; now set wordpress_version and inception_supply to what the site had then, and run make."
    fi
}

case ${1-} in
before | finish | dump | back) "$@" ;;
*) fail "usage: upgrade.sh before | finish | dump NAME | back [DUMP]" ;;
esac
