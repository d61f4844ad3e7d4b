"""The certificate that NGINX is configured with is made by somebody (E28, E35)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from inception_check.evidence.project import Part, Project
from inception_check.model import Context, Outcome, Rule


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    part = project.part("nginx")
    if part is None or part.dockerfile is None or not part.dockerfile.instructions:
        return
    texts = _texts(project, part)
    if any(re.search(r"-(?:key)?out[ =]+[\"']?\S*\$\{?\w+\}?[\w.-]*[\"']?(?=\s|$)", text) for text in texts):
        # The name of the file is a variable's.
        return
    for _text, config in project.nginx_configs:
        for directive in config.walk():
            if directive.name not in {"ssl_certificate", "ssl_certificate_key"} or not directive.arguments:
                continue
            path = directive.arguments[0]
            if "$" in path or path.startswith(("/run/secrets", "data:", "engine:")) or _is_made(path, texts):
                continue
            yield RULE.finding(
                directive.path,
                directive.line,
                f"nothing makes {path}, so that NGINX does not start",
                "Make it with openssl in the entrypoint or the Dockerfile, under this very path.",
            )


def _texts(project: Project, part: Part) -> list[str]:
    """Return the texts in which a certificate can be made, copied or mounted."""
    texts = [project.text(part.dockerfile.path)] if part.dockerfile is not None else []
    texts += [script.text for script in (*project.scripts, *project.make_scripts)]
    compose = project.compose
    texts += [project.text(path) for path in compose.files] if compose is not None else []
    # The configuration may stand in the Dockerfile, and speaks of it anyway.
    return [re.sub(r"^\s*ssl_certificate(?:_key)?\s.*$", "", text, flags=re.MULTILINE) for text in texts]


def _is_made(path: str, texts: list[str]) -> bool:
    """Tell whether some text speaks of a file: by its path, or by its name without a path of another place."""
    name, directory = posixpath.basename(path), posixpath.dirname(path)
    for text in texts:
        if path in text:
            return True
        for match in re.finditer(rf"[^\s\"'=:]*{re.escape(name)}(?![\w.-])", text):
            if not match.group().startswith("/") or "$" in match.group():
                return True
        if re.search(
            rf"(?:COPY|ADD)\s.*\s{re.escape(directory)}/?\s*$|:{re.escape(directory)}/?(?::r[ow])?[\"']?\s*$",
            text,
            re.MULTILINE,
        ):
            return True
    return False


RULE = Rule(
    "certificate-made", "The certificate of NGINX is made where NGINX looks for it", (), _check, refutes=("E28", "E35")
)
