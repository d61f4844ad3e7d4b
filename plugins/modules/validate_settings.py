"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: validate_settings
author: the Inception team
short_description: Judge all settings on the controller, before anything is touched
description:
  - Takes every variable whose name begins like a role's or with C(inception_), with the defaults of all roles below it.
  - Fails with one sentence for each mistake; an unknown name is told with the nearest known one, a value of another type
    than the role's C(meta/argument_specs.yml) says with the type. What only follows from another mistake is left out.
  - Tells file and line of each, also of variables whose names are nearly a setting's, and files of variables beside the
    inventory that no group and no host is named like.
  - It is an action plugin. The target is not asked.
options: {}
attributes:
  check_mode:
    support: full
    description: It only reads.
  diff_mode:
    support: none
    description: It changes nothing.
"""

EXAMPLES = r"""
- name: Validate the settings
  validate_settings:
"""

RETURN = r"""
settings:
  description: The value of every setting by name, with everything worked out that it is made from.
  returned: success
  type: dict
places:
  description: Where each setting that is not a default was given, as file and line. Secrets in C(settings) are hidden.
  returned: success
  type: dict
msg:
  description: How many settings are sound, or what is wrong with them, a line for each mistake.
  returned: always
  type: str
"""
