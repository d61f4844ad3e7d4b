"""Filter: why a machine cannot take the stack, judged before anything on it is touched."""

from __future__ import annotations

DOCUMENTATION = r"""
name: find_obstacles
author: the Inception team
short_description: Why a machine cannot take the stack
description:
  - Judges what M(machine_facts) gathered of a machine against the settings.
positional: _input
options:
  _input:
    description: The fact C(inception_machine).
    type: dict
    required: true
  bundle:
    description: This bundle, as the lookup C(inception_bundle) returns it when it is given what was here last.
    type: dict
    required: true
  services:
    description: What each service says of itself, as the lookup C(inception_service) returns it.
    type: list
    elements: dict
    required: true
  project_name:
    description: The setting C(inception_project_name).
    type: str
    required: true
  project_dir:
    description: The setting C(inception_project_dir).
    type: path
    required: true
  data_dir:
    description: The setting C(inception_data_dir).
    type: path
    required: true
  login:
    description: The setting C(inception_login).
    type: str
    required: true
  database:
    description: The setting C(mariadb_database).
    type: str
    required: true
  former_database:
    description: The database that the last run wrote into C(.env); empty when there was none.
    type: str
    required: true
  base:
    description: The setting C(inception_base).
    type: str
    choices: [debian, alpine]
    required: true
  wordpress_version:
    description: The setting C(wordpress_version).
    type: str
    required: true
  wordpress_url:
    description: The setting C(wordpress_url).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Validate the machine
  ansible.builtin.fail:
    msg: "{{ obstacles | join('\n') }}"
  when: obstacles | length > 0
  vars:
    obstacles: >-
      {{ inception_machine | find_obstacles(bundle=lookup('inception_bundle', inception_machine.bundle),
      services=query('inception_service', 'nginx'), project_name='inception',
      project_dir='/opt/inception', login='wil', data_dir='/home/wil/data', database='wordpress',
      former_database='', base='debian', wordpress_version='7.0', wordpress_url='') }}
"""

RETURN = r"""
_value:
  description: One sentence for each obstacle; empty when there is none.
  type: list
  elements: str
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

SUPPORTED = {"debian": {"12", "13"}}
SUPPORTED_ARCHITECTURES = frozenset({"x86_64", "aarch64"})
#: MariaDB, PHP and NGINX idle below 200 MiB together; an image build needs the rest.
MINIMUM_MEMORY_MB = 900
#: Base, build cache, three images and room for a site; measured, with a margin of a third.
MINIMUM_DISK_MB = 4096


def find_obstacles(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return why the machine cannot take the stack, each as one sentence with the way out.

    Args:
        machine: what the module ``machine_facts`` gathered.
        wanted: in ``services`` what each service says of itself, in ``bundle`` which version this is, and the settings ``project_name``, ``data_dir``,
            ``project_dir``, ``database``, ``base``, ``login``, ``wordpress_version`` and ``wordpress_url``, and
            the ``former_database``.
    """
    found: list[str] = []
    found.extend(_bundle(machine, wanted))
    found.extend(_platform(machine))
    found.extend(_engine(machine))
    found.extend(_room(machine))
    found.extend(_ports(machine, wanted))
    found.extend(_secrets(machine, wanted))
    found.extend(_database(machine, wanted))
    found.extend(_base(machine, wanted))
    found.extend(_core(machine, wanted))
    found.extend(_foreign(machine, wanted))
    found.extend(_supply(machine))
    return found


