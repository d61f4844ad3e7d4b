"""One checked repository: every piece of evidence, found and parsed when it is first asked for."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from inception_check.evidence.compose import DEFAULT_NAMES, Build, Compose, Service, load_compose
from inception_check.evidence.compose.calls import Call, compose_calls
from inception_check.evidence.dockerfile import Dockerfile, Instruction, copies, parse_dockerfile
from inception_check.evidence.dotenv import DotEnv, parse_dotenv
from inception_check.evidence.gitrepo import GitState, read_git
from inception_check.evidence.makefile import Makefile, parse_makefile
from inception_check.evidence.markdown import Document, parse_markdown
from inception_check.evidence.nginx import NginxConfig, looks_like_nginx, parse_nginx
from inception_check.evidence.shell import Script, ShellCommand, is_shell, parse_shell
from inception_check.evidence.source import Problem, SourceFile, Tree
from inception_check.evidence.written import Written, written_lines

#: The CPU time for all scripts together.
_SHELL_SECONDS = 20.0
ROLES = ("nginx", "wordpress", "mariadb")
_ROLE_NAMES = {
    "nginx": re.compile(r"nginx|^(?:web|webserver|proxy|https?)$"),
    "wordpress": re.compile(r"word-?_?press|^wp(?:[-_].*)?$|^php(?:[-_]?fpm)?$|[-_]wp$"),
    "mariadb": re.compile(r"maria|^my_?sql|^db$|^database$|[-_]db$|[-_]mysql$"),
}
_NOT_ROLE = re.compile(
    r"redis|adminer|phpmyadmin|pma|ftp|static|cache|backup|cadvisor|portainer|grafana|prometheus|exporter|site"
)
_PACKAGES = {
    "nginx": re.compile(r"(?<![\w./-])nginx(?![\w./-])"),
    "wordpress": re.compile(r"php[\d.]*-fpm|php-fpm|wp-cli"),
    "mariadb": re.compile(r"mariadb-server|mysql-server|(?<![\w-])mariadb(?![\w-])"),
}
_DOCKERFILE_NAME = re.compile(r"(?:^|.*[./_-])(?:dockerfile|containerfile)(?:[._-].*)?$", re.IGNORECASE)
_NOT_DOCKERFILE = re.compile(
    r"\.(?:j2|md|txt|bak|orig|tmpl|dockerignore|swp|ya?ml|sh|py)$|dockerignore$", re.IGNORECASE
)


#: Directories whose Compose files are nobody's project.
_ASIDE = re.compile(r"(?:^|/)(?:\.[^/]*|tests?|fixtures|docs?|examples?|templates?|roles|molecule|old|archive)(?:/|$)")


@dataclass(frozen=True, slots=True)
class Part:
    """One service of the infrastructure, from the Compose file or, without one, from its directory.

    Attributes:
        name: the service's name.
        role: ``nginx``, ``wordpress``, ``mariadb``, or empty for any other.
        service: its entry in the Compose file, or None.
        context: its build context's directory, or None.
        dockerfile: its parsed Dockerfile, or None.

    """

    name: str
    role: str
    service: Service | None
    context: str | None
    dockerfile: Dockerfile | None

    @property
    def home(self) -> str | None:
        """The directory that is its own: that of its Dockerfile, where services share a build context."""
        if self.context is None or self.dockerfile is None:
            return self.context
        directory = posixpath.dirname(self.dockerfile.path)
        inside = self.context == "." or directory.startswith(f"{self.context}/")
        return directory if inside and directory else self.context

    def holds(self, path: str) -> bool:
        """Tell whether a file lies in its own directory."""
        home = self.home
        return home is not None and home != "." and path.startswith(f"{home}/")

    @property
    def instructions(self) -> list[Instruction]:
        """The instructions that shape its image."""
        if self.dockerfile is None:
            return []
        target = self.service.build.target if self.service is not None and self.service.build is not None else None
        stage = self.dockerfile.stage(target)
        return self.dockerfile.effective(stage) if stage is not None else []


@dataclass(frozen=True, slots=True)
class ConfigText:
    """A configuration text wherever it was found: a file, a heredoc, or a quoted text."""

    path: str
    line: int
    text: str
    target: str


class Project:
    """The evidence of one repository."""

    def __init__(self, root: Path, outer: Project | None = None) -> None:
        self.tree = Tree(root)
        #: The whole repository, where the project lies in a subfolder.
        self.outer = outer
        #: What the rules work out once and share.
        self.memo: dict[object, Any] = {}
        self._problems: list[Problem] = []
        self._scripts: dict[str, Script] = {}
        self._shell_seconds = 0.0
        self._dockerfiles: dict[str, Dockerfile] = {}

    # -- files ---------------------------------------------------------------------------------------------
    @cached_property
    def git(self) -> GitState:
        """What git knows."""
        return read_git(self.tree)

    @property
    def problems(self) -> list[Problem]:
        """Everything that could not be read as intended."""
        known = list(self.tree.problems)
        if self.compose is not None:
            known.extend(self.compose.problems)
        for dockerfile in self.dockerfiles:
            known.extend(dockerfile.problems)
        return list(dict.fromkeys(known))

    def text(self, path: str) -> str:
        """Return a file's text; empty without such a file."""
        source = self.tree.get(path)
        return source.text if source is not None else ""

    @cached_property
    def srcs(self) -> str | None:
        """The directory of the configuration: ``srcs``, or None when there is none."""
        return "srcs" if "srcs" in self.tree.directories else None

    @cached_property
    def subfolders(self) -> list[str]:
        """The directories in which a project lies, when none lies at the root."""
        if self.srcs is not None or self.makefile is not None:
            return []
        if any(posixpath.dirname(path) == "" for path in self.compose_candidates):
            return []
        found = sorted({_home_of(path) for path in self.compose_candidates} - {""}, key=lambda p: (p.count("/"), p))
        return [place for place in found if place.count("/") < 3 and not _ASIDE.search(place)]

    @cached_property
    def makefile(self) -> Makefile | None:
        """The Makefile at the root."""
        for name in ("GNUmakefile", "makefile", "Makefile"):
            source = self.tree.get(name)
            if source is not None:
                return parse_makefile(source.text, name)
        return None

    # -- Compose -------------------------------------------------------------------------------------------
    @cached_property
    def compose_candidates(self) -> list[str]:
        """Every file that Compose would take by its name, the likeliest first."""
        found = []
        for path in self.tree.files:
            name = posixpath.basename(path)
            if name in DEFAULT_NAMES or re.fullmatch(r"(?:docker-)?compose[\w.-]*\.ya?ml", name, re.IGNORECASE):
                found.append(path)
        named = [path for path in self._compose_arguments if path in self.tree.files]

        def key(path: str) -> tuple[int, int, int, str]:
            directory, name = posixpath.split(path)
            place = {"srcs": 0, "": 1}.get(directory, 2 + path.count("/"))
            rank = DEFAULT_NAMES.index(name) if name in DEFAULT_NAMES else 10
            if name in {"docker-compose.yml", "docker-compose.yaml"}:
                rank = -1 if name.endswith("yml") else 0
            return (named.index(path) if path in named else len(named), place, rank, path)

        found = [path for path in found if posixpath.dirname(path) in {"srcs", ""} or self._is_compose(path)]
        override = re.compile(r"\.override\.ya?ml$")
        return sorted((p for p in dict.fromkeys([*named, *found]) if not override.search(p)), key=key)

    def _is_compose(self, path: str) -> bool:
        """Tell whether a file that is not where it belongs is a Compose file all the same."""
        if re.search(r"(?:^|/)(?:tests?|roles|templates?|molecule|docs?|examples?)/", path):
            return False
        return re.search(r"^services\s*:", self.text(path), re.MULTILINE) is not None

    @cached_property
    def compose_calls(self) -> list[Call]:
        """The calls of Compose in the Makefile, that of a bare ``make`` first."""
        return compose_calls(self.makefile, self.tree.files) if self.makefile is not None else []

    @property
    def _compose_arguments(self) -> list[str]:
        """The files that the Makefile hands to Compose, the first ones of its calls before those that are put on top."""
        firsts = [call.files[0] for call in self.compose_calls]
        return list(dict.fromkeys([*firsts, *(path for call in self.compose_calls for path in call.files)]))

    @cached_property
    def compose(self) -> Compose | None:
        """The Compose project, or None when the repository has no Compose file."""
        if not self.compose_candidates:
            return None
        return self._load(self.compose_candidates[0], self._further_files)

    def _load(self, first: str, further: tuple[str, ...]) -> Compose:
        path = self._env_path
        known = parse_dotenv(self.text(path), path).values if path is not None and path in self.tree.files else {}
        made = {name: value for name, value in self.made_settings.items() if name not in known}
        return load_compose(
            self.tree,
            first,
            {**made, **self.shell_environment},
            path,
            further,
            example=path is not None and path == self.env_example,
            directory=self._project_directory,
        )

    @cached_property
    def composes(self) -> list[Compose]:
        """The Compose project, and others that the Makefile starts by themselves, such as one of the bonus services."""
        if self.compose is None:
            return []
        found = [self.compose]
        for call in self.compose_calls:
            read = {path for known in found for path in known.files}
            files = tuple(path for path in call.files if path in self.tree.files)
            if call.starts and files and not read.issuperset(files):
                found.append(self._load(files[0], files[1:]))
        return found

    @property
    def unread_composes(self) -> list[str]:
        """The Compose files that no call of the Makefile starts, so that nothing is said about them."""
        read = {path for known in self.composes for path in known.files}
        near = [
            path
            for path in self.tree.files
            if path.endswith((".yml", ".yaml")) and posixpath.dirname(path) in {"srcs", ""} and self._is_compose(path)
        ]
        return [path for path in dict.fromkeys([*self.compose_candidates, *near]) if path not in read]

    @cached_property
    def written(self) -> list[Written]:
        """The lines that the Makefile and the scripts write into files of this machine."""
        return list(written_lines((*self.make_scripts, *self.scripts)))

    @cached_property
    def made_settings(self) -> dict[str, str]:
        """The settings that a ``.env`` gets when the Makefile or a script makes it, as far as their values are known."""
        known: dict[str, str] = {}
        for line in self.written:
            if line.pair is not None and line.target.endswith(".env"):
                value = as_user(line.pair[1])
                if "$" not in value:
                    known[line.pair[0]] = value
        return known

    @cached_property
    def _project_directory(self) -> str | None:
        """The project directory that the Makefile gives to Compose, or None when it gives none."""
        for recipe in self.makefile.recipes if self.makefile is not None else ():
            match = re.search(r"--project-directory[ =]\s*([^\s;&|]+)", recipe.text)
            if match and "$" not in match.group(1):
                path = posixpath.normpath(match.group(1).strip("\"'"))
                return None if path.startswith(("..", "/")) else "" if path == "." else path
        return None

    @cached_property
    def _further_files(self) -> tuple[str, ...]:
        """The files that the Makefile hands to Compose after the first one, in the same command."""
        first = self.compose_candidates[0]
        for call in self.compose_calls:
            if call.files[0] == first and len(call.files) > 1:
                return tuple(path for path in call.files[1:] if path in self.tree.files)
        return ()

    @cached_property
    def _env_path(self) -> str | None:
        """The ``.env`` that Compose would read; an example stands in for one that git does not hold."""
        directory = posixpath.dirname(self.compose_candidates[0]) if self.compose_candidates else ""
        if self.makefile is not None:
            for recipe in self.makefile.recipes:
                match = re.search(r"--env-file[ =]\s*(\S+)", recipe.text)
                if match:
                    path = posixpath.normpath(match.group(1).strip("\"'"))
                    if path in self.tree.files:
                        return path
        for candidate in (posixpath.join(directory, ".env"), "srcs/.env", ".env"):
            if candidate in self.tree.files and posixpath.dirname(candidate) == directory:
                return candidate
        return self.env_example

    @cached_property
    def env_example(self) -> str | None:
        """An example of a ``.env`` file, next to the Compose file first."""
        pattern = re.compile(
            r"(?:.*\.)?\.?env[._-](?:example|sample|template|dist|default)$|(?:example|sample|template)[._-]env$|\.env\.\w+$"
        )
        names = sorted(
            (p for p in self.tree.files if pattern.fullmatch(posixpath.basename(p))),
            key=lambda p: (not p.startswith("srcs/"), p.count("/"), p),
        )
        return names[0] if names else None

    @cached_property
    def shell_environment(self) -> dict[str, str]:
        """What is known of the shell that starts Compose: the user's own variables and the Makefile's exports."""
        known = {"HOME": "/home/login", "USER": "login", "LOGNAME": "login"}
        if self.makefile is not None:
            everything = re.search(r"^\s*export\s*(?:#.*)?$", self.text(self.makefile.path), re.MULTILINE) is not None
            for variable in self.makefile.variables.values():
                if not (variable.exported or everything):
                    continue
                value = as_user(self.makefile.expand(f"$({variable.name})"))
                if "$" not in value and variable.name not in {"SHELL", "MAKEFLAGS"}:
                    known[variable.name] = value
        return known

    @cached_property
    def dotenv(self) -> DotEnv | None:
        """The ``.env`` of ``srcs/`` (or next to the Compose file), when it is there."""
        for path in dict.fromkeys([self._env_path or "", "srcs/.env", ".env"]):
            source = self.tree.get(path)
            if source is not None and path != self.env_example:
                return parse_dotenv(source.text, path, self.shell_environment)
        return None

    # -- services ------------------------------------------------------------------------------------------
    @cached_property
    def local_images(self) -> dict[str, tuple[str, str]]:
        """The images that are built here: build context and Dockerfile by the image's name with its tag."""
        found: dict[str, tuple[str, str]] = {}
        for compose in self.composes:
            for service in compose.services.values():
                if service.build is not None and service.image is not None:
                    found[with_tag(service.image.value)] = (service.build.context, service.build.dockerfile)
        for script in (*self.make_scripts, *self.scripts):
            for command in script.commands:
                found.update(_built_images(command, posixpath.dirname(script.path), self.tree))
        return found

    def local_dockerfile(self, image: str) -> Dockerfile | None:
        """Return the Dockerfile that an image is built from here, or None."""
        built = self.local_images.get(with_tag(image))
        return self.dockerfile(built[1]) if built is not None else None

    def homes(self, part: Part) -> list[str]:
        """Return the directories of a service's image: its own, and those of images built here that it copies from."""
        found = [part.home] if part.home is not None else []
        for instruction in part.instructions:
            image = instruction.flag("from") if instruction.name == "COPY" else None
            built = self.local_images.get(with_tag(image)) if image else None
            if built is not None:
                found.append(built[0])
        return list(dict.fromkeys(found))

    def dockerfile(self, path: str) -> Dockerfile | None:
        """Return the parsed Dockerfile at a path, or None without such a file."""
        if path not in self._dockerfiles:
            source = self.tree.get(path)
            if source is None:
                return None
            self._dockerfiles[path] = parse_dockerfile(source.text, path)
        return self._dockerfiles[path]

    def _built(self, build: Build) -> Dockerfile | None:
        if build.inline is not None:
            return parse_dockerfile(build.inline, build.path)
        # BuildKit takes a lower-case dockerfile when the usual name is not there.
        lower = posixpath.join(posixpath.dirname(build.dockerfile), "dockerfile")
        named = posixpath.basename(build.dockerfile) != "Dockerfile"
        return self.dockerfile(build.dockerfile) or (None if named else self.dockerfile(lower))

    @cached_property
    def parts(self) -> list[Part]:
        """All services, with their roles."""
        raw: list[Part] = []
        if self.compose is not None and self.compose.services:
            raw.extend(self._part_of(service) for service in self.compose.services.values())
        else:
            for path in self._dockerfile_paths:
                directory = posixpath.dirname(path)
                raw.append(Part(posixpath.basename(directory) or path, "", None, directory, self.dockerfile(path)))
        for role in ROLES:
            best, score = None, 0
            for index, part in enumerate(raw):
                points = 0 if part.role else _score(part, role)
                if points > score:
                    best, score = index, points
            if best is not None:
                raw[best] = replace(raw[best], role=role)
        return raw

    def _part_of(self, service: Service) -> Part:
        build = service.build
        if build is not None:
            return Part(service.name, "", service, build.context, self._built(build))
        # An image that the Makefile builds is one of ours all the same.
        local = self.local_images.get(with_tag(service.image.value)) if service.image is not None else None
        if local is None:
            return Part(service.name, "", service, None, None)
        return Part(service.name, "", service, local[0], self.dockerfile(local[1]))

    def part(self, role: str) -> Part | None:
        """Return the service of a role, or None."""
        return next((part for part in self.parts if part.role == role), None)

    @cached_property
    def _dockerfile_paths(self) -> list[str]:
        """Files named like a Dockerfile below the configuration directory."""
        base = self.srcs or (self.compose.directory if self.compose is not None else "")
        return [
            source.path
            for source in self.tree.below(base)
            if _DOCKERFILE_NAME.fullmatch(source.name)
            and not _NOT_DOCKERFILE.search(source.name)
            and not re.search(r"(?:^|/)(?:docs?|examples?|templates)/", source.path)
        ]

    @cached_property
    def dockerfiles(self) -> list[Dockerfile]:
        """Every Dockerfile: those that Compose builds from, and any other below the configuration directory."""
        found: dict[str, Dockerfile] = {}
        for part in self.parts:
            if part.dockerfile is not None:
                found[part.dockerfile.path if part.dockerfile.path in self.tree.files else part.name] = part.dockerfile
        for _, path in self.local_images.values():
            built = self.dockerfile(path)
            if built is not None:
                found.setdefault(path, built)
        for path in self._dockerfile_paths:
            # What no service is built from counts where services belong, and not in a forgotten corner.
            if found and not re.search(r"(?:^|/)requirements/", path):
                continue
            dockerfile = self.dockerfile(path)
            if dockerfile is not None:
                found.setdefault(path, dockerfile)
        return list(found.values())

    # -- scripts -------------------------------------------------------------------------------------------
    def script(self, path: str) -> Script | None:
        """Return the parsed shell script at a path; None when there is no such text file."""
        if path not in self._scripts:
            source = self.tree.get(path)
            if source is None or source.is_binary:
                return None
            script = parse_shell(source.text if self._shell_seconds < _SHELL_SECONDS else "", path)
            self._shell_seconds += script.seconds
            if script.unparsed or (source.size and not script.text):
                script.unparsed = True
                self.tree.problems.append(Problem(path, None, "takes too long to be read as a shell script; left out"))
            self._scripts[path] = script
        return self._scripts[path]

    @property
    def unparsed_scripts(self) -> list[str]:
        """The scripts that could not be read."""
        return [script.path for script in self.scripts if script.unparsed]

    @cached_property
    def script_files(self) -> list[SourceFile]:
        """Every shell script of the repository, by name or by its first line; none that git is told to ignore."""
        found = []
        for source in self.tree.files.values():
            suffix = posixpath.splitext(source.name)[1]
            if suffix in {".sh", ".bash", ".ash"} or (
                suffix == ""
                and source.size < 200_000
                and source.data.startswith(b"#!")
                and is_shell(source.name, source.text)
            ):
                found.append(source)
        return [source for source in found if self.git.in_git(source.path) or not self.git.ignored(source.path)]

    @cached_property
    def scripts(self) -> list[Script]:
        """Every shell script, parsed."""
        parsed = [self.script(source.path) for source in self.script_files]
        return [script for script in parsed if script is not None]

    @cached_property
    def make_scripts(self) -> list[Script]:
        """The Makefile's recipes as shell scripts, with the recipe's line numbers."""
        if self.makefile is None:
            return []
        return [parse_shell(recipe.text, self.makefile.path, recipe.line) for recipe in self.makefile.recipes]

    def run_scripts(self, dockerfile: Dockerfile) -> list[tuple[Instruction, Script]]:
        """Return the RUN instructions of a Dockerfile as shell scripts."""
        known: list[tuple[Instruction, Script]] | None = self.memo.get(("run", id(dockerfile)))
        if known is None:
            known = self.memo[("run", id(dockerfile))] = self._run_scripts(dockerfile)
        return known

    def _run_scripts(self, dockerfile: Dockerfile) -> list[tuple[Instruction, Script]]:
        result: list[tuple[Instruction, Script]] = []
        for instruction in dockerfile.instructions:
            if instruction.name != "RUN" or instruction.arguments is not None:
                continue
            if instruction.heredocs and re.fullmatch(r"<<-?\S+", instruction.value):
                result.extend(
                    (instruction, parse_shell(heredoc.content, dockerfile.path, heredoc.line))
                    for heredoc in instruction.heredocs
                )
                continue
            body = instruction.body
            if dockerfile.escape != "\\":
                body = re.sub(re.escape(dockerfile.escape) + r"[ \t]*\n", "\\\\\n", body)
            for heredoc in instruction.heredocs:
                body += f"\n{heredoc.content}{heredoc.name}"
            result.append((instruction, parse_shell(body, dockerfile.path, instruction.body_line)))
        return result

    # -- nginx ---------------------------------------------------------------------------------------------
    def config_texts(self, part: Part) -> Iterator[ConfigText]:  # noqa: C901 -- the kinds of places, one after the other
        """Yield what may be configuration in a service's context: files, heredocs, echoed texts."""
        targets = {c.source: c.target for c in copies(part.instructions)}
        if part.home is not None and part.context is not None:
            for source in self.tree.below(part.home if part.home != "." else ""):
                if source.size > 200_000 or source.name in {"Dockerfile", ".dockerignore", "Makefile"}:
                    continue
                if is_shell(source.name, source.text[:200]) or source.name.endswith(
                    (".md", ".php", ".html", ".css", ".js", ".py")
                ):
                    continue
                if part.home == "." and "nginx" not in source.path:
                    continue
                relative = posixpath.relpath(source.path, part.context)
                yield ConfigText(source.path, 1, source.text, targets.get(relative, ""))
            for home in self.homes(part)[1:]:
                for source in self.tree.below(home):
                    if source.size <= 200_000 and not is_shell(source.name, source.text[:200]):
                        yield ConfigText(source.path, 1, source.text, "")
        if part.service is not None and self.compose is not None:
            for mount in part.service.mounts:
                path = posixpath.normpath(posixpath.join(self.compose.directory, mount.source))
                if mount.kind == "bind" and path in self.tree.files:
                    yield ConfigText(path, 1, self.text(path), mount.target)
            for resource in self.compose.configs.values():
                content = resource.value.get("content")
                if content is not None and content.scalar:
                    yield ConfigText(resource.path, content.line + 1, content.text, "")
        scripts: list[Script] = []
        if part.dockerfile is not None:
            scripts.extend(script for _, script in self.run_scripts(part.dockerfile))
            for instruction in part.instructions:
                if instruction.name in {"COPY", "ADD"}:
                    for heredoc in instruction.heredocs:
                        yield ConfigText(part.dockerfile.path, heredoc.line, heredoc.content, instruction.words()[-1])
        scripts.extend(s for s in self.scripts if part.home == "." or part.holds(s.path))
        for script in scripts:
            yield from written_texts(script)

    @cached_property
    def nginx_configs(self) -> list[tuple[ConfigText, NginxConfig]]:
        """Every nginx configuration of the NGINX service."""
        part = self.part("nginx")
        if part is None:
            return []
        found: dict[tuple[str, int], tuple[ConfigText, NginxConfig]] = {}
        for text in self.config_texts(part):
            if looks_like_nginx(text.text):
                found[text.path, text.line] = (text, parse_nginx(text.text, text.path, text.line))
        every = list(found.values())
        used = [item for item in every if self._reaches_image(part, item[0])]
        # A spare copy next to the real one says nothing, unless it is all there is.
        return used if any(d.name == "server" for _, config in used for d in config.walk()) else every

    def _reaches_image(self, part: Part, text: ConfigText) -> bool:
        """Tell whether a text gets into a container: it is no file, it is mounted, or COPY or ADD names it."""
        if text.target or part.context is None or text.path not in self.tree.files:
            return True
        source = self.tree.files[text.path]
        if text.line != 1 or text.text != source.text:
            # A heredoc or a quoted text, in a Dockerfile or a script.
            return True
        if part.service is not None and self.compose is not None:
            for mount in part.service.mounts:
                source_path = posixpath.normpath(posixpath.join(self.compose.directory, mount.source))
                if mount.kind == "bind" and f"{text.path}/".startswith(f"{source_path}/"):
                    return True
        relative = posixpath.relpath(text.path, part.context)
        for copied in copies(part.instructions):
            name = copied.source
            if name in {".", relative} or relative.startswith(f"{name}/") or fnmatch.fnmatch(relative, name):
                return True
        return False

    # -- documents -----------------------------------------------------------------------------------------
    def document(self, name: str) -> Document | None:
        """Return a Markdown document at the root, whatever the case of its name."""
        exact = self.tree.get(name)
        if exact is None:
            exact = next((f for p, f in self.tree.files.items() if p.lower() == name.lower()), None)
        if exact is None and self.outer is not None:
            return self.outer.document(name)
        return parse_markdown(exact.text, exact.path) if exact is not None else None


