"""What repositories look like in practice: a change of the clean tree, and all that may be found then."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from checker_trees import copy_clean, run, write

COMPOSE = "srcs/docker-compose.yml"
MARIADB = "srcs/requirements/mariadb"
WORDPRESS = "srcs/requirements/wordpress"
NGINX = "srcs/requirements/nginx"


def places(root: Path) -> set[tuple[str, str]]:
    report = run(root)
    assert not report.crashes
    return {(f.rule, f.path if f.line is None else f"{f.path}:{f.line}") for f in report.findings}


def replace(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_text(encoding="utf-8")
    assert old in text, (path, old)
    file.write_text(text.replace(old, new), encoding="utf-8")


def line_of(root: Path, path: str, text: str) -> str:
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    return f"{path}:{next(number for number, line in enumerate(lines, start=1) if text in line)}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_clean(tmp_path)


def test_a_second_file_of_the_same_command_is_merged(root: Path) -> None:
    write(
        root, "srcs/docker-compose.bonus.yml", "services:\n  static:\n    network_mode: host\n    networks: !reset []\n"
    )
    assert places(root) == set()
    replace(
        root, "Makefile", "-f srcs/docker-compose.yml", "-f srcs/docker-compose.yml -f srcs/docker-compose.bonus.yml"
    )
    assert ("host-network", "srcs/docker-compose.bonus.yml:3") in places(root)


def test_a_file_of_another_command_is_judged_by_itself(root: Path) -> None:
    write(
        root,
        "srcs/docker-compose.dev.yml",
        "services:\n  static:\n    build: requirements/bonus/static\n    privileged: true\n",
    )
    # Nothing starts it: it is named, and not judged.
    assert places(root) == set()
    assert any("srcs/docker-compose.dev.yml" in note for note in run(root).notes)
    replace(
        root, "Makefile", "re: fclean all", "dev:\n\tdocker compose -f srcs/docker-compose.dev.yml up\n\nre: fclean all"
    )
    assert places(root) == {("privileged", "srcs/docker-compose.dev.yml:4")}


def test_the_project_directory_moves_the_paths(root: Path) -> None:
    replace(root, COMPOSE, "context: requirements/", "context: srcs/requirements/")
    replace(root, COMPOSE, "file: ../secrets/", "file: secrets/")
    replace(root, COMPOSE, "env_file: .env", "env_file: srcs/.env")
    assert any(rule == "dockerfile-per-service" for rule, _ in places(root))
    replace(root, "Makefile", "-f srcs/docker-compose.yml", "--project-directory . -f srcs/docker-compose.yml")
    assert not {rule for rule, _ in places(root)} & {"dockerfile-per-service", "compose-file"}


def test_a_service_that_is_not_there(root: Path) -> None:
    replace(root, COMPOSE, "    depends_on:\n      - wordpress\n", "    depends_on:\n      - php\n")
    assert places(root) == {("compose-file", line_of(root, COMPOSE, "- php"))}
    replace(root, COMPOSE, "      - php\n", "      php: {condition: service_started, required: false}\n")
    assert places(root) == set()


@pytest.mark.parametrize(
    "value",
    ["[pq7)Lw#x2^Vb9!mZ0&Rt", "k`2Lw#x`Vb9!mZ0&RtQe", "{x7R%q)L5w!Z9", "<t0p@98%Kettle>", "example_kettle98"],
)
def test_salts_and_credentials_that_look_like_placeholders(value: str, root: Path) -> None:
    write(root, f"{WORDPRESS}/conf/wp-config.php", f"<?php\n\ndefine('AUTH_KEY', '{value}');\n")
    assert ("credentials-in-git", f"{WORDPRESS}/conf/wp-config.php:3") in places(root)


def test_a_salt_that_the_shell_fills_in(root: Path) -> None:
    text = "cat > wp-config.php <<EOF\ndefine( 'AUTH_KEY', '1$salt' );\nEOF\n"
    replace(root, f"{WORDPRESS}/tools/entrypoint.sh", 'exec "$@"', f'{text}exec "$@"')
    assert places(root) == set()


def test_a_word_that_sed_replaces_is_no_credential(root: Path) -> None:
    write(root, f"{WORDPRESS}/conf/wp-config.php", "<?php\ndefine('DB_PASSWORD', 'dbpwtoken');\n")
    assert ("credentials-in-git", f"{WORDPRESS}/conf/wp-config.php:2") in places(root)
    line = 'sed -i "s/dbpwtoken/$(cat /run/secrets/db_password)/" wp-config.php\n'
    replace(root, f"{WORDPRESS}/tools/entrypoint.sh", 'exec "$@"', f'{line}exec "$@"')
    assert places(root) == set()


@pytest.mark.parametrize(
    "instruction",
    [
        "HEALTHCHECK CMD mysqladmin ping -uroot -pk3ttle-Drum",
        'HEALTHCHECK --interval=5s CMD ["mysqladmin", "ping", "--password=k3ttle-Drum"]',
        "HEALTHCHECK --interval=5s \\\n    CMD mysqladmin ping --password=k3ttle-Drum",
    ],
)
def test_a_password_in_a_health_check(instruction: str, root: Path) -> None:
    dockerfile = root / MARIADB / "Dockerfile"
    text = dockerfile.read_text(encoding="utf-8")
    dockerfile.write_text(f"{text.rstrip()}\n{instruction}\n", encoding="utf-8")
    (found,) = places(root)
    assert found[0] == "password-in-dockerfile"
    line = (
        (root / MARIADB / "Dockerfile").read_text(encoding="utf-8").splitlines()[int(found[1].rpartition(":")[2]) - 1]
    )
    assert "HEALTHCHECK" in line or "k3ttle" in line


def test_the_administrator_in_a_secret(root: Path) -> None:
    replace(
        root,
        COMPOSE,
        "  credentials:\n    file: ../secrets/",
        "  wp_boss:\n    file: ../secrets/boss.txt\n  credentials:\n    file: ../secrets/",
    )
    replace(root, COMPOSE, "      - credentials\n", "      - credentials\n      - wp_boss\n")
    replace(root, f"{WORDPRESS}/tools/entrypoint.sh", '"$WP_ADMIN_USER"', '"$(cat /run/secrets/wp_boss)"')
    write(root, "secrets/boss.txt", "siteadmin\n")
    assert ("administrator-name", "secrets/boss.txt:1") in places(root)
    write(root, "secrets/boss.txt", "captain\n")
    assert not any(rule == "administrator-name" for rule, _ in places(root))


def test_an_unknown_directory_of_a_bind_mount_is_left_open(root: Path) -> None:
    replace(root, COMPOSE, "      - mariadb:/var/lib/mysql\n", "      - ${SOME_DIR}/db:/var/lib/mysql\n")
    report = run(root)
    assert not any(f.rule == "volume-path" and f.path == COMPOSE for f in report.findings), report.findings


def test_a_database_that_is_not_on_its_volume(root: Path) -> None:
    replace(root, COMPOSE, "- mariadb:/var/lib/mysql", "- mariadb:/srv/data")
    assert places(root) == {("named-volumes", line_of(root, COMPOSE, "/srv/data"))}
    settings = root / MARIADB / "conf/server.cnf"
    settings.write_text(f"{settings.read_text(encoding='utf-8').rstrip()}\ndatadir = /srv/data\n", encoding="utf-8")
    assert places(root) == set()


def test_a_further_site_of_nginx_is_none_of_wordpress(root: Path) -> None:
    replace(
        root,
        COMPOSE,
        "      - wordpress:/var/www/html:ro\n",
        "      - wordpress:/var/www/html:ro\n      - ./site:/var/www/static:ro\n",
    )
    assert not any(rule == "named-volumes" for rule, _ in places(root))


def test_a_spare_configuration_is_not_judged(root: Path) -> None:
    text = (root / NGINX / "conf/nginx.conf").read_text(encoding="utf-8")
    write(root, f"{NGINX}/conf/old.conf", text.replace("TLSv1.2 TLSv1.3", "TLSv1.1").replace("TLSv1.3", "TLSv1.1"))
    assert places(root) == set()
    shutil.copy(root / NGINX / "conf/old.conf", root / NGINX / "conf/nginx.conf")
    assert any(rule == "tls-versions" for rule, _ in places(root))


def test_a_wait_in_one_branch_keeps_the_shell(root: Path) -> None:
    script = f"{MARIADB}/tools/entrypoint.sh"
    text = (root / script).read_text(encoding="utf-8")
    write(
        root,
        script,
        text.replace('exec "$@"', 'if [ -f /new ]; then\n    mariadbd &\n    wait\nelse\n    exec "$@"\nfi'),
    )
    assert ("pid-one", line_of(root, script, "    wait")) in places(root)
    write(root, script, text.replace('exec "$@"', 'if [ -f /new ]; then\n    echo new\n    wait\nfi\nexec "$@"'))
    assert not any(rule == "pid-one" for rule, _ in places(root))


def test_a_readme_with_another_name(root: Path) -> None:
    (root / "README.md").rename(root / "readme.md")
    assert ("readme-first-line", "readme.md") in {(rule, place.partition(":")[0]) for rule, place in places(root)}


def test_an_image_that_differs_in_capitals_alone(root: Path) -> None:
    replace(root, COMPOSE, "  static:\n", "  Static:\n")
    (finding,) = run(root).findings
    assert (finding.rule, finding.severity.value, finding.fix[:16]) == ("image-name", "warning", "Call the service")


def test_a_settings_file_that_the_makefile_writes(root: Path) -> None:
    (root / "srcs/.env").unlink()
    text = (root / COMPOSE).read_text(encoding="utf-8").replace("    env_file: .env\n", "")
    text = re.sub(r"\$\{DATA_DIR\}", "/home/wil/data", text)
    write(root, COMPOSE, re.sub(r"\$\{IMAGE_VERSION\}", "1.0", re.sub(r"^ .*\$\{D.*\n", "", text, flags=re.MULTILINE)))
    replace(root, COMPOSE, "    environment:\n", "")
    replace(root, "Makefile", "dirs:\n", "dirs:\n\tcp env.template srcs/.env\n")
    assert not any(rule == "dotenv-file" for rule, _ in places(root))
    replace(root, "Makefile", "\tcp env.template srcs/.env\n", "")
    assert any(rule == "dotenv-file" for rule, _ in places(root))


def test_a_key_of_the_archive_is_no_download_check(root: Path) -> None:
    dockerfile = f"{NGINX}/Dockerfile"
    text = (root / dockerfile).read_text(encoding="utf-8")
    write(
        root,
        dockerfile,
        text.replace("\nCOPY", "\nRUN curl -fsSLo /usr/share/x.gpg https://example.org/latest.tar.gz\nCOPY", 1),
    )
    assert any(rule == "downloads" for rule, _ in places(root))


def test_a_text_in_the_place_of_a_list_is_one_mistake(root: Path) -> None:
    replace(root, COMPOSE, '    ports:\n      - "443:443"\n', '    ports: "443:443"\n')
    assert places(root) == {("compose-file", line_of(root, COMPOSE, 'ports: "443:443"'))}


def test_a_port_that_docker_chooses(root: Path) -> None:
    replace(root, COMPOSE, '"443:443"', "443")
    (finding,) = run(root).findings
    assert finding.rule == "published-ports"
    assert "that Docker chooses" in finding.message


def test_the_default_of_an_option(root: Path) -> None:
    script = f"{WORDPRESS}/tools/entrypoint.sh"
    replace(root, script, '"$WP_ADMIN_PASSWORD"', '"${WP_ADMIN_PASSWORD:-kettle42}"')
    (finding,) = run(root).findings
    assert (finding.rule, finding.severity.value) == ("credentials-in-git", "warning")
    assert f"{finding.path}:{finding.line}" == line_of(root, script, "kettle42")


def test_a_dockerfile_without_a_base_is_told_once(root: Path) -> None:
    write(root, f"{NGINX}/Dockerfile", "# still to be written\n")
    assert not any(rule == "shell-as-process" for rule, _ in places(root))


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ("service nginx stop", "ends with service nginx stop, not with a daemon"),
        ("wp server --host=0.0.0.0", "wp server --host=0.0.0.0 is started without exec"),
        ("nginx -g 'daemon off;' &\nwait", "waits for the daemon that it put into the background"),
        ('exec "$@"\nexit 0', ""),
    ],
)
def test_what_a_script_ends_with(last: str, message: str, root: Path) -> None:
    script = f"{NGINX}/tools/entrypoint.sh"
    replace(root, script, 'exec "$@"', last)
    messages = [f.message for f in run(root).findings if f.rule == "pid-one"]
    assert len(messages) == bool(message)
    assert all(message in text for text in messages), messages


@pytest.mark.parametrize("program", ["./wpcli.phar", "/usr/local/bin/wp-cli.phar"])
def test_wp_cli_by_the_name_of_its_archive(program: str, root: Path) -> None:
    script = f"{WORDPRESS}/tools/entrypoint.sh"
    write(root, script, f"#!/bin/sh\n{program} core download\n{program} core install --admin_user=x\nexec php-fpm -F\n")
    assert places(root) >= {("downloads", f"{script}:2"), ("two-users", f"{script}:3")}


@pytest.mark.parametrize(
    ("name", "called"), [("_", None), ("$DOMAIN_NAME", "localhost"), ("example.org", "example.org")]
)
def test_the_name_of_the_site(name: str, called: str | None, root: Path) -> None:
    conf = f"{NGINX}/conf/nginx.conf"
    text = (root / conf).read_text(encoding="utf-8")
    write(root, conf, re.sub(r"server_name [^;]+;", f"server_name {name};", text))
    env = (root / "srcs/.env").read_text(encoding="utf-8")
    write(root, "srcs/.env", re.sub(r"(?m)^DOMAIN_NAME=.*$", "DOMAIN_NAME=localhost", env))
    messages = [f.message for f in run(root).findings if f.rule == "domain-name"]
    assert len(messages) == (called is not None)
    assert all(f"is called {called}," in message for message in messages)


def test_a_directory_of_examples_holds_no_credential(root: Path) -> None:
    write(root, "srcs/secrets-example/db_password.txt", "somelogin\n")
    assert places(root) == set()
    write(root, "srcs/passwords/db_password.txt", "somelogin\n")
    assert places(root) == {("credentials-in-git", "srcs/passwords/db_password.txt:1")}


def test_a_password_among_the_answers_to_a_program(root: Path) -> None:
    script = f"{MARIADB}/tools/secure.sh"
    write(root, script, "#!/bin/sh\nmysql_secure_installation <<E\n\nY\nkettle1234\n$ROOT_PASSWORD\nn\nE\n")
    assert places(root) == {("credentials-in-git", f"{script}:5")}


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("""CMD ["sh", "nginx -g 'daemon off;'"]""", "gives a whole command to sh as the name of a script"),
        ('ENTRYPOINT ["/usr/sbin/apache2ctl", "-D", "FOREGROUND"]', "is apache2ctl, a shell script"),
    ],
)
def test_what_a_dockerfile_starts(start: str, message: str, root: Path) -> None:
    dockerfile = (root / NGINX / "Dockerfile").read_text(encoding="utf-8")
    kept = re.sub(r"(?m)^(?:ENTRYPOINT|CMD) .*\n?", "", dockerfile)
    write(root, f"{NGINX}/Dockerfile", kept + start + "\n")
    (found,) = [f for f in run(root).findings if f.rule == "pid-one"]
    assert message in found.message
    assert f"{found.path}:{found.line}" == line_of(root, f"{NGINX}/Dockerfile", start)


def test_the_volume_of_the_site_that_nginx_alone_has(root: Path) -> None:
    service = re.compile(r"(?ms)^  wordpress:\n.*?(?=^  \w|^\w)")
    text = (root / COMPOSE).read_text(encoding="utf-8")
    text = service.sub(lambda m: re.sub(r"(?m)^    volumes:\n(?:      .*\n)+", "", m.group()), text)
    write(root, COMPOSE, text.replace("${DATA_DIR}/wordpress", "/elsewhere/wordpress"))
    assert ("volume-path", line_of(root, COMPOSE, "/elsewhere/wordpress")) in places(root)


def test_a_section_in_the_plural(root: Path) -> None:
    replace(root, "README.md", "## Description\n", "## Descriptions\n")
    assert places(root) == set()
