"""Every TLS server speaks TLS 1.2 and 1.3 only (R11)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence.nginx import Directive, NginxConfig
from inception_check.evidence.project import ConfigText, Part, Project
from inception_check.model import Context, Outcome, Rule
from inception_check.rules._common import commands_of_image

_GOOD = frozenset({"TLSv1.2", "TLSv1.3"})
_KNOWN = _GOOD | {"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"}
_REPLACED = re.compile(r"s([/|#@,:!])(?:(?!\1).)*\1((?:(?!\1).)*)\1", re.DOTALL)
_FIX = "Write ssl_protocols TLSv1.2 TLSv1.3; in the server block."


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    part = project.part("nginx")
    if part is None:
        yield RULE.undecided("no service could be recognised as NGINX")
        return
    yield from _changed(project, part)
    configs = project.nginx_configs
    if not configs:
        yield RULE.undecided("no NGINX configuration could be found")
        return
    by_name: dict[str, list[Directive]] = {}
    for text, config in configs:
        for name in {posixpath.basename(text.path), posixpath.basename(text.target)} - {""}:
            by_name.setdefault(name, []).extend(config.directives)
    inherited = _http_protocols(configs, by_name)
    servers: dict[str, list[Directive]] = {"tls": [], "plain 443": [], "plain": []}
    for _text, config in configs:
        for server in _servers(config.directives):
            children = _with_includes(server.children or [], by_name, 0)
            servers[_kind(children)].append(server)
            if servers["tls"][-1:] == [server]:
                yield from _protocols(server, [d for d in children if d.name == "ssl_protocols"] or inherited)
    if not servers["tls"]:
        yield from _without_tls(servers["plain 443"], servers["plain"])


def _protocols(server: Directive, protocols: list[Directive]) -> Iterator[Outcome]:
    if not protocols:
        yield RULE.finding(
            server.path,
            server.line,
            "the TLS server has no ssl_protocols, so that NGINX's or the distribution's default may allow TLS 1.0 and 1.1",
            _FIX,
            requirements=("R11", "E43"),
        )
        return
    last = protocols[-1]
    bad = sorted(set(last.arguments) - _GOOD)
    if any("$" in v or "{" in v for v in bad):
        yield RULE.undecided(f"ssl_protocols in {last.path} depends on a variable")
    elif any(v in _KNOWN for v in bad):
        yield RULE.finding(
            last.path, last.line, f"ssl_protocols allows {', '.join(bad)}", _FIX, requirements=("R11", "E43")
        )
    elif bad:
        yield RULE.finding(last.path, last.line, f"ssl_protocols has the unknown version {', '.join(bad)}", _FIX)


def _changed(project: Project, part: Part) -> Iterator[Outcome]:
    """Find commands of sed that let an older version in, in the image or when the container starts."""
    scripts = [s for s in project.scripts if part.home == "." or part.holds(s.path)]
    for command in (*commands_of_image(project, part), *(c for s in scripts for c in s.commands)):
        path = next((s.path for s in scripts if command in s.commands), part.dockerfile.path if part.dockerfile else "")
        for word in command.arguments if command.name == "sed" else ():
            match = _REPLACED.search(word.value)
            old = sorted(set(re.split(r"[\s;]+", match.group(2))) & (_KNOWN - _GOOD)) if match else []
            if old:
                message = f"sed writes {', '.join(old)} into the configuration"
                yield RULE.finding(path, word.line, message, _FIX, requirements=("R11", "E43"))


def _without_tls(plain_443: list[Directive], plain: list[Directive]) -> Iterator[Outcome]:
    if plain_443:
        yield RULE.finding(
            plain_443[0].path,
            plain_443[0].line,
            "the server listens on 443 without TLS",
            "Write listen 443 ssl; with ssl_certificate and ssl_certificate_key.",
        )
    elif plain:
        yield RULE.finding(
            plain[0].path,
            plain[0].line,
            "no server block uses TLS",
            "Write listen 443 ssl; with a certificate, and ssl_protocols TLSv1.2 TLSv1.3;.",
        )
    else:
        yield RULE.undecided("no server block could be found in the NGINX configuration")


def _servers(directives: list[Directive]) -> list[Directive]:
    found = []
    for directive in directives:
        if directive.name == "server" and directive.children is not None:
            found.append(directive)
        elif directive.name == "http":
            found.extend(_servers(directive.children or []))
    return found


def _with_includes(children: list[Directive], by_name: dict[str, list[Directive]], depth: int) -> list[Directive]:
    result = []
    for child in children:
        if child.name == "include" and child.arguments and depth < 5:
            result.extend(_with_includes(by_name.get(posixpath.basename(child.arguments[0]), []), by_name, depth + 1))
        else:
            result.append(child)
    return result


def _http_protocols(
    configs: list[tuple[ConfigText, NginxConfig]], by_name: dict[str, list[Directive]]
) -> list[Directive]:
    """Return the ssl_protocols that stand outside the server blocks: every server of the container inherits them."""
    found: list[Directive] = []
    for _, config in configs:
        for directive in config.directives:
            if directive.name == "http":
                inner = _with_includes(directive.children or [], by_name, 0)
                found.extend(d for d in inner if d.name == "ssl_protocols")
            elif directive.name == "ssl_protocols":
                found.append(directive)
    return found


def _kind(children: list[Directive]) -> str:
    listens = [d for d in children if d.name == "listen" and d.arguments]
    if any("ssl" in d.arguments[1:] or "quic" in d.arguments[1:] for d in listens):
        return "tls"
    if any(d.name == "ssl" and d.arguments[:1] == ("on",) for d in children):
        return "tls"
    on_443 = any(re.search(r"(?:^|:)443$", d.arguments[0]) for d in listens)
    return "plain 443" if on_443 else "plain"


RULE = Rule(
    "tls-versions",
    "NGINX speaks TLS 1.2 and TLS 1.3, and nothing older",
    ("R11",),
    _check,
    refutes=("E28", "E43"),
)
