"""An inventory that names no host to work on is refused: Ansible itself would call it a success."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import BIN, ROOT, own_environment, play, run

LOCAL = "{ansible_connection: local}"
UNREADABLE = {
    "a list": "- localhost\n- other\n",
    "a tab": "inception:\n\thosts:\n\t\tlocalhost:\n",
}
WITHOUT_HOSTS = {
    "empty": "",
    "no hosts": "inception:\n  hosts:\n",
    "misspelt": f"inceptions:\n  hosts:\n    localhost: {LOCAL}\n",
}


@pytest.fixture
def inventory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "hosts.yml"
    file.write_text(request.param, encoding="utf-8")
    return file


@pytest.mark.parametrize("inventory", UNREADABLE.values(), ids=UNREADABLE, indirect=True)
def test_what_cannot_be_read(inventory: Path) -> None:
    done = play("site.yml", "-i", str(inventory))
    assert done.returncode != 0
    assert f"Completely failed to parse inventory source {inventory}" in done.stderr
    assert "TASK" not in done.stdout


def test_what_is_not_there(tmp_path: Path) -> None:
    done = play("site.yml", "-i", str(tmp_path / "nosuch"))
    assert done.returncode != 0
    assert f"Completely failed to parse inventory source {tmp_path}/nosuch" in done.stderr


@pytest.mark.parametrize("inventory", WITHOUT_HOSTS.values(), ids=WITHOUT_HOSTS, indirect=True)
def test_what_names_no_host(inventory: Path) -> None:
    refused(inventory, play("site.yml", "-i", str(inventory)).stdout)


@pytest.mark.parametrize("inventory", [WITHOUT_HOSTS["misspelt"]], ids=["misspelt"], indirect=True)
@pytest.mark.parametrize(
    "playbook", ["guard.yml", "provision.yml", "deploy.yml", "smoke.yml", "bench.yml", "teardown.yml"]
)
def test_every_entry_refuses(playbook: str, inventory: Path) -> None:
    done = play(playbook, "-i", str(inventory), "--tags", "deploy")
    assert done.returncode == 2
    refused(inventory, done.stdout)


@pytest.mark.parametrize(
    "inventory",
    [f"inception:\n  hosts:\n    localhost: {LOCAL}\nother:\n  hosts:\n    else: {LOCAL}\n"],
    ids=["two groups"],
    indirect=True,
)
def test_a_limit_that_leaves_none(inventory: Path) -> None:
    output = play("site.yml", "-i", str(inventory), "--limit", "else").stdout
    refused(inventory, output)
    assert "look at --limit else" in output
    assert play("site.yml", "-i", str(inventory), "--limit", "nosuch").returncode != 0


def refused(inventory: Path, output: str) -> None:
    assert "failed=1" in output, output
    assert output.count("TASK [") == 1, output
    assert f"in {inventory}" in " ".join(output[output.index("fatal:") :].split())


def test_the_example_s_servers_are_no_hosts() -> None:
    environment = {**own_environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    done = run([str(BIN / "ansible"), "-i", "inventory", "inception", "--list-hosts"], cwd=ROOT, env=environment)
    assert done.stdout.split() == ["hosts", "(1):", "localhost"], done.stdout + done.stderr
