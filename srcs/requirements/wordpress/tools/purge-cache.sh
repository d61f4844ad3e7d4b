#!/bin/sh
# Makes NGINX forget all pages, for changes that WordPress cannot see: a database restored from a backup,
# a theme edited on the disk. WordPress itself does this at each edit (mu-plugins/inception-cache.php).
#
#     docker exec --user www-data wordpress purge-cache.sh
set -eu
umask 022

# Overwritten in place: NGINX holds this file open. It begins with two words (nginx/conf/generation.lua), and those with
# their time (mu-plugins/inception-cache.php).
file=/var/www/html/.inception/cache/generation
# What is no file makes way for one: a pipe would never be written.
if [ -L "$file" ] || { [ -e "$file" ] && [ ! -f "$file" ]; }; then
    mv "$file" "$file.$(date +%s)"
fi
random=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%08x%s' "$(date +%s)" "$random" 1<>$file
truncate -s 2097184 $file
