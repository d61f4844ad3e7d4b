"""Each live rule: silent about a good stack, and exact about a spoilt one; nothing passes that was not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inception_check import cli, subject
from inception_check.model import Finding, Severity, Undecided
from inception_check.rules import PAGES, all_rules, documented_rules
from inception_evaluate.cli import rule_table
from inception_evaluate.collect.site import https_port
from inception_evaluate.evaluation import judge
from inception_evaluate.evidence import Evidence, Inside, Missing, Page, Process, Stack, Step, User
from inception_evaluate.model import Mount, Port, Volume
from inception_evaluate.rule import Absent, LiveRule, Saw
from inception_evaluate.rules import all_live_rules
from live_evidence import (
    BONUS,
    CERTIFICATE,
    GOOD,
    INSIDE,
    KILLS,
    MARIADB,
    NGINX,
    PORTS,
    REACH,
    STACK,
    STEPS,
    USERS,
    WORDPRESS,
)


def part(name: str, **changes: Any) -> Evidence:
    changed: dict[str, Any] = {name: replace(getattr(GOOD, name), **changes)}
    return replace(GOOD, **changed)


def containers(*changed: Any) -> Evidence:
    by_name = {one.service: one for one in (*STACK.containers, *changed)}
    return part("stack", containers=tuple(by_name.values()))


def processes(service: str, *commands: tuple[str, ...]) -> Evidence:
    made = tuple(Process(900 + n, n + 1, 900 if n else 1, command[0], command, 0) for n, command in enumerate(commands))
    lasting = frozenset(one.pid for one in made)
    found = {**INSIDE, service: Inside(made, (), lasting)}
    return replace(GOOD, inside=found)


def page(**changes: Any) -> Evidence:
    return part("site", front=Page("https://wil.42.fr/", **changes))


def step(name: str, good: bool | None, sentence: str) -> Evidence:
    steps = tuple(Step(name, good, sentence) if one.id == name else one for one in STEPS)
    return part("browsing", steps=steps)


def certificate(**changes: Any) -> Evidence:
    return part("tls", certificate=replace(CERTIFICATE, **changes))


# Spoilt evidence; the rule and the lines that it must fail; what it must say.
SPOILT: list[tuple[Callable[[], Evidence], str, str, str]] = [
    (lambda: part("ports", answering={"192.0.2.1": (80, 443)}, owners={80: "apache2"}), "open-ports", "E27 E41 R35", "belongs to apache2"),
    (lambda: part("ports", answering={"192.0.2.1": (22,)}), "open-ports", "E27", "443 of the machine does not answer"),
    (
        lambda: replace(containers(replace(MARIADB, ports=(Port(3306, 3306),))), ports=replace(PORTS, answering={"::1": (443, 3306)})),
        "open-ports", "E27 R35", "the service mariadb publishes it",
    ),
    (lambda: part("site", plain=Page("http://wil.42.fr/", 301)), "plain-http", "E30 E41", "answers with 301"),
    (lambda: part("site", plain=Page("http://wil.42.fr/", 0, error="no answer within 5 s")), "plain-http", "E30 E41", "accepts a connection"),
    (lambda: part("site", plain_port=Page("http://wil.42.fr:443/", 200)), "plain-http", "E30 E41", "speaks plain HTTP"),
    (lambda: part("site", port=8443), "way-in", "E27", "published on port 8443"),
    (lambda: page(status=0, error="no answer within 20 s"), "way-in", "E27", "no answer within 20 s"),
    (lambda: page(status=502), "configured-site", "E29 E42", "answers with 502"),
    (lambda: page(status=302, location="/wp-admin/install.php", installer=True), "configured-site", "E29 E42", "installation page"),
    (lambda: page(status=301, location="https://other/"), "configured-site", "E29 E42", "redirects to https://other/"),
    (lambda: page(status=200, title="Welcome to nginx!"), "configured-site", "E29 E42", "WordPress did not make"),
    (lambda: part("tls", accepted={"TLS 1.1": ("x",), "TLS 1.2": ("y",)}), "tls-handshakes", "E28 E43 R11", "accepts TLS 1.1"),
    (lambda: part("tls", accepted={}), "tls-handshakes", "E28 E43 R11", "neither TLS 1.2 nor"),
    (lambda: part("tls", weak=("TLS_RSA_WITH_RC4_128_SHA",)), "tls-handshakes", "E28 E43 R11", "RC4"),
    (lambda: certificate(matches=False, names=("example.org",)), "certificate", "E28", "for example.org, not for wil.42.fr"),
    (lambda: certificate(expired=True), "certificate", "E28", "not today"),
    (lambda: certificate(key="RSA 1024", key_bits=1024), "certificate", "E28", "weak (RSA 1024)"),
    (lambda: certificate(signature="sha1"), "certificate", "E28", "sha1"),
    (lambda: containers(replace(NGINX, state="restarting", restarts=5)), "running", "E35", "again and again"),
    (lambda: containers(replace(NGINX, state="exited")), "running", "E35", "does not run: exited"),
    (lambda: containers(replace(NGINX, health="unhealthy")), "running", "E35", "health check fails"),
    (lambda: part("stack", declared=("mariadb", "nginx", "redis", "wordpress")), "running", "E35 R6", "redis"),
    (lambda: containers(replace(NGINX, service="nginx#2", role="other")), "running", "R6", "more than one container"),
    (lambda: containers(replace(WORDPRESS, role="other")), "compose-ps", "E46", "no container of the project is WordPress"),
    (lambda: part("stack", listed=("nginx", "wordpress")), "compose-ps", "E53", "does not list mariadb"),
    (lambda: part("stack", host_network=("nginx",)), "network-listed", "E37 R18", "host's network: nginx"),
    (lambda: part("stack", networks=()), "network-listed", "E37 R18", "no network of their own"),
    (lambda: containers(replace(MARIADB, mounts=(Mount("bind", "/srv/db", "/var/lib/mysql"),))), "data-path", "E54 R16", "bind mount"),
    (lambda: containers(replace(MARIADB, mounts=())), "data-path", "E54 R16 R17", "no volume"),
    (
        lambda: part("stack", volumes=(STACK.volumes[0], Volume("wordpress", "local", "/var/lib/docker/volumes/wordpress/_data"))),
        "data-path", "E47 R17 R27", "not a path under /home/wil/data/",
    ),
    (
        lambda: part("stack", volumes=(STACK.volumes[0], Volume("wordpress", "local", "/home/tux/data/wordpress"))),
        "data-path", "E47 R17 R27", "not a path under /home/wil/data/",
    ),
    (lambda: processes("nginx", ("tail", "-f", "/dev/null")), "process-tree", "R20 R23 R24", "does no work"),
    (lambda: processes("nginx", ("bash",)), "process-tree", "R20 R23 R24", "does no work"),
    (lambda: processes("nginx", ("/bin/sh", "-c", "run; wait")), "process-tree", "R24", "is a shell"),
    (lambda: processes("mariadb", ("mariadbd",), ("sleep", "infinity")), "process-tree", "R20 R23 R24", "`sleep infinity`"),
    (lambda: processes("wordpress", ("supervisord",)), "process-tree", "R24", "not WordPress's daemon"),
    (lambda: part("database", users=(User("Admin", administrator=True, role="administrator"), USERS[1])), "database-users", "E49 R26", "called Admin"),
    (lambda: part("database", users=USERS[:1]), "database-users", "R25", "no ordinary user"),
    (lambda: part("database", users=USERS[1:]), "database-users", "E49 R25", "no user is an administrator"),
    (lambda: part("database", tables={}), "database-filled", "E56", "no rows"),
    (lambda: part("database", root_without={"its socket": "opened"}), "database-root-login", "E57", "by its socket"),
    (lambda: replace(GOOD, reach=(replace(REACH[0], from_foreign=True),)), "inner-services", "R35", "another network reaches mariadb"),
    (lambda: replace(GOOD, reach=(replace(REACH[1], from_neighbour=True),)), "inner-services", "R35", "a neighbour of the machine"),
    (lambda: part("site", resolved=()), "domain-resolves", "R28", "resolves to nothing"),
    (lambda: part("site", resolved=("198.51.100.1",)), "domain-resolves", "R28", "not this machine"),
    (lambda: replace(GOOD, kills=(replace(KILLS[0], restarted=False),)), "killed-daemon", "R19", "did not come back"),
    (lambda: replace(GOOD, kills=(replace(KILLS[0], site_after=None),)), "killed-daemon", "R19", "did not answer again"),
    (lambda: replace(GOOD, kills=(replace(KILLS[0], counted=0),)), "killed-daemon", "R19", "counted no restart"),
    (lambda: step("front", good=False, sentence="blank"), "browser-front", "E29 E42", "blank"),
    (lambda: step("comment", good=False, sentence="closed"), "browser-comment", "E48", "closed"),
    (lambda: step("dashboard", good=False, sentence="not let in"), "browser-dashboard", "E49", "not let in"),
    (lambda: step("edit", good=False, sentence="stale"), "browser-edit", "E50", "stale"),
    (lambda: replace(GOOD, bonus=(replace(BONUS, good=False),)), "bonus-services", "E60", "redis"),
]  # fmt: skip


@pytest.mark.parametrize("rule", all_live_rules(), ids=lambda rule: rule.id)
def test_a_good_stack_passes_every_line(rule: LiveRule) -> None:
    outcomes = judge((rule,), GOOD).outcomes[rule.id]
    assert [one for one in outcomes if not isinstance(one, Saw | Absent)] == []
    seen = {name for one in outcomes if isinstance(one, Saw) for name in one.requirements}
    assert seen == (set(rule.decides) if rule.id != "bonus-services" else {"E60"})


@pytest.mark.parametrize(("make", "rule", "lines", "said"), SPOILT)
def test_what_is_spoilt_is_found(make: Callable[[], Evidence], rule: str, lines: str, said: str) -> None:
    judged = judge(tuple(one for one in all_live_rules() if one.id == rule), make())
    assert not judged.crashes
    findings = [one for one in judged.outcomes[rule] if isinstance(one, Finding)]
    assert {name for one in findings for name in one.requirements} == set(lines.split())
    assert any(said in one.message for one in findings), findings
    assert all(one.severity is Severity.ERROR and one.fix for one in findings)
    # What fails is not said to be seen as well, by the same rule.
    seen = {name for one in judged.outcomes[rule] if isinstance(one, Saw) for name in one.requirements}
    assert rule in ("data-path", "process-tree", "killed-daemon", "inner-services", "running") or not seen & set(
        lines.split()
    )


@pytest.mark.parametrize("name", [one.name for one in dataclasses.fields(Evidence) if one.name != "login"])
def test_nothing_passes_that_was_not_seen(name: str) -> None:
    dark: dict[str, Any] = {name: Missing("it was dark")}
    judged = judge(all_live_rules(), replace(GOOD, **dark))
    for rule in all_live_rules():
        outcomes = judged.outcomes[rule.id]
        if name in rule.needs:
            assert outcomes == [Undecided(rule.decides, "it was dark")]
        else:
            assert all(isinstance(one, Saw | Absent) for one in outcomes)


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        (part("ports", complete=False), "open-ports"),
        (part("tls", failed={"TLS 1.0": "it broke"}), "tls-handshakes"),
        (part("tls", certificate=None), "certificate"),
        (step("comment", good=None, sentence="nobody knows the password"), "browser-comment"),
        (part("database", users=(), notes=("the users could not be listed",)), "database-users"),
        (part("database", root_opened=False, account_opened=False), "database-filled"),
        (part("database", root_without={"its socket": "no such file"}), "database-root-login"),
        (replace(GOOD, reach=(replace(REACH[0], from_own=False),)), "inner-services"),
        (
            replace(GOOD, reach=(replace(REACH[0], from_neighbour=None, why_no_neighbour="it takes root"),)),
            "inner-services",
        ),
        (processes("nginx"), "process-tree"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_doubt_is_no_pass_and_no_failure(spoilt: Evidence, rule: str) -> None:
    outcomes = judge(tuple(one for one in all_live_rules() if one.id == rule), spoilt).outcomes[rule]
    assert any(isinstance(one, Undecided) for one in outcomes)
    assert not any(isinstance(one, Finding) for one in outcomes)


def test_a_bonus_service_that_is_not_there_is_told() -> None:
    rule = tuple(one for one in all_live_rules() if one.id == "bonus-services")
    outcomes = judge(rule, GOOD).outcomes["bonus-services"]
    assert {one.requirements for one in outcomes if isinstance(one, Absent)} == {(f"E6{n}",) for n in range(1, 5)}
    assert isinstance(GOOD.stack, Stack)
    declared = (*GOOD.stack.declared, "cache")
    outcomes = judge(rule, part("stack", declared=declared)).outcomes["bonus-services"]
    # It may have been the service that never came up.
    assert not any(isinstance(one, Absent) for one in outcomes)
    assert all("cache" in one.reason for one in outcomes if isinstance(one, Undecided))


def test_a_passing_process_is_no_fault() -> None:
    spoilt = processes("wordpress", ("php-fpm: master",), ("sh", "-c", "convert"))
    inside = spoilt.inside
    assert not isinstance(inside, Missing)
    gone = replace(inside["wordpress"], lasting=frozenset({900}))
    spoilt = replace(spoilt, inside={**inside, "wordpress": gone})
    rule = tuple(one for one in all_live_rules() if one.id == "process-tree")
    assert all(isinstance(one, Saw) for one in judge(rule, spoilt).outcomes["process-tree"])


def test_an_upload_that_fails_is_a_warning() -> None:
    rule = tuple(one for one in all_live_rules() if one.id == "browser-dashboard")
    outcomes = judge(rule, step("upload", good=False, sentence="too large")).outcomes["browser-dashboard"]
    assert [one.severity for one in outcomes if isinstance(one, Finding)] == [Severity.WARNING]


def warned(spoilt: Evidence, name: str) -> list[Finding]:
    """Return what a rule warns of, while all of its lines are seen all the same."""
    rule = next(one for one in all_live_rules() if one.id == name)
    outcomes = judge((rule,), spoilt).outcomes[name]
    assert {line for one in outcomes if isinstance(one, Saw) for line in one.requirements} == set(rule.decides)
    findings = [one for one in outcomes if isinstance(one, Finding)]
    assert {one.severity for one in findings} == {Severity.WARNING}
    return findings


def test_a_slow_page_is_a_page() -> None:
    (finding,) = warned(page(status=200, wordpress=True, seconds=15.0), "configured-site")
    assert "took 15 s to answer" in finding.message


@pytest.mark.parametrize(("name", "rule"), [("comment", "browser-comment"), ("front", "browser-front")])
def test_what_is_doubtful_about_a_good_step_is_a_warning(name: str, rule: str) -> None:
    steps = tuple(replace(one, doubt="it is held for moderation") if one.id == name else one for one in STEPS)
    (finding,) = warned(part("browsing", steps=steps), rule)
    assert finding.message == "it is held for moderation"


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        (page(status=502), "configured-site"),
        (step("comment", good=False, sentence="no form"), "browser-comment"),
        (containers(replace(WORDPRESS, state="restarting", restarts=9)), "running"),
        (containers(replace(WORDPRESS, state="exited")), "compose-ps"),
        (part("ports", answering={"192.0.2.1": (22,)}), "open-ports"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_missing_internet_prevented_is_not_decided(spoilt: Evidence, rule: str) -> None:
    stack = spoilt.stack
    assert isinstance(stack, Stack)
    away = replace(
        spoilt, stack=replace(stack, cut_off={"wordpress": ("https://wordpress.example.org/latest.tar.gz",)})
    )
    deciding = tuple(one for one in all_live_rules() if one.id == rule)
    outcomes = judge(deciding, away).outcomes[rule]
    assert not any(isinstance(one, Finding) for one in outcomes)
    reasons = [one.reason for one in outcomes if isinstance(one, Undecided)]
    assert reasons
    assert rule == "open-ports" or "wordpress cannot reach https://wordpress.example.org/latest.tar.gz" in reasons[0]


def test_the_missing_internet_excuses_nothing_else() -> None:
    published = containers(replace(MARIADB, ports=(Port(3306, 3306),)))
    assert isinstance(published.stack, Stack)
    away = replace(
        published,
        stack=replace(published.stack, cut_off={"wordpress": ("wordpress.example.org",)}),
        ports=replace(PORTS, answering={"192.0.2.1": (443, 3306)}),
    )
    rule = tuple(one for one in all_live_rules() if one.id == "open-ports")
    assert any(
        isinstance(one, Finding) and "R35" in one.requirements for one in judge(rule, away).outcomes["open-ports"]
    )


@pytest.mark.parametrize(
    ("stack", "port"),
    [
        (STACK, 443),
        # NGINX is down: what a database page publishes is not the site.
        (replace(STACK, containers=(replace(NGINX, state="exited", ports=()), replace(MARIADB, ports=(Port(8080, 8080),)))), 443),
        (replace(STACK, containers=(replace(NGINX, state="exited", ports=()),), configured={"nginx": (Port(8443, 443),)}), 8443),
        (replace(STACK, containers=(replace(NGINX, ports=(Port(80, 80), Port(4443, 443))),)), 4443),
        (replace(STACK, containers=(replace(MARIADB, ports=(Port(3306, 3306),)),)), 443),
        (replace(STACK, containers=(replace(NGINX, role="other", ports=(Port(9443, 443),)),)), 9443),
    ],
)  # fmt: skip
def test_the_way_in_is_nginxs_port_and_no_other(stack: Stack, port: int) -> None:
    assert https_port(stack) == port


def test_a_rule_that_crashes_is_named_and_takes_nothing_down() -> None:
    broken = replace(all_live_rules()[0], check=lambda _: [all_live_rules()[1 // 0].undecided("")])
    judged = judge((broken, *all_live_rules()[1:]), GOOD)
    assert list(judged.crashes) == [broken.id]
    assert len(judged.outcomes) == len(all_live_rules()) - 1


def test_rules_are_told_apart_and_have_a_page() -> None:
    ids = [rule.id for rule in all_live_rules()]
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {rule.id for rule in all_rules()}
    for rule in all_live_rules():
        text = cli.page(rule.id)
        assert text is not None, rule.id
        assert text.startswith(f"# {rule.id}\n")
        for name in rule.decides:
            assert f"- {name}: {subject.REQUIREMENTS[name].title}" in text


def test_the_table_of_the_documents_is_that_of_the_rules() -> None:
    text = (PAGES.parents[2] / "README.md").read_text()
    assert text.split("<!-- live-rules:begin -->\n")[1].split("<!-- live-rules:end -->")[0] == rule_table()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"from_user": True}, "also answers every user of the machine"),
        ({"from_containers": ("mariadb", "nginx")}, "also answers the container mariadb"),
        (
            {"from_user": True, "from_containers": ("mariadb", "nginx")},
            "every user of the machine and the container mariadb",
        ),
    ],
)
def test_who_else_has_php_fpm_run_code_is_a_warning(changes: dict[str, Any], said: str) -> None:
    rule = tuple(one for one in all_live_rules() if one.id == "inner-services")
    spoilt = replace(GOOD, reach=(REACH[0], replace(REACH[1], **changes)))
    outcomes = judge(rule, spoilt).outcomes["inner-services"]
    (finding,) = [one for one in outcomes if isinstance(one, Finding)]
    assert said in finding.message
    assert finding.severity is Severity.WARNING
    # It is seen all the same, so that the line ends as a warning.
    assert len([one for one in outcomes if isinstance(one, Saw)]) == 2


def test_the_users_of_the_machine_may_meet_the_database() -> None:
    rule = tuple(one for one in all_live_rules() if one.id == "inner-services")
    met = replace(GOOD, reach=(replace(REACH[0], from_user=True, from_containers=("nginx", "wordpress")), REACH[1]))
    assert all(isinstance(one, Saw) for one in judge(rule, met).outcomes["inner-services"])


def test_no_page_is_left_over() -> None:
    assert documented_rules() == {rule.id for rule in all_rules()} | {rule.id for rule in all_live_rules()}
