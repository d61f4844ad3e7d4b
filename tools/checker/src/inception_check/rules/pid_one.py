"""PID 1 is the daemon, in the foreground (R20, R24)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.process import Final
from inception_check.evidence.project import Part, Project
from inception_check.model import Context, Outcome, Rule, Severity
from inception_check.rules._common import launches

_DAEMONS = re.compile(
    r"nginx|php-fpm[\d.]*|php\d*-fpm|mysqld|mariadbd|mysqld_safe|mariadbd-safe|redis-server|vsftpd|proftpd|pure-ftpd|apache2|apache2ctl|httpd|lighttpd|php\d*|node|npm|python3?|caddy|adminer|crond|cron|memcached|cadvisor|prometheus|portainer|grafana-server|minio|hugo|gunicorn|uvicorn"
)
_ENDS = frozenset(
    [
        "wp",
        "wp-cli",
        "echo",
        "printf",
        "chown",
        "chmod",
        "mkdir",
        "cp",
        "mv",
        "rm",
        "touch",
        "sed",
        "mysql",
        "mariadb",
        "mysqladmin",
        "mariadb-admin",
        "cat",
        "sleep",
        "kill",
        "pkill",
        "killall",
        "curl",
        "wget",
        "tar",
        "unzip",
        "apt",
        "apt-get",
        "adduser",
        "useradd",
        "usermod",
        "test",
        "ls",
        "cd",
        "export",
        "true",
        "false",
        "openssl",
        "envsubst",
        "set",
        "return",
        "grep",
        "awk",
        "ln",
        "chpasswd",
    ]
)
_FIX_EXEC = "Write exec before the last command, so that it replaces the shell and receives the signals."
_FIX_FOREGROUND = "Start it in the foreground: nginx -g 'daemon off;', php-fpm -F, mariadbd, redis-server."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if not project.dockerfiles:
        yield RULE.undecided("there is no Dockerfile")
        return
    for part, launch in launches(project):
        if launch.unresolved:
            yield RULE.undecided(f"the start script of {part.name} is not in the repository")
        for final in launch.finals:
            yield from _judge(project, part, final)


def _judge(project: Project, part: Part, final: Final) -> Iterator[Outcome]:  # noqa: C901 -- one branch for each way of ending up as PID 1
    shown = " ".join(final.argv[:3])
    name = final.program
    if final.kind == "nothing" and final.argv:
        yield RULE.finding(
            final.path,
            final.line,
            f"{part.name} gives a whole command to {name} as the name of a script, and the container stops",
            'Write each word by itself, without the shell: CMD ["nginx", "-g", "daemon off;"].',
            requirements=("R20", "R24", "E35"),
        )
        return
    if final.kind == "nothing":
        yield RULE.finding(
            final.path,
            final.line,
            f"the start of {part.name} ends without a daemon, and the container stops",
            _FIX_EXEC,
            requirements=("R20", "R24", "E35"),
        )
        return
    if (
        final.kind not in {"program", "child"}
        or not name
        or name in {"tail", "sleep"}
        or final.argv[:2] == ("while", "true")
    ):
        return
    if name == "service" and final.argv[-1:] == ("stop",):
        yield RULE.finding(
            final.path,
            final.line,
            f"the start script of {part.name} ends with {shown}, not with a daemon",
            _FIX_EXEC,
            requirements=("R20", "R24"),
        )
        return
    background = _in_background(project, part, final)
    if background:
        yield RULE.finding(
            final.path,
            final.line,
            f"{shown} of {part.name} goes into the background, and the container stops",
            _FIX_FOREGROUND,
            requirements=("R20", "E35"),
        )
        return
    if final.kind == "child":
        if name in _ENDS and final.argv[1:2] != ("server",):
            yield RULE.finding(
                final.path,
                final.line,
                f"the start script of {part.name} ends with {shown}, not with a daemon",
                _FIX_EXEC,
                requirements=("R20", "R24"),
            )
        elif name in {"wait", "fg"}:
            yield RULE.finding(
                final.path,
                final.line,
                f"a shell stays PID 1 of {part.name} and waits for the daemon that it put into the background",
                _FIX_EXEC,
                requirements=("R24",),
            )
        elif (
            final.argv[1:2] == ("server",)
            or _DAEMONS.fullmatch(name)
            or "$" in shown
            or not final.argv[0].startswith("[")
        ):
            yield RULE.finding(
                final.path,
                final.line,
                f"a shell stays PID 1 of {part.name}, because {shown} is started without exec",
                _FIX_EXEC,
                requirements=("R24",),
            )
        return
    if final.shell_form:
        yield RULE.finding(
            final.path,
            final.line,
            f"{part.name} is started with the shell form ({shown})",
            'Use the exec form: CMD ["program", "argument"].',
            severity=Severity.WARNING,
            requirements=("R24",),
        )
    if name in {"mysqld_safe", "mariadbd-safe"}:
        yield RULE.finding(
            final.path,
            final.line,
            f"PID 1 of {part.name} is {name}, a shell script that starts the server as its child",
            "exec mariadbd (or mysqld) itself; Docker does the restarting.",
            severity=Severity.WARNING,
            requirements=("R24",),
        )
    elif name in {"apache2ctl", "apachectl"}:
        yield RULE.finding(
            final.path,
            final.line,
            f"PID 1 of {part.name} is {name}, a shell script that starts the server as its child",
            "Load /etc/apache2/envvars in a script and exec apache2 -D FOREGROUND (on Alpine: httpd -D FOREGROUND).",
            severity=Severity.WARNING,
            requirements=("R24",),
        )
    elif name in {"supervisord", "s6-svscan", "runsvdir", "systemd", "init"}:
        yield RULE.finding(
            final.path,
            final.line,
            f"PID 1 of {part.name} is {name}, which runs several programs in one container",
            "Give each program a container of its own.",
            severity=Severity.WARNING,
            requirements=("R24",),
        )


def _in_background(project: Project, part: Part, final: Final) -> bool:
    name, rest = final.program, final.argv[1:]
    joined = " ".join(rest)
    if name == "nginx":
        return (
            "daemon off" not in joined
            and not any(a in {"-t", "-v", "-V", "-s"} for a in rest)
            and not _says(project, part, r"daemon\s+off\s*;")
        )
    if re.fullmatch(r"php-fpm[\d.]*|php\d*-fpm", name):
        foreground = any(re.fullmatch(r"-[a-zA-Z]*F[a-zA-Z]*|--nodaemonize", a) for a in rest)
        return not foreground and not _says(project, part, r"daemonize\s*=\s*no\b")
    return bool(name == "service" or final.argv[0].startswith("/etc/init.d/"))


def _says(project: Project, part: Part, pattern: str) -> bool:
    """Tell whether a text of the service's context or image matches a pattern."""
    expression = re.compile(pattern)
    if part.dockerfile is not None and expression.search(project.text(part.dockerfile.path)):
        return True
    return any(
        source.size < 200_000 and expression.search(source.text) is not None
        for home in project.homes(part)
        for source in project.tree.below("" if home == "." else home)
    )


RULE = Rule(
    "pid-one",
    "PID 1 of every container is its daemon, in the foreground",
    ("R20", "R24"),
    _check,
    refutes=("E35",),
)
