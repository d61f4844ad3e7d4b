"""Any Inception repository on a machine of its own: copied in, completed where it says how, and made by its Makefile.

The machine is a container that behaves like a fresh server, with its own Docker engine. It is removed at the end,
unless it is to be kept.
"""

from __future__ import annotations

import io
import posixpath
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inception_check.evidence.project import Project
from inception_check.releases import RELEASES
from inception_evaluate.collect import docker, site
from inception_evaluate.evidence import Persisted, Step
from inception_evaluate.machine import Machine, UnseenError, container_machine, this_machine
from inception_evaluate.model import Figure

#: Where the repository lies on the machine.
PLACE = "/root/inception"
#: What a 42 machine has before a project is cloned.
PACKAGES = (
    "docker.io",
    "docker-cli",
    "docker-compose",
    "iptables",
    "make",
    "git",
    "openssl",
    "curl",
    "sudo",
    "ca-certificates",
    "hostname",
)
#: A link into the role base_image, whose script it is; an installed package holds a copy.
_BOOTSTRAP = Path(__file__).parent / "bootstrap_debian.sh"
_PREFIX = "inception-test-"

#: Lists what an evaluator removes before the run (E7, E8); base images that were supplied are told in a note.
_LEFT = (
    "docker ps --all --format 'container:{{{{.Names}}}}' 2>/dev/null; "
    "docker volume ls --format 'volume:{{{{.Name}}}}' 2>/dev/null; "
    "docker network ls --filter type=custom --format 'network:{{{{.Name}}}}' 2>/dev/null; "
    "ls -d /home/{login}/data/* 2>/dev/null; true"
)
#: What the programs of a build say when a download fails, and what it was that they wanted.
_DOWNLOADS = (
    re.compile(r"failed to (?:resolve source metadata for|do request: Head \"https://)\s*([^\s\":]+(?::[\w.-]+)?)"),
    re.compile(r"pull access denied for ([\w./-]+)"),
    re.compile(r"manifest for ([\w./:-]+) not found"),
    re.compile(r"Get \"(https?://[^\"]+)\":"),
    re.compile(r"Could not resolve host: ([\w.-]+)"),
    re.compile(r"Temporary failure resolving '([\w.-]+)'"),
    re.compile(r"Failed to fetch (\S+)"),
    re.compile(r"wget: (?:bad address|unable to resolve host address) ['\u2018]?([\w.-]+)"),
    re.compile(r"curl: \(\d+\) (.*(?:connect|resolve|timed out|returned error|SSL).*)"),
    re.compile(r"WARNING: fetching (\S+):"),
    re.compile(r"ERROR: unable to select packages"),
)


@dataclass
class Trial:
    """What became of making a project on a fresh machine.

    Attributes:
        machine: where it was made.
        container: the container that the machine is.
        steps: what the sheet is told (E7, E8, E16).
        notes: what was supplied.
        figures: how long it took.
        complaint: why it could not be made, or empty.
        pending: secrets that nobody has made yet: path to a made-up value.
        pending_notes: a sentence for each of them.

    """

    machine: Machine
    container: str
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    complaint: str = ""
    pending: dict[str, str] = field(default_factory=dict, repr=False)
    pending_notes: list[str] = field(default_factory=list)

    @property
    def evidence(self) -> Persisted:
        """What the rules read."""
        return Persisted(tuple(self.steps), tuple(self.figures))


def downloads(log: str) -> list[str]:
    """Return what a build could not download, as far as its log says so.

    Args:
        log: the output of the build.

    """
    found = []
    for line in log.splitlines():
        for pattern in _DOWNLOADS:
            match = pattern.search(line)
            if match:
                found.append(match.group(1) if pattern.groups else line.strip())
                break
    return list(dict.fromkeys(_image(text.rstrip(".,:\"'")) for text in found))


def _image(text: str) -> str:
    """Write an image as a Dockerfile does, where the engine names the address at its registry."""
    match = re.fullmatch(r"(?:https://)?registry-1\.docker\.io/v2/(\S+)/manifests/(\S+)", text)
    return f"docker.io/{match.group(1)}:{match.group(2)}" if match else text


def why(log: str, code: int) -> str:
    """Say in one sentence why ``make`` failed: the downloads by name, else the last thing that it complained of."""
    missing = downloads(log)
    if missing:
        return f"make failed ({code}), because these downloads failed: {', '.join(missing[:6])}"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [
        line for line in lines if re.search(r"\berror\b|failed|cannot|denied|not found|no such", line, re.IGNORECASE)
    ]
    told = [line for line in errors if not line.startswith("make")]
    return f"make failed ({code}): {(told or errors or lines or ['it said nothing'])[-1][:300]}"


