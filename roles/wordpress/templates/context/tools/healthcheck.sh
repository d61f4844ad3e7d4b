#!/bin/sh
# Is php-fpm answering? And once a minute: WordPress's cron.
set -eu

# fcgi NAME=VALUE...: one request to php-fpm, with nothing but these variables.
fcgi() {
    env -i "$@" cgi-fcgi -bind -connect "php-fpm:${PHP_FPM_PORT}"
}

# A good answer holds for fifteen seconds. Asked more often, the process that made the last page would never be
# idle for long enough to go, and it keeps more memory than the rest of php-fpm.
answered=/run/wordpress/answered
age=$(($(date +%s) - $(stat -c %Y "$answered" 2>/dev/null || echo 0)))
if [ "$age" -lt 0 ] || [ "$age" -ge 15 ]; then
    rm -f "$answered"
    fcgi SCRIPT_NAME=/ping SCRIPT_FILENAME=/ping REQUEST_METHOD=GET | grep -q '^pong'
    touch "$answered"
fi

# wp-cron.php answers at once and goes on working in php-fpm, so a long job is not cut off by the
# time limit of this check. WordPress itself sees to it that no two of them run at the same time.
last=/run/wordpress/cron
if [ -z "$(find "$last" -mmin -1 2>/dev/null)" ]; then
    touch "$last"
    fcgi SCRIPT_NAME=/wp-cron.php SCRIPT_FILENAME=/var/www/html/wp-cron.php \
        REQUEST_METHOD=GET REQUEST_URI=/wp-cron.php?doing_wp_cron QUERY_STRING=doing_wp_cron \
        SERVER_PROTOCOL=HTTP/1.1 SERVER_NAME="$DOMAIN_NAME" HTTP_HOST="$DOMAIN_NAME" \
        SERVER_PORT=443 HTTPS=on REMOTE_ADDR=127.0.0.1 >/dev/null
fi