def _bundle(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    ours, last = wanted["bundle"], machine["bundle"]
    if not ours["older"]:
        return []
    return [
        f"This bundle is {_version_of(ours)}, but {_version_of(last)} was here last, in {last.get('project_dir')}: run make "
        "there, or `make update` here; `make OLDER=1` (-e inception_older=true) goes back all the same."
    ]


def _version_of(bundle: Mapping[str, Any]) -> str:
    commit = str(bundle.get("commit", ""))[:10]
    return f"version {bundle.get('version')}{f' ({commit})' if commit else ''}"


def _platform(machine: Mapping[str, Any]) -> list[str]:
    found = []
    name, version = str(machine["distribution"]), str(machine["distribution_version"])
    if version not in SUPPORTED.get(name, set()):
        found.append(f"This machine runs {name} {version or '(rolling)'}; supported are Debian 12 and 13.")
    if machine["architecture"] not in SUPPORTED_ARCHITECTURES:
        found.append(
            f"This machine is a {machine['architecture']}; supported are {', '.join(sorted(SUPPORTED_ARCHITECTURES))}."
        )
    if machine["uid"] != 0:
        found.append(
            "Root rights are needed, and there are none: run as root, or install sudo and allow this user to use it."
        )
    return found


def _engine(machine: Mapping[str, Any]) -> list[str]:
    problem = machine["docker"]["settings_problem"]
    if not problem:
        return []
    return [f"/etc/docker/daemon.json is not what the Docker engine can read ({problem}): mend it, or move it away."]


def _room(machine: Mapping[str, Any]) -> list[str]:
    found = []
    if machine["memory_mb"] < MINIMUM_MEMORY_MB:
        found.append(f"This machine has {machine['memory_mb']} MiB of memory; at least {MINIMUM_MEMORY_MB} are needed.")
    if machine["deployed"]:
        # What is deployed already has taken its room.
        return found
    found.extend(
        f"{place['path']} has {place['free_mb']} MiB free; at least {MINIMUM_DISK_MB} are needed: "
        "make room or let the settings point to another disk."
        for place in machine["disks"]
        if place["free_mb"] < MINIMUM_DISK_MB
    )
    return found


def _ports(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    found = []
    settings = {port["published_number"]: port["published"] for s in wanted["services"] for port in s["ports"]}
    for listener in machine["listeners"]:
        if listener["project"] and listener["project"] == wanted["project_name"]:
            continue
        holder = f"the process {listener['process']}" if listener["process"] else "a process that cannot be named"
        if listener["container"]:
            holder = f"the container {listener['container']}"
        setting = settings[listener["port"]]
        found.append(f"Port {listener['port']} is taken by {holder}; stop it, or choose another {setting}.")
    return found


def _secrets(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    found = []
    directory = f"{wanted['project_dir']}/secrets"
    secrets = [secret for service in wanted["services"] for secret in service["secrets"]]
    owners = {secret["file"]: secret["owner"] for secret in secrets}
    for name, state in sorted(machine["secrets"].items()):
        if state["owner"] != owners[name]:
            found.append(
                f"{directory}/{name} belongs to the user {state['owner']}, but the containers can read only what belongs "
                f"to {owners[name] or 'root'}: chown {owners[name]} {directory}/{name}."
            )
        if state["problem"]:
            found.append(
                f"{directory}/{name} {state['problem']}; write a better value into it, or remove the file to have one made."
            )
    for secret in secrets:
        data = f"{wanted['data_dir']}/{secret['data']}"
        if secret["file"] not in machine["secrets"] and data in machine["filled_directories"]:
            found.append(
                f"{data} holds data, but {directory}/{secret['file']} is gone: put the secrets of that installation back"
                f"{_former_place(machine, wanted)}, or move the directory away to begin anew."
            )
            # The others are gone with it.
            break
    return found


def _former_place(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return where the secrets may be when the bundle was moved, as part of a sentence."""
    former = machine["bundle"].get("project_dir", wanted["project_dir"])
    return "" if former == wanted["project_dir"] else f" (it was made from {former})"


def _database(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    former, name = wanted["former_database"], wanted["database"]
    if not former or former == name or f"{wanted['data_dir']}/mariadb" not in machine["filled_directories"]:
        return []
    return [
        f"mariadb_database is {name}, but the site is in the database {former}, and a new name would begin an empty site: "
        f"set it back to {former}, or remove the site first (`make fclean`)."
    ]


#: The uid of www-data, to which the content of the site belongs, in the images of each base.
CONTENT_OWNERS = {33: "debian", 82: "alpine"}


def _base(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    former = CONTENT_OWNERS.get(machine["content_owner"], wanted["base"])
    if former == wanted["base"]:
        return []
    return [
        f"inception_base is {wanted['base']}, but the site in {wanted['data_dir']} was made with {former}, whose users have "
        f"other numbers: set it back to {former}, or remove the site first (`make fclean`)."
    ]


def _core(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    former, version = str(machine["core_version"]), str(wanted["wordpress_version"])
    # Which version another supply or another address brings is seen in the image alone, which looks itself (core.sh).
    known = machine["supply"]["resolved"] == "upstream" and version in str(wanted["wordpress_url"])
    if not known or _numbers(version) >= _numbers(former):
        return []
    return [
        f"wordpress_version is {version}, but the site runs WordPress {former}, whose database knows no way back: "
        f"set it to {former} or newer, or restore the backup that was made before {former}."
    ]


def _numbers(version: str) -> list[int]:
    """Return the numbers that a version begins with: 7.2 and 7.2-beta1 are alike."""
    leading = re.match(r"\d+(?:\.\d+)*", version)
    return [int(number) for number in leading.group().split(".")] if leading else []


def _foreign(machine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    found = [
        f"The container {name} exists and is not ours; remove it (docker rm -f {name}) or rename it."
        for name, project in sorted(machine["foreign_containers"].items())
        if not project
    ]
    others = sorted({project for project in machine["foreign_containers"].values() if project})
    found.extend(
        f"inception_project_name is {wanted['project_name']}, but containers of the project {project} bear the names that are "
        f"needed: set it back to {project} if that is this site, or else take that project down."
        for project in others
    )
    for name, volume in sorted(machine["volumes"].items()):
        device = volume["device"]
        if volume["project"] in others:
            continue
        if volume["project"] != wanted["project_name"]:
            found.append(
                f"The volume {name} exists and is not ours; remove it (docker volume rm {name}), "
                "or copy its data away first if you want to keep them."
            )
        elif device and not device.startswith(f"{wanted['data_dir']}/"):
            former = device.rsplit("/", 1)[0]
            found.append(
                f"The volume {name} keeps its data in {device}, not below {wanted['data_dir']}: to keep the site, set "
                f"inception_data_dir to {former}; to begin anew for {wanted['login']}, run `make fclean` with the former login first."
            )
    return found


def _supply(machine: Mapping[str, Any]) -> list[str]:
    unreachable: Sequence[str] = machine["supply"]["unreachable"]
    if not unreachable:
        return []
    others = {
        "upstream": "set inception_supply to distribution, or the addresses to a mirror that can be reached",
        "distribution": "see to it that the Debian archive can be reached, or set inception_apt_mirror",
    }
    chosen = machine["supply"]["resolved"]
    return [f"inception_supply is {chosen}, but {unreachable[0]} cannot be reached; {others[chosen]}."]


def obstacles(machine: dict[str, Any], **wanted: Any) -> list[str]:
    """Take the settings as keyword arguments, as a filter does."""
    return find_obstacles(machine, wanted)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"find_obstacles": obstacles}
