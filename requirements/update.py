"""Bring a checkout of the bundle to the newest version, and tell what is new; `make update` calls it.

Usage: update.py fetch | tell, in the checkout. It runs before there is a virtualenv, so it needs nothing but Python and git.
"""

import hashlib
import json
import os
import pwd
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path

#: Where `make` writes down which version was on this machine (inception_state_dir).
RECORD = Path("/var/lib/inception/bundle")
#: The commit that the last update began at: the way back.
BEFORE = "refs/inception/before"


# It needs no virtualenv either.
sys.path.insert(0, "languages")
from catalogue import catalogue  # noqa: E402

say = catalogue(os.environ).line


class RefusedError(Exception):
    """Why there is no update, as one sentence with the way out."""


def git(*arguments: str) -> str:
    """Return what git prints.

    Raises:
        RefusedError: git fails; the sentence ends with what it says.
    """
    # It must not ask for anything, and its sentences are looked at.
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, env=environment)  # noqa: S603, S607 - git itself
    except FileNotFoundError:
        raise RefusedError("git is missing: sudo apt-get install git") from None
    if done.returncode != 0:
        raise RefusedError((done.stderr.strip().splitlines() or ["git failed"])[0])
    return done.stdout.rstrip("\n")


def attempt(*arguments: str) -> str:
    """Return what git prints; nothing where it fails."""
    try:
        return git(*arguments)
    except RefusedError:
        return ""


def some(names: list[str]) -> str:
    """Return the first of some names, for a sentence."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def edited() -> list[str]:
    """Return the tracked files that were changed here, staged or not."""
    return [name for name in git("diff", "--name-only", "-z", "HEAD").split("\0") if name]


def rendered() -> set[str]:
    """Return the files of srcs/ that make writes from a template, and as which it has written them last."""
    try:
        digests = json.loads(Path(".inception/written.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, LookupError, TypeError):
        return set()  # Nothing was made here yet.
    made = {"docker-compose.yml", "requirements/tools/secrets.list"}
    for template in Path("roles").glob("*/templates/context/**/*"):
        service, _, _, *inside = template.parts[1:]
        made.add(str(Path("requirements", service, *inside)).removesuffix(".j2"))
    return {
        f"srcs/{name}"
        for name in made
        if (path := Path("srcs", name)).is_file()
        and not path.is_symlink()
        and hashlib.sha256(path.read_bytes()).hexdigest() == digests.get(name)
    }


def fetch() -> None:
    """Fetch the newest version and move the checkout forward to it.

    Raises:
        RefusedError: this is no checkout that can simply be moved forward, or the newest version cannot be fetched.
    """
    owner = Path.cwd().stat().st_uid
    if owner != os.geteuid():
        raise RefusedError(f"{Path.cwd()} belongs to the user {user(owner)}: run make update as that user.")
    if not Path(".git").exists():
        raise RefusedError(
            f"{Path.cwd()} is no git checkout: clone the bundle, and move secrets/, inventory/ and .login there."
        )
    branch = attempt("symbolic-ref", "--quiet", "--short", "HEAD")
    if not branch:
        raise RefusedError(
            f"No branch is checked out here, but the commit {git('rev-parse', '--short', 'HEAD')}: git switch main"
        )
    if not attempt("rev-parse", "--symbolic-full-name", "@{upstream}"):
        remotes = attempt("remote").split()
        way = f"git branch --set-upstream-to={remotes[0]}/{branch}" if remotes else "git remote add origin ADDRESS"
        raise RefusedError(f"The branch {branch} follows no branch of a remote, where a new version comes from: {way}")
    # What make has written for other settings, it writes anew.
    ours = rendered()
    if own := [name for name in edited() if name not in ours]:
        raise RefusedError(
            f"Changed here: {some(own)}. Settings belong into inventory/group_vars/inception.yml; commit anything else to a "
            "branch of yours, or undo it: git restore FILE"
        )
    before = git("rev-parse", "HEAD")
    remote = git("config", f"branch.{branch}.remote")
    try:
        git("fetch", "--quiet", remote)
    except RefusedError as error:
        raise RefusedError(
            f"The remote {remote} cannot be reached ({str(error).removeprefix('fatal: ')}): see to the network, or to "
            f"`git remote get-url {remote}`."
        ) from None
    if count := int(git("rev-list", "--count", "@{upstream}..HEAD")):
        raise RefusedError(
            f"This checkout has {count} commit{'s' if count > 1 else ''} of its own: git pull --rebase, then make."
        )
    if git("rev-parse", "@{upstream}") == before:
        print(say("This is the newest version."))
        return
    if changed := sorted(ours & set(edited())):
        git("restore", "--staged", "--worktree", "--", *changed)
    git("merge", "--quiet", "--ff-only", "@{upstream}")
    git("update-ref", BEFORE, before)
    print(say(f"Updated from {named(before)} to {named('HEAD')}."))


def user(uid: int) -> str:
    """Return the name of a user, or the number where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def named(commit: str) -> str:
    """Return version and short name of a commit for a person."""
    found = re.search(r"^## ([0-9.]+)", attempt("show", f"{commit}:CHANGELOG.md"), re.MULTILINE)
    short = git("rev-parse", "--short", commit)
    return f"{found.group(1)} ({short})" if found else short


def entries(changelog: str) -> list[tuple[str, str]]:
    """Return each entry of a changelog: its version with the kind of change, and its text in one line."""
    found = []
    version = kind = ""
    for block in re.split(r"\n(?=#|- )", changelog):
        if block.startswith("## "):
            version, kind = block[3:].split("\n")[0].split(" ")[0], ""
        elif block.startswith("### "):
            kind = block[4:].split("\n")[0].strip()
        elif block.startswith("- "):
            found.append((f"{version} {kind}".strip(), " ".join(block[2:].split())))
    return found


def news(before: str, after: str) -> list[str]:
    """Return the lines of what a changelog says and an earlier one did not, below their headings."""
    # An entry may have been moved from one heading to another.
    known = {text for _, text in entries(before)}
    lines: list[str] = []
    for heading, text in entries(after):
        if text in known:
            continue
        if heading not in lines:
            lines += ["", heading]
        lines += textwrap.wrap(text, 118, initial_indent="- ", subsequent_indent="  ", break_long_words=False)
    return lines


def last_run() -> str:
    """Return the commit that was on this machine last, where this checkout knows it."""
    try:
        commit = str(json.loads(RECORD.read_text(encoding="utf-8"))["commit"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""  # Nothing was made on this machine.
    return attempt("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") if commit else ""


def tell() -> None:
    """Tell what is new since the version that was here last, and the way back."""
    before = attempt("rev-parse", "--verify", "--quiet", BEFORE)
    since = last_run() or before
    if not since or since == git("rev-parse", "HEAD"):
        return
    lines = news(attempt("show", f"{since}:CHANGELOG.md"), Path("CHANGELOG.md").read_text(encoding="utf-8"))
    print(f"\nNew since {named(since)}{':' if lines else ': nothing that the changelog tells of.'}")
    print("\n".join(lines))
    print(
        f"\nThe way back, without what you have changed since: git reset --keep {git('rev-parse', '--short', since)} && make OLDER=1\n"
        "A database that a newer WordPress has upgraded knows no way back: make a backup before (USER_DOC.md)."
    )


def main(arguments: Iterable[str]) -> int:
    """Run a step by its name."""
    steps: dict[str, Callable[[], None]] = {"fetch": fetch, "tell": tell}
    try:
        for name in arguments:
            steps[name]()
    except RefusedError as error:
        print(say(str(error)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
