"""Plugins, themes and constants of the settings: installed once, replaced by another file, refused before anything changes.

Not collected with the rest, because the settings change: ``pytest tests/verify/extensions.py --machine=NAME``.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from support.stack import Settings, Stack, make
from support.web import Browser

PLACE = "/root/verify-extensions"
PORT = 8099
CONTENT = "/var/www/html/wp-content"


def archive(files: dict[str, str]) -> bytes:
    """Return a zip file, the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name, text in files.items():
            made.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


def plugin(version: str) -> bytes:
    """Return a plugin that tells its version in each page, in a directory that is not named like it."""
    code = f"<?php\n/* Plugin Name: Verify\nVersion: {version} */\n"
    code += f"add_action( 'wp_footer', static function () {{ echo '<!-- verify {version} -->'; }} );\n"
    return archive({f"verify-{version}/": "", f"verify-{version}/verify.php": code})


class Shelf:
    """Zip files on the machine, some of them served over HTTP."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.number = stack.shell(
            f"mkdir -p {PLACE} && cd {PLACE} && {{ nohup python3 -m http.server --bind 127.0.0.1 {PORT} >log 2>&1 & echo $!; }}"
        ).strip()

    def put(self, file: str, content: bytes) -> str:
        """Put a file there; return its SHA-256."""
        self.stack.execute("sh", "-c", f"base64 -d >{PLACE}/{file}", data=base64.b64encode(content).decode())
        return hashlib.sha256(content).hexdigest()

    def close(self) -> None:
        self.stack.shell(f"kill {self.number} 2>/dev/null; rm -rf {PLACE} /var/cache/inception/extensions", check=False)


@pytest.fixture(scope="module")
def shelf(stack: Stack, settings: Settings) -> Iterator[Shelf]:
    made = Shelf(stack)
    theme = stack.docker("exec", stack.container("wordpress"), "wp", "option", "get", "stylesheet").strip()
    yield made
    made.close()
    site = ("exec", "--user", "www-data", stack.container("wordpress"))
    stack.docker("exec", stack.container("wordpress"), "wp", "plugin", "deactivate", "verify", check=False)
    stack.docker("exec", stack.container("wordpress"), "wp", "theme", "activate", theme)
    script = f"rm -rf {CONTENT}/plugins/verify {CONTENT}/themes/verify .inception/content/extensions .inception/content/replaced-*"
    stack.docker(*site, "sh", "-c", script)
    make(stack, settings)


def deploy(stack: Stack, settings: Settings, *options: str, **given: Any) -> str:
    """Run make with further settings; return what it prints, also when it fails."""
    stack.execute("tee", f"{PLACE}/settings.json", data=json.dumps(given))
    said = make(stack, settings, arguments=" ".join([*options, f"-e @{PLACE}/settings.json"]), check=False)
    stack.forget()
    return said


def installed(stack: Stack) -> dict[str, str]:
    rows = stack.docker("exec", stack.container("wordpress"), "wp", "plugin", "list", "--format=json")
    return {row["name"]: f"{row['version']} {row['status']}" for row in json.loads(rows)}


def test_they_are_installed_replaced_and_switched(
    shelf: Shelf, stack: Stack, settings: Settings, visitor: Browser
) -> None:
    first = {
        "name": "verify",
        "source": f"http://127.0.0.1:{PORT}/one.zip",
        "sha256": shelf.put("one.zip", plugin("1")),
    }
    parent = stack.docker("exec", stack.container("wordpress"), "wp", "option", "get", "template").strip()
    style = archive({"verify/": "", "verify/style.css": f"/* Theme Name: Verify\nTemplate: {parent} */"})
    theme = {"name": "verify", "source": f"{PLACE}/theme.zip", "sha256": shelf.put("theme.zip", style), "active": True}
    wanted: dict[str, Any] = {"wordpress_plugins": [first], "wordpress_themes": [theme]}

    said = deploy(stack, settings, "--check", **wanted)
    for sentence in ("install the plugin verify", "activate the plugin verify", "activate the theme verify"):
        assert sentence in said
    assert "verify" not in installed(stack)

    said = deploy(stack, settings, **wanted)
    assert "failed=0" in said, said
    assert installed(stack)["verify"] == "1 active"
    assert "<!-- verify 1 -->" in visitor.request("GET", "/").text
    assert stack.docker("exec", stack.container("wordpress"), "wp", "option", "get", "stylesheet") == "verify\n"

    # Without the server: what is there is not asked for again.
    stack.shell(f"mv {PLACE}/one.zip {PLACE}/gone.zip")
    for options in ([], ["--check"]):
        said = deploy(stack, settings, *options, **wanted)
        assert "changed=0" in said, said

    # Another file, from here, and switched off.
    second = {"name": "verify", "source": f"{PLACE}/two.zip", "sha256": shelf.put("two.zip", plugin("2"))}
    assert "failed=0" in deploy(stack, settings, wordpress_plugins=[second])
    assert installed(stack)["verify"] == "2 active"
    assert "<!-- verify 2 -->" in visitor.request("GET", "/").text
    assert "failed=0" in deploy(stack, settings, wordpress_plugins=[{**second, "active": False}])
    assert installed(stack)["verify"] == "2 inactive"
    assert "<!-- verify" not in visitor.request("GET", "/").text

    # And back: what was there is kept each time.
    assert "failed=0" in deploy(stack, settings, wordpress_plugins=[first])
    names = stack.docker("exec", stack.container("wordpress"), "ls", "/var/www/html/.inception/content").split()
    assert sum(name.startswith("replaced-plugins-verify-") for name in names) == 2


@pytest.mark.parametrize(
    ("file", "address", "says"),
    [
        ("other.zip", f"http://127.0.0.1:{PORT}/other.zip", "its SHA-256 is not"),
        ("", f"http://127.0.0.1:{PORT}/missing.zip", "404"),
        ("", "http://127.0.0.1:9/closed.zip", "refused"),
    ],
)
def test_what_cannot_be_brought_changes_nothing(
    shelf: Shelf, stack: Stack, settings: Settings, file: str, address: str, says: str
) -> None:
    if file:
        shelf.put(file, plugin("3"))
    before = (installed(stack), stack.inspect("wordpress")["State"]["StartedAt"])
    # Something else would change, too, if it came so far.
    said = deploy(
        stack,
        settings,
        wordpress_plugins=[{"name": "never", "source": address, "sha256": "0" * 64}],
        wordpress_debug=True,
    )
    (sentence,) = [line for line in said.splitlines() if "never cannot be taken from" in line]
    assert says in sentence
    assert "The site was left as it is." in sentence
    assert before == (installed(stack), stack.inspect("wordpress")["State"]["StartedAt"])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"verify.php": "<?php"}, "its files are not in one directory"),
        ({"../verify/x.php": "<?php"}, "it holds ../verify/x.php, which leads elsewhere"),
    ],
)
def test_what_is_no_plugin_is_told_and_not_installed(
    shelf: Shelf, stack: Stack, settings: Settings, files: dict[str, str], says: str
) -> None:
    digest = shelf.put("bad.zip", archive(files))
    said = deploy(stack, settings, wordpress_plugins=[{"name": "bad", "source": f"{PLACE}/bad.zip", "sha256": digest}])
    assert f"bad: {says}" in said
    assert "bad" not in installed(stack)


def test_constants_and_the_log_of_notices(shelf: Shelf, stack: Stack, settings: Settings, visitor: Browser) -> None:
    code = "<?php\n/* Plugin Name: Notice */\nadd_action( 'wp_footer', static function () { echo $verify_undefined, WP_POST_REVISIONS, VERIFY; } );\n"
    notice = archive({"verify/": "", "verify/verify.php": code})
    given = {"name": "verify", "source": f"{PLACE}/notice.zip", "sha256": shelf.put("notice.zip", notice)}
    constants = {"WP_POST_REVISIONS": 7, "VERIFY": 'it\'s "$5" é'}
    said = deploy(stack, settings, wordpress_plugins=[given], wordpress_config_extra=constants, wordpress_debug=True)
    assert "failed=0" in said, said
    page = visitor.request("GET", "/?verify").text
    assert '7it\'s "$5" é' in page
    assert "Undefined variable" not in page
    log = stack.attempt("docker", "logs", stack.container("wordpress"))
    assert "Undefined variable $verify_undefined" in log.stdout + log.stderr
