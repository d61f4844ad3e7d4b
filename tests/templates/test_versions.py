"""`make versions`: the pins follow the official version service, here one of the test's own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from support import BIN, ROOT, own_environment, run

PINNED = str(
    yaml.safe_load((ROOT / "roles/wordpress/defaults/main.yml").read_text(encoding="utf-8"))["wordpress_version"]
)
SERIES = PINNED.rpartition(".")[0]
ARCHIVE = b"a release" * 1000


class Service:
    """Version service and download site, as wordpress.org has them."""

    def __init__(self) -> None:
        self.versions = ["6.8.9", f"{SERIES}.10", f"{SERIES}.9", "99.0-beta1", "99.0"]
        self.sha1 = hashlib.sha1(ARCHIVE, usedforsecurity=False).hexdigest()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                offers = [{"response": "autoupdate", "version": version} for version in service.versions]
                known = {
                    "/version-check/": json.dumps({"offers": offers}).encode(),
                    f"/wordpress-{SERIES}.10.tar.gz": ARCHIVE,
                    f"/wordpress-{SERIES}.10.tar.gz.sha1": service.sha1.encode(),
                }
                if self.path == "/moved/":
                    self.send_response(302)
                    self.send_header("Location", f"http://localhost:{service.server.server_port}/version-check/")
                    self.end_headers()
                    return
                content = known.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a copy of the bundle that may be written to."""
    root = tmp_path / "bundle"
    for name in ("inventory", "languages", "playbooks", "plugins", "roles", "srcs", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns(".env", "__pycache__"))
    shutil.copy(ROOT / "ansible.cfg", root)
    return root


def update(bundle: Path, service: str, address: str) -> subprocess.CompletedProcess[str]:
    """Write addresses into the settings, and look for newer releases."""
    settings = {
        "inception_version_service": service,
        "wordpress_url": f"{address}/wordpress-{{{{ wordpress_version }}}}.tar.gz",
    }
    (bundle / "inventory/group_vars/inception.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return playbook(bundle, "playbooks/versions.yml")


def playbook(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**own_environment(), "ANSIBLE_CONFIG": f"{bundle}/ansible.cfg"}
    return run([str(BIN / "ansible-playbook"), *arguments], cwd=bundle, env=environment)


def pins(bundle: Path) -> str:
    return (bundle / "roles/wordpress/defaults/main.yml").read_text(encoding="utf-8")


def test_the_newest_of_the_series_is_pinned_with_its_checksum(bundle: Path, service: Service) -> None:
    done = update(bundle, f"{service.address}/version-check/", service.address)
    assert done.returncode == 0, done.stdout + done.stderr
    sha256 = hashlib.sha256(ARCHIVE).hexdigest()
    assert (
        f"WordPress {PINNED} becomes {SERIES}.10, SHA-256 {sha256}; now commit it. The newest of all is 99.0."
        in done.stdout
    )
    defaults = yaml.safe_load(pins(bundle))
    assert (defaults["wordpress_version"], defaults["wordpress_checksums"]) == (
        f"{SERIES}.10",
        {f"{SERIES}.10": sha256},
    )
    specs = yaml.safe_load((bundle / "roles/wordpress/meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    assert {name: options[name]["default"] for name in ("wordpress_version", "wordpress_checksums")} == {
        "wordpress_version": f"{SERIES}.10",
        "wordpress_checksums": {f"{SERIES}.10": sha256},
    }
    done = playbook(bundle, "-i", "localhost,", "playbooks/render.yml", "-e", f"render_dir={bundle}")
    assert done.returncode == 0, done.stdout + done.stderr
    example = (bundle / "srcs/.env.example").read_text(encoding="utf-8")
    assert f"WORDPRESS_VERSION={SERIES}.10\n" in example
    assert f"WORDPRESS_SHA256={sha256}\n" in example


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sha1": "0" * 40}, f"but {'0' * 40} is published beside it."),
        ({"versions": []}, "offers no release of WordPress."),
        ({"versions": [f"{SERIES}.11"]}, f"wordpress-{SERIES}.11.tar.gz and its checksum cannot be downloaded"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    bundle: Path, service: Service, change: dict[str, object], says: str
) -> None:
    for name, value in change.items():
        setattr(service, name, value)
    before = pins(bundle)
    done = update(bundle, f"{service.address}/version-check/", service.address)
    assert done.returncode != 0
    assert says in done.stdout
    assert pins(bundle) == before


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://127.0.0.1:1/", "does not tell the releases of WordPress: "),
        ("http://example.org/", "is no https address, so that anybody on the way can change what it says."),
    ],
)
def test_a_service_that_is_no_good(bundle: Path, address: str, says: str) -> None:
    done = update(bundle, address, "http://127.0.0.1:1")
    assert done.returncode != 0
    assert says in done.stdout


def test_a_service_that_leads_to_an_address_without_tls(bundle: Path, service: Service) -> None:
    done = update(bundle, f"{service.address}/moved/", service.address)
    assert done.returncode != 0
    assert "/version-check/ is no https address, so that" in done.stdout