def _home_of(compose_file: str) -> str:
    """Return the directory of the project that a Compose file belongs to."""
    directory = posixpath.dirname(compose_file)
    return posixpath.dirname(directory) if posixpath.basename(directory) == "srcs" else directory


def with_tag(image: str) -> str:
    """Return an image's name with its tag, the implied one too, and without the registry that is implied."""
    name = re.sub(r"^(?:docker\.io/)?(?:library/)?", "", image.partition("@")[0])
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _built_images(command: ShellCommand, directory: str, tree: Tree) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the images that ``docker build`` makes."""
    values = command.values
    if command.name not in {"docker", "podman", "sudo"} or "build" not in values[:4]:
        return
    tags, file, context = [], "", ""
    rest = iter(values[values.index("build") + 1 :])
    for value in rest:
        name, equals, given = value.partition("=")
        if name in {"-t", "--tag", "-f", "--file"}:
            given = given if equals else next(rest, "")
            if name in {"-t", "--tag"}:
                tags.append(given)
            else:
                file = given
        elif name in {"--build-arg", "--target", "--platform", "--network", "--progress", "--label"} and not equals:
            next(rest, "")
        elif not value.startswith("-"):
            context = value
    for base in dict.fromkeys(("", directory)):
        place = posixpath.normpath(posixpath.join(base, context))
        path = posixpath.normpath(posixpath.join(base, file)) if file else posixpath.join(place, "Dockerfile")
        if context and path in tree.files:
            yield from ((with_tag(tag), (place, path)) for tag in tags)
            return


def as_user(text: str) -> str:
    """Put the user's own name and home directory in for the variables and commands that stand for them."""
    text = re.sub(
        r"\$\((?:shell\s+)?(?:whoami|id\s+-un|logname|echo\s+\$?\$?\{?USER\}?)\s*\)|`(?:whoami|id -un|logname)`",
        "login",
        text,
    )
    text = re.sub(r"\$\{?(?:USER|LOGNAME|SUDO_USER)\}?", "login", text)
    return re.sub(r"\$\{?HOME\}?", "/home/login", text)


