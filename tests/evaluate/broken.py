"""Ways to break a stack, each with what the evaluation must say of it, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Lines of the sheet that the same look decides, so that a broken stack is also held against what must still hold.
STACK = "E35,E37,E40,E46,E53,E47,E54,R6,R16,R17,R18,R20,R23,R24,R27"
PORTS = "E27,E30,E41"
SITE = "R28"
TLS = "E28,E43,R11"
DATABASE = "R25,R26,E55,E56,E57"
PAGE = "E29,E42"


@dataclass(frozen=True)
class Broken:
    """One way to break it.

    Attributes:
        name: what it is called.
        only: the lines of the sheet to decide.
        fails: line to the rule that must fail it; every other line must not fail.
        says: what one of the findings must say.
        compose: an override of the Compose file, or empty.
        before: a shell script that breaks it, run in ``srcs/`` of the machine.
        after: a shell script that mends it.
        sql: a statement that breaks it.
        unsql: a statement that mends it.
        undecided: the lines that cannot be decided then.
        options: more options of the command.

    """

    name: str
    only: str
    fails: dict[str, tuple[str, ...]]
    says: str
    compose: str = ""
    before: str = ""
    after: str = ""
    sql: str = ""
    unsql: str = ""
    undecided: frozenset[str] = frozenset()
    options: tuple[str, ...] = field(default=())


def _nginx(lines: str) -> str:
    return f"services:\n  nginx:\n{lines}"


_TLS_CONF = (
    "    volumes:\n      - ./broken-tls.conf:/etc/nginx/tls.conf:ro\n"
    "      - ./broken.crt:/run/broken.crt:ro\n      - ./broken.key:/run/broken.key:ro\n"
)
_REMOVE_TLS = "rm -f broken-tls.conf broken.crt broken.key"


def _tls(protocols: str, ciphers: str, certificate: str) -> str:
    """Write a TLS configuration and a certificate for it."""
    return f"""
