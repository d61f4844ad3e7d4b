"""Where the action learns what a setting is; how it judges in a play is told in tests/templates/test_bad_settings.py."""

from __future__ import annotations

from pathlib import Path

from support import load_plugin

action = load_plugin("action/validate_settings")

SPECS = """\
argument_specs:
  main:
    options:
      redis_port: {type: int, default: 6379}
      redis_policy: {choices: [lru, lfu], default: lru}
  uninstall:
    options:
      redis_keep: {type: bool, default: false}
"""


def test_specs_come_from_every_entry_point_of_every_role(tmp_path: Path) -> None:
    (tmp_path / "redis/meta").mkdir(parents=True)
    (tmp_path / "redis/meta/argument_specs.yml").write_text(SPECS, encoding="utf-8")
    (tmp_path / "plain").mkdir()
    specs = action.load_specs(tmp_path)
    assert {name: (spec.type, spec.choices) for name, spec in specs.items()} == {
        "redis_port": ("int", ()),
        "redis_policy": ("str", ("lru", "lfu")),
        "redis_keep": ("bool", ()),
    }


def test_a_service_is_a_role_that_says_what_it_has(tmp_path: Path) -> None:
    for role in ("redis", "adminer", "host"):
        (tmp_path / role / "meta").mkdir(parents=True)
    (tmp_path / "redis/meta/service.yml").write_text("description: a cache\n", encoding="utf-8")
    (tmp_path / "adminer/meta/service.yml").write_text(
        "ports: [{setting: adminer_port, published: adminer_https_port}]\n", encoding="utf-8"
    )
    assert action.load_services(tmp_path) == {"adminer": {"adminer_port", "adminer_https_port"}, "redis": frozenset()}
