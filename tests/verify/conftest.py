"""What all verifications share: the machine under test, its stack, and what a visitor sees of it.

The suite runs on the outer host, looks at a machine through ``docker exec`` and over the network, and
shares no code with the roles. Each test names the requirements that it decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stack import SERVICES, Settings, Stack
from support.web import Browser


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("inception")
    group.addoption("--machine", required=False, help="name of the container that is the machine")
    group.addoption("--login", default="wil")
    group.addoption("--domain", default="", help="default: <login>.42.fr")
    group.addoption("--project-dir", default="/root/inception", help="where the project is on the machine")
    group.addoption("--https-port", type=int, default=443)
    group.addoption("--site-title", default="", help="the title that the site must have")
    group.addoption("--other-ports", default="", help="ports that may be open too, with commas")
    group.addoption("--checkout", action="store_true", dest="checkout", default=True)
    group.addoption("--no-checkout", action="store_false", dest="checkout", help="srcs/ alone, no repository")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(*ids): the requirements that the test decides")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "service" in metafunc.fixturenames:
        metafunc.parametrize("service", SERVICES)


@pytest.fixture(scope="session")
def settings(request: pytest.FixtureRequest) -> Settings:
    config = request.config
    machine = config.getoption("--machine")
    if not machine:
        pytest.exit("--machine says which machine is meant", returncode=2)
    login = config.getoption("--login")
    ports = [int(port) for port in config.getoption("--other-ports").split(",") if port]
    return Settings(
        machine=machine,
        login=login,
        domain=config.getoption("--domain") or f"{login}.42.fr",
        project_dir=config.getoption("--project-dir"),
        https_port=config.getoption("--https-port"),
        site_title=config.getoption("--site-title"),
        other_ports=frozenset(ports),
        checkout=config.getoption("checkout"),
    )


@pytest.fixture(scope="session")
def stack(settings: Settings) -> Stack:
    return Stack(settings)


@pytest.fixture
def visitor(stack: Stack) -> Browser:
    return stack.browser()


@pytest.fixture(scope="session")
def administrator(stack: Stack) -> Browser:
    browser = stack.browser()
    browser.sign_in(stack.env["WP_ADMIN_USER"], stack.credentials["WP_ADMIN_PASSWORD"])
    return browser


@pytest.fixture(scope="session")
def author(stack: Stack) -> Browser:
    browser = stack.browser()
    browser.sign_in(stack.env["WP_USER"], stack.credentials["WP_USER_PASSWORD"])
    return browser


@pytest.fixture
def foreign_network(stack: Stack) -> Iterator[str]:
    name = "verify-foreign"
    stack.docker("network", "create", name)
    yield name
    stack.docker("network", "rm", name)


@pytest.fixture(scope="module")
def probe(stack: Stack, settings: Settings) -> Iterator[None]:
    """Have a plugin of the verification on the site: it tells what WordPress knows, and misbehaves at will."""
    target = f"/home/{settings.login}/data/wordpress/wp-content/mu-plugins/verify-probe.php"
    purge = ("exec", "--user", "www-data", stack.container("wordpress"), "purge-cache.sh")
    stack.execute("tee", target, data=(Path(__file__).parent / "probe.php").read_text(encoding="utf-8"))
    stack.docker(*purge)
    yield
    stack.execute("rm", target)
    stack.docker(*purge)
