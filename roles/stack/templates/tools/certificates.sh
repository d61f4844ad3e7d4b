#!/bin/sh
# Makes the local certificate authority once, and the certificate of the site whenever that is due:
# it is missing, belongs to another name or another authority, or ends within 30 days.
#
#   certificates.sh [--check] DIRECTORY DOMAIN UID
#
# UID is the user that NGINX runs as in its container: the private key is readable by it alone.
# Prints a line for each file that it makes (with --check: would make, and nothing is changed).
#
#   tls_ca.key, tls_ca.crt   the authority; the key never leaves this directory, no container mounts it
#   tls.key, tls.crt         the site; tls.crt is the certificate with the authority behind it
set -eu

authority_days=3650
# Browsers refuse a certificate that is valid for longer than 825 days; public ones get 398.
site_days=397
renew_seconds=$((30 * 24 * 3600))

check=no
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
if [ $# -ne 3 ]; then
	echo "usage: certificates.sh [--check] DIRECTORY DOMAIN UID" >&2
	exit 2
fi
directory=$1
domain=$2
owner=$3
umask 077

fail() {
	echo "certificates.sh: $1" >&2
	exit 1
}

# The public key of a private key and of a certificate, to tell whether two belong together.
key_of_key() { openssl pkey -in "$1" -pubout 2>/dev/null; }
key_of_certificate() { openssl x509 -in "$1" -noout -pubkey 2>/dev/null; }

pair_fits() { # pair_fits KEY CERTIFICATE
	[ -s "$1" ] && [ -s "$2" ] && [ "$(key_of_key "$1")" = "$(key_of_certificate "$2")" ]
}

site_is_good() {
	pair_fits "$directory/tls.key" "$directory/tls.crt" &&
		openssl x509 -in "$directory/tls.crt" -noout -checkend "$renew_seconds" >/dev/null &&
		openssl x509 -in "$directory/tls.crt" -noout -checkhost "$domain" | grep -q 'does match' &&
		openssl verify -CAfile "$directory/tls_ca.crt" "$directory/tls.crt" >/dev/null 2>&1 &&
		[ "$(stat -c %u "$directory/tls.key")" = "$owner" ]
}

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# put FILE MODE: moves a finished file from the workshop into the directory.
put() {
	chmod "$2" "$workshop/$1"
	sync "$workshop/$1"
	mv "$workshop/$1" "$directory/$1"
	echo "$directory/$1"
}

if [ "$check" = yes ]; then
	pair_fits "$directory/tls_ca.key" "$directory/tls_ca.crt" || printf '%s\n' "$directory/tls_ca.key" "$directory/tls_ca.crt"
	site_is_good || printf '%s\n' "$directory/tls.key" "$directory/tls.crt"
	exit 0
fi

command -v openssl >/dev/null || fail "openssl is missing; install the package openssl."
mkdir -p -m 0755 "$directory"
workshop=$directory/.certificates
rm -rf "$workshop"
mkdir "$workshop"
trap 'rm -rf "$workshop"' EXIT

# An authority is replaced only when its halves do not belong together, as after an interruption
# between the two renames; then nothing can have been signed with the new key yet.
if ! pair_fits "$directory/tls_ca.key" "$directory/tls_ca.crt"; then
	new_key "$workshop/tls_ca.key"
	openssl req -x509 -new -sha256 -days "$authority_days" -key "$workshop/tls_ca.key" -out "$workshop/tls_ca.crt" \
		-subj "/O=Inception/CN=Inception local authority" \
		-addext 'basicConstraints=critical,CA:TRUE,pathlen:0' \
		-addext 'keyUsage=critical,keyCertSign,cRLSign' \
		-addext 'subjectKeyIdentifier=hash'
	put tls_ca.key 0400
	put tls_ca.crt 0644
fi

if ! site_is_good; then
	new_key "$workshop/tls.key"
	# The common name takes 64 characters at most; it is the alternative name that counts.
	openssl req -new -sha256 -key "$workshop/tls.key" -subj "/CN=$(printf %.64s "$domain")" -out "$workshop/request"
	cat >"$workshop/extensions" <<-EXTENSIONS
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,digitalSignature
		extendedKeyUsage = serverAuth
		subjectAltName = DNS:$domain
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
	EXTENSIONS
	openssl x509 -req -sha256 -days "$site_days" -in "$workshop/request" -extfile "$workshop/extensions" \
		-CA "$directory/tls_ca.crt" -CAkey "$directory/tls_ca.key" -set_serial "0x$(openssl rand -hex 16)" \
		-out "$workshop/certificate" 2>/dev/null || fail "the certificate for $domain could not be signed."
	cat "$workshop/certificate" "$directory/tls_ca.crt" >"$workshop/tls.crt"
	chown "$owner" "$workshop/tls.key"
	put tls.key 0400
	put tls.crt 0644
fi
