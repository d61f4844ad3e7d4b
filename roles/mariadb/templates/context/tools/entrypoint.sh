#!/bin/sh
# Brings the data directory into being on the first start, brings the accounts in line with the secrets
# on every start, and becomes the server.
#
# It runs twice. As root it only reads the secrets, because nobody else may; then it calls itself as
# mysql, without any right left, to look at the data and to become mariadbd.
set -eu
umask 077

VOLUME=/var/lib/mysql
DATA=$VOLUME/data
# Where the data directory is built before it is renamed into place.
STAGING=$VOLUME/.staging
# Written last. It names the series of MariaDB that the data belongs to.
MARKER=.initialised
# Every name that DB_USER ever had here, a line each.
NAMES=.accounts
# On tmpfs: gone with the container, readable by mysql alone.
ACCOUNTS=/run/mysqld/accounts.sql

say() {
    echo "mariadb: $*" >&2
}

die() {
    say "$*"
    exit 1
}

# The value of a secret, ready to stand between single quotes in SQL.
secret() {
    file=/run/secrets/$1
    [ -r "$file" ] || die "the secret $1 is missing: $file cannot be read."
    value=$(cat "$file")
    [ -n "$value" ] || die "the secret $1 is empty: write a password into its file and start again."
    case $value in
        *[![:print:]]*) die "the secret $1 must be one line of printable ASCII characters." ;;
    esac
    printf '%s' "$value" | sed "s/[\\\\']/\\\\&/g"
}

# Database and user names go into SQL and into file names.
name() {
    case $2 in
        '') die "$1 is empty: set it in .env." ;;
        *[!A-Za-z0-9_]*) die "$1 may hold letters, digits and underscores only, not '$2'." ;;
    esac
    [ "${#2}" -le 64 ] || die "$1 may have 64 characters at most."
}

number() {
    case $2 in
        '' | *[!0-9]*) die "$1 must be a number, not '$2'." ;;
    esac
}

