"""Values that an example leaves to its reader, recognised and filled in so that the project runs.

A value that would do as it stands is kept, whatever it is.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

_LINE = re.compile(
    r"""^(?P<before>\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*)
        (?:(?P<quote>["'])(?P<quoted>.*?)(?P=quote)|(?P<bare>[^#\n]*?))
        (?P<after>\s*(?:\s\#.*)?)$""",
    re.VERBOSE,
)
_BARE = re.compile(r"^\s*(?:export\s+)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\s*$")
#: What nobody means as a value.
_OPEN = re.compile(
    r"""^$ | ^<.*>$ | ^\[.*\]$ | ^\{\{.*\}\}$ | ^\*+$ | ^\.{2,}$ | ^_+$ | ^-+$ | x{3,}
        | change[_\- ]?(?:me|this|it|d)?\b | to[_\- ]?be[_\- ] | replace[_\- ]?(?:me|this|with)
        | place[_\- ]?holder | \b(?:todo|tbd|fixme)\b | (?:^|[\W_])(?:your|insert|enter|put|fill|choose|set)[\W_]
        | ^your | [_\- ]here$ | ^(?:a|an|some|any|my)[_\- ](?:\w+[_\- ])*(?:pass|password|pwd|secret|user|name|login|domain|mail|email)""",
    re.IGNORECASE | re.VERBOSE,
)
#: How examples write the login within a longer value.
_LOGIN = re.compile(
    r"<[^<>]*log_?in[^<>]*>|\{\{?[^{}$]*log_?in[^{}]*\}\}?|\[[^\[\]]*log_?in[^\[\]]*\]|\b(?:your|my|42|intra)?[_\-]?log_?in(?=[./])|(?<=/home/)(?:your[_\-]?)?(?:user(?:name)?|<user(?:name)?>|login)\b|\byour[_\-]?(?:user)?name(?=\.42\.fr)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$")


@dataclass(frozen=True, slots=True)
class Filling:
    """What is known for filling in.

    Attributes:
        login: whose project it is.
        domain: the site's name.
        database: the name of the database's service.

    """

    login: str
    domain: str
    database: str = "mariadb"

    def value(self, name: str) -> str | None:
        """Return a value that a variable of this name can have, or None when the name does not tell."""
        words = name.upper()
        of_database = re.search(r"DB|SQL|MARIA|DATABASE", words) is not None
        known = (
            (r"PASS|PWD|SECRET|TOKEN|SALT|(?:^|_)PW(?:_|$)|(?:AUTH|NONCE|LOGGED_IN|SECURE)\w*_KEY", secrets.token_urlsafe(15)),
            (r"MAIL", f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}@{self.domain}"),
            (r"PORT$", _port(words)),
            (r"DATA(?!BASE)|VOLUME|PATH|(?:^|_)DIR", f"/home/{self.login}/data"),
            (r"(?:DB|SQL|MARIADB|DATABASE)_?(?:HOST|SERVER|SERVICE)", self.database),
            (r"URL|(?:^|_)URI", f"https://{self.domain}"),
            (r"DOMAIN|HOST|SERVER|SITE_?NAME$|(?:^|_)CN$", self.domain),
            (r"TITLE", "Inception"),
            (r"PREFIX", "wp_"),
            # The database's name before its users: MYSQL_DATABASE, DB_NAME.
            (r"^(?!.*(?:USER|LOGIN|ADMIN)).*(?:DATABASE$|DB_?NAME$|DATABASE_?NAME$|^DB$)", "wordpress"),
            (r"(?:DB|SQL|MARIA|DATABASE)\w*ROOT", "root"),
            (r"ADMIN|ROOT|OWNER", self.login),
            (r"USE?R|LOGIN", "wordpress" if of_database else self.login if re.search("^(?:INTRA|MY|STUDENT|42)?_?(?:LOGIN|USER(?:NAME)?)$", words) else "author"),
            (r"ROLE", "author"),
            (r"COUNTRY|^C$", "FR"),
            (r"LOCALE|LANG", "en_US"),
        )  # fmt: skip
        return next((value for pattern, value in known if re.search(pattern, words) and value), None)


def _port(words: str) -> str:
    usual = (("DB|SQL|MARIA", "3306"), ("PHP|FPM|WORDPRESS|WP", "9000"), ("REDIS", "6379"), ("FTP", "21"))
    return next((port for pattern, port in usual if re.search(pattern, words)), "443" if "S_PORT" in words else "")


@dataclass
class Filled:
    """A text with its placeholders filled in.

    Attributes:
        text: the text.
        told: each variable that was filled in, with its value where that is no secret, for a sentence.
        left: the variables whose placeholder stayed, because their names do not tell.

    """

    text: str
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def is_secret(name: str) -> bool:
    """Tell whether a variable of this name is confidential."""
    return re.search(r"PASS|PWD|SECRET|TOKEN|SALT|KEY|(?:^|_)PW(?:_|$)", name.upper()) is not None


def fill(text: str, filling: Filling) -> Filled:
    """Fill in what an example leaves open.

    Args:
        text: lines ``NAME=value``, as in a ``.env`` file; everything else stays.
        filling: what is known.

    """
    filled = Filled("")
    lines = []
    for line in text.splitlines():
        # A bare name is asked for as well.
        match = _LINE.match(f"{line.rstrip()}=" if _BARE.match(line) else line)
        if match is None:
            lines.append(line)
            continue
        name, old = match["name"], match["quoted"] if match["quote"] else match["bare"]
        new = _filled(name, old, filling)
        if new is None:
            filled.left.append(name)
            new = old
        elif new != old:
            filled.told.append(name if is_secret(name) else f"{name}={new}")
        quote = match["quote"] or ""
        lines.append(f"{match['before']}{quote}{new}{quote}{match['after']}")
    filled.text = "\n".join(lines) + "\n"
    return filled


def _filled(name: str, old: str, filling: Filling) -> str | None:
    """Return the value to use: the old one where it will do; None where nobody knows one."""
    if re.match(r"\$\(|`", old):
        # Compose runs no command; whoever follows a document does.
        return filling.value(name)
    if "$" in old:
        return old
    embedded = _LOGIN.sub(filling.login, old)
    # What a longer value says besides the login is meant: /home/<login>/data.
    if embedded != old and re.search(r"[./]", embedded) and not _OPEN.search(embedded):
        return embedded
    if "MAIL" in name.upper():
        return old if _MAIL.match(old) and not _OPEN.search(old) else filling.value(name)
    if old.lower() == "login" and "LOGIN" in name.upper():
        return filling.login
    return filling.value(name) if _OPEN.search(old) else old


def write(names: Iterable[str], filling: Filling) -> Filled:
    """Write an environment file for variables of which only the names are known.

    A variable whose name tells nothing gets no line, so that a default of the project's own holds.
    """
    filled = Filled("")
    lines = []
    for name in names:
        value = filling.value(name)
        if value is None:
            filled.left.append(name)
        else:
            filled.told.append(name if is_secret(name) else f"{name}={value}")
            lines.append(f"{name}={value}\n")
    filled.text = "".join(lines)
    return filled
