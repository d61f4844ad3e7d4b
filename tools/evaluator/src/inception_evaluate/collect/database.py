"""What the database says, asked with the client of its own container and the passwords of its own secrets."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from inception_evaluate.collect.processes import Look
from inception_evaluate.collect.secrets import Candidate, ranked
from inception_evaluate.evidence import Database, Stack, User
from inception_evaluate.machine import Machine, UnseenError

# Runs on the machine. A password reaches the client through its environment, and the script through standard input.
_ASK = r"""
import os, subprocess

def ask(statement, user, password=None, *more):
    environment = dict(os.environ)
    words = ["docker", "exec", "--interactive"]
    if password is not None:
        environment["MYSQL_PWD"] = password
        words += ["--env", "MYSQL_PWD"]
    words += [QUESTION["container"], CLIENT, *more, "--connect-timeout=10", "--batch", "--skip-column-names", f"--user={user}"]
    done = subprocess.run(words, input=statement, capture_output=True, text=True, errors="replace", env=environment, timeout=30)
    return done.returncode, done.stdout, done.stderr.strip()

CLIENT = ""
for name in ("mariadb", "mysql"):
    probe = subprocess.run(["docker", "exec", QUESTION["container"], name, "--version"], capture_output=True)
    if probe.returncode == 0:
        CLIENT = name
        break
answer = {"client": CLIENT}
if CLIENT:
    without = {}
    for way, more in (("its socket", ()), ("TCP", ("--host=127.0.0.1", "--protocol=tcp"))):
        code, out, complaint = ask("SELECT 1;", "root", None, *more)
        without[way] = "opened" if code == 0 else "refused" if "denied" in complaint.lower() or "not allowed" in complaint.lower() else complaint[-200:]
    answer["without"] = without
    session = None
    for index, password in enumerate(QUESTION["root"]):
        code, out, complaint = ask("SELECT VERSION();", "root", password)
        if code == 0:
            session, answer["root"], answer["version"] = ("root", password), index, out.strip()
            break
    if session is None and "opened" in without.values():
        session = ("root", None)
        answer["version"] = ask("SELECT VERSION();", *session)[1].strip()
    for user in QUESTION["users"]:
        if session is not None and answer.get("account"):
            break
        for index, password in enumerate(QUESTION["passwords"]):
            code, out, complaint = ask("SELECT VERSION();", user, password)
            if code == 0:
                answer["account"] = [user, index]
                answer.setdefault("version", out.strip())
                session = session or (user, password)
                break
    if session is not None:
        code, out, complaint = ask(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND "
            "table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys');", *session)
        tables = [line.split("\t") for line in out.splitlines() if "\t" in line]
        answer["tables"] = tables
        wordpress = [row for row in tables if row[1].endswith("usermeta")]
        if wordpress:
            schema, name = wordpress[0]
            prefix = name[: -len("usermeta")]
            answer["schema"], answer["prefix"] = schema, prefix
            quoted = schema.replace("`", "``")
            names = [table for own, table in tables if own == schema]
            counts = " UNION ALL ".join(
                f"SELECT {index}, COUNT(*) FROM `{quoted}`.`" + table.replace("`", "``") + "`" for index, table in enumerate(names))
            code, out, complaint = ask(f"{counts};", *session)
            rows = [line.split("\t") for line in out.splitlines() if "\t" in line]
            answer["rows"] = {names[int(index)]: int(count) for index, count in rows}
            code, out, complaint = ask(
                f"SELECT u.user_login, COALESCE(m.meta_value, '') FROM `{quoted}`.`{prefix}users` u LEFT JOIN "
                f"`{quoted}`.`{prefix}usermeta` m ON m.user_id = u.ID AND m.meta_key = '{prefix}capabilities' ORDER BY u.ID;", *session)
            answer["users"] = [line.split("\t") for line in out.splitlines() if "\t" in line]
            answer["complaint"] = complaint if code else ""
