#!/bin/sh
# Makes the secrets that are missing:
#
#   secrets.sh [--check] DIRECTORY
#
# One line on standard output for each file that was made; nothing when all are there. A file that
# exists is never changed. With --check it only tells what is missing.
set -eu
umask 077

die() {
    echo "secrets.sh: $*" >&2
    exit 1
}

# Letters and digits, so that no reader has to quote them: 32 of them are 190 bits.
random() {
    LC_ALL=C tr -dc 'A-Za-z0-9' < /dev/urandom | head -c "$1"
}

# Each of these writes the content of one file.
password() {
    random 32
    echo
}

credentials() {
    echo "WP_ADMIN_PASSWORD=$(random 20)"
    echo "WP_USER_PASSWORD=$(random 20)"
}

salts() {
    for name in AUTH_KEY SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY AUTH_SALT SECURE_AUTH_SALT LOGGED_IN_SALT NONCE_SALT; do
        echo "$name=$(random 64)"
    done
}

# Authorities to trust beyond the usual ones: none, until somebody adds them.
nothing() {
    :
}

# make FILE MODE COMMAND: the file comes into being complete and on the disk, or not at all.
make() {
    file=$directory/$1
    if [ -e "$file" ] || [ -L "$file" ]; then
        { [ -f "$file" ] && { [ -s "$file" ] || [ "$3" = nothing ]; }; } ||
            die "$file is empty or no file: fill it, or remove it and a new one is made."
        return
    fi
    if [ "$check" = yes ]; then
        echo "would make $file"
        return
    fi
    new=$directory/.$1.new
    rm -f "$new"
    "$3" > "$new"
    chmod "$2" "$new"
    sync "$new"
    mv "$new" "$file"
    sync "$directory"
    echo "made $file"
}

check=no
if [ "${1-}" = --check ]; then
    check=yes
    shift
fi
{ [ $# -eq 1 ] && [ -n "$1" ]; } || die "usage: secrets.sh [--check] DIRECTORY"
directory=$1
[ "$(id -u)" -eq 0 ] || die "run it as root: the secrets belong to root."
# Others may pass, for the public certificates lie here too; the secrets are closed one by one.
if [ "$check" = no ] && [ ! -e "$directory" ]; then
    (umask 022 && mkdir -p "$directory")
fi

make db_root_password.txt 0400 password
make db_password.txt 0400 password
make credentials.txt 0400 credentials
make wordpress_salts.txt 0400 salts
make extra_ca.crt 0644 nothing
