"""A machine with a stack that can be broken, evaluated and mended."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import ROOT


@dataclass(frozen=True)
class Patient:
    """A machine with a stack that can be broken and mended."""

    machine: str
    directory: str
    login: str
    output: Path

    def shell(self, script: str, timeout: float = 240) -> str:
        """Run a shell script on the machine, in the project's srcs/."""
        done = subprocess.run(
            ["docker", "exec", "--interactive", "--workdir", f"{self.directory}/srcs", self.machine, "sh", "-eu"],
            input=script,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def sql(self, statement: str) -> str:
        """Run a statement as the database's root; the password goes through the client's environment."""
        return self.shell(
            f"MYSQL_PWD=$(cat ../secrets/db_root_password.txt) docker exec --interactive --env MYSQL_PWD mariadb "
            f"mariadb --user=root --batch --skip-column-names wordpress <<'SQL'\n{statement}\nSQL\n"
        )

    def mend(self) -> None:
        """Make the containers again as the Compose file wants them."""
        self.shell("rm -f broken.yml; docker compose up --detach --wait --wait-timeout 180 --remove-orphans 2>&1")

    def evaluate(self, only: str, *more: str) -> dict[str, Any]:
        """Run the command and return what it wrote."""
        output = self.output / "report"
        command = [str(ROOT / ".venv/evaluate/bin/inception-evaluate"), "--machine", self.machine, "--directory"]
        command += [self.directory, "--login", self.login, "--output", str(output), "--quiet"]
        command += ["--only", only, *more] if only else more
        done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, timeout=400, env=dict(os.environ))
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert done.returncode in (0, 1, 2), done.stderr
        document: dict[str, Any] = json.loads((output / "evaluation.json").read_text())
        failed = any(check["verdict"] == "fail" for check in document["checks"])
        assert (done.returncode == 1) is failed
        return document
