"""Action: judge all settings on the controller, before anything is touched: one clear sentence for each mistake."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible._internal._datatag._tags import Origin
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase

from inception_check.dotenv_writer import quote
from inception_check.names import holds_admin, is_valid_login

#: A host name label and a whole host name (RFC 1123, section 2.1).
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
#: Names of Compose projects, networks and volumes (compose-spec: lower case, digits, ``-``, ``_``).
_OBJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
#: The tag of an image (OCI distribution specification).
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
#: Names that MariaDB takes without quoting; hyphens would need quotes in every statement.
_SQL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
#: WordPress allows these in a user name (``sanitize_user`` in strict mode).
_WORDPRESS_USER = re.compile(r"(?! )[A-Za-z0-9 _.@-]{1,60}(?<! )")
_LOCALE = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2})?(?:_[a-z0-9]+)?")
_EMAIL = re.compile(rf"[A-Za-z0-9._%+-]+@(?:{_LABEL}\.)+[a-z0-9-]{{2,}}", re.IGNORECASE)
#: A base of R7 with a tag that is written, and is not ``latest`` (R29).
_BASE_IMAGE = re.compile(r"(?:debian|alpine):(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")

#: Directories that hold more than ours: data must lie below a directory of its own.
_SHARED_DIRECTORIES = frozenset({"/", "/home", "/root", "/etc", "/usr", "/var", "/var/lib", "/opt", "/srv", "/tmp"})  # noqa: S108 - names to refuse, no file is made there

#: Networks that every engine has from the start.
_DOCKER_NETWORKS = frozenset({"bridge", "host", "none"})

#: The passwords that may be given.
_SECRETS = ("db_password", "db_root_password", "wp_admin_password", "wp_user_password")

_TRUE_FALSE = frozenset({"true", "false", "yes", "no", "on", "off", "1", "0"})


@dataclass(frozen=True, slots=True)
class Spec:
    """What a role's ``argument_specs.yml`` says of one setting.

    Attributes:
        type: the Ansible type name, for example ``int``.
        choices: the values allowed; empty when any is.
        elements: the type of what a list holds; empty when it may be any.
    """

    type: str = "str"
    choices: tuple[str, ...] = ()
    elements: str = ""


def find_problems(
    settings: Mapping[str, object], specs: Mapping[str, Spec], services: Mapping[str, Collection[str]] | None = None
) -> list[str]:
    """Return what is wrong with the settings, each as one sentence: what, where, what to do.

    Args:
        settings: value by name, of every variable whose name begins like one of ours.
        specs: the known settings.
        services: the roles that exist as services, each with its settings that are ports; None to leave them unjudged.
    """
    found: list[str] = []
    for name in sorted(settings):
        if name not in specs:
            found.append(_unknown(name, specs))
            continue
        problem = _type_problem(name, settings[name], specs[name])
        if problem:
            found.append(problem)
    if found:
        # The values cannot be judged further while their names or types are wrong.
        return found
    ports = dict.fromkeys((name for names in (services or {}).values() for name in sorted(names)), _port)
    for name, judge in {**_JUDGES, **ports}.items():
        if name in settings and not (found and name == "inception_domain"):
            # A domain made from a bad login would tell of the same mistake twice.
            problem = judge(name, settings[name])
            if problem:
                found.append(problem)
    found.extend(_relations(settings))
    chosen = settings.get("inception_services", [])
    if services is not None and isinstance(chosen, list):
        found.extend(
            f"inception_services names {service!r}, which is no service; known are {', '.join(sorted(services))}."
            for service in chosen
            if service not in services
        )
    return found


def misspelt(name: str, specs: Iterable[str], *, own_file: bool) -> str | None:
    """Return the setting that a variable must have been meant to be; None where it may well be somebody's own.

    Args:
        name: the name of a variable that is no setting.
        specs: the known settings.
        own_file: whether it stands in a file for settings alone, where a name without its prefix cannot be another's.
    """
    known = sorted(specs)
    plain = name.casefold().replace("-", "_")
    if plain in known:
        return plain
    if own_file and (ours := [setting for setting in known if setting.partition("_")[2] == plain]):
        return ours[0]
    near = difflib.get_close_matches(plain, known, n=1, cutoff=0.75 if own_file else 0.85)
    return near[0] if near else None


def subject(problem: str) -> str:
    """Return the setting that a sentence is about: its first word, without the entry of a list."""
    return problem.split()[0].partition("[")[0]


def causes(problems: Iterable[str], given: Iterable[str], specs: Iterable[str]) -> list[str]:
    """Return the problems without those that only follow from another.

    What the roles' defaults come to is sound unless they are made from something that is not: the domain from the login,
    the mail addresses from the domain.

    Args:
        problems: sentences that begin with the name of a setting.
        given: the settings that somebody has given.
        specs: the known settings.
    """
    told = list(problems)
    chosen, known = set(given), set(specs)
    own = [problem for problem in told if (name := subject(problem)) in chosen or name not in known]
    # Where none was given, the login comes from the command line or the user.
    return own or [problem for problem in told if problem.startswith("inception_login ")] or told


def _unknown(name: str, specs: Mapping[str, Spec]) -> str:
    near = difflib.get_close_matches(name, specs, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else "; `make settings` lists the known ones."
    return f"{name} is not a setting{hint}"


def _type_problem(name: str, value: object, spec: Spec) -> str | None:
    if spec.choices and str(value) not in spec.choices:
        return f"{name} is {value!r}, but must be one of {', '.join(spec.choices)}."
    text = str(value)
    if spec.type == "int" and (isinstance(value, bool) or not re.fullmatch(r"-?(?:0|[1-9][0-9]*)", text)):
        return f"{name} is {value!r}, but must be a whole number without leading zeros."
    if spec.type == "bool" and not isinstance(value, bool) and text.lower() not in _TRUE_FALSE:
        return f"{name} is {value!r}, but must be true or false."
    if spec.type == "list" and not isinstance(value, list):
        return f"{name} is {value!r}, but must be a list."
    if isinstance(value, list) and spec.elements:
        entries = (_type_problem(f"{name}[{n}]", entry, Spec(spec.elements)) for n, entry in enumerate(value))
        return next((problem for problem in entries if problem), None)
    if spec.type == "dict" and not isinstance(value, Mapping):
        # It may hold secrets.
        return f"{name} must be a mapping of names to values."
    if spec.type in {"str", "path"}:
        # YAML reads an unquoted `yes` as a truth value and `1.10` as the number 1.1.
        if value is None or isinstance(value, (bool, float, list, Mapping)):
            return f"{name} is {value!r}, but must be text; put it in quotes."
        try:
            quote(value)
        except ValueError:
            return f"{name} holds a line break or another control character, which no .env file can carry; remove it."
    return None


def _login(name: str, value: object) -> str | None:
    if is_valid_login(str(value)):
        return None
    return (
        f"{name} is {value!r}, but a login names a user and a host: use 1 to 32 lower-case letters, digits or hyphens, "
        "a letter first and no hyphen last (`make LOGIN=wil`)."
    )


def _domain(name: str, value: object) -> str | None:
    text = str(value)
    if re.fullmatch(r"[0-9.]+|.*:.*:.*", text):
        return f"{name} is {text!r}, which is an address; the site needs a name, like wil.42.fr."
    if len(text) <= 253 and _DOMAIN.fullmatch(text):
        return None
    return (
        f"{name} is {text!r}, which is no host name; use lower-case letters, digits, hyphens and dots, like wil.42.fr."
    )


def _address(name: str, value: object) -> str | None:
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return f"{name} is {str(value)!r}, which is no address of a machine; use one like 127.0.0.1 or 192.168.1.10."
    return None


def _port(name: str, value: object) -> str | None:
    if 1 <= int(str(value)) <= 65535:
        return None
    return f"{name} is {value}, but a port lies between 1 and 65535."


def _matches(pattern: re.Pattern[str], must: str) -> Callable[[str, object], str | None]:
    def judge(name: str, value: object) -> str | None:
        return None if pattern.fullmatch(str(value)) else f"{name} is {str(value)!r}, but must be {must}."

    return judge


def _within(low: int, high: int, unit: str) -> Callable[[str, object], str | None]:
    def judge(name: str, value: object) -> str | None:
        number = int(str(value))
        return None if low <= number <= high else f"{name} is {number}, but must be {low} to {high} {unit}."

    return judge


def _buffer_pool(name: str, value: object) -> str | None:
    # Zero is the rule of the image's entrypoint.
    return None if str(value) == "0" else _within(5, 65536, "MiB, or 0 to derive it from the memory")(name, value)


def _directory(name: str, value: object) -> str | None:
    text = str(value)
    if not re.fullmatch(r"(?:/[^/\0]+)+", text) or ".." in text.split("/") or "." in text.split("/"):
        return f"{name} is {text!r}, but must be an absolute path without '.', '..' or a slash at its end."
    if any(character in text for character in ":\"'$\\"):
        return f"{name} is {text!r}, but Docker cannot mount a path that holds a colon, a quote, a backslash or a dollar sign."
    return None


def _own_directory(name: str, value: object) -> str | None:
    problem = _directory(name, value)
    if problem:
        return problem
    if str(value) in _SHARED_DIRECTORIES:
        return f"{name} is {str(value)!r}, which holds more than ours; name a directory below it."
    return None


def _optional_directory(name: str, value: object) -> str | None:
    return _directory(name, value) if str(value) else None


def _network(name: str, value: object) -> str | None:
    if str(value) in _DOCKER_NETWORKS:
        return f"{name} is {str(value)!r}, which is one of Docker's own networks; choose another name (R18, R21)."
    return _matches(_OBJECT_NAME, "lower-case letters, digits, - and _, a letter or digit first")(name, value)


def _image_version(name: str, value: object) -> str | None:
    if str(value) == "latest":
        return f"{name} is 'latest', which the subject forbids (R29); give a version, like 1.0."
    return _matches(_TAG, "a tag of letters, digits, dots, - and _")(name, value)


def _services(name: str, value: object) -> str | None:
    services = value if isinstance(value, list) else []
    if not services:
        return f"{name} is empty; name the services, like mariadb, wordpress and nginx."
    twice = next((service for service in services if services.count(service) > 1), None)
    return f"{name} names {twice!r} twice; remove one." if twice else None


def _not_blank(name: str, value: object) -> str | None:
    return None if str(value).strip() else f"{name} is empty; give it a value."


def _image(name: str, value: object) -> str | None:
    if _BASE_IMAGE.fullmatch(str(value)):
        return None
    return f"{name} is {str(value)!r}, but must be debian:<version> or alpine:<version>, and not latest (R7, R29)."


def _url(name: str, value: object) -> str | None:
    if not str(value) or re.fullmatch(r"https?://[^\s/]+(?:/[^\s]*)?", str(value)):
        return None
    return f"{name} is {str(value)!r}, but must be an http or https address."


def _repository(name: str, value: object) -> str | None:
    """Judge where backups go, without showing a password that an address may hold."""
    text = str(value)
    if re.fullmatch(r"(?:sftp|rest|s3|b2|azure|gs|swift|rclone):\S+", text):
        return None
    return _own_directory(name, value) and (
        f"{name} must be an absolute path of a directory of its own, sftp:user@host:/directory, or another address that restic "
        "knows."
    )


def _administrator(name: str, value: object) -> str | None:
    if not _WORDPRESS_USER.fullmatch(str(value)):
        return f"{name} is {str(value)!r}, but WordPress takes 1 to 60 letters, digits, inner spaces and _ . @ - in a user name."
    if holds_admin(str(value)):
        return f"{name} is {str(value)!r}, but the administrator's name must not contain 'admin' in any case (R26); choose another."
    return None


#: Passwords that every word list begins with, and the examples of tutorials.
_COMMON_SECRET = re.compile(r"password|administrator|changeme|1234567890|(inception|wordpress)1234", re.IGNORECASE)


def _secrets(name: str, value: object) -> str | None:
    """Judge passwords, without ever showing one."""
    given = value if isinstance(value, Mapping) else {}
    unknown = sorted(key for key in given if key not in _SECRETS)
    if unknown:
        return f"{name} holds {unknown[0]!r}, which is no secret of the stack; known are {', '.join(_SECRETS)}."
    weak = sorted(key for key, secret in given.items() if not re.fullmatch(r"[!-~]{12,128}", str(secret)))
    if weak:
        return f"{name} holds a {weak[0]} that cannot be used; take 12 to 128 letters, digits and signs of ASCII."
    # As what lies in secrets/ already is judged: machine_facts.secret_problem.
    guessed = sorted(
        key for key, secret in given.items() if len(set(str(secret))) < 5 or _COMMON_SECRET.search(str(secret))
    )
    if guessed:
        return f"{name} holds a {guessed[0]} that is easily guessed; take another."
    if ("wp_admin_password" in given) != ("wp_user_password" in given):
        return f"{name} holds the password of one user of WordPress alone; give wp_admin_password and wp_user_password."
    return None


def _optional_checksum(name: str, value: object) -> str | None:
    return _matches(_SHA256, "64 hexadecimal digits in lower case")(name, value) if str(value) else None


_JUDGES: dict[str, Callable[[str, object], str | None]] = {
    "inception_login": _login,
    "inception_domain": _domain,
    "inception_project_dir": _own_directory,
    "inception_data_dir": _own_directory,
    "inception_cache_dir": _own_directory,
    "inception_state_dir": _own_directory,
    "inception_log_dir": _own_directory,
    "inception_extra_ca_dir": _optional_directory,
    "inception_project_name": _matches(_OBJECT_NAME, "lower-case letters, digits, - and _, a letter or digit first"),
    "inception_network": _network,
    "inception_services": _services,
    "inception_https_port": _port,
    "inception_base_image": _image,
    "inception_image_version": _image_version,
    "inception_upload_limit_mb": _within(1, 2048, "MiB"),
    "inception_wait_timeout": _within(10, 3600, "seconds"),
    "inception_apt_mirror": _url,
    "inception_registry_url": _url,
    "inception_backup_repository": _repository,
    "inception_backup_keep_days": _within(0, 3650, "days"),
    "inception_backup_keep_weeks": _within(0, 520, "weeks"),
    "inception_backup_keep_months": _within(0, 120, "months"),
    "mariadb_buffer_pool_mb": _buffer_pool,
    "host_address": _address,
    "mariadb_database": _matches(_SQL_NAME, "a letter and then at most 31 letters, digits or _"),
    "mariadb_user": _matches(_SQL_NAME, "a letter and then at most 31 letters, digits or _"),
    "stack_secrets": _secrets,
    "wordpress_title": _not_blank,
    "wordpress_locale": _matches(_LOCALE, "a locale such as en_US, ko_KR or de_DE_formal"),
    "wordpress_admin_user": _administrator,
    "wordpress_user": _matches(_WORDPRESS_USER, "1 to 60 letters, digits, inner spaces and _ . @ -"),
    "wordpress_admin_email": _matches(_EMAIL, "an e-mail address"),
    "wordpress_user_email": _matches(_EMAIL, "an e-mail address"),
    "wordpress_url": _url,
    "wordpress_cli_url": _url,
    "wordpress_sha256": _optional_checksum,
    "wordpress_cli_sha256": _matches(_SHA256, "64 hexadecimal digits in lower case"),
}


def _backup_relations(settings: Mapping[str, object]) -> list[str]:
    """Judge what only several settings of backups together can tell."""
    found: list[str] = []
    if "inception_backup_keep_days" in settings and not any(
        int(str(settings.get(f"inception_backup_keep_{unit}", 0))) for unit in ("days", "weeks", "months")
    ):
        found.append(
            "inception_backup_keep_days, _weeks and _months are all 0, so that no backup would be kept; raise one."
        )
    if (repository := str(settings.get("inception_backup_repository", ""))).startswith("/") and any(
        f"{repository}/".startswith(f"{settings.get(name)}/")
        for name in ("inception_project_dir", "inception_data_dir")
    ):
        found.append(
            "inception_backup_repository lies in inception_project_dir or inception_data_dir, where git or `make fclean` would "
            "get at it; name a directory elsewhere."
        )
    return found


def _relations(settings: Mapping[str, object]) -> list[str]:
    """Judge what only several settings together can tell."""
    found = _backup_relations(settings)

    def text(name: str) -> str:
        return str(settings.get(name, "")).casefold()

    if "wordpress_user" in settings and text("wordpress_admin_user") == text("wordpress_user"):
        found.append(
            "wordpress_admin_user and wordpress_user are the same; the site needs two users (R25), rename one."
        )
    if "wordpress_user_email" in settings and text("wordpress_admin_email") == text("wordpress_user_email"):
        found.append(
            "wordpress_admin_email and wordpress_user_email are the same; WordPress wants one address for each user."
        )
    if text("mariadb_user") in {"root", "mysql", "mariadb.sys"}:
        found.append(
            f"mariadb_user is {settings['mariadb_user']!r}, which MariaDB keeps for itself; choose another name."
        )
    if text("mariadb_database") in {"mysql", "sys", "information_schema", "performance_schema"}:
        found.append(
            f"mariadb_database is {settings['mariadb_database']!r}, which belongs to MariaDB itself; choose another name."
        )
    if text("inception_base") == "alpine" and text("inception_supply") == "distribution":
        found.append(
            "inception_supply is 'distribution', but Alpine has no WordPress package; "
            "set inception_supply to upstream or inception_base to debian."
        )
    if text("wordpress_url").startswith("http:") and not text("wordpress_sha256"):
        found.append(
            f"wordpress_url is {settings['wordpress_url']!r}, which anybody on the way can change; "
            "set wordpress_sha256 too, or an https address."
        )
    image = text("inception_base_image")
    if _BASE_IMAGE.fullmatch(image) and text("inception_base") and not image.startswith(f"{text('inception_base')}:"):
        found.append(
            f"inception_base_image is {image!r}, but inception_base is {text('inception_base')!r}; make them agree."
        )
    return found


ROLES = Path(__file__).resolve().parents[2] / "roles"
#: What guard and roles find out or hand on, and what a teardown is told; everything else must be a setting.
FACTS = frozenset(
    {
        "inception_edits",
        "inception_machine",
        "inception_teardown",
        "inception_teardown_force",
        "stack_written",
        "submission_rendered",
    }
)


def load_specs(roles: Path = ROLES) -> dict[str, Spec]:
    """Return every known setting, from the argument specs of the roles."""
    specs: dict[str, Spec] = {}
    for path in sorted(roles.glob("*/meta/argument_specs.yml")):
        document = yaml_load(path.read_text(encoding="utf-8"))
        for entry in document["argument_specs"].values():
            for name, option in entry.get("options", {}).items():
                if not name.startswith(f"{path.parents[1].name}_"):
                    continue  # It is another role's, whose own specs say more of it.
                specs[name] = Spec(
                    type=str(option.get("type", "str")),
                    choices=tuple(str(choice) for choice in option.get("choices", [])),
                    elements=str(option.get("elements", "")),
                )
    return specs


def load_services(roles: Path = ROLES) -> dict[str, frozenset[str]]:
    """Return the roles that are services, each with the settings that it says are ports."""
    found = {}
    for path in sorted(roles.glob("*/meta/service.yml")):
        service = yaml_load(path.read_text(encoding="utf-8"))
        # What is wrong with the file itself is told by the lookup inception_service.
        ports = service.get("ports") if isinstance(service, dict) else None
        named = [port for port in ports or [] if isinstance(port, dict)]
        settings = (port.get(key) for port in named for key in ("setting", "published"))
        found[path.parents[1].name] = frozenset(setting for setting in settings if isinstance(setting, str))
    return found


def origin_of(value: object) -> Origin | None:
    """Return where Ansible has read a value: its file and line, or that it is from the command line."""
    origin = Origin.get_tag(value)
    return origin if origin and (origin.path or "-e" in str(origin.description)) else None


def place(origin: Origin | None) -> str:
    """Return where that is for a person: a path from here where it is below, with the line; empty for nowhere."""
    if origin is None:
        return ""
    if not origin.path:
        return "on the command line"
    path = Path(origin.path)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{origin.line_num}" if origin.line_num else str(shown)


def orphans(inventory: Path, groups: Iterable[str], hosts: Iterable[str]) -> list[str]:
    """Return a sentence for each file of settings beside an inventory that no group and no host is named like."""
    found = []
    for directory, known in (("group_vars", set(groups)), ("host_vars", set(hosts))):
        for path in sorted((inventory / directory).glob("*")):
            name = path.stem if path.suffix in {".yml", ".yaml", ".json"} else path.name
            if (
                not name.startswith(".")
                and name not in known
                and (path.is_dir() or path.suffix in {".yml", ".yaml", ".json", ""})
            ):
                kind = directory.removesuffix("_vars")
                found.append(f"{path}: the inventory has no {kind} {name}, so nobody reads this; rename it.")
    return found


class ActionModule(ActionBase):
    """Fail with one sentence for each mistake in the settings."""

    _requires_connection = False
    _VALID_ARGS = frozenset[str]()

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge every variable whose name begins like a setting, or was meant to."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        specs = load_specs()
        # Roles that this play has not loaded still have defaults, and a setting is judged with them.
        defaults = self._defaults()
        own = {name: value for name, value in variables.items() if name not in defaults or value != defaults[name]}
        keys = {str(name): name for name in variables}
        variables = {**defaults, **variables}
        self._templar.available_variables = variables
        # A role whose name begins another variable of Ansible's own (host_ …) still owns its prefix.
        prefixes = ("inception_", *(f"{path.name}_" for path in ROLES.iterdir() if path.is_dir()))
        settings: dict[str, Any] = {}
        problems: list[str] = []
        for name in sorted(variables):
            if name.startswith(prefixes) and name not in FACTS:
                try:
                    settings[name] = self._templar.template(variables[name])
                except Exception as error:  # whatever a template of somebody's may raise
                    problems.append(
                        f"{name} cannot be worked out ({str(error).splitlines()[0]}); correct its template."
                    )
        problems = causes([*find_problems(settings, specs, load_services()), *problems], own, specs)
        # YAML's null and truth values carry no origin; their names do.
        places = {name: place(origin_of(value) or origin_of(keys[name])) for name, value in own.items() if name in keys}
        problems += self._login_problems(settings, "inception_login" in own)
        problems += self._misspelt(own, specs, prefixes)
        told = [f"{where}: {problem}" if (where := places.get(subject(problem))) else problem for problem in problems]
        if inventory := variables.get("inventory_dir"):
            told += orphans(Path(inventory), variables["groups"], variables["groups"]["all"])
        if told:
            result.update(failed=True, msg="\n".join(told))
        else:
            shown = {**settings, "stack_secrets": dict.fromkeys(settings["stack_secrets"], "(hidden)")}
            result.update(changed=False, msg=f"{len(settings)} settings are sound.", settings=shown)
            result["places"] = {name: where for name, where in places.items() if name in settings}
        return result

    def _defaults(self) -> dict[str, Any]:
        """Return the defaults of all roles."""
        found: dict[str, Any] = {}
        for path in sorted(ROLES.glob("*/defaults/main.yml")):
            found.update(self._loader.load_from_file(str(path), trusted_as_template=True) or {})
        return found

    @staticmethod
    def _login_problems(settings: Mapping[str, Any], given: bool) -> list[str]:
        """Tell of a login on the command line that something else overrides."""
        login, chosen = os.environ.get("INCEPTION_LOGIN", "").strip(), str(settings.get("inception_login", ""))
        if login in {"", chosen}:
            return []
        if given:
            return [f"inception_login is {chosen!r}, but LOGIN is {login!r}; change it there, or leave LOGIN out."]
        return [f"LOGIN is {login!r}, which names no person; choose another login, like wil."]

    @staticmethod
    def _misspelt(own: Mapping[str, Any], specs: Mapping[str, Spec], prefixes: tuple[str, ...]) -> list[str]:
        """Tell of variables of the inventory or the command line whose names are nearly ours."""
        found = []
        for name, value in sorted(own.items()):
            origin = origin_of(value) or origin_of(name)
            if name in specs or name.startswith((*prefixes, "ansible_")) or origin is None:
                continue
            path = Path(origin.path or "")
            if path.is_relative_to(ROLES) or path.is_relative_to(ROLES.parent / "playbooks"):
                continue
            settings_file = path.parent == ROLES.parent / "inventory/group_vars" or path.stem == "inception"
            near = misspelt(name, specs, own_file=settings_file)
            # What was meant is given as well, so this is a variable of somebody's own, perhaps used there.
            if near and near not in own:
                found.append(f"{name} is not a setting; did you mean {near}?")
        return found
