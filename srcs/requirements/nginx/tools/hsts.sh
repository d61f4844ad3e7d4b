#!/bin/sh
# Writes whether browsers are told never to come back without TLS (HSTS), which suits the certificate in use. They
# would also be told to let nobody pass a warning, and the local authority is one that they do not know at first.
set -eu
names=$(openssl x509 -in /run/secrets/tls_certificate -noout -issuer -subject)
case $names in
    *'Inception local '*) : > /run/nginx/hsts.conf ;;
    *) echo "add_header Strict-Transport-Security 'max-age=31536000' always;" > /run/nginx/hsts.conf ;;
esac
