"""Evaluations to render: a small one of three services, one with every bonus service and all kinds of trouble."""

from __future__ import annotations

import dataclasses
import struct
import zlib

from inception_check import subject
from inception_check.model import Finding, Severity
from inception_evaluate.model import (
    Attachment,
    Check,
    Container,
    DockerfileFacts,
    Evaluation,
    Figure,
    Machine,
    Mount,
    Network,
    Port,
    Shot,
    Sources,
    Topology,
    Verdict,
    Volume,
)

MIB = 1024 * 1024
ALL = "0.0.0.0"  # noqa: S104 -- what the engine says of a port that is published everywhere
SPOKEN = {
    "E2": "The group is there, and the work is its own",
    "E4": "The repository is the group's own, cloned anew",
    "E17": "How Docker and Docker Compose work, in simple terms",
    "E18": "What differs between an image used with Compose and without",
    "E19": "The benefit of Docker over virtual machines",
    "E20": "Why the directories are laid out as they are",
    "E38": "How the Docker network works, in simple terms",
    "E55": "How to log in to the database",
}


def png(width: int = 8, height: int = 6) -> bytes:
    """Make a small grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xc0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def container(service: str, **more: object) -> Container:
    """Make a container that runs well, as Compose names it."""
    made = Container(
        service=service,
        role=service,
        name=service,
        image=f"{service}:1.0",
        image_bytes=180 * MIB,
        base="debian:12-slim",
        pid_one=f"/usr/sbin/{service}",
        processes=1,
        user=service,
        state="running",
        health="healthy",
        restart_policy="unless-stopped",
        memory_bytes=40 * MIB,
        networks=(Attachment("inception", "172.18.0.2", (service,)),),
    )
    return dataclasses.replace(made, **more)  # type: ignore[arg-type] # the tests give what fits


def three() -> Topology:
    """Return what the mandatory part runs."""
    site = Mount("volume", "wordpress", "/var/www/html")
    return Topology(
        containers=(
            container(
                "mariadb",
                exposed=("3306/tcp",),
                pid_one="mariadbd --port=3306",
                user="mysql",
                mounts=(
                    Mount("volume", "mariadb", "/var/lib/mysql"),
                    Mount("bind", "/root/inception/secrets/db_password.txt", "/run/secrets/db_password", True, True),
                ),
                memory_bytes=112 * MIB,
            ),
            container(
                "wordpress",
                exposed=("9000/tcp",),
                pid_one="php-fpm: master process (/run/wordpress/php-fpm.conf)",
                user="www-data",
                processes=4,
                mounts=(site,),
                image_bytes=245 * MIB,
                memory_bytes=83 * MIB,
            ),
            container(
                "nginx",
                exposed=("443/tcp",),
                pid_one="nginx: master process nginx -g daemon off;",
                user="www-data",
                processes=3,
                ports=(Port(443, 443, "tcp", ALL), Port(443, 443, "tcp", "::")),
                networks=(Attachment("inception", "172.18.0.4", ("nginx", "wil.42.fr")),),
                mounts=(dataclasses.replace(site, read_only=True),),
                image_bytes=131 * MIB,
                memory_bytes=9 * MIB,
            ),
        ),
        networks=(Network("inception", "bridge", "172.18.0.0/16"),),
        volumes=(
            Volume("mariadb", "local", "/home/wil/data/mariadb", ("type=none", "o=bind"), 161 * MIB),
            Volume("wordpress", "local", "/home/wil/data/wordpress", ("type=none", "o=bind"), 74 * MIB),
        ),
    )


def eight() -> Topology:
    """Return what the bonus part runs beside it, one of them in trouble."""
    base = three()
    site = Mount("volume", "wordpress", "/var/www/html")
    return dataclasses.replace(
        base,
        containers=(
            *base.containers,
            container("redis", exposed=("6379/tcp",), pid_one="redis-server 0.0.0.0:6379"),
            container(
                "ftp",
                exposed=("21/tcp", "21100-21110/tcp"),
                pid_one="/usr/sbin/vsftpd /etc/vsftpd.conf",
                ports=(Port(21, 21, "tcp", ALL), Port(21100, 21100, "tcp", ALL)),
                mounts=(site,),
            ),
            container("adminer", exposed=("8080/tcp",), ports=(Port(8080, 8080, "tcp", "127.0.0.1"),)),
            container("static", exposed=("3000/tcp",)),
            container(
                "backup",
                role="",
                state="restarting",
                health="",
                restarts=17,
                mounts=(
                    Mount("volume", "mariadb", "/in/db", True),
                    Mount("volume", "backup", "/out"),
                ),
            ),
        ),
        volumes=(*base.volumes, Volume("backup", "local", "/var/lib/docker/volumes/backup/_data")),
    )


def _checks(broken: bool) -> tuple[Check, ...]:
    titles = {requirement.id: requirement.title for requirement in subject.REQUIREMENTS.values()} | SPOKEN
    ends = {requirement.id for requirement in subject.REQUIREMENTS.values() if requirement.ends}
    seen = {
        "E9": (
            "srcs/docker-compose.yml has neither network_mode: host nor links",
            "no container has the host's network",
        ),
        "E13": (
            "srcs/requirements/mariadb/Dockerfile:1: FROM debian:12-slim",
            "srcs/requirements/nginx/Dockerfile:1: FROM debian:12-slim",
            "srcs/requirements/wordpress/Dockerfile:6: FROM debian:12-slim AS files",
        ),
        "E27": (
            "of the 65,535 TCP ports of 172.17.0.5 only 443 answers",
            "https://wil.42.fr/ answered 200 in 38 ms",
        ),
        "E28": ("ECDSA P-256, issued for wil.42.fr by Inception CA wil, valid until 2027-12-27",),
        "E29": ("the page's title is “Inception”", "no form of wp-admin/install.php in it"),
        "E43": (
            "TLS 1.0: refused (protocol_version)",
            "TLS 1.1: refused (protocol_version)",
            "TLS 1.2: TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS 1.3: TLS_AES_256_GCM_SHA384",
        ),
        "E47": ("docker volume inspect wordpress: device=/home/wil/data/wordpress",),
        "E54": ("docker volume inspect mariadb: device=/home/wil/data/mariadb",),
        "E50": ("“Sample Page” was given the sentence “Seen at 01:52:11”", "an anonymous visitor read it 212 ms later"),
        "E56": ("12 tables in wordpress, 1 post, 1 page, 2 users",),
        "R19": (
            "mariadbd was killed: the site answered again after 4.1 s, restarts 0 → 1",
            "php-fpm was killed: the site answered again after 2.6 s, restarts 0 → 1",
        ),
    }
    front = Shot("The front page, as a visitor sees it", "e29-front.png")
    shots = {
        "E42": (front,),
        "E29": (front,),
        "E48": (Shot("The comment, shown", "e48-comment.png"),),
        "E49": (Shot("The dashboard", "e49-dashboard.png"),),
        "E50": (Shot("The editor", "e50-editor.png"), Shot("The page, changed", "e50-page.png")),
    }
    undecided = {
        "E58": ("not asked for: make evaluate REBOOT=1 reboots a throw-away machine",),
        "E59": ("not asked for: make evaluate PORT=8443 changes the port and changes it back",),
    }
    findings: dict[str, tuple[Finding, ...]] = {
        "E15": (
            Finding(
                "unbounded-wait",
                ("E15",),
                Severity.WARNING,
                "srcs/requirements/wordpress/tools/entrypoint.sh",
                41,
                "waits for the database without end",
                "Count the tries and give up with a sentence.",
            ),
        ),
        "R29": (
            Finding(
                "latest-tag",
                ("R29",),
                Severity.ERROR,
                "tests/fixtures/Dockerfile",
                1,
                "FROM debian has no tag",
                "Name a version.",
                "a fixture of the tests, never built",
            ),
        ),
    }
    if broken:
        port80 = Finding(
            "live-ports",
            ("E27", "E30", "E41"),
            Severity.ERROR,
            "srcs/docker-compose.yml",
            58,
            "port 80 of 172.17.0.5 answers: HTTP/1.1 301 Moved Permanently",
            'Remove "80:80" from ports: of nginx and start it again.',
        )
        findings |= {"E27": (port80,), "E30": (port80,), "E41": (port80,)}
        findings["E35"] = (
            Finding("live-containers", ("E35",), Severity.ERROR, "", None, "backup restarted 17 times", "See its log."),
        )
    names = sorted(titles, key=lambda name: (name[0], int(name[1:])))
    made = []
    for name in names:
        active = [f for f in findings.get(name, ()) if f.suppressed is None]
        verdict = Verdict.PASS
        if any(f.severity is Severity.ERROR for f in active):
            verdict = Verdict.FAIL
        elif active:
            verdict = Verdict.WARN
        elif name in undecided:
            verdict = Verdict.UNDECIDED
        elif name in ("E60", "E61", "E62", "E63", "E64"):
            verdict = Verdict.ABSENT
        elif name in SPOKEN:
            verdict = Verdict.SPOKEN
        made.append(
            Check(
                name,
                titles[name],
                name in ends,
                verdict,
                seen.get(
                    name,
                    {Verdict.PASS: ("seen as it should be",), Verdict.ABSENT: ("None of the containers is it.",)}.get(
                        verdict, ()
                    ),
                ),
                findings.get(name, ()),
                undecided.get(name, ()),
                shots.get(name, ()),
                0.4 if name in seen else 0.0,
            )
        )
    return tuple(made)


def sample(*, broken: bool = False) -> Evaluation:
    """Return an evaluation as a run writes it: all well, or with bonus services and failures."""
    topology = eight() if broken else three()
    return Evaluation(
        project="/home/wil/inception",
        title="Inception",
        login="wil",
        domain="wil.42.fr",
        url="https://wil.42.fr/",
        began="2026-11-24T01:48:16Z",
        seconds=151.3,
        subject="5.4",
        machine=Machine("6.12.48", "Debian GNU/Linux 13 (trixie)", "kvm", "26.1.5", "2.26.1", 2, 4 * 1024 * MIB),
        checks=_checks(broken),
        topology=topology,
        figures=(
            *(Figure(c.service, c.image_bytes, "B", "sizes") for c in topology.containers),
            *(Figure(c.service, c.memory_bytes, "B", "memory") for c in topology.containers),
            Figure("mariadb", 3.2, "s", "start-up"),
            Figure("wordpress", 2.4, "s", "start-up"),
            Figure("nginx", 0.6, "s", "start-up"),
            Figure("mariadb", 4.1, "s", "restart"),
            Figure("wordpress", 2.6, "s", "restart"),
            Figure("nginx", 1.3, "s", "restart"),
            Figure("first page", 0.212, "s", "answers"),
            Figure("same page again", 0.009, "s", "answers"),
        ),
        sources=Sources(
            compose_file="srcs/docker-compose.yml",
            compose_project="inception",
            env_file="srcs/.env",
            secrets=("db_root_password", "db_password", "credentials", "tls_certificate", "tls_key"),
            dockerfiles=tuple(
                DockerfileFacts(
                    c.service,
                    f"srcs/requirements/{'' if c.role in ('nginx', 'wordpress', 'mariadb') else 'bonus/'}{c.service}/Dockerfile",
                    ("FROM debian:12-slim AS files", "FROM debian:12-slim")
                    if c.service == "wordpress"
                    else ("FROM debian:12-slim",),
                    {
                        "nginx": ("nginx", "openssl", "gettext-base"),
                        "wordpress": ("php8.2-fpm", "php8.2-mysql", "libfcgi-bin"),
                        "mariadb": ("mariadb-server-core", "mariadb-client-core"),
                    }.get(c.service, (c.service,)),
                    "",
                    '["entrypoint.sh"]',
                    f'["{c.service}"]',
                )
                for c in topology.containers
            ),
            database="wordpress",
            database_user="wordpress",
            database_service="mariadb",
            database_client="docker exec -it mariadb mariadb --user=root --password",
        ),
        notes=("srcs/.env was missing and was made from srcs/.env.example",) if broken else (),
    )
