#!/bin/sh
# Makes the local authority and the site's certificate, and renews what is due:
#
#   certificates.sh [--check] DIRECTORY DOMAIN UID [NAME...]
#
# UID is the user that NGINX runs as, who alone may read the site's key. NAMEs are further host names. A name may be an
# IPv4 address.
# One line on standard output for each thing that was done; nothing when all is well. With --check it
# only tells what it would do.
#
#   tls_ca.key  the key of the authority; it never leaves the host     tls_ca.crt  for browsers to import
#   tls.key     the key of the site                                    tls.crt     its certificate
#
# A key outlives the certificates that are made for it, so NGINX never finds a key and a certificate that do not
# belong together. After an interruption the next run goes on from what is there.
#
# A key that is there is kept, whatever its type, and so is a certificate that this script did not make: renewing it
# is its owner's work. One that cannot be used is told, and then nothing is touched.
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

# Where a file is written before it takes its place.
beside() {
    echo "$directory/.${1##*/}.new"
}

# put FILE MODE OWNER: what was written beside the file takes its place, complete and on the disk.
put() {
    new=$(beside "$1")
    chmod "$2" "$new"
    chown "$3" "$new"
    sync "$new"
    if [ -e "$1" ]; then
        # A container that runs has this very file mounted, and would keep the former one after a rename. So it is
        # written over, in one go and without emptying it first. Should a power cut tear it, the new one is there.
        sync "$directory"
        dd if="$new" of="$1" bs=64k conv=notrunc,fsync 2> /dev/null
        truncate -s "$(stat -c %s "$new")" "$1"
        sync "$1"
        rm "$new"
    else
        mv "$new" "$1"
    fi
    sync "$directory"
}

make_key() {
    rm -f "$(beside "$1")"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$(beside "$1")"
    put "$1" 0400 "$2"
}

# openssl reads the key; it must not ask for a password.
private_key() {
    openssl pkey -passin pass: -in "$@" 2> /dev/null
}

# Whether certificate $1 is for key $2.
belongs() {
    [ -s "$1" ] && [ "$(openssl x509 -in "$1" -noout -pubkey 2> /dev/null)" = "$(private_key "$2" -pubout)" ]
}

# Whether it also has time left.
fits() {
    belongs "$1" "$2" && openssl x509 -in "$1" -noout -checkend "$RENEW_SECONDS" > /dev/null 2>&1
}

# Whether there is a certificate that this script did not make: its own name "Inception local ..." as the issuer or
# as the subject. NGINX's hsts.sh goes by the same words.
is_foreign() {
    names=$(openssl x509 -in "$1" -noout -issuer -subject 2> /dev/null) || return 1
    case $names in
        *'Inception local '*) return 1 ;;
    esac
}

# judge NAME OPTION...: go on only when the key and the certificate that are there can be used.
judge() {
    key=$1.key
    crt=$1.crt
    shift
    for file in "$key" "$crt"; do
        [ -e "$file" ] || [ ! -L "$file" ] || die "$file leads nowhere: put the file itself there, or remove the link."
    done
    [ ! -e "$key" ] || private_key "$key" -noout ||
        die "$key is no private key that can be read without a password: put it right, or remove it and one is made."
    [ -e "$crt" ] || return 0
    if ! openssl x509 -in "$crt" -noout 2> /dev/null; then
        # One of ours, torn by a power cut.
        [ -e "$(beside "$crt")" ] || die "$crt is no certificate in PEM form: put it right, or remove it and one is made."
        return 0
    fi
    is_foreign "$crt" || return 0
    [ -e "$key" ] || die "$crt comes from another authority, but its key $key is missing: put it there, or remove $crt and one is made."
    belongs "$crt" "$key" ||
        die "$crt and $key do not belong together: put the right key there, or remove $crt and one is made. Where the file holds several certificates, the one for the key comes first."
    # By itself: who trusts its authority is not known here.
    refused=$(openssl x509 -in "$crt" | openssl verify -partial_chain -trusted /dev/stdin -auth_level 2 "$@" "$crt" 2>&1) ||
        die "$crt cannot be used: $(echo "$refused" | sed -n 's/^error .* lookup: *//p' | head -n 1). Put a better one there, or remove it and one is made."
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
    openssl req -new -key "$key" -subj "$subject" -out "$directory/.request"
    openssl x509 -req -in "$directory/.request" -sha256 -extfile "$directory/.extensions" \
        -set_serial "0x$(openssl rand -hex 16)" -out "$(beside "$file")" "$@" 2> "$directory/.log" ||
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
        'extendedKeyUsage = serverAuth' 'subjectKeyIdentifier = hash' 'authorityKeyIdentifier = keyid, issuer' \
        "subjectAltName = $alternatives"
    # A common name ends at 64 characters. Browsers read the alternative names only.
    subject='/O=Inception local certificate'
    [ "${#domain}" -gt 64 ] || subject=$subject/CN=$domain
    sign "$leaf.crt" "$leaf.key" "$subject" -days "$DAYS" -CA "$ca.crt" -CAkey "$ca.key"
}

