#!/bin/sh
# Makes NGINX forget all pages, for changes that WordPress cannot see: a database restored from a backup,
# a theme edited on the disk. WordPress itself does this at each edit (mu-plugins/inception-cache.php).
#
#     docker exec --user www-data wordpress purge-cache.sh
set -eu
umask 022

# Overwritten in place: NGINX holds this file open.
word=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
printf '%s' "$word" 1<>/var/www/html/.inception/cache/generation
