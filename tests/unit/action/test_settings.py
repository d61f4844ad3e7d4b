from __future__ import annotations

from typing import Any

import pytest

from action.validate_settings import Spec, causes, find_problems, misspelt
from support import load_plugin, role_yaml, roles

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

#: (setting, value, what the one sentence must say beside the setting's name)
BAD: list[tuple[str, Any, str]] = [
    # A login that no host or user may have.
    ("inception_login", "Wil", "lower-case letters"),
    ("inception_login", "w_il", "letters, digits or hyphens"),
    ("inception_login", "w il", "letters, digits or hyphens"),
    ("inception_login", "4wil", "a letter first"),
    ("inception_login", "wil-", "no hyphen last"),
    ("inception_login", "", "1 to 32"),
    ("inception_login", "a" * 33, "1 to 32"),
    ("inception_login", "../wil", "letters, digits or hyphens"),
    ("inception_login", "wil;reboot", "letters, digits or hyphens"),
    ("inception_login", "조", "letters, digits or hyphens"),
    # Names of hosts, projects, networks, images.
    ("inception_domain", "wil_42.fr", "no host name"),
    ("inception_former_domains", ["tux.42.fr", "tux_42.fr"], "'tux_42.fr', which is no host name"),
    ("inception_version_service", "ftp://api.example/", "must be an http or https address"),
    ("inception_domain", "localhost", "dots, like wil.42.fr"),
    ("inception_domain", "WIL.42.fr", "lower-case"),
    ("inception_domain", f"{'a' * 64}.fr", "no host name"),
    ("inception_domain", "wil.42.fr/blog", "no host name"),
    ("inception_domain", "10.0.0.1", "needs a name"),
    ("inception_domain", "2001:db8::1", "needs a name"),
    ("inception_domain", "https://wil.42.fr", "no host name"),
    ("inception_domain", "_", "no host name"),
    ("inception_domain", "", "no host name"),
    ("inception_domain", "사이트.42.fr", "no host name"),
    ("host_address", "999.1.1.1", "no address of a machine"),
    ("host_address", "wil.42.fr", "no address of a machine"),
    ("host_address", "", "no address of a machine"),
    ("inception_project_name", "My Project", "lower-case letters"),
    ("inception_project_name", "-x", "a letter or digit first"),
    ("inception_network", "", "lower-case letters"),
    ("inception_network", "host", "host"),
    ("inception_image_version", "1:0", "a tag"),
    ("inception_image_version", "latest", "latest"),
    ("inception_base_image", "debian:latest", "not latest"),
    ("inception_base_image", "debian", "debian:<version>"),
    ("inception_base_image", "ubuntu:24.04", "debian:<version> or alpine:<version>"),
    ("inception_base_image", "alpine:3.23", "make them agree"),
    # Numbers.
    ("inception_https_port", 0, "between 1 and 65535"),
    ("inception_https_port", 65536, "between 1 and 65535"),
    ("inception_https_port", -443, "between 1 and 65535"),
    ("inception_https_port", "https", "a whole number"),
    ("inception_https_port", "4.43", "a whole number"),
    ("inception_https_port", True, "a whole number"),
    ("inception_https_port", None, "a whole number"),
    ("nginx_port", 99999, "between 1 and 65535"),
    ("wordpress_port", "", "a whole number"),
    ("mariadb_port", "³³", "a whole number"),
    ("inception_upload_limit_mb", 0, "1 to 2048 MiB"),
    ("inception_upload_limit_mb", "64M", "a whole number"),
    ("inception_upload_limit_mb", -1, "1 to 2048 MiB"),
    ("inception_wait_timeout", 5, "10 to 3600 seconds"),
    ("mariadb_buffer_pool_mb", 1, "5 to 65536 MiB"),
    # Directories.
    ("inception_data_dir", "/", "absolute path"),
    ("inception_data_dir", "/home", "name a directory below it"),
    ("inception_data_dir", "data", "absolute path"),
    ("inception_data_dir", "/home/wil/../data", "'..'"),
    ("inception_data_dir", "/home/wil/data/", "a slash at its end"),
    ("inception_data_dir", "/home/wil/a:b", "cannot mount"),
    ("inception_data_dir", "/home/wil/$x", "cannot mount"),
    ("inception_data_dir", "/home/o'brien", "cannot mount"),
    ("inception_project_dir", "", "absolute path"),
    ("inception_extra_ca_dir", "certs", "absolute path"),
    # Choices, lists, switches.
    ("inception_supply", "upsteam", "auto, upstream, distribution"),
    ("inception_services", ["mariadb", "redis"], "which is no service"),
    ("inception_data_dir", "/etc", "name a directory below it"),
    ("inception_data_dir", "~/data", "absolute path"),
    ("inception_supply", "internet", "auto, upstream, distribution"),
    ("stack_secrets", "hunter2hunter2", "must be a mapping"),
    ("stack_secrets", {"db_pasword": "hunter2hunter2"}, "known are db_password, "),
    ("stack_secrets", {"db_password": "hunter2"}, "12 to 128"),
    ("stack_secrets", {"db_password": "hunter2 hunter2"}, "12 to 128"),
    ("stack_secrets", {"db_password": "PasswordPassword"}, "easily guessed"),
    ("stack_secrets", {"db_password": "abababababab"}, "easily guessed"),
    ("stack_secrets", {"wp_user_password": "hunter2hunter2"}, "give wp_admin_password and"),
    ("inception_base", "ubuntu", "debian, alpine"),
    ("inception_services", "nginx", "a list"),
    ("inception_services", [], "mariadb"),
    ("inception_services", ["mariadb", ["nginx"]], "[1] is ['nginx'], but must be text"),
    ("inception_services", ["mariadb", "wordpress", "nginx", "nginx"], "twice"),
    ("inception_remember_login", "perhaps", "true or false"),
    # WordPress and its two users.
    ("wordpress_admin_user", "admin", "R26"),
    ("wordpress_admin_user", "TheAdministrator42", "R26"),
    ("wordpress_admin_user", "Administrator", "R26"),
    ("wordpress_user_role", "administrator", "author, contributor, editor, subscriber"),
    ("wordpress_admin_user", "", "1 to 60"),
    ("wordpress_admin_user", "bo<ss", "WordPress takes"),
    ("wordpress_admin_user", "author", "wordpress_user are the same"),
    ("wordpress_admin_user", "AUTHOR", "wordpress_user are the same"),
    ("wordpress_user", "a" * 61, "1 to 60"),
    ("wordpress_user", " author", "1 to 60"),
    ("wordpress_user_email", "author", "an e-mail address"),
    ("wordpress_user_email", "Boss@wil.42.fr", "one address for each"),
    ("wordpress_title", "   ", "is empty"),
    ("wordpress_title", "two\nlines", "line break"),
    ("wordpress_title", "half \ud800", "control character"),
    ("wordpress_title", ["a", "list"], "must be text"),
    ("wordpress_title", None, "must be text"),
    ("wordpress_title", True, "put it in quotes"),
    ("inception_image_version", 1.1, "put it in quotes"),
    ("wordpress_locale", "korean", "ko_KR"),
    ("wordpress_locale", "ko-KR", "ko_KR"),
    # The database.
    ("mariadb_user", "root", "MariaDB keeps for itself"),
    ("mariadb_user", "word press", "letters, digits or _"),
    ("mariadb_database", "word-press", "letters, digits or _"),
    ("mariadb_database", "mysql", "belongs to MariaDB"),
    # Downloads.
    ("wordpress_sha256", "abc", "64 hexadecimal digits"),
    ("wordpress_sha256", "A" * 64, "lower case"),
    ("wordpress_url", "http://example.org/w.tar.gz", "set wordpress_sha256 too, or an https address"),
    ("wordpress_url", "ftp://example.org/w.tar.gz", "http or https"),
    ("inception_apt_mirror", "file:///mirror", "http or https"),
    # A setting that does not exist.
    ("inception_https_prot", 443, "did you mean inception_https_port?"),
    ("inception_foo_bar_baz", 1, "is not a setting"),
    ("mariadb_databse", "x", "did you mean mariadb_database?"),
]


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
        ("wordpress_locale", "de_DE_formal"),
        ("wordpress_locale", "ckb"),
        ("wordpress_locale", "pt_PT_ao90"),
        ("wordpress_admin_user", "wil"),
        ("inception_domain", "blog.example.org"),
        ("inception_data_dir", "/srv/the data/한국"),
        ("inception_remember_login", "no"),
        ("inception_base_image", "debian:12"),
        ("inception_extra_ca_dir", "/usr/local/share/ca-certificates"),
    ],
)
def test_values_that_must_be_allowed(name: str, value: Any) -> None:
    assert find_problems({**SOUND, name: value}, KNOWN, SERVICES) == []


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
