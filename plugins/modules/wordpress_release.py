#!/usr/bin/python
"""Module: find the newest release of a series of WordPress, and its checksum."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wordpress_release
author: the Inception team
short_description: Find the newest release of a series of WordPress, and its checksum
description:
  - Asks the official version service, downloads the newest release of the series, and holds it against the SHA-1 that
    is published beside it. Nothing is written.
options:
  service:
    description: The address of the version service.
    type: str
    required: true
  version:
    description: The release that is pinned, whose series counts.
    type: str
    required: true
  url:
    description: The address of that release. The newer one has the same with its own version.
    type: str
    required: true
  timeout:
    description: How many seconds a server may be silent.
    type: int
    default: 30
attributes:
  check_mode:
    support: full
    description: It only reads.
  diff_mode:
    support: none
    description: It changes nothing.
"""

EXAMPLES = r"""
- name: Find the newest release
  wordpress_release:
    service: https://api.wordpress.org/core/version-check/1.7/
    version: 7.1.4
    url: https://wordpress.org/wordpress-7.1.4.tar.gz
  register: release
"""

RETURN = r"""
former:
  description: The release that is pinned.
  returned: always
  type: str
version:
  description: The newest release of the series, or the pinned one.
  returned: always
  type: str
sha256:
  description: Its SHA-256.
  returned: always
  type: str
newest:
  description: The newest release of all.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.wordpress_releases import ReleaseError, checked_sha256, newest_of_series, offered


def find(service: str, version: str, url: str, timeout: int) -> dict[str, str]:
    """Return the newest release of a version's series with its SHA-256, and the newest of all.

    Raises:
        ReleaseError: the service or the release cannot be used.
    """
    versions = offered(service, timeout)
    if not versions:
        raise ReleaseError(f"{service} offers no release of WordPress.")
    found = newest_of_series(version, versions)
    if version not in url:
        raise ReleaseError(f"wordpress_url is {url}, which does not name {version}: where is {found} to come from?")
    sha256 = checked_sha256(url.replace(version, found), timeout)
    return {"former": version, "version": found, "sha256": sha256, "newest": versions[-1]}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "service": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "url": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    try:
        found = find(**module.params)
    except ReleaseError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
