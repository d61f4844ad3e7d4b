"""From outside, port 443 of NGINX is the only way in (E27, E41, R35); bonus services may have ports of their own."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.model import Finding
from inception_evaluate.evidence import Evidence, Ports, Stack
from inception_evaluate.model import Container
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import MANDATORY, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack, ports = seen(evidence.stack), seen(evidence.ports)
    published = {port.host: one for one in stack.containers for port in one.ports if port.protocol == "tcp"}
    answering = sorted({port for found in ports.answering.values() for port in found})
    outside = sorted(
        {port for where, found in ports.answering.items() if not where.startswith(("127.", "::1")) for port in found}
    )
    if not ports.complete:
        yield RULE.undecided(
            "the scan of the machine's ports took too long to be complete; a filter swallows its packets"
        )
    wrong: set[str] = set()
    others = []
    for number in answering:
        finding = _wrong(number, published.get(number), stack, ports)
        if finding is not None:
            wrong.update(finding.requirements)
            yield finding
        elif number not in published:
            if number in outside:
                others.append(f"{number} ({stack.foreign_ports.get(number) or ports.owners.get(number) or 'unknown'})")
        elif published[number].role not in MANDATORY:
            others.append(f"{number} (the bonus service {published[number].service})")
    if 443 not in answering and stack.cut_off:
        yield RULE.undecided(
            "port 443 of the machine does not answer, and the stack could not download all it needs", "E27"
        )
    elif 443 not in answering:
        wrong.add("E27")
        yield RULE.finding(
            "port 443 of the machine does not answer", "Publish port 443 of NGINX.", requirements=("E27",)
        )
    if ports.complete:
        yield from _good(wrong, others, ports)


def _good(wrong: set[str], others: list[str], ports: Ports) -> Iterator[LiveOutcome]:
    """Say what a whole scan saw for the lines that nothing is wrong with."""
    tried = f"All 65,535 TCP ports of {' and '.join(ports.addresses)} were tried"
    if not wrong:
        more = f"; also answering, and not the project's way in: {', '.join(others)}" if others else ""
        yield RULE.saw(f"{tried}: of the mandatory services only port 443 answers{more}.")
        return
    for line in RULE.decides:
        if line not in wrong:
            said = "port 80 is not among those that answer" if line == "E41" else "no inner service answers"
            yield RULE.saw(f"{tried}: {said}.", line)


def _wrong(number: int, container: Container | None, stack: Stack, ports: Ports) -> Finding | None:
    """Return what is wrong with a port that answers, or None."""
    # Port 80 has a line of its own.
    lines = ("E27", "E41", "R35") if number == 80 else ("E27", "R35")
    if container is None:
        if number not in (80, 443):
            return None
        owner = stack.foreign_ports.get(number) or ports.owners.get(number) or "an unknown program"
        return RULE.finding(
            f"port {number} answers, but belongs to {owner}, not to this project",
            f"Stop what answers on port {number}.",
            requirements=lines,
        )
    if number == 80 or (container.role in MANDATORY and (container.role, number) != ("nginx", 443)):
        return RULE.finding(
            f"port {number} of the machine answers: the service {container.service} publishes it",
            f"Remove {number} from the ports of {container.service}; only NGINX publishes, and only 443.",
            requirements=lines,
        )
    return None


RULE = LiveRule("open-ports", "From outside only port 443 answers", ("E27", "E41", "R35"), ("stack", "ports"), _check)