@contextmanager
def machine(say: Callable[[str], None], *, keep: bool) -> Iterator[tuple[Machine, str]]:
    """Make a machine, and remove it again unless it is to be kept.

    Raises:
        UnseenError: none can be made here.

    """
    name = f"{_PREFIX}evaluate-{secrets.token_hex(3)}"
    say(f"making the machine {name}; its image is bootstrapped the first time")
    try:
        _tool("create", name, "--kind", "debian13-systemd", "--cold", timeout=900)
        yield container_machine(name), name
    finally:
        if keep:
            say(
                f"the machine is kept: `docker exec -it {name} bash`, the project is in {PLACE}; remove it with `inception-machine destroy {name}`"
            )
        else:
            say(f"removing the machine {name}")
            _tool("destroy", name, "--caches", timeout=300)


def _tool(*arguments: str, timeout: float) -> None:
    command = [sys.executable, "-m", "inception_evaluate.machine_tool", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)  # noqa: S603 -- our own tool
    except subprocess.TimeoutExpired as error:
        raise UnseenError(f"a throw-away machine was not ready within {timeout:.0f} s") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise UnseenError(f"a throw-away machine cannot be made here: {(lines or ['no reason given'])[-1][:300]}")


def _files(root: Path) -> list[str]:
    """Return the files that a clone would have, and those that are new; without git, everything."""
    git = shutil.which("git")
    if git is not None and (root / ".git").exists():
        words = [
            git,
            "-C",
            str(root),
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]
        done = subprocess.run(words, capture_output=True, text=True)  # noqa: S603 -- git itself
        if done.returncode == 0:
            return sorted({name for name in done.stdout.split("\0") if name})
    found = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()]
    return sorted(name for name in found if not name.startswith((".git/", ".venv/")))


def _private(root: Path, known: set[str]) -> list[str]:
    """Return settings and secrets that lie here but are, as they must be, in no clone."""
    places = [
        root / "srcs" / ".env",
        root / ".env",
        *sorted((root / "secrets").glob("*")),
        *sorted((root / "srcs" / "secrets").glob("*")),
    ]
    names = [path.relative_to(root).as_posix() for path in places if path.is_file()]
    return [name for name in names if name not in known]


