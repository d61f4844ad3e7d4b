#!/bin/bash
# The way back of an upgrade of WordPress, whose database knows none. Run as root on the machine.
#
#   upgrade.sh before       before the containers are made anew: where the new image has another core than the site,
#                           keeps the database and the image of before
#   upgrade.sh finish       afterwards, however the start ended: looks at the upgraded site, and goes back where it does
#                           not answer
#   upgrade.sh dump NAME    keeps the database, in a file of that name
#   upgrade.sh back [DUMP]  keeps the present database, then puts the one of before back, and the image where it is still
#                           there; one that was cut off is gone on with by before and finish
#
# What is kept lies in wordpress/.inception/upgrades of the data directory, which only root can enter: the newest three
# dumps, and what is still needed.
set -euo pipefail
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

data=$(setting DATA_DIR)
[[ $data == /* && -d $data ]] ||
    fail "DATA_DIR in $srcs/.env is no directory by its full path (it may stand in single quotes, with nothing behind): ${data:-empty}"
site=$data/wordpress
image=wordpress:$(setting IMAGE_VERSION)
former=wordpress:former
kept=$site/.inception/upgrades
# An upgrade that has not been found good yet: the version before, the one after, the dump, a line each, and what was
# wrong with the site before.
pending=$kept/pending
# The dump that is being gone back to: the database may be half of it.
going=$kept/back

# One at a time, with what an interrupted one has left running, which inherits it.
exec 9<"$data"
flock --timeout 1800 9 || fail "Another upgrade.sh has been at work for half an hour: end it, then begin again."
rm -f "$kept"/*.part "$kept"/*.new

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

# of_container FORMAT, id IMAGE: nothing where there is none.
of_container() {
    docker container inspect --format "$1" wordpress 2>/dev/null || true
}
id() {
    docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true
}

version() {
    sed -n "s/^\$wp_version *= *'\([^']*\)'.*/\1/p" "$site/wp-includes/version.php" 2>/dev/null || true
}

# record FILE LINE...: all of it or nothing, whenever the power fails.
record() {
    printf '%s\n' "${@:2}" >"$1.new"
    sync "$1.new"
    mv "$1.new" "$1"
    sync "$kept"
}

# stop_wordpress: what visitors wrote during a dump would be lost. Until "trap - EXIT", whatever ends this starts it again.
stop_wordpress() {
    trap 'rm -f "$kept"/*.part "$kept"/*.new; docker start wordpress >/dev/null || true' EXIT
    docker stop wordpress >/dev/null
}

# keep NAME [NEEDED]: dumps the database to $dump, and removes dumps but the newest three and those that are needed.
keep() {
    wait_for_database
    mkdir -p "$kept"
    dump=$kept/$(date +%Y-%m-%dT%H%M%S)-$1.sql.gz
    # shellcheck disable=SC2016 # The shell in the container reads it.
    in_mariadb 'mariadb-dump --defaults-extra-file="$options" --single-transaction --routines --events --triggers \
        --add-drop-database --databases "$DB_NAME"' | gzip >"$dump.part" &&
        sync "$dump.part" && mv "$dump.part" "$dump" && sync "$kept" || return
    printf '%s\n' "$kept"/2???-??-??T??????-*.sql.gz | sort -r | tail -n +4 |
        { grep -vxF -e "${2-}" -f <({ sed -n 3p "$pending"; cat "$going"; } 2>/dev/null) || true; } | xargs -r -d '\n' rm -f
}

dump() {
    keep "${1:?usage: upgrade.sh dump NAME}" || fail "The database cannot be dumped (see above)."
    echo "The database of before is kept in $dump"
}

before() {
    from=$(version)
    there=$(of_container '{{.Image}}')
    if [ ! -f "$pending" ]; then
        # The common case, in which nothing more is to be asked.
        [ -n "$from" ] && [ "$there" != "$(id "$image")" ] || return 0
    elif [ "$from" = "$(sed -n 1p "$pending")" ] && [ "$there" = "$(id "$former")" ]; then
        # Nothing was upgraded yet, and the site may have been started again since.
        rm "$pending"
    elif [ "$from" = "$(sed -n 2p "$pending")" ] &&
        { [ "$(of_container '{{.State.Health.Status}}')" = healthy ] || [ -n "$(find "$pending" -mmin +60)" ]; }; then
        # What was written since is worth more than what a look at the site says today.
        echo "WordPress $from was started by an earlier run; the database of before is kept in $(sed -n 3p "$pending")"
        rm "$pending"
        docker image rm "$former" >/dev/null 2>&1 || true
    fi
    to=$(docker run --rm --pull never --network none --entrypoint cat "$image" /usr/src/wordpress/id) || true
    to=${to%% *}
    [[ $to =~ ^[0-9]+\.[0-9][-.0-9A-Za-z]*$ ]] || fail "The image $image does not say which WordPress it has; the site was left as it was."
    # After a cut the core may be the new one already, and the database half way.
    if [ -f "$pending" ] && [ "$(sed -n 2p "$pending")" = "$to" ]; then
        echo "The upgrade to WordPress $to goes on; the database of before is in $(sed -n 3p "$pending")"
        return
    fi
    [ -n "$from" ] && [ "$from" != "$to" ] || return 0
    ill=
    if [ "$(of_container '{{.State.Running}}')" = true ]; then
        # What does not answer now is no reason to go back.
        ill=$(docker exec --user www-data wordpress healthcheck.sh site 2>&1 | grep '^the site ' || true)
        stop_wordpress
    fi
    if [ -n "$there" ]; then
        docker tag "$there" "$former"
    else
        docker image rm "$former" >/dev/null 2>&1 || true
    fi
    keep "wordpress-$from" ||
        fail "The database cannot be dumped (see above): WordPress stays $from, and the site was left as it was."
    record "$pending" "$from" "$to" "$dump" ${ill:+"$ill"}
    trap - EXIT
    echo "WordPress $from becomes $to; the database of before is kept in $dump"
}

finish() {
    [ -f "$pending" ] || return 0
    worse=
    said=$(docker exec --user www-data wordpress healthcheck.sh site 2>&1) ||
        worse=$(grep -vxF -f <(sed 1,3d "$pending") <<<"${said:-the site cannot be asked}" || true)
    if [ -n "$worse" ]; then
        log=$(docker logs --since 10m wordpress 2>&1 || true)
        reason=$(grep -o 'PHP Fatal error: .*' <<<"$log" | tail -n 1 || true)
        reason=${reason:-$(grep '^wordpress: ' <<<"$log" | tail -n 1 || true)}
        echo "WordPress $(sed -n 2p "$pending") does not run here: ${worse//$'\n'/, }${reason:+; $reason}" >&2
        back >&2
        exit 1
    fi
    rm -f "$pending"
    docker image rm "$former" >/dev/null 2>&1 || true
    [ -z "$said" ] || printf '%s\n' "$said"
}

back() {
    to=${1:-$(cat "$going" 2>/dev/null || sed -n 3p "$pending" 2>/dev/null || true)}
    [ -n "$to" ] || fail "No upgrade is under way; name the dump to go back to: $(ls "$kept"/*.sql.gz 2>/dev/null || echo there is none in "$kept")"
    to=$(realpath --canonicalize-missing "$to")
    gzip --test "$to" || fail "$to is no whole dump; nothing was touched."
    if [ ! -f "$going" ]; then
        [ "$(of_container '{{.State.Running}}')" != true ] || stop_wordpress
        keep "wordpress-$(version)-replaced" "$to" ||
            fail "The present database cannot be kept (see above): nothing was put back, and the site was left as it was."
        echo "The database that is replaced is kept in $dump"
    fi
    record "$going" "$to"
    trap - EXIT
    docker stop wordpress >/dev/null 2>&1 || true
    # Without these an image takes whatever core is there for none, and puts its own in place.
    rm -f "$site/.inception/core" "$site/wp-includes/version.php"
    wait_for_database
    # shellcheck disable=SC2016
    gzip --decompress --stdout "$to" | in_mariadb 'mariadb --defaults-extra-file="$options" --max-allowed-packet=1G' ||
        fail "The database of $to could not be read in (see above); to try again, run make, or: $0 back $to"
    if [ "$to" = "$(sed -n 3p "$pending" 2>/dev/null)" ] && [ -n "$(id "$former")" ]; then
        docker tag "$former" "$image"
        rm "$pending" "$going"
        docker compose --project-directory "$srcs" up --detach --no-build --wait >/dev/null 2>&1 ||
            fail "The database of $to is back, but the site does not start; what it says: docker logs wordpress"
        docker image rm "$former" >/dev/null
        echo "The site is as it was before the upgrade, with the database of $to; mend that, and run make again."
    else
        rm -f "$pending" "$going"
        echo "The database of $to is back; now set wordpress_version and inception_supply to what the site had then, and run make."
    fi
}

case ${1-} in
before | finish)
    if [ -f "$going" ]; then
        back >&2
        exit 1
    fi
    "$1"
    ;;
dump | back) "$@" ;;
*) fail "usage: upgrade.sh before | finish | dump NAME | back [DUMP]" ;;
esac
