"""Filters over the plain package inception_rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from ansible.errors import AnsibleFilterError

from inception_rules.dotenv_writer import quote
from inception_rules.preflight import find_obstacles
from inception_rules.releases import penultimate


def env_quote(value: object) -> str:
    """Return a value as it must stand behind ``NAME=`` in a ``.env`` file of Docker Compose."""
    try:
        return quote(value)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def penultimate_image(distribution: str, on: str = "") -> str:
    """Return the base image of a distribution's penultimate stable release (R7).

    Args:
        distribution: ``debian`` or ``alpine``.
        on: the day in the form ``YYYY-MM-DD``; today when empty.
    """
    try:
        day = date.fromisoformat(on) if on else date.today()
        release = penultimate(str(distribution), day)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    # Debian's slim variant leaves out manuals and locales, which no container reads.
    suffix = "-slim" if release.distribution == "debian" else ""
    return f"{release.distribution}:{release.version}{suffix}"


def obstacles(host: dict[str, Any], **wanted: Any) -> list[str]:
    """Return why a machine cannot take the stack, each as one sentence.

    Args:
        host: the fact ``inception_host``.
        wanted: the settings that ``inception_rules.preflight`` names.
    """
    return find_obstacles(host, wanted)


class FilterModule:
    """The filters of the bundle."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"env_quote": env_quote, "find_obstacles": obstacles, "penultimate_image": penultimate_image}
