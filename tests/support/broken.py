"""Ways to break a stack, each with what the evaluation must say of it, and nothing else.

To break, look and mend costs half a minute, so ways that do not disturb one another share a round: the stack is broken
in all of them at once and looked at once. Each remains a test of its own. A round holds no two that the same line
could not tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Lines of the sheet that the same look decides, so that a broken stack is also held against what must still hold.
STACK = "E35,E37,E40,E46,E53,E47,E54,R6,R16,R17,R18,R20,R23,R24,R27"
PORTS = "E27,E30,E41"
SITE = "R28"
TLS = "E28,E43,R11"
DATABASE = "R25,R26,E55,E56,E57"
PAGE = "E29,E42"
_ALL_OF_IT = ("R20", "R23", "R24")


@dataclass(frozen=True)
class Broken:
    """One way to break it.

    Attributes:
        name: what it is called.
        only: the lines of the sheet to decide.
        fails: line to the rules that must fail it; every other line must not fail.
        says: what the finding, or the reason of what is undecided, must say.
        compose: an override of the Compose file: service to lines below it; the service ``""`` is the file itself.
        before: a shell script that breaks it, run in ``srcs/`` of the machine before the containers are made.
        then: one that is run when they are.
        after: a shell script that mends it, once the containers are mended.
        sql: a statement that breaks it, last of all.
        unsql: a statement that mends it, once the containers are mended.
        undecided: the lines that cannot be decided then.
        warns: line to the rules that must warn of it.

    """

    name: str
    only: str
    fails: Mapping[str, tuple[str, ...]]
    says: str
    compose: dict[str, str] = field(default_factory=dict)
    before: str = ""
    then: str = ""
    after: str = ""
    sql: str = ""
    unsql: str = ""
    undecided: frozenset[str] = frozenset()
    warns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """Ways that are broken, looked at and mended together.

    Attributes:
        name: what it is called.
        kinds: the ways.
        options: more options of the command.
        ready: a shell script that waits until the broken stack is as broken as it will be.

    """

    name: str
    kinds: tuple[Broken, ...]
    options: tuple[str, ...] = ()
    ready: str = ""

    @property
    def only(self) -> str:
        """The lines to decide."""
        return ",".join(dict.fromkeys(",".join(kind.only for kind in self.kinds).split(",")))

    @property
    def compose(self) -> str:
        """The override of the Compose file."""
        services: dict[str, list[str]] = {}
        for kind in self.kinds:
            for name, lines in kind.compose.items():
                services.setdefault(name, []).append(lines)
        text = "".join(services.pop("", []))
        if services:
            text += "services:\n" + "".join(f"  {name}:\n{''.join(lines)}" for name, lines in services.items())
        return text

    @property
    def fails(self) -> dict[str, set[str]]:
        """Line to every rule that must fail it."""
        found: dict[str, set[str]] = {}
        for kind in self.kinds:
            for line, rules in kind.fails.items():
                found.setdefault(line, set()).update(rules)
        return found

    @property
    def undecided(self) -> set[str]:
        """The lines that cannot be decided, and do not fail for another reason."""
        return {line for kind in self.kinds for line in kind.undecided} - set(self.fails)


# `openssl req` learnt the dates only in 3.4; Debian 12 has 3.0.
_CERTIFICATE = """made=$(mktemp -d); touch $made/index
cat >$made/ca.cnf <<CNF
[ca]
default_ca = c
[c]
database = $made/index
rand_serial = yes
new_certs_dir = $made
default_md = sha256
policy = p
x509_extensions = x
[p]
commonName = supplied
[x]
subjectAltName = DNS:example.org
CNF
openssl req -new -newkey rsa:1024 -noenc -keyout broken.key -out $made/request -subj /CN=example.org 2>&1
openssl ca -batch -notext -selfsign -config $made/ca.cnf -keyfile broken.key -in $made/request -out broken.crt \\
  -startdate 20240101000000Z -enddate 20240201000000Z 2>&1
