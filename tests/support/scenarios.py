"""The scenarios that the roles are rendered for, by the playbooks themselves."""

from __future__ import annotations

import fcntl
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import compose, render

#: Everything that a value can have to stumble over.
AWKWARD_TITLE = 'O\'Reilly & "Söhne" cost $5 ${HOME} #1 \\o/ `id` 한국어 {x}'


@dataclass(frozen=True)
class Scenario:
    """One way to set the settings."""

    name: str
    settings: dict[str, Any]
    playbook: str = "render.yml"


#: As srcs/ is committed; the test of srcs/ uses it too.
DEFAULT = Scenario("default", {})
#: A stand-alone submission for another login, in which everything is different that goes through .env.
EXPORT = Scenario(
    "export",
    {
        "inception_login": "j-doe",
        "inception_data_dir": "/srv/the data/한국",
        "inception_https_port": 8443,
        "inception_project_name": "other",
        "inception_network": "other_net",
        "inception_image_version": "2.0-rc1",
        "inception_supply": "upstream",
        "inception_upload_limit_mb": 128,
        "nginx_port": 4430,
        "wordpress_port": 9001,
        "wordpress_title": AWKWARD_TITLE,
        "wordpress_locale": "ko_KR",
        "wordpress_admin_user": "the boss",
        "wordpress_admin_email": "boss+x@example.org",
        "wordpress_url": "http://127.0.0.1:8000/w.tar.gz?a=1&b=2#c",
        "wordpress_sha256": "0" * 64,
        "mariadb_port": 3307,
        "mariadb_database": "site",
        "mariadb_user": "writer",
    },
    "export.yml",
)
ALPINE = Scenario("alpine", {"inception_base": "alpine"})
SCENARIOS = {scenario.name: scenario for scenario in (DEFAULT, EXPORT, ALPINE)}


@dataclass(frozen=True)
class Project:
    """A rendered project."""

    scenario: Scenario
    root: Path

    @property
    def srcs(self) -> Path:
        """Where Compose finds its files."""
        return self.root / "srcs"

    def files(self) -> dict[str, Path]:
        """Return the files below srcs/ by their relative name."""
        return {str(path.relative_to(self.srcs)): path for path in sorted(self.srcs.rglob("*")) if path.is_file()}

    def config(self) -> dict[str, Any]:
        """Return what Compose makes of the project, with dollar signs as they are meant."""
        done = compose(self.srcs, "config", "--format", "json")
        assert done.returncode == 0, done.stderr
        assert not done.stderr, "Compose has something to complain of"
        config: dict[str, Any] = json.loads(done.stdout.replace("$$", "$"))
        return config


def rendered(scenario: Scenario, shared: Path) -> Project:
    """Return the project of a scenario, rendered below a directory by the first process that asks."""
    root = shared / f"scenario-{scenario.name}"
    with (shared / f"scenario-{scenario.name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # What cannot be rendered is tried once, too.
        if not root.exists():
            root.mkdir()
            render(root, scenario.settings, scenario.playbook)
            if scenario.playbook == "render.yml":
                # The example must be good as it is.
                shutil.copyfile(root / "srcs/.env.example", root / "srcs/.env")
    assert (root / "srcs/.env").is_file(), f"the scenario {scenario.name} could not be rendered"
    return Project(scenario, root)
