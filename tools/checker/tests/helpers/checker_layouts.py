"""Mutations over several layouts: each row changes one thing wherever a layout has it, and one rule has to see it there.

A row is (rule, file, pattern, replacement, place). The file is a key of ``FILES``; the pattern is a regular expression
of which the first match is replaced; layouts in which it matches nothing are left out, so that one row stands for
several mutations. Where the rule is followed by others (``own-images+base-image``), these may speak too;
one of several (``credentials-in-git|password-in-dockerfile``) may be the one. The finding has
to be on the line where the replacement begins, after its leading line ends; a place of ``+1`` counts on from there,
``file`` stands for the file as a whole, and a key of ``FILES`` for any line of that file.
A row whose rule is ``-`` is a negative control: nothing may be found.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One row of the table."""

    rule: str
    file: str
    pattern: str
    new: str
    place: str = ""


LAYOUTS = ("clean", "alpine", "heredoc", "shared", "template")
R = "srcs/requirements"
#: Where each layout keeps what the rows change; a Dockerfile may hold script and configuration as well.
FILES: dict[str, dict[str, str]] = {
    name: {
        "compose": "srcs/docker-compose.yml",
        "make": "Makefile",
        "readme": "README.md",
        "user": "USER_DOC.md",
        "dev": "DEV_DOC.md",
        "ignore": ".gitignore",
        "env": "srcs/.env.example" if name == "template" else "srcs/.env",
        **{key: f"{R}/{service}/Dockerfile" for key, service in (("nd", "nginx"), ("wd", "wordpress"), ("md", "mariadb"))},
        **{key: f"{R}/{place}" for key, place in own.items()},
    }
    for name, own in {
        "clean": {"conf": "nginx/conf/nginx.conf", "ws": "wordpress/tools/entrypoint.sh", "ms": "mariadb/tools/entrypoint.sh", "ns": "nginx/tools/entrypoint.sh", "fpm": "wordpress/conf/www.conf", "cnf": "mariadb/conf/server.cnf"},
        "alpine": {"conf": "nginx/conf/default.conf", "ws": "wordpress/tools/setup.sh", "ms": "mariadb/tools/setup.sh", "ns": "nginx/tools/setup.sh", "fpm": "wordpress/conf/www.conf", "cnf": "mariadb/conf/mariadb-server.cnf"},
        "heredoc": {"conf": "nginx/Dockerfile", "ws": "wordpress/Dockerfile", "ms": "mariadb/Dockerfile"},
        "shared": {"conf": "nginx/conf/nginx.conf", "ws": "wordpress/tools/wordpress.sh", "ms": "mariadb/tools/mariadb.sh", "fpm": "wordpress/conf/pool.conf"},
        "template": {"conf": "nginx/conf/site.conf.template", "ws": "wordpress/tools/docker-start", "ms": "mariadb/tools/start.sh", "ns": "nginx/tools/run", "cnf": "mariadb/conf/my.cnf"},
    }.items()
}  # fmt: skip
LAST = r"\n\Z"

