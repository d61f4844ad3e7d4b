#!/usr/bin/env python3
"""Backs a site up, and brings it back. Run as root on the machine, by the playbooks and by the timer.

    site_backup.py backup            a new snapshot, retention, and a check of the repository
    site_backup.py judge [--force]   say what stands in the way of a restore
    site_backup.py prepare           bring a snapshot beside the site, and read its database in
    site_backup.py place             let what was prepared take the site's place; the site does not run
    site_backup.py drill             bring the newest snapshot up beside the site, compare, and remove it

The settings are in ``config.json`` beside this file. BACKUP_FROM in the environment, where no password in an address is
seen by others, names the snapshot (an id, or ``latest``), or another repository. What went wrong is one sentence on
standard error.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import fcntl
import hashlib
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
#: What a snapshot holds, and how. A newer one is refused, because it may hold what this program would leave out.
FORMAT = 1
TAG = "inception"
#: A name that tells which of a snapshot's paths has the manifest.
SNAPSHOT = "inception-snapshot"
#: Where the links to a volume's files are while they are read: on the same file system, and closed to all but root.
LINKS = ".backup"
#: How many seconds a lock of another run of restic is waited for.
LOCK_TIMEOUT = 15
#: The last line of a dump that is whole.
WHOLE = b"-- Dump completed"

#: A client of the database, as root. The password is in no argument.
CLIENT = (
    'MYSQL_PWD="$(cat /run/secrets/db_root_password)"; export MYSQL_PWD; '
    'exec mariadb --user=root --batch --skip-column-names --unbuffered --max-allowed-packet=1G "$DB_NAME"'
)
#: The dump of a backup. No date in it, so that what has not changed is stored once.
DUMP = (
    'MYSQL_PWD="$(cat /run/secrets/db_root_password)"; export MYSQL_PWD; '
    "exec mariadb-dump --user=root --single-transaction --quick --routines --events --hex-blob --skip-dump-date "
    '--default-character-set=utf8mb4 --max-allowed-packet=1G "$DB_NAME"'
)
#: The front page as the container itself gets it: no published port is needed.
PAGE = (
    'host=$DOMAIN_NAME; [ "$HTTPS_PORT" -eq 443 ] || host=$DOMAIN_NAME:$HTTPS_PORT; '
    r'printf "GET / HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n" "$host" | '
    'openssl s_client -quiet -connect "127.0.0.1:$NGINX_PORT" -servername "$DOMAIN_NAME" 2>/dev/null'
)

#: What restic says, and what it means; {where} is the repository.
MEANINGS = (
    (r"wrong password or no key found", "The password in {password} is not that of the repository {where}: put the right one there."),
    (r"already locked|unable to create lock in backend: .*lock", "The repository {where} is locked by another run of restic: wait until that has ended, or look with `restic list locks`."),
    (r"no space left on device|quota exceeded", "There is no space left for the repository {where}: make room, or keep fewer backups (inception_backup_keep_days, _weeks, _months). The earlier backups are as they were."),
    (r"unsupported repository version|repository version .* is not supported", "The repository {where} was made by a newer restic than this machine's: use a machine of a newer Debian."),
    (r"Permission denied|permission denied", "The repository {where} lets this machine's root not in: {said}"),
    (r"sftp session|ssh exited|Connection refused|Connection timed out|Could not resolve|no such host|No route to host|dial tcp|i/o timeout|Host key verification", "The repository {where} cannot be reached: {said}"),
    (r"Load\(<(?:data|index|snapshot)/|pack .*(?:does not exist|not found)|not found in (?:index|repository)|ciphertext verification failed|invalid data returned|hash does not match|unexpected EOF|missing|damaged|contains errors", "The repository {where} is damaged: {said} Copy it aside, then see `restic repair` or begin another one."),
)  # fmt: skip


class Failure(Exception):  # noqa: N818 - it is told, not handled
    """What stands in the way, as one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume that is backed up.

    Attributes:
        name: its name, and that of its directory below the data directory.
        service: the service that it belongs to.
        dump: whether the dump of its database stands for its files.
        leave: paths in it, without the volume's name, that the service makes anew.
        owner, group, mode: what its directory must be like.
    """

    name: str
    service: str
    dump: bool
    leave: tuple[str, ...]
    owner: int
    group: int
    mode: int


@dataclass(frozen=True, slots=True)
class Site:
    """The settings: what there is, and where. ``keep`` is how many days, weeks and months have their backup kept."""

    project_name: str
    project_dir: Path
    data_dir: Path
    state_dir: Path
    domain: str
    repository: str
    keep: Mapping[str, int]
    volumes: tuple[Volume, ...]
    version: str

    @classmethod
    def read(cls, path: Path) -> Site:
        """Return what a file of settings says."""
        given = json.loads(path.read_text(encoding="utf-8"))
        volumes = tuple(
            Volume(
                name=volume["name"],
                service=service["name"],
                dump=service["dump"] == "mariadb",
                leave=tuple(
                    entry.partition("/")[2]
                    for entry in service["backup_except"]
                    if entry.partition("/")[0] == volume["name"]
                ),
                owner=volume["owner"],
                group=volume["group"],
                mode=int(volume["mode"], 8),
            )
            for service in given.pop("services")
            for volume in service["volumes"]
            if volume["name"] in service["backup"]
        )
        for name in ("project_dir", "data_dir", "state_dir"):
            given[name] = Path(given[name])
        return cls(volumes=volumes, **given)

    @property
    def own(self) -> Path:
        """Where this program keeps things."""
        return self.state_dir / "backup"

    @property
    def password_file(self) -> Path:
        """The password of the repository."""
        return self.project_dir / "secrets/backup_password.txt"

    @property
    def restoring(self) -> Path:
        """Where a restore is prepared: beside the volumes, so that they only have to be renamed."""
        return self.data_dir / ".restore"

    @property
    def database(self) -> Volume:
        """The volume that is dumped."""
        return next(volume for volume in self.volumes if volume.dump)


# --- the repository ---


class Repository:
    """A repository of restic, which is never told a password on a command line."""

    def __init__(self, site: Site, location: str) -> None:
        """Name it; nothing is opened yet."""
        self.site = site
        self.location = location
        #: Without the password that an address may hold.
        self.where = re.sub(r"//[^/@]*@", "//", location)

    def attempt(self, *arguments: str, timeout: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run restic; nobody is asked for anything."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/root"),
            "RESTIC_REPOSITORY": self.location,
            "RESTIC_PASSWORD_FILE": str(self.site.password_file),
            "RESTIC_CACHE_DIR": str(self.site.own / "cache"),
            "TMPDIR": str(self.site.own),
            **{name: value for name, value in os.environ.items() if name.startswith(("AWS_", "B2_", "AZURE_"))},
        }
        try:
            return subprocess.run(
                ["restic", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
                start_new_session=True,
                # It ends with this program, and takes its lock away.
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
            )
        except FileNotFoundError as error:
            raise Failure("restic is missing: `make backup` installs it from Debian.") from error
        except subprocess.TimeoutExpired as error:
            raise Failure(f"The repository {self.where} has not answered for {timeout} seconds.") from error

    def run(self, *arguments: str) -> str:
        """Run restic and return what it prints.

        Raises:
            Failure: it failed.
        """
        deadline = time.monotonic() + LOCK_TIMEOUT
        while True:
            done = self.attempt(*arguments)
            if done.returncode == 0:
                return done.stdout
            if done.returncode == 3:
                # Not all could be read: what was made must not be taken for a whole backup.
                self.run("forget", *re.findall(r'"snapshot_id":"(\w+)"', done.stdout))
            if "already locked" not in done.stderr or time.monotonic() > deadline:
                raise self.failure(done.stderr)
            # Locks of runs that have ended without removing them go; those that go on keep theirs.
            self.attempt("unlock")
            time.sleep(2)

    def failure(self, said: str) -> Failure:
        """Return in one sentence what restic said in many lines."""
        lines = [line.strip() for line in said.splitlines() if line.strip()] or ["restic failed without a word"]
        # What is about the cause comes first, what follows from it last.
        last = next((line for line in lines if "rror" in line or "atal" in line), lines[-1])
        short = re.sub(r"//[^/@]*@", "//", re.sub(r"^(Fatal: )+", "", last)).rstrip(".") + "."
        for pattern, sentence in MEANINGS:
            if re.search(pattern, said):
                return Failure(sentence.format(where=self.where, password=self.site.password_file, said=short))
        return Failure(f"restic could not work on the repository {self.where}: {short}")

    def snapshots(self) -> list[dict[str, Any]] | None:
        """Return the snapshots of all sites, the oldest first; None where there is no repository.

        Raises:
            Failure: that cannot be told, or its password is not ours.
        """
        if not self.site.password_file.exists():
            raise Failure(
                f"{self.site.password_file} is missing: put the password of the repository {self.where} there, owned by "
                "root and mode 0400."
            )
        done = self.attempt("snapshots", "--json", "--no-lock", "--tag", TAG, timeout=60)
        if done.returncode == 0:
            found: list[dict[str, Any]] = json.loads(done.stdout) or []
            return sorted(found, key=lambda snapshot: str(snapshot["time"]))
        # restic asks that whatever hindered it.
        if "Is there a repository" in done.stderr and re.search(r"no such file|does not exist", done.stderr):
            return None
        raise self.failure(done.stderr)

    def create(self) -> None:
        """Make it, with its password, where nothing was lost by that."""
        memory = self.site.own / "repository"
        known = memory.read_text(encoding="utf-8").split("\n")[0] if memory.exists() else ""
        if known == self.location:
            raise Failure(
                f"The repository {self.where}, which earlier backups went to, is gone: mount it or see to its server; to "
                f"begin an empty one there, remove {memory}."
            )
        self.run("init", "--quiet")

    def remember(self) -> None:
        """Remember that it was there, or a disk that is not mounted would be taken for an empty one."""
        write(self.site.own / "repository", f"{self.location}\n")


def write(path: Path, text: str) -> None:
    """Write a file that only root reads; it is there as a whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


