#!/bin/sh
# Writes the site's configuration with the values of .env, and becomes NGINX.
# No word of the settings is a pattern of file names.
set -euf

die() {
    echo "nginx: $*" >&2
    exit 1
}

number() {
    case $2 in
        '' | *[!0-9]*) die "$1 must be a number, not '$2'." ;;
    esac
}

number NGINX_PORT "${NGINX_PORT-}"
number HTTPS_PORT "${HTTPS_PORT-}"
number PHP_FPM_PORT "${PHP_FPM_PORT-}"
number UPLOAD_LIMIT_MB "${UPLOAD_LIMIT_MB-}"
case ${DOMAIN_NAME-} in
    '' | *[!A-Za-z0-9.-]*) die "DOMAIN_NAME must be a host name, not '${DOMAIN_NAME-}'." ;;
esac
case ${FORMER_DOMAINS-} in
    *[!A-Za-z0-9.\ -]*) die "FORMER_DOMAINS must be host names, not '$FORMER_DOMAINS'." ;;
esac
# Each name once, and never the present one, which would lead to itself for ever; without any, one that nobody can have.
FORMER_NAMES=
for name in ${FORMER_DOMAINS-}; do
    case " $DOMAIN_NAME $FORMER_NAMES " in
        *" $name "*) ;;
        *) FORMER_NAMES="${FORMER_NAMES:+$FORMER_NAMES }$name" ;;
    esac
done
FORMER_NAMES=${FORMER_NAMES:-former.invalid}
for secret in tls_certificate tls_key; do
    { [ -s "/run/secrets/$secret" ] && [ -r "/run/secrets/$secret" ]; } ||
        die "the secret $secret is missing, empty or not readable for uid $(id -u)."
done

# With or without the page cache: nginx.conf.
case ${PAGE_CACHE-} in
    true) pages=kept ;;
    false) pages=unkept ;;
    *) die "PAGE_CACHE must be true or false, not '${PAGE_CACHE-}'." ;;
esac
ln -sfn "/etc/nginx/$pages" /run/nginx/pages
# Cookies and paths of a site's own that want a page for this one visitor (kept/http.conf), each by how it begins.
for cookie in ${CACHE_SKIP_COOKIES-}; do
    case $cookie in
        *[!A-Za-z0-9_-]*) die "CACHE_SKIP_COOKIES must be names of cookies with spaces between them; '$cookie' is none." ;;
    esac
    printf "'~(?<![^;\\\\s])%s' 1;\n" "$cookie"
done > /run/nginx/skip_cookies.conf
for path in ${CACHE_SKIP_PATHS-}; do
    case $path in
        /*[!A-Za-z0-9/_.%~-]* | / | [!/]*) die "CACHE_SKIP_PATHS must be paths like /shop with spaces between them; '$path' is none." ;;
    esac
    path=${path%/}
    printf "'~*^/++%s(?:[/?]|$)' 1;\n" "$(printf '%s\n' "${path#/}" | sed 's/\./\\./g')"
done > /run/nginx/skip_paths.conf

# A browser leaves the port out of the host name where it is the usual one.
PUBLIC_HOST=$DOMAIN_NAME
if [ "$HTTPS_PORT" -ne 443 ]; then
    PUBLIC_HOST=$DOMAIN_NAME:$HTTPS_PORT
fi
# The file, and the form around it.
BODY_LIMIT_MB=$((UPLOAD_LIMIT_MB + 1))
export BODY_LIMIT_MB FORMER_NAMES PUBLIC_HOST

# Only these names: NGINX has variables of its own that begin with a dollar sign.
# shellcheck disable=SC2016 # envsubst reads the names, the shell must not.
envsubst '${BODY_LIMIT_MB} ${DOMAIN_NAME} ${FORMER_NAMES} ${HTTPS_PORT} ${NGINX_PORT} ${PHP_FPM_PORT} ${PUBLIC_HOST} ${UPLOAD_LIMIT_MB}' \
    < /etc/nginx/site.conf.template > /run/nginx/site.conf
# Certificate and key that are older than this file are loaded; see reload.sh.
: > /run/nginx/loaded
hsts.sh

exec nginx -e stderr -g 'daemon off;'
