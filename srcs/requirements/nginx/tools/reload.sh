#!/bin/sh
# Lets NGINX load certificate and key anew:
#
#   reload.sh [--if-newer]
#
# No connection is closed, and no new one is refused. What NGINX would not start with is not loaded: then it says why,
# and goes on with what it has. With --if-newer only when one of them was written since.
set -eu
if [ "${1-}" = --if-newer ] && [ -z "$(find /run/secrets -name 'tls_*' -newer /run/nginx/loaded)" ]; then
    exit
fi
# The time of this file tells what is loaded: everything that is older.
: > /run/nginx/loading
nginx -e stderr -q -t
hsts.sh
kill -HUP 1
mv /run/nginx/loading /run/nginx/loaded
