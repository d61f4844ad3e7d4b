"""What is measured under load: one line for each case."""

from __future__ import annotations

import dataclasses

from inception_bench.load import Load

LOCALES = ("en_US", "ko_KR")
#: Measurements other than load, in the order in which they are taken.
OTHERS = ("build", "images", "cold", "memory", "warm", "recovery", "profile", "unchanged")


@dataclasses.dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        group: the name by which it is chosen (``ONLY=…``).
        title: for people.
        page: what is asked for: ``home``, ``post``, ``search`` or ``asset``.
        variants: the kinds of stacks that are measured, one after the other in each round.
        locale: the language of the site.
        load: how it is asked for.
        signed_in: whether the visitor has a session.
        rounds: a fixed number of rounds, for cases whose result is no ratio.
        name: by which its figures are found; the group's where there is one case of a locale only.
    """

    group: str
    title: str
    page: str
    variants: tuple[str, ...]
    locale: str = "en_US"
    load: Load = dataclasses.field(default_factory=Load)
    signed_in: bool = False
    rounds: int | None = None
    name: str = ""

    @property
    def key(self) -> str:
        """The name of the case, with the language where there is one for each."""
        return f"{self.name or self.group}.{self.locale}"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The ratios that are of interest."""
        return [("ours", other) for other in self.variants if other != "ours"]


ALL = ("ours", "reference", "limit")
TWO = ("ours", "reference")
# From the least that a page can cost to ours.
PARTS = ("ours", "limit", "limit-log", "limit-log-word")
# What PHP makes each time: few connections, so that none still waits when the time is over, and a longer run.
RENDERED = Load(connections=4, seconds=4)

CASES = (
    Case("anonymous", "anonymous page", "home", ALL),
    Case("anonymous", "anonymous page", "home", TWO, locale="ko_KR"),
    Case("parts", "anonymous page, part by part", "home", PARTS),
    Case("signed-in", "signed-in page", "home", TWO, load=RENDERED, signed_in=True),
    Case("signed-in", "signed-in page", "home", TWO, locale="ko_KR", load=RENDERED, signed_in=True),
    Case("comments", "post with 30 comments", "post", ALL),
    Case("search", "search, each address once", "search", TWO, load=dataclasses.replace(RENDERED, unique=True)),
    Case(
        "search",
        "search, each address once",
        "search",
        TWO,
        locale="ko_KR",
        load=dataclasses.replace(RENDERED, unique=True),
    ),
    Case("static", "style sheet", "asset", ALL),
    Case("new-tls", "new TLS connection per request", "home", ALL, load=Load(close=True)),
    Case("http2", "anonymous page by HTTP/2", "home", ("ours", "limit"), load=Load(connections=20, http2=True)),
    *(
        Case(
            "connections",
            f"anonymous page, {connections:,} connection{'s' if connections > 1 else ''}",
            "home",
            ALL,
            load=Load(connections=connections),
            rounds=3,
            name=f"connections-{connections}",
        )
        for connections in (1, 10, 100, 1000)
    ),
)

GROUPS = tuple(dict.fromkeys(case.group for case in CASES)) + OTHERS


def chosen(only: str) -> frozenset[str]:
    """Return the groups that somebody chose.

    Args:
        only: names with commas between them, or nothing for all.

    Raises:
        ValueError: there is no such group; the message is a sentence for the user.
    """
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise ValueError(f"ONLY knows no {', '.join(unknown)}; there are: {', '.join(GROUPS)}.")
    return frozenset(names or GROUPS)
