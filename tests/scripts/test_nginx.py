"""The scripts of NGINX's image, with the real openssl; NGINX itself is stood in for."""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
from pathlib import Path

import pytest

from support import ROOT, need, wait_until
from support.sandbox import Sandbox

NGINX = ROOT / "srcs/requirements/nginx"
VALUES = {
    "DOMAIN_NAME": "wil.42.fr",
    "HTTPS_PORT": "443",
    "NGINX_PORT": "4443",
    "PHP_FPM_PORT": "9001",
    "UPLOAD_LIMIT_MB": "64",
    "PAGE_CACHE": "true",
}


@pytest.fixture
def image(sandbox: Sandbox) -> Sandbox:
    """Return what the image of NGINX holds that the scripts use, and the secrets of the container."""
    need("openssl", "hsts.sh reads certificates with it")
    need("envsubst", "the entrypoint fills the template with it (Debian package gettext-base)")
    sandbox.bring(NGINX / "conf", "/etc/nginx")
    sandbox.bring(NGINX / "tools", "/usr/local/bin")
    # Refuses where a test says so; tells how it was called.
    sandbox.program("nginx", 'echo "nginx $*"', "[ ! -e /test/refuse ] || { echo '[emerg] no' >&2; exit 1; }")
    sandbox.path("/run/nginx").mkdir()
    certify(sandbox, "/O=Inception local certificate")
    return sandbox


def certify(image: Sandbox, subject: str) -> None:
    """Give NGINX a self-signed certificate."""
    image.path("/run/secrets").mkdir(exist_ok=True)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", "/run/secrets/tls_key", "-out", "/run/secrets/tls_certificate"]
    assert image.run(*command, *files, "-subj", subject).returncode == 0


def test_whatever_has_error_pages_of_its_own_tells_the_limit_of_uploads() -> None:
    # NGINX hands the server's error pages on only to a location that has none.
    for path in (NGINX / "conf").rglob("*.conf"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"^\s*error_page ", text, re.MULTILINE):
            assert "error_page 413 $too_large;" in text or "include /etc/nginx/wait.conf;" in text, path


