#!/bin/sh
# Puts WordPress on the volume at the first start, installs it, and becomes php-fpm.
set -eu

cd /var/www/html
if [ ! -f wp-config.php ]; then
    cp -R /usr/src/wordpress/. .
    salts=$(
        for name in AUTH_KEY SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY AUTH_SALT SECURE_AUTH_SALT LOGGED_IN_SALT NONCE_SALT; do
            echo "define( '$name', '$(head -c 48 /dev/urandom | base64)' );"
        done
    )
    # The last constant keeps requests to other hosts out of the measurements, here as in our own stack.
    cat >wp-config.php <<PHP
<?php
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'wordpress' );
define( 'DB_PASSWORD', '$DB_PASSWORD' );
define( 'DB_HOST', 'mariadb' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
$salts
\$table_prefix = 'wp_';
define( 'WP_DEBUG', false );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
PHP
    chown -R www-data:www-data .
fi
# The database may still be starting. Its own client would be one more package.
for _ in $(seq 120); do
    if php -r 'exit(@mysqli_connect("mariadb", "wordpress", getenv("DB_PASSWORD"), "wordpress") ? 0 : 1);' 2>/dev/null; then
        break
    fi
    sleep 1
done
php /usr/local/bin/install.php

exec "$(find /usr/sbin -name 'php-fpm*')" -F
