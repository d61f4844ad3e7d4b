from __future__ import annotations

from pathlib import Path

import pytest
from ansible.plugins.loader import lookup_loader

from support import PLUGINS, ROOT, load_plugin

plugin = load_plugin("lookup/inception_login")


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("INCEPTION_LOGIN", "SUDO_USER", "USER"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / ".login"
    monkeypatch.setattr(plugin, "MEMORY", path)
    return path


def ask() -> list[str]:
    answer: list[str] = plugin.LookupModule().run([], {})
    return answer


def test_the_login_is_remembered_at_the_root() -> None:
    assert plugin.MEMORY == ROOT / ".login"


def test_nothing_known(memory: Path) -> None:
    assert not memory.exists()
    assert ask() == ["wil"]


def test_the_file_is_read(memory: Path) -> None:
    memory.write_text("tux\n", encoding="utf-8")
    assert ask() == ["tux"]


def test_the_environment_comes_first(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.write_text("tux\n", encoding="utf-8")
    monkeypatch.setenv("INCEPTION_LOGIN", "now")
    assert ask() == ["now"]


def test_ansible_finds_it_by_its_name() -> None:
    lookup_loader.add_directory(str(PLUGINS / "lookup"))
    assert lookup_loader.find_plugin("inception_login") == str(PLUGINS / "lookup/inception_login.py")
