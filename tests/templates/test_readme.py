"""README.md holds what is generated, not a copy kept by hand."""

from __future__ import annotations

import subprocess

from support import BIN, ROOT


def test_the_table_of_rules_is_the_generated_one() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("<!-- rules:begin -->\n")[1].split("\n<!-- rules:end -->")[0]
    assert (
        table.strip()
        == subprocess.run(
            [BIN / "inception-check", "--list-rules"], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
