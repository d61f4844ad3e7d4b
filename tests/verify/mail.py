"""Mail: what visitors are told without a relay, and what arrives with one, over TLS and with a password.

Not collected with the rest, because the settings change: ``pytest tests/verify/mail.py --machine=NAME``.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.stack import Settings, Stack, make
from support.web import Browser, Page

PLACE = "/root/verify-relay"
USER = "site@example.org"
#: Shorter than a password of ours, and with what a shell, PHP or .env might take for their own.
PASSWORD = "s3'\"$x #é"  # noqa: S105 - of a server that lives for this test
SENDER = "noreply@example.org"


def make_mail(stack: Stack, settings: Settings, to: str) -> tuple[int, str]:
    """Run `make mail` and return how it ended and what it printed."""
    done = stack.attempt("make", "--directory", settings.project_dir, "mail", f"TO={to}")
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def registration(stack: Stack) -> Iterator[None]:
    """Let anybody register."""
    option = "UPDATE {} SET option_value = '{}' WHERE option_name = 'users_can_register'"
    stack.sql(option.format(stack.table("options"), 1))
    yield
    stack.sql(option.format(stack.table("options"), 0))


def register(visitor: Browser) -> tuple[str, Page]:
    """Register under a new name; return it and the page that this leads to."""
    name = f"tux{uuid.uuid4().hex[:12]}"
    fields = visitor.get("/wp-login.php?action=register").form("registerform")
    fields |= {"user_login": name, "user_email": f"{name}@example.org"}
    return name, visitor.submit("/wp-login.php?action=register", fields)


def ask_for_password(visitor: Browser, user: str) -> Page:
    """Ask for a new password; return the page that this leads to."""
    fields = visitor.get("/wp-login.php?action=lostpassword").form("lostpasswordform")
    return visitor.submit("/wp-login.php?action=lostpassword", fields | {"user_login": user})


def users(stack: Stack, name: str) -> int:
    return stack.sql(f"SELECT user_login FROM {stack.table('users')}").count([name])  # noqa: S608 - a name of its own


# --- Without a relay ---


@pytest.mark.usefixtures("registration")
def test_without_a_relay_nobody_is_promised_a_mail(stack: Stack, visitor: Browser) -> None:
    form = visitor.get("/wp-login.php?action=register").text
    assert "This site sends no mail, so nobody can register here" in form
    assert "will be emailed" not in form
    name, page = register(visitor)
    assert "This site sends no mail, so nobody can register here" in page.text
    assert users(stack, name) == 0
    assert "This site sends no mail" in visitor.get("/wp-login.php?action=lostpassword").text
    # Whether there is such a user is not told.
    answers = [
        re.findall(r"This site sends no mail[^<]*", ask_for_password(visitor, user).text)
        for user in (stack.env["WP_USER"], "nobody")
    ]
    assert answers[0] == answers[1] != []


def test_without_a_relay_the_test_mail_names_the_setting(stack: Stack, settings: Settings) -> None:
    status, said = make_mail(stack, settings, "tux@example.org")
    assert status != 0
    assert "no relay is set (wordpress_mail_host)" in said


def test_before_wordpress_is_loaded_nothing_breaks(stack: Stack) -> None:
    # A fatal error of a plugin may be told before the functions for mail are there.
    program = "define( 'SHORTINIT', true ); require '/var/www/html/wp-load.php'; "
    program += "require WP_CONTENT_DIR . '/mu-plugins/inception-mail.php'; var_dump( inception_can_mail() );"
    site = ("exec", "--user", "www-data", stack.container("wordpress"))
    assert stack.docker(*site, "php", "-r", program) == "bool(false)\n"


# --- With one ---


@dataclasses.dataclass
class Relay:
    """The mail server on the machine."""

    stack: Stack
    address: str
    port: int
    number: str = ""

    def start(self, *options: str, password: str = PASSWORD) -> None:
        """Serve, in the place of what served before."""
        self.stop()
        command = ["python3", f"{PLACE}/relay.py", PLACE, self.address, str(self.port), USER, password, *options]
        self.run(shlex.join(command))

    def run(self, command: str) -> None:
        """Start a command that listens there, and wait for it."""
        self.number = self.stack.shell(f"nohup {command} >{PLACE}/log 2>&1 & echo $!").strip()
        connect = f"import socket; socket.create_connection(('{self.address}', {self.port}), 1)"
        look = f'python3 -c "{connect}" 2>/dev/null && exit; sleep .1'
        self.stack.shell(f"for _ in $(seq 100); do {look}; done; cat {PLACE}/log >&2; exit 1")

    def stop(self) -> None:
        """Close the port."""
        if self.number:
            self.stack.shell(f"kill {self.number}; while kill -0 {self.number} 2>/dev/null; do sleep .1; done")
        self.number = ""

    def certify(self, authority: str) -> None:
        """Make its certificate: signed by the site's own authority, or by nobody."""
        signed = f"-CA {authority}.crt -CAkey {authority}.key" if authority else ""
        self.stack.shell(
            f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=relay {signed} "
            f"-addext subjectAltName=IP:{self.address} -addext basicConstraints=critical,CA:false "
            f"-keyout {PLACE}/key.pem -out {PLACE}/certificate.pem 2>&1"
        )

    def mails(self, to: str) -> list[dict[str, Any]]:
        """Return what has arrived for somebody."""
        kept = self.stack.shell(f"cat {PLACE}/mails 2>/dev/null", check=False).splitlines()
        return [mail for line in kept if to in (mail := json.loads(line))["to"]]


