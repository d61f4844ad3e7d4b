"""README.md holds what is generated, not a copy kept by hand."""

from __future__ import annotations

from pathlib import Path

from inception_check.cli import rule_table


def test_the_table_of_rules_is_the_generated_one() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert text.split("<!-- rules:begin -->\n")[1].split("<!-- rules:end -->")[0] == rule_table()