ROWS: tuple[Row, ...] = (
    # Compose
    Row("restart-policy", "compose", r"restart: \S+", "restart: on-failure"),
    Row("image-name", "compose", r"image: wordpress:", "image: my-wordpress:"),
    Row("image-name", "compose", r"image: mariadb:", "image: wil/mariadb:"),
    Row("latest-tag", "compose", r"image: nginx:\S+", "image: nginx:latest"),
    Row("latest-tag", "compose", r"image: mariadb:\S+", "image: mariadb"),
    Row("published-ports", "compose", r'      - "443:443"', '      - "443:443"\n      - "80:80"', "+1"),
    Row("published-ports", "compose", r'ports: \["443:443(?:/tcp)?"\]', 'ports: ["8443:443"]'),
    Row("published-ports", "compose", r'"0\.0\.0\.0:443:443"', '"4443:443"'),
    Row("published-ports", "compose", r'published: "443"', 'published: "8443"', "-1"),
    Row("published-ports", "compose", r"(    image: wordpress:\S+)", r'\1\n    ports: ["9000:9000"]', "+1"),
    Row("published-ports", "compose", r"(    image: mariadb:\S+)", r'\1\n    ports: ["3306:3306"]', "+1"),
    Row("links", "compose", r"(    image: wordpress:\S+)", r"\1\n    links: [mariadb]", "+1"),
    Row("privileged", "compose", r"(    image: nginx:\S+)", r"\1\n    privileged: true", "+1"),
    Row("compose-file", "compose", r"(    image: nginx:\S+)", r"\1\n    depend_on: [mariadb]", "+1"),
    Row("compose-file", "compose", r"(    image: nginx:\S+)", r"\1\n    command: ${X", "+1"),
    Row("volume-path", "compose", r'device: ("?)[^\s"]*/(\w+)("?)', r"device: \1/var/data/\2\3"),
    Row("named-volumes", "compose", r"- (?:mariadb|db_files):/var/lib/mysql", "- /home/wil/data/mariadb:/var/lib/mysql"),
    Row("named-volumes+volume-path", "compose", r"- (?:wordpress|wp_files):/var/www/", "- ./site:/var/www/"),
    Row("docker-secrets", "compose", r"(    secrets: \[)", r"\1nothing_like_it, "),
    Row("container-names", "compose", r"(?<!name: nginx\n)(    image: nginx:\S+)((?:.|\n)*?)(    image: static:\S+)", r"\1\n    container_name: same\2\3\n    container_name: same", "compose"),
    Row("container-names", "compose", r"container_name: wordpress", "container_name: nginx"),
    Row("service-names", "compose", r"(DB_HOST|SQL_HOST): mariadb", r"\1: database"),
    Row("credentials-in-git", "compose", r"(    image: mariadb:\S+)", r'\1\n    labels:\n      PASSWORD: "s3same-open"', "+2"),
    Row("credentials-in-git", "compose", r"(    image: nginx:\S+)", r"\1\n    command: redis-cli -a s3same-open ping", "+1"),
    Row("network-declared", "compose", r"networks: \[inception\]", "networks: [other]", "compose"),
    Row("host-network", "compose", r"(    image: nginx:\S+)", r"\1\n    network_mode: host", "+1"),
    # Makefile
    Row("link-option", "make", LAST, "\n\nprobe:\n\tdocker run --rm --link mariadb nginx:1\n", "+1"),
    Row("host-network", "make", LAST, "\n\nprobe:\n\tdocker run --rm --network host nginx:1\n", "+1"),
    Row("endless-loop", "make", LAST, "\n\nprobe:\n\twhile true; do docker ps; sleep 1; done\n", "+1"),
    Row("credentials-in-git", "make", LAST, "\n\nprobe:\n\tdocker exec mariadb mysql -uroot -ps3same-open\n", "+1"),
    Row("credentials-in-git", "make", r"\A", "DB_PASSWORD = s3same-open\n"),
    Row("makefile", "make", r"\n\t(@?docker|\$\(COMPOSE\)|cd srcs)", r"\n        \1"),
    Row("device-directories", "make", r"(?<=mkdir -p )\$\(DATA\)/mariadb ", "", "compose"),
    Row("device-directories", "make", r"/home/\$\(LOGIN\)/data/db (?=/home)", "", "compose"),
    Row("device-directories", "make", r"\{db,wp\}", "{wp,}", "compose"),
    # Dockerfiles
    *(Row("base-image+php-version", key, r"FROM debian:\S+", "FROM debian:11") for key in ("nd", "wd", "md")),
    *(Row("base-image+php-version", key, r"FROM alpine:3.23", "FROM alpine:3.20") for key in ("nd", "wd", "md")),
    Row("latest-tag+base-image", "nd", r"FROM (debian|alpine):\S+", r"FROM \1:latest"),
    Row("own-images+base-image", "md", r"FROM (debian|alpine):\S+", "FROM mariadb:11.4"),
    Row("literal-from", "md", r"FROM debian:(\S+)", r"ARG RELEASE=\1\nFROM debian:${RELEASE}"),
    *(Row("password-in-dockerfile", key, r"EXPOSE", "ENV ADMIN_PASSWORD=s3same-open\nEXPOSE") for key in ("nd", "wd", "md")),
    *(Row("password-in-dockerfile", key, r"EXPOSE", "RUN echo 'wil:s3same-open' | chpasswd\nEXPOSE") for key in ("nd", "wd", "md")),
    Row("password-in-dockerfile", "wd", r"EXPOSE", "RUN htpasswd -cb /etc/f wil s3same-open\nEXPOSE"),
    *(Row("endless-loop", key, r"EXPOSE", "RUN while true; do sleep 1; done\nEXPOSE") for key in ("nd", "md")),
    *(Row("keep-alive", key, r"EXPOSE \d+\n(?:.*\n)*\Z", 'CMD ["tail", "-f", "/dev/null"]\n') for key in ("nd", "md")),
    *(Row("keep-alive", key, r"EXPOSE \d+\n(?:.*\n)*\Z", 'CMD ["sleep", "infinity"]\n') for key in ("nd", "md")),
    *(Row("shell-as-process", key, r"EXPOSE \d+\n(?:.*\n)*\Z", 'ENTRYPOINT ["sh"]\n') for key in ("nd", "md")),
    *(Row("dockerfile-per-service", key, r"\A(?:.|\n)*\Z", "", "file") for key in ("nd", "wd", "md")),
    *(Row("copy-sources", key, r"EXPOSE", "COPY nothing.like.it /etc/\nEXPOSE") for key in ("nd", "wd", "md")),
    *(Row("downloads", key, r"EXPOSE", "RUN curl -fsSLO https://example.org/releases/latest/tool.tar.gz\nEXPOSE") for key in ("nd", "wd", "md")),
    Row("nginx-elsewhere", "wd", r"EXPOSE", "RUN apk add nginx || apt-get install -y nginx\nEXPOSE"),
    Row("nginx-elsewhere", "md", r"EXPOSE", "RUN apk add nginx || apt-get install -y nginx-light\nEXPOSE"),
    Row("php-version", "wd", r"php-fpm8\.2", "php-fpm7.4"),
    Row("php-version", "wd", r"php8\.2-fpm", "php8.4-fpm"),
    Row("php-version", "wd", r"php84-fpm", "php81-fpm"),
    Row("php-version", "wd", r"ARG PHP=84", "ARG PHP=81", "+1"),
    Row("dockerfile-background", "nd", r"EXPOSE", "RUN nginx &\nEXPOSE"),
    Row("start-scripts", "nd", r"COPY --chmod=755 (tools/run)", r"COPY \1", "ns"),
    Row("start-scripts", "nd", r"RUN chmod \+x /setup.sh\n", "", "ns"),
    Row("start-scripts", "md", r"RUN chmod 755 /setup.sh\n", "", "ms"),
    Row("start-scripts", "md", r"COPY --chmod=755 (tools/start)", r"COPY \1", "ms"),
    Row("start-scripts", "nd", r"openssl tini", "openssl", "nd"),
    Row("inner-listen", "md", r"COPY conf/my.cnf .*\n", "", "file"),
    Row("inner-listen", "md", r"RUN sed -i 's/\^bind.*\n", "", "file"),
    Row("inner-listen", "wd", r"RUN sed -i 's/\^listen.*\n", "", "file"),
    # Scripts
    *(Row("credentials-in-git|password-in-dockerfile", key, r"(?<=\n)set -e[uo a-z]*\n", "DB_PASSWORD=s3same-open\n") for key in ("ws", "ms", "ns")),
    *(Row("credentials-in-git|password-in-dockerfile", key, r"(?<=\n)set -e[uo a-z]*\n", "mysqladmin -u root password s3same-open\n") for key in ("ws", "ms")),
    *(Row("endless-loop", key, r"(?<=\n)set -e[uo a-z]*\n", "while :; do sleep 1; done\n") for key in ("ws", "ms", "ns")),
    *(Row("script-background", key, r"(?<=\n)set -e[uo a-z]*\n", "sleep 5 &\n") for key in ("ws", "ms", "ns")),
    *(Row("pid-one", key, r"(?<=\n)exec (php-fpm\S*|mariadbd|nginx)", r"\1") for key in ("ws", "ms", "ns")),
    *(Row("keep-alive", key, r"(?<=\n)set -e[uo a-z]*\n", "tail -f /dev/null\n") for key in ("ws", "ms", "ns")),
    *(Row("values-passed", key, r"(?<=\n)set -e[uo a-z]*\n", 'cat /run/secrets/nothing_like_it\n') for key in ("ws", "ms")),
    Row("values-passed", "ms", r"(?<=\n)set -e[uo a-z]*\n", 'set -eu\necho "$NOTHING_LIKE_IT"\n', "+1"),
    *(Row("start-scripts", key, r"\A#!/bin/(?:sh|bash(?=\nset -euo))", "#!/bin/ksh") for key in ("ns", "ms")),
    *(Row("start-scripts", key, r"\A(#!.*)\n", "\\1\r\n") for key in ("ws", "ms", "ns")),
    Row("administrator-name", "ws", r'--admin_user="\$\w+"', "--admin_user=TheAdmin"),
    Row("service-names", "ws", r"--dbhost=mariadb", "--dbhost=database"),
    Row("two-users", "ws", r" *(?:\$WP|wp) user create.*\n", "", "ws"),
    Row("database-root", "ms", r"(?<=\n)ALTER USER .*\n", "GRANT ALL ON *.* TO 'root'@'%' IDENTIFIED BY '';\n", "ms"),
    # Configuration
    Row("tls-versions", "conf", r"ssl_protocols .*;", "ssl_protocols TLSv1 TLSv1.2;"),
    Row("tls-versions", "conf", r"ssl_protocols .*;", "ssl_protocols SSLv3 TLSv1.3;"),
    Row("tls-versions", "conf", r" *ssl_protocols .*;\n", "", "conf"),
    Row("service-names", "conf", r"wordpress:9000", "php:9000"),
    Row("service-names", "conf", r"wordpress:9000", "127.0.0.1:9000"),
    Row("service-names", "conf", r"wordpress:9000", "wordpress:9001"),
    Row("certificate-made", "conf", r"ssl_certificate /etc/\S+", "ssl_certificate /etc/elsewhere/other.crt;"),
    Row("inner-listen", "fpm", r"listen = \S+", "listen = 127.0.0.1:9000"),
    Row("inner-listen", "fpm", r"listen = \S+", "listen = /run/php/php-fpm.sock"),
    Row("inner-listen", "cnf", r"bind-address = \S+", "bind-address = localhost"),
    Row("inner-listen", "cnf", r"bind-address = \S+", "skip-networking"),
    # Settings and documents
    Row("credentials-in-git+docker-secrets", "env", LAST, "\nDB_ROOT_PASSWORD=9f2c1e77ab40d65381b2c3d4e5f60718\n"),
    Row("administrator-name", "env", r"(?<=\n)(WP_ADMIN_USER|WP_ADMIN_LOGIN|OWNER|WP_ADMIN|SITE_OWNER)=\w+", r"\1=wpadmin"),
    Row("dotenv-file", "env", LAST, "\nA LINE\n"),
    Row("readme-first-line", "readme", r"\A\*This", "This"),
    Row("readme-sections", "readme", r"## Resources", "## Links", "file"),
    Row("user-doc", "user", r"\A(?:.|\n)*\Z", "\n", "file"),
    Row("dev-doc", "dev", r"\A(?:.|\n)*\Z", "\n", "file"),
    # Negative controls
    Row("-", "compose", r"restart: unless-stopped", "restart: always"),
    Row("-", "compose", r"restart: always", "restart: unless-stopped"),
    Row("-", "compose", r"(    image: nginx:\S+)", r"\1\n    stop_grace_period: 30s"),
    Row("-", "compose", r"(    image: mariadb:\S+)", r"\1\n    hostname: database"),
    Row("-", "compose", r"\A", "# links: and network_mode: host are forbidden, privileged: true too\n"),
    Row("-", "make", LAST, "\n\nshell:\n\tdocker exec -it mariadb bash\n"),
    Row("-", "make", LAST, "\n\nlogs-nginx:\n\tdocker logs --follow nginx\n"),
    Row("-", "make", LAST, "\n\n# --link, sleep infinity and tail -f are forbidden\n"),
    *(Row("-", key, r"EXPOSE", "# ENV PASSWORD=s3same-open would be wrong, and so would tail -f\nEXPOSE") for key in ("nd", "wd", "md")),
    *(Row("-", key, r"EXPOSE", "LABEL maintainer=wil\nEXPOSE") for key in ("nd", "wd", "md")),
    *(Row("-", key, r"EXPOSE", "ENV DB_PASSWORD_FILE=/run/secrets/db_password\nEXPOSE") for key in ("nd", "wd", "md")),
    *(Row("-", key, r"(?<=\n)(set -e[uo a-z]*\n)", r"\1# while true; do sleep 1; done & would loop for ever" + "\n") for key in ("ws", "ms", "ns")),
    *(Row("-", key, r"(?<=\n)(set -e[uo a-z]*\n)", r"\1for try in 1 2 3; do sleep 1; done" + "\n") for key in ("ws", "ms", "ns")),
    *(Row("-", key, r"(?<=\n)(set -e[uo a-z]*\n)", r'\1echo "password: read from a file"' + "\n") for key in ("ws", "ms", "ns")),
    Row("-", "conf", r"ssl_protocols .*;", "ssl_protocols TLSv1.3;"),
    Row("-", "conf", r"(listen 443 ssl;)", r"\1 # TLSv1.1 and SSLv3 are refused"),
    Row("-", "env", LAST, "\nDB_PASSWORD_FILE=/run/secrets/db_password\n"),
    Row("-", "env", LAST, "\n# a password does not belong here: DB_PASSWORD=<yours>\n"),
    Row("-", "ignore", LAST, "\n*.log\n"),
    Row("-", "readme", LAST, "\nPassword rotation: replace the file in `secrets/` and run `make`.\n"),
)  # fmt: skip