@pytest.fixture(scope="module")
def installed(stack: Stack, settings: Settings) -> Iterator[Relay]:
    """Have the site send its mail through a relay on the machine."""
    stack.shell("apt-get install --yes --no-install-recommends python3-aiosmtpd >/dev/null 2>&1")
    stack.shell(f"mkdir -p {PLACE}")
    stack.execute("tee", f"{PLACE}/relay.py", data=Path(__file__).with_name("relay.py").read_text(encoding="utf-8"))
    network = stack.docker("network", "inspect", stack.networks["inception"])
    relay = Relay(stack, json.loads(network)[0]["IPAM"]["Config"][0]["Gateway"], 2525)
    relay.certify(f"{stack.secrets_dir}/tls_ca")
    secret = f"{stack.secrets_dir}/mail_password.txt"
    stack.execute("tee", secret, data=PASSWORD + "\n")
    given = {"host": relay.address, "port": relay.port, "user": USER, "sender": SENDER}
    make(stack, settings, arguments=" ".join(f"-e wordpress_mail_{key}={value}" for key, value in given.items()))
    stack.forget()
    yield relay
    relay.stop()
    stack.execute("tee", secret, data="")
    make(stack, settings)
    stack.forget()
    stack.shell(f"rm -r {PLACE}")


@pytest.fixture
def relay(installed: Relay) -> Relay:
    """Return the relay as it should be."""
    installed.start()
    return installed


def test_a_test_mail_arrives_over_tls_with_user_and_sender(relay: Relay, stack: Stack, settings: Settings) -> None:
    status, said = make_mail(stack, settings, "tux@example.org")
    assert (status, f"handed over to {relay.address}:{relay.port}" in said) == (0, True), said
    (mail,) = relay.mails("tux@example.org")
    assert (mail["from"], mail["encrypted"], mail["authenticated"]) == (SENDER, True, True)
    assert f"<{SENDER}>" in mail["text"]


@pytest.mark.usefixtures("relay")
def test_a_plugin_may_send_mail_by_other_means(stack: Stack) -> None:
    program = "require '/var/www/html/wp-load.php'; $GLOBALS['phpmailer'] = new stdClass(); "
    program += "echo inception_mail_reason( new WP_Error( 'wp_mail_failed', 'No way.' ) );"
    assert stack.docker("exec", "--user", "www-data", stack.container("wordpress"), "php", "-r", program) == "No way"


@pytest.mark.usefixtures("registration")
def test_whoever_registers_gets_the_link_for_a_password(relay: Relay, visitor: Browser) -> None:
    name, page = register(visitor)
    assert "Registration complete" in page.text
    (mail,) = relay.mails(f"{name}@example.org")
    assert "action=rp" in mail["text"].replace("=3D", "=")


def test_a_lost_password_leads_to_a_mail(relay: Relay, stack: Stack, visitor: Browser) -> None:
    before = len(relay.mails(stack.env["WP_USER_EMAIL"]))
    assert "Check your email" in ask_for_password(visitor, stack.env["WP_USER"]).text
    assert len(relay.mails(stack.env["WP_USER_EMAIL"])) == before + 1


@pytest.mark.usefixtures("registration")
@pytest.mark.parametrize("trouble", ["wrong password", "closed port", "silence", "unknown authority"])
def test_a_failure_is_told_once_and_the_log_says_why(
    trouble: str, relay: Relay, stack: Stack, settings: Settings, visitor: Browser
) -> None:
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    match trouble:
        case "wrong password":
            relay.start(password="another")  # noqa: S106 - of a server that lives for this test
            reason = "Could not authenticate"
        case "closed port":
            relay.stop()
            reason = "Connection refused"
        case "silence":
            relay.stop()
            # It waits for the other side to begin.
            relay.run(f"python3 -m http.server --bind {relay.address} {relay.port}")
            reason = "not connect"
        case _:
            relay.stop()
            relay.certify("")
            relay.start()
            relay.certify(f"{stack.secrets_dir}/tls_ca")
            reason = "certificate verify failed"
    asked = time.monotonic()
    name, page = register(visitor)
    assert time.monotonic() - asked < 30
    assert page.text.count("the mail with the link to set its password could not be sent") == 1
    assert users(stack, name) == 1
    assert "The email could not be sent" in ask_for_password(visitor, stack.env["WP_USER"]).text
    status, said = make_mail(stack, settings, "tux@example.org")
    assert (status != 0, reason in said) == (True, True), said
    done = stack.attempt("docker", "logs", "--since", began, stack.container("wordpress"))
    log = done.stdout + done.stderr
    assert re.search(rf"Inception: a mail was not sent: .*{reason}", log)
    assert PASSWORD not in log + said
