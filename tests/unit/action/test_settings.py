from __future__ import annotations

from typing import Any

import pytest

from action.validate_settings import Spec, causes, find_problems, misspelt
from support import load_plugin, role_yaml, roles
from support.bad_settings import BAD, PLUGIN

action = load_plugin("action/validate_settings")
SPECS: dict[str, Spec] = action.load_specs()
SERVICES: dict[str, frozenset[str]] = action.load_services()

#: What the defaults come to; each bad input is one of these changed.
SOUND: dict[str, Any] = {
    "inception_login": "wil",
    "inception_domain": "wil.42.fr",
    "inception_data_dir": "/home/wil/data",
    "inception_project_dir": "/opt/inception",
    "inception_project_name": "inception",
    "inception_network": "inception",
    "inception_services": ["mariadb", "wordpress", "nginx"],
    "inception_https_port": 443,
    "inception_supply": "auto",
    "inception_base": "debian",
    "inception_base_image": "debian:12-slim",
    "inception_image_version": "1.0",
    "inception_upload_limit_mb": 64,
    "inception_extra_ca_dir": "",
    "inception_remember_login": True,
    "nginx_port": 443,
    "wordpress_port": 9000,
    "wordpress_title": "Inception",
    "wordpress_locale": "en_US",
    "wordpress_admin_user": "boss",
    "wordpress_admin_email": "boss@wil.42.fr",
    "wordpress_user": "author",
    "wordpress_user_email": "author@wil.42.fr",
    "mariadb_port": 3306,
    "mariadb_database": "wordpress",
    "mariadb_user": "wordpress",
    "host_address": "127.0.0.1",
}
#: The settings that the cases below judge must be known, also while a role is not.
KNOWN = {
    **{
        name: Spec(type={int: "int", list: "list", bool: "bool"}.get(type(value), "str"))
        for name, value in SOUND.items()
    },
    "stack_secrets": Spec(type="dict"),
    "wordpress_sha256": Spec(),
    "wordpress_url": Spec(),
    "wordpress_cli_url": Spec(),
    "wordpress_cli_sha256": Spec(),
    **SPECS,
}


def test_what_the_defaults_come_to_is_sound() -> None:
    assert find_problems(SOUND, KNOWN, SERVICES) == []


@pytest.mark.parametrize(("name", "value", "says"), BAD, ids=[f"{name}={value!r:.40}" for name, value, _ in BAD])
def test_one_clear_sentence(name: str, value: Any, says: str) -> None:
    problems = find_problems({**SOUND, name: value}, KNOWN, SERVICES)
    assert len(problems) == 1
    sentence = problems[0]
    assert name in sentence
    assert says in sentence
    assert sentence.endswith((".", "?", ")"))
    assert "\n" not in sentence
    assert len(sentence) < 250
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wordpress_title", 'O\'Reilly "$5" #1 \\o/ 한국어'),
        ("wordpress_title", 42),
        ("inception_https_port", "8443"),
        ("stack_secrets", {"db_password": "hunter2hunter2"}),
        ("stack_secrets", {"mail_password": "hunter2 é"}),
        ("wordpress_plugins", [PLUGIN, {**PLUGIN, "name": "other", "active": False}]),
        ("wordpress_themes", [PLUGIN]),
        ("nginx_cache_skip_cookies", ["pll_language", "wp-wpml"]),
        ("nginx_cache_skip_paths", ["/shop/", "/%EC%83%81%EC%A0%90", "/a.b~c"]),
        ("wordpress_config_extra", {"WP_POST_REVISIONS": 5, "WP_CACHE_KEY_SALT": "x'\"$", "EMPTY_TRASH_DAYS": 0.5}),
        ("wordpress_mail_host", "10.0.0.1"),
        ("wordpress_mail_host", "2001:db8::1"),
        ("wordpress_mail_host", "mailhost"),
        ("wordpress_locale", "de_DE_formal"),
        ("wordpress_locale", "ckb"),
        ("wordpress_locale", "pt_PT_ao90"),
        ("wordpress_admin_user", "wil"),
        ("inception_domain", "blog.example.org"),
        ("inception_data_dir", "/srv/the data/한국"),
        ("inception_project_dir", '/home/wil/it\'s "my" 한국'),
        ("inception_remember_login", "no"),
        ("inception_base_image", "debian:12"),
        ("inception_extra_ca_dir", "/usr/local/share/ca-certificates"),
    ],
)
def test_values_that_must_be_allowed(name: str, value: Any) -> None:
    assert find_problems({**SOUND, name: value}, KNOWN, SERVICES) == []


