"""An image is named like its service (E34, R5)."""

from __future__ import annotations

from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule, Severity


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    if project.compose is None or not project.compose.services:
        yield RULE.undecided("there is no Compose file that could be read")
        return
    for service in project.compose.services.values():
        if service.build is None:
            continue
        if service.image is None:
            yield RULE.finding(
                service.path,
                service.line,
                f"{service.name} has no image:, so that Compose names the image <project>-{service.name}",
                f"Add image: {service.name}:<version>.",
            )
            continue
        name = image_name(service.image.value)
        if name == service.name:
            continue
        if service.image.unknown:
            yield RULE.undecided(f"the image name of {service.name} depends on a variable that is not known")
            continue
        if name == service.name.lower():
            yield RULE.finding(
                *service.place("image"),
                f"the image of {service.name} is called {name}: an image's name has no capitals, the service's name has",
                f"Call the service {name}.",
                severity=Severity.WARNING,
            )
            continue
        yield RULE.finding(
            *service.place("image"),
            f"the image of {service.name} is called {name}",
            f"Call it {service.name}.",
        )


def image_name(reference: str) -> str:
    """Return an image reference without its tag and digest."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


RULE = Rule("image-name", "Each image is named like its service", ("E34", "R5"), _check)
