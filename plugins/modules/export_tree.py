"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: export_tree
author: the Inception team
short_description: Write a stand-alone project, and touch nothing in its directory that was not written the same way
description:
  - Judges the whole directory first, and refuses with one sentence where it holds what no earlier export wrote, or what
    was changed by hand since.
  - What an earlier export wrote and this one does not is removed, unless it was changed since. What was written is
    recorded in C(.inception-export.json) beside it.
  - It is an action plugin over M(managed_tree), for the controller.
options:
  dest:
    description: The directory. A tilde is the home of its user.
    type: path
    required: true
  files:
    description: Content by path relative to O(dest).
    type: dict
    required: true
  below:
    description: Further contents, by directory relative to O(dest).
    type: dict
    default: {}
  bundle:
    description: The directory of the bundle, which O(dest) must not lie in nor hold.
    type: path
    required: true
  force:
    description: Whether what somebody else wrote, or changed, is renamed to C(*.bak) instead of being a reason to refuse.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Refuses all the same, and tells what would be written.
  diff_mode:
    support: full
    description: Shows the difference of each file.
"""

EXAMPLES = r"""
- name: Write the submission
  export_tree:
    dest: ../inception
    files:
      Makefile: "all:\n\tdocker compose --project-directory srcs up --detach --build\n"
    bundle: "{{ playbook_dir | dirname }}"
"""

RETURN = r"""
dest:
  description: The directory, without links.
  returned: success
  type: str
replaced:
  description: The files that had another content.
  returned: success
  type: list
  elements: str
removed:
  description: The files that are not written any more.
  returned: success
  type: list
  elements: str
kept:
  description: The files that were put aside, with the name that they have now.
  returned: success
  type: list
  elements: str
"""