# The statements that mariadbd executes before it accepts a connection. They say how things must be,
# not what to change, so they can run at every start: a secret is changed by editing its file and
# restarting. root comes in over the socket only, and with its password; the account mysql has no
# rights and is for the health check, which the system user of that name makes.
accounts() {
    root=$(secret db_root_password)
    user=$(secret db_password)
    # In a GRANT, the underscore of a database name would stand for any character.
    database=$(printf '%s' "$DB_NAME" | sed 's/_/\\_/g')
    cat <<SQL
SET SESSION sql_mode = '';
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
DELETE FROM mysql.proxies_priv WHERE User = 'root' AND Host <> 'localhost';
FLUSH PRIVILEGES;
CREATE USER IF NOT EXISTS 'root'@'localhost';
ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING PASSWORD('$root') ACCOUNT UNLOCK;
GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION;
CREATE USER IF NOT EXISTS 'mysql'@'localhost';
ALTER USER 'mysql'@'localhost' IDENTIFIED VIA unix_socket;
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'mysql'@'localhost';
CREATE DATABASE IF NOT EXISTS \`$DB_NAME\`;
CREATE USER IF NOT EXISTS '$DB_USER'@'%';
ALTER USER '$DB_USER'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('$user') ACCOUNT UNLOCK;
REVOKE ALL PRIVILEGES, GRANT OPTION FROM '$DB_USER'@'%';
GRANT ALL PRIVILEGES ON \`$database\`.* TO '$DB_USER'@'%';
SQL
}

# An account that DB_USER named before, and no longer does, goes. Accounts that an operator made stay.
retire() {
    grep -Fxq "$DB_USER" "$DATA/$NAMES" 2>/dev/null || printf '%s\n' "$DB_USER" >> "$DATA/$NAMES"
    grep -Fxv "$DB_USER" "$DATA/$NAMES" | sed "s/.*/DROP USER IF EXISTS '&'@'%';/" >> "$ACCOUNTS"
}

# 10.11.6 and 10.11.14 are of the same series; their data is the same.
series() {
    mariadbd --no-defaults --version | sed -n 's/.* Ver \([0-9]*\.[0-9]*\)\..*/\1/p'
}

# Whether series $1 is newer than series $2.
newer() {
    [ "${1%%.*}" -gt "${2%%.*}" ] || { [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${1#*.}" -gt "${2#*.}" ]; }
}

# Everything is made in the staging directory and comes to its place by one rename: whenever this is
# interrupted, the next start finds either nothing or a finished data directory.
initialise() {
    say "first start: the data directory is being made."
    rm -rf "$STAGING"
    mkdir "$STAGING"
    # The same accounts as at every start, so that no data directory without a root password ever
    # lies on the disk.
    log=$(mariadb-install-db --skip-test-db --skip-name-resolve --auth-root-authentication-method=normal \
        --datadir="$STAGING" --extra-file="$ACCOUNTS" 2>&1) || die "the first initialisation failed: $log"
    series > "$STAGING/$MARKER"
    # On the disk before the rename, and the rename too before anything builds on it.
    sync -f "$STAGING/$MARKER"
    mv "$STAGING" "$DATA"
    sync -f "$DATA"
    say "the data directory is ready."
}

# What lies on the volume, when it is neither empty nor ours, is never touched.
inspect() {
    { [ -w "$VOLUME" ] && [ -x "$VOLUME" ]; } || die "uid $(id -u) cannot write into the database volume."
    if [ -e "$DATA" ]; then
        { [ -r "$DATA" ] && [ -w "$DATA" ] && [ -x "$DATA" ]; } ||
            die "the data directory of the database volume must belong to uid $(id -u), with all that is in it."
        [ -s "$DATA/$MARKER" ] ||
            die "the data directory of the database volume was not made here; it is left as it is. Move it away to start anew."
        data=$(cat "$DATA/$MARKER")
        server=$(series)
        if newer "$data" "$server"; then
            die "the data was written by MariaDB $data; the older $server cannot read it and leaves it as it is."
        elif newer "$server" "$data"; then
            say "the data was written by MariaDB $data: once this $server has started, run 'docker exec mariadb upgrade.sh'."
        fi
        # A leftover of an initialisation that another start has finished.
        rm -rf "$STAGING"
        return
    fi
    for entry in "$VOLUME"/* "$VOLUME"/.[!.]*; do
        case ${entry#"$VOLUME"/} in
            '*' | '.[!.]*' | .staging | lost+found) ;;
            *) die "the database volume holds '${entry#"$VOLUME"/}', which was not made here; it is left as it is. Empty the volume to start anew." ;;
        esac
    done
    initialise
}

if [ "$(id -u)" -eq 0 ]; then
    name DB_NAME "${DB_NAME-}"
    name DB_USER "${DB_USER-}"
    case $DB_USER in
        root | mysql) die "DB_USER must not be '$DB_USER': that account has another purpose." ;;
    esac
    [ "$DB_NAME" != mysql ] || die "DB_NAME must not be 'mysql': that database is the server's own."
    number DB_PORT "${DB_PORT-}"
    number DB_BUFFER_POOL_MB "${DB_BUFFER_POOL_MB-}"

    statements=$(accounts)
    printf '%s\n' "$statements" > "$ACCOUNTS"
    chmod 0600 "$ACCOUNTS"
    chown mysql:mysql "$ACCOUNTS" "${ACCOUNTS%/*}"
    # Docker makes the place of a new volume for root.
    [ "$(stat -c %u "$VOLUME")" -eq "$(id -u mysql)" ] || chown mysql:mysql "$VOLUME"
    exec setpriv --reuid=mysql --regid=mysql --clear-groups --inh-caps=-all --no-new-privs "$0"
fi

# What the machine has, or what the container may use of it, in MiB.
memory() {
    least=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        if [ -r "$file" ]; then
            limit=$(awk '/^[0-9]+$/ { printf "%.0f", $1 / 1048576 }' "$file")
            if [ -n "$limit" ] && [ "$limit" -lt "$least" ]; then
                least=$limit
            fi
        fi
    done
    echo "$least"
}

inspect
retire
# Zero leaves the size of the buffer pool to this rule: a sixteenth of the memory, but at least 32 and at
# most 256 MiB, which holds all of a WordPress that is not very large.
if [ "$DB_BUFFER_POOL_MB" -eq 0 ]; then
    DB_BUFFER_POOL_MB=$(($(memory) / 16))
    [ "$DB_BUFFER_POOL_MB" -ge 32 ] || DB_BUFFER_POOL_MB=32
    [ "$DB_BUFFER_POOL_MB" -le 256 ] || DB_BUFFER_POOL_MB=256
fi
# WordPress asks the same for each page. The answers of the query cache are as new as the tables, but all
# threads share one lock, which holds back a machine with many cores.
query_cache='--query-cache-type=OFF --query-cache-size=0'
[ "$(nproc)" -gt 4 ] || query_cache='--query-cache-type=ON --query-cache-size=8M'
# shellcheck disable=SC2086 # two options
exec mariadbd --port="$DB_PORT" --innodb-buffer-pool-size="${DB_BUFFER_POOL_MB}M" --init-file="$ACCOUNTS" $query_cache