def _pack(root: Path, names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            path = root / name
            if path.is_symlink() or path.is_file():
                archive.add(path, arcname=name, recursive=False)
    return buffer.getvalue()


def supply(root: Path, project: Project, login: str) -> tuple[dict[str, str], list[str]]:
    """Say which files are missing that the project documents, and what to put into them.

    Args:
        root: the project's directory.
        project: its evidence.
        login: whose project it is.

    Returns:
        path to content, and a sentence for each of them.

    """
    made: dict[str, str] = {}
    notes: list[str] = []
    base = posixpath.dirname(project.compose.path) if project.compose is not None else "srcs"
    target = posixpath.join(base, ".env")
    if not (root / target).exists() and project.env_example is not None:
        text = project.text(project.env_example)
        # What the example leaves open is made up; what it says is kept.
        lines = []
        for line in text.splitlines():
            match = re.match(
                r"^(\s*(?:export\s+)?[A-Za-z_]\w*)=(\s*|[\"']?(?:changeme|change_me|your[\w -]*|<[^>]*>|xxx+|todo)[\"']?)$",
                line,
                re.IGNORECASE,
            )
            if match and re.search(r"PASS|PWD|SECRET|TOKEN", match.group(1).upper()):
                line = f"{match.group(1)}={secrets.token_urlsafe(15)}"
            elif match and re.search(r"LOGIN", match.group(1).upper()):
                line = f"{match.group(1)}={login}"
            lines.append(line)
        made[target] = "\n".join(lines) + "\n"
        notes.append(
            f"{target} was missing and was supplied from {project.env_example}; passwords that it leaves open were made up."
        )
    if project.compose is not None:
        for name, resource in project.compose.secrets.items():
            file = resource.value.get("file")
            if file is None or not file.scalar:
                continue
            found = project.compose.interpolated(file.text)
            if found.unknown:
                continue
            path = posixpath.normpath(posixpath.join(base, found.text))
            # A key or a certificate cannot be made up.
            if path.endswith((".key", ".crt", ".pem")):
                continue
            if path.startswith("../") or posixpath.isabs(path) or (root / path).exists() or path in made:
                continue
            made[path] = secrets.token_urlsafe(15) + "\n"
            notes.append(f"{path}, the secret {name}, was missing and was supplied with a made-up value.")
    return made, notes


def prepare(trial: Trial, root: Path, login: str, domain: str, say: Callable[[str], None]) -> None:
    """Put the project on the machine, with what a 42 machine has and what the project leaves to its user.

    Raises:
        UnseenError: the machine cannot be prepared.

    """
    project = Project(root)
    ours = (root / "roles" / "stack" / "tasks" / "main.yml").is_file()
    names = _files(root)
    private = [] if ours else _private(root, set(names))
    say(f"copying {len(names) + len(private)} files")
    trial.notes += [f"{name} is not in git; the copy from this directory was used." for name in private]
    archive = _pack(root, names + private)
    _into(trial.container, archive)
    if ours:
        return
    say("installing what a 42 machine has: Docker, Compose, make, git")
    script = f"export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && apt-get install -qq --yes --no-install-recommends {' '.join(PACKAGES)}"
    done = trial.machine.run("sh", "-c", script, timeout=900)
    if done.code != 0:
        raise UnseenError(f"Docker could not be installed on the throw-away machine: {done.complaint}")
    trial.notes += base_images(trial, project, say)
    made, notes = supply(root, project, login)
    # A Makefile may well make its own secrets; they are supplied only when it turns out that it does not.
    trial.pending = {path: text for path, text in made.items() if not path.endswith(".env")}
    trial.notes += [note for note in notes if not any(note.startswith(path) for path in trial.pending)]
    trial.pending_notes = [note for note in notes if any(note.startswith(path) for path in trial.pending)]
    _write(trial, {path: text for path, text in made.items() if path not in trial.pending})
    setup = (
        f"id -u {login} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash {login}; usermod --append --groups docker,sudo {login}; "
        f"echo '{login} ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/{login}; "
        f"grep -q {shlex.quote(domain)} /etc/hosts || echo '127.0.0.1 {domain}' >>/etc/hosts; git config --global --add safe.directory '*'"
    )
    trial.machine.run("sh", "-c", setup)
    trial.notes.append(f"The machine got the user {login}, and the entry `127.0.0.1 {domain}` in /etc/hosts.")


def base_images(trial: Trial, project: Project, say: Callable[[str], None]) -> list[str]:
    """Bring the base images that the machine cannot pull; returns a sentence for each.

    A copy on the evaluator's engine comes first, then, for Debian, a bootstrap from its own signed archive.
    What can be had from neither is left to the build, whose complaint then names it.
    """
    notes = []
    names: dict[str, None] = {}
    for dockerfile in project.dockerfiles:
        for stage in dockerfile.stages:
            match = re.fullmatch(r"(?:docker\.io/)?(?:library/)?((?:debian|alpine):[\w.-]+)", stage.resolved or "")
            if match:
                names[match.group(1)] = None
    for name in names:
        if trial.machine.docker("pull", "--quiet", name, timeout=300).code == 0:
            continue
        outer = this_machine()
        if outer.docker("image", "inspect", name).code == 0:
            say(f"{name} cannot be pulled; copying this machine's")
            copy = f"docker save {shlex.quote(name)} | docker exec --interactive {trial.container} docker load --quiet"
            if outer.run("sh", "-c", copy, timeout=300).code == 0:
                notes.append(f"{name} could not be pulled; the copy of the evaluator's engine was used.")
                continue
        release = _debian(name)
        if release and _BOOTSTRAP.exists():
            say(f"{name} cannot be pulled; bootstrapping {release} from Debian's archive")
            script = (
                "export DEBIAN_FRONTEND=noninteractive; apt-get install -qq --yes --no-install-recommends mmdebstrap >&2 && cat >/root/bootstrap.sh "
                f"&& sh /root/bootstrap.sh {name} {release} /root/base.tar && docker load --quiet --input /root/base.tar; rm -f /root/base.tar"
            )
            done = trial.machine.run("sh", "-c", script, data=_BOOTSTRAP.read_text(encoding="utf-8"), timeout=900)
            if done.code == 0 and trial.machine.docker("image", "inspect", name).code == 0:
                notes.append(f"{name} could not be pulled; it was bootstrapped from Debian's signed archive.")
                continue
        notes.append(f"{name} could not be pulled, and there is no copy of it here.")
    return notes


def _write(trial: Trial, files: dict[str, str]) -> None:
    for path, text in files.items():
        place = shlex.quote(f"{PLACE}/{path}")
        trial.machine.run(
            "sh", "-c", f"test -e {place} || {{ mkdir -p $(dirname {place}) && cat >{place}; }}", data=text
        )


def _debian(name: str) -> str:
    """Return the code name of a Debian image's release, or an empty text."""
    tag = name.partition(":")[2].removesuffix("-slim")
    if not name.startswith("debian:"):
        return ""
    for release in RELEASES:
        if release.distribution == "debian" and (tag == release.codename or tag.split(".")[0] == release.version):
            return release.codename
    return ""


def _into(container: str, archive: bytes) -> None:
    words = [
        "docker",
        "exec",
        "--interactive",
        container,
        "sh",
        "-euc",
        f"mkdir -p {PLACE} && tar -x -C {PLACE} --no-same-owner",
    ]
    done = subprocess.run(words, input=archive, capture_output=True)  # noqa: S603 -- a fixed program
    if done.returncode != 0:
        raise UnseenError(
            f"the project could not be copied into the machine: {done.stderr.decode(errors='replace')[:200]}"
        )


def settle(machine: Machine, directory: str, domain: str, limit: float = 180.0) -> None:
    """Give a stack that was just started the time to install itself: until the site answers, or the limit in seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            stack, _ = docker.collect(machine, directory)
            page = site.fetch(machine.address, site.https_port(stack), domain, timeout=10)
        except UnseenError:
            return
        if page.status == 200 and not page.installer:
            return
        time.sleep(3)


def make(trial: Trial, root: Path, login: str, limit: float, log: Path, say: Callable[[str], None]) -> bool:
    """Run the project's Makefile, as its owner would.

    Args:
        trial: the machine.
        root: the project's directory here.
        login: whose project it is.
        limit: seconds after which it is ended.
        log: where its output goes.
        say: is told what is going on.

    """
    if not any((root / name).is_file() for name in ("Makefile", "makefile", "GNUmakefile")):
        trial.complaint = "the project has no Makefile at its root"
        trial.steps.append(Step("make", good=False, sentence=trial.complaint))
        return False
    ours = (root / "roles" / "stack" / "tasks" / "main.yml").is_file()
    say(f"running its Makefile, at most {limit / 60:.0f} min; the output goes to {log}")
    # The time limit is kept on the machine: what make started must not go on there.
    inner = f"cd {PLACE} && exec timeout --kill-after=10 {limit:.0f} make"
    inner += f" LOGIN={login}" if ours else ""
    environment = "LC_ALL=C.UTF-8" + ("" if ours else f" HOME=/home/{login} USER={login} LOGNAME={login}")
    before = trial.machine.run("sh", "-c", _LEFT.format(login=login)).out.split()
    bare = "Before make there was no container, volume or network of anybody on the machine, and no data."
    found = f"before make there was already: {', '.join(before[:6])}"
    trial.steps.append(Step("bare", good=None if before else True, sentence=found if before else bare))
    began = time.monotonic()
    script = f"export {environment}; {inner} </dev/null 2>&1"
    done = trial.machine.run("sh", "-c", script, timeout=limit + 60)
    wanted = [path for path in trial.pending if posixpath.basename(path) in done.out]
    if done.code not in (0, 124, 137) and wanted:
        say(f"its Makefile wants {', '.join(wanted)}; they are supplied, and it is run again")
        _write(trial, trial.pending)
        trial.notes += trial.pending_notes
        done = trial.machine.run("sh", "-c", script, timeout=limit + 60)
    took = time.monotonic() - began
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.out, encoding="utf-8")
    trial.figures.append(Figure("make, from nothing", took, "s", "start-up"))
    if done.code == 0:
        trial.steps.append(
            Step("make", good=True, sentence=f"`make` made all of it; it ended well after {took:.0f} s.")
        )
        return True
    if done.code in (124, 137):
        # A Makefile that follows the logs at its end never comes back, and has started the stack all the same.
        trial.complaint = f"make did not end within {limit:.0f} s"
        if "compose up" in done.out or trial.machine.docker("ps", "--quiet").out.strip():
            trial.complaint += "; what it had started by then is evaluated"
    else:
        trial.complaint = why(done.out, done.code)
    trial.steps.append(Step("make", good=False, sentence=trial.complaint))
    return False
