#!/bin/sh
# Adds one filter to WordPress 6.1, at build time: before wp_get_global_settings() merges the settings of the
# theme, it asks "inception_global_settings" for them, and mu-plugins/inception-blocks.php remembers them.
# Nothing else changes: without that plugin WordPress does what it always did. Later versions remember them.
set -eu

core=$1
file=$core/wp-includes/global-styles-and-settings.php

version=$(sed -n "s/.*\$wp_version *= *'\([^']*\)'.*/\1/p" "$core/wp-includes/version.php")
case $version in
6.1 | 6.1.*) ;;
*) exit 0 ;;
esac

# shellcheck disable=SC2016 # PHP's variables, not the shell's.
merge='$settings = WP_Theme_JSON_Resolver::get_merged_data( $origin )->get_settings();'
# shellcheck disable=SC2016
hooked='$settings = apply_filters( '\''inception_global_settings'\'', null, $origin ) ?? '${merge#* = }
if grep -qF "$hooked" "$file"; then
    exit 0
fi
if [ "$(grep -cF "$merge" "$file")" != 1 ]; then
    echo "wordpress: version $version merges its settings in another way than expected: it is left as it is, and pages that are not kept take a quarter longer." >&2
    exit 0
fi
# Both hold neither "|" nor "&"; what else sed takes for a pattern is a character of itself in brackets.
pattern=$(printf '%s' "$merge" | sed 's/[$.*^[]/[&]/g')
sed -i "s|$pattern|$hooked|" "$file"
grep -qF "$hooked" "$file"
