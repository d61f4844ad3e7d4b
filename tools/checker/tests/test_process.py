"""Which process becomes PID 1, through shells, wrappers and scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker_trees import write
from inception_check.evidence.process import Launch, launch_of
from inception_check.evidence.project import Project


def launch(tmp_path: Path, dockerfile: str, compose: str = "", **scripts: str) -> Launch:
    """Work out the start of one service."""
    write(tmp_path, "srcs/docker-compose.yml", f"services:\n  nginx:\n    build: requirements/nginx\n{compose}")
    write(tmp_path, "srcs/requirements/nginx/Dockerfile", f"FROM debian:12\n{dockerfile}")
    for name, text in scripts.items():
        write(tmp_path, f"srcs/requirements/nginx/tools/{name}.sh", text)
    project = Project(tmp_path)
    found = launch_of(project, project.parts[0])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("dockerfile", "kind", "argv"),
    [
        ('CMD ["nginx", "-g", "daemon off;"]', "program", ("nginx", "-g", "daemon off;")),
        ("CMD nginx -g 'daemon off;'", "program", ("nginx", "-g", "daemon off;")),
        ('ENTRYPOINT ["tini", "--", "nginx"]\nCMD ["-v"]', "program", ("nginx", "-v")),
        ('ENTRYPOINT ["gosu", "www-data", "nginx"]', "program", ("nginx",)),
        ("CMD exec nginx", "program", ("nginx",)),
        ("CMD a && nginx", "child", ("nginx",)),
        ('CMD ["bash"]', "shell", ("bash",)),
        ("", "shell", ()),
        ('CMD ["sh", "/missing.sh"]', "missing", ("sh", "/missing.sh")),
    ],
)
def test_without_a_script(dockerfile: str, kind: str, argv: tuple[str, ...], tmp_path: Path) -> None:
    final = launch(tmp_path, dockerfile).finals[0]
    assert (final.kind, final.argv) == (kind, argv)


@pytest.mark.parametrize(
    "copy",
    [
        'COPY tools/run.sh /\nENTRYPOINT ["/run.sh"]',
        'COPY tools/run.sh /usr/local/bin\nENTRYPOINT ["run.sh"]',
        'COPY tools /opt/tools\nENTRYPOINT ["sh", "/opt/tools/run.sh"]',
        'WORKDIR /srv\nCOPY tools/run.sh .\nENTRYPOINT ["./run.sh"]',
        "COPY tools/run.sh /x/start\nENTRYPOINT /x/start",
        'COPY tools/run.sh /tmp/\nRUN mv /tmp/run.sh /entry.sh\nENTRYPOINT ["/entry.sh"]',
        'COPY ./tools/*.sh /scripts/\nENTRYPOINT ["/scripts/run.sh"]',
    ],
)
def test_the_script_is_found(copy: str, tmp_path: Path) -> None:
    found = launch(tmp_path, copy, run="#!/bin/sh\nexec nginx -x\n")
    assert [(f.kind, f.argv, f.line) for f in found.finals] == [("program", ("nginx", "-x"), 2)]
    assert [s.path for s in found.scripts] == ["srcs/requirements/nginx/tools/run.sh"]


@pytest.mark.parametrize(
    "copy",
    [
        "COPY tools/nginx.conf /etc/nginx/",
        "COPY tools/nginx.conf /etc/nginx",
        "COPY tools/nginx.conf tools/tls.conf /etc/nginx/",
        "COPY tools/nginx /etc/nginx/sites-available/",
        "COPY tools/nginx /etc/default/nginx",
        "COPY tools/nginx.conf.template /opt/nginx",
        "ADD tools/nginx.yml /etc/nginx/",
        "COPY <<EOF /etc/default/nginx\nDAEMON_OPTS=-g\nEOF",
        "RUN printf 'server { listen 443 ssl; }\\n' > /etc/nginx/sites-enabled/nginx",
        "RUN tee /etc/default/nginx <<EOF\nDAEMON_OPTS=-g\nEOF",
        "COPY tools/nginx.conf /tmp/\nRUN mv /tmp/nginx.conf /etc/nginx",
    ],
)
@pytest.mark.parametrize("program", ["nginx", "/usr/sbin/nginx"])
def test_a_configuration_file_is_no_script(copy: str, program: str, tmp_path: Path) -> None:
    for name in ("nginx.conf", "nginx.conf.template", "nginx", "nginx.yml", "tls.conf"):
        write(tmp_path, f"srcs/requirements/nginx/tools/{name}", "events {\n}\nhttp {\n}\n")
    found = launch(tmp_path, f'{copy}\nCMD ["{program}", "-g", "daemon off;"]')
    assert [(f.kind, f.argv) for f in found.finals] == [("program", (program, "-g", "daemon off;"))]
    assert found.scripts == []


@pytest.mark.parametrize(
    "copy",
    [
        "COPY tools/run.sh /usr/local/bin/start",
        "COPY tools/start /usr/local/bin/",
        "COPY tools/start.conf /usr/local/bin/start",
        "ENV BIN=/opt/bin\nCOPY tools/start $BIN/",
        "COPY <<EOF /usr/local/bin/start\n#!/bin/sh\nexec nginx -x\nEOF",
    ],
)
@pytest.mark.parametrize("program", ["start", "/usr/local/bin/start"])
def test_a_script_is_found_by_its_name_alone(copy: str, program: str, tmp_path: Path) -> None:
    for name in ("start", "start.conf"):
        write(tmp_path, f"srcs/requirements/nginx/tools/{name}", "#!/bin/sh\nexec nginx -x\n")
    found = launch(tmp_path, f'{copy}\nCMD ["{program}"]', run="#!/bin/sh\nexec nginx -x\n")
    assert [(f.kind, f.argv) for f in found.finals] == [("program", ("nginx", "-x"))]


def test_a_script_that_an_instruction_writes_is_found(tmp_path: Path) -> None:
    text = "RUN printf '#!/bin/sh\\nexec nginx -x\\n' > /usr/local/bin/start\nCMD [\"/usr/local/bin/start\"]"
    assert [f.argv for f in launch(tmp_path, text).finals] == [("nginx", "-x")]


def test_a_heredoc_is_a_script(tmp_path: Path) -> None:
    found = launch(tmp_path, 'COPY <<EOF /run.sh\n#!/bin/sh\nexec nginx\nEOF\nENTRYPOINT ["/run.sh"]\n')
    assert [(f.kind, f.argv, f.line) for f in found.finals] == [("program", ("nginx",), 4)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('exec "$@"', [("program", ("nginx", "-g"))]),
        ('if x; then exec a; fi\nexec "$@"', [("program", ("a",)), ("program", ("nginx", "-g"))]),
        (
            "if x; then exec a; elif y; then exec b; else echo no; exit 1; fi",
            [("program", ("a",)), ("program", ("b",))],
        ),
        ("if x; then exec a; else\nprintf no >&2\nexit 1\nfi", [("program", ("a",))]),
        ("if x; then exec a; else echo no; fi", [("program", ("a",)), ("child", ("echo", "no"))]),
        ("if x; then exec a; else b; fi\nexit 1", [("program", ("a",)), ("child", ("b",))]),
        ('set -- b c\nexec "$@"', [("program", ("b", "c"))]),
        ("main() { exec d; }\nmain", [("program", ("d",))]),
        ("D=nginx\nexec $D -x", [("program", ("nginx", "-x"))]),
        ("nginx", [("child", ("nginx",))]),
        ("nginx &\nwait", [("child", ("wait",))]),
        ('exec gosu w "$0" "$@"', []),
        ("exec > /log\nexec nginx", [("program", ("nginx",))]),
        ("nginx\necho done", [("child", ("nginx",))]),
        ('"$@"', [("child", ("nginx", "-g"))]),
        (". /other.sh\nexec nginx", [("program", ("nginx",))]),
    ],
)
def test_scripts(script: str, expected: list[tuple[str, tuple[str, ...]]], tmp_path: Path) -> None:
    text = 'COPY tools/run.sh /\nENTRYPOINT ["/run.sh"]\nCMD ["nginx", "-g"]'
    found = launch(tmp_path, text, run=f"#!/bin/sh\n{script}\n")
    assert [(f.kind, f.argv) for f in found.finals] == expected


def test_compose_replaces_the_command(tmp_path: Path) -> None:
    found = launch(tmp_path, 'CMD ["a"]', "    command: b c\n")
    assert (found.finals[0].argv, found.finals[0].path) == (("b", "c"), "srcs/docker-compose.yml")
    found = launch(tmp_path / "2", 'ENTRYPOINT ["x"]\nCMD ["a"]', "    entrypoint: [y]\n")
    assert found.finals[0].argv == ("y",)


def test_scripts_that_are_called_take_part(tmp_path: Path) -> None:
    text = 'COPY tools/ /\nENTRYPOINT ["/run.sh"]'
    found = launch(tmp_path, text, run="#!/bin/sh\nbash /setup.sh\n. /lib.sh\nexec nginx\n", setup="a &\n", lib="b\n")
    assert {s.path.rpartition("/")[2] for s in found.scripts} == {"run.sh", "setup.sh", "lib.sh"}


def test_services_that_share_a_context_keep_their_own_directory(tmp_path: Path) -> None:
    write(
        tmp_path,
        "srcs/docker-compose.yml",
        "services:\n  nginx:\n    build: {context: ., dockerfile: requirements/nginx/Dockerfile}\n",
    )
    write(
        tmp_path,
        "srcs/requirements/nginx/Dockerfile",
        'FROM debian:12\nCOPY requirements/nginx/run.sh /\nCMD ["/run.sh"]\n',
    )
    write(tmp_path, "srcs/requirements/nginx/run.sh", "#!/bin/sh\nexec nginx\n")
    project = Project(tmp_path)
    part = project.parts[0]
    assert part.home == "srcs/requirements/nginx"
    found = launch_of(project, part)
    assert found is not None
    assert found.finals[0].argv == ("nginx",)