class TestEntrypoint:
    def test_former_names_are_led_to_the_present_one(self, image: Sandbox) -> None:
        image.ok("entrypoint.sh", env={**VALUES, "FORMER_DOMAINS": "tux.42.fr old.example.org"})
        site = image.path("/run/nginx/site.conf").read_text()
        assert "server_name tux.42.fr old.example.org;\n    return 301 https://wil.42.fr$request_uri;" in site

    @pytest.mark.parametrize(
        ("given", "names"),
        [("wil.42.fr", "former.invalid"), (" ", "former.invalid"), ("tux.42.fr wil.42.fr  tux.42.fr", "tux.42.fr")],
    )
    def test_the_present_name_leads_nowhere_else(self, image: Sandbox, given: str, names: str) -> None:
        image.ok("entrypoint.sh", env={**VALUES, "FORMER_DOMAINS": given})
        site = image.path("/run/nginx/site.conf").read_text()
        assert f"server_name {names};\n    return 301" in site

    def test_a_former_name_that_is_none(self, image: Sandbox) -> None:
        done = image.run("entrypoint.sh", env={**VALUES, "FORMER_DOMAINS": "tux.42.fr; return 200"})
        assert done.returncode == 1
        assert "FORMER_DOMAINS must be host names" in done.stderr

    def test_every_name_is_filled_in(self, image: Sandbox) -> None:
        said = image.ok("entrypoint.sh", env=VALUES)
        assert said == "nginx -e stderr -g daemon off;\n"
        site = image.path("/run/nginx/site.conf").read_text()
        assert re.findall(r"\$\{[A-Z_]+\}", site) == [], "NGINX's own variables have small letters"
        assert site.count("listen 4443 ssl http2") == 3
        assert "server_name wil.42.fr;" in site
        assert "server_name former.invalid;" in site, "no name that anybody can have"
        assert "client_max_body_size 65m;" in site, "the file, and the form around it"
        assert "set $php php-fpm:9001;" in site
        assert "set $public_host wil.42.fr;" in site
        assert "set $public_port 443;" in site
        template = (NGINX / "conf/site.conf.template").read_text(encoding="utf-8")
        small = r"\$[a-z_]+"
        assert re.findall(small, site) == re.findall(small, template), "NGINX's own variables are left alone"
        assert image.path("/run/nginx/loaded").exists()
        assert image.path("/run/nginx/hsts.conf").exists()

    @pytest.mark.parametrize(("value", "directory"), [("true", "kept"), ("false", "unkept")])
    def test_pages_are_kept_or_not(self, image: Sandbox, value: str, directory: str) -> None:
        image.ok("entrypoint.sh", env={**VALUES, "PAGE_CACHE": value})
        assert image.path("/run/nginx/pages").readlink() == Path(f"/etc/nginx/{directory}")
        parts = {path.name for path in (NGINX / "conf" / directory).iterdir()}
        assert parts == {"modules.conf", "http.conf", "server.conf", "wordpress.conf"}

    def test_cookies_and_paths_of_the_settings_become_expressions(self, image: Sandbox) -> None:
        more = {"CACHE_SKIP_COOKIES": "pll_language a-b", "CACHE_SKIP_PATHS": "/shop /a.b/ /%EC%83%81/x"}
        image.ok("entrypoint.sh", env={**VALUES, **more})
        assert image.path("/run/nginx/skip_cookies.conf").read_text() == (
            "'~(?<![^;\\s])pll_language' 1;\n'~(?<![^;\\s])a-b' 1;\n"
        )
        assert image.path("/run/nginx/skip_paths.conf").read_text() == (
            "'~*^/++shop(?:[/?]|$)' 1;\n'~*^/++a\\.b(?:[/?]|$)' 1;\n'~*^/++%EC%83%81/x(?:[/?]|$)' 1;\n"
        )

    def test_a_port_of_its_own_belongs_to_the_name(self, image: Sandbox) -> None:
        image.ok("entrypoint.sh", env={**VALUES, "HTTPS_PORT": "8443"})
        site = image.path("/run/nginx/site.conf").read_text()
        assert "set $public_host wil.42.fr:8443;" in site
        assert "set $public_port 8443;" in site
        assert "server_name wil.42.fr;" in site

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            *((name, None, f"{name} must be a number, not ''.") for name in VALUES if name.endswith(("_PORT", "_MB"))),
            ("NGINX_PORT", "443; evil", "NGINX_PORT must be a number, not '443; evil'."),
            ("UPLOAD_LIMIT_MB", "64M", "UPLOAD_LIMIT_MB must be a number, not '64M'."),
            ("DOMAIN_NAME", None, "DOMAIN_NAME must be a host name, not ''."),
            ("DOMAIN_NAME", "wil.42.fr;", "DOMAIN_NAME must be a host name, not 'wil.42.fr;'."),
            ("DOMAIN_NAME", "*.42.fr", "DOMAIN_NAME must be a host name, not '*.42.fr'."),
            ("PAGE_CACHE", None, "PAGE_CACHE must be true or false, not ''."),
            *(
                (
                    "CACHE_SKIP_COOKIES",
                    f"ok {bad}",
                    f"CACHE_SKIP_COOKIES must be names of cookies with spaces between them; '{bad}' is none.",
                )
                for bad in ("a'b", "a;", "a.c")
            ),
            *(
                (
                    "CACHE_SKIP_PATHS",
                    f"/ok {bad}",
                    f"CACHE_SKIP_PATHS must be paths like /shop with spaces between them; '{bad}' is none.",
                )
                for bad in ("shop", "/", "/a;b", "/상점")
            ),
        ],
    )
    def test_a_value_that_is_missing_or_wrong(
        self, image: Sandbox, name: str, value: str | None, sentence: str
    ) -> None:
        values = {**VALUES, **({name: value} if value is not None else {})}
        if value is None:
            del values[name]
        done = image.run("entrypoint.sh", env=values)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"nginx: {sentence}\n")
        assert not image.path("/run/nginx/site.conf").exists()

    @pytest.mark.parametrize("secret", ["tls_certificate", "tls_key"])
    @pytest.mark.parametrize("state", ["missing", "empty", "closed"])
    def test_a_secret_that_is_missing_or_closed(self, image: Sandbox, secret: str, state: str) -> None:
        path = image.path(f"/run/secrets/{secret}")
        match state:
            case "missing":
                path.unlink()
            case "empty":
                path.write_bytes(b"")
            case "closed":
                path.chmod(0o400)
        for file in image.path("/run/secrets").iterdir():
            if file != path:
                os.chown(file, 33, 33)
        image.path("/run/nginx").chmod(0o777)
        done = image.run("setpriv", "--reuid=33", "--regid=33", "--clear-groups", "entrypoint.sh", env=VALUES)
        sentence = f"nginx: the secret {secret} is missing, empty or not readable for uid 33.\n"
        assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)

    def test_a_certificate_that_is_none(self, image: Sandbox) -> None:
        image.write("/run/secrets/tls_certificate", "no certificate\n")
        done = image.run("entrypoint.sh", env=VALUES)
        assert (done.returncode, done.stdout) == (1, "")
        assert "certificate from /run/secrets/tls_certificate" in done.stderr, "openssl's own words"
        assert not image.path("/run/nginx/hsts.conf").exists()


class TestHsts:
    @pytest.mark.parametrize("subject", ["/O=Inception local certificate/CN=wil.42.fr", "/CN=Inception local CA 1a2b"])
    def test_browsers_do_not_know_the_local_authority(self, image: Sandbox, subject: str) -> None:
        certify(image, subject)
        image.ok("hsts.sh")
        assert image.path("/run/nginx/hsts.conf").read_text() == ""

    def test_a_public_certificate_is_for_good(self, image: Sandbox) -> None:
        image.ok("hsts.sh")
        certify(image, "/CN=wil.42.fr")
        image.ok("hsts.sh")
        header = "add_header Strict-Transport-Security 'max-age=31536000' always;\n"
        assert image.path("/run/nginx/hsts.conf").read_text() == header


