#!/bin/sh
# Brings the system tables up to the running server after MariaDB moved on to a new series. Run it once,
# while the server is up: docker exec mariadb upgrade.sh
set -eu

# Over a here-document, so that the password is in no argument and in no environment.
password=$(sed "s/[\\\\']/\\\\&/g" /run/secrets/db_root_password)
mariadb-upgrade --defaults-extra-file=/dev/stdin <<OPTIONS
[client]
user = root
password = '$password'
OPTIONS
setpriv --reuid=mysql --regid=mysql --clear-groups sh -c \
    'mariadbd --no-defaults --version | sed -n "s/.* Ver \([0-9]*\.[0-9]*\)\..*/\1/p" > /var/lib/mysql/data/.initialised'
