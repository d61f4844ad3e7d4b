#!/bin/sh
# Lets NGINX load certificate and key anew. No connection is closed, and no new one is refused. What NGINX would not
# start with is not loaded: then it says why, and goes on with what it has.
set -eu
# The time of this file tells what is loaded: everything older than it.
: > /run/nginx/loading
hsts.sh
nginx -e stderr -q -t
nginx -e stderr -s reload
mv /run/nginx/loading /run/nginx/loaded
