"""Where credentials hide: one file or one line put into the clean tree, and what has to be said about it."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from checker_trees import copy_clean, run, write

PREPARE = "srcs/requirements/tools/prepare.sh"
COMPOSE = "srcs/docker-compose.yml"
STATIC = "srcs/requirements/bonus/static"
MARIADB = "srcs/requirements/mariadb/Dockerfile"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_clean(tmp_path)


def places(root: Path) -> set[tuple[str, str]]:
    report = run(root)
    assert not report.crashes
    return {(f.rule, f.path if f.line is None else f"{f.path}:{f.line}") for f in report.findings}


def append(root: Path, path: str, text: str) -> str:
    """Append a line to a file; returns its place."""
    file = root / path
    old = file.read_text(encoding="utf-8")
    file.write_text(old + text + "\n", encoding="utf-8")
    return f"{path}:{old.count(chr(10)) + 1}"


IN_SCRIPTS = [
    "docker exec mariadb mysql -uroot -pS3same-open -e 'SHOW DATABASES'",
    "docker compose -f srcs/docker-compose.yml exec -T mariadb mariadb -u root -pS3same-open",
    "mysqladmin -u root -pS3same-open ping",
    "mysqladmin -u root password 'S3same-open'",
    "sudo docker exec db sh -c 'mysqldump -pS3same-open wordpress'",
    "htpasswd -cb /etc/nginx/.htpasswd wil S3same-open",
    "useradd -m -p S3same-open wil",
    "usermod --password=S3same-open wil",
    "echo 'requirepass S3same-open' >> /etc/redis.conf",
    "echo 'requirepass S3same-open' | tee -a /etc/redis.conf",
    "sed -i 's/# requirepass foobared/requirepass S3same-open/' /etc/redis.conf",
    "redis-cli -a S3same-open ping",
    "curl -u wil:S3same-open https://wil.42.fr/",
    "printf 'S3same-open\\nS3same-open\\n' | passwd wil",
    "chpasswd <<< 'wil:S3same-open'",
    "HASH=$(openssl passwd -1 S3same-open)",
    "sshpass -p S3same-open ssh wil@host",
]
NOT_IN_SCRIPTS = [
    'docker exec mariadb mysql -uroot -p"$DB_ROOT_PASSWORD" -e "SHOW DATABASES"',
    'mysqladmin -u root password "$(cat /run/secrets/db_root_password)"',
    'htpasswd -cb /etc/nginx/.htpasswd wil "$FTP_PASSWORD"',
    "mysqladmin -u root -p ping",
    "docker run -p 8080:8080 static",
    "mkdir -p S3same-open",
    'echo "requirepass $(cat /run/secrets/redis)" >> /etc/redis.conf',
    'printf "%s\\n%s\\n" "$PW" "$PW" | passwd wil',
    "openssl passwd -1 -stdin < /run/secrets/ftp",
    "curl -u \"wil:$PW\" https://wil.42.fr/",
    "PASS=0; FAIL=0",
    "passed=0\nfailed=0\npassed=$((passed + 1))",
    "TESTS_PASSED=12\nTESTS_FAILED=1",
]  # fmt: skip


@pytest.mark.parametrize("line", IN_SCRIPTS)
def test_in_a_script(line: str, root: Path) -> None:
    place = append(root, PREPARE, line)
    assert places(root) == {("credentials-in-git", place)}


@pytest.mark.parametrize("line", NOT_IN_SCRIPTS)
def test_not_in_a_script(line: str, root: Path) -> None:
    append(root, PREPARE, line)
    assert places(root) == set()


@pytest.mark.parametrize(
    "line", [line for line in IN_SCRIPTS if "$" not in line and not line.startswith(("docker", "sudo", "curl"))]
)
def test_in_a_dockerfile(line: str, root: Path) -> None:
    place = append(root, MARIADB, f"RUN {line}")
    assert places(root) == {("password-in-dockerfile", place)}


@pytest.mark.parametrize("line", [line for line in IN_SCRIPTS if "$" not in line])
def test_in_a_makefile(line: str, root: Path) -> None:
    append(root, "Makefile", "probe:")
    place = append(root, "Makefile", f"\t{line}")
    assert places(root) == {("credentials-in-git", place)}


@pytest.mark.parametrize(
    "test",
    [
        '["CMD", "mysqladmin", "ping", "-uroot", "-pS3same-open"]',
        '["CMD-SHELL", "mysqladmin ping -pS3same-open || exit 1"]',
        "mysqladmin ping -u root -pS3same-open",
    ],
)
def test_in_a_health_check(test: str, root: Path) -> None:
    text = (root / COMPOSE).read_text()
    old = "    image: mariadb:${IMAGE_VERSION}\n"
    (root / COMPOSE).write_text(text.replace(old, f"{old}    healthcheck:\n      test: {test}\n"))
    assert places(root) == {("credentials-in-git", f"{COMPOSE}:7")}


FILES = [
    ("srcs/probe.py", 'import pymysql\nc = pymysql.connect(host="db", user="u", password="S3same-open")\n', 2),
    ("srcs/probe.py", 'DB_PASSWORD = "S3same-open"\n', 1),
    ("srcs/probe.js", "const options = { host: 'db', password: 'S3same-open' };\n", 1),
    (f"{STATIC}/tools/probe.php", "<?php\n$c = mysqli_connect('mariadb', 'writer', 'S3same-open');\n", 2),
    (f"{STATIC}/tools/probe.php", "<?php\n$c = new PDO('mysql:host=db;dbname=x', getenv('U'), 'S3same-open');\n", 2),
    (f"{STATIC}/tools/probe.php", "<?php\n$cfg['Servers'][$i]['password'] = 'S3same-open';\n", 2),
    ("USER_NOTES.md", "# Notes\n\nPassword: Sup3rS3cret42\n", 3),
    ("USER_NOTES.md", "- **Admin password**: `Sup3rS3cret42`\n", 1),
    ("USER_NOTES.md", "| Root password | Sup3rS3cret42 |\n", 1),
    ("srcs/probe.sh", "git clone https://wil:S3same-open@example.org/site.git\n", 1),
    ("srcs/.env.local", "A=b\n#DB_PASSWORD=S3same-open\n", 2),
    ("secrets.txt", "x\n", 0),
]


@pytest.mark.parametrize(("path", "text", "line"), [f for f in FILES if f[2]])
def test_in_a_file(path: str, text: str, line: int, root: Path) -> None:
    write(root, path, text)
    assert ("credentials-in-git", f"{path}:{line}") in places(root)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "srcs/probe.py",
            'c = connect(password=os.environ["DB_PASSWORD"])\nprint("password: ok")\nfield = "password"\n',
        ),
        ("srcs/probe.js", "const text = { password: 'password', token: getToken(), passwordHint: 'at least 8' };\n"),
        (
            "NOTES.md",
            "Password: see secrets/db_password.txt\n\nPassword: `DB_ROOT_PASSWORD`\n\n| password | secret |\n",
        ),
        (
            "NOTES.md",
            "The password is stored in a file. Password: generated by `make`.\n\nPassword: <your-password-1>\n",
        ),
        ("NOTES.md", "postgres://user:password@host/db and https://wil.42.fr:443/@x and ftp://u:$PW1@host\n"),
        ("srcs/.env.local", "# DB_PASSWORD=<put yours here>\n# the password is a secret\n# DB_PASS=\n"),
    ],
)
def test_not_in_a_file(path: str, text: str, root: Path) -> None:
    write(root, path, text)
    assert places(root) == set()


def _archive(path: Path, names: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as made:
            for name, text in names.items():
                made.writestr(name, text)
        return
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}.get(path.suffix, "w")
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, text in names.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))


@pytest.mark.parametrize("name", ["inception-backup.tar.gz", "secrets.zip", "b.tar", "b.tgz", "b.tar.xz", "b.tar.bz2"])
def test_in_an_archive(name: str, root: Path) -> None:
    _archive(root / name, {"readme.txt": "x", "secrets/db_password.txt": "S3same-open\n"})
    assert places(root) == {("credentials-in-git", name)}


def test_an_archive_without_secrets_or_a_broken_one(root: Path) -> None:
    _archive(root / "site.tar.gz", {"index.html": "<p>", "secrets/db_password.txt": ""})
    (root / "broken.zip").write_bytes(b"PK\x03\x04 no archive")
    assert places(root) == {("unreadable", "broken.zip")}


def test_an_archive_bomb_is_read_in_part(root: Path) -> None:
    _archive(root / "bomb.tar.gz", {"secrets/db_password.txt": "\0" * 5_000_000})
    assert places(root) == set()


@pytest.mark.parametrize(
    "path",
    ["secrets/db_password.txt", "secrets/credentials.txt", "srcs/secrets/redis", ".secrets/token", "db_password.txt"],
)
def test_a_tracked_secret_file(path: str, root: Path) -> None:
    write(root, path, "S3same-open\n")
    assert {rule for rule, place in places(root) if place.startswith(path)} <= {"credentials-in-git"}
    subprocess.run(["git", "-C", str(root), "init", "--quiet"], check=True)
    subprocess.run(["git", "-C", str(root), "add", "--force", "--all"], check=True)
    assert ("credentials-in-git", f"{path}:1") in places(root)
    # Without a value there is nothing to take: a placeholder shows where the secret goes.
    write(root, path, "change_me\n")
    assert not {place for rule, place in places(root) if rule == "credentials-in-git"}
