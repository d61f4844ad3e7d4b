#!/bin/sh
# One request as a browser makes it: a TLS handshake for the site's name, then HTTP. Whether php-fpm is
# well is php-fpm's own health check.
printf 'GET /.health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$DOMAIN_NAME" |
    openssl s_client -quiet -connect "127.0.0.1:$NGINX_PORT" -servername "$DOMAIN_NAME" 2> /dev/null |
    grep -q '^HTTP/1.1 204 '
