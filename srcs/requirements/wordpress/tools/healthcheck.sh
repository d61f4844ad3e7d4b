#!/bin/sh
# Is php-fpm answering? And once a minute: WordPress's cron.
# healthcheck.sh site: do the site's pages work? upgrade.sh asks it before and after an upgrade.
set -eu

# fcgi NAME=VALUE...: one request to php-fpm, with nothing but these variables.
fcgi() {
    env -i "$@" cgi-fcgi -bind -connect "php-fpm:${PHP_FPM_PORT}"
}

# request SCRIPT URI QUERY: one request as NGINX makes it.
request() {
    fcgi "SCRIPT_NAME=/$1" "SCRIPT_FILENAME=/var/www/html/$1" \
        REQUEST_METHOD=GET "REQUEST_URI=$2" "QUERY_STRING=$3" \
        SERVER_PROTOCOL=HTTP/1.1 SERVER_NAME="$DOMAIN_NAME" HTTP_HOST="$DOMAIN_NAME" \
        SERVER_PORT=443 HTTPS=on REMOTE_ADDR=127.0.0.1
}

if [ "${1-}" = site ]; then
    # Front page, login, REST, and what the dashboard loads with each of its pages.
    bad=0
    for page in index.php:/ wp-login.php:/wp-login.php index.php:/wp-json/ wp-admin/admin-ajax.php:/wp-admin/admin-ajax.php; do
        headers=$(request "${page%%:*}" "${page#*:}" '' 2>&1 | tr -d '\r' | sed '/^$/q')
        case $headers in
        *'Status: 503'*) ;; # A plugin for maintenance, for example.
        *'Status: 5'*) echo "the site answers ${page#*:} with $(echo "$headers" | sed -n 's/^Status: //p')"; bad=1 ;;
        *[Cc]ontent-[Tt]ype:*) ;;
        *) echo "the site does not answer ${page#*:}"; bad=1 ;;
        esac
    done
    [ "$bad" = 0 ] || exit 1
    # Older themes and plugins than the release's, as content.sh found them.
    older=/var/www/html/.inception/content/older
    [ ! -f "$older" ] || cat "$older"
    exit 0
fi

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
    request wp-cron.php '/wp-cron.php?doing_wp_cron' doing_wp_cron >/dev/null
fi
