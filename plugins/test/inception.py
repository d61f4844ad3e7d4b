"""Tests over the plain package inception_check, for names, images, bases and settings files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from ansible.errors import AnsibleFilterError

from inception_check.names import holds_admin
from inception_check.releases import penultimate

# Ansible loads every test anew for each task. The rules, which bring all parsers along, are imported where
# they are used.


def allowed_admin_name(name: object) -> bool:
    """Tell whether the WordPress administrator may be called so (R26)."""
    return bool(str(name)) and not holds_admin(str(name))


def tagged_image(reference: object) -> bool:
    """Tell whether an image reference names a version, which ``latest`` is not (R29)."""
    from inception_check.rules.latest_tag import tag_of

    tag = tag_of(str(reference))
    return tag is not None and tag.lower() != "latest"


def penultimate_base(reference: object, on: str = "") -> bool:
    """Tell whether a base image is the penultimate stable release of Alpine or Debian on a day (R7).

    Args:
        reference: for example ``debian:12-slim``.
        on: the day in the form ``YYYY-MM-DD``; today when empty.
    """
    from inception_check.rules.base_image import release_of

    distribution, _, tag = str(reference).partition(":")
    if distribution not in {"alpine", "debian"}:
        return False
    try:
        day = date.fromisoformat(str(on)) if on else date.today()
        return release_of(distribution, tag, day) == penultimate(distribution, day).version
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def valid_dotenv(text: object) -> bool:
    """Tell whether Compose would read a text as a ``.env`` file (R32)."""
    from inception_check.evidence.dotenv import parse_dotenv

    return not parse_dotenv(str(text)).problems


class TestModule:
    """The tests of the bundle."""

    #: Its name is given by Ansible; pytest must not take it for a test.
    __test__ = False

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Return the tests by name."""
        return {
            "allowed_admin_name": allowed_admin_name,
            "penultimate_base": penultimate_base,
            "tagged_image": tagged_image,
            "valid_dotenv": valid_dotenv,
        }
