"""``docker network ls`` shows the network of the project, and it joins the containers (E37, R18)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_evaluate.evidence import Evidence
from inception_evaluate.rule import LiveOutcome, LiveRule
from inception_evaluate.rules._common import MANDATORY, seen


def _check(evidence: Evidence) -> Iterator[LiveOutcome]:
    stack = seen(evidence.stack)
    if stack.host_network:
        yield RULE.finding(
            f"on the host's network: {', '.join(stack.host_network)}", "Join them by a network of the Compose file."
        )
        return
    own = [network for network in stack.networks if network.name not in ("bridge", "host", "none")]
    if not own:
        yield RULE.finding("the containers are on no network of their own", "Declare a network in the Compose file.")
        return
    missing = [network.name for network in own if network.name not in stack.listed_networks]
    if missing:
        yield RULE.undecided(f"`docker network ls` does not list {', '.join(missing)}")
        return
    members = [(one, {end.network for end in one.networks}) for one in stack.containers if one.role in MANDATORY]
    pairs = [("nginx", "wordpress"), ("wordpress", "mariadb")]
    by_role = {one.role: networks for one, networks in members}
    for left, right in pairs:
        if left in by_role and right in by_role and not by_role[left] & by_role[right]:
            yield RULE.finding(
                f"{left} and {right} share no network",
                "Join them by a network of the Compose file.",
                requirements=("R18",),
            )
    names = ", ".join(f"{network.name} ({network.driver}, {network.subnet})" for network in own)
    yield RULE.saw(f"`docker network ls` shows {names}; on it are {', '.join(one.name for one in stack.containers)}.")


RULE = LiveRule("network-listed", "docker network ls shows the network", ("E37", "R18"), ("stack",), _check)