# Whether the site's certificate is from this authority, valid now, and for exactly these names.
is_current() {
    fits "$leaf.crt" "$leaf.key" &&
        openssl verify -CAfile "$ca.crt" -purpose sslserver "$leaf.crt" > /dev/null 2>&1 &&
        [ "$(openssl x509 -in "$leaf.crt" -noout -ext subjectAltName | sed -n '2{s/^ *//;s/IP Address:/IP:/g;p}')" = "$alternatives" ]
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
octet='(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
alternatives=
for name in "$domain" "$@"; do
    kind=DNS
    case $name in
        '' | *[!A-Za-z0-9.-]*) die "'$name' is no host name." ;;
        *[!0-9.]*) ;;
        *)
            # Browsers look for an address among the addresses.
            echo "$name" | grep -Eqx "($octet\.){3}$octet" || die "'$name' is no IPv4 address."
            kind=IP
            ;;
    esac
    alternatives="${alternatives:+$alternatives, }$kind:$name"
done
names="$domain $*"
[ "$(id -u)" -eq 0 ] || die "run it as root: the key of the authority belongs to root."
[ -n "$(command -v openssl)" ] || die "openssl is missing: install it."
ca=$directory/tls_ca
leaf=$directory/tls

for name in $names; do
    case $name in
        *[!0-9.]*) judge "$leaf" -purpose sslserver -verify_hostname "$name" ;;
        *) judge "$leaf" -purpose sslserver -verify_ip "$name" ;;
    esac
done
# Beside a certificate from elsewhere, tls_ca.crt is what WordPress trusts, and nothing is signed.
signing=yes
if is_foreign "$leaf.crt" && [ -e "$ca.crt" ]; then
    signing=no
else
    judge "$ca"
    ! is_foreign "$ca.crt" || openssl x509 -in "$ca.crt" -noout -purpose | grep -q '^SSL server CA : Yes' ||
        die "$ca.crt is not the certificate of an authority: put that there, or remove it and one is made."
fi

if [ "$check" = no ] && [ ! -e "$directory" ]; then
    (umask 022 && mkdir -p "$directory")
fi
if [ "$signing" = yes ]; then
    [ -e "$ca.key" ] || act "$ca.key" make_key "$ca.key" 0
    is_foreign "$ca.crt" || { fits "$ca.crt" "$ca.key" && [ "$pending" = no ]; } || act "$ca.crt" make_ca
fi
if [ ! -e "$leaf.key" ]; then
    act "$leaf.key" make_key "$leaf.key" "$owner"
elif [ "$(stat -L -c '%u %a' "$leaf.key")" != "$owner 400" ]; then
    if [ "$check" = yes ]; then
        echo "would give $leaf.key to uid $owner"
    else
        chmod 0400 "$leaf.key"
        chown "$owner" "$leaf.key"
        echo "gave $leaf.key to uid $owner"
    fi
fi
if ! is_foreign "$leaf.crt"; then
    { [ "$pending" = no ] && is_current; } || act "$leaf.crt" make_certificate
elif [ -z "$(find -L "$leaf.crt" -perm -444)" ]; then
    if [ "$check" = yes ]; then
        echo "would let everybody read $leaf.crt"
    else
        chmod 0444 "$leaf.crt"
        echo "let everybody read $leaf.crt"
    fi
fi
# What an interruption left behind; all is in its place now.
[ "$check" = yes ] || rm -f "$directory"/.tls*.new
