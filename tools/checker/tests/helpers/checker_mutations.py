"""Single mutations of the clean tree: one forbidden thing each, with the one rule that has to see it, and where.

Each row is (rule, file, what is replaced, what replaces it, where the finding has to be). An empty "what is replaced"
appends; None writes the whole file; a replacement of None removes the file. Where nothing is said about the place, it is
the line of the replacement's first text that is not blank.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """One row of the table."""

    rule: str
    path: str
    old: str | None
    new: str | None
    at: str = ""


C = "srcs/docker-compose.yml"
ENV = "srcs/.env"
R = "srcs/requirements"
ND, WD, MD, SD = (f"{R}/{name}/Dockerfile" for name in ("nginx", "wordpress", "mariadb", "bonus/static"))
NE, WE, ME = (f"{R}/{name}/tools/entrypoint.sh" for name in ("nginx", "wordpress", "mariadb"))
CONF = f"{R}/nginx/conf/nginx.conf"
PREPARE = f"{R}/tools/prepare.sh"
README = "README.md"
NGINX_IMAGE = "    image: nginx:${IMAGE_VERSION}\n"
NGINX_NETWORKS = "      - wordpress:/var/www/html:ro\n    networks:\n      - inception\n"
DB_MOUNT = "      - mariadb:/var/lib/mysql\n"
SITE_MOUNT = "      - wordpress:/var/www/html\n"
DEVICE = "      device: ${DATA_DIR}/mariadb\n"
SITE_DEVICE = "      device: ${DATA_DIR}/wordpress\n"
PORTS = '      - "443:443"\n'
NGINX_CMD = 'CMD ["nginx", "-g", "daemon off;"]'
NGINX_START = 'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]\nCMD ["nginx", "-g", "daemon off;"]\n'
MARIADB_RUN = "--no-install-recommends mariadb-server"
EXEC = 'exec "$@"'
WAIT = "until mariadb-admin ping --host=mariadb --silent; do\n    tries=$((tries + 1))\n"

TABLE: tuple[Mutation, ...] = (
    # Credentials in the repository.
    Mutation("credentials-in-git", "srcs/settings.env", None, "REDIS_PASSWORD=k3ttle-Drum\n", "srcs/settings.env:1"),
    Mutation("credentials-in-git", "srcs/.env.local", None, "A=b\nMYSQL_ROOT_PASSWORD=root\n", "srcs/.env.local:2"),
    Mutation("credentials-in-git", "srcs/.env.bak", None, "DB_PASS=1234\n", "srcs/.env.bak:1"),
    Mutation("credentials-in-git", "srcs/.env.old", None, "WP_ADMIN_PWD='s3same open'\n", "srcs/.env.old:1"),
    Mutation(
        "credentials-in-git",
        "srcs/.env.example",
        None,
        "DB_PASSWORD=9f2c1e77ab40d6538e21\nDB_NAME=x\nAPI_KEY=9f2c1e77ab40d65381b2c3d4e5f60718\n",
        "srcs/.env.example:3",
    ),
    Mutation("credentials-in-git", PREPARE, "umask 077", "DB_PASSWORD=s3same-open\numask 077"),
    Mutation("credentials-in-git", PREPARE, "umask 077", "export FTP_PASS='s3same open'\numask 077"),
    Mutation(
        "credentials-in-git", WE, "--prompt=dbpass < /run/secrets/db_password", "--dbpass=s3same-open", f"{WE}:17"
    ),
    Mutation("credentials-in-git", WE, '--user_pass="$WP_USER_PASSWORD"', "--user_pass=sailor42", f"{WE}:20"),
    Mutation(
        "credentials-in-git", WE, '--admin_password="$WP_ADMIN_PASSWORD"', "--admin_password='sesame'", f"{WE}:19"
    ),
    Mutation("credentials-in-git", ME, "IDENTIFIED BY '${password}'", "IDENTIFIED BY 's3same'", f"{ME}:11"),
    Mutation("credentials-in-git", ME, "IDENTIFIED BY '${root_password}'", "IDENTIFIED BY 'root'", f"{ME}:13"),
    Mutation("credentials-in-git", ME, "exec ", "mariadb -uroot -ps3same -e 'SELECT 1'\nexec "),
    Mutation(
        "credentials-in-git",
        f"{R}/mariadb/conf/init.sql",
        None,
        "SELECT 1;\nCREATE USER x IDENTIFIED BY 'abc';\n",
        f"{R}/mariadb/conf/init.sql:2",
    ),
    Mutation(
        "credentials-in-git",
        f"{R}/mariadb/conf/server.cnf",
        "port = 3306\n",
        "port = 3306\n[client]\npassword = s3same\n",
        f"{R}/mariadb/conf/server.cnf:5",
    ),
    Mutation(
        "credentials-in-git",
        f"{R}/bonus/static/conf/redis.conf",
        None,
        "port 6379\nrequirepass s3same-open\n",
        f"{R}/bonus/static/conf/redis.conf:2",
    ),
    Mutation(
        "credentials-in-git",
        f"{R}/wordpress/conf/www.conf",
        "pm = ondemand",
        "env[DB_PASSWORD] = s3same\npm = ondemand",
    ),
    Mutation(
        "credentials-in-git",
        f"{R}/wordpress/conf/wp-config.php",
        None,
        "<?php\ndefine( 'DB_PASSWORD', 's3same' );\n",
        f"{R}/wordpress/conf/wp-config.php:2",
    ),
    Mutation(
        "credentials-in-git",
        f"{R}/wordpress/conf/wp-config.php",
        None,
        "<?php\ndefine('AUTH_KEY', 'zT)9#f2k!Qw8@Lm3$xV');\n",
        f"{R}/wordpress/conf/wp-config.php:2",
    ),
    Mutation("credentials-in-git", "credentials.txt", None, "wordpress_password=s3same\n", "credentials.txt:1"),
    Mutation("credentials-in-git", "srcs/db_password.txt", None, "s3same-open\n", "srcs/db_password.txt:1"),
    Mutation("credentials-in-git", "Makefile", "COMPOSE :=", "FTP_PASSWORD := s3same\nCOMPOSE :="),
    Mutation(
        "credentials-in-git",
        "Makefile",
        "\t$(COMPOSE) up",
        "\techo 'DB_PASSWORD=s3same' > srcs/.env.db\n\t$(COMPOSE) up",
    ),
    Mutation(
        "credentials-in-git", PREPARE, "umask 077", 'echo s3same-open > "$root/secrets/db_password.txt"\numask 077'
    ),
    Mutation("credentials-in-git", PREPARE, "umask 077", "echo 'wil:s3same' | chpasswd\numask 077"),
    Mutation(
        "credentials-in-git",
        "notes.txt",
        None,
        "token " + "ghp" + "_0123456789abcdefghijklmnopqrstuvwxyzAB\n",
        "notes.txt:1",
    ),
    Mutation(
        "credentials-in-git",
        f"{R}/nginx/conf/.htpasswd",
        None,
        "wil:$apr1$abcdefgh$0123456789abcdefghijk.\n",
        f"{R}/nginx/conf/.htpasswd:1",
    ),
    Mutation("credentials-in-git", PREPARE, "umask 077", "password=${DB_PASSWORD:-s3same}\numask 077"),
    Mutation(
        "private-key-in-git",
        f"{R}/nginx/conf/server.key",
        None,
        "-----BEGIN PRIVATE KEY-----\n"
        + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB\n" * 3
        + "-----END PRIVATE KEY-----\n",
        f"{R}/nginx/conf/server.key:1",
    ),
    Mutation(
        "private-key-in-git",
        "server.pem",
        None,
        "cert\n-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB\n" * 3,
        "server.pem:2",
    ),
    Mutation(
        "private-key-in-git",
        "id_ed25519",
        None,
        "-----BEGIN OPENSSH PRIVATE KEY-----\n"
        + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n" * 2,
        "id_ed25519:1",
    ),
    Mutation("private-key-in-git", "srcs/store.p12", None, "x", "srcs/store.p12"),
    Mutation("password-in-dockerfile", MD, "EXPOSE 3306", "ENV MYSQL_PASSWORD=s3same\nEXPOSE 3306"),
    Mutation("password-in-dockerfile", MD, "EXPOSE 3306", "ARG DB_PASS=s3same\nEXPOSE 3306"),
    Mutation(
        "password-in-dockerfile", MD, "EXPOSE 3306", "ENV A=1 \\\n    ROOT_PASSWORD=s3same\nEXPOSE 3306", f"{MD}:11"
    ),
    Mutation("password-in-dockerfile", MD, "EXPOSE 3306", "ENV MYSQL_PASSWORD s3same open\nEXPOSE 3306"),
    Mutation("password-in-dockerfile", MD, "EXPOSE 3306", "RUN echo 'mysql:s3same' | chpasswd\nEXPOSE 3306"),
    Mutation(
        "password-in-dockerfile",
        MD,
        "EXPOSE 3306",
        "RUN mariadb -e \"ALTER USER root IDENTIFIED BY 'x7'\"\nEXPOSE 3306",
    ),
    Mutation("password-in-dockerfile", MD, "EXPOSE 3306", "ARG P\nENV DB_PASSWORD=${P}\nEXPOSE 3306", f"{MD}:11"),
    # Files and names.
    Mutation("makefile", "Makefile", None, None, "Makefile"),
    Mutation("makefile", "Makefile", None, "", "Makefile"),
    Mutation("makefile", "Makefile", None, "all:\n\t@echo nothing\n", "Makefile"),
    Mutation("compose-file", C, "services:\n  mariadb:", "services:\n  mariadb: {}\n  mariadb:", f"{C}:5"),
    Mutation("compose-file", C, "    depends_on:\n      - wordpress\n", "    depend_on:\n      - wordpress\n"),
    Mutation("compose-file", C, "name: inception\n", "name: inception\nservice: {}\n", f"{C}:2"),
    Mutation("compose-file", C, "      DB_NAME: ${DB_NAME}\n", "      DB_NAME: ${DB_NAME\n"),
    Mutation("compose-file", C, "      DB_NAME: ${DB_NAME}\n", "      DB_NAME: cost$ 5\n"),
    Mutation("compose-file", C, "name: inception\n", "name: inception\ninclude:\n  - other.yml\n", f"{C}:3"),
    Mutation(
        "compose-file", C, "    env_file: .env\n", "    env_file: .env\n    extends:\n      service: base\n", f"{C}:27"
    ),
    Mutation("sources-below-srcs", C, "context: requirements/bonus/static", "context: ../static", "static/Dockerfile"),
    Mutation("dockerfile-per-service", ND, None, None, f"{C}:38"),
    Mutation("dockerfile-per-service", SD, None, None, f"{C}:54"),
    Mutation(
        "dockerfile-per-service", C, "context: requirements/bonus/static", "context: requirements/nginx", f"{C}:54"
    ),
    Mutation("dockerfile-per-service", C, "context: requirements/mariadb\n", "context: requirements/maria\n", f"{C}:6"),
    Mutation("mandatory-services", C, '      - "8080:8080"\n', '      - "8080:8080"\n    scale: 2\n', f"{C}:59"),
    Mutation(
        "mandatory-services",
        C,
        '      - "8080:8080"\n',
        '      - "8080:8080"\n    deploy:\n      replicas: 3\n',
        f"{C}:60",
    ),
    Mutation("directory-layout", f"{R}/nginx/.dockerignore", None, None, ND),
    Mutation("directory-layout", f"{R}/mariadb/conf/server.cnf", None, None, MD),
    # Networks.
    Mutation(
        "host-network", C, NGINX_NETWORKS, "      - wordpress:/var/www/html:ro\n    network_mode: host\n", f"{C}:49"
    ),
    Mutation("host-network", C, "  inception:\n    driver: bridge\n", "  inception:\n    driver: host\n", f"{C}:63"),
    Mutation(
        "host-network",
        C,
        "  inception:\n    driver: bridge\n",
        "  inception:\n    external: true\n    name: host\n",
        f"{C}:63",
    ),
    Mutation(
        "host-network",
        C,
        "      context: requirements/nginx\n",
        "      context: requirements/nginx\n      network: host\n",
        f"{C}:40",
    ),
    Mutation(
        "host-network",
        "Makefile",
        "re: fclean all\n",
        "re: fclean all\n\ntry:\n\tdocker run --network host nginx:1.0\n",
        "Makefile:26",
    ),
    Mutation("host-network", PREPARE, "umask 077", "docker run --net=host nginx:1.0\numask 077"),
    Mutation("links", C, "    depends_on:\n      - wordpress\n", "    links:\n      - wordpress\n"),
    Mutation("links", C, "    depends_on:\n      - mariadb\n", "    external_links: [mariadb]\n"),
    Mutation("links", C, "    depends_on:\n      - mariadb\n", "    links: []\n"),
    Mutation(
        "link-option",
        "Makefile",
        "re: fclean all\n",
        "re: fclean all\n\ntry:\n\tdocker run --link mariadb nginx:1.0\n",
        "Makefile:26",
    ),
    Mutation("link-option", PREPARE, "umask 077", "docker run -d --link=mariadb:db nginx:1.0\numask 077"),
    Mutation(
        "link-option",
        PREPARE,
        "umask 077",
        "sudo docker run \\\n    --link mariadb nginx:1.0\numask 077",
        f"{PREPARE}:10",
    ),
    Mutation("network-declared", C, NGINX_NETWORKS, "      - wordpress:/var/www/html:ro\n", f"{C}:36"),
    Mutation(
        "network-declared",
        C,
        NGINX_NETWORKS,
        "      - wordpress:/var/www/html:ro\n    networks:\n      - inception\n      - other\n",
        f"{C}:49",
    ),
    Mutation(
        "network-declared",
        C,
        '      - "8080:8080"\n    networks:\n      - inception\n',
        '      - "8080:8080"\n',
        f"{C}:52",
    ),
    # Processes.
    Mutation(
        "keep-alive",
        SD,
        'CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]',
        'CMD ["tail", "-f", "/dev/null"]',
    ),
    Mutation("keep-alive", SD, 'CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]', "CMD tail -F /dev/null"),
    Mutation(
        "keep-alive", SD, 'CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]', 'CMD ["sleep", "infinity"]'
    ),
    Mutation("keep-alive", SD, 'CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]', 'CMD ["sleep", "30d"]'),
    Mutation(
        "keep-alive",
        C,
        "      context: requirements/bonus/static\n",
        "      context: requirements/bonus/static\n    command: tail -f /dev/null\n",
        f"{C}:56",
    ),
    Mutation(
        "keep-alive",
        C,
        "      context: requirements/bonus/static\n",
        '      context: requirements/bonus/static\n    entrypoint: ["sleep", "inf"]\n',
        f"{C}:56",
    ),
    Mutation("keep-alive", NE, EXEC, "exec tail -n 5 -f /var/log/nginx/access.log"),
    Mutation("keep-alive", WE, EXEC, "exec sleep infinity"),
    Mutation("keep-alive", ND, "EXPOSE 443", "RUN tail -f /dev/null\nEXPOSE 443"),
    Mutation("dockerfile-background", MD, "EXPOSE 3306", "RUN mariadbd --user=mysql & sleep 5\nEXPOSE 3306"),
    Mutation(
        "dockerfile-background",
        MD,
        "EXPOSE 3306",
        "RUN true \\\n    && (mariadbd &) && sleep 5\nEXPOSE 3306",
        f"{MD}:11",
    ),
    Mutation("dockerfile-background", MD, "EXPOSE 3306", "RUN bash -c 'mariadbd & sleep 5'\nEXPOSE 3306"),
    Mutation("dockerfile-background", MD, "EXPOSE 3306", "RUN <<EOF\nmariadbd &\nEOF\nEXPOSE 3306", f"{MD}:11"),
    Mutation("shell-as-process", SD, 'CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]', 'CMD ["bash"]'),
    Mutation(
        "shell-as-process", SD, 'CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]', 'ENTRYPOINT ["/bin/sh"]'
    ),
    Mutation(
        "shell-as-process", SD, 'CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]', 'CMD ["/bin/bash", "-i"]'
    ),
    Mutation("shell-as-process", SD, 'CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]\n', "", f"{SD}:1"),
    Mutation(
        "shell-as-process",
        C,
        "      context: requirements/bonus/static\n",
        "      context: requirements/bonus/static\n    command: bash\n",
        f"{C}:56",
    ),
    Mutation("shell-as-process", NE, EXEC, "exec bash"),
    Mutation("shell-as-process", MD, 'CMD ["mariadbd", "--user=mysql"]', 'CMD ["sh"]', f"{ME}:17"),
    Mutation("base-image", ND, "FROM debian:12-slim", "FROM debian:11"),
    Mutation("base-image", ND, "FROM debian:12-slim", "FROM debian:13-slim"),
    Mutation("base-image", WD, "FROM debian:12-slim", "FROM debian:bullseye"),
    Mutation("base-image", WD, "FROM debian:12-slim", "FROM debian:trixie-20251103-slim"),
    Mutation("base-image", MD, "FROM debian:12-slim", "FROM debian:buster"),
    Mutation("base-image", MD, "FROM debian:12-slim", "FROM debian:stable-slim"),
    Mutation("base-image", MD, "FROM debian:12-slim", "FROM debian:testing"),
    Mutation("base-image", SD, "FROM debian:12-slim", "FROM alpine:3.24"),
    Mutation("base-image", SD, "FROM debian:12-slim", "FROM alpine:3.18.4"),
    Mutation("base-image", SD, "FROM debian:12-slim", "FROM alpine:edge"),
    Mutation("base-image", SD, "FROM debian:12-slim", "FROM alpine:3"),
    Mutation("base-image", SD, "FROM debian:12-slim", "FROM debian:11 AS build\nFROM debian:12-slim"),
    Mutation("literal-from", ND, "FROM debian:12-slim", "ARG VERSION=12\nFROM debian:12-slim"),
    Mutation("literal-from", ND, "FROM debian:12-slim", "FROM --platform=linux/amd64 debian:12-slim"),
    Mutation("literal-from", ND, "FROM debian:12-slim", "FROM docker.io/library/debian:12-slim"),
    Mutation("literal-from", ND, "FROM debian:12-slim", "ARG TAG=12-slim\nFROM debian:${TAG}"),
    Mutation("script-background", ME, EXEC, 'mariadbd --user=mysql &\nexec "$@"'),
    Mutation("script-background", WE, EXEC, '(sleep 5 && wp cron event run) &\nexec "$@"'),
    Mutation("script-background", NE, EXEC, 'service cron start\nexec "$@"'),
    Mutation("script-background", NE, "set -eu\n", "set -eu\nnohup nginx > /dev/null 2>&1 &\n", f"{NE}:3"),
    Mutation("script-background", NE, "set -eu\n", "set -eu\nif true; then\n    nginx &\nfi\n", f"{NE}:4"),
    Mutation("script-background", NE, "set -eu\n", "set -eu\nstart() {\n    nginx &\n}\nstart\n", f"{NE}:4"),
    Mutation("script-background", NE, "set -eu\n", "set -eu\nbash -c 'nginx & true'\n", f"{NE}:3"),
    Mutation("endless-loop", WE, "tries=0\n", "while true; do sleep 1; done\n"),
    Mutation("endless-loop", WE, "tries=0\n", "while :; do\n    sleep 1\ndone\n"),
    Mutation("endless-loop", WE, "tries=0\n", "until false; do sleep 1; done\n"),
    Mutation("endless-loop", WE, "tries=0\n", "for ((;;)); do sleep 1; done\n"),
    Mutation("endless-loop", WE, "tries=0\n", "while [ 1 ]; do sleep 1; done\n"),
    Mutation("endless-loop", WE, "tries=0\n", "while ((1)); do sleep 1; done\n"),
    Mutation("endless-loop", WE, "tries=0\n", "while true\ndo\n  for x in 1; do break; done\ndone\n"),
    Mutation("endless-loop", PREPARE, "umask 077", "while true; do date; sleep 1; done\numask 077"),
    Mutation(
        "endless-loop",
        "Makefile",
        "re: fclean all\n",
        "re: fclean all\n\nwatch:\n\twhile true; do docker ps; sleep 2; done\n",
        "Makefile:26",
    ),
    Mutation("endless-loop", ND, "EXPOSE 443", "RUN while true; do true; done\nEXPOSE 443"),
    Mutation("endless-loop", WE, "tries=0\n", "sh -c 'while true; do sleep 1; done'\n"),
    Mutation(
        "unbounded-wait",
        WE,
        WAIT,
        'until mariadb-admin ping; do sleep 1; done\nwhile [ "$tries" -lt 60 ]; do\n    tries=$((tries + 1))\n',
    ),
    Mutation(
        "unbounded-wait", WE, "tries=0\n", "tries=0\nwhile ! nc -z mariadb 3306; do\n    sleep 1\ndone\n", f"{WE}:5"
    ),
    Mutation(
        "unbounded-wait",
        WE,
        "tries=0\n",
        "tries=0\nwhile true; do\n    if nc -z mariadb 3306; then break; fi\n    sleep 1\ndone\n",
        f"{WE}:5",
    ),
    Mutation(
        "unbounded-wait", WE, "tries=0\n", "tries=0\nwhile [ ! -S /run/mysqld.sock ]; do sleep 1; done\n", f"{WE}:5"
    ),
    Mutation("pid-one", NE, EXEC, '"$@"'),
    Mutation("pid-one", NE, EXEC, "nginx -g 'daemon off;'"),
    Mutation("pid-one", WE, EXEC, "php-fpm8.2 -F"),
    Mutation("pid-one", WE, EXEC, "exec php-fpm8.2"),
    Mutation("pid-one", WD, 'CMD ["php-fpm8.2", "--nodaemonize"]\n', 'CMD ["php-fpm8.2"]\n', f"{WE}:23"),
    Mutation("pid-one", ND, NGINX_CMD, 'CMD ["nginx"]', f"{NE}:10"),
    Mutation("pid-one", ND, NGINX_START, "CMD nginx -g 'daemon off;'\n"),
    Mutation("pid-one", ND, NGINX_START, 'CMD ["service", "nginx", "start"]\n'),
    Mutation("pid-one", MD, 'CMD ["mariadbd", "--user=mysql"]', 'CMD ["mysqld_safe"]', f"{ME}:17"),
    Mutation("pid-one", ME, EXEC, "exec mysqld_safe"),
    Mutation("pid-one", ME, EXEC, "echo done"),
    Mutation("pid-one", MD, 'CMD ["mariadbd", "--user=mysql"]\n', "", f"{ME}:17"),
    # Images.
    Mutation(
        "own-images",
        ND,
        "FROM debian:12-slim",
        "FROM debian:12-slim\nCOPY --from=busybox:1.36 /bin/nc /usr/bin/nc",
        f"{ND}:2",
    ),
    Mutation("own-images", C, "    build:\n      context: requirements/bonus/static\n", "", f"{C}:53"),
    Mutation("image-name", C, NGINX_IMAGE, "    image: my-nginx:${IMAGE_VERSION}\n"),
    Mutation("image-name", C, NGINX_IMAGE, "    image: wil/nginx:1.0\n"),
    Mutation("image-name", C, NGINX_IMAGE, "", f"{C}:36"),
    Mutation("image-name", C, "    image: static:${IMAGE_VERSION}\n", "    image: website:1.0\n"),
    Mutation("latest-tag", C, NGINX_IMAGE, "    image: nginx\n"),
    Mutation("latest-tag", C, NGINX_IMAGE, "    image: nginx:latest\n"),
    Mutation("latest-tag", ENV, "IMAGE_VERSION=1.0\n", "IMAGE_VERSION=1.0\nTAG=latest\n", "-"),
    Mutation("latest-tag", C, "    image: static:${IMAGE_VERSION}\n", "    image: static:${TAG:-latest}\n"),
    Mutation(
        "downloads",
        WD,
        '"https://wordpress.org/wordpress-${WORDPRESS_VERSION}.tar.gz"',
        '"https://wordpress.org/latest.tar.gz"',
        f"{WD}:10",
    ),
    Mutation("downloads", WE, "    cp -R /usr/src/wordpress/. .\n", "    wp core download\n"),
    Mutation("downloads", ND, "EXPOSE 443", "ADD https://example.org/tool-1.2.tar.gz /tmp/\nEXPOSE 443"),
    Mutation("downloads", NE, "set -eu\n", "set -eu\nwget https://example.org/page-1.0.html\n", f"{NE}:3"),
    Mutation("nginx-elsewhere", MD, MARIADB_RUN, f"{MARIADB_RUN} nginx", f"{MD}:4"),
    Mutation("nginx-elsewhere", WD, "ca-certificates curl", "ca-certificates nginx-light curl", f"{WD}:7"),
    # Volumes.
    Mutation("named-volumes", C, DB_MOUNT, "      - /home/wil/data/mariadb:/var/lib/mysql\n"),
    Mutation("named-volumes", C, DB_MOUNT, "      - ${DATA_DIR}/mariadb:/var/lib/mysql\n"),
    Mutation("named-volumes", C, DB_MOUNT, "      - ~/data/mariadb:/var/lib/mysql\n"),
    Mutation(
        "named-volumes",
        C,
        SITE_MOUNT,
        "      - type: bind\n        source: /home/wil/data/wordpress\n        target: /var/www/html\n",
    ),
    Mutation(
        "named-volumes",
        C,
        "      - wordpress:/var/www/html:ro\n",
        "      - /home/wil/data/wordpress:/var/www/html:ro\n",
    ),
    Mutation("named-volumes", C, DB_MOUNT, "      - /var/lib/mysql\n"),
    Mutation("named-volumes", C, DB_MOUNT, "      - database:/var/lib/mysql\n"),
    Mutation("named-volumes", C, "    volumes:\n" + DB_MOUNT, "", f"{C}:4"),
    Mutation("volume-path", C, DEVICE, "      device: /srv/mariadb\n"),
    Mutation("volume-path", C, DEVICE, "      device: ./data/mariadb\n"),
    Mutation("volume-path", C, DEVICE, "      device: /home/wil/mariadb\n"),
    Mutation("volume-path", C, DEVICE, "      device: /Users/wil/data/mariadb\n"),
    Mutation("volume-path", C, DEVICE, "      device: /home/wil/data/../other\n"),
    Mutation("volume-path", C, SITE_DEVICE, "      device: /var/www/data\n"),
    Mutation(
        "volume-path",
        C,
        "  mariadb:\n    driver: local\n    driver_opts:\n      type: none\n      o: bind\n" + DEVICE,
        "  mariadb:\n",
    ),
    Mutation("volume-path", ENV, "DATA_DIR=/home/wil/data\n", "DATA_DIR=/data\n", f"{C}:72 {C}:78"),
    # Settings.
    Mutation(
        "restart-policy",
        C,
        "    image: nginx:${IMAGE_VERSION}\n    build:\n      context: requirements/nginx\n    restart: unless-stopped\n",
        "    image: nginx:${IMAGE_VERSION}\n    build:\n      context: requirements/nginx\n",
        f"{C}:36",
    ),
    Mutation(
        "restart-policy",
        C,
        "      context: requirements/mariadb\n    restart: unless-stopped\n",
        '      context: requirements/mariadb\n    restart: "no"\n',
        f"{C}:8",
    ),
    Mutation(
        "restart-policy",
        C,
        "      context: requirements/mariadb\n    restart: unless-stopped\n",
        "      context: requirements/mariadb\n    restart: never\n",
        f"{C}:8",
    ),
    Mutation("administrator-name", ENV, "WP_ADMIN_USER=captain\n", "WP_ADMIN_USER=admin\n"),
    Mutation("administrator-name", ENV, "WP_ADMIN_USER=captain\n", "WP_ADMIN_USER=TheAdministrator\n"),
    Mutation("administrator-name", ENV, "WP_ADMIN_USER=captain\n", 'WP_ADMIN_USER="wil-ADMIN"\n'),
    Mutation("administrator-name", WE, '--admin_user="$WP_ADMIN_USER"', "--admin_user=siteadmin", f"{WE}:19"),
    Mutation("administrator-name", WE, '--admin_user="$WP_ADMIN_USER"', '--admin_user="${BOSS:-wpadmin}"', f"{WE}:19"),
    Mutation("administrator-name", WE, "--role=author", "--role=administrator", "-"),
    Mutation(
        "two-users",
        WE,
        '    wp user create "$WP_USER" "$WP_USER_EMAIL" --role=author --user_pass="$WP_USER_PASSWORD"\n',
        "",
        f"{WE}:18",
    ),
    Mutation("dotenv-file", ENV, "DB_NAME=wordpress\n", "DB_NAME=wordpress\nthis is no setting\n", f"{ENV}:8"),
    Mutation("dotenv-file", ENV, 'WP_TITLE="A small site"\n', 'WP_TITLE="A small site\n'),
    Mutation(
        "docker-secrets",
        C,
        "      DB_USER: ${DB_USER}\n",
        "      DB_USER: ${DB_USER}\n      DB_PASSWORD: ${DB_PASSWORD}\n",
        f"{C}:12",
    ),
    Mutation(
        "docker-secrets",
        C,
        "    secrets:\n      - db_password\n      - credentials\n",
        "    secrets:\n      - db_password\n      - salts\n",
        f"{C}:28",
    ),
    Mutation(
        "database-root",
        f"{R}/mariadb/conf/server.cnf",
        "port = 3306\n",
        "port = 3306\nskip-grant-tables\n",
        f"{R}/mariadb/conf/server.cnf:4",
    ),
    Mutation(
        "privileged",
        C,
        "      context: requirements/bonus/static\n",
        "      context: requirements/bonus/static\n    privileged: true\n",
        f"{C}:56",
    ),
    Mutation(
        "privileged",
        C,
        '      - "8080:8080"\n',
        '      - "8080:8080"\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock\n',
        f"{C}:60",
    ),
    # Ports and TLS.
    Mutation("published-ports", C, PORTS, PORTS + '      - "80:80"\n', f"{C}:47"),
    Mutation("published-ports", C, PORTS, '      - "8443:443"\n'),
    Mutation("published-ports", C, PORTS, '      - "443"\n'),
    Mutation("published-ports", C, PORTS, "      - target: 443\n        published: 4443\n"),
    Mutation("published-ports", C, "    ports:\n" + PORTS, "", f"{C}:36"),
    Mutation("published-ports", C, "    env_file: .env\n", '    env_file: .env\n    ports: ["9000:9000"]\n', f"{C}:26"),
    Mutation(
        "published-ports",
        C,
        "    secrets:\n      - db_password\n      - db_root_password\n",
        '    ports:\n      - "127.0.0.1:3306:3306"\n    secrets:\n      - db_password\n      - db_root_password\n',
        f"{C}:13",
    ),
    Mutation("published-ports", C, '      - "8080:8080"\n', '      - "80:8080"\n'),
    Mutation("published-ports", C, '      - "8080:8080"\n', '      - "440-450:440-450"\n'),
    Mutation("tls-versions", CONF, "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1.1 TLSv1.2;"),
    Mutation("tls-versions", CONF, "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"),
    Mutation("tls-versions", CONF, "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols SSLv3 TLSv1.3;"),
    Mutation("tls-versions", CONF, "        ssl_protocols TLSv1.2 TLSv1.3;\n", "", f"{CONF}:11"),
    Mutation("tls-versions", CONF, "listen 443 ssl;", "listen 443;", f"{CONF}:11"),
    Mutation("tls-versions", CONF, "    server {\n", "    server {\n        listen 8443 ssl;\n    }\n\n    server {\n"),
    Mutation("domain-name", CONF, "server_name wil.42.fr;", "server_name localhost;"),
    # Documents.
    Mutation("readme-first-line", README, "*This project", "This project"),
    Mutation("readme-first-line", README, "curriculum by wil.*", "curriculum by wil."),
    Mutation("readme-first-line", README, "as part of the 42 curriculum by wil", "by wil"),
    Mutation("readme-first-line", README, "curriculum by wil.*", "curriculum.*"),
    Mutation("readme-first-line", README, "curriculum by wil.*", "curriculum by <login1>.*"),
    Mutation("readme-first-line", README, "*This project", "\n*This project", f"{README}:1"),
    Mutation("readme-first-line", README, "*This project", "# Inception\n\n*This project"),
    Mutation("readme-sections", README, "## Description\n", "## About\n", "-"),
    Mutation("readme-sections", README, "## Instructions\n", "## Usage\n", "README.md"),
    Mutation("readme-sections", README, "## Resources\n", "## Links\n", "README.md"),
    Mutation(
        "readme-sections",
        README,
        "- AI was used to proof-read this document and to look for mistakes in the scripts.\n",
        "",
        "README.md:37",
    ),
    Mutation(
        "readme-sections",
        README,
        "Run `make` in a virtual machine with Docker. The site is then at `https://wil.42.fr`.\n",
        "",
        "README.md:10",
    ),
    Mutation("readme-comparisons", README, "### Virtual machines vs Docker\n", "### Isolation\n", "-"),
    Mutation(
        "readme-comparisons",
        README,
        "A volume is managed by Docker and has a name; a bind mount ties a container to a path of the host.\n",
        "",
        "README.md:33",
    ),
    Mutation("user-doc", "USER_DOC.md", None, None, "USER_DOC.md"),
    Mutation("user-doc", "USER_DOC.md", None, "\n", "USER_DOC.md"),
    Mutation("user-doc", "USER_DOC.md", None, "# User documentation\n\nRun make.\n", "USER_DOC.md"),
    Mutation("dev-doc", "DEV_DOC.md", None, None, "DEV_DOC.md"),
    Mutation("dev-doc", "DEV_DOC.md", None, "", "DEV_DOC.md"),
    Mutation("dev-doc", "DEV_DOC.md", None, "# Developer documentation\n\nSee the Makefile.\n", "DEV_DOC.md"),
)
