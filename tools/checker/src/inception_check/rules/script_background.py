"""An entrypoint script runs no program in the background (E14)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.evidence.shell import ShellCommand
from inception_check.model import Context, Outcome, Rule, Severity
from inception_check.rules._common import entry_scripts, launches

_DAEMONS = re.compile(
    r"(?:nginx|php-fpm[\d.]*|mysqld|mariadbd|redis-server|vsftpd|crond|cron|apache2|httpd|lighttpd|memcached)"
)
_FIX = (
    "Do the work before the daemon starts (mariadbd --bootstrap, wp-cli against the database) and exec the daemon last."
)


def daemonises(command: ShellCommand) -> str:
    """Return the daemon that a command starts in the background without ``&``, or an empty text."""
    values = command.values
    name = command.name
    if name == "service" and len(values) >= 3 and values[2] in {"start", "restart"}:
        return f"service {values[1]} {values[2]}"
    if (
        values
        and values[0].startswith(("/etc/init.d/", "/etc/rc.d/"))
        and len(values) > 1
        and values[1] in {"start", "restart"}
    ):
        return f"{values[0]} {values[1]}"
    if name in {"rc-service", "systemctl"} and "start" in values[1:]:
        return " ".join(values[:3])
    options = {"--daemonize", "--daemonize=yes", "--daemon"} | ({"-D"} if name.startswith("php-fpm") else set())
    if _DAEMONS.fullmatch(name) and options.intersection(values[1:]):
        return " ".join(values[:3])
    if name == "start-stop-daemon" and any(v in {"--background", "-b"} for v in values):
        return "start-stop-daemon --background"
    return ""


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    if not project.dockerfiles:
        yield RULE.undecided("there is no Dockerfile")
        return
    for part, launch in launches(project):
        if launch.unresolved:
            yield RULE.undecided(f"the start script of {part.name} is not in the repository")
    for path in project.unparsed_scripts:
        yield RULE.undecided(f"{path} could not be read as a shell script")
    dockerfiles = {dockerfile.path for dockerfile in project.dockerfiles}
    for part, script in entry_scripts(project):
        if script.path in dockerfiles and not script.text.startswith("#!"):
            # What CMD itself hands to a shell is the business of the rule on Dockerfiles.
            continue
        for inner in script.everything():
            for job in inner.backgrounds:
                text = " ".join(job.text.replace("\\\n", " ").split())
                shown = text if len(text) <= 40 else text[:37] + "..."
                yield RULE.finding(
                    script.path,
                    job.line,
                    f"the entrypoint script of {part.name} puts {shown!r} into the background",
                    _FIX,
                )
            for command in inner.commands:
                daemon = daemonises(command)
                if daemon and not command.inside("background"):
                    yield RULE.finding(
                        script.path,
                        command.line,
                        f"the entrypoint script of {part.name} starts a daemon in the background with {daemon}",
                        _FIX,
                        severity=Severity.WARNING,
                    )


RULE = Rule("script-background", "An entrypoint script runs no program in the background", ("E14",), _check)
