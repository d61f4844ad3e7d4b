"""How the image of WordPress gets its parts from elsewhere: nothing but what is pinned or published comes in.

Downloads are real, from a server of the test; only the package manager is stood in for.
"""

from __future__ import annotations

import hashlib
import io
import re
import ssl
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support import ROOT, need
from support.sandbox import Sandbox

WORDPRESS = {
    "index.php": b"<?php // front",
    "wp-includes/version.php": b"<?php\n$wp_version = '7.1.4';\n",
    "wp-content/index.php": b"<?php // silence",
    "wp-content/plugins/hello/hello.php": b"<?php // hello",
    "wp-content/themes/spring/style.css": b"/* spring */",
}


def release(files: Mapping[str, bytes]) -> bytes:
    """Pack files as wordpress.org does."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"wordpress/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def language_pack(*locales: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for locale in locales:
            archive.writestr(f"{locale}.mo", locale)
    return packed.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Shelf:
    """A web server; what it has can be changed while it runs."""

    def __init__(self, certificate: Path | None = None) -> None:
        """Listen, by TLS when there is a certificate."""
        shelf = self
        self.ends_early = self.stalls = False
        self.stalls_at = ""
        self.closed = threading.Event()
        self.files = files = {
            "/wordpress.tar.gz": release(WORDPRESS),
            "/wp.phar": b"#!/usr/bin/env php",
            "/ko_KR.zip": language_pack("ko_KR", "admin-ko_KR"),
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/moved/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.removeprefix("/moved/"))
                    self.end_headers()
                    return
                content = files.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                if self.command == "HEAD":
                    return
                kept = content or b""
                stalls = shelf.stalls or shelf.stalls_at == self.path
                self.wfile.write(kept[: len(kept) // 2] if shelf.ends_early or stalls else kept)
                if stalls:
                    shelf.closed.wait(60)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.address = f"{'https' if certificate else 'http'}://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def settings(self, **others: str) -> dict[str, str]:
        """Return what the Dockerfile hands over for this server."""
        return {
            "WORDPRESS_SUPPLY": "upstream",
            "WORDPRESS_VERSION": "7.1.4",
            "WORDPRESS_URL": f"{self.address}/wordpress.tar.gz",
            "WORDPRESS_SHA256": sha256(self.files["/wordpress.tar.gz"]),
            "WP_CLI_URL": f"{self.address}/wp.phar",
            "WP_CLI_SHA256": sha256(self.files["/wp.phar"]),
            "WP_LOCALE": "en_US",
            **others,
        }


@pytest.fixture
def image(sandbox: Sandbox) -> Sandbox:
    for program in ("curl", "unzip"):
        need(program, "WordPress is fetched with it")
    sandbox.bring(ROOT / "srcs/requirements/wordpress/tools", "/usr/local/bin")
    sandbox.program("apt-get", "exit 0")
    return sandbox


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    server = Shelf()
    yield server
    server.close()


def fetch(image: Sandbox, settings: Mapping[str, str]) -> None:
    done = image.run("fetch-wordpress.sh", "/build", env=settings)
    assert done.returncode == 0, done.stderr


def refused(image: Sandbox, settings: Mapping[str, str]) -> str:
    """Fetch where it must be refused; return the last sentence."""
    done = image.run("fetch-wordpress.sh", "/build", env=settings)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1].removeprefix("wordpress: ")


def test_what_is_pinned_is_laid_out(image: Sandbox, shelf: Shelf) -> None:
    fetch(image, shelf.settings())
    build = image.path("/build")
    found = {str(path.relative_to(build)): path.read_bytes() for path in build.rglob("*") if path.is_file()}
    assert found == {
        "core/index.php": WORDPRESS["index.php"],
        "core/wp-includes/version.php": WORDPRESS["wp-includes/version.php"],
        "core/wp-content/index.php": b"<?php\n// Silence is golden.\n",
        "content/plugins/hello/hello.php": WORDPRESS["wp-content/plugins/hello/hello.php"],
        "content/themes/spring/style.css": WORDPRESS["wp-content/themes/spring/style.css"],
        "wp-cli.phar": b"#!/usr/bin/env php",
    }


@pytest.mark.parametrize("wanted", ["true", "false"])
def test_the_distribution_takes_wp_cli_where_it_is_wanted(image: Sandbox, shelf: Shelf, wanted: str) -> None:
    image.program("apt-get", 'case "$*" in *" download "*) : >wordpress.deb ;; esac')
    image.program("dpkg-deb", "exit 0")
    for name, content in WORDPRESS.items():
        image.write(f"/usr/share/wordpress/{name}", content)
    image.write("/usr/share/wordpress/wp-content/languages/de_DE.mo", "")
    settings = shelf.settings(WORDPRESS_SUPPLY="distribution", WP_CLI_WITH_DISTRIBUTION=wanted)
    done = image.run("fetch-wordpress.sh", "/build", env=settings)
    assert done.returncode == 0, done.stderr
    assert image.path("/build/core/wp-includes/version.php").exists()
    assert image.path("/build/wp-cli.phar").exists() == (wanted == "true")


def test_how_large_a_download_is_and_that_it_moves(image: Sandbox, shelf: Shelf) -> None:
    shelf.files["/wp.phar"] = b"#!" + bytes(2_500_000)
    shelf.stalls = True
    settings = shelf.settings(WORDPRESS_URL=f"{shelf.address}/wp.phar", STALL_SECONDS="3")
    done = image.run("fetch-wordpress.sh", "/build", env=settings)
    assert done.stderr.startswith(f"wordpress: downloading WordPress 7.1.4 from {shelf.address}/wp.phar\n")
    assert re.search(r"\b2441k\s", done.stderr), "the whole"
    assert re.search(r"\b1220k\s", done.stderr), "what is here"


@pytest.mark.parametrize("how", ["ends early", "stalls", "closed port"])
def test_a_download_that_does_not_arrive(image: Sandbox, shelf: Shelf, how: str) -> None:
    shelf.ends_early, shelf.stalls = how == "ends early", how == "stalls"
    address = "http://127.0.0.1:1" if how == "closed port" else shelf.address
    settings = shelf.settings(WORDPRESS_URL=f"{address}/wordpress.tar.gz", STALL_SECONDS="2")
    assert refused(image, settings) == (
        f"WordPress 7.1.4 cannot be downloaded from {address}/wordpress.tar.gz; set wordpress_url to a mirror, or "
        "inception_supply to distribution."
    )


@pytest.mark.parametrize(
    ("name", "what", "file", "setting"),
    [
        ("WORDPRESS", "WordPress 7.1.4", "wordpress.tar.gz", "wordpress"),
        ("WP_CLI", "wp-cli", "wp.phar", "wordpress_cli"),
        ("WP_LOCALE", "The translation ko_KR", "ko_KR.zip", "wordpress_language_packs"),
    ],
)
class TestPins:
    @staticmethod
    def settings(shelf: Shelf, **others: str) -> dict[str, str]:
        locale = {"WP_LOCALE_URL": f"{shelf.address}/ko_KR.zip", "WP_LOCALE_SHA256": sha256(shelf.files["/ko_KR.zip"])}
        return shelf.settings(WP_LOCALE="ko_KR", **{**locale, **others})

    def test_other_bytes_stop_the_build(
        self, image: Sandbox, shelf: Shelf, name: str, what: str, file: str, setting: str
    ) -> None:
        settings = self.settings(shelf)
        pinned = settings[f"{name}_SHA256"]
        shelf.files[f"/{file}"] += b"and more"
        got = sha256(shelf.files[f"/{file}"])
        assert refused(image, settings) == (
            f"{what} from {shelf.address}/{file} has the SHA-256 {got}, but {pinned} is pinned ({setting}_sha256): "
            "the build stops."
        )

    def test_what_is_not_there(
        self, image: Sandbox, shelf: Shelf, name: str, what: str, file: str, setting: str
    ) -> None:
        settings = self.settings(shelf)
        assert settings[f"{name}_URL"].endswith(file)
        del shelf.files[f"/{file}"]
        assert refused(image, settings) == (
            f"{what} cannot be downloaded from {shelf.address}/{file}; set {setting}_url to a mirror, or "
            "inception_supply to distribution."
        )

    def test_without_a_pin(self, image: Sandbox, shelf: Shelf, name: str, what: str, file: str, setting: str) -> None:
        said = refused(image, self.settings(shelf, **{f"{name}_SHA256": ""}))
        if name == "WORDPRESS":
            assert said == (
                f"{what} comes from {shelf.address}/{file}, which anybody on the way can change; "
                "set wordpress_sha256, or wordpress_url to an https address."
            )
        else:
            assert said == f"{what} has no address or no SHA-256; set {setting}_url and {setting}_sha256."


class TestPublished:
    """A release whose checksum is not pinned, but lies beside it on a server that its certificate vouches for."""

    @pytest.fixture
    def tls(self, image: Sandbox, tmp_path: Path) -> Iterator[Shelf]:
        need("openssl", "the server's certificate is made with it")
        certificate = tmp_path / "server.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        subprocess.run(
            [*command, *names, "-keyout", str(certificate), "-out", str(tmp_path / "ca.crt")],
            check=True,
            capture_output=True,
        )
        authority = (tmp_path / "ca.crt").read_text()
        certificate.write_text(certificate.read_text() + authority)
        image.write("/run/secrets/extra_ca", authority)
        server = Shelf(certificate)
        yield server
        server.close()

    def test_it_is_taken(self, image: Sandbox, tls: Shelf) -> None:
        digest = hashlib.sha1(tls.files["/wordpress.tar.gz"], usedforsecurity=False).hexdigest()
        tls.files["/wordpress.tar.gz.sha1"] = digest.encode()
        fetch(image, tls.settings(WORDPRESS_SHA256=""))
        assert image.path("/build/core/index.php").exists()

    def test_another_checksum_stops_the_build(self, image: Sandbox, tls: Shelf) -> None:
        tls.files["/wordpress.tar.gz.sha1"] = b"0" * 40
        said = refused(image, tls.settings(WORDPRESS_SHA256=""))
        assert said.endswith(f"but {'0' * 40} is published beside it: the build stops.")

    def test_without_a_checksum(self, image: Sandbox, tls: Shelf) -> None:
        said = refused(image, tls.settings(WORDPRESS_SHA256=""))
        assert said == f"WordPress 7.1.4 has no checksum at {tls.address}/wordpress.tar.gz.sha1; set wordpress_sha256."

    def test_a_checksum_that_stalls(self, image: Sandbox, tls: Shelf) -> None:
        tls.files["/wordpress.tar.gz.sha1"] = b"0" * 40
        tls.stalls_at = "/wordpress.tar.gz.sha1"
        said = refused(image, tls.settings(WORDPRESS_SHA256="", CHECKSUM_SECONDS="1"))
        assert said == f"WordPress 7.1.4 has no checksum at {tls.address}/wordpress.tar.gz.sha1; set wordpress_sha256."

    def test_a_detour_over_plain_http(self, image: Sandbox, tls: Shelf, shelf: Shelf) -> None:
        digest = hashlib.sha1(tls.files["/wordpress.tar.gz"], usedforsecurity=False).hexdigest()
        tls.files["/wordpress.tar.gz.sha1"] = digest.encode()
        detour = f"{tls.address}/moved/{shelf.address}/wordpress.tar.gz"
        said = refused(image, tls.settings(WORDPRESS_SHA256="", WORDPRESS_URL=detour))
        assert said.startswith(f"WordPress 7.1.4 cannot be downloaded from {detour}; ")

    def test_a_server_that_nobody_vouches_for(self, image: Sandbox, tls: Shelf) -> None:
        image.path("/run/secrets/extra_ca").unlink()
        said = refused(image, tls.settings(WORDPRESS_SHA256=""))
        assert said.startswith(f"WordPress 7.1.4 cannot be downloaded from {tls.address}/wordpress.tar.gz; ")


def test_a_translation_that_is_not_in_its_pack(image: Sandbox, shelf: Shelf) -> None:
    shelf.files["/ko_KR.zip"] = language_pack("de_DE", "admin-de_DE", "ja")
    settings = TestPins.settings(shelf)
    assert refused(image, settings) == "there is no translation ko_KR (wordpress_locale); there are: en_US de_DE ja "


def test_what_is_no_wordpress(image: Sandbox, shelf: Shelf) -> None:
    shelf.files["/wordpress.tar.gz"] = release(
        {"index.html": b"", "wp-content/plugins/x": b"", "wp-content/themes/x": b""}
    )
    assert refused(image, shelf.settings()) == (
        "what was fetched is not WordPress: wp-includes/version.php is missing."
    )


@pytest.mark.parametrize("supply", ["", "auto"])
def test_a_supply_that_is_none(image: Sandbox, shelf: Shelf, supply: str) -> None:
    assert refused(image, shelf.settings(WORDPRESS_SUPPLY=supply)) == (
        f"WORDPRESS_SUPPLY is '{supply}', but must be upstream or distribution."
    )
