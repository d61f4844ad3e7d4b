#!/bin/sh
# Brings the system tables up to the running server after MariaDB moved on to a new series. Run it once,
# while the server is up: docker exec mariadb upgrade.sh
set -eu
umask 077

# In a file on tmpfs, so that the password is in no argument and in no environment.
options=$(mktemp /tmp/upgrade.XXXXXX)
as_root() {
    mariadb --defaults-extra-file="$options" --execute="$1"
}
finish() {
    as_root "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'mysql'@'localhost'"
    rm -f "$options"
}
sed 's/[\\"]/\\&/g; s/.*/[client]\nuser = root\npassword = "&"/' /run/secrets/db_root_password > "$options"

# The data directory is open to the user mysql alone, so the upgrade runs as that user. Its account gets
# the rights for as long as that takes; were this killed, the next start would take them back.
as_root "GRANT ALL PRIVILEGES ON *.* TO 'mysql'@'localhost' WITH GRANT OPTION"
trap finish EXIT
setpriv --reuid=mysql --regid=mysql --clear-groups sh -eu -c '
    mariadb-upgrade --user=mysql
    mariadbd --no-defaults --version | sed -n "s/.* Ver \([0-9]*\.[0-9]*\)\..*/\1/p" > /var/lib/mysql/data/.initialised
'
