"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: dotenv_edits
author: the Inception team
short_description: Find out which settings a person has changed in srcs/.env
description:
  - Compares the file with what the last run wrote. A value that was changed in the file alone is taken over, one that was
    changed in the settings too is not.
  - Which setting a variable comes from is read from the templates of C(.env).
  - Fails where something was changed that cannot be taken over, for example the login.
  - It is an action plugin. The target is not asked, and nothing is written.
options:
  env:
    description: The entry C(environment) of the fact that M(machine_facts) fills.
    type: dict
    required: true
  settings:
    description: All settings, as M(validate_settings) returned them.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: It only reads.
  diff_mode:
    support: none
    description: It changes nothing.
"""

EXAMPLES = r"""
- name: Find out what was changed in srcs/.env
  dotenv_edits:
    env: "{{ inception_machine.environment }}"
    settings: "{{ validated.settings }}"
  register: edits
"""

RETURN = r"""
settings:
  description: The settings that are to be set, by name.
  returned: success
  type: dict
messages:
  description: What there is to tell the person, a sentence each.
  returned: success
  type: list
  elements: str
added:
  description: The assignments that a person has added, as they are written.
  returned: success
  type: list
  elements: str
former:
  description: The values that the last run wrote, by the name of the variable; those of the file where nothing is remembered.
  returned: success
  type: dict
remember:
  description: What the next run needs to know; the option C(remember) of M(render_tree) takes it.
  returned: success
  type: dict
"""
