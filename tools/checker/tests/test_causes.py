"""Mistakes that were made on repositories of others, each reduced to its cause, with its siblings."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from checker_trees import copy_clean, run, write
from inception_check import cli, runner
from inception_check.evidence.project import Project
from inception_check.model import Severity

COMPOSE = "srcs/docker-compose.yml"
NGINX = "srcs/requirements/nginx"
WORDPRESS = "srcs/requirements/wordpress"
STATIC = "srcs/requirements/bonus/static"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_clean(tmp_path)


def places(root: Path) -> set[tuple[str, str]]:
    report = run(root)
    assert not report.crashes
    return {(f.rule, f.path if f.line is None else f"{f.path}:{f.line}") for f in report.findings}


def rules(root: Path) -> set[str]:
    return {rule for rule, _ in places(root)}


def replace(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_text(encoding="utf-8")
    assert old in text, (path, old)
    file.write_text(text.replace(old, new), encoding="utf-8")


# -- which Compose file counts -----------------------------------------------------------------------------
HOST = "services:\n  static:\n    image: static:1\n    build: requirements/bonus/static\n    network_mode: host\n"


@pytest.mark.parametrize(
    "recipes",
    [
        "all: up\n\nup: dirs\n\t$(COMPOSE) up -d --build\n\nbonus:\n\tdocker compose -f srcs/bonus.yml up -d\n",
        "bonus:\n\tdocker compose -f srcs/bonus.yml logs\n\nall: dirs\n\t$(COMPOSE) up -d\n\n.DEFAULT_GOAL := all\n",
        "down:\n\tdocker compose -f srcs/bonus.yml down\n\nall:\n\tcd srcs && docker compose up -d\n",
        "all:\n\t$(MAKE) start\n\nbonus:\n\tdocker compose -f srcs/bonus.yml up\n\nstart: dirs\n\t$(COMPOSE) up -d\n",
    ],
)
def test_the_file_that_a_bare_make_starts_counts(recipes: str, root: Path) -> None:
    write(root, "srcs/bonus.yml", HOST)
    head = (root / "Makefile").read_text().partition("all: up")[0]
    write(root, "Makefile", f"{head}{recipes}\ndirs:\n\tsh srcs/requirements/tools/prepare.sh $(DATA)\n")
    assert rules(root) == ({"host-network"} if "srcs/bonus.yml up" in recipes else set())
    assert run(root).checked.count("R14") == 1


def test_a_bonus_file_of_its_own_is_read(root: Path) -> None:
    write(root, "srcs/bonus.yml", HOST + "    privileged: true\n    links: [nginx]\n")
    assert any("srcs/bonus.yml" in note for note in run(root).notes)
    replace(root, "Makefile", "re: fclean all", "bonus:\n\tdocker compose -f srcs/bonus.yml up -d\n\nre: fclean all")
    bonus = "srcs/bonus.yml"
    assert places(root) == {("host-network", f"{bonus}:5"), ("privileged", f"{bonus}:6"), ("links", f"{bonus}:7")}


# -- a configuration file is no start script ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "target"),
    [("nginx", "/etc/nginx/"), ("prometheus", "/etc/prometheus/"), ("redis-server", "/etc/redis-server")],
)
def test_a_configuration_in_a_directory_called_like_its_program(name: str, target: str, root: Path) -> None:
    write(root, f"{STATIC}/conf/some.conf", "server {\n  a b;\n}\n")
    replace(
        root,
        f"{STATIC}/Dockerfile",
        'CMD ["lighttpd", "-D"',
        f'COPY conf/some.conf {target}\nCMD ["{name}", "-g", "daemon off;", "-D"',
    )
    assert rules(root) == set()


# -- a branch that ends in exit is no end of the script ----------------------------------------------------
ENDINGS = [
    'if [ -x /a ]; then\n    exec nginx -g "daemon off;"\nelif [ -x /b ]; then\n    exec "$@"\nelse\n    echo no >&2\n    exit 1\nfi\n',
    'case "$1" in\nnginx) exec "$@" ;;\n*)\n    echo "usage" >&2\n    exit 2\n    ;;\nesac\n',
    'die() {\n    echo "$1" >&2\n    exit 1\n}\nif [ -x /a ]; then\n    exec "$@"\nelse\n    die "no"\nfi\n',
    '[ -x /a ] && exec "$@"\necho "no daemon" >&2\nexit 1\n',
    'main() {\n    echo start\n    exec "$@"\n}\nmain "$@"\n',
]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_branch_that_gives_up(ending: str, root: Path) -> None:
    replace(root, f"{NGINX}/tools/entrypoint.sh", 'exec "$@"\n', ending)
    assert rules(root) == set()


def test_a_branch_that_goes_on_without_a_daemon(root: Path) -> None:
    replace(
        root,
        f"{NGINX}/tools/entrypoint.sh",
        'exec "$@"\n',
        'if [ -x /a ]; then\n    exec "$@"\nelse\n    echo no\nfi\n',
    )
    assert rules(root) == {"pid-one"}


# -- what the Makefile and scripts write -------------------------------------------------------------------
ADMIN = "WP_ADMIN_USER=captain\n"
WRITES: list[tuple[str, Callable[[Path], None]]] = [
    ("Makefile:11", lambda root: replace(root, "Makefile", "dirs:\n", 'dirs:\n\techo "WP_ADMIN_USER=$(LOGIN)_admin" >> srcs/.env\n')),
    (
        "srcs/requirements/tools/prepare.sh:10",
        lambda root: replace(root, "srcs/requirements/tools/prepare.sh", "umask", 'cat > "$root/srcs/.env" <<END\nWP_ADMIN_USER=the_admin\nEND\numask'),
    ),
    (
        "srcs/requirements/tools/prepare.sh:9",
        lambda root: replace(root, "srcs/requirements/tools/prepare.sh", "umask", 'echo "admin" > "$root/secrets/wp_admin_user.txt"\numask'),
    ),
    (
        "srcs/requirements/tools/prepare.sh:9",
        lambda root: replace(root, "srcs/requirements/tools/prepare.sh", "umask", "echo WP_ADMIN_USER=Admin42 | tee -a srcs/.env\numask"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("place", "change"), WRITES)
def test_an_administrator_that_a_script_names(place: str, change: Callable[[Path], None], root: Path) -> None:
    replace(root, "srcs/.env", ADMIN, "")
    if "wp_admin_user" in (root / COMPOSE).read_text():
        pytest.fail("the clean tree has changed")
    change(root)
    if "wp_admin_user" in (root / "srcs/requirements/tools/prepare.sh").read_text():
        replace(root, f"{WORDPRESS}/tools/entrypoint.sh", '"$WP_ADMIN_USER"', '"$(cat /run/secrets/wp_admin_user)"')
        replace(
            root,
            COMPOSE,
            "      - db_password\n      - credentials\n",
            "      - db_password\n      - credentials\n      - wp_admin_user\n",
        )
        replace(
            root,
            COMPOSE,
            "secrets:\n  db_password:\n",
            "secrets:\n  wp_admin_user:\n    file: ../secrets/wp_admin_user.txt\n  db_password:\n",
        )
    found = {place for rule, place in places(root) if rule == "administrator-name"}
    assert found == {place}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("DATA_DIR=/home/$USER/data", False),
        ("DATA_DIR=$HOME/data", False),
        ("DATA_DIR=/var/data", True),
    ],
)
def test_a_place_of_the_data_that_a_script_writes(text: str, wrong: bool, root: Path) -> None:
    replace(root, "srcs/.env", "DATA_DIR=/home/wil/data\n", "")
    replace(root, "srcs/requirements/tools/prepare.sh", "umask", f'echo "{text}" >> srcs/.env\numask')
    report = run(root)
    assert ({f.rule for f in report.findings} == {"volume-path"}) == wrong
    assert "R17" in report.checked


@pytest.mark.parametrize("device", ["${PWD}/data/mariadb", "$PWD/../data/mariadb", "./data/mariadb"])
def test_a_device_below_the_working_directory(device: str, root: Path) -> None:
    replace(root, COMPOSE, "device: ${DATA_DIR}/mariadb", f"device: {device}")
    assert ("volume-path", f"{COMPOSE}:72") in places(root)


# -- images that the Makefile builds -----------------------------------------------------------------------
def test_an_image_that_the_makefile_builds(root: Path) -> None:
    write(root, "srcs/requirements/base/Dockerfile", "FROM debian:12-slim\nRUN apt-get update\n")
    replace(
        root,
        "Makefile",
        "dirs:\n",
        "dirs:\n\tdocker build -t base:1.0 srcs/requirements/base\n\tdocker build -t static:1.0 srcs/requirements/bonus/static\n",
    )
    replace(root, f"{STATIC}/Dockerfile", "FROM debian:12-slim", "FROM base:1.0")
    replace(root, COMPOSE, "    build:\n      context: requirements/bonus/static\n", "")
    assert rules(root) == set()
    replace(root, "srcs/requirements/base/Dockerfile", "debian:12-slim", "debian:11")
    assert ("base-image", "srcs/requirements/base/Dockerfile:1") in places(root)


# -- Dockerfiles -------------------------------------------------------------------------------------------
def test_an_empty_dockerfile_that_no_service_uses(root: Path) -> None:
    write(root, "srcs/requirements/bonus/ftp/Dockerfile", "")
    assert places(root) == {("dockerfile-per-service", "srcs/requirements/bonus/ftp/Dockerfile")}
    assert "E31" in run(root).findings[0].requirements


def test_a_dockerfile_inside_of_the_compose_file(root: Path) -> None:
    replace(
        root,
        COMPOSE,
        "      context: requirements/bonus/static\n",
        '      dockerfile_inline: |\n        FROM debian:12-slim\n        CMD ["lighttpd", "-D"]\n',
    )
    assert "dockerfile-per-service" in rules(root)


# -- restart -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", ["on-failure", "on-failure:5", '"on-failure"'])
def test_on_failure_does_not_come_back_after_a_reboot(policy: str, root: Path) -> None:
    text = (root / COMPOSE).read_text()
    (root / COMPOSE).write_text(text.replace("restart: unless-stopped", f"restart: {policy}", 1))
    report = run(root)
    assert [(f.rule, f.severity, f.requirements) for f in report.findings] == [
        ("restart-policy", Severity.WARNING, ("E58",))
    ]
    assert "R19" in report.checked


def test_on_failure_under_deploy(root: Path) -> None:
    text = (root / COMPOSE).read_text()
    new = "deploy:\n      restart_policy:\n        condition: on-failure"
    (root / COMPOSE).write_text(text.replace("restart: unless-stopped", new, 1))
    assert rules(root) == {"restart-policy"}


# -- .env --------------------------------------------------------------------------------------------------
def test_an_ignored_env_file_decides(root: Path) -> None:
    (root / "srcs/.env").unlink()
    replace(root, COMPOSE, "env_file: .env\n", "environment:\n      WP_USER: ${WP_USER}\n")
    assert "R32" in run(root).undecided
    write(root, ".gitignore", "/secrets/\n.env\n")
    assert "R32" in run(root).checked


def test_a_second_env_file_outside_of_srcs(root: Path) -> None:
    write(root, "site.env", "A=b\n")
    replace(root, COMPOSE, "env_file: .env\n", "env_file: [.env, ../site.env]\n")
    assert rules(root) == {"dotenv-file"}


# -- where the project lies --------------------------------------------------------------------------------
def test_a_project_in_a_subfolder_is_named_once_and_checked_there(tmp_path: Path) -> None:
    write(tmp_path, "README.md", "# My exercises\n")
    write(tmp_path, "notes/.env", "DB_PASSWORD=S3same-open\n")
    (tmp_path / "cloud").mkdir()
    copy_clean(tmp_path / "cloud")
    inside = "cloud/repository"
    assert places(tmp_path) == {("project-root", inside), ("credentials-in-git", "notes/.env:1")}
    replace(tmp_path, f"{inside}/{COMPOSE}", '      - "443:443"\n', '      - "443:443"\n      - "80:80"\n')
    assert ("published-ports", f"{inside}/{COMPOSE}:47") in places(tmp_path)


def test_several_projects_are_named(tmp_path: Path) -> None:
    copy_clean(tmp_path / "a")
    copy_clean(tmp_path / "b")
    found = [f for f in run(tmp_path).findings if f.rule == "project-root"]
    assert len(found) == 1
    assert "a/repository/, b/repository/" in found[0].message


def test_nothing_to_check_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([str(tmp_path)]) == 2
    assert "holds no file to check" in capsys.readouterr().err
    for name in ("objects/x", "refs/heads/x", "HEAD", "config"):
        write(tmp_path, name, "x")
    assert cli.main([str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert "is a bare git repository" in captured.err
    assert captured.out == ""


def test_a_file_that_cannot_be_read_ends_with_2(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Project

    def refused(path: Path, *arguments: object) -> object:
        project = opened(path, *arguments)  # type: ignore[arg-type]
        (root / "srcs/.env").unlink()
        return project

    # The file goes between the listing and the reading: the system refuses it, as it would without the right.
    monkeypatch.setattr(runner, "Project", refused)
    report = run(root)
    assert report.denied == ["srcs/.env"]
    assert report.exit_code == 2


# -- recipes -----------------------------------------------------------------------------------------------
def test_a_recipe_with_spaces(root: Path) -> None:
    replace(root, "Makefile", "\t$(COMPOSE) up", "    $(COMPOSE) up")
    assert places(root) == {("makefile", "Makefile:8")}


@pytest.mark.parametrize(
    "text",
    [
        "ifdef X\n  Y = 1\nendif\n",
        "all:\n  X := 1\n",
        "x:\n\techo a; \\\n    echo b\n",
        "define T\n    free text\nendef\n",
        "y:\n    # a remark\n",
    ],
)
def test_indented_lines_that_are_right(text: str, root: Path) -> None:
    file = root / "Makefile"
    file.write_text(file.read_text() + "\n" + text)
    assert places(root) == set()


# -- what was only warned about, or not followed -----------------------------------------------------------
@pytest.mark.parametrize("loop", ["while sleep 60; do date; done", "while sleep 1m\ndo\n    :\ndone"])
def test_a_loop_over_sleep_never_ends(loop: str, root: Path) -> None:
    replace(root, f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', f'{loop}\nexec "$@"')
    assert rules(root) == {"endless-loop"}


def test_sed_that_lets_an_old_version_of_tls_in(root: Path) -> None:
    line = "RUN sed -i 's/TLSv1.2/TLSv1.1 TLSv1.2/' /etc/nginx/nginx.conf"
    replace(root, f"{NGINX}/Dockerfile", "EXPOSE", f"{line}\nEXPOSE")
    assert rules(root) == {"tls-versions"}
    replace(root, f"{NGINX}/Dockerfile", line, "RUN sed -i 's/TLSv1 TLSv1.1 //' /etc/nginx/nginx.conf")
    assert rules(root) == set()


def test_nginx_by_an_argument_or_when_the_container_starts(root: Path) -> None:
    replace(root, f"{WORDPRESS}/tools/entrypoint.sh", "set -eu\n", "set -eu\napt-get install -y nginx\n")
    assert rules(root) == {"nginx-elsewhere"}
    replace(root, f"{WORDPRESS}/tools/entrypoint.sh", "apt-get install -y nginx\n", "")
    replace(root, f"{WORDPRESS}/Dockerfile", "WORKDIR", "ARG SERVER=nginx\nRUN apt-get install -y $SERVER\nWORKDIR")
    assert rules(root) == {"nginx-elsewhere"}


# -- what the corpus of public repositories taught ---------------------------------------------------------
def test_exec_of_no_arguments_does_nothing(root: Path) -> None:
    replace(root, f"{NGINX}/Dockerfile", 'CMD ["nginx", "-g", "daemon off;"]\n', "")
    replace(root, f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', 'nginx -g "daemon off;"\nexec "$@"')
    report = run(root)
    assert {f.message for f in report.findings if f.rule == "pid-one"} == {
        "a shell stays PID 1 of nginx, because nginx -g daemon off; is started without exec"
    }


@pytest.mark.parametrize("condition", ["$running", '[ "$running" = true ]'])
def test_a_loop_that_only_a_signal_ends(condition: str, root: Path) -> None:
    loop = f"stop() {{\n    running=false\n}}\ntrap stop TERM\nrunning=true\nwhile {condition}; do\n    date\ndone\n"
    replace(root, f"{NGINX}/tools/entrypoint.sh", 'exec "$@"', f'{loop}exec "$@"')
    assert rules(root) == {"endless-loop"}
    replace(root, f"{NGINX}/tools/entrypoint.sh", "    date\n", "    running=false\n")
    assert rules(root) == set()


def test_php_that_a_base_of_ones_own_brings(root: Path) -> None:
    base = "srcs/requirements/tools/php"
    write(root, f"{base}/Dockerfile", "FROM debian:12-slim\nCOPY php-fpm.conf www.conf /usr/local/etc/\n")
    write(root, f"{base}/php-fpm.conf", "[global]\ndaemonize = no\n")
    write(root, f"{base}/www.conf", "[www]\nlisten = 9000\n")
    replace(root, "Makefile", "\t$(COMPOSE) up", f"\tdocker build -t php-base:1 {base}\n\t$(COMPOSE) up")
    replace(root, f"{WORDPRESS}/Dockerfile", "WORKDIR", "COPY --from=php-base:1 /usr/local /usr/local\nWORKDIR")
    file = root / f"{WORDPRESS}/Dockerfile"
    file.write_text(re.sub(r'CMD \["(\S*php-fpm[\d.]*)".*', r'CMD ["\1"]', file.read_text()))
    for conf in (root / f"{WORDPRESS}/conf").iterdir():
        conf.write_text(re.sub(r"(?m)^(daemonize|listen)\b.*\n", "", conf.read_text()))
    assert not rules(root) & {"pid-one", "inner-listen"}


def test_a_volume_beside_the_data_may_lie_anywhere(root: Path) -> None:
    replace(
        root, COMPOSE, "      - mariadb:/var/lib/mysql\n", "      - mariadb:/var/lib/mysql\n      - ready:/shared\n"
    )
    replace(
        root,
        COMPOSE,
        "volumes:\n  mariadb:\n    driver: local\n",
        "volumes:\n  ready:\n  mariadb:\n    driver: local\n",
    )
    assert rules(root) == set()


def test_a_setting_that_the_makefile_writes_beside_the_passwords(root: Path) -> None:
    replace(root, "Makefile", "dirs:\n", 'dirs:\n\techo "WP_USER_NAME=someone" > secrets/credentials.txt\n')
    assert "credentials-in-git" not in rules(root)
    replace(
        root,
        "Makefile",
        '\techo "WP',
        '\techo "WP_PASSWORD=$$(openssl rand -hex 9)" > secrets/credentials.txt\n\techo "WP',
    )
    replace(root, COMPOSE, "    env_file: .env\n", "    env_file:\n      - .env\n      - ../secrets/credentials.txt\n")
    assert ("docker-secrets", "Makefile:11") in places(root)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("## Instructions", "## Docker Compose instructions", True),
        ("## Instructions", "## Build instructions", False),
    ],
)
def test_which_heading_holds_the_instructions(old: str, new: str, found: bool, root: Path) -> None:
    replace(root, "README.md", old, new)
    assert ("readme-sections" in rules(root)) == found


@pytest.mark.parametrize(
    "text",
    [
        "<!-- A virtual machine is heavier than Docker, unlike containers, which share a kernel. -->",
        "- [Containers vs. virtual machines, and which of them to use when](https://example.org/a)",
        "A project of 42 to learn Docker with different services, all of it inside of a virtual machine.",
    ],
)
def test_what_compares_nothing(text: str, root: Path) -> None:
    write(
        root,
        "README.md",
        f"*This project has been created as part of the 42 curriculum by wil*\n\n# Inception\n\n{text}\n",
    )
    assert any("virtual machines with Docker" in f.message for f in run(root).findings)


def test_addresses_tell_no_language(root: Path) -> None:
    shots = '<img alt="o" src="https://e.com/o/as/e/com/o/e/as/e.png">\n' * 12
    write(root, "README.md", f"# Inception\n\nConfiguration for a software stack.\n\n{shots}")
    assert "readme-english" not in rules(root)


def test_a_bare_shell_is_no_daemon(root: Path) -> None:
    replace(root, f"{STATIC}/Dockerfile", "CMD", "# CMD")
    assert {"E12", "R24"} <= {name for f in run(root).findings for name in f.requirements}


MKDIR = "\tmkdir -p $(DATA)/mariadb $(DATA)/wordpress\n"


@pytest.mark.parametrize(
    ("recipes", "found"),
    [
        (f"all: dirs up\n\nup:\n\t$(COMPOSE) up -d\n\ndirs:\n{MKDIR}", False),
        (f"all:\n{MKDIR}\t$(COMPOSE) up -d\n", False),
        (f"all: up dirs\n\nup:\n\t$(COMPOSE) up -d\n\ndirs:\n{MKDIR}", True),
        (f"all:\n\t$(COMPOSE) up -d\n\ninit:\n{MKDIR}", True),
        ("all:\n\t$(COMPOSE) up -d\n\ninit:\n\tsh srcs/requirements/tools/prepare.sh $(DATA)\n", True),
        ("all:\n\tmkdir -p ./srcs/data/mariadb ./srcs/data/wordpress\n\t$(COMPOSE) up -d\n", True),
        (f"help:\n\t@echo help\n\nstart:\n{MKDIR}\t$(COMPOSE) up -d\n", False),
    ],
)
def test_directories_are_made_on_the_way_and_in_time(recipes: str, found: bool, root: Path) -> None:
    head = (root / "Makefile").read_text().partition("all: up")[0]
    write(root, "Makefile", f"{head}{recipes}")
    if "prepare.sh" not in recipes:
        (root / "srcs/requirements/tools/prepare.sh").unlink()
    assert ("device-directories" in rules(root)) == found


def test_a_build_context_that_is_counted_twice(root: Path) -> None:
    replace(root, COMPOSE, "context: requirements/nginx", "context: srcs/requirements/nginx")
    ids = {name for f in run(root).findings if f.rule == "dockerfile-per-service" for name in f.requirements}
    assert ids == {"E31", "E39", "R8", "E35"}


def test_the_administrator_again_is_no_second_user(root: Path) -> None:
    file = root / f"{WORDPRESS}/tools/entrypoint.sh"
    assert "wp user create" in file.read_text()
    file.write_text(re.sub(r"wp user create (\S+)", r"wp user create $WP_ADMIN_USER", file.read_text()))
    assert "two-users" in rules(root)


def test_the_other_branch_has_nothing_to_start(root: Path) -> None:
    replace(
        root,
        f"{NGINX}/tools/entrypoint.sh",
        'exec "$@"\n',
        'if [ -e /usr/sbin/nginx ]; then\n    nginx -g "daemon off;"\nelse\n    echo "no server"\nfi\n',
    )
    assert {name for f in run(root).findings if f.rule == "pid-one" for name in f.requirements} == {"R24"}


def test_logs_are_no_data(root: Path) -> None:
    replace(root, COMPOSE, ":/var/www/html\n", ":/var/www/html\n      - /var/log/site:/var/www/html/wp-content/logs\n")
    assert rules(root) == set()


def test_a_port_that_a_script_puts_in(root: Path) -> None:
    replace(root, f"{NGINX}/conf/nginx.conf", "wordpress:9000", "wordpress:__PORT__")
    assert "service-names" not in rules(root)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("DB_ROOT_PW=1", True),
        ("WP_PASSWORD='7'", True),
        ("MYSQL_ALLOW_EMPTY_PASSWORD=1", False),
        ("MARIADB_RANDOM_ROOT_PASSWORD=1", False),
        ("DB_PASSWORD=0", False),
    ],
)
def test_a_password_of_one_digit(line: str, found: bool, root: Path) -> None:
    write(root, "srcs/.env.old", f"{line}\n")
    assert ("credentials-in-git" in rules(root)) == found