openssl req -x509 {certificate} -keyout broken.key -out broken.crt 2>/dev/null
chmod 644 broken.key
cat >broken-tls.conf <<'CONF'
ssl_protocols {protocols};
ssl_ciphers {ciphers};
ssl_certificate /run/broken.crt;
ssl_certificate_key /run/broken.key;
CONF
"""


_GOOD = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj /CN=wil.42.fr -addext subjectAltName=DNS:wil.42.fr"
_MODERN = "ECDHE+AESGCM"
_MU = "/home/wil/data/wordpress/wp-content/mu-plugins"


def _plugin(name: str, code: str) -> str:
    """Put a plugin into the site; a page that NGINX holds already would hide it, so NGINX begins anew."""
    text = f"<?php if (PHP_SAPI !== 'cli') {{ {code} }}"
    return f"cat >{_MU}/{name}.php <<'PHP'\n{text}\nPHP\nchmod 644 {_MU}/{name}.php; docker restart nginx"


def _unplug(name: str) -> str:
    return f"rm {_MU}/{name}.php; docker restart nginx"


KINDS = (
    Broken(
        "port-80-published", PORTS,
        {"E27": ("open-ports",), "E30": ("plain-http",), "E41": ("open-ports", "plain-http")}, "port 80 of the machine answers",
        compose=_nginx('    ports:\n      - "80:443"\n'),
    ),
    Broken(
        "plain-http-answers", PORTS, {"E27": ("open-ports",), "E41": ("open-ports", "plain-http"), "E30": ("plain-http",)},
        "answers with 200",
        before="echo 'server { listen 8080; return 200 hello; }' >broken-http.conf",
        compose=_nginx('    ports:\n      - "80:8080"\n    volumes:\n      - ./broken-http.conf:/etc/nginx/headers.conf:ro\n'),
        after="rm -f broken-http.conf",
    ),
    Broken(
        "database-published", f"{PORTS},R35", {"E27": ("open-ports",)} | {"R35": ("open-ports", "inner-services")},
        "the service mariadb publishes it", compose='services:\n  mariadb:\n    ports:\n      - "3306:3306"\n',
    ),
    Broken(
        "php-fpm-published", f"{PORTS},R35", {"E27": ("open-ports",)} | {"R35": ("open-ports", "inner-services")},
        "the service wordpress publishes it", compose='services:\n  wordpress:\n    ports:\n      - "127.0.0.1:9000:9000"\n',
    ),
    Broken(
        "other-port", "E27", {"E27": ("open-ports", "way-in")}, "published on port 8443, not on 443",
        compose=_nginx('    ports: !override\n      - "8443:443"\n'),
    ),
    Broken(
        "tls-1.1", TLS, dict.fromkeys(("E28", "E43", "R11"), ("tls-handshakes",)), "accepts TLS 1.1",
        before=_tls("TLSv1.1 TLSv1.2", "ALL:@SECLEVEL=0", _GOOD), compose=_nginx(_TLS_CONF), after=_REMOVE_TLS,
    ),
    Broken(
        "anonymous-suite", TLS, dict.fromkeys(("E28", "E43", "R11"), ("tls-handshakes",)), "broken cipher suites",
        before=_tls("TLSv1.2", "AECDH-AES128-SHA:ECDHE+AESGCM:@SECLEVEL=0", _GOOD), compose=_nginx(_TLS_CONF), after=_REMOVE_TLS,
    ),
    Broken(
        "wrong-name", TLS, {"E28": ("certificate",)}, "is for example.org, not for wil.42.fr",
        before=_tls("TLSv1.2 TLSv1.3", _MODERN, _GOOD.replace("wil.42.fr", "example.org")), compose=_nginx(_TLS_CONF), after=_REMOVE_TLS,
    ),
    Broken(
        "expired-certificate", TLS, {"E28": ("certificate",)}, "not today",
        before=_tls("TLSv1.2 TLSv1.3", _MODERN, _GOOD.replace("-days 30", "-not_before 20240101000000Z -not_after 20240201000000Z")),
        compose=_nginx(_TLS_CONF), after=_REMOVE_TLS,
    ),
    Broken(
        "weak-key", TLS, {"E28": ("certificate",)}, "its key is weak (RSA 1024)",
        before=_tls("TLSv1.2", "ECDHE+AESGCM:@SECLEVEL=0", _GOOD.replace("-newkey ec -pkeyopt ec_paramgen_curve:P-256", "-newkey rsa:1024")),
        compose=_nginx(_TLS_CONF), after=_REMOVE_TLS,
    ),
    Broken(
        "tail-as-pid-1", STACK, dict.fromkeys(("R20", "R23", "R24"), ("process-tree",)) | {"E35": ("running",)},
        "which does no work", compose=_nginx('    entrypoint: ["tail", "-f", "/dev/null"]\n'),
    ),
    Broken(
        "shell-as-pid-1", STACK, {"R24": ("process-tree",)}, "is a shell",
        compose=_nginx('    entrypoint: ["sh", "-c", "/usr/local/bin/entrypoint.sh; exit 1"]\n'),
    ),
    Broken(
        "sleep-beside-the-daemon", STACK, dict.fromkeys(("R20", "R23", "R24"), ("process-tree",)), "runs `sleep infinity`",
        compose=_nginx('    entrypoint: ["sh", "-c", "sleep infinity & exec /usr/local/bin/entrypoint.sh"]\n'),
    ),
    Broken(
        "bind-mount", STACK, {"E47": ("data-path",), "R16": ("data-path",)}, "that is a bind mount",
        compose="services:\n  wordpress:\n    volumes: !override\n      - /home/wil/data/wordpress:/var/www/html\n",
    ),
    Broken(
        "data-elsewhere", STACK, dict.fromkeys(("E47", "R17", "R27"), ("data-path",)), "not a path under /home/wil/data/",
        compose="services:\n  wordpress:\n    volumes: !override\n      - elsewhere:/var/www/html\nvolumes:\n  elsewhere:\n    name: elsewhere\n",
        after="docker compose up --detach --wait 2>&1; docker volume rm elsewhere",
    ),
    Broken(
        "no-restart-policy", "R19", {"R19": ("killed-daemon",)}, "did not come back after its daemon was killed (restart policy no)",
        compose=_nginx('    restart: "no"\n'),
    ),
    Broken(
        "crash-loop", "E35,E40", {"E35": ("running",), "E40": ("compose-ps",)}, "nginx",
        compose=_nginx('    entrypoint: ["sh", "-c", "exit 3"]\n    depends_on: !reset []\n'),
    ),
    Broken(
        "php-fpm-exited", f"{STACK},{PAGE}", {"E35": ("running",), "E46": ("compose-ps",), "E29": ("configured-site", "browser-front"), "E42": ("configured-site", "browser-front")},
        "answers with 50", before="docker stop wordpress; docker restart nginx", undecided=frozenset({"R20", "R23", "R24"}),
    ),
    Broken(
        "administrators-name", DATABASE, {"R26": ("database-users",)}, "the administrator is called Administrator42",
        sql="UPDATE wp_users SET user_login = 'Administrator42' WHERE user_login = 'wil';",
        unsql="UPDATE wp_users SET user_login = 'wil' WHERE user_login = 'Administrator42';",
    ),
    Broken(
        "one-user", DATABASE, {"R25": ("database-users",)}, "there is no ordinary user",
        sql="CREATE TABLE kept_users AS SELECT * FROM wp_users WHERE user_login = 'author'; DELETE FROM wp_users WHERE user_login = 'author';",
        unsql="INSERT INTO wp_users SELECT * FROM kept_users; DROP TABLE kept_users;",
    ),
    Broken(
        "root-without-password", DATABASE, {"E57": ("database-root-login",)}, "without a password",
        sql="ALTER USER root@localhost IDENTIFIED BY '';", after="docker restart mariadb; docker compose up --detach --wait 2>&1",
    ),
    Broken(
        "installation-page", PAGE, {"E29": ("configured-site", "browser-front"), "E42": ("configured-site", "browser-front")},
        "installation page", before=_plugin("installer", "if ($_SERVER['REQUEST_URI'] === '/') { header('Location: /wp-admin/install.php', true, 302); exit; }"),
        after=_unplug("installer"),
    ),
    Broken(
        "slow-site", PAGE, {"E29": ("configured-site",), "E42": ("configured-site",)}, "no answer within 20 s",
        before=_plugin("slow", "sleep(50);"), after=_unplug("slow"),
    ),
    Broken(
        "name-leads-elsewhere", SITE, {"R28": ("domain-resolves",)}, "resolves to 192.0.2.7",
        before="sed 's/^[^#]*wil\\.42\\.fr.*/192.0.2.7 wil.42.fr/' /etc/hosts >/tmp/hosts; cp /etc/hosts /tmp/hosts.kept; cat /tmp/hosts >/etc/hosts",
        after="cat /tmp/hosts.kept >/etc/hosts",
    ),
    Broken(
        "host-network", "E37,R18", {"E37": ("network-listed",), "R18": ("network-listed",)}, "on the host's network: nginx",
        compose=_nginx("    network_mode: host\n    networks: !reset []\n    ports: !reset []\n    extra_hosts: [wordpress:127.0.0.1]\n"),
    ),
    Broken(
        "no-comments", "E48", {"E48": ("browser-comment",)}, "no entry of the site takes comments",
        sql="UPDATE wp_posts SET comment_status = 'closed' WHERE comment_status = 'open';",
        unsql="UPDATE wp_posts SET comment_status = 'open' WHERE comment_status = 'closed' AND post_type IN ('post', 'page') AND post_name <> 'privacy-policy';",
    ),
    Broken(
        "stale-page", "E50", {"E50": ("browser-edit",)}, "does not see it",
        before=_plugin(
            "stale",
            "if (preg_match('~wp-|rest_route|\\?~', $_SERVER['REQUEST_URI'])) { return; } "
            "if (preg_grep('~^wordpress_logged~', array_keys($_COOKIE))) { return; } "
            "$kept = '/tmp/stale-' . md5($_SERVER['REQUEST_URI']); if (is_file($kept)) { readfile($kept); exit; } "
            "ob_start(function ($page) use ($kept) { file_put_contents($kept, $page); return $page; });",
        ),
        after=_unplug("stale") + "; docker exec wordpress sh -c 'rm -f /tmp/stale-*'",
    ),
    Broken(
        "unknown-password", "E49", {}, "is in none of the project's secrets",
        sql="CREATE TABLE kept_users AS SELECT * FROM wp_users; UPDATE wp_users SET user_pass = MD5(RAND());",
        unsql="UPDATE wp_users u JOIN kept_users k ON k.ID = u.ID SET u.user_pass = k.user_pass; DROP TABLE kept_users;",
        undecided=frozenset({"E49"}),
    ),
    Broken(
        "wrong-password-given", "E49", {"E49": ("browser-dashboard",)}, "did not let wil in",
        before="true", options=("--credentials", "WRONG"),
    ),
    Broken(
        "wrong-login", "R28,E47,E54,R17", {"R28": ("domain-resolves",)} | dict.fromkeys(("E47", "E54", "R17"), ("data-path",)),
        "not a path under /home/tux/data/", before="true", options=("--login", "tux"),
    ),
)  # fmt: skip
