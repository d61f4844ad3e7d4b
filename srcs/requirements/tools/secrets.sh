#!/bin/sh
# Makes the secrets that are missing:
#
#   secrets.sh [--check] DIRECTORY
#
# Which these are stands in secrets.list beside this script. One line on standard output for each file that was made;
# nothing when all are there. A file that exists is never changed. With --check it only tells what is missing.
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

# content LENGTH NAMES: what a file holds.
content() {
    if [ "$1" -eq 0 ]; then
        return
    elif [ -z "$2" ]; then
        random "$1"
        echo
    fi
    for key in $2; do
        echo "$key=$(random "$1")"
    done
}

# make FILE OWNER MODE LENGTH NAMES: the file comes into being complete and on the disk, or not at all.
make() {
    file=$directory/$1
    if [ -e "$file" ] || [ -L "$file" ]; then
        { [ -f "$file" ] && { [ -s "$file" ] || [ "$4" -eq 0 ]; }; } ||
            die "$file is empty or no file: fill it, or remove it and a new one is made."
        return
    fi
    if [ "$check" = yes ]; then
        echo "would make $file"
        return
    fi
    new=$directory/.$1.new
    rm -f "$new"
    content "$4" "$5" > "$new"
    chown "$2" "$new"
    chmod "$3" "$new"
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

list=$(dirname "$0")/secrets.list
[ -r "$list" ] || die "$list is missing."
while read -r name owner mode length names; do
    case $name in
        '' | '#'*) ;;
        *) make "$name" "$owner" "$mode" "$length" "$names" ;;
    esac
done < "$list"
