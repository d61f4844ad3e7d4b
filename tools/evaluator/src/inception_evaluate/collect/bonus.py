"""Tries the bonus services that are there (E60 to E64)."""

from __future__ import annotations

import contextlib
import ftplib
import re
import ssl
from collections.abc import Iterable

from inception_evaluate.collect.secrets import Candidate, ranked
from inception_evaluate.collect.site import fetch
from inception_evaluate.evidence import Bonus, Database, Site, Stack
from inception_evaluate.machine import Machine
from inception_evaluate.model import Container

REQUIREMENTS = {"redis": "E60", "ftp": "E61", "static": "E62", "adminer": "E63", "other": "E64"}

# Runs on the machine: the number of keys, with each password until one fits.
_REDIS = r"""
import os, subprocess
answer = None
for password in [None, *QUESTION["passwords"]]:
    environment = dict(os.environ)
    words = ["docker", "exec"]
    if password is not None:
        environment["REDISCLI_AUTH"] = password
        words += ["--env", "REDISCLI_AUTH"]
    for client in ("redis-cli", "valkey-cli"):
        done = subprocess.run([*words, QUESTION["container"], client, "DBSIZE"], capture_output=True, text=True, env=environment, timeout=20)
        number = done.stdout.strip().rpartition(" ")[2]
        if done.returncode == 0 and number.isdigit():
            answer = int(number)
            break
    if answer is not None:
        break
print(json.dumps(answer))
"""


def present(stack: Stack) -> list[Container]:
    """Return the containers of bonus services."""
    return [one for one in stack.containers if one.role in REQUIREMENTS]


def collect(
    machine: Machine, stack: Stack, site: Site | None, database: Database | None, candidates: Iterable[Candidate]
) -> tuple[Bonus, ...]:
    """Try each bonus service.

    Raises:
        UnseenError: the machine cannot be asked.

    """
    values = list(candidates)
    found = []
    for container in present(stack):
        if container.state != "running":
            sentence = f"the container {container.name} does not run ({container.state})"
            found.append(Bonus(REQUIREMENTS[container.role], container.service, good=False, sentence=sentence))
            continue
        if container.role == "redis":
            good, sentence = _redis(machine, container, database, values)
        elif container.role == "ftp":
            good, sentence = _ftp(machine, stack, container, values)
        elif container.role in ("adminer", "static"):
            good, sentence = _page(machine, container, site)
        else:
            good, sentence = (
                True,
                f"{container.name} runs ({container.pid_one}); what it is good for is for its author to say.",
            )
        found.append(Bonus(REQUIREMENTS[container.role], container.service, good=good, sentence=sentence))
    return tuple(found)


def _redis(
    machine: Machine, container: Container, database: Database | None, values: list[Candidate]
) -> tuple[bool | None, str]:
    passwords = [one.value for one in ranked(values, "redis")[:10]]
    keys = machine.python(_REDIS, {"container": container.name, "passwords": passwords})
    if keys is None:
        return None, f"{container.name} could not be asked for its keys: no password of the project fits"
    if database is not None and database.object_cache is False:
        return False, f"{container.name} answers with {keys} keys, but WordPress uses no object cache"
    if keys == 0:
        return False, f"{container.name} answers, but holds no key after the site was visited"
    return True, f"{container.name} holds {keys} keys, and WordPress uses an object cache."


def _ftp(machine: Machine, stack: Stack, container: Container, values: list[Candidate]) -> tuple[bool | None, str]:
    ports = [port.host for port in container.ports if port.container == 21] or [port.host for port in container.ports]
    if not ports:
        return False, f"{container.name} publishes no port, so that nobody outside reaches it"
    names = [
        value
        for variables in stack.environment.values()
        for name, value in variables.items()
        if re.search(r"FTP.*USER", name.upper()) and not name.endswith("_FILE")
    ]
    names += [one.value for one in values if re.search(r"ftp.*user|user.*ftp", one.name.lower())]
    passwords = [one.value for one in ranked(values, "ftp")[:8]]
    said = "no user of it was found in environment and secrets"
    for name in list(dict.fromkeys(names))[:3]:
        for password in passwords:
            for secure in (False, True):
                client = ftplib.FTP_TLS(context=_anything()) if secure else ftplib.FTP()  # noqa: S321 -- FTP is what is asked for
                try:
                    client.connect(machine.address, min(ports), timeout=10)
                    client.login(name, password)
                    listing = client.nlst()
                except (ftplib.Error, OSError, EOFError) as error:
                    said = f"{name} was refused: {str(error)[:120]}"
                    continue
                finally:
                    with contextlib.suppress(Exception):
                        client.close()
                if any(re.search(r"wp-(?:content|admin|includes|config)|index\.php", entry) for entry in listing):
                    return (
                        True,
                        f"{name} signs in to {container.name} and sees the site's files ({len(listing)} entries).",
                    )
                return False, f"{name} signs in to {container.name}, but does not see the site's files"
    return None, f"{container.name} answers on port {min(ports)}, but {said}"


def _anything() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _page(machine: Machine, container: Container, site: Site | None) -> tuple[bool | None, str]:
    domain = site.domain if site is not None else machine.address
    tries = [(port.host, "/", tls) for port in container.ports for tls in (True, False)]
    if site is not None:
        service = container.service
        paths = [f"/{service}/", f"/{service}", f"/{service}.php"]
        paths += (
            ["/adminer/", "/adminer", "/adminer.php"]
            if container.role == "adminer"
            else ["/static/", "/website/", "/portfolio/"]
        )
        tries += [(site.port, path, True) for path in dict.fromkeys(paths)]
    for port, path, tls in tries:
        page = fetch(machine.address, port, domain, path, tls=tls, timeout=10)
        if page.status in (301, 302, 307, 308) and page.location.startswith("/"):
            page = fetch(machine.address, port, domain, page.location, tls=tls, timeout=10)
        if page.status != 200:
            continue
        if container.role == "adminer" and re.search(r"adminer|phpmyadmin", page.title, re.IGNORECASE):
            return True, f"{page.url} shows “{page.title}”."
        if container.role == "static" and not page.wordpress:
            if "php" in container.pid_one:
                return False, f"{container.name} runs PHP (`{container.pid_one}`), but the site must not be in PHP"
            return True, f"{page.url} shows “{page.title or 'a page'}”, which WordPress did not make."
    tried = (
        ", ".join(f"{'https' if tls else 'http'}://{domain}:{port}{path}" for port, path, tls in tries)
        or "it publishes nothing"
    )
    return None, f"no page of {container.name} was found (tried: {tried})"
