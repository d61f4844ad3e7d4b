"""The variables live in srcs/.env (R32)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence.dotenv import parse_dotenv
from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity


def _check(project: Project, _: Context) -> Iterator[Outcome]:  # noqa: C901 -- the cases of one rule, one after the other
    compose = project.compose
    source = project.tree.get("srcs/.env")
    if source is not None:
        for problem in parse_dotenv(source.text, source.path, project.shell_environment).problems:
            yield RULE.finding(
                source.path,
                problem.line,
                f"Compose refuses the file: {problem.message}",
                "Write NAME=value, one on a line.",
            )
        yield from _outside(project)
        return
    example = project.env_example
    if example is not None:
        for problem in parse_dotenv(project.text(example), example).problems:
            yield RULE.finding(
                example,
                problem.line,
                f"Compose would refuse the file: {problem.message}",
                "Write NAME=value, one on a line.",
                severity=Severity.WARNING,
            )
    if compose is None:
        yield RULE.undecided("there is neither a Compose file nor srcs/.env")
        return
    wanted = [(s, file) for s in compose.services.values() for file in s.env_files]
    here = [file for _, file in wanted if file.value == "srcs/.env"]
    if project.git.ignored("srcs/.env") and compose.directory == "srcs" and (here or compose.used_variables):
        # Compose reads the file by itself there, and that git ignores it is as it should be.
        yield from _outside(project)
        return
    elsewhere = [file for _, file in wanted if file.value != "srcs/.env" and not file.unknown]
    root = project.tree.get(".env")
    if here or project.git.ignored("srcs/.env") or (example is not None and posixpath.dirname(example) == "srcs"):
        yield RULE.undecided("srcs/.env is not in the repository, where it may be missing on purpose")
    elif elsewhere:
        file = elsewhere[0]
        yield RULE.finding(
            file.path,
            file.line,
            f"the variables are read from {file.value}, not from srcs/.env",
            "Move them to srcs/.env, next to docker-compose.yml.",
        )
    elif root is not None:
        yield RULE.finding(
            ".env",
            None,
            "the .env file is at the root of the repository, not in srcs/",
            "Move it to srcs/.env.",
        )
    elif compose.used_variables - set(project.shell_environment) or _is_made(project):
        yield RULE.undecided("srcs/.env is not in the repository, where it may be missing on purpose")
    else:
        yield RULE.finding(
            compose.path,
            None,
            "there is no srcs/.env, and nothing refers to one",
            "Put the settings into srcs/.env and use them in the Compose file.",
        )


def _outside(project: Project) -> Iterator[Outcome]:
    """Find further files of variables that are not below srcs/."""
    for service in project.compose.services.values() if project.compose is not None else ():
        for file in service.env_files:
            if not file.value.startswith("srcs/") and not file.unknown:
                yield RULE.finding(
                    file.path,
                    file.line,
                    f"{service.name} reads variables from {file.value}, outside of srcs/",
                    "Move them to srcs/.env, next to docker-compose.yml.",
                )


def _is_made(project: Project) -> bool:
    """Tell whether the Makefile or a script makes or reads the file."""
    texts = [recipe.text for recipe in project.makefile.recipes] if project.makefile is not None else []
    texts += [script.text for script in project.scripts]
    return any(re.search(r"srcs/\.env\b", text) for text in texts)


RULE = Rule("dotenv-file", "The environment variables live in srcs/.env, and Compose can read it", ("R32",), _check)
