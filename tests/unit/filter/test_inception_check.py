"""The checker as filters."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from support import ROOT, load_plugin

plugin = load_plugin("filter/inception_check")
CLEAN = ROOT / "tests/fixtures/checker/clean"


def test_a_clean_repository() -> None:
    report = plugin.inception_check(str(CLEAN), "2026-11-23")
    assert report["findings"] == []
    assert "E9" in report["checked"]
    assert plugin.inception_sentences(report, "info") == []


def test_an_empty_directory(tmp_path: Path) -> None:
    report = plugin.inception_check(str(tmp_path))
    sentences = plugin.inception_sentences(report)
    assert any("there is no Makefile" in sentence for sentence in sentences)
    assert len(plugin.inception_sentences(report, "info")) >= len(sentences)


def test_what_cannot_be(tmp_path: Path) -> None:
    for arguments in ((str(tmp_path / "missing"),), (str(tmp_path), "tomorrow"), (str(tmp_path), "", "4")):
        with pytest.raises(AnsibleFilterError):
            plugin.inception_check(*arguments)
    with pytest.raises(AnsibleFilterError):
        plugin.inception_sentences({"findings": []}, "fatal")


def test_the_filters_are_offered() -> None:
    assert set(plugin.FilterModule().filters()) == {"inception_check", "inception_sentences"}
