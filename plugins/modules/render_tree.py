"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: render_tree
author: the Inception team
short_description: Render a directory of a role, and make a directory on the target equal to it
description:
  - Renders the files whose name ends in C(.j2), takes the others as they are, and has M(managed_tree) write them, so
    that a whole tree costs one module call instead of one for each file.
  - Without O(dest) nothing is written and the target is not asked. So a role brings what is its own, and another task
    writes it O(below) its own tree.
  - It is an action plugin.
options:
  src:
    description:
      - The directory, or several, of which a later one replaces files of an earlier one. A path that is not absolute is
        looked up in the role that the task belongs to.
    type: list
    elements: path
    required: true
  dest:
    description: The directory on the target.
    type: path
  below:
    description: What such a task without O(dest) returned, by directory relative to O(dest). That directory then holds nothing else.
    type: dict
    default: {}
  prune:
    description: Whether O(dest) itself holds nothing else.
    type: bool
    default: true
  backup:
    description: As of M(managed_tree).
    type: list
    elements: str
    default: []
  memory:
    description: As of M(managed_tree).
    type: path
  remember:
    description: As of M(managed_tree).
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Tells what would change without changing it.
  diff_mode:
    support: full
    description: Shows the difference of each file.
"""

EXAMPLES = r"""
- name: Render the build context of NGINX
  render_tree:
    src: templates/context
  register: nginx

- name: Write the project
  render_tree:
    src: templates/srcs
    dest: /opt/inception/srcs
    below:
      requirements/nginx: "{{ nginx }}"
    prune: false
"""

RETURN = r"""
files:
  description: Content by path relative to O(dest).
  returned: always
  type: dict
roots:
  description: The directories that were rendered.
  returned: without O(dest)
  type: list
  elements: str
messages:
  description: A sentence for each version of a person that was kept, with the place to edit.
  returned: with O(dest)
  type: list
  elements: str
changed_files:
  description: The files written, relative to O(dest).
  returned: with O(dest)
  type: list
  elements: str
removed_files:
  description: The files removed, relative to O(dest).
  returned: with O(dest)
  type: list
  elements: str
kept_files:
  description: The files, relative to O(dest), of which a person's version was kept.
  returned: with O(dest)
  type: list
  elements: str
"""
