"""`make wp` and `docker exec wordpress wp …` of an image without wp-cli: lists, switches, and the way out of a broken plugin."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from support.stack import Settings, Stack
from support.web import Browser, kept

CONTENT = "/var/www/html/wp-content"
#: Kills every request of PHP as soon as WordPress has loaded its plugins.
BROKEN = "<?php\n/* Plugin Name: Verify broken */\nadd_action( 'init', 'verify_no_such_function' );\n"
#: What is kept in the database: a plugin's object, nested as plugins do, whose length changes; read back by PHP itself.
WRITE = """
require '/var/www/html/wp-load.php';
class Verify { public $link = 'http://verify-old.example/a'; }
update_option( 'verify_option', array( 'in' => serialize( array( new Verify(), 'http://verify-old.example/한글' ) ) ) );
"""
READ = """
require '/var/www/html/wp-load.php';
class Verify { public $link; }
$in = unserialize( get_option( 'verify_option' )['in'] );
echo json_encode( array( $in[0]->link, $in[1] ), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES );
"""


def attempt(stack: Stack, *words: str, user: str = "root") -> subprocess.CompletedProcess[str]:
    return stack.attempt("docker", "exec", "--user", user, stack.container("wordpress"), "wp", *words)


def wp(stack: Stack, *words: str, user: str = "root") -> str:
    """Run a command in the container; return what it prints."""
    done = attempt(stack, *words, user=user)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def _own(stack: Stack) -> None:
    if stack.env["WORDPRESS_SUPPLY"] != "distribution":
        pytest.skip("the image has wp-cli itself")


def php(stack: Stack, program: str) -> str:
    """Run a program with WordPress's functions."""
    return stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "php", "-r", program)


@pytest.mark.parametrize("user", ["root", "www-data"])
def test_it_lists_users_whoever_asks(stack: Stack, user: str) -> None:
    rows = json.loads(wp(stack, "user", "list", "--format=json", user=user))
    roles = {row["user_login"]: row["roles"] for row in rows}
    assert roles[stack.env["WP_ADMIN_USER"]] == "administrator"
    assert roles[stack.env["WP_USER"]] == stack.env["WP_USER_ROLE"]
    assert wp(stack, "user", "list", "--role=administrator", "--field=user_login").split() == [
        stack.env["WP_ADMIN_USER"]
    ]


def test_make_hands_on_what_is_asked(stack: Stack, settings: Settings) -> None:
    said = stack.execute("make", "--directory", settings.project_dir, "--no-print-directory", "wp", "ARGS=core version")
    version = stack.docker("exec", stack.container("wordpress"), "cat", "/var/www/html/wp-includes/version.php")
    found = re.search(r"\$wp_version = '([^']+)'", version)
    assert found
    assert said.strip() == found[1]


def test_it_shows_options(stack: Stack) -> None:
    assert wp(stack, "option", "get", "home").startswith("https://")
    assert stack.env["DOMAIN_NAME"] in wp(stack, "option", "get", "home")
    done = attempt(stack, "option", "get", "no_such_option")
    assert (done.returncode, done.stderr) == (1, "wp: there is no option no_such_option.\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["post", "list"], "post list is not among the commands of this image"),
        (["db", "query", "SELECT 1"], "docker exec -it mariadb mariadb"),
        (["plugin", "activate", "no-such"], "there is no plugin no-such"),
        (["theme", "activate", "no-such"], "the theme no-such cannot be used: "),
        (["user", "list", "--field=user_pass"], "there is no field user_pass; there are ID, "),
        (["user", "list", "--yes"], "--yes is no option here"),
        (["search-replace", "x"], "name the old and the new text"),
        (["search-replace", "x", "y", "wp_optoins"], "there is no table wp_optoins"),
    ],
)
def test_what_it_cannot_do_is_one_sentence(stack: Stack, words: list[str], says: str) -> None:
    done = attempt(stack, *words)
    assert done.returncode != 0
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_flush_makes_pages_anew(stack: Stack, visitor: Browser) -> None:
    kept(visitor, "/")
    wp(stack, "cache", "flush")
    assert visitor.request("GET", "/").headers["x-cache"] == "MISS"