def test_no_password_travels_unencrypted_to_the_relay() -> None:
    relay = {"wordpress_mail_host": "smtp.example.org", "wordpress_mail_tls": "none"}
    assert find_problems({**SOUND, **relay}, KNOWN, SERVICES) == []
    (problem,) = find_problems({**SOUND, **relay, "wordpress_mail_user": "site"}, KNOWN, SERVICES)
    assert "would travel unencrypted" in problem


def test_a_bad_login_is_told_once_although_the_domain_is_made_from_it() -> None:
    problems = find_problems({**SOUND, "inception_login": "Wil", "inception_domain": "Wil.42.fr"}, KNOWN, SERVICES)
    assert [problem.split()[0] for problem in problems] == ["inception_login"]


def test_what_only_follows_from_another_mistake_is_not_told() -> None:
    # As the action finds them: the defaults of these are made from the domain, and from the login.
    for name, value, derived in [
        (
            "inception_domain",
            "10.0.0.1",
            {"wordpress_admin_email": "boss@10.0.0.1", "wordpress_user_email": "a@10.0.0.1"},
        ),
        ("inception_login", "wil s", {"inception_domain": "wil s.42.fr", "wordpress_admin_user": "wil;s"}),
    ]:
        problems = find_problems({**SOUND, name: value, **derived}, KNOWN)
        assert len(problems) > 1
        for given in ({name}, set[str]()) if name == "inception_login" else ({name},):
            (problem,) = causes(problems, given, KNOWN)
            assert problem.startswith(f"{name} is ")
    both = ["inception_domain is bad.", "wordpress_user is bad."]
    assert causes(both, {"inception_domain", "wordpress_user"}, KNOWN) == both
    assert causes(both, set(), KNOWN) == both


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("wordpres_title", "wordpress_title"),
        ("incepton_https_port", "inception_https_port"),
        ("Wordpress_title", "wordpress_title"),
        ("INCEPTION_HTTPS_PORT", "inception_https_port"),
        ("inception-https-port", "inception_https_port"),
        ("mariabd_user", "mariadb_user"),
    ],
)
def test_a_misspelling_is_told_wherever_it_is(name: str, meant: str) -> None:
    assert misspelt(name, KNOWN, own_file=False) == meant
    assert misspelt(name, KNOWN, own_file=True) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [("https_port", "inception_https_port"), ("title", "wordpress_title"), ("data_dir", "inception_data_dir")],
)
def test_a_name_without_its_prefix_is_a_mistake_in_our_own_file_alone(name: str, meant: str) -> None:
    assert misspelt(name, KNOWN, own_file=True) == meant
    assert misspelt(name, KNOWN, own_file=False) is None


@pytest.mark.parametrize("name", ["my_domain", "ntp_servers", "backup_user", "letsencrypt_email", "x"])
def test_what_is_somebody_s_own_is_left_alone(name: str) -> None:
    assert misspelt(name, KNOWN, own_file=False) is None
    assert misspelt(name, KNOWN, own_file=True) is None


def test_several_mistakes_are_told_together() -> None:
    problems = find_problems(
        {**SOUND, "inception_https_port": 0, "wordpress_admin_user": "admin", "mariadb_user": "root"}, KNOWN
    )
    assert len(problems) == 3


def test_alpine_has_no_wordpress_of_its_own() -> None:
    alpine = {**SOUND, "inception_base": "alpine", "inception_base_image": "alpine:3.23"}
    assert find_problems(alpine, KNOWN) == []
    (problem,) = find_problems({**alpine, "inception_supply": "distribution"}, KNOWN)
    assert "set inception_supply to upstream or inception_base to debian" in problem


def test_a_service_that_no_role_offers() -> None:
    services = ["mariadb", "wordpress", "nginx", "nowhere"]
    (problem,) = find_problems({**SOUND, "inception_services": services}, KNOWN, SERVICES)
    assert "'nowhere', which is no service" in problem


def test_a_service_says_which_settings_are_its_ports() -> None:
    (problem,) = find_problems({"redis_port": 70000}, {"redis_port": Spec("int")}, {"redis": {"redis_port"}})
    assert problem == "redis_port is 70000, but a port lies between 1 and 65535."


def test_a_mistake_never_shows_a_value_that_could_be_secret() -> None:
    (problem,) = find_problems({**SOUND, "mariadb_password": "hunter2hunter2"}, KNOWN)
    assert "hunter2" not in problem


def test_every_setting_of_the_roles_is_known() -> None:
    for role in roles():
        for name in role_yaml(role, "defaults/main.yml"):
            assert name in SPECS, f"{name} is a default of {role}, but not in its argument specs"


def test_the_services_are_the_roles_that_say_what_they_have() -> None:
    assert set(SOUND["inception_services"]) <= set(SERVICES)
