"""A mistake in the configuration of a service stops the build, and the site goes on.

Not collected with the rest, because images are built: ``pytest tests/verify/builds.py``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from support.stack import SERVICES, Settings, Stack, make
from support.web import Browser

#: Service, file of the service, a line at its end, and what says where the mistake is.
MISTAKES = {
    "nginx.conf": (
        "nginx",
        "conf/tls.conf",
        "ssl_protocol TLSv1.3;",
        'unknown directive "ssl_protocol" in /etc/nginx/tls.conf:',
    ),
    "template": (
        "nginx",
        "conf/site.conf.template",
        "server { listen ${NGINX_PROT} ssl; }",
        "in /run/nginx/site.conf:",
    ),
    "lua": ("nginx", "conf/waiting.lua", "waiting.wait(", "/etc/nginx/waiting.lua:"),
    "php-fpm.conf": ("wordpress", "conf/php-fpm.conf", "pm.max_kids = 3", "unknown entry 'pm.max_kids'"),
    "php.ini": ("wordpress", "conf/php.ini", "memory_limit = (", "/usr/local/etc/php/zz-wordpress.ini on line"),
    "plugin": ("wordpress", "conf/inception-core.php", "add_filter( ;", "in /mnt/inception-core.php on line"),
    "install.php": ("wordpress", "tools/install.php", "fail( ;", "in /usr/local/lib/wordpress/install.php on line"),
    "mariadb.cnf": ("mariadb", "conf/mariadb.cnf", "innodb_no_such = 1", "unknown variable 'innodb_no_such=1'"),
    "value": (
        "mariadb",
        "conf/mariadb.cnf",
        "max_connections = many",
        "option 'max_connections': unsigned value 0 adjusted",
    ),
    "client": ("mariadb", "conf/mariadb.cnf", "[client]\nno_such = 1", "unknown variable 'no_such=1'"),
}
#: Builds a service of a copy of the project, under a name of its own.
BUILD = """
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"; docker image rm inception-verify-build >/dev/null 2>&1 || :' EXIT
cp -a "$1/srcs" "$1/secrets" "$copy"
printf '%s\\n' "$4" >>"$copy/srcs/requirements/$2/$3"
printf 'services:\\n  %s:\\n    image: inception-verify-build\\n' "$2" >"$copy/build.yml"
cd "$copy/srcs"
DOCKER_BUILDKIT=1 docker compose --file docker-compose.yml --file "$copy/build.yml" build "$2" 2>&1
"""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_stops_the_build_and_is_named(stack: Stack, settings: Settings, mistake: str) -> None:
    owner, file, line, place = MISTAKES[mistake]
    done = stack.attempt("sh", "-c", BUILD, "sh", settings.project_dir, owner, file, line)
    assert done.returncode != 0
    assert place in done.stdout


def test_without_a_mistake_it_is_built(service: str, stack: Stack, settings: Settings) -> None:
    done = stack.attempt("sh", "-c", BUILD, "sh", settings.project_dir, service, "Dockerfile", "# nothing")
    assert done.returncode == 0, done.stdout


@pytest.fixture(params=["nginx.conf", "php.ini", "mariadb.cnf"])
def edited(request: pytest.FixtureRequest, stack: Stack, settings: Settings) -> Iterator[str]:
    """Have a mistake in a file of the project itself; return what says where it is."""
    owner, file, line, place = MISTAKES[request.param]
    path = shlex.quote(f"{settings.project_dir}/srcs/requirements/{owner}/{file}")
    stack.shell(f"cp -p {path} /root/verify-kept && printf '%s\\n' {shlex.quote(line)} >>{path}")
    yield place
    stack.shell(f"mv /root/verify-kept {path}")


def test_make_says_so_and_leaves_what_runs(edited: str, stack: Stack, settings: Settings, visitor: Browser) -> None:
    stack.forget()
    before = {service: stack.inspect(service) for service in SERVICES}
    said = make(stack, settings, check=False)
    assert edited in said
    assert "The build failed; what runs was left as it is." in said
    for service, facts in before.items():
        now = stack.inspect(service)
        assert (now["Id"], now["State"]["StartedAt"]) == (facts["Id"], facts["State"]["StartedAt"])
        assert stack.docker("image", "inspect", "--format", "{{.Id}}", now["Config"]["Image"]).strip() == facts["Image"]
    assert visitor.get("/").status == 200