def test_it_switches_the_theme(stack: Stack, visitor: Browser) -> None:
    themes = {row["name"]: row["status"] for row in json.loads(wp(stack, "theme", "list", "--format=json"))}
    (before,) = (name for name, status in themes.items() if status == "active")
    child, site = f"{CONTENT}/themes/verify-child", stack.container("wordpress")
    style = f"/* Theme Name: Verify\nTemplate: {before} */\n"
    stack.docker("exec", "--user", "www-data", site, "mkdir", child)
    stack.execute("docker", "exec", "-i", "--user", "www-data", site, "tee", f"{child}/style.css", data=style)
    try:
        kept(visitor, "/")
        wp(stack, "theme", "activate", "verify-child")
        assert visitor.request("GET", "/").headers["x-cache"] == "MISS"
        assert wp(stack, "option", "get", "stylesheet") == "verify-child\n"
    finally:
        wp(stack, "theme", "activate", before)
        stack.docker("exec", "--user", "www-data", site, "rm", "-r", child)
    assert wp(stack, "option", "get", "stylesheet") == f"{before}\n"


@pytest.fixture
def broken(stack: Stack) -> Iterator[str]:
    """Have a plugin that breaks the whole site when it is active."""
    path = f"{CONTENT}/plugins/verify-broken.php"
    site = stack.container("wordpress")
    stack.execute("docker", "exec", "--interactive", "--user", "www-data", site, "tee", path, data=BROKEN)
    yield "verify-broken"
    wp(stack, "plugin", "deactivate", "verify-broken", "--skip-plugins", "--skip-themes")
    stack.docker("exec", "--user", "www-data", site, "rm", path)


def test_a_plugin_that_breaks_the_site_is_switched_off(stack: Stack, visitor: Browser, broken: str) -> None:
    assert "is active now" in wp(stack, "plugin", "activate", broken)
    assert visitor.get("/wp-login.php").status == 500
    done = attempt(stack, "plugin", "list")
    assert done.returncode == 1
    assert re.fullmatch(
        r"wp: WordPress stopped: .*verify_no_such_function.*--skip-plugins --skip-themes\.\n", done.stderr
    )
    assert f"{broken}  active" in re.sub(r" +", "  ", wp(stack, "plugin", "list", "--skip-plugins"))
    assert "is inactive now" in wp(stack, "plugin", "deactivate", broken, "--skip-plugins", "--skip-themes")
    assert visitor.get("/wp-login.php").status == 200


NOISY = "<?php\n/* Plugin Name: Verify noisy */\necho 'a word';\n"
ENDING = "<?php\n/* Plugin Name: Verify ending */\nadd_action( 'init', static fn() => wp_die( 'No more.' ) );\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (NOISY, "wp: the plugin verify-broken has printed something while it was activated: a word\n"),
        (ENDING, ""),
    ],
)
def test_a_plugin_is_active_whatever_it_prints(stack: Stack, broken: str, code: str, said: str) -> None:
    path = f"{CONTENT}/plugins/verify-broken.php"
    stack.execute("docker", "exec", "-i", "-u", "www-data", stack.container("wordpress"), "tee", path, data=code)
    done = attempt(stack, "plugin", "activate", broken)
    assert (done.returncode, done.stderr) == (0, said)
    assert "is active now" in done.stdout
    if code == ENDING:
        done = attempt(stack, "plugin", "list")
        assert (done.returncode, done.stderr) == (1, "wp: WordPress stopped: No more.\n"), "in one sentence"


