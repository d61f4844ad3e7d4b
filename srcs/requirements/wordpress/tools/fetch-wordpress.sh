#!/bin/sh
# Gets WordPress at build time and lays it out as DIR/core, DIR/content and DIR/wp-cli.phar.
#   core     WordPress itself, which belongs to the image
#   content  themes, plugins and translations, which belong to the site once it has them
#   wp-cli.phar  with the supply upstream, or where the settings want it
set -eu

dir=$1
core=$dir/core
content=$dir/content
mkdir -p "$core" "$content/languages" "$content/plugins" "$content/themes"

say() {
    printf 'wordpress: %s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# download WHAT URL FILE SETTING OPTION...: with further options of curl, whose meter shows how large it is and that it
# moves. A server that sends next to nothing for half a minute is given up, and asked once more.
download() {
    what=$1 url=$2 file=$3 setting=$4
    shift 4
    say "downloading $what from $url"
    curl -fL --retry 1 --connect-timeout 15 --speed-limit 1024 --speed-time "${STALL_SECONDS:-30}" --max-time 3600 \
        "$@" -o "$file" "$url" ||
        fail "$what cannot be downloaded from $url; set ${setting}_url to a mirror, or inception_supply to distribution."
}

# fetch WHAT URL SHA256 FILE SETTING: downloads, and refuses anything but the pinned bytes.
fetch() {
    { [ -n "$2" ] && [ -n "$3" ]; } || fail "$1 has no address or no SHA-256; set ${5}_url and ${5}_sha256."
    download "$1" "$2" "$4" "$5"
    got=$(sha256sum "$4" | cut -d' ' -f1)
    [ "$got" = "$3" ] ||
        fail "$1 from $2 has the SHA-256 $got, but $3 is pinned (${5}_sha256): the build stops."
}

# fetch_published WHAT URL FILE SETTING: downloads, and refuses anything but what the SHA-1 beside it says.
# Both come over TLS alone, so whose they are is as sure as the server's certificate.
fetch_published() {
    case $2 in
    https://*) ;;
    *) fail "$1 comes from $2, which anybody on the way can change; set ${4}_sha256, or ${4}_url to an https address." ;;
    esac
    download "$1" "$2" "$3" "$4" --proto =https
    wanted=$(curl -fsSL --retry 3 --connect-timeout 15 --max-time "${CHECKSUM_SECONDS:-60}" --proto =https "$2.sha1") && [ -n "$wanted" ] ||
        fail "$1 has no checksum at $2.sha1; set ${4}_sha256."
    wanted=$(printf '%s' "$wanted" | cut -c1-40)
    got=$(sha1sum "$3" | cut -d' ' -f1)
    [ "$got" = "$wanted" ] ||
        fail "$1 from $2 has the SHA-1 $got, but $wanted is published beside it: the build stops."
}

# unpack PACKAGE...: puts the files of Debian 13's packages in place, whose dependencies would be a web server and a
# database client. The packages come from the mirrors of the image's own release; apt checks Debian's signatures.
unpack() {
    # shellcheck source=/dev/null
    . /etc/os-release
    find /etc/apt \( -name '*.list' -o -name '*.sources' \) -exec sed -i -E "s/([[:space:]])$VERSION_CODENAME\\b/\\1trixie/g" {} +
    apt-get update --error-on=any ||
        fail "Debian 13 (trixie) cannot be read where the image's packages come from (see above); set inception_apt_mirror to a mirror that has it."
    mkdir -p /tmp/debs
    (cd /tmp/debs && apt-get -o APT::Sandbox::User=root download "$@")
    for deb in /tmp/debs/*.deb; do
        dpkg-deb -x "$deb" /
        rm "$deb"
    done
}

# translations: Debian's, for every locale that it has.
translations() {
    cp -pLR /usr/share/wordpress/wp-content/languages/. "$content/languages/"
}

from_debian() {
    command -v apt-get >/dev/null ||
        fail "Alpine has no WordPress package; set inception_supply to upstream, or inception_base to debian."
    # Debian replaces some files of WordPress by links into the last four.
    unpack wordpress wordpress-l10n wordpress-theme-twentytwentyfive \
        libjs-cropper libjs-lodash libjs-underscore php-getid3
    translations
    cd /usr/share/wordpress
    # Debian's own configuration looks for the site's settings in /etc.
    rm -f wp-config.php .htaccess
    cp -pLR wp-content/plugins wp-content/themes "$content/"
    rm -rf wp-content
    cp -pLR . "$core/"
    if [ "${WP_CLI_WITH_DISTRIBUTION:-}" = true ]; then
        fetch_wp_cli
    fi
}

fetch_wp_cli() {
    fetch "wp-cli" "${WP_CLI_URL:-}" "${WP_CLI_SHA256:-}" "$dir/wp-cli.phar" wordpress_cli
}

from_upstream() {
    if [ -n "${WORDPRESS_SHA256:-}" ]; then
        fetch "WordPress ${WORDPRESS_VERSION:-}" "${WORDPRESS_URL:-}" "$WORDPRESS_SHA256" /tmp/wordpress.tar.gz wordpress
    else
        fetch_published "WordPress ${WORDPRESS_VERSION:-}" "${WORDPRESS_URL:-}" /tmp/wordpress.tar.gz wordpress
    fi
    tar -xzf /tmp/wordpress.tar.gz --strip-components=1 --no-same-owner -C "$core"
    cp -pR "$core/wp-content/plugins" "$core/wp-content/themes" "$content/"
    rm -rf "$core/wp-content"
    fetch_wp_cli

    if [ "${WP_LOCALE:-en_US}" = en_US ]; then
        return
    fi
    if [ -n "${WP_LOCALE_URL:-}" ]; then
        fetch "The translation $WP_LOCALE" "$WP_LOCALE_URL" "${WP_LOCALE_SHA256:-}" /tmp/locale.zip wordpress_language_packs
        unzip -q /tmp/locale.zip -d "$content/languages"
    elif command -v apt-get >/dev/null; then
        # The translations of a release are rebuilt at the same address whenever a translator adds a
        # word, so their checksums cannot be pinned for good. Debian's are signed.
        say "no translation $WP_LOCALE is pinned: Debian's is used; what is newer than it appears in English."
        unpack wordpress-l10n
        translations
    else
        fail "no translation $WP_LOCALE is pinned; add it to wordpress_language_packs (url and sha256), or set inception_base to debian."
    fi
}

if [ -s /run/secrets/extra_ca ]; then
    cat /run/secrets/extra_ca >>/etc/ssl/certs/ca-certificates.crt
fi
case ${WORDPRESS_SUPPLY:-} in
distribution) from_debian ;;
upstream) from_upstream ;;
*) fail "WORDPRESS_SUPPLY is '${WORDPRESS_SUPPLY:-}', but must be upstream or distribution." ;;
esac

[ -f "$core/wp-includes/version.php" ] || fail "what was fetched is not WordPress: wp-includes/version.php is missing."
if [ "${WP_LOCALE:-en_US}" != en_US ] && [ ! -f "$content/languages/$WP_LOCALE.mo" ]; then
    known=$(find "$content/languages" -name "*.mo" | sed -nE 's#.*/([a-z]{2,3}(_[A-Z]{2})?)\.mo$#\1#p' | sort | tr '\n' ' ')
    fail "there is no translation $WP_LOCALE (wordpress_locale); there are: en_US $known"
fi
mkdir -p "$core/wp-content"
printf '<?php\n// Silence is golden.\n' >"$core/wp-content/index.php"
