"""Where the action learns what a setting is; and how it judges what an inventory holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support import BIN, ROOT, load_plugin, own_environment, run

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


def test_a_file_that_nobody_reads_is_told(tmp_path: Path) -> None:
    for name in (
        "group_vars/incepton.yml",
        "group_vars/inception.yml.example",
        "group_vars/all.yml",
        "host_vars/web2.yaml",
        "host_vars/.gitkeep",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "group_vars/inception").mkdir()
    told = action.orphans(tmp_path, ["all", "ungrouped", "inception"], ["web1"])
    assert told == [
        f"{tmp_path}/group_vars/incepton.yml: the inventory has no group incepton, so nobody reads this; rename it.",
        f"{tmp_path}/host_vars/web2.yaml: the inventory has no host web2, so nobody reads this; rename it.",
    ]


#: (what a host's file holds, what the sentence about it says); the line is the first one that is not a comment.
FILES = [
    ("inception_https_port: 99999", "inception_https_port is 99999, but a port lies"),
    ("inception_https_port: abc", "inception_https_port is 'abc', but must be a whole number"),
    ("# A comment\ninception_domain: 10.0.0.1", "inception_domain is '10.0.0.1', which is an address"),
    ("inception_login: Wil", "inception_login is 'Wil', but a login"),
    ("inception_login: wil s", "inception_login is 'wil s', but a login"),
    ("inception_base: ubuntu", "inception_base is 'ubuntu', but must be one of debian, alpine"),
    ("# Both\ninception_supply: distribution\ninception_base: alpine", "Alpine has no WordPress package"),
    ("host_address: 999.1.1.1", "host_address is '999.1.1.1', which is no address"),
    ("wordpress_title: '{{ nowhere }}'", "wordpress_title cannot be worked out ('nowhere' is undefined)"),
    ("wordpress_title: '{{ 1 +'", "wordpress_title cannot be worked out ("),
    ("wordpress_title:", "wordpress_title is None, but must be text"),
    ("wordpress_title: yes", "wordpress_title is True, but must be text"),
    ("wordpress_title: [a, b]", "wordpress_title is ['a', 'b'], but must be text"),
    ("wordpres_title: x", "wordpres_title is not a setting; did you mean wordpress_title?"),
    ("Wordpress_title: x", "Wordpress_title is not a setting; did you mean wordpress_title?"),
    ("inception-https-port: 443", "inception-https-port is not a setting; did you mean inception_https_port?"),
    ("incepton_https_port: 443", "incepton_https_port is not a setting; did you mean inception_https_port?"),
    ("inception_htps_port: 443\r\n", "inception_htps_port is not a setting; did you mean inception_https_port?"),
    ("\ufeffinception_htps_port: 443", "inception_htps_port is not a setting; did you mean inception_https_port?"),
    ("mariadb_password: hunter2hunter2", "mariadb_password is not a setting"),
    ("inception_services: nginx", "inception_services is 'nginx', but must be a list"),
    ("inception_services: [nginx, redis]", "inception_services names 'redis', which is no service"),
]


def test_each_mistake_in_a_file_is_one_sentence_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "host_vars").mkdir()
    for number, (content, _) in enumerate(FILES):
        # As it is: no line ends are changed.
        (tmp_path / f"host_vars/h{number}.yml").write_bytes(content.encode())
    (tmp_path / "hosts.yml").write_text(
        "all: {hosts: {" + ", ".join(f"h{number}: {{}}" for number in range(len(FILES))) + ", sound: {}}}",
        encoding="utf-8",
    )
    (tmp_path / "play.yml").write_text(
        "- hosts: all\n  gather_facts: false\n  tasks: [{validate_settings: }]\n", encoding="utf-8"
    )
    done = run(
        [str(BIN / "ansible-playbook"), "-i", "hosts.yml", "play.yml"],
        cwd=tmp_path,
        env={**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8", "COLUMNS": "300"},
        timeout=300,
    )
    told = dict(re.findall(r"^fatal: \[(h\d+)\]: FAILED!\n  (.*)\n(?!  )", done.stdout, re.MULTILINE))
    assert "ok: [sound]" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    for number, (content, says) in enumerate(FILES):
        line = 1 + content.startswith("#")
        sentence = told.get(f"h{number}", "not told, or not in one line")
        assert sentence.startswith(f"host_vars/h{number}.yml:{line}: "), (content, sentence)
        assert says in sentence
        assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("environment", "says"),
    [("tux", "inception_login is 'wil', but LOGIN is 'tux'; change it there"), ("wil", None), ("", None)],
)
def test_a_login_that_something_else_overrides(
    environment: str, says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCEPTION_LOGIN", environment)
    problems = action.ActionModule._login_problems({"inception_login": "wil"}, given=True)
    assert len(problems) == (says is not None)
    assert all(str(says) in problem for problem in problems)


def test_a_login_that_is_nobody_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCEPTION_LOGIN", "root")
    (problem,) = action.ActionModule._login_problems({"inception_login": "wil"}, given=False)
    assert problem.startswith("LOGIN is 'root', which names no person")
