"""Lookup: what a service has, from its ``meta/service.yml``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inception_service
author: the Inception team
version_added: "0.2.0"
short_description: What a service has
description:
  - Reads C(roles/<service>/meta/service.yml), where a service says what it has. The roles C(inception), C(host), C(stack) and
    C(submission) go by that, so that a new service is one new role and one word in O(_terms).
  - A service may hold templates over all settings. The file is refused, with one sentence, when a key is missing, unknown or
    of another type.
  - C(description), a few words for the documents, is required.
  - C(ports) is a list. C(setting) names the setting with the port inside the network of the containers. C(published) names
    the one with the port of the machine that leads there; without it the port is not published. Both must be ports from
    1 to 65535.
  - C(networks) is a list of the networks that this service brings, each with its C(name). With C(internal), nothing is routed
    from there or to it, and the machine has no address in it.
  - C(volumes) is a list of named volumes, each with C(name), numeric C(owner) and C(group), and C(mode). The volume keeps its
    data in a directory of that name below C(inception_data_dir).
  - C(backup) is a list of those volumes whose data cannot be made anew.
  - C(dump) says that a dump of this service's database stands for the files of these volumes; C(mariadb) is the one kind
    that is known.
  - C(backup_except) is a list of paths that are not backed up, because the service makes them anew. Each begins with the
    name of the volume.
  - C(secrets) is a list of files in C(secrets/), each with C(name) (at C(/run/secrets/) in the containers), C(file),
    C(description), numeric C(owner) (0) and C(mode) (C(0400)).
  - With a C(length) a secret is generated where it is missing, from so many letters and digits; with the length 0 it is an
    empty file. With C(names) it holds several such values, one C(NAME=value) in each line.
  - Where C(data) names a volume that holds data, a secret that is missing is not made anew, because the data would be lost
    with it.
  - C(upstream_urls) is a list of addresses that must answer for the supply C(upstream).
options:
  _terms:
    description: The names of the services.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show which volumes there are
  ansible.builtin.debug:
    msg: "{{ query('inception_service', *inception_services) | map(attribute='volumes') | flatten | map(attribute='name') }}"
"""

RETURN = r"""
_raw:
  description:
    - What each service has, with its C(name), and every optional key with its default.
    - In C(ports), C(number) and C(published_number) are the values of the settings.
  type: list
  elements: dict
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.lookup import LookupBase
from ansible.template import trust_as_template

ROLES = Path(__file__).resolve().parents[2] / "roles"


def _list(**options: dict[str, Any]) -> dict[str, Any]:
    """Return the specification of a list of mappings."""
    return {"type": "list", "elements": "dict", "default": [], "options": options}


_TEXT = {"type": "str", "required": True}
_NUMBER = {"type": "int", "required": True}
#: What may stand in the file, as the specification of a module's arguments.
SPEC: dict[str, dict[str, Any]] = {
    "description": _TEXT,
    "ports": _list(setting=_TEXT, published={"type": "str"}),
    "networks": _list(name=_TEXT, internal={"type": "bool", "default": False}),
    "volumes": _list(name=_TEXT, owner=_NUMBER, group=_NUMBER, mode=_TEXT),
    "backup": {"type": "list", "elements": "str", "default": []},
    "dump": {"type": "str", "choices": ["", "mariadb"], "default": ""},
    "backup_except": {"type": "list", "elements": "str", "default": []},
    "secrets": _list(
        name=_TEXT,
        file=_TEXT,
        description=_TEXT,
        owner={"type": "int", "default": 0},
        mode={"type": "str", "default": "0400"},
        length={"type": "int"},
        names={"type": "list", "elements": "str", "default": []},
        data={"type": "str"},
    ),
    "upstream_urls": {"type": "list", "elements": "str", "default": []},
}


@cache
def _parse(path: Path, changed: int) -> Any:
    del changed
    return _trusted(yaml_load(path.read_text(encoding="utf-8")))


def _trusted(node: Any) -> Any:
    """Return what a file of ours holds, with its templates marked as such."""
    if isinstance(node, dict):
        return {key: _trusted(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_trusted(value) for value in node]
    return trust_as_template(node) if isinstance(node, str) and "{{" in node else node


def load(path: Path) -> Any:
    """Return the content of a YAML file, which is parsed again only once it has changed."""
    return _parse(path, path.stat().st_mtime_ns)


def read_service(name: str, document: object) -> dict[str, Any]:
    """Return what a service says of itself, complete and in the right types.

    Args:
        name: the name of the service.
        document: the content of its file, without templates.

    Raises:
        ValueError: the file is not as it must be; one sentence.
    """
    place = f"roles/{name}/meta/service.yml"
    if not isinstance(document, Mapping):
        raise ValueError(f"{place} must be a mapping; see `ansible-doc -t lookup inception_service`.")  # noqa: TRY004 - it is the file's value
    result = ArgumentSpecValidator(SPEC).validate(dict(document))
    if result.unsupported_parameters:
        # They are tuples of the keys that lead there.
        unknown_keys = sorted(".".join(key) if isinstance(key, tuple) else key for key in result.unsupported_parameters)
        raise ValueError(f"{place} has the unknown key {', '.join(unknown_keys)}; remove it, or correct its name.")
    if result.error_messages:
        raise ValueError(f"{place}: {result.error_messages[0].rstrip('.')}.")
    service: dict[str, Any] = {"name": name, **result.validated_parameters}
    volumes = [volume["name"] for volume in service["volumes"]]
    unknown = next((volume for volume in service["backup"] if volume not in volumes), None)
    if unknown is not None:
        raise ValueError(f"{place}: backup names {unknown}, which is none of its volumes.")
    return service


def refuse_collisions(services: Sequence[Mapping[str, Any]]) -> None:
    """Refuse services that bring something of the same name.

    Raises:
        ValueError: there are such services; one sentence.
    """
    for kind, key in (("networks", "name"), ("volumes", "name"), ("secrets", "name"), ("secrets", "file")):
        found = Counter(thing[key] for service in services for thing in service[kind])
        twice = next((name for name, count in found.items() if count > 1), None)
        if twice is not None:
            places = [s["name"] for s in services if any(thing[key] == twice for thing in s[kind])]
            raise ValueError(
                f"meta/service.yml of {' and '.join(places)}: {kind} has the {key} {twice} twice; rename one."
            )


class LookupModule(LookupBase):
    """Read and complete the files of some services."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return what the named services have, in that order."""
        del kwargs
        try:
            services = [self._service(str(name), variables or {}) for name in terms]
            refuse_collisions(services)
        except ValueError as error:
            raise AnsibleLookupError(str(error)) from error
        return services

    def _service(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return one service; where its role is not loaded, its defaults hold."""
        path = ROLES / name / "meta" / "service.yml"
        if not path.is_file():
            raise ValueError(f"{name} is no service: there is no roles/{name}/meta/service.yml.")
        defaults = ROLES / name / "defaults" / "main.yml"
        known = (load(defaults) or {}) if defaults.is_file() else {}
        templar = self._templar.copy_with_new_env(available_variables={**known, **variables})
        service = read_service(name, templar.template(load(path)))
        for port in service["ports"]:
            for kind, number in (("setting", "number"), ("published", "published_number")):
                port[number] = (
                    int(templar.template(trust_as_template(f"{{{{ {port[kind]} }}}}"))) if port[kind] else None
                )
        return service
