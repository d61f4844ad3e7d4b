"""A file of settings that is no YAML is told with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import BIN, ROOT, own_environment, run

BROKEN = {
    "colon": (b"wordpress_title: Tom: the site\n", 1, "Colons in unquoted values must be", "Put the value in quotes."),
    "tab": (b"a: 1\nb:\n\tc: 2\n", 3, "Tabs are usually invalid in YAML", "Indent with spaces."),
    "Latin-1": (b'a: 1\nwordpress_title: "caf\xe9"\n', 2, "this is not UTF-8", "save the file in that encoding."),
    "quote": (b'a: "b\n', 2, "quoted scalar", "Correct it there."),
    "brace": (b"a: {b: 1\nc: 2\n", 2, "", "Correct it there."),
    "indentation": (b"a: 1\n  b: 2\n", 2, "", "Correct it there."),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_file_and_line_are_told(tmp_path: Path, broken: tuple[bytes, int, str, str]) -> None:
    content, line, says, remedy = broken
    file = tmp_path / "group_vars/inception.yml"
    file.parent.mkdir()
    file.write_bytes(content)
    (tmp_path / "hosts.yml").write_text(
        "inception: {hosts: {localhost: {ansible_connection: local}}}", encoding="utf-8"
    )
    done = run(
        [str(BIN / "ansible-playbook"), "-i", str(tmp_path / "hosts.yml"), str(ROOT / "playbooks/judge.yml")],
        cwd=tmp_path,
        env={**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "INCEPTION_OUTPUT": "message"},
    )
    assert done.returncode != 0
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"[ERROR]: {file}:{line}:")
    assert says in sentence
    assert sentence.endswith(remedy)
