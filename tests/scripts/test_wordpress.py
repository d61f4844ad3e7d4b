"""The scripts that put WordPress on its volume, with archives that the image's own script has packed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping

import pytest

from support import ROOT, need
from support.sandbox import Sandbox

SITE = "/var/www/html"
STATE = f"{SITE}/.inception"
LIB = "/usr/local/lib/wordpress"
CORE = {
    "index.php": "<?php // front",
    "wp-login.php": "<?php // login",
    "wp-admin/admin.css": "/* dashboard */" * 200,
    "wp-includes/load.php": "<?php // load",
    "wp-content/index.php": "<?php // silence",
    "wp-content/mu-plugins/inception.php": "<?php // ours",
}
CONTENT = {
    "themes/spring/style.css": "/* spring */",
    "themes/summer/style.css": "/* summer */",
    "plugins/hello/hello.php": "<?php // hello",
    "languages/ko_KR.mo": "words",
}


@pytest.fixture
def image(sandbox: Sandbox) -> Sandbox:
    """Return what the image of WordPress holds that the scripts use; the volume is empty."""
    need("php", "core.sh compares versions with it")
    tools = ROOT / "srcs/requirements/wordpress/tools"
    sandbox.bring(tools, LIB)
    sandbox.bring(tools, "/usr/local/bin")
    sandbox.path(SITE).mkdir(parents=True, exist_ok=True)
    pack(sandbox, "6.8.1")
    return sandbox


def pack(
    image: Sandbox, version: str, core: Mapping[str, str] = CORE, content: Mapping[str, str] = CONTENT, age: int = 1000
) -> None:
    """Make the archives of a WordPress of this version, whose files are ``age`` seconds old."""
    image.ok("rm", "-rf", "/build", "/usr/src/wordpress")
    for name, text in core.items():
        image.write(f"/build/core/{name}", text)
    image.write("/build/core/wp-includes/version.php", f"<?php\n$wp_version = '{version}';\n")
    for name, text in content.items():
        path = image.write(f"/build/content/{name}", text)
        os.utime(path, (time.time() - age, time.time() - age))
    image.ok("pack-wordpress.sh", "/build", "/usr/src/wordpress")


def put_core(image: Sandbox) -> None:
    """Run core.sh as the entrypoint does: as root, with no more rights than the container has."""
    done = image.run("setpriv", "--bounding-set=-all,+chown,+setgid,+setuid", f"{LIB}/core.sh")
    assert done.returncode == 0, done.stderr


def put_content(image: Sandbox) -> None:
    """Run content.sh as the entrypoint does."""
    image.ok("setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", f"{LIB}/content.sh")


def owner(image: Sandbox, path: str) -> str:
    return image.ok("stat", "-c", "%U:%G %a", f"{SITE}/{path}").strip()


def tree(image: Sandbox, below: str = SITE) -> dict[str, bytes]:
    top = image.path(below)
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def stamps(image: Sandbox) -> dict[str, tuple[int, int]]:
    top = image.path(SITE)
    found = {str(path.relative_to(top)): path.lstat() for path in top.rglob("*")}
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in found.items()}


class TestPack:
    def test_the_id_follows_the_files_alone(self, image: Sandbox) -> None:
        first = image.path("/usr/src/wordpress/id").read_text()
        assert first.startswith("6.8.1 ")
        pack(image, "6.8.1", age=1)
        assert image.path("/usr/src/wordpress/id").read_text() == first
        pack(image, "6.8.1", {**CORE, "index.php": "<?php // other"})
        assert image.path("/usr/src/wordpress/id").read_text() != first

    def test_scripts_and_styles_are_compressed_in_advance(self, image: Sandbox) -> None:
        put_core(image)
        packed = f"{SITE}/wp-admin/admin.css.gz"
        assert image.ok("gzip", "-dc", packed) == CORE["wp-admin/admin.css"]


class TestCore:
    def test_it_belongs_to_root_and_content_to_php(self, image: Sandbox) -> None:
        os.chown(image.path(SITE), 4242, 4242)
        put_core(image)
        there = tree(image)
        assert {name: there[name].decode() for name in CORE} == CORE
        assert owner(image, ".") == "root:root 755"
        assert owner(image, "index.php") == "root:root 644"
        assert owner(image, "wp-content") == "root:www-data 1775"
        assert owner(image, "wp-content/mu-plugins") == "root:root 755"
        for name in ("plugins", "themes", "uploads", "languages", "upgrade"):
            assert owner(image, f"wp-content/{name}") == "www-data:www-data 755"
        assert owner(image, ".inception") == "root:root 711"
        assert owner(image, ".inception/content") == "www-data:www-data 700"
        assert there[".inception/core"] == image.path("/usr/src/wordpress/id").read_bytes()

    def test_a_second_start_touches_nothing(self, image: Sandbox) -> None:
        put_core(image)
        before = stamps(image)
        image.ok(f"{LIB}/core.sh")
        assert stamps(image) == before

    def test_a_new_core_takes_the_place_of_the_old_one(self, image: Sandbox) -> None:
        put_core(image)
        image.write(f"{SITE}/wp-content/uploads/2026/photo.jpg", "photo")
        image.write(f"{SITE}/wp-content/plugins/mine/mine.php", "<?php // mine")
        image.write(f"{SITE}/wp-content/mu-plugins/of-the-owner.php", "<?php // owner")
        image.write(f"{SITE}/robots.txt", "of the owner")
        core = {name: text for name, text in CORE.items() if name not in {"wp-login.php", "wp-includes/load.php"}}
        core["wp-content/mu-plugins/inception-two.php"] = core.pop("wp-content/mu-plugins/inception.php")
        core["index.php"] = "<?php // new front"
        pack(image, "6.8.2", core)
        put_core(image)
        there = tree(image)
        assert there["index.php"] == b"<?php // new front"
        assert "wp-login.php" not in there, "this core has it no longer"
        assert "wp-includes/load.php" not in there
        assert "wp-content/mu-plugins/inception.php" not in there, "one of ours that would meet others"
        assert "wp-content/mu-plugins/inception-two.php" in there
        assert there["wp-content/uploads/2026/photo.jpg"] == b"photo"
        assert there["wp-content/plugins/mine/mine.php"] == b"<?php // mine"
        assert there["wp-content/mu-plugins/of-the-owner.php"] == b"<?php // owner"
        assert there["robots.txt"] == b"of the owner"
        assert not {name for name in there if name.startswith((".inception/old", ".inception/staging"))}

    def test_what_php_wrote_into_the_core_is_replaced(self, image: Sandbox) -> None:
        put_core(image)
        image.write(f"{SITE}/wp-includes/shell.php", "<?php // from somebody")
        image.ok("chown", "-R", "www-data", f"{SITE}/wp-includes")
        pack(image, "6.8.2")
        put_core(image)
        assert "wp-includes/shell.php" not in tree(image)
        assert owner(image, "wp-includes") == "root:root 755"

    @pytest.mark.parametrize("arguments", [[], ["check"]])
    @pytest.mark.parametrize(("older", "newer"), [("6.8.1", "6.9"), ("6.8.1", "6.10-RC1"), ("6.9-beta2", "6.9")])
    def test_an_older_core_is_refused_before_a_file_is_touched(
        self, image: Sandbox, older: str, newer: str, arguments: list[str]
    ) -> None:
        pack(image, newer)
        put_core(image)
        pack(image, older)
        before = stamps(image)
        done = image.run(f"{LIB}/core.sh", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"wordpress: this image has WordPress {older}, but the site runs {newer}, whose ")
        assert done.stderr.count("\n") == 1
        assert stamps(image) == before

    def test_the_question_alone_changes_nothing(self, image: Sandbox) -> None:
        image.ok(f"{LIB}/core.sh", "check")
        assert stamps(image) == {}
        put_core(image)
        before = stamps(image)
        pack(image, "6.9")
        image.ok(f"{LIB}/core.sh", "check")
        assert stamps(image) == before

    def test_the_old_core_goes_also_after_a_cut_behind_the_marker(self, image: Sandbox) -> None:
        put_core(image)
        image.write(f"{STATE}/old/index.php", "<?php // old")
        image.write(f"{STATE}/staging/index.php", "<?php // half")
        put_core(image)
        assert not image.path(f"{STATE}/old").exists()
        assert not image.path(f"{STATE}/staging").exists()

    def test_whatever_moment_it_is_cut_off_at_the_next_start_goes_on(self, image: Sandbox) -> None:
        put_core(image)
        image.write(f"{SITE}/wp-content/uploads/photo.jpg", "photo")
        expected: dict[str, bytes] = {}
        cut = 0
        for number in range(12):
            version = f"6.8.{number + 2}"
            pack(image, version, {**CORE, "index.php": version})
            running = image.start(f"{LIB}/core.sh")
            time.sleep(0.01 * number)
            cut += image.cut_off(running)
            put_core(image)
            there = tree(image)
            assert there.pop(".inception/core").startswith(f"{version} ".encode())
            assert there.pop("index.php") == version.encode()
            assert version in there.pop("wp-includes/version.php").decode()
            expected = expected or there
            assert there == expected
        assert cut > 1, "it was cut off before it had ended"


class TestContent:
    @pytest.fixture
    def site(self, image: Sandbox) -> Sandbox:
        put_core(image)
        put_content(image)
        return image

    def test_the_site_gets_what_the_image_has(self, site: Sandbox) -> None:
        there = tree(site, f"{SITE}/wp-content")
        assert {name: there[name].decode() for name in CONTENT} == CONTENT
        assert owner(site, "wp-content/themes/spring/style.css") == "www-data:www-data 644"
        assert not site.path(f"{STATE}/content/staging").exists()

    def test_nothing_comes_back_and_nothing_is_replaced(self, site: Sandbox) -> None:
        site.ok("rm", "-r", f"{SITE}/wp-content/plugins/hello")
        site.write(f"{SITE}/wp-content/themes/spring/style.css", "/* of the owner */")
        pack(
            site,
            "6.8.1",
            content={**CONTENT, "themes/spring/style.css": "/* new */", "themes/autumn/style.css": "/* a */"},
        )
        put_content(site)
        there = tree(site, f"{SITE}/wp-content")
        assert "plugins/hello/hello.php" not in there, "it was deleted"
        assert there["themes/spring/style.css"] == b"/* of the owner */"
        assert there["themes/autumn/style.css"] == b"/* a */"

    @pytest.mark.parametrize(("age", "words"), [(10, b"newer"), (5000, b"words")])
    def test_only_newer_translations_replace_others(self, site: Sandbox, age: int, words: bytes) -> None:
        pack(site, "6.8.1", content={**CONTENT, "languages/ko_KR.mo": "newer"}, age=age)
        put_content(site)
        assert tree(site)["wp-content/languages/ko_KR.mo"] == words

    def test_older_ones_than_the_releases_are_told(self, site: Sandbox) -> None:
        theme = "/*\nTheme Name: Spring\nVersion: {}\n*/"
        plugin = "<?php\n/**\n * Plugin Name: Hello\n * Version: {}\n */"
        site.write(f"{SITE}/wp-content/themes/spring/style.css", theme.format("1.9"))
        site.write(f"{SITE}/wp-content/plugins/hello/hello.php", plugin.format("2.0"))
        os.mkfifo(site.path(f"{SITE}/wp-content/plugins/hello/pipe.php"))
        newer = {"themes/spring/style.css": theme.format("1.10"), "plugins/hello/hello.php": plugin.format("2.0")}
        pack(site, "6.8.1", content={**CONTENT, **newer})
        put_content(site)
        assert tree(site)[".inception/content/older"].decode() == (
            "The site has themes/spring 1.9, and this release of WordPress brings 1.10: update it in the dashboard.\n"
        )
        assert theme.format("1.9") == tree(site)["wp-content/themes/spring/style.css"].decode()

    def test_a_second_start_touches_nothing(self, site: Sandbox) -> None:
        before = stamps(site)
        put_content(site)
        assert stamps(site) == before

    def test_what_an_upload_left_is_removed(self, site: Sandbox) -> None:
        path = site.write(f"{STATE}/uploads/php1a2b", "half")
        os.chown(path, 33, 33)
        put_content(site)
        assert not path.exists()

    def test_whatever_moment_it_is_cut_off_at_the_next_start_goes_on(self, image: Sandbox) -> None:
        put_core(image)
        cut = 0
        for number in range(8):
            content = {**CONTENT, f"themes/new{number}/style.css": "/* new */"}
            pack(image, "6.8.1", content=content)
            running = image.start(
                "setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", f"{LIB}/content.sh"
            )
            time.sleep(0.005 * number)
            cut += image.cut_off(running)
            put_content(image)
            there = tree(image, f"{SITE}/wp-content")
            assert {name: there[name].decode() for name in content} == content
            assert tree(image)[".inception/content/done"] == image.path("/usr/src/wordpress/id").read_bytes()
        assert cut > 1, "it was cut off before it had ended"


class TestPurge:
    def test_a_new_word_in_the_same_file(self, image: Sandbox) -> None:
        put_core(image)
        generation = image.write(f"{STATE}/cache/generation", "0123456789abcdef")
        os.chown(generation, 33, 33)
        number = generation.stat().st_ino
        words = set()
        for _ in range(5):
            image.ok("setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", "purge-cache.sh")
            words.add(generation.read_text()[:32])
        assert len(words) == 5
        assert all(time.time() - 60 < int(word[:8], 16) <= time.time() and int(word, 16) for word in words)
        assert generation.stat().st_ino == number, "NGINX holds the file open"

    def test_the_file_is_not_empty_for_a_moment(self, image: Sandbox) -> None:
        put_core(image)
        before = 2 * "0123456789abcdef" + "the word of a post"
        generation = image.write(f"{STATE}/cache/generation", before)
        image.ok("purge-cache.sh")
        text = generation.read_text()
        assert text[:32] != before[:32]
        assert text[32:].startswith(before[32:]), "it is written over, not emptied first"

    def test_what_is_no_file_makes_way(self, image: Sandbox) -> None:
        put_core(image)
        generation = image.path(f"{STATE}/cache/generation")
        generation.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(generation)
        image.ok("purge-cache.sh")
        assert stat.S_ISREG(generation.stat().st_mode)
        assert len(list(generation.parent.glob("generation.*"))) == 1

    def test_a_new_file_can_be_read_by_nginx(self, image: Sandbox) -> None:
        put_core(image)
        image.ok(
            "setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", "sh", "-c", "umask 077; purge-cache.sh"
        )
        generation = image.path(f"{STATE}/cache/generation")
        assert stat.S_IMODE(generation.stat().st_mode) == 0o644
        assert generation.stat().st_size == 32 * (1 + 65536), "as long as generation.lua wants it"


@pytest.mark.parametrize(
    ("given", "host"),
    [("2001:db8::25", "[2001:db8::25]"), ("192.0.2.25", "192.0.2.25"), ("smtp.example.org", "smtp.example.org")],
)
def test_the_address_of_a_relay_is_told_from_its_port(sandbox: Sandbox, given: str, host: str) -> None:
    need("php", "it runs the program")
    sandbox.bring(ROOT / "srcs/requirements/wordpress/tools", "/usr/local/bin")
    for name in ("run/wordpress", "run/secrets"):
        sandbox.path(f"/{name}").mkdir(parents=True, exist_ok=True)
    names = ("AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY")
    salts = [*names, *(name.replace("KEY", "SALT") for name in names)]
    sandbox.write("/run/secrets/wordpress_salts", "".join(f"{name}=x\n" for name in salts))
    sandbox.write("/run/secrets/credentials", "WP_ADMIN_PASSWORD=x\nWP_USER_PASSWORD=y\n")
    sandbox.write("/run/secrets/db_password", "x\n")
    sandbox.write("/run/secrets/mail_password", "")
    values = "DOMAIN_NAME=wil.42.fr HTTPS_PORT=443 NGINX_PORT=443 PHP_FPM_PORT=9000 UPLOAD_LIMIT_MB=64 DB_HOST=mariadb DB_PORT=3306 "
    values += "DB_NAME=wordpress DB_USER=wp PAGE_CACHE=true WORDPRESS_SUPPLY=distribution MAIL_PORT=587 MAIL_TLS=none MAIL_SENDER=a@b.org"
    environment = dict(pair.split("=", 1) for pair in values.split()) | {"MAIL_HOST": given}
    sandbox.ok("php", "/usr/local/bin/configure.php", env=environment)
    assert f"'host' => '{host}'" in sandbox.path("/run/wordpress/config.php").read_text()
