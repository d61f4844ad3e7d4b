#!/bin/sh
# After a change of domain or port: what in the database still leads to the site's earlier addresses. Run as root on the
# machine.
#
#   links.sh           tells how many values do
#   links.sh replace   keeps a dump of the database, and has them lead to the present address
set -eu

links() {
    ${DOCKER:-docker} exec --user www-data wordpress php /usr/local/lib/wordpress/links.php "$@"
}

case ${1-} in
'') links ;;
replace)
    "$(dirname "$0")/upgrade.sh" dump links
    links replace
    ;;
*)
    echo "usage: links.sh [replace]" >&2
    exit 1
    ;;
esac
