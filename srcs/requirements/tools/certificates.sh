#!/bin/sh
# Makes the local authority and the site's certificate, and renews what is due:
#
#   certificates.sh [--check] DIRECTORY DOMAIN UID [NAME...]
#
# UID is the user that NGINX runs as, who alone may read the site's key. NAMEs are further host names.
# One line on standard output for each thing that was done; nothing when all is well. With --check it
# only tells what it would do.
#
#   tls_ca.key  the key of the authority; it never leaves the host     tls_ca.crt  for browsers to import
#   tls.key     the key of the site                                    tls.crt     its certificate
#
# A key outlives the certificates that are made for it. So a renewal replaces one file by one rename, and
# NGINX never finds a key and a certificate that do not belong together. After an interruption the next
# run goes on from what is there.
set -eu
umask 077

CA_DAYS=3650
# Browsers refuse more than 825.
DAYS=397
# What has less left is renewed.
RENEW_SECONDS=$((30 * 24 * 3600))

die() {
    echo "certificates.sh: $*" >&2
    exit 1
}

# act FILE COMMAND...: make the file and tell, or only tell.
act() {
    if [ "$check" = yes ]; then
        echo "would make $1"
        # What depends on it would be made too, but cannot be looked at now.
        pending=yes
        return
    fi
    made=$1
    shift
    "$@"
    echo "made $made"
}

# put FILE MODE OWNER: what was written beside the file takes its place, complete and on the disk.
put() {
    chmod "$2" "$1.new"
    chown "$3" "$1.new"
    sync "$1.new"
    mv "$1.new" "$1"
    sync "$directory"
}

# Whether the file holds a key for P-256.
is_key() {
    [ "$(openssl pkey -in "$1" -noout -text 2> /dev/null | sed -n 's/^NIST CURVE: //p')" = P-256 ]
}

make_key() {
    rm -f "$1.new"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.new"
    put "$1" 0400 "$2"
}

# Whether certificate $1 is for key $2 and has time left.
fits() {
    [ -s "$1" ] &&
        [ "$(openssl x509 -in "$1" -noout -pubkey 2> /dev/null)" = "$(openssl pkey -in "$2" -pubout 2> /dev/null)" ] &&
        openssl x509 -in "$1" -noout -checkend "$RENEW_SECONDS" > /dev/null 2>&1
}

# openssl reads extensions from a file.
extensions() {
    printf '%s\n' "$@" > "$directory/.extensions"
}

sign() {
    file=$1
    key=$2
    subject=$3
    shift 3
    rm -f "$file.new"
    openssl req -new -key "$key" -subj "$subject" -out "$directory/.request"
    openssl x509 -req -in "$directory/.request" -sha256 -extfile "$directory/.extensions" \
        -set_serial "0x$(openssl rand -hex 16)" -out "$file.new" "$@" 2> "$directory/.log" ||
        die "openssl did not sign $file: $(cat "$directory/.log")"
    rm -f "$directory/.request" "$directory/.extensions" "$directory/.log"
    put "$file" 0644 0
}

make_ca() {
    # A name of its own: browsers do not mistake it for the authority of an earlier installation.
    extensions 'basicConstraints = critical, CA:TRUE, pathlen:0' 'keyUsage = critical, keyCertSign, cRLSign' \
        'subjectKeyIdentifier = hash'
    sign "$ca.crt" "$ca.key" "/O=Inception/CN=Inception local CA $(openssl rand -hex 4)" -days "$CA_DAYS" -signkey "$ca.key"
}

make_certificate() {
    extensions 'basicConstraints = critical, CA:FALSE' 'keyUsage = critical, digitalSignature' \
        'extendedKeyUsage = serverAuth' 'subjectKeyIdentifier = hash' 'authorityKeyIdentifier = keyid' \
        "subjectAltName = $alternatives"
    # A common name ends at 64 characters. Browsers read the alternative names only.
    subject=/O=Inception
    [ "${#domain}" -gt 64 ] || subject=/CN=$domain
    sign "$leaf.crt" "$leaf.key" "$subject" -days "$DAYS" -CA "$ca.crt" -CAkey "$ca.key"
}

# Whether the site's certificate is from this authority, valid now, and for exactly these names.
is_current() {
    fits "$leaf.crt" "$leaf.key" &&
        openssl verify -CAfile "$ca.crt" -purpose sslserver "$leaf.crt" > /dev/null 2>&1 &&
        [ "$(openssl x509 -in "$leaf.crt" -noout -ext subjectAltName | sed -n 's/^ *\(DNS:.*\)$/\1/p')" = "$alternatives" ]
}

check=no
pending=no
if [ "${1-}" = --check ]; then
    check=yes
    shift
fi
[ $# -ge 3 ] || die "usage: certificates.sh [--check] DIRECTORY DOMAIN UID [NAME...]"
directory=$1
domain=$2
owner=$3
shift 3
case $owner in
    '' | *[!0-9]*) die "the user of NGINX must be a number, not '$owner'." ;;
esac
alternatives=
for name in "$domain" "$@"; do
    case $name in
        '' | *[!A-Za-z0-9.-]*) die "'$name' is no host name." ;;
    esac
    alternatives="${alternatives:+$alternatives, }DNS:$name"
done
[ "$(id -u)" -eq 0 ] || die "run it as root: the key of the authority belongs to root."
[ -n "$(command -v openssl)" ] || die "openssl is missing: install it."
ca=$directory/tls_ca
leaf=$directory/tls
if [ "$check" = no ] && [ ! -e "$directory" ]; then
    (umask 022 && mkdir -p "$directory")
fi

is_key "$ca.key" || act "$ca.key" make_key "$ca.key" 0
{ fits "$ca.crt" "$ca.key" && [ "$pending" = no ]; } || act "$ca.crt" make_ca
if ! is_key "$leaf.key"; then
    act "$leaf.key" make_key "$leaf.key" "$owner"
elif [ "$(stat -c '%u %a' "$leaf.key")" != "$owner 400" ]; then
    if [ "$check" = yes ]; then
        echo "would give $leaf.key to uid $owner"
    else
        chmod 0400 "$leaf.key"
        chown "$owner" "$leaf.key"
        echo "gave $leaf.key to uid $owner"
    fi
fi
if [ "$pending" = yes ] || ! is_current; then
    act "$leaf.crt" make_certificate
fi
