#!/bin/sh
# Makes the secrets that are missing. What exists is never touched: a password that the database
# knows already cannot be made anew.
#
#   secrets.sh [--check] DIRECTORY
#
# Prints a line for each file that it makes (with --check: would make, and nothing is changed).
# Each file is written aside and then renamed, so that an interruption leaves it whole or absent.
set -eu

check=no
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
if [ $# -ne 1 ]; then
	echo "usage: secrets.sh [--check] DIRECTORY" >&2
	exit 2
fi
directory=$1
umask 077

# 32 characters out of 62: 190 bits. No character of them means anything to a shell, to SQL or to PHP.
random() {
	LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 32
}

# make NAME: takes the content from standard input.
make() {
	if [ -e "$directory/$1" ]; then
		return
	fi
	if [ "$check" = no ]; then
		temporary=$directory/.$1.new
		cat >"$temporary"
		chmod 0400 "$temporary"
		sync "$temporary"
		mv "$temporary" "$directory/$1"
	fi
	echo "$directory/$1"
}

password() {
	printf '%s\n' "$(random)"
}

if [ "$check" = no ]; then
	mkdir -p "$directory"
fi

password | make db_root_password.txt
password | make db_password.txt

# The passwords of the two users of the site; their names are in srcs/.env.
printf 'WP_ADMIN_PASSWORD=%s\nWP_USER_PASSWORD=%s\n' "$(random)" "$(random)" | make credentials.txt

# What WordPress signs its cookies with.
for name in AUTH_KEY SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY AUTH_SALT SECURE_AUTH_SALT LOGGED_IN_SALT NONCE_SALT; do
	printf '%s=%s%s\n' "$name" "$(random)" "$(random)"
done | make wordpress_salts.txt
