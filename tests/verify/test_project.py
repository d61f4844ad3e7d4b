"""The files on the machine: the tree, git, the secrets."""

from __future__ import annotations

import shlex

import pytest

from support.stack import SERVICES, Settings, Stack

ROOT_SECRETS = {
    "db_root_password.txt",
    "db_password.txt",
    "credentials.txt",
    "wordpress_salts.txt",
    "tls_ca.key",
}


@pytest.mark.requirement("E3", "E5", "E6", "R2", "R3", "R32", "R36")
def test_tree(stack: Stack, settings: Settings) -> None:
    wanted = ["srcs/docker-compose.yml", "srcs/.env"]
    wanted += [f"secrets/{name}.txt" for name in ("credentials", "db_password", "db_root_password")]
    for service in SERVICES:
        folder = f"srcs/requirements/{service}"
        wanted += [f"{folder}/{part}" for part in ("Dockerfile", ".dockerignore", "conf", "tools")]
    wanted += ["srcs/requirements/tools"]
    if settings.checkout:
        wanted += ["Makefile", "README.md", "USER_DOC.md", "DEV_DOC.md"]
    script = f'cd {shlex.quote(settings.project_dir)} && for path; do [ -s "$path" ] || echo "$path"; done'
    assert stack.execute("sh", "-c", script, "sh", *wanted).split() == []


@pytest.mark.requirement("E12", "E13", "E31", "E33", "R7", "R29")
def test_dockerfile_begins_with_the_penultimate_release(service: str, stack: Stack, settings: Settings) -> None:
    text = stack.read(f"{settings.project_dir}/srcs/requirements/{service}/Dockerfile")
    first = next(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    assert first.startswith(("FROM debian:12", "FROM debian:bookworm", "FROM alpine:3.23"))


@pytest.mark.requirement("E1", "R34")
def test_git_sees_no_change_and_no_secret(stack: Stack, settings: Settings) -> None:
    if not settings.checkout:
        pytest.skip("no repository there")
    git = ("git", "-C", settings.project_dir)
    assert stack.execute(*git, "status", "--porcelain") == ""
    tracked = stack.execute(*git, "ls-files").splitlines()
    assert not [name for name in tracked if name.startswith("secrets/") or name == "srcs/.env"]


@pytest.mark.requirement("R33", "R34")
def test_secrets_belong_to_root_alone(stack: Stack) -> None:
    listing = stack.execute("find", stack.secrets_dir, "-printf", "%y %m %U %f\n")
    files = {}
    for line in listing.splitlines():
        kind, mode, owner, name = line.split(" ", 3)
        if kind == "d":
            assert owner == "0"
            assert int(mode, 8) & 0o022 == 0
        elif kind == "f":
            files[name] = (int(mode, 8), int(owner))
    assert set(files) >= ROOT_SECRETS | {"tls.key", "tls.crt", "tls_ca.crt"}
    public = {name for name in files if name.endswith(".crt")}
    assert all(mode in (0o400, 0o600) for name, (mode, _) in files.items() if name not in public)
    assert all(owner == 0 for name, (_, owner) in files.items() if name in ROOT_SECRETS)
    assert all(mode == 0o644 for name, (mode, _) in files.items() if name in public)


def secret_values(stack: Stack) -> set[str]:
    """Return every confidential value, a line of each private key among them."""
    values = set()
    names = ("db_root_password.txt", "db_password.txt", "credentials.txt", "wordpress_salts.txt")
    for name in names:
        for line in stack.read(f"{stack.secrets_dir}/{name}").splitlines():
            if line and not line.startswith("#"):
                values.add(line.split("=", 1)[1].strip("'\"") if name[0] in "cw" else line)
    for name in ("tls.key", "tls_ca.key"):
        values.add(stack.read(f"{stack.secrets_dir}/{name}").splitlines()[1])
    assert len(values) == 2 + 2 + 8 + 2
    assert all(len(value) >= 12 for value in values)
    return values


@pytest.mark.requirement("R30", "R33", "E1")
def test_no_secret_where_others_can_read_it(stack: Stack, settings: Settings) -> None:
    containers = [stack.container(service) for service in SERVICES]
    images = [stack.inspect(service)["Image"] for service in SERVICES]
    places = {
        "docker inspect": stack.docker("inspect", *containers, *images),
        "docker history": "".join(stack.docker("history", "--no-trunc", image) for image in images),
        "command lines": stack.shell("cat /proc/[0-9]*/cmdline", check=False),
        "first processes' environment": "".join(
            stack.read(f"/proc/{stack.inspect(service)['State']['Pid']}/environ") for service in SERVICES
        ),
        "logs of the containers": "".join(
            done.stdout + done.stderr for done in (stack.attempt("docker", "logs", one) for one in containers)
        ),
        "logs of the deployment": stack.shell("cat /var/log/inception/*", check=False),
        "srcs": stack.shell(f"find {shlex.quote(settings.project_dir)}/srcs -type f -exec cat {{}} +"),
    }
    if settings.checkout:
        places["git"] = stack.execute("git", "-C", settings.project_dir, "grep", "-h", "")
    secrets = secret_values(stack)
    for place, text in places.items():
        assert text, f"there is no {place} to look at"
        assert not [value for value in secrets if value in text], f"a secret is in {place}"


@pytest.mark.requirement("R30", "R33")
def test_no_secret_in_any_layer_of_an_image(stack: Stack) -> None:
    images = [stack.inspect(service)["Image"] for service in SERVICES]
    # The values reach grep through its standard input, so that no command line holds them.
    script = 'mkfifo /run/verify.$$; docker save "$@" >/run/verify.$$ & exec grep -a -c -F -f - /run/verify.$$'
    values = "\n".join(secret_values(stack)) + "\n"
    done = stack.attempt("sh", "-c", script, "sh", *images, data=values)
    stack.shell("rm -f /run/verify.*")
    assert (done.stdout.strip(), done.returncode) == ("0", 1), done.stderr