def written_texts(script: Script) -> Iterator[ConfigText]:
    """Yield the texts that a script writes into files: heredocs, and quoted texts of echo and printf."""
    for command in script.commands:
        target = next((r.target.value for r in command.redirects if r.operator in {">", ">>", "&>", ">|"}), "")
        if not target and command.name == "tee" and len(command.words) > 1:
            target = command.words[-1].value
        for heredoc in command.heredocs:
            text = heredoc.content.replace("\\$", "$").replace("\\`", "`") if heredoc.expand else heredoc.content
            yield ConfigText(script.path, heredoc.line, text, target)
        if command.name in {"echo", "printf"}:
            for word in command.arguments:
                if len(word.value) > 20 and ("{" in word.value or ";" in word.value):
                    text = word.value.replace("\\$", "$")
                    if "\n" not in text and "\\n" in text:
                        text = text.replace("\\n", " ").replace("\\t", " ")
                    yield ConfigText(script.path, word.line, text, target)


def _score(part: Part, role: str) -> int:
    """Say how well a service fits a role: its own name counts most, then its directory, image and packages."""
    pattern = _ROLE_NAMES[role]
    name = part.name.lower()
    if name == role:
        return 100
    names: list[tuple[str, int]] = [(name, 60)]
    if part.context is not None:
        names.append((posixpath.basename(part.context).lower(), 50))
    if part.service is not None:
        if part.service.image is not None:
            names.append((re.split(r"[:@]", part.service.image.value.rpartition("/")[2])[0].lower(), 40))
        container = part.service.key("container_name")
        if container is not None and container.scalar:
            names.append((container.text.lower(), 40))
    if any(_NOT_ROLE.search(text) for text, _ in names):
        return 0
    best = max((points + (20 if text == role else 0) for text, points in names if pattern.search(text)), default=0)
    if best:
        return best
    if part.dockerfile is not None:
        text = " ".join(i.value for i in part.instructions if i.name in {"RUN", "CMD", "ENTRYPOINT"})
        if _PACKAGES[role].search(text):
            others = [r for r in ROLES if r != role and _PACKAGES[r].search(text)]
            return 10 if not others else 5
    return 0
