#!/bin/sh
# Makes the database at the first start, and becomes the server.
set -eu

if [ ! -d /var/lib/mysql/wordpress ]; then
    chown mysql:mysql /var/lib/mysql
    mariadb-install-db --user=mysql --datadir=/var/lib/mysql --skip-test-db >/dev/null
    mariadbd --user=mysql --bootstrap <<SQL
FLUSH PRIVILEGES;
CREATE DATABASE wordpress;
CREATE USER 'wordpress'@'%' IDENTIFIED BY '$DB_PASSWORD';
GRANT ALL PRIVILEGES ON wordpress.* TO 'wordpress'@'%';
FLUSH PRIVILEGES;
SQL
fi

exec mariadbd --user=mysql