class TestReload:
    @pytest.fixture
    def running(self, image: Sandbox) -> Sandbox:
        """Return the image with a certificate that was loaded a minute after it was written."""
        image.ok("entrypoint.sh", env=VALUES)
        self.written(image, 1000)
        os.utime(image.path("/run/nginx/loaded"), (1060, 1060))
        return image

    @staticmethod
    def written(image: Sandbox, when: float, names: tuple[str, ...] = ("tls_certificate", "tls_key")) -> None:
        for name in names:
            os.utime(image.path(f"/run/secrets/{name}"), (when, when))

    @staticmethod
    def assert_reloads(image: Sandbox, number: int) -> None:
        """Look how often NGINX was told to load its configuration again; the signal's receiver writes it down."""
        signals = image.path("/test/signals")
        wait_until(lambda: (signals.read_text().count("HUP") if signals.exists() else 0) >= number)
        # Not once more, either.
        image.ok("sleep", "0.2")
        assert number == (signals.read_text().count("HUP") if signals.exists() else 0)

    def test_what_is_loaded_is_not_loaded_again(self, running: Sandbox) -> None:
        assert running.ok("reload.sh", "--if-newer") == ""
        self.assert_reloads(running, 0)
        assert running.path("/run/nginx/loaded").stat().st_mtime == 1060

    @pytest.mark.parametrize("name", ["tls_certificate", "tls_key"])
    def test_what_was_written_since_is_loaded_once(self, running: Sandbox, name: str) -> None:
        self.written(running, 1100, (name,))
        assert running.ok("reload.sh", "--if-newer") == "nginx -e stderr -q -t\n", "tested first"
        self.assert_reloads(running, 1)
        assert running.path("/run/nginx/loaded").stat().st_mtime > 1100
        assert running.ok("reload.sh", "--if-newer") == ""
        self.assert_reloads(running, 1)

    def test_without_the_option_it_always_loads(self, running: Sandbox) -> None:
        running.ok("reload.sh")
        self.assert_reloads(running, 1)

    def test_what_nginx_refuses_is_not_loaded_and_is_tried_again(self, running: Sandbox) -> None:
        self.written(running, 1100)
        running.write("/test/refuse", "")
        done = running.run("reload.sh", "--if-newer")
        assert (done.returncode, done.stderr) == (1, "[emerg] no\n")
        self.assert_reloads(running, 0)
        running.path("/test/refuse").unlink()
        running.ok("reload.sh", "--if-newer")
        self.assert_reloads(running, 1)

    def test_what_is_written_while_it_loads_is_loaded_the_next_time(self, running: Sandbox) -> None:
        self.written(running, 1100)
        # The test of the configuration is when a second certificate arrives.
        running.program("nginx", "sleep 0.1", "touch /run/secrets/tls_key")
        running.ok("reload.sh", "--if-newer")
        running.program("nginx", "exit 0")
        running.ok("reload.sh", "--if-newer")
        self.assert_reloads(running, 2)

    def test_the_header_follows_the_certificate(self, running: Sandbox) -> None:
        certify(running, "/CN=wil.42.fr")
        running.ok("reload.sh")
        assert "Strict-Transport-Security" in running.path("/run/nginx/hsts.conf").read_text()


class TestHealthcheck:
    @pytest.mark.parametrize(
        ("answer", "healthy"),
        [
            (b"HTTP/1.1 204 No Content\r\nServer: nginx\r\n\r\n", True),
            (b"HTTP/1.1 421 Misdirected Request\r\n\r\n", False),
            (b"HTTP/1.1 500 Internal Server Error\r\n\r\nHTTP/1.0 204 ", False),
            (b"", False),
        ],
    )
    def test_one_answer_counts(self, image: Sandbox, tmp_path: Path, answer: bytes, healthy: bool) -> None:
        for name in ("tls_certificate", "tls_key"):
            (tmp_path / name).write_bytes(image.path(f"/run/secrets/{name}").read_bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "tls_certificate", tmp_path / "tls_key")
        asked: list[bytes] = []
        named: list[str] = []
        context.sni_callback = lambda _socket, name, _context: named.append(str(name))

        def serve() -> None:
            client, _ = listener.accept()
            with context.wrap_socket(client, server_side=True) as connection:
                asked.append(connection.recv(4096))
                connection.sendall(answer)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            server = threading.Thread(target=serve)
            server.start()
            done = image.run("healthcheck.sh", env={**VALUES, "NGINX_PORT": str(port)})
            server.join(timeout=10)
        assert (done.returncode == 0) == healthy
        assert asked == [b"GET /.health HTTP/1.1\r\nHost: wil.42.fr\r\nConnection: close\r\n\r\n"]
        assert named == ["wil.42.fr"]

    def test_without_a_server(self, image: Sandbox) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert image.run("healthcheck.sh", env={**VALUES, "NGINX_PORT": str(port)}).returncode != 0
