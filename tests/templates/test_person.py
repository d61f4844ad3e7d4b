"""The settings of a person: apart from git, asked for, shown with where they come from, and open to Ansible Vault."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from support import BIN, ROOT, load_plugin, own_environment, role_yaml, roles, run

validate_settings = load_plugin("action/validate_settings")
FILE = "inventory/group_vars/inception.yml"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a copy of the bundle as a person has it after a clone."""
    root = tmp_path / "bundle"
    root.mkdir()
    tracked = run(["git", "ls-files", "inventory", "playbooks"], cwd=ROOT, env=own_environment()).stdout.splitlines()
    for name in ("Makefile", "ansible.cfg", *tracked):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for name in ("languages", "plugins", "requirements", "roles", "tools"):
        (root / name).symlink_to(ROOT / name)
    (root / ".venv").symlink_to(BIN.parent)
    return root


def make(bundle: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in the copy; the virtualenv is that of this run."""
    command = ["make", "--old-file=.venv/.ready", *arguments]
    return run(command, cwd=bundle, env={**own_environment(), **environment})


def settings(bundle: Path, **environment: str) -> dict[str, tuple[str, str]]:
    """Return value and origin of each setting, as `make settings` shows them."""
    done = make(bundle, "settings", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [re.split(r"  +", line.strip()) for line in done.stdout.splitlines()]
    return {line[0]: (line[1], line[2]) for line in lines if len(line) == 3}


def test_git_watches_no_settings_of_a_person() -> None:
    for name in (FILE, "servers/hosts.yml", "inventory/host_vars/localhost.yml", ".login"):
        assert run(["git", "check-ignore", name], cwd=ROOT, env=own_environment()).stdout == f"{name}\n"
    for name in ("inventory/group_vars/all.yml", f"{FILE}.example", "inventory/servers.example/hosts.yml"):
        assert run(["git", "ls-files", name], cwd=ROOT, env=own_environment()).stdout == f"{name}\n"


@pytest.mark.parametrize("name", [f"{FILE}.example", "inventory/servers.example/group_vars/inception.yml"])
def test_an_example_offers_only_settings_and_gives_none(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert yaml.safe_load(text) is None
    offered = re.findall(r"^# (\w+): ", text, re.MULTILINE)
    assert offered
    assert set(offered) <= set(validate_settings.load_specs())


def test_the_own_file_overrides_the_tracked_one_which_still_counts(bundle: Path) -> None:
    (bundle / "inventory/group_vars/all.yml").write_text(
        "wordpress_title: Tracked\nwordpress_locale: de_DE\n", encoding="utf-8"
    )
    (bundle / FILE).write_text("# Mine\nwordpress_title: Own 한국어\n", encoding="utf-8")
    found = settings(bundle)
    assert found["wordpress_title"] == ("Own 한국어", f"{FILE}:2")
    assert found["wordpress_locale"] == ("de_DE", "inventory/group_vars/all.yml:2")
    assert found["wordpress_user"] == ("author", "default")
    assert set(found) == {name for role in roles() for name in role_yaml(role, "defaults/main.yml")}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a: 1\nwordpress_title: Tom: the site\n", ":2:21: Colons in unquoted values must be followed by a"),
        ("https_port: 8443\n", ":1: https_port is not a setting; did you mean inception_https_port?"),
        ("wordpress_title: x\ninception_domain: 10.0.0.1\n", ":2: inception_domain is '10.0.0.1', which is an address"),
    ],
    ids=["no YAML", "misspelt", "bad value"],
)
def test_make_refuses_bad_settings_in_one_sentence_and_touches_nothing(
    bundle: Path, content: str, sentence: str
) -> None:
    (bundle / FILE).write_text(content, encoding="utf-8")
    before = sorted(bundle.iterdir())
    done = make(bundle, "up")
    assert done.returncode == 2
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if ".yml:" in line]
    assert len(said) == 1, done.stdout + done.stderr
    assert said[0].removeprefix("[ERROR]: ").removeprefix(f"{bundle}/").startswith(f"{FILE}{sentence}")
    assert sorted(bundle.iterdir()) == before


def test_a_variable_of_somebody_s_own_that_a_setting_uses_is_left_alone(bundle: Path) -> None:
    (bundle / "inventory/group_vars/all.yml").write_text(
        'domain: blog.example.org\ninception_domain: "{{ domain }}"\n', encoding="utf-8"
    )
    assert settings(bundle)["inception_domain"] == ("blog.example.org", "inventory/group_vars/all.yml:2")


def test_a_misspelling_is_told_in_an_inventory_of_servers(bundle: Path) -> None:
    shutil.copytree(bundle / "inventory/servers.example", bundle / "servers")
    (bundle / "servers/group_vars/inception.yml").write_text("https_port: 8443\n", encoding="utf-8")
    done = make(bundle, "settings", "ARGS=-i servers")
    assert done.returncode == 2
    assert (
        "servers/group_vars/inception.yml:1: https_port is not a setting; did you mean inception_https_port?"
        in done.stdout
    )


def test_a_setting_is_found_by_a_word(bundle: Path) -> None:
    done = make(bundle, "settings", "FIND=Upload")
    assert [line.split()[0] for line in done.stdout.splitlines() if line[:1].strip()] == ["inception_upload_limit_mb"]
    assert "The largest upload in MiB." in done.stdout
    for word in ("quux", 'it\'s "$x"'):
        assert f"No setting has {word} in its name or meaning" in make(bundle, "settings", f"FIND={word}").stdout


@pytest.mark.parametrize("whole", [True, False], ids=["whole file", "one value"])
def test_settings_may_come_from_a_vault(bundle: Path, *, whole: bool) -> None:
    password = bundle / "password"
    password.write_text("the vault's own\n", encoding="utf-8")
    environment = {**own_environment(), "ANSIBLE_VAULT_PASSWORD_FILE": str(password), "LC_ALL": "C.UTF-8"}
    if whole:
        (bundle / FILE).write_text("wordpress_admin_email: me@example.org\n", encoding="utf-8")
        done = run([str(BIN / "ansible-vault"), "encrypt", FILE], cwd=bundle, env=environment)
    else:
        command = [str(BIN / "ansible-vault"), "encrypt_string", "--name", "wordpress_admin_email", "me@example.org"]
        done = run(command, cwd=bundle, env=environment)
        (bundle / FILE).write_text(done.stdout, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "me@example.org" not in (bundle / FILE).read_text(encoding="utf-8")
    assert settings(bundle, ANSIBLE_VAULT_PASSWORD_FILE=str(password))["wordpress_admin_email"][0] == "me@example.org"


def test_secrets_may_come_from_a_vault(bundle: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the secrets belong to root")
    password = bundle / "password"
    password.write_text("the vault's own\n", encoding="utf-8")
    environment = {**own_environment(), "ANSIBLE_VAULT_PASSWORD_FILE": str(password), "LC_ALL": "C.UTF-8"}
    secrets = {
        "db_password": "hunter2hunter2",
        "wp_admin_password": "hunter2-admin",
        "wp_user_password": "hunter2-user",
    }
    play = [
        {
            "name": "P",
            "hosts": "inception",
            "gather_facts": False,
            "vars": {"inception_project_dir": str(bundle / "p")},
        },
    ]
    play[0]["tasks"] = [
        {"validate_settings": {}},
        {"ansible.builtin.include_role": {"name": "stack", "tasks_from": "secrets"}, "vars": {"inception_machine": {}}},
    ]
    (bundle / "playbooks/secrets.yml").write_text(yaml.safe_dump(play), encoding="utf-8")

    def write(more: dict[str, str]) -> str:
        (bundle / FILE).write_text(yaml.safe_dump({"stack_secrets": {**secrets, **more}}), encoding="utf-8")
        assert run([str(BIN / "ansible-vault"), "encrypt", FILE], cwd=bundle, env=environment).returncode == 0
        done = run([str(BIN / "ansible-playbook"), "-vv", "playbooks/secrets.yml"], cwd=bundle, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        return done.stdout

    assert "changed=2" in write({})
    files = {path.name: path.read_text(encoding="utf-8") for path in (bundle / "p/secrets").iterdir()}
    assert files == {
        "db_password.txt": "hunter2hunter2\n",
        "credentials.txt": "WP_ADMIN_PASSWORD=hunter2-admin\nWP_USER_PASSWORD=hunter2-user\n",
    }
    assert all(path.stat().st_mode & 0o777 == 0o400 for path in (bundle / "p/secrets").iterdir())
    assert "changed=0" in write({})
    assert "changed=1" in write({"db_password": "hunter2-changed", "wp_user_password": "hunter2-other"})
    assert (bundle / "p/secrets/db_password.txt").read_text(encoding="utf-8") == "hunter2-changed\n"
    assert (bundle / "p/secrets/credentials.txt").read_text(encoding="utf-8") == files["credentials.txt"]


def test_the_example_of_servers_is_sound(bundle: Path) -> None:
    shutil.copytree(bundle / "inventory/servers.example", bundle / "servers")
    command = [str(BIN / "ansible-playbook"), "-i", "servers", "playbooks/judge.yml"]
    done = run(command, cwd=bundle, env={**own_environment(), "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"ok: [web{number}.example.org]" in done.stdout for number in (1, 2))


TITLE = 'O\'Reilly "$5" #1: 한국어'


def test_init_writes_what_it_is_given_and_nothing_twice(bundle: Path) -> None:
    given = ["LOGIN=j-doe", f"TITLE={TITLE}", "LOCALE=ko_KR", "ADMIN=boss"]
    done = make(bundle, "init", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{bundle}/{FILE} is written: look at it, then run make." in done.stdout
    text = (bundle / FILE).read_text(encoding="utf-8")
    assert text.startswith((bundle / f"{FILE}.example").read_text(encoding="utf-8").rstrip())
    assert yaml.safe_load(text) == {
        "inception_login": "j-doe",
        "wordpress_title": TITLE,
        "wordpress_locale": "ko_KR",
        "wordpress_admin_user": "boss",
    }
    assert (bundle / FILE).stat().st_mode & 0o777 == 0o600
    again = make(bundle, "init", "TITLE=Other")
    assert again.returncode == 2
    assert f"{bundle}/{FILE} is there already: change it there" in again.stdout
    assert (bundle / FILE).read_text(encoding="utf-8") == text


def test_init_refuses_what_make_would_refuse(bundle: Path) -> None:
    done = make(bundle, "init", "LOGIN=wil", "ADMIN=SuperAdmin", "LOCALE=korean")
    assert done.returncode == 2
    assert [line.split()[0].rstrip(":") for line in done.stdout.splitlines() if "is '" in line]
    assert "wordpress_admin_user is 'SuperAdmin'" in done.stdout
    assert "wordpress_locale is 'korean'" in done.stdout
    assert not (bundle / FILE).exists()


def test_init_asks_for_what_it_was_not_given(bundle: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - this is make
        os.chdir(bundle)
        os.execvpe("make", ["make", "--old-file=.venv/.ready", "init", "LOGIN=wil"], own_environment())  # noqa: S606
    answers = [b"My site\n", b"\n", b"boss\n"]
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
            if piece.rstrip().endswith(b"]:") and answers:
                os.write(terminal, answers.pop(0))
    except OSError:
        pass  # Linux tells the end of a terminal by an error.
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown.decode()
    assert answers == []
    assert yaml.safe_load((bundle / FILE).read_text(encoding="utf-8")) == {
        "inception_login": "wil",
        "wordpress_title": "My site",
        "wordpress_locale": "en_US",
        "wordpress_admin_user": "boss",
    }