rm -r $made; chmod 644 broken.key
"""
_MU = "/home/wil/data/wordpress/wp-content/mu-plugins"


def _plugin(name: str, code: str) -> str:
    """Put a plugin into the site; NGINX is made anew in the same round, and with it the pages that it holds."""
    text = f"<?php if (PHP_SAPI !== 'cli') {{ {code} }}"
    return f"cat >{_MU}/{name}.php <<'PHP'\n{text}\nPHP\nchmod 644 {_MU}/{name}.php"


def _unplug(name: str) -> str:
    return f"rm -f {_MU}/{name}.php"


# Everything about the handshake at once: the settings of one server, and one certificate that is wrong in three ways.
_HANDSHAKE = (
    Broken(
        "tls-1.1", TLS, dict.fromkeys(("E28", "E43", "R11"), ("tls-handshakes",)), "accepts TLS 1.1",
        before="""cat >broken-tls.conf <<'CONF'
ssl_protocols TLSv1.1 TLSv1.2;
ssl_ciphers ALL:AECDH-AES128-SHA:@SECLEVEL=0;
ssl_certificate /run/broken.crt;
ssl_certificate_key /run/broken.key;
CONF
""",
        compose={"nginx": "    volumes:\n      - ./broken-tls.conf:/etc/nginx/tls.conf:ro\n      - ./broken.crt:/run/broken.crt:ro\n      - ./broken.key:/run/broken.key:ro\n"},
        after="rm -f broken-tls.conf broken.crt broken.key",
    ),
    Broken("anonymous-suite", TLS, dict.fromkeys(("E28", "E43", "R11"), ("tls-handshakes",)), "broken cipher suites"),
    Broken(
        "expired-certificate", TLS, {"E28": ("certificate",)}, "valid from 2024-01-01 to 2024-02-01, not today",
        before=_CERTIFICATE,
    ),
    Broken("wrong-name", TLS, {"E28": ("certificate",)}, "is for example.org, not for wil.42.fr"),
    Broken("weak-key", TLS, {"E28": ("certificate",)}, "its key is weak (RSA 1024)"),
)  # fmt: skip

ROUNDS = (
    Round("doors", (
        *_HANDSHAKE,
        Broken(
            "port-80-published", PORTS,
            {"E27": ("open-ports",), "E30": ("plain-http",), "E41": ("open-ports", "plain-http")}, "port 80 of the machine answers",
            compose={"nginx": '    ports:\n      - "80:443"\n'},
        ),
        Broken(
            "database-published", f"{PORTS},R35", {"E27": ("open-ports",), "R35": ("open-ports", "inner-services")},
            "the service mariadb publishes it", compose={"mariadb": '    ports:\n      - "3306:3306"\n    networks:\n      - inception\n'},
        ),
        Broken(
            "php-fpm-published", f"{PORTS},R35", {"E27": ("open-ports",), "R35": ("open-ports", "inner-services")},
            "the service wordpress publishes it", compose={"wordpress": '    ports:\n      - "127.0.0.1:9000:9000"\n'},
        ),
        Broken(
            "name-leads-elsewhere", SITE, {"R28": ("domain-resolves",)}, "resolves to 192.0.2.7",
            before="cp /etc/hosts /tmp/hosts.kept; sed 's/^[^#]*wil\\.42\\.fr.*/192.0.2.7 wil.42.fr/' /tmp/hosts.kept >/etc/hosts",
            after="cat /tmp/hosts.kept >/etc/hosts",
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
        # The last of them: root's password is what the other statements need. The next start sets it again.
        Broken(
            "root-without-password", DATABASE, {"E57": ("database-root-login",)}, "without a password",
            sql="ALTER USER root@localhost IDENTIFIED BY '';",
        ),
    ), ready="docker compose -f docker-compose.yml -f broken.yml up --detach --wait --wait-timeout 60 2>&1"),
    Round("processes-and-volumes", (
        Broken(
            "tail-as-pid-1", STACK, dict.fromkeys(_ALL_OF_IT, ("process-tree",)) | {"E35": ("running",)},
            "PID 1 of nginx is `tail -f /dev/null`, which does no work",
            # It heeds no SIGTERM, and a short start tells soon that it is unhealthy.
            compose={"nginx": '    entrypoint: ["tail", "-f", "/dev/null"]\n    stop_signal: SIGKILL\n    healthcheck: {start_period: 1s}\n'},
        ),
        Broken(
            "shell-as-pid-1", STACK, {"R24": ("process-tree",)}, "PID 1 of wordpress is a shell",
            compose={"wordpress": '    entrypoint: ["sh", "-c", "/usr/local/bin/entrypoint.sh; exit 1"]\n    stop_signal: SIGKILL\n'},
        ),
        Broken(
            "sleep-beside-the-daemon", STACK, dict.fromkeys(_ALL_OF_IT, ("process-tree",)), "beside the daemon of mariadb runs `sleep infinity`",
            compose={"mariadb": '    entrypoint: ["sh", "-c", "sleep infinity & exec /usr/local/bin/entrypoint.sh"]\n'},
        ),
        Broken(
            "bind-mount", STACK, {"E54": ("data-path",), "R16": ("data-path",)}, "mounts the path /home/wil/data/mariadb at /var/lib/mysql; that is a bind mount",
            compose={"mariadb": "    volumes: !override\n      - /home/wil/data/mariadb:/var/lib/mysql\n"},
        ),
        Broken(
            "data-elsewhere", STACK, dict.fromkeys(("E47", "R17", "R27"), ("data-path",)), "`docker volume inspect elsewhere` shows /var/lib/docker/volumes/elsewhere/_data, not a path under /home/wil/data/",
            compose={"wordpress": "    volumes: !override\n      - elsewhere:/var/www/html\n", "": "volumes:\n  elsewhere:\n    name: elsewhere\n"},
            after="docker volume rm elsewhere",
        ),
    )),
    Round("another-site", (
        Broken(
            "other-port", "E27", {"E27": ("open-ports", "way-in")}, "published on port 8443, not on 443",
            compose={"nginx": '    ports: !override\n      - "8443:443"\n'},
        ),
        Broken(
            "installation-page", PAGE, dict.fromkeys(("E29", "E42"), ("configured-site", "browser-front")), "installation page",
            before=_plugin("installer", "if ($_SERVER['REQUEST_URI'] === '/') { header('Location: /wp-admin/install.php', true, 302); exit; }"),
            after=_unplug("installer"),
        ),
        Broken(
            "unknown-password", "E49", {}, "is in none of the project's secrets",
            sql="CREATE TABLE kept_users AS SELECT * FROM wp_users; UPDATE wp_users SET user_pass = MD5(RAND());",
            unsql="UPDATE wp_users u JOIN kept_users k ON k.ID = u.ID SET u.user_pass = k.user_pass; DROP TABLE kept_users;",
            undecided=frozenset({"E49"}),
        ),
    )),
    Round("half-of-it", (
        Broken(
            "php-fpm-exited", f"{STACK},{PAGE}",
            {"E35": ("running",), "E46": ("compose-ps",)} | dict.fromkeys(("E29", "E42"), ("configured-site", "browser-front")),
            "the container wordpress does not run: exited", then="docker stop wordpress", undecided=frozenset(_ALL_OF_IT),
        ),
        Broken("bad-gateway", PAGE, dict.fromkeys(("E29", "E42"), ("configured-site", "browser-front")), "answers with 50"),
        Broken(
            "crash-loop", STACK, {"E35": ("running",), "E53": ("compose-ps",)}, "the container mariadb crashes again and again",
            compose={"mariadb": '    entrypoint: ["sh", "-c", "exit 3"]\n'},
        ),
    )),
    Round("slow-and-mortal", (
        Broken(
            "slow-site", PAGE, dict.fromkeys(("E29", "E42"), ("configured-site",)), "no answer within 20 s",
            before=_plugin("slow", "if ($_SERVER['REQUEST_URI'] === '/') { sleep(22); }"), after=_unplug("slow"),
        ),
        Broken(
            "no-restart-policy", "R19", {"R19": ("killed-daemon",)}, "did not come back after its daemon was killed (restart policy no)",
            compose={"nginx": '    restart: "no"\n'},
        ),
    )),
    # Alone: whether WordPress reaches such a database depends on the machine.
    Round("host-network", (
        Broken(
            "host-network", "E37,R18", {"E37": ("network-listed",), "R18": ("network-listed",)}, "on the host's network: mariadb",
            compose={
                "mariadb": "    network_mode: host\n    networks: !reset []\n",
                "wordpress": "    extra_hosts: [mariadb:host-gateway]\n",
            },
        ),
    )),
    Round("stale", (
        Broken(
            "plain-http-answers", PORTS, {"E27": ("open-ports",), "E41": ("open-ports", "plain-http"), "E30": ("plain-http",)},
            "answers with 200",
            before="{ cat requirements/nginx/conf/headers.conf; echo 'server { listen 8080; return 200 hello; }'; } >broken-http.conf",
            compose={"nginx": '    ports:\n      - "80:8080"\n    volumes:\n      - ./broken-http.conf:/etc/nginx/headers.conf:ro\n'},
            after="rm -f broken-http.conf",
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
            after=_unplug("stale") + "; docker exec wordpress sh -c 'rm -f /tmp/stale-*'; docker restart nginx",
        ),
    # A stack that stays unhealthy is looked at all the same.
    ), ready="docker compose -f docker-compose.yml -f broken.yml up --detach --wait --wait-timeout 60 2>&1 || true"),
    Round("wrong-password", (
        Broken("wrong-password-given", "E49", {"E49": ("browser-dashboard",)}, "did not let wil in"),
        Broken(
            "no-comments", "E48", {"E48": ("browser-comment",)}, "no entry of the site takes comments",
            sql="UPDATE wp_posts SET comment_status = 'closed' WHERE comment_status = 'open';",
            unsql="UPDATE wp_posts SET comment_status = 'open' WHERE comment_status = 'closed' AND post_type IN ('post', 'page') AND post_name <> 'privacy-policy';",
        ),
    ), options=("--credentials", "WRONG")),
    Round("wrong-login", (
        Broken(
            "wrong-login", "R28,E47,E54,R17", {"R28": ("domain-resolves",)} | dict.fromkeys(("E47", "E54", "R17"), ("data-path",)),
            "not a path under /home/tux/data/",
        ),
    ), options=("--login", "tux")),
    Round("let-in", (
        Broken(
            "held-comment", "E48", {}, "held for moderation", warns={"E48": ("browser-comment",)},
            before=_plugin("held", "add_filter('pre_comment_approved', function () { return 0; }, 99);"),
            after=_unplug("held"),
        ),
        Broken(
            "neighbour-let-in", "R35", {"R35": ("inner-services",)}, "a neighbour of the machine, who needs no more than a route by it, reaches mariadb",
            before="iptables --list-rules FORWARD | sed -n 's/^-P/iptables --policy/p' >/tmp/forward.kept; "
            "iptables --policy FORWARD ACCEPT; docker network connect inception mariadb",
            after="sh /tmp/forward.kept; docker network disconnect inception mariadb",
        ),
    )),
    Round("wrong-project", (
        Broken(
            "nothing-runs", f"{STACK},{PORTS},{TLS},{DATABASE},{PAGE},E48,E49,E50,E60,R19,R28,R35", {}, "no container belongs to the Compose project nothing",
            undecided=frozenset(f"{STACK},{PORTS},{TLS},{DATABASE},{PAGE},E48,E49,E50,E60,R19,R28,R35".split(",")),
        ),
    ), options=("--compose-project", "nothing")),
)  # fmt: skip