@pytest.fixture
def texts(stack: Stack) -> Iterator[str]:
    """Have an old address in the tables of the site and of a plugin; return the name of the latter's."""
    table = stack.table("options").replace("_options", "_verify")
    stack.sql(f"CREATE TABLE {table} (number INT PRIMARY KEY, name VARCHAR(30), note TEXT)")
    stack.sql(f"INSERT INTO {table} VALUES (1, 'verify-old.example', 'verify-old.example'), (2, NULL, 'other')")  # noqa: S608
    php(stack, WRITE)
    yield table
    stack.sql(f"DROP TABLE {table}")
    php(stack, "require '/var/www/html/wp-load.php'; delete_option( 'verify_option' );")


def test_text_is_replaced_everywhere_or_nowhere(stack: Stack, texts: str) -> None:
    rows = f"SELECT name, note FROM {texts} ORDER BY number"  # noqa: S608 - a name of its own
    old = [["verify-old.example", "verify-old.example"], ["NULL", "other"]]
    said = wp(stack, "search-replace", "verify-old.example", "new.example", "--dry-run")
    assert "3 values would change." in said
    assert (stack.sql(rows), json.loads(php(stack, READ))[0]) == (old, "http://verify-old.example/a")

    # In `name` there is no room for it. The tables before this one stay, too.
    done = attempt(stack, "search-replace", "verify-old.example", f"{'long.' * 10}example")
    assert done.returncode == 1
    assert "_verify.name cannot be changed where the key is 1: Data too long" in done.stderr
    assert (stack.sql(rows), json.loads(php(stack, READ))[0]) == (old, "http://verify-old.example/a")

    said = wp(stack, "search-replace", "verify-old.example", "new.example", "--skip-columns=note")
    assert "2 values were changed." in said
    assert stack.sql(rows) == [["new.example", "verify-old.example"], ["NULL", "other"]]
    assert json.loads(php(stack, READ)) == ["http://new.example/a", "http://new.example/한글"]


def test_a_table_without_transactions_is_named_before_anything_changes(stack: Stack, texts: str) -> None:
    stack.sql(f"ALTER TABLE {texts} ENGINE=MyISAM")
    done = attempt(stack, "search-replace", "verify-old.example", "new.example")
    assert done.returncode == 1
    assert f"ALTER TABLE `{texts.rpartition('.')[2]}` ENGINE=InnoDB" in done.stderr
    assert json.loads(php(stack, READ))[0] == "http://verify-old.example/a"


#: As a replacement runs, its connection is ended, as by a database that was restarted.
CUT_OFF = """
require '/var/www/html/wp-load.php';
require '/usr/local/lib/wordpress/search-replace.php';
$cut = false;
$replace = static function ( $text ) use ( &$cut ) {
    if ( ! $cut && str_contains( $text, '한글' ) ) {
        $cut = true;
        mysqli_report( MYSQLI_REPORT_OFF );
        $GLOBALS['wpdb']->dbh->kill( $GLOBALS['wpdb']->dbh->thread_id );
    }
    return str_replace( 'verify-old', 'verify-new', $text );
};
try {
    Inception\\search_replace( $replace, array( 'verify-old' ), false );
} catch ( RuntimeException $error ) {
    echo $error->getMessage();
}
"""


def test_a_connection_that_breaks_off_changes_nothing(stack: Stack, texts: str) -> None:
    assert php(stack, CUT_OFF) == "the database has broken the connection off, so nothing was changed."
    assert json.loads(php(stack, READ))[0] == "http://verify-old.example/a"
    assert stack.sql(f"SELECT name FROM {texts} WHERE number = 1") == [["verify-old.example"]]  # noqa: S608


def test_the_earlier_addresses_of_the_site_stay_known(stack: Stack) -> None:
    set_to = "require '/var/www/html/wp-load.php'; update_option( 'inception_earlier_urls', %s );"
    before = php(stack, "require '/var/www/html/wp-load.php'; var_export( get_option( 'inception_earlier_urls' ) );")
    php(stack, set_to % "array( 'https://verify-earlier.example' )")
    try:
        said = wp(stack, "search-replace", "verify-earlier.example", "new.example")
        assert "0 values were changed." in said
    finally:
        php(stack, set_to % before)