print(json.dumps(answer))
"""

# Runs in WordPress's container, read from standard input: which of the values is whose password.
_PASSWORDS = r"""<?php
error_reporting(0);
ini_set('display_errors', '0');
$question = json_decode(base64_decode('%s'), true);
$_SERVER += ['HTTP_HOST' => $question['domain'], 'SERVER_NAME' => $question['domain'], 'REQUEST_METHOD' => 'GET',
    'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'HTTPS' => 'on', 'SERVER_PORT' => '443'];
define('WP_USE_THEMES', false);
define('DISABLE_WP_CRON', true);
chdir(dirname($question['load']));
ob_start();
require $question['load'];
while (ob_get_level()) { ob_end_clean(); }
global $wpdb;
$end = microtime(true) + 40;
$found = [];
foreach (get_users(['number' => 20]) as $user) {
    $hit = null;
    foreach ($question['values'] as $index => $value) {
        if (microtime(true) > $end) { break; }
        if (wp_check_password($value, $user->user_pass, $user->ID)) { $hit = $index; break; }
    }
    $found[$user->user_login] = $hit;
}
echo "\nEVALUATION:", json_encode([
    'users' => $found, 'database' => DB_NAME, 'account' => DB_USER, 'home' => get_option('home'),
    'version' => get_bloginfo('version'), 'cache' => wp_using_ext_object_cache(), 'late' => microtime(true) > $end,
]), "\n";
"""

_FIND = r"""
import os
found = ""
root = f"/proc/{QUESTION}/root"
for top in ("/var/www", "/srv", "/usr/share", "/usr/src", "/app", "/home", "/opt", "/wordpress", "/www", "/usr/local"):
    for place, folders, files in os.walk(root + top):
        if "wp-load.php" in files and "wp-settings.php" in files:
            candidate = place[len(root):] + "/wp-load.php"
            # A copy that is only installed from has no configuration.
            configured = "wp-config.php" in files or os.path.exists(os.path.join(os.path.dirname(place), "wp-config.php"))
            if configured or not found:
                found = candidate
            if configured:
                print(json.dumps(found)); raise SystemExit
            folders[:] = []
        if place.count("/") - root.count("/") > 4:
            folders[:] = []
print(json.dumps(found))
"""


def wordpress_facts(
    machine: Machine, stack: Stack, look: Look, candidates: list[Candidate], domain: str
) -> dict[str, Any]:
    """Ask WordPress itself for its database, its account and whose password each value is.

    Raises:
        UnseenError: WordPress could not be asked.

    """
    service = stack.role("wordpress")
    if service is None or not stack.pids.get(service.service):
        raise UnseenError("no container runs WordPress")
    load = machine.python(_FIND, stack.pids[service.service])
    if not load:
        raise UnseenError(f"no installation of WordPress was found in the container {service.name}")
    question = {"load": load, "domain": domain, "values": [one.value for one in candidates]}
    script = _PASSWORDS % base64.b64encode(json.dumps(question).encode()).decode()
    words = ["exec", "--interactive", *(["--user", look.worker] if look.worker else []), service.name]
    said = ""
    for program in ("php", "php8", "php82", "php83", "php84", "php81", "php85"):
        done = machine.docker(*words, program, data=script, timeout=90)
        answer = re.search(r"^EVALUATION:(\{.*\})$", done.out, re.MULTILINE)
        if answer:
            read: dict[str, Any] = json.loads(answer.group(1))
            return read
        if "not found" not in done.err + done.out:
            said = done.complaint
            break
    raise UnseenError(f"WordPress could not be asked in its container: {said or 'there is no command-line PHP in it'}")


def collect(
    machine: Machine, stack: Stack, looks: dict[str, Look], candidates: tuple[Candidate, ...], domain: str
) -> Database:
    """Ask the database, and find the passwords of WordPress's users among the values.

    Raises:
        UnseenError: there is no database, it has no client, or nobody gets in.

    """
    service = stack.role("mariadb")
    if service is None:
        raise UnseenError("no container runs MariaDB")
    if service.state != "running":
        raise UnseenError(f"the database's container {service.name} does not run ({service.state})")
    notes: list[str] = []
    site = stack.role("wordpress")
    wordpress: dict[str, Any] = {}
    order = ranked(candidates, "wp", "wordpress", "admin", "user")
    if site is not None and site.service in looks:
        try:
            wordpress = wordpress_facts(machine, stack, looks[site.service], order, domain)
        except UnseenError as error:
            notes.append(str(error))
    root = ranked(candidates, "root")[:40]
    account = [
        one for one in ranked(candidates, "db", "mysql", "mariadb", "database") if "root" not in one.name.lower()
    ]
    users = [wordpress["account"]] if wordpress.get("account") else _accounts(stack)
    answer = machine.python(
        _ASK,
        {
            "container": service.name,
            "root": [one.value for one in root],
            "users": users,
            "passwords": [one.value for one in account][:40],
        },
        timeout=180,
    )
    if not answer["client"]:
        raise UnseenError(f"the container {service.name} has neither the client mariadb nor mysql")
    if "tables" not in answer:
        ways = "; ".join(f"by {way}: {what}" for way, what in answer["without"].items())
        raise UnseenError(
            f"nobody got into the database: none of the {len(root)} values found in secrets, .env and environment is "
            f"root's password, nor that of {' or '.join(users) or 'an account'} (without a password {ways})"
        )
    found = wordpress.get("users", {})
    if answer.get("complaint"):
        notes.append(f"the users could not be listed: {answer['complaint']}")
    people = []
    for name, capabilities in answer.get("users", []):
        roles = re.findall(r's:\d+:"([^"]+)";b:1', capabilities)
        hit = found.get(name)
        known = order[hit] if isinstance(hit, int) else None
        people.append(
            User(
                name,
                "administrator" in roles,
                ", ".join(roles),
                known.value if known is not None else None,
                f"{known.name} in {known.source}" if known is not None else "",
            )
        )
    root_hit = answer.get("root")
    return Database(
        service=service.service,
        client=answer["client"],
        version=answer.get("version", ""),
        name=answer.get("schema", wordpress.get("database", "")),
        user=wordpress.get("account", "") or (answer.get("account") or [""])[0],
        root_opened=root_hit is not None,
        root_source=f"{root[root_hit].name} in {root[root_hit].source}" if root_hit is not None else "",
        root_without=answer["without"],
        account_opened=bool(answer.get("account")),
        tables=answer.get("rows", {}),
        prefix=answer.get("prefix", ""),
        users=tuple(people),
        notes=tuple(notes),
        home=str(wordpress.get("home") or ""),
        wordpress=str(wordpress.get("version") or ""),
        object_cache=wordpress.get("cache"),
    )


def _accounts(stack: Stack) -> list[str]:
    """Return what the environment calls the database's user."""
    found = []
    for variables in stack.environment.values():
        for name, value in variables.items():
            if re.search(r"(?:DB|MYSQL|MARIADB|DATABASE).*USER(?:NAME)?$", name.upper()) and value != "root":
                found.append(value)
    return list(dict.fromkeys(found))[:4]