# --- the engine ---


def docker(*arguments: str, stdin: IO[bytes] | None = None, timeout: int | None = None) -> str:
    """Run the docker command and return what it prints.

    Raises:
        Failure: it failed.
    """
    try:
        done = subprocess.run(
            ["docker", *arguments],
            # No variable of a shell may override a setting of .env.
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/root")},
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise Failure("The docker command is missing: run make first.") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no word"]
        raise Failure(f"docker {arguments[0]} failed: {said[-1].rstrip('.')}.")
    return done.stdout.decode(errors="replace")


def container(project: str, service: str) -> str:
    """Return the running container of a service; empty where there is none."""
    labels = (f"com.docker.compose.project={project}", f"com.docker.compose.service={service}")
    filters = [word for label in labels for word in ("--filter", f"label={label}")]
    return docker("ps", "--quiet", "--filter", "status=running", *filters).strip().partition("\n")[0]


class Client:
    """A connection to the database that stays open between statements."""

    def __init__(self, name: str) -> None:
        """Connect in a container."""
        self._process = subprocess.Popen(
            ["docker", "exec", "--interactive", name, "sh", "-euc", CLIENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, statements: str) -> list[list[str]]:
        """Return the rows that some statements select.

        Raises:
            Failure: the database refused one.
        """
        process = self._process
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - all are pipes, see above
        rows: list[list[str]] = []
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(f"{statements}\nSELECT '-- done';\n")
            process.stdin.flush()
        for line in process.stdout:
            if line == "-- done\n":
                return rows
            rows.append(line.rstrip("\n").split("\t"))
        said = process.stderr.read().strip().splitlines() or ["it went away"]
        raise Failure(f"The database refused: {said[-1].rstrip('.')}.")

    def close(self) -> None:
        """End it, and with it its locks."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate("")


def checksums(client: Client) -> dict[str, list[str]]:
    """Return rows and checksum of each table, as the connection sees them."""
    tables = client.ask(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' "
        "ORDER BY table_name;"
    )
    found = {}
    for (table,) in tables:
        quoted = "`" + table.replace("`", "``") + "`"
        rows = client.ask(f"SELECT COUNT(*) FROM {quoted}; CHECKSUM TABLE {quoted};")  # noqa: S608 - it is quoted
        found[table] = [rows[0][0], rows[1][1]]
    return found


# --- files ---


def link_tree(site: Site, volume: Volume, links: Path) -> list[str]:
    """Link a volume's files from another directory, and return a line of size, time and path for each file.

    A link keeps what it leads to, also when the file is deleted or replaced meanwhile. Directories keep owner and mode.
    """
    lines: list[str] = []

    def walk(source: Path, target: Path, inside: str) -> None:
        status = source.stat()
        target.mkdir(mode=0o700)
        with os.scandir(source) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                path = f"{inside}{entry.name}"
                if path in volume.leave or path == LINKS:
                    continue
                # What is deleted while it is looked at is no part of the moment.
                with contextlib.suppress(FileNotFoundError):
                    if entry.is_dir(follow_symlinks=False):
                        walk(Path(entry.path), target / entry.name, f"{path}/")
                    elif entry.is_symlink():
                        (target / entry.name).symlink_to(Path(entry.path).readlink())
                    elif entry.is_file(follow_symlinks=False):
                        link(Path(entry.path), target / entry.name)
                        facts = entry.stat(follow_symlinks=False)
                        lines.append(f"{facts.st_size} {facts.st_mtime_ns} {json.dumps(path)}")
        os.chown(target, status.st_uid, status.st_gid)
        target.chmod(status.st_mode & 0o7777)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    walk(site.data_dir / volume.name, links, "")
    # Nobody else gets in to what is on its way.
    links.chmod(0o700)
    return lines


def link(source: Path, target: Path) -> None:
    """Link a file, or copy it where the file system knows no links."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
        status = source.lstat()
        os.chown(target, status.st_uid, status.st_gid)


def files_of(manifest: Path, volume: str) -> Iterator[tuple[int, int, str]]:
    """Return size, time and path of each file that a snapshot has of a volume."""
    with (manifest.parent / f"{volume}.files").open(encoding="utf-8") as lines:
        for line in lines:
            size, mtime, path = line.split(" ", 2)
            yield int(size), int(mtime), json.loads(path)


def missing_files(manifest: Path, volume: str, tree: Path) -> list[str]:
    """Return the files that a snapshot has of a volume, but a tree that was made from it has not, or not like that."""

    def is_like(path: Path, size: int, mtime: int) -> bool:
        try:
            status = path.lstat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (size, mtime)

    return [path for size, mtime, path in files_of(manifest, volume) if not is_like(tree / path, size, mtime)]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def filled(directory: Path) -> bool:
    """Tell whether a directory is there and holds anything that is not the file system's own or ours."""
    return directory.is_dir() and any(entry.name not in {"lost+found", LINKS} for entry in directory.iterdir())


def room(place: Path, needed: int) -> None:
    """Refuse a place that is too small.

    Raises:
        Failure: it has less than so many bytes.
    """
    free = shutil.disk_usage(place).free
    if free < needed:
        raise Failure(f"{place} has {free >> 20} MiB free, but {(needed >> 20) + 1} are needed: make room there.")


# --- backup ---


@dataclass(frozen=True, slots=True)
class Moment:
    """What was taken: when, how many seconds writers waited, the tables' rows and checksums, the volumes' files."""

    made: datetime.datetime
    waited: float
    tables: dict[str, list[str]]
    files: dict[str, list[str]]


def take(site: Site, name: str, target: Path, links: Mapping[str, Path]) -> Moment:
    """Dump the database into a file, and link the files of the same moment.

    Writers wait from before the dump's view until all files are linked: until then no row of that view can go, and
    WordPress removes a row before the file that it names, but writes it after. Whoever only reads is not held up.

    Args:
        site: the settings.
        name: the container of the database.
        target: where the dump goes.
        links: where the links to the files of each volume go.

    Raises:
        Failure: the database does not come to rest, or cannot be dumped.
    """
    # The connection of the checksums has the same view as the dump, because nothing is written between the two.
    lock, view = Client(name), Client(name)
    dump = None
    try:
        lock.ask("SET SESSION lock_wait_timeout = 10;")
        began = time.monotonic()
        try:
            lock.ask("FLUSH TABLES WITH READ LOCK;")
        except Failure as error:
            raise Failure(
                f"The database has not come to rest for 10 seconds ({error}) A long statement may be running: see `SHOW FULL "
                "PROCESSLIST`, and try again."
            ) from error
        view.ask("START TRANSACTION WITH CONSISTENT SNAPSHOT;")
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            dump = subprocess.Popen(
                ["docker", "exec", name, "sh", "-euc", DUMP],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            assert dump.stdout and dump.stderr  # noqa: S101, PT018 - both are pipes, see above
            first = b""
            # It has its view before it prints a table.
            while b"-- Table structure" not in first and (more := os.read(dump.stdout.fileno(), 65536)):
                first += more
            file.write(first)
            lines = {
                volume.name: link_tree(site, volume, links[volume.name]) for volume in site.volumes if not volume.dump
            }
            made = datetime.datetime.now(datetime.UTC)
            lock.close()
            waited = time.monotonic() - began
            shutil.copyfileobj(dump.stdout, file)
            said = dump.stderr.read().decode(errors="replace").strip().splitlines() or ["it ended early"]
            if dump.wait() != 0:
                raise Failure(f"The database could not be dumped: {said[-1].rstrip('.')}.")
            file.flush()
            os.fsync(file.fileno())
        see_whole(target)
        return Moment(made, waited, checksums(view), lines)
    finally:
        lock.close()
        view.close()
        if dump is not None and dump.poll() is None:
            dump.kill()


def see_whole(dump: Path) -> None:
    """Refuse a dump that was cut off.

    Raises:
        Failure: it has no end.
    """
    with dump.open("rb") as file:
        file.seek(max(0, dump.stat().st_size - 200))
        if WHOLE not in file.read():
            raise Failure(f"The dump {dump.name} has no end: it is not whole, for example because the disk is full.")


def copy_secretly(source: Path, target: Path) -> None:
    """Copy a directory's plain files, with owner and mode, into a directory that root alone enters."""
    target.mkdir(mode=0o700)
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        if path.is_file() and not path.is_symlink() and path.name != "backup_password.txt":
            copy = target / path.relative_to(source)
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(path, copy)
            os.chown(copy, path.stat().st_uid, path.stat().st_gid)


def make_password(site: Site, repository: Repository) -> None:
    """Make the password of a repository that is not there yet."""
    path = site.password_file
    if path.exists() or (site.own / "repository").exists():
        return
    if not re.match(r"[a-z0-9]+:", repository.location) and (Path(repository.location) / "config").exists():
        return  # exists() says that its password is missing.
    write(path, hashlib.sha256(os.urandom(64)).hexdigest() + "\n")
    path.chmod(0o400)
    print(f"Made {path}: keep a copy elsewhere, for without it no backup can be read.")


def backup(site: Site) -> str:
    """Make a snapshot, let old ones go, and check the repository; returns a sentence about it."""
    repository = Repository(site, site.repository)
    name = container(site.project_name, site.database.service)
    if not name:
        raise Failure(f"The service {site.database.service} does not run, so its data cannot be read: run make first.")
    make_password(site, repository)
    if repository.snapshots() is None:
        repository.create()
    repository.remember()

    snapshot = site.own / SNAPSHOT
    links = {volume.name: site.data_dir / volume.name / LINKS for volume in site.volumes if not volume.dump}
    clear(snapshot, *links.values())
    try:
        snapshot.mkdir(mode=0o700)
        moment = take(site, name, snapshot / "database.sql", links)
        for volume, lines in moment.files.items():
            write(snapshot / f"{volume}.files", "".join(f"{line}\n" for line in lines))
        copy_secretly(site.project_dir / "secrets", snapshot / "secrets")
        for path, text in present_settings(site).items():
            (snapshot / "settings" / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write(snapshot / "settings" / path, text)
        supply = site.state_dir / "supply"
        manifest = {
            "format": FORMAT,
            "made": moment.made.isoformat(timespec="seconds"),
            "domain": site.domain,
            "inception": site.version,
            "mariadb": docker("exec", name, "mariadbd", "--no-defaults", "--version").split(" Ver ")[-1].split("-")[0],
            "supply": supply.read_text(encoding="utf-8").strip() if supply.exists() else "",
            "bytes": (snapshot / "database.sql").stat().st_size
            + sum(int(line.split(" ", 1)[0]) for lines in moment.files.values() for line in lines),
            "sha256": digest(snapshot / "database.sql"),
            "tables": moment.tables,
        }
        write(snapshot / "manifest.json", json.dumps(manifest, indent=1))
        said = repository.run(
            "backup", "--json", "--tag", TAG, "--host", site.domain,
            # The links have another time of change than when they were read last.
            "--ignore-ctime", str(snapshot), *map(str, links.values()),
        )  # fmt: skip
        summary = json.loads(next(line for line in said.splitlines() if '"message_type":"summary"' in line))
    finally:
        clear(snapshot, *links.values())

    keep = [f"--keep-{name}ly={number}".replace("dayly", "daily") for name, number in site.keep.items() if number]
    repository.run("forget", "--prune", "--tag", TAG, "--host", site.domain, "--group-by", "host", *keep)
    # Its structure each time, and a seventh of what it holds each day.
    repository.run("check", f"--read-data-subset={moment.made.isoweekday()}/7")
    return (
        f"Backed up {site.domain} to {repository.where} as {summary['snapshot_id'][:8]}: {len(moment.tables)} tables, "
        f"{sum(map(len, moment.files.values()))} files, {summary['data_added'] / 2**20:.1f} MiB new; writers waited "
        f"{moment.waited:.1f} s. The repository is checked."
    )


def clear(*directories: Path) -> None:
    """Remove what an interrupted run has left."""
    for directory in directories:
        if directory.exists():
            shutil.rmtree(directory)


# --- restore ---


@dataclass(frozen=True, slots=True)
class Found:
    """A snapshot: its id, its manifest, and where in it that and the volumes' files lie."""

    repository: Repository
    id: str
    manifest: Mapping[str, Any]
    place: Path
    volumes: Mapping[str, Path]


def find(site: Site, which: str) -> Found:
    """Return a snapshot: the newest, one by its id, or the newest of another repository.

    Raises:
        Failure: there is none, or this program cannot make use of it.
    """
    elsewhere = "/" in which or ":" in which
    repository = Repository(site, which if elsewhere else site.repository)
    everything = repository.snapshots()
    if everything is None:
        raise Failure(
            f"There is no repository at {repository.where}: name another (FROM=…, inception_backup_repository)."
        )
    snapshots = [snapshot for snapshot in everything if snapshot["hostname"] == site.domain]
    if not elsewhere and which != "latest":
        snapshots = [snapshot for snapshot in snapshots if str(snapshot["id"]).startswith(which)]
    if not snapshots:
        others = ", ".join(sorted({str(snapshot["hostname"]) for snapshot in everything} - {site.domain}))
        raise Failure(
            f"The repository {repository.where} has no backup {'' if which == 'latest' or elsewhere else which + ' '}of "
            f"{site.domain}{f'; it has those of {others}' if others else ''}."
        )
    snapshot = snapshots[-1]
    paths = [Path(path) for path in snapshot["paths"]]
    place = next((path for path in paths if path.name == SNAPSHOT), None)
    if place is None:
        raise Failure(f"The snapshot {snapshot['short_id']} was not made by `make backup`: choose another.")
    manifest = json.loads(repository.run("dump", "--no-lock", str(snapshot["id"]), str(place / "manifest.json")))
    if manifest["format"] > FORMAT:
        raise Failure(
            f"The backup {snapshot['short_id']} was made by a newer Inception ({manifest['inception']}): get that version of "
            "this repository, then restore."
        )
    volumes = {path.parent.name: path for path in paths if path.name == LINKS}
    return Found(repository, str(snapshot["short_id"]), manifest, place, volumes)


def judge(site: Site, which: str, force: bool) -> str:
    """Say what stands in the way of a restore, before anything is touched; returns a sentence about the snapshot."""
    full = [site.data_dir / volume.name for volume in site.volumes if filled(site.data_dir / volume.name)]
    # A restore that was interrupted while it put things in place is no living site.
    if full and not force and not (site.restoring / "placing").exists():
        raise Failure(
            f"{' and '.join(map(str, full))} {'hold' if len(full) > 1 else 'holds'} a site already: FORCE=1 restores over it "
            "and keeps what was there."
        )
    mount = next((path for path in full if path.is_mount()), None)
    if mount:
        raise Failure(f"{mount} is a mount of its own, which cannot be renamed: unmount it, then restore.")
    found = find(site, which)
    return f"Restoring {found.id} of {found.manifest['made']} from {found.repository.where}."


def fetch(site: Site, found: Found, target: Path) -> Path:
    """Bring a snapshot to a directory, and return where its manifest is; all that it has is compared.

    Raises:
        Failure: there is no room, or something is missing.
    """
    clear(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The database takes more room as tables than as a dump.
    room(target.parent, int(found.manifest["bytes"]) * 2 + (256 << 20))
    target.mkdir(mode=0o700)
    found.repository.run("restore", "--no-lock", "--verify", "--target", str(target / "tree"), found.id)
    snapshot = target / "tree" / found.place.relative_to("/")
    see_whole(snapshot / "database.sql")
    if digest(snapshot / "database.sql") != found.manifest["sha256"]:
        raise Failure(f"The dump in the backup {found.id} is not the one that was made: choose another backup.")
    for volume in site.volumes:
        # What a service has that is newer than the backup begins empty.
        if volume.name in found.volumes:
            (target / "tree" / found.volumes[volume.name].relative_to("/")).rename(target / volume.name)
            lacking = missing_files(snapshot / "manifest.json", volume.name, target / volume.name)
            if lacking:
                raise Failure(
                    f"The backup {found.id} lacks {len(lacking)} files, such as {lacking[0]}: choose another backup."
                )
            own(volume, target / volume.name)
    return snapshot / "manifest.json"


def own(volume: Volume, directory: Path) -> None:
    """Give a volume's directory the owner and the mode that its service wants."""
    os.chown(directory, volume.owner, volume.group)
    directory.chmod(volume.mode)


class ThrowAway:
    """The site's services over another directory: containers, networks and volumes of a project of their own."""

    def __init__(self, site: Site, name: str, directory: Path, secrets: Path) -> None:
        """Write the Compose file: no port, no way out, no name that the site uses.

        Args:
            site: the settings.
            name: the project.
            directory: where the volumes' directories are.
            secrets: where the secret files are.
        """
        self.name = f"{site.project_name}-{name}"
        self._file = directory / "compose.json"
        srcs = site.project_dir / "srcs"
        config = json.loads(docker("compose", "--project-directory", str(srcs), "config", "--format", "json"))
        config["name"] = self.name
        for service in config["services"].values():
            for key in ("build", "container_name", "ports", "labels"):
                service.pop(key, None)
            service["restart"] = "no"
        for key, network in config["networks"].items():
            # What WordPress would send from here (mail, pings) must not leave.
            network.update(name=f"{self.name}-{key}", internal=True)
        for key, volume in config["volumes"].items():
            volume["name"] = f"{self.name}-{key}"
            place = directory / Path(volume["driver_opts"]["device"]).name
            place.mkdir(exist_ok=True)
            volume["driver_opts"]["device"] = str(place)
        for secret in config["secrets"].values():
            secret["file"] = str(secrets / Path(secret["file"]).name)
        write(self._file, json.dumps(config))

    def _compose(self, *arguments: str) -> str:
        return docker("compose", "--project-name", self.name, "--file", str(self._file), *arguments)

    def remove(self) -> None:
        """Remove all of it, also what an interrupted run has left."""
        self._compose("down", "--volumes", "--remove-orphans", "--timeout", "60")

    def start(self, *services: str) -> None:
        """Start some services, or all, and wait until they are healthy."""
        only = ("--no-deps",) if services else ()
        self._compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "180", *only, *services)

    def execute(self, service: str, script: str, data: Path | None = None) -> str:
        """Run a shell script in a service's container and return what it prints."""
        name = container(self.name, service)
        if data is None:
            return docker("exec", name, "sh", "-euc", script)
        with data.open("rb") as stdin:
            return docker("exec", "--interactive", name, "sh", "-euc", script, stdin=stdin)

    def load(self, site: Site, manifest: Path) -> dict[str, list[str]]:
        """Read a dump into a new database, hold its tables against the manifest, and return them.

        Raises:
            Failure: a table differs.
        """
        volume = site.database
        own(volume, self._file.parent / volume.name)
        self.start(volume.service)
        self.execute(volume.service, CLIENT, manifest.parent / "database.sql")
        client = Client(container(self.name, volume.service))
        try:
            tables = checksums(client)
        finally:
            client.close()
        wanted = json.loads(manifest.read_text(encoding="utf-8"))["tables"]
        differing = sorted(name for name in {*tables, *wanted} if tables.get(name) != wanted.get(name))
        if differing:
            raise Failure(f"The restored tables are not those of the backup: {', '.join(differing)} (rows, checksum).")
        return tables


def prepare(site: Site, which: str) -> str:
    """Bring a snapshot beside the site, with its database read in; the site is left alone."""
    if (site.restoring / "placing").exists():
        return "The restore that was interrupted goes on."
    found = find(site, which)
    manifest = fetch(site, found, site.restoring)
    throw_away = ThrowAway(site, "restore", site.restoring, manifest.parent / "secrets")
    throw_away.remove()
    try:
        tables = throw_away.load(site, manifest)
    finally:
        throw_away.remove()
    write(site.restoring / "ready", str(manifest.parent))
    os.sync()
    return f"{len(tables)} tables and all files of the backup {found.id} are here, as they were."


def place(site: Site) -> str:
    """Let what was prepared take the site's place; each step may be interrupted, and is then done by the next run."""
    ready, placing = site.restoring / "ready", site.restoring / "placing"
    if not ready.exists():
        raise Failure("Nothing is prepared: `make restore FROM=…` does both.")
    if container(site.project_name, site.database.service):
        raise Failure("The site runs: `make restore FROM=…` stops it first.")
    snapshot = Path(ready.read_text(encoding="utf-8"))
    if not placing.exists():
        write(placing, f"before-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}")
    kept = site.data_dir / placing.read_text(encoding="utf-8")
    # The secrets first: data without its secrets is what `make` refuses.
    put_secrets(site, snapshot / "secrets", kept / "secrets")
    for volume in site.volumes:
        new = site.restoring / volume.name
        # Otherwise it is in its place already.
        if new.exists():
            put(new, site.data_dir / volume.name, kept)
    os.sync()
    differing = restore_settings(site, snapshot / "settings")
    clear(site.restoring)
    sentences = ["Data, database and secrets of the backup are in place."]
    if kept.exists():
        sentences.append(f"What was there before is kept in {kept}.")
    if differing:
        sentences.append(f"Settings of the backup are not those here: compare {', '.join(differing)}.")
    return " ".join(sentences)


def put_secrets(site: Site, restored: Path, kept: Path) -> None:
    """Let a backup's secrets take the place of others."""
    secrets = site.project_dir / "secrets"
    if not secrets.exists():
        secrets.mkdir()
        secrets.chmod(0o755)
    for new in sorted(restored.iterdir()):
        if not (secrets / new.name).exists() or (secrets / new.name).read_bytes() != new.read_bytes():
            put(new, secrets / new.name, kept)


def put(new: Path, here: Path, kept: Path) -> None:
    """Let a file or directory take the place of another, which is kept in a directory."""
    if here.is_dir() and not any(here.iterdir()):
        here.rmdir()
    elif here.exists():
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        name, number = here.name, 0
        while (kept / name).exists():
            number += 1
            name = f"{here.name}.{number}"
        shutil.move(here, kept / name)
    if new.is_dir():
        new.rename(here)
        return
    # The secrets may be on another file system.
    beside = here.with_name(f".{new.name}.new")
    shutil.copy2(new, beside)
    os.chown(beside, new.stat().st_uid, new.stat().st_gid)
    beside.replace(here)


def present_settings(site: Site) -> dict[str, str]:
    """Return the text of each file of settings, as the playbooks have handed them over."""
    path = site.own / "settings.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def restore_settings(site: Site, settings: Path) -> list[str]:
    """Put the settings of a backup where root finds them; returns those that are other than the present ones."""
    target = site.own / "restored-settings"
    clear(target)
    copy_secretly(settings, target)
    present = present_settings(site)
    return [
        str(path)
        for path in sorted(target.rglob("*"))
        if path.is_file() and path.read_text(encoding="utf-8") != present.get(str(path.relative_to(target)))
    ]


# --- drill ---


def text_of(page: str) -> tuple[str, str, str]:
    """Return status line, title and readable text of an answer of HTTP."""
    head, _, body = page.partition("\r\n\r\n")
    title = re.search(r"<title>(.*?)</title>", body, re.DOTALL)
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", body, flags=re.DOTALL | re.IGNORECASE)
    return head.partition("\r\n")[0], html.unescape(title[1]) if title else "", " ".join(html.unescape(plain).split())


def compare_files(site: Site, manifest: Path, volume: str, tree: Path) -> tuple[int, int]:
    """Hold a volume's restored files against the site's; returns how many are equal, and how many changed since.

    Raises:
        Failure: one differs that has not changed.
    """
    equal = changed = 0
    for size, mtime, path in files_of(manifest, volume):
        live = site.data_dir / volume / path
        try:
            status = live.lstat()
            if (status.st_size, status.st_mtime_ns) == (size, mtime) and digest(live) != digest(tree / path):
                raise Failure(f"{live} is not what the backup holds of it, although its size and time are the same.")
            equal, changed = (
                (equal + 1, changed) if (status.st_size, status.st_mtime_ns) == (size, mtime) else (equal, changed + 1)
            )
        except FileNotFoundError:
            changed += 1
    return equal, changed


def drill(site: Site) -> str:
    """Bring the newest snapshot up beside the site, compare, and remove it again; returns the report."""
    if not container(site.project_name, "nginx"):
        raise Failure("The site does not run, so there is nothing to compare with: run make first.")
    began = time.monotonic()
    found = find(site, "latest")
    work = site.own / "drill"
    throw_away = None
    try:
        manifest = fetch(site, found, work)
        throw_away = ThrowAway(site, "drill", work, manifest.parent / "secrets")
        throw_away.remove()
        tables = throw_away.load(site, manifest)
        plain = [volume.name for volume in site.volumes if not volume.dump]
        files = [compare_files(site, manifest, name, work / name) for name in plain]
        throw_away.start()
        status, title, text = text_of(throw_away.execute("nginx", PAGE))
        live = text_of(docker("exec", container(site.project_name, "nginx"), "sh", "-euc", PAGE))
        if " 200 " not in f"{status} ":
            raise Failure(f"The restored site's front page answers {status or 'nothing'}.")
        if title != live[1]:
            raise Failure(f"The restored site's front page has the title {title!r}, the site's has {live[1]!r}.")
    finally:
        if throw_away is not None:
            throw_away.remove()
        clear(work)
    rows = sum(int(rows) for rows, _ in tables.values())
    return "\n".join(
        (
            f"Drill of the backup {found.id} of {found.manifest['made']} from {found.repository.where}: passed.",
            f"tables: {len(tables)} with {rows} rows, each with the rows and the checksum of then",
            f"files: {sum(equal for equal, _ in files)} equal to the site's, {sum(other for _, other in files)} changed there since",
            f"front page: {status}, title {title!r}, the text is {'that of' if text == live[2] else 'other than that of'} the site now",
            f"took {time.monotonic() - began:.0f} s",
        )
    )


# --- the program ---


@contextlib.contextmanager
def alone(site: Site) -> Iterator[None]:
    """Hold the lock of this program.

    Raises:
        Failure: another run has it.
    """
    with (site.own / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise Failure(
                f"Another backup, restore or drill is at work ({lock.read().strip()}): wait until it has ended."
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def note(site: Site, what: str, failure: str, said: str) -> None:
    """Write down how a run ended, for `make status`."""
    path = site.own / f"last-{what}.json"
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    former = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    good = former.get("good", "") if failure else now
    write(path, json.dumps({"ended": now, "good": good, "failure": failure, "said": said}))


def main(arguments: list[str]) -> int:
    """Do one thing; returns 1 when that failed."""

    def leave(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    os.umask(0o077)
    what, which = arguments[0], os.environ.get("BACKUP_FROM") or "latest"
    site = Site.read(Path(__file__).with_name("config.json"))
    failure = said = ""
    try:
        with alone(site):
            try:
                if what == "judge":
                    said = judge(site, which, "--force" in arguments)
                elif what == "prepare":
                    said = prepare(site, which)
                else:
                    said = {"backup": backup, "place": place, "drill": drill}[what](site)
                print(said)
            except OSError as error:
                failure = f"{error.filename or what}: {error.strerror or error}."
            except Failure as error:
                failure = str(error)
            if what in {"backup", "drill"}:
                note(site, what, failure, said)
    except Failure as error:
        failure = str(error)
    if failure:
        print(failure, file=sys.stderr)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
