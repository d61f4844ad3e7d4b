"""Credentials written in clear: by the names around them, by their shape, and by what they are not (placeholders)."""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inception_check.evidence.dotenv import parse_dotenv
from inception_check.evidence.makefile import Makefile
from inception_check.evidence.shell import Script
from inception_check.evidence.yamlnodes import Value, parse_yaml

_NAME = re.compile(
    r"""passw(?:or)?d|passphrase|passwort|motdepasse|contrasena
    |(?:^|[_\-.\[]|[a-z])pass(?:$|[_\-.\]\d])
    |(?:^|[_\-.])(?:pwd|pw|psw|pswd|paswd|mdp|passwd|pwrd)(?:$|[_\-.\d])
    |^pass(?:ftp|db|wp|sql|root|admin|user|mysql|wordpress|mariadb)$
    |(?:db|root|user|admin|sql|ftp|wp)(?:pwd|pw)$
    |(?:^|[_\-.])secret(?:$|[_\-.]?key)
    |(?:api|access|private|secret|encryption|signing)[_\-.]?key$
    |(?:auth|access|api|bearer|bot|github|gitlab)[_\-.]?token$|^token$
    |^(?:secure_)?auth_(?:key|salt)$|^(?:logged_in|nonce|secure_auth)_(?:key|salt)$
    |^requirepass$|^masterauth$""",
    re.VERBOSE | re.IGNORECASE,
)
_NOT_NAME = re.compile(
    r"""(?:_|-|\.)(?:files?|path|dir|directory|length|len|min|max|policy|name|var|hash_?algo|url|uri|prompt|retries|reset|lifetime|expir\w*|enabled?|required?|allowed|authentication|auth|nopass|host|hint|link|field|label|prompt|regex|pattern|cmd|command)$
    |^(?:old)?pwd$|fastcgi_pass|proxy_pass|uwsgi_pass|scgi_pass|grpc_pass|memcached_pass|passive|pasv|bypass|compass|passthr|passenger
    |^auth_basic|password[_-]?(?:authentication|hashing|reset|history|expire)|permitemptypasswords""",
    re.VERBOSE | re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"""(?:<[\w .,:;/'$|-]*>|\[[\w .,:;/'$|-]*\]|\{[\w .,:;/'$|{}-]*\}|%[\w .-]*%|__.*__|@[\w .-]*@|\#[\w .-]*\#)
    |[xX*.\-_?]{2,}|\.{2,}
    |.*change.?(?:me|this|it|m3|for).*|changez?.?moi|to.?change|.*(?:please|must).?change.*|change[-_ ].*
    |.*(?:your|votre|tuo|ihr|dein)[-_ .]?(?:own|strong|secure|super|db|database|mysql|mariadb|root|user|admin|wp|wordpress|ftp|redis|pass\w*|secret|key|token|unique|very|login|mot)\w*.*
    |your[-_ ].*|(?:put|type|enter|insert|write|choose|pick|fill|set|replace)[-_ ].*
    |.*placeholder.*|example[-_ ][a-z_ -]+|.*[-_ ]example|.*[-_ ]here|replaceme|to.?be.?(?:set|filled|defined|replaced|changed).*|todo.*|tbd|fixme
    |dummy.*|redacted|hidden|censored|undefined|generated?(?:[-_ ].*)?|random(?:[-_ ].*)?|some[-_ ].*|an?[-_ ](?:strong|secure).*|(?:strong|very)[-_ ](?:strong[-_ ]|secure[-_ ])?(?:password|pass|secret).*
    |.*_here""",
    re.VERBOSE | re.IGNORECASE,
)
_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]*(?:PASS|PWD|PSW|SECRET|KEY|SALT|TOKEN)[A-Z0-9_]*")
_NOTHING = re.compile(
    r"(?:-?\d|[yn]|enabled?|disabled?|true|false|yes|no|on|off|null|none|nil|~|required|optional|any|prompt|stdin|md5|sha\d*|scram-sha-256|mysql_native_password|unix_socket|invalid)",
    re.IGNORECASE,
)
_EXAMPLE_NAME = re.compile(
    r"(?:^|[._-])(?:example|sample|template|tmpl|dist|default|tpl|exemple|model|skel)(?:$|[._-])|\.j2$",
    re.IGNORECASE,
)
_EXAMPLE_DIRECTORY = re.compile(r"(?:^|[/._-])(?:examples?|samples?|exemples?)(?:$|[/._-])", re.IGNORECASE)
_TOKENS = (
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_\-]{20,}")),
    ("an AWS key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a Slack token", re.compile(r"\bxox[baprs]-[A-Za-z0-9-]{20,}")),
    ("a Google key", re.compile(r"\bAIza[0-9A-Za-z_\-]{35}\b")),
    ("a Docker token", re.compile(r"\bdckr_pat_[A-Za-z0-9_\-]{20,}")),
    ("an OpenAI key", re.compile(r"\bsk-(?:proj-)?[A-Za-z0-9]{32,}")),
)
#: `scheme://user:password@host`
_ADDRESS = re.compile(r"""(?<![\w+])[a-z][a-z0-9+]{1,15}://[^\s/:@"'<>$]{1,60}:([^\s/:@"'<>$]{3,100})@[\w.-]""")
_KEY_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_SQL = re.compile(
    r"""(?:IDENTIFIED\s+(?:WITH\s+\w+\s+)?(?:BY|AS)(?:\s+PASSWORD)?|(?:USING\s+)?PASSWORD\s*\(|SET\s+PASSWORD[^;=]{0,80}=(?:\s*PASSWORD\s*\()?|VIA\s+\w+\s+USING\s+PASSWORD\s*\()\s*(['"])(.*?)(?<!\\)\1""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_DEFINE = re.compile(r"""^[^/#*\n]*?define\s*\(\s*['"](\w+)['"]\s*,\s*(['"])(.*?)(?<!\\)\2\s*\)""", re.MULTILINE)
_PHP_VARIABLE = re.compile(r"""^[^/#*\n]*?\$(\w+)\s*=\s*(['"])([^'"\n]*)\2\s*;""", re.MULTILINE)
_INI = re.compile(
    r"""^[ \t]*(?:env\[)?([A-Za-z][\w.-]*)\]?[ \t]*[=:][ \t]*(?:(["'])(.*?)\2|([^\s;#"'=][^\s;]*))[ \t]*(?:[;#].*)?$""",
    re.MULTILINE,
)
_REDIS = re.compile(
    r"""^[ \t]*(requirepass|masterauth)[ \t]+(["']?)([^\s"']+)\2[ \t]*$""", re.MULTILINE | re.IGNORECASE
)
#: An assignment of a `.env` file that is commented out.
_COMMENTED = re.compile(r"""^[ \t]*#[ \t#]*(?:export[ \t]+)?([A-Za-z_]\w*)=(["']?)([^\s"'#]+)\2[ \t]*$""", re.MULTILINE)
_ARGUMENT = r"""(?:[^,()'"]|\([^()]*\)|'[^'\n]*'|"[^"\n]*"){0,120}"""
_PHP_LOGIN = re.compile(
    rf"""(?:mysqli?_p?connect|new\s+\\?(?:mysqli|PDO))\s*\({_ARGUMENT},{_ARGUMENT},\s*(['"])([^'"\n]+)\1""",
    re.IGNORECASE,
)
_PHP_KEY = re.compile(r"""['"](\w+)['"]\]?\s*=>?\s*(['"])([^'"\s]+)\2""")
#: `password="…"` and `password: '…'` of Python, JavaScript and their like.
_CODE = re.compile(r"""(?<![\w$])([A-Za-z_]\w*)["']?\]?\s*(?::=|=>|[:=])\s*(["'])([^"'\s\\]{2,100})\2""")
#: `Password: …`, `- **Root password** = `…``, `| password | … |` in a document.
_SAID = re.compile(
    r"""[\s>|*_`+\-\d.]*(?P<name>(?:[\w-]+[ ]){0,3}(?:password|passwd|passphrase|pwd|mot de passe|secret key|api key))[*_`]*
    \s*(?:[:=|]|\bis\b)\s*[*_]*(?P<tick>[`"']?)(?P<value>[^\s`"'|]{4,80})(?P=tick)[*_]*[\s|.]*$""",
    re.IGNORECASE | re.VERBOSE,
)
_JSON = re.compile(r'"([\w.-]{2,40})"\s*:\s*"((?:[^"\\\n]|\\.){1,200})"')


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential in clear.

    Attributes:
        what: the name around it, or what kind of thing it is.
        line: where it stands.
        sure: whether it is one beyond doubt; a default value that may be overridden is not.

    """

    what: str
    line: int
    sure: bool = True


def is_credential_name(name: str) -> bool:
    """Tell whether a variable or option of this name holds a password, a key or a token."""
    return _NAME.search(name) is not None and _NOT_NAME.search(name) is None


def is_example(path: str) -> bool:
    """Tell whether a file is an example or a template by its name, or by that of a directory around it."""
    directory, name = posixpath.split(path)
    return _EXAMPLE_NAME.search(name) is not None or _EXAMPLE_DIRECTORY.search(directory) is not None


def entropy(value: str) -> float:
    """Return Shannon's entropy in bits per character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) if value else 0.0


def looks_random(value: str) -> bool:
    """Tell whether a value was made by a generator or with care: long, mixed, without a repeating pattern."""
    classes = sum(bool(re.search(p, value)) for p in (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]"))
    words = re.findall(r"[A-Za-z]{4,}", value)
    if re.fullmatch(r"[0-9a-f]{24,}|[A-Za-z0-9+/]{24,}={0,2}", value) and entropy(value) >= 3.2:
        return True
    return len(value) >= 12 and classes >= 3 and entropy(value) >= 3.3 and sum(map(len, words)) * 2 <= len(value)


def is_reference(value: str) -> bool:
    """Tell whether a value is empty, or stands for something else: a variable, a file, a command, a switch."""
    text = value.strip()
    if not text or _NOTHING.fullmatch(text):
        return True
    if re.fullmatch(r"%[\d.]*[sdq].*", text):
        return True
    if any(mark in text for mark in ("`", "{{", "<%", "getenv", "/run/secrets")):
        return True
    if "$" in text:
        # A dollar sign that is written twice is one that is meant.
        text = text.replace("$$", "S")
        if re.match(r"\$[A-Za-z_{(]", text):
            return True
        rest = re.sub(r"\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Za-z_]\w*|\$[@*#?!0-9]", "", text)
        # Without its variables hardly anything is left of a reference; of a password with a dollar in it, a lot is.
        return len(re.sub(r"[^A-Za-z0-9]", "", rest)) < 6 or "$(" in text
    return re.fullmatch(r"(?:\.{0,2}/[\w./-]+|[\w./-]+\.(?:txt|key|pem|crt|env|secret|conf|sh))", text) is not None


def is_placeholder(value: str, name: str = "") -> bool:
    """Tell whether a value only shows where a credential goes."""
    text = value.strip().strip("'\"")
    if name and text.casefold() == name.casefold():
        return True
    return _PLACEHOLDER.fullmatch(text) is not None or _CAPITALS.fullmatch(text) is not None


def is_secret_value(value: str, name: str, *, example: bool) -> bool:
    """Tell whether a value is a credential in clear; in an example file only what looks random is one."""
    if is_reference(value) or is_placeholder(value, name):
        return False
    return looks_random(value) if example else True


def line_of(text: str, offset: int, first: int = 1) -> int:
    """Return the line that a character is on, where the text begins on the line ``first``."""
    return text.count("\n", 0, offset) + first


def default_of(value: str) -> str | None:
    """Return the literal default in ``${NAME:-default}``, or None."""
    match = re.fullmatch(r"\$\{\w+:?[-=]([^${}]+)\}", value.strip().strip("'\""))
    return match.group(1) if match else None


def judge(name: str, value: str, line: int, *, example: bool) -> Iterator[Credential]:
    """Yield a credential when the name is that of one, and the value is no reference and no placeholder."""
    if not is_credential_name(name):
        return
    default = default_of(value)
    if default is not None:
        if is_secret_value(default, name, example=example):
            yield Credential(name, line, sure=False)
    elif is_secret_value(value, name, example=example) or (_ONE_DIGIT.fullmatch(f"{name}={value}") and not example):
        yield Credential(name, line)


#: A digit is a switch for most names, and a password for one that ends in the word, unless it allows or makes something.
_ONE_DIGIT = re.compile(
    r"(?!.*(?:allow|random|empty|expire|valid|enable|use_|with|no_|require|need|change))\w*_(?:password|passwd|pwd|pw)=['\"]?[1-9]['\"]?",
    re.IGNORECASE,
)
_SUBSTITUTION = re.compile(r"s([/|#@,:!])(?P<old>[\w{}@%<>.\-]{2,60})\1(?P<new>.*)\1[a-zA-Z0-9]*", re.DOTALL)


def filled_in(scripts: Iterable[Script]) -> set[str]:
    """Return the words that a script replaces with the value of a variable (``sed s/word/$VALUE/``)."""
    words: set[str] = set()
    for script in scripts:
        for command in script.commands:
            if command.name != "sed":
                continue
            for word in command.arguments:
                match = _SUBSTITUTION.fullmatch(word.value.strip())
                if match and (word.variables or word.substituted) and "$" in match.group("new"):
                    words.add(match.group("old"))
    return words


def without(text: str, words: set[str]) -> str:
    """Return a text without the words that a script fills in, where one of them is the whole of a value."""
    for word in words:
        text = re.sub(rf"""(?<=['"=\s]){re.escape(word)}(?=['"\s;]|$)""", "", text)
    return text


def in_sql(text: str, first: int = 1, *, example: bool = False) -> Iterator[Credential]:
    """Find passwords in SQL statements."""
    for match in _SQL.finditer(text):
        if is_secret_value(match.group(2), "", example=example) and not match.group(2).startswith(("'", "@")):
            yield Credential("a password in SQL", line_of(text, match.start(2), first))


def in_dotenv(text: str, path: str, *, example: bool) -> Iterator[Credential]:
    """Find credentials in a ``.env`` file, also in one that Compose would refuse."""
    parsed = parse_dotenv(text, path)
    found = {a.line: (a.name, a.raw) for a in parsed.assignments}
    if parsed.problems:
        for number, line in enumerate(text.split("\n"), start=1):
            match = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]\s*(.*)$", line)
            if match and number not in found:
                found[number] = (match.group(1), match.group(2).partition(" #")[0].strip().strip("'\""))
    for line_number, (name, value) in sorted(found.items()):
        yield from judge(name, value, line_number, example=example)
    for match in _COMMENTED.finditer(text):
        # What is commented out is in git all the same.
        yield from judge(match.group(1), match.group(3), line_of(text, match.start(1)), example=example)


def in_yaml(text: str, path: str, *, example: bool) -> Iterator[Credential]:
    """Find credentials in YAML: by the keys, and in ``NAME=value`` items."""
    root, _ = parse_yaml(text, path)
    if root is None:
        return
    seen: set[tuple[int, str]] = set()
    pending: list[tuple[str, Value, int]] = [("", root, 0)]
    while pending:
        key, value, depth = pending.pop()
        if value.kind == "scalar":
            for found in _yaml_scalar(key, value, example=example):
                if (found.line, found.what) not in seen:
                    seen.add((found.line, found.what))
                    yield found
        elif depth < 40 and len(seen) < 200:
            pending.extend(("", item, depth + 1) for item in value.items)
            pending.extend(
                (name, item, depth + 1) for name, item in value.pairs if not (depth == 0 and name == "secrets")
            )


def _yaml_scalar(key: str, value: Value, *, example: bool) -> Iterator[Credential]:
    if key:
        yield from judge(key, value.text, value.line, example=example)
    else:
        name, equals, rest = value.text.partition("=")
        if equals and re.fullmatch(r"\w+", name):
            yield from judge(name, rest, value.line, example=example)
    if "\n" not in value.text and "IDENTIFIED" in value.text.upper():
        yield from in_sql(value.text, value.line, example=example)


def in_php(text: str, *, example: bool, filled: bool = False) -> Iterator[Credential]:
    """Find credentials in PHP configuration; ``filled`` when a shell replaces the variables in the text."""
    for match in (*_DEFINE.finditer(text), *_PHP_VARIABLE.finditer(text)):
        value = match.group(3)
        if filled:
            yield from judge(match.group(1), value, line_of(text, match.start(3)), example=example)
            continue
        if match.group(2) == "'" and not re.match(r"\$\{?\w+\}?$", value):
            # PHP expands nothing between single quotes; a lone variable is for a tool that fills in the file.
            value = value.replace("$", "S")
        # Nor does it run what stands between backticks there: in a salt they are letters like any other.
        value = value.replace("`", "B")
        yield from judge(match.group(1), value, line_of(text, match.start(3)), example=example)
    for match in _PHP_LOGIN.finditer(text):
        if is_secret_value(match.group(2), "", example=example):
            yield Credential("a password of a database login", line_of(text, match.start(2)))
    for match in _PHP_KEY.finditer(text):
        if not is_credential_name(match.group(3)):
            yield from judge(match.group(1), match.group(3), line_of(text, match.start(3)), example=example)


def in_code(text: str, *, example: bool) -> Iterator[Credential]:
    """Find credentials in Python, JavaScript and other programs: given by name."""
    for match in _CODE.finditer(text):
        # PASS in a program is a verdict, and a name of a credential is the label of a field.
        if match.group(1) != "PASS" and not is_credential_name(match.group(3)):
            yield from judge(match.group(1), match.group(3), line_of(text, match.start(3)), example=example)


def in_document(text: str) -> Iterator[Credential]:
    """Find passwords that a document tells its readers; only what is no word of a language is taken for one."""
    for number, line in enumerate(text.split("\n"), start=1):
        match = _SAID.match(line.strip()) if len(line) < 300 else None
        if match is None:
            continue
        value = match.group("value").rstrip(".,;")
        word = re.search(r"[A-Za-z]", value) is None or re.search(r"[\d!#%&*+?@^~]", value) is None
        if word or "/" in value or re.fullmatch(r"[A-Z][A-Z\d_]*|\w+\(\)|<.*>|\[.*", value):
            continue
        if is_secret_value(value, match.group("name"), example=False):
            yield Credential("a password in a document", number)


def in_settings(text: str, *, example: bool) -> Iterator[Credential]:
    """Find credentials in ``name = value`` and ``name value`` configuration files."""
    for match in _INI.finditer(text):
        value = match.group(3) if match.group(2) else match.group(4)
        yield from judge(match.group(1), value, line_of(text, match.start(1)), example=example)
    for match in _REDIS.finditer(text):
        yield from judge(match.group(1), match.group(3), line_of(text, match.start(1)), example=example)


def in_json(text: str, *, example: bool) -> Iterator[Credential]:
    """Find credentials in JSON."""
    for match in _JSON.finditer(text):
        yield from judge(match.group(1), match.group(2), line_of(text, match.start()), example=example)


def in_makefile(makefile: Makefile) -> Iterator[Credential]:
    """Find credentials in a Makefile's variables."""
    for variable in makefile.variables.values():
        value = variable.value.strip("'\"")
        if "$(" not in value:
            yield from judge(variable.name, value, variable.line, example=False)


def in_token(text: str) -> Iterator[Credential]:
    """Find tokens that are known by their shape."""
    for what, pattern in _TOKENS:
        for match in pattern.finditer(text):
            yield Credential(what, line_of(text, match.start()))


def in_address(text: str) -> Iterator[Credential]:
    """Find passwords in addresses."""
    for match in _ADDRESS.finditer(text):
        # A word may be an example in a text; letters with digits or signs are none.
        mixed = re.search(r"[A-Za-z]", match.group(1)) and re.search(r"[^A-Za-z]", match.group(1))
        if mixed and is_secret_value(match.group(1), "", example=False):
            yield Credential("a password in an address", line_of(text, match.start(1)))


def private_keys(text: str) -> Iterator[int]:
    """Yield the lines on which a private key begins: the marker, with key material after it."""
    for match in _KEY_BEGIN.finditer(text):
        after = text[match.end() : match.end() + 400]
        if re.match(r"(?:\\n|\s)*(?:Proc-Type:|[A-Za-z0-9+/=]{40,})", after):
            yield line_of(text, match.start())
