#!/usr/bin/python
"""Module: check an Inception repository against the subject and its evaluation sheet."""

from __future__ import annotations

DOCUMENTATION = r"""
module: inception_check
author: the Inception team
short_description: Check an Inception repository against the subject
description:
  - Reads the files of a repository and answers every check of the evaluation sheet that files can answer.
  - Nothing is changed and nothing of the repository is executed.
  - Runs on the controller, where the package C(inception_check) is installed; use C(delegate_to=localhost) in a play
    over other hosts.
options:
  path:
    description: The directory of the repository.
    type: path
    required: true
  date:
    description: The day for which C(penultimate release) is asked, in the form C(YYYY-MM-DD). Today when empty.
    type: str
    default: ""
  subject:
    description: The version of the subject.
    type: str
    choices: ["1", "2", "3.0", "5.0", "5.2", "5.4"]
    default: "5.4"
  external:
    description: Whether hadolint and ShellCheck are run too, where they are installed.
    type: bool
    default: false
  fail_on:
    description:
      - The least severity of a finding that makes the task fail.
      - C(never) only reports. A rule that crashes fails the task all the same.
    type: str
    choices: [error, warning, info, never]
    default: error
  ignore_rules:
    description:
      - Rules whose findings do not make the task fail, for example those on documents where a directory has none on purpose.
      - They stay in the report.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Does the same, because it changes nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
"""

EXAMPLES = r"""
- name: Check what was rendered, before anything is touched
  inception_check:
    path: "{{ playbook_dir }}/.."
  delegate_to: localhost

- name: Look at another repository without failing
  inception_check:
    path: /home/wil/inception
    date: "2026-11-23"
    fail_on: never
  register: report
"""

RETURN = r"""
findings:
  description: What was found; each with rule, requirements, severity, path, line, message, fix and suppressed.
  returned: always
  type: list
  elements: dict
checked:
  description: The ids of the requirements that were decided.
  returned: always
  type: list
  elements: str
undecided:
  description: The ids that could not be decided, with the reasons.
  returned: always
  type: dict
summary:
  description: How many findings of each severity are not suppressed.
  returned: always
  type: dict
sentences:
  description: The findings that made the task fail, one sentence each.
  returned: always
  type: list
  elements: str
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

#: The severities, the weightiest first.
ORDER = ("error", "warning", "info")


def sentences(document: dict[str, Any], fail_on: str, ignore_rules: list[str]) -> list[str]:
    """Return the findings that count, one sentence each."""
    if fail_on == "never":
        return []
    counted = ORDER[: ORDER.index(fail_on) + 1]
    found = []
    for finding in document["findings"]:
        if finding["suppressed"] is None and finding["severity"] in counted and finding["rule"] not in ignore_rules:
            place = finding["path"] if finding["line"] is None else f"{finding['path']}:{finding['line']}"
            found.append(f"{place}: {finding['message']} [{finding['rule']}]")
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "date": {"type": "str", "default": ""},
            "subject": {"type": "str", "choices": ["1", "2", "3.0", "5.0", "5.2", "5.4"], "default": "5.4"},
            "external": {"type": "bool", "default": False},
            "fail_on": {"type": "str", "choices": [*ORDER, "never"], "default": "error"},
            "ignore_rules": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        from inception_check.evidence.source import NotReadableError
        from inception_check.reports import as_json
        from inception_check.rules import all_rules
        from inception_check.runner import check
    except ImportError as error:
        module.fail_json(msg=missing_required_lib("inception_check"), exception=str(error))
        return
    given = module.params
    unknown = sorted(set(given["ignore_rules"]) - {rule.id for rule in all_rules()})
    if unknown:
        module.fail_json(msg=f"ignore_rules names unknown rules: {', '.join(unknown)}")
    try:
        day = date.fromisoformat(given["date"]) if given["date"] else date.today()
        report = check(Path(given["path"]), today=day, version=given["subject"], run_external=given["external"])
    except (NotReadableError, ValueError) as error:
        module.fail_json(msg=str(error))
        return
    document = json.loads(as_json.render(report))
    found = sentences(document, given["fail_on"], given["ignore_rules"])
    result = {
        "changed": False,
        **{key: document[key] for key in ("findings", "checked", "undecided", "summary")},
        "sentences": found,
    }
    if document["crashed"]:
        rules = ", ".join(crash["rule"] for crash in document["crashed"])
        module.fail_json(msg=f"rules crashed: {rules}", **result)
    if found:
        module.fail_json(msg=f"{len(found)} findings:\n" + "\n".join(found), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
