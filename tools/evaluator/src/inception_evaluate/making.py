"""Running a project's Makefile as a person at a terminal does: questions are answered, and it may stay in the foreground.

``make`` runs on the machine in a terminal of its own, and goes on there whatever becomes of the connection.
"""

from __future__ import annotations

import re
import secrets
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inception_evaluate.machine import Machine, UnseenError

#: Seconds that a stack has to answer while ``make`` stays in the foreground.
FOREGROUND = 180.0

# Runs on the machine: make in a terminal. What it prints goes to `log`, what became of it to `state`.
_RUNNER = r"""
import json, os, pty, re, select, signal, sys, termios, time
place = os.path.dirname(os.path.abspath(sys.argv[0]))
with open(os.path.join(place, "question")) as file:
    question = json.load(file)
state = {"code": None, "asked": [], "stopped": ""}

def save():
    part = os.path.join(place, "state.part")
    with open(part, "w") as file:
        json.dump(state, file)
    os.replace(part, os.path.join(place, "state"))

save()
pid, terminal = pty.fork()
if pid == 0:
    try:
        os.chdir(question["directory"])
        # The evaluation may have been started by a Makefile itself, whose variables are not this one's.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        os.execvpe(question["words"][0], question["words"], {**inherited, **question["environment"]})
    except OSError as error:
        print(f"{question['words'][0]} cannot be started: {error.strerror}", flush=True)
        os._exit(127)
settings = termios.tcgetattr(terminal)
settings[3] &= ~termios.ECHO
settings[1] &= ~termios.OPOST
termios.tcsetattr(terminal, termios.TCSANOW, settings)
ASKS = re.compile(r"\[[yYnN]/[yYnN]\]|\([yYnN]/[yYnN]\)|yes/no|\?\s*$|(?i:pass|login|name|mail|domain|host|value|enter|type|choose|press|continue|port|key|title)[^:?>]*[:?>\])]\s*$")
began = heard = time.monotonic()
line, count = "", {}
log = open(os.path.join(place, "log"), "ab", buffering=0)
while True:
    ready, _, _ = select.select([terminal], [], [], 0.5)
    now = time.monotonic()
    if ready:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b""
        if not data:
            break
        log.write(data)
        heard = now
        line = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", re.split(r"[\r\n]", line + data.decode(errors="replace"))[-1])[-400:]
    elif line.strip() and now - heard > 3 and ASKS.search(line):
        asked = line.strip()
        count[asked] = count.get(asked, 0) + 1
        if count[asked] > 5:
            state["stopped"] = "asks"
            os.killpg(pid, signal.SIGKILL)
            continue
        answer, secret = next(((text, hidden) for pattern, text, hidden in question["answers"] if re.search(pattern, asked, re.I)), ("", False))
        os.write(terminal, answer.encode() + b"\n")
        log.write(b"\n")
        state["asked"].append([asked, "a made-up value" if secret else answer])
        save()
        line, heard = "", now
    if now - began > question["limit"] and not os.path.exists(os.path.join(place, "leave")):
        state["stopped"] = "limit"
        os.killpg(pid, signal.SIGTERM)
        question["limit"] += 10
        if now - began > question["limit"]:
            os.killpg(pid, signal.SIGKILL)
_, status = os.waitpid(pid, 0)
state["code"] = os.waitstatus_to_exitcode(status)
save()
"""

# Runs on the machine: writes the runner and its question, and starts it; prints the directory of its files.
_START = r"""
import os, subprocess, tempfile
place = tempfile.mkdtemp(prefix="inception-evaluate-")
with open(os.path.join(place, "run.py"), "w") as file:
    file.write(QUESTION.pop("runner"))
with open(os.path.join(place, "question"), "w") as file:
    json.dump(QUESTION, file)
subprocess.Popen(["python3", os.path.join(place, "run.py")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL, start_new_session=True)
print(json.dumps(place))
"""

# Runs on the machine: how far it is, and whether something follows the containers' output.
_LOOK = r"""
import os
try:
    with open(os.path.join(QUESTION, "state")) as file:
        state = json.load(file)
except OSError:
    state = {"code": None, "asked": [], "stopped": ""}
follows = False
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode(errors="replace").split("\0")
    except OSError:
        continue
    names = [os.path.basename(word) for word in words]
    if "docker" in names[:2] or "docker-compose" in names[:2]:
        up = "up" in words and not {"-d", "--detach", "--wait"} & set(words)
        logs = {"logs", "attach"} & set(words) and ({"-f", "--follow"} & set(words) or "attach" in words)
        follows = follows or bool(up or logs)
state["follows"] = follows
print(json.dumps(state))
"""

