"""The action runs in a play, in a role, as it is used."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from support import BIN, ROOT, own_environment, run

FILES = {
    "Dockerfile.j2": "FROM {{ image }}\n{% if alpine %}\nRUN apk add nginx\n{% else %}\n    {% set manager = 'apt-get' %}\nRUN {{ manager }} install \\\n    nginx\n{% endif %}\n",
    "tools/run.sh.j2": "#!/bin/sh\necho '{{ title }}' \"\\n\"\n",
    "tools/as-is.sh": "#!/bin/sh\necho '{{ not a template }}' {% raw %}\n",
    "conf/made.j2.conf": "{{ kept }}\n",
    "conf/{{ name }}.conf": "x\n",
    "conf/no-newline.conf.j2": "end",
    "conf/empty.conf.j2": "{# nothing is left of this #}",
    "conf/number.conf.j2": "{{ 42 }}",
    ".dockerignore": "*.md\n",
}
TASKS = [
    {"name": "Render", "render_tree": {"src": "templates/context", "dest": "{{ dest }}"}, "register": "first"},
    {"name": "Render again", "render_tree": {"src": "templates/context", "dest": "{{ dest }}"}, "register": "second"},
    {"name": "Foretell", "render_tree": {"src": "templates/context", "dest": "{{ dest }}/n"}, "check_mode": True, "register": "foretold"},
    {"name": "Several", "render_tree": {"src": ["templates/context", "templates/more"], "dest": "{{ dest }}"}, "register": "several"},
    {"name": "One again", "render_tree": {"src": ["templates/context"], "dest": "{{ dest }}"}, "register": "one_again"},
    {"name": "Bring", "render_tree": {"src": "templates/context"}, "register": "brought"},
    {"name": "Below", "render_tree": {"src": "templates/more", "dest": "{{ dest }}/both", "below": {"web/context": "{{ brought }}"}, "prune": False}, "register": "below"},
    {"name": "Remember", "render_tree": {"src": "templates/more", "dest": "{{ dest }}.kept", "below": {"web": "{{ brought }}"}, "memory": "{{ dest }}.memory", "prune": False}},
    {"name": "Edit", "ansible.builtin.shell": "cd {{ dest }}.kept && echo x >> more.conf && echo x >> web/Dockerfile && echo x > web/added"},
    {"name": "Foretell the end of edits", "render_tree": {"src": "templates/more", "dest": "{{ dest }}.kept", "below": {"web": "{{ brought }}"}, "memory": "{{ dest }}.memory", "prune": False}, "check_mode": True, "register": "would_keep"},
    {"name": "End edits", "render_tree": {"src": "templates/more", "dest": "{{ dest }}.kept", "below": {"web": "{{ brought }}"}, "memory": "{{ dest }}.memory", "prune": False}, "register": "keeps"},
    {"name": "Undefined", "render_tree": {"src": "templates/undefined", "dest": "{{ dest }}"}, "register": "undefined", "ignore_errors": True},
    {"name": "Missing", "render_tree": {"src": "templates/missing", "dest": "{{ dest }}"}, "register": "missing", "ignore_errors": True},
    {"name": "Misspelt", "render_tree": {"source": "templates/context", "dest": "{{ dest }}"}, "register": "misspelt", "ignore_errors": True},
    {"name": "Tell", "ansible.builtin.copy": {"content": "{{ {'first': first, 'second': second, 'several': several, 'one_again': one_again, 'brought': brought, 'below': below, 'would_keep': would_keep, 'keeps': keeps, 'foretold': foretold, 'undefined': undefined, 'missing': missing, 'misspelt': misspelt} | to_json }}", "dest": "{{ told }}", "mode": "0644"}},
]  # fmt: skip
TITLE = "It is \\ $HOME #1 한국어"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Return the rendered directory, and what the tasks returned."""
    root = tmp_path_factory.mktemp("play")
    role = root / "roles/web"
    for name, content in FILES.items():
        path = role / "templates/context" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    # Bytes that are no text: a compiled program, which is not to be read at all.
    (role / "templates/context/tools/__pycache__").mkdir()
    (role / "templates/context/tools/__pycache__/run.cpython-311.pyc").write_bytes(b"\xa7\r\r\n\xff")
    (role / "templates/more").mkdir()
    (role / "templates/more/more.conf").write_text("more\n", encoding="utf-8")
    (role / "templates/undefined").mkdir()
    (role / "templates/undefined/a.j2").write_text("{{ nowhere_defined }}\n", encoding="utf-8")
    for name, document in {
        "roles/web/defaults/main.yml": {"image": "debian:12-slim", "alpine": False},
        "roles/web/tasks/main.yml": TASKS,
        "play.yml": [
            {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": ["web"]},
        ],
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(document), encoding="utf-8")
    variables = {
        "dest": str(root / "out"),
        "told": str(root / "told"),
        "title": TITLE,
        "ansible_python_interpreter": sys.executable,
    }
    done = run(
        [str(BIN / "ansible-playbook"), "-i", "localhost,", "-e", json.dumps(variables), str(root / "play.yml")],
        cwd=root,
        env={
            **own_environment(),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_ROLES_PATH": str(root / "roles"),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "false",
        },
    )
    assert (root / "told").exists(), done.stdout + done.stderr
    return root / "out", json.loads((root / "told").read_text(encoding="utf-8"))


def test_every_file_is_there_under_its_name(played: tuple[Path, dict[str, Any]]) -> None:
    out, _ = played
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file() and "both" not in path.parts} == {
        name.removesuffix(".j2") for name in FILES
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Dockerfile", "FROM debian:12-slim\nRUN apt-get install \\\n    nginx\n"),
        ("tools/run.sh", f"#!/bin/sh\necho '{TITLE}' \"\\n\"\n"),
        ("tools/as-is.sh", FILES["tools/as-is.sh"]),
        ("conf/made.j2.conf", FILES["conf/made.j2.conf"]),
        ("conf/no-newline.conf", "end"),
        ("conf/empty.conf", ""),
        ("conf/number.conf", "42"),
    ],
)
def test_content(played: tuple[Path, dict[str, Any]], name: str, content: str) -> None:
    assert (played[0] / name).read_text(encoding="utf-8") == content


