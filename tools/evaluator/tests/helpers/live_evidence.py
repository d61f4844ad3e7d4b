"""The evidence of a stack that is as it should be, to be spoilt in one place at a time."""

from __future__ import annotations

from inception_evaluate.evidence import (
    Bonus,
    Browsing,
    Certificate,
    Database,
    Evidence,
    Inside,
    Kill,
    Page,
    Persisted,
    Ports,
    Process,
    Reach,
    Site,
    Stack,
    Step,
    Tls,
    User,
)
from inception_evaluate.model import Attachment, Container, Mount, Network, Port, Volume


def container(role: str, pid_one: str, target: str, *ports: Port) -> Container:
    """Return a container of a role."""
    return Container(
        service=role,
        role=role,
        name=role,
        image=f"{role}:1.0",
        pid_one=pid_one,
        processes=2,
        state="running",
        health="healthy",
        restart_policy="unless-stopped",
        ports=ports,
        networks=(Attachment("inception", "172.19.0.2", (role,)),),
        mounts=(Mount("volume", "mariadb" if role == "mariadb" else "wordpress", target),),
    )


def inside(number: int, *command: str) -> Inside:
    """Return what runs in a container: a first process and one of its own."""
    first = Process(number, 1, 1, command[0], command, 33)
    other = Process(number + 1, 7, number, command[0], (command[0],), 33)
    return Inside((first, other), (443,), frozenset({number, number + 1}))


NGINX = container("nginx", "nginx: master process nginx", "/var/www/html", Port(443, 443))
WORDPRESS = container("wordpress", "php-fpm: master process", "/var/www/html")
MARIADB = container("mariadb", "mariadbd", "/var/lib/mysql")
STACK = Stack(
    project="inception",
    directory="/root/inception/srcs",
    declared=("mariadb", "nginx", "wordpress"),
    listed=("mariadb", "nginx", "wordpress"),
    containers=(MARIADB, WORDPRESS, NGINX),
    networks=(Network("inception", "bridge", "172.19.0.0/16"),),
    listed_networks=frozenset({"inception", "bridge"}),
    volumes=(
        Volume("mariadb", "local", "/home/wil/data/mariadb"),
        Volume("wordpress", "local", "/home/wil/data/wordpress"),
    ),
    environment={},
    uptimes={"mariadb": 100.0, "wordpress": 100.0, "nginx": 100.0},
)
CERTIFICATE = Certificate(
    subject="CN=wil.42.fr",
    issuer="CN=Inception",
    names=("wil.42.fr",),
    key="EC 256",
    key_bits=256,
    signature="sha256",
    not_before="2026-11-01T00:00:00+00:00",
    not_after="2027-11-01T00:00:00+00:00",
    expired=False,
    self_signed=False,
    chain=1,
    trusted=False,
    matches=True,
)
STEPS = tuple(
    Step(name, good=True, sentence=f"{name} came out well.")
    for name in ("front", "comment", "dashboard", "edit", "upload", "health")
)
INSIDE = {
    "nginx": inside(100, "nginx: master process"),
    "wordpress": inside(200, "php-fpm: master process"),
    "mariadb": inside(300, "mariadbd"),
}
PORTS = Ports(
    ("127.0.0.1", "192.0.2.1"),
    {"127.0.0.1": (443, 40000), "192.0.2.1": (22, 443)},
    {22: "sshd", 443: "docker-proxy", 40000: "containerd"},
    complete=True,
    seconds=5.0,
)
USERS = (
    User("wil", administrator=True, role="administrator"),
    User("author", administrator=False, role="author"),
)
REACH = tuple(
    Reach(
        service,
        service,
        port,
        from_own=True,
        from_foreign=False,
        from_neighbour=False,
        from_user=False,
        from_containers=(caller,),
    )
    for service, port, caller in (("mariadb", 3306, "wordpress"), ("wordpress", 9000, "nginx"))
)
KILLS = tuple(
    Kill(name, name, restarted=True, counted=1, running_after=1.0, site_after=2.0, limit=60.0)
    for name in ("mariadb", "wordpress", "nginx")
)
BONUS = Bonus("E60", "redis", good=True, sentence="redis holds 3 keys.")
GOOD = Evidence(
    stack=STACK,
    inside=INSIDE,
    ports=PORTS,
    site=Site(
        "wil.42.fr",
        443,
        Page("https://wil.42.fr/", 200, title="Inception", wordpress=True, seconds=0.2, size=5000),
        Page("http://wil.42.fr/", 0, error="connection refused"),
        Page("http://wil.42.fr:443/", 400, title="400"),
        ("127.0.0.1",),
        ("127.0.0.1", "192.0.2.1"),
    ),
    tls=Tls(
        {"TLS 1.2": ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",), "TLS 1.3": ("TLS_AES_128_GCM_SHA256",)},
        ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1"),
        {},
        (),
        CERTIFICATE,
        "sslyze",
    ),
    database=Database(
        service="mariadb",
        client="mariadb",
        version="10.11",
        name="wordpress",
        user="wordpress",
        root_opened=True,
        root_source="db_root_password in secrets/db_root_password.txt",
        root_without={"its socket": "refused", "TCP": "refused"},
        account_opened=True,
        tables={"wp_users": 2, "wp_posts": 3},
        prefix="wp_",
        users=USERS,
    ),
    reach=REACH,
    browsing=Browsing("Chromium", STEPS),
    kills=KILLS,
    bonus=(BONUS,),
    reboot=Persisted((Step("reboot", good=True, sentence="It came back."),)),
    rebuild=Persisted((Step("port", good=True, sentence="The port moved."),)),
    fresh=Persisted(
        (Step("bare", good=True, sentence="Nothing was there."), Step("make", good=True, sentence="make made it."))
    ),
    login="wil",
)