# Runs on the machine: what it printed, and, when it ended, nothing of it is left.
_LOG = r"""
import os, shutil
try:
    with open(os.path.join(QUESTION["place"], "log"), "rb") as file:
        text = file.read()[-QUESTION["most"]:].decode(errors="replace")
except OSError:
    text = ""
if QUESTION["leave"]:
    open(os.path.join(QUESTION["place"], "leave"), "w").close()
else:
    shutil.rmtree(QUESTION["place"], ignore_errors=True)
print(json.dumps(text))
"""
_MOST = 4 << 20


@dataclass(frozen=True, slots=True)
class Made:
    """What became of ``make``.

    Attributes:
        code: how it ended; None when it stays in the foreground.
        log: what it printed.
        asked: the questions that it asked, each with the answer that it got.
        stopped: ``limit`` or ``asks`` when it was ended: it took too long, or asked the same again and again.
        seconds: how long it took, or until the stack stood.

    """

    code: int | None
    log: str
    asked: tuple[tuple[str, str], ...]
    stopped: str
    seconds: float

    @property
    def foreground(self) -> bool:
        """Whether it stays in the foreground and follows the containers' output."""
        return self.code is None


def answers(login: str, domain: str) -> list[tuple[str, str, bool]]:
    """Return what questions are answered with: a pattern of the question, the answer, and whether it is confidential."""
    return [
        (r"y/n|yes/no|n/y", "y", False),
        (r"pass|secret|token|\bkey\b", secrets.token_urlsafe(15), True),
        (r"mail", f"{login}@{domain}", False),
        (r"url", f"https://{domain}", False),
        (r"domain|host", domain, False),
        (r"data ?base|\bdb\b", "wordpress", False),
        (r"port", "443", False),
        (r"title", "Inception", False),
        (r"press|enter to|any key", "", False),
        (r"user|login|name|who", login, False),
        (r"\?$|continue|sure", "y", False),
    ]


def run(
    machine: Machine,
    directory: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    limit: float,
    replies: Sequence[tuple[str, str, bool]],
    stands: Callable[[], bool],
) -> Made:
    """Run ``make`` in a directory of the machine until it ends, or until the stack stands while it stays.

    Args:
        machine: where.
        directory: the project's.
        arguments: those of ``make``.
        environment: variables that are added.
        limit: seconds after which it is ended.
        replies: see :func:`answers`.
        stands: tells whether the site answers; asked while something follows the containers' output.

    Raises:
        UnseenError: it cannot be started, or the machine is gone.

    """
    plain = {"TERM": "dumb", "BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never", "COMPOSE_PROGRESS": "plain"}
    question = {
        "runner": _RUNNER,
        "directory": directory,
        "words": ["make", *arguments],
        "environment": {**plain, **environment},
        "limit": limit,
        "answers": list(replies),
    }
    began = time.monotonic()
    place = machine.python(_START, question)
    follows_since: float | None = None
    while True:
        state: dict[str, Any] = machine.python(_LOOK, place)
        now = time.monotonic()
        if state["code"] is not None:
            break
        if now - began > limit + 60:
            raise UnseenError(f"make did not end on {machine.name} although it was told to")
        stays = state["follows"] and machine.docker("ps", "--quiet").out.strip()
        follows_since = (follows_since or now) if stays else None
        if follows_since is not None and now - follows_since > 5 and (stands() or now - follows_since > FOREGROUND):
            break
        time.sleep(1)
    seconds = time.monotonic() - began
    stays = state["code"] is None
    log = machine.python(_LOG, {"place": place, "most": _MOST, "leave": bool(stays)})
    asked = tuple((str(question), str(answer)) for question, answer in state["asked"])
    return Made(state["code"], log.replace("\r\n", "\n"), asked, state["stopped"], seconds)


_HELP = re.compile(
    r"^(?:Usage:|Options:|Commands:|Aliases:|Run '|See '|For more|-{1,2}\w|Try ')|--help\b", re.IGNORECASE
)


def complaint(log: str, code: int) -> str:
    """Say in one sentence why ``make`` failed: the last thing that it complained of, before any text of help."""
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).strip() for line in log.splitlines()]
    lines = [line for line in lines if line and not _HELP.search(line)]
    pattern = r"\berror\b|failed|cannot|denied|not found|no such|unknown|invalid|is not a|must|required"
    errors = [line for line in lines if re.search(pattern, line, re.IGNORECASE)]
    told = [line for line in errors if not line.startswith("make")]
    return f"make failed ({code}): {(told or errors or lines or ['it said nothing'])[-1][:300]}"


def quoted(asked: Sequence[tuple[str, str]]) -> str:
    """Write questions and answers as a part of a sentence."""
    return "; ".join(
        f"“{question[-80:]}” with {shlex.quote(answer) if answer else 'Enter'}" for question, answer in asked
    )