def test_scripts_are_executable(played: tuple[Path, dict[str, Any]]) -> None:
    out, _ = played
    executable = {
        str(path.relative_to(out))
        for path in out.rglob("*")
        if path.is_file() and "both" not in path.parts and path.stat().st_mode & stat.S_IXUSR
    }
    assert executable == {"tools/run.sh", "tools/as-is.sh"}


def test_the_answers_of_the_module_are_handed_on(played: tuple[Path, dict[str, Any]]) -> None:
    out, told = played
    assert told["first"]["changed"] is True
    assert told["second"]["changed"] is False
    assert told["foretold"]["changed"] is True
    assert not (out / "n").exists()


def test_what_is_brought_is_written_by_another_task(played: tuple[Path, dict[str, Any]]) -> None:
    out, told = played
    assert told["brought"]["changed"] is False
    names = {name.removesuffix(".j2") for name in FILES}
    assert set(told["brought"]["files"]) == names
    assert set(told["below"]["changed_files"]) == {"more.conf", *(f"web/context/{name}" for name in names)}
    for name in names:
        # What looks like a template on the way is handed on as it is.
        assert (out / "both/web/context" / name).read_bytes() == told["brought"]["files"][name].encode()
    assert (out / "both/web/context/tools/as-is.sh").read_text(encoding="utf-8") == FILES["tools/as-is.sh"]


def test_several_directories_make_one_tree(played: tuple[Path, dict[str, Any]]) -> None:
    _, told = played
    assert (told["several"]["changed_files"], told["several"]["removed_files"]) == (["more.conf"], [])
    assert (told["one_again"]["changed_files"], told["one_again"]["removed_files"]) == ([], ["more.conf"])


@pytest.mark.parametrize(
    ("task", "says"),
    [("undefined", "nowhere_defined"), ("missing", "is not a directory"), ("misspelt", "source")],
)
def test_mistakes_are_told(played: tuple[Path, dict[str, Any]], task: str, says: str) -> None:
    assert played[1][task]["failed"] is True
    assert says in played[1][task]["msg"]


def test_whoever_changed_a_file_is_told_where_it_is_and_where_it_belongs(played: tuple[Path, dict[str, Any]]) -> None:
    dest, told = played
    role = dest.parent / "roles/web/templates"
    where = {
        "more.conf": role / "more/more.conf",
        "web/Dockerfile": role / "context/Dockerfile.j2",
        "web/added": role / "context/added",
    }
    assert sorted(told["keeps"]["messages"]) == sorted(
        f"{dest}.kept/{name} was {'added' if name == 'web/added' else 'changed'} by hand: that version is kept as "
        f"{dest}.memory/edited/{name}. To have it in the project for good, edit {place}."
        for name, place in where.items()
    )
    assert told["would_keep"]["messages"] == [
        m.replace(" is kept", " would be kept") for m in told["keeps"]["messages"]
    ]
    assert sorted(
        str(p.relative_to(Path(f"{dest}.memory/edited")))
        for p in (Path(f"{dest}.memory/edited")).rglob("*")
        if p.is_file()
    ) == sorted(where)
