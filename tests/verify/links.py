"""After a change of the port nothing in the database leads to the former one, once `make links` was told so.

Not collected with the rest: it is for a site that had the port 443 before and has another one now.
"""

from __future__ import annotations

from support.stack import Settings, Stack, make
from support.web import Browser

PUT = """
require "/var/www/html/wp-load.php";
$old = "https://" . INCEPTION_DOMAIN;
update_option("verify_links", array("logo" => "$old/a.png", "deep" => array(json_encode("$old/b"), 1), "other" => "$old.example/c"));
wp_insert_post(array("post_title" => "Links", "post_status" => "publish",
  "post_content" => "<a href='$old/d'>d</a> https://share.example/?u=" . rawurlencode("$old/e")));
"""
GET = """
require "/var/www/html/wp-load.php";
echo json_encode(array(get_option("verify_links"), get_posts(array("title" => "Links"))[0]->post_content,
  get_option("inception_earlier_urls")), JSON_UNESCAPED_SLASHES);
"""


def php(stack: Stack, code: str) -> str:
    return stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "php", "-r", code)


def links(stack: Stack, settings: Settings, *arguments: str) -> str:
    return stack.execute("make", "--silent", f"--directory={settings.project_dir}", "links", *arguments)


def test_links(stack: Stack, settings: Settings) -> None:
    old, new = f"https://{settings.domain}", f"https://{settings.domain}:{settings.https_port}"
    php(stack, PUT)
    before = php(stack, GET)
    told = links(stack, settings)
    assert f"would lead to {new}" in told
    assert "wp_options.option_value: 1\n" in told
    assert "wp_posts.post_content: " in told
    assert php(stack, GET) == before, "a dry run"

    done = links(stack, settings, "FORCE=1")
    assert "The database of before is kept in " in done
    assert f"now lead to {new}" in done
    after = php(stack, GET)
    assert f"<a href='{new}/d'>" in after
    assert f'"logo":"{new}/a.png"' in after
    assert new.replace("/", "\\\\/") in after, "JSON in a serialised value"
    assert f"{new.replace(':', '%3A').replace('/', '%2F')}%2Fe" in after
    assert f'"{old}.example/c"' in after, "another domain that begins alike"
    assert f'["{old}"]' in after, "what the site was called is known further on"
    assert "0 values would lead to" in links(stack, settings)


def test_the_former_address_leads_to_the_site(stack: Stack, settings: Settings) -> None:
    make(stack, settings, arguments='-e {"inception_former_domains":["former.42.fr"]}')
    former = Browser(stack.address, "former.42.fr", settings.https_port, stack.tls())
    answer = former.request("GET", "/a?b=c")
    assert answer.status == 301
    assert answer.headers["location"] == f"https://{settings.domain}:{settings.https_port}/a?b=c"
