"""The HTML report: one file, well-formed, nothing in it can run or fetch, and it says what the evaluation says."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import re
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from tinyhtml5.parser import HTMLParser  # type: ignore[import-untyped] # it comes without types

from evaluation_sample import container, png, sample
from inception_check.model import Finding, Severity
from inception_evaluate.model import Check, Evaluation, Figure, Shot, Sources, Topology, Verdict
from inception_evaluate.report import as_html, facts, render_html

_BLOCKS = frozenset({"dt", "dd", "td", "th", "li", "p", "div", "caption", "figcaption", "h1", "h2", "h3", "h4", "h5"})


def _text(element: Element) -> str:
    inner = (element.text or "") + "".join(_text(child) + (child.tail or "") for child in element)
    return f" {inner} " if element.tag in _BLOCKS else inner


class Page:
    """A page, read by a parser that follows the standard and tells every error."""

    def __init__(self, text: str) -> None:
        parser = HTMLParser(namespace_html_elements=False)
        root: Element = parser.parse(text)
        self.root = root
        self.errors = parser.errors
        # Elements of SVG carry their namespace.
        self.elements = [(re.sub(r"\{.*\}", "", str(e.tag)), e) for e in self.root.iter() if isinstance(e.tag, str)]

    def all(self, name: str) -> list[Element]:
        return [element for found, element in self.elements if found == name]

    def by_id(self, anchor: str) -> Element:
        found = [element for _, element in self.elements if element.get("id") == anchor]
        assert len(found) == 1, f"{anchor}: {len(found)} elements"
        return found[0]

    def words(self, element: Element | None = None) -> str:
        return " ".join(_text(self.root if element is None else element).split())


@pytest.fixture
def page(broken: Evaluation, shots: Path) -> Page:
    return Page(render_html(broken, shots))


def test_it_is_well_formed(good: Evaluation, page: Page, shots: Path) -> None:
    assert page.errors == []
    assert Page(render_html(good, shots)).errors == []
    ids = [element.get("id") for _, element in page.elements if element.get("id")]
    assert len(ids) == len(set(ids))
    targets = {link.get("href", "") for link in page.all("a")}
    assert all(target.startswith("#") for target in targets), "a link leaves the page"
    assert {target[1:] for target in targets} <= set(ids)


def test_it_needs_nothing_else_and_lets_nothing_in(page: Page, broken: Evaluation, shots: Path) -> None:
    assert not page.all("script")
    assert not any(page.all(name) for name in ("iframe", "object", "embed", "form", "base", "audio", "video"))
    for _, element in page.elements:
        assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
        for name in ("src", "href", "srcset", "action", "poster"):
            value = element.get(name)
            assert value is None or value.startswith(("#", "data:")), value
    policy = next(m.get("content", "") for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    text = render_html(broken, shots)
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "url(" not in style
    assert "@import" not in style


def test_the_head_says_it_at_once(page: Page) -> None:
    head = page.words(page.all("header")[0])
    assert "wil.42.fr" in head
    assert "4 checks fail. The evaluation would end at E27." in head
    assert "24 November 2026, 01:48 UTC, in 2 min 31 s" in head
    assert "4 FAIL" in head
    first = page.words(page.by_id("first"))
    assert first.startswith("What to mend first FAIL E27")
    assert "E30 Plain HTTP cannot connect ends the evaluation for the same reason as E27" in first


def test_a_part_is_not_taken_for_the_whole(good: Evaluation, shots: Path) -> None:
    assert "partial" not in Page(render_html(good, shots)).words(Page(render_html(good, shots)).all("header")[0])
    page = Page(render_html(dataclasses.replace(good, only=("E27",)), shots))
    head = page.words(page.all("header")[0])
    assert "A partial run: only E27 was asked for" in head
    assert page.words(page.all("title")[0]).startswith("Evaluation of wil.42.fr: Of the 1 line that was asked for: ")


def test_the_summary_sends_to_another_line_for_the_very_same_reason_only(good: Evaluation, shots: Path) -> None:
    name = Finding("certificate", ("E28",), Severity.ERROR, "", None, "the certificate is for another", "Make it.")
    old = Finding("tls", ("E28", "E43"), Severity.ERROR, "", None, "TLS 1.1 is accepted", "Refuse it.")
    found = {"E28": (name, old), "E43": (old,), "R11": (old,)}
    checks = tuple(
        dataclasses.replace(check, verdict=Verdict.FAIL, findings=found[check.id]) if check.id in found else check
        for check in good.checks
    )
    page = Page(render_html(dataclasses.replace(good, checks=checks), shots))
    first = page.words(page.by_id("first"))
    assert "the certificate is for another, and 1 more" in first
    # What E28 is told first is not why E43 fails.
    assert first.count("TLS 1.1 is accepted") == 1
    assert "for the same reason as E28" not in first
    assert first.count("for the same reason as E43") == 1


def test_the_sheet_is_whole_and_in_its_order(page: Page, broken: Evaluation) -> None:
    articles = page.all("article")
    assert [article.get("id") for article in articles] == [check.id.lower() for check in broken.checks]
    words = {
        "pass": "PASS",
        "fail": "FAIL",
        "warn": "WARN",
        "undecided": "not decided",
        "spoken": "spoken",
        "absent": "not present",
    }
    for article, check in zip(articles, broken.checks, strict=True):
        said = page.words(article)
        assert said.startswith(words[check.verdict.value])
        assert " ".join(check.title.split()) in said
        assert all(part in said for part in (*facts.evidence(check, facts.common(broken)), *check.reasons))
        assert (" ends" in said.partition(check.title)[2][:6]) == check.ends
    headings = [page.words(h) for h in page.all("h3")][:5]
    assert headings[:3] == ["Preliminaries", "General instructions", "Mandatory part"]


def test_a_finding_says_where_why_and_how_to_mend(page: Page) -> None:
    said = page.words(page.by_id("e15"))
    assert "where srcs/requirements/wordpress/tools/entrypoint.sh:41" in said
    assert "why When the service never comes" in said  # from the page of the rule
    assert "mend Count the tries and give up with a sentence." in said
    assert "Same finding as at E27" in page.words(page.by_id("e41"))


def test_what_is_suppressed_is_told_with_its_reason(page: Page) -> None:
    said = page.words(page.by_id("suppressed"))
    assert "FROM debian has no tag" in said
    assert "because a fixture of the tests, never built" in said
    assert "Suppressed: FROM debian has no tag" in page.words(page.by_id("r29"))


def test_landmarks_headings_and_texts_for_pictures(page: Page) -> None:
    assert [len(page.all(name)) for name in ("header", "nav", "main", "footer", "h1")] == [1, 1, 1, 1, 1]
    assert page.root.get("lang") == "en"
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch(r"h[1-6]", name)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), "a level is left out"
    assert all(image.get("alt") for image in page.all("img"))
    for drawing in page.all("svg"):
        assert drawing.get("aria-hidden") == "true" or drawing.get("aria-label")
    for table in page.all("table"):
        assert any(cell.get("scope") for cell in table.iter("th"))


def test_screenshots_are_in_the_file(page: Page, shots: Path) -> None:
    images = page.all("img")
    assert len(images) == 5
    source = images[0].get("src", "")
    assert base64.b64decode(source.removeprefix("data:image/png;base64,")) == (shots / "e29-front.png").read_bytes()
    assert (images[0].get("width"), images[0].get("height")) == ("8", "6")
    # Deferred loading would leave them out on paper.
    assert not any(image.get("loading") for image in images)
    assert "The same picture as at E29." in page.words(page.by_id("e42"))


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("gone.png", None, "gone.png cannot be read: No such file or directory"),
        ("text.png", b"<svg onload=alert(1)>", "text.png is no PNG picture"),
        ("huge.png", png() + b"\0" * as_html.LARGEST_SHOT, "huge.png is too large"),
        ("../../etc/passwd", None, "is outside the directory of the screenshots"),
    ],
)
def test_a_screenshot_that_cannot_be_shown_is_told(
    good: Evaluation, tmp_path: Path, file: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / file).write_bytes(content)
    checks = tuple(dataclasses.replace(c, shots=(Shot("Front", file),) if c.id == "E29" else ()) for c in good.checks)
    page = Page(render_html(dataclasses.replace(good, checks=checks), tmp_path))
    assert said in page.words(page.by_id("e29"))
    assert not page.all("img")


HOSTILE = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}{% raw %}\x1b[31m\u202e\0"


def _poison(value: object) -> object:
    """Put hostile text into every string of an evaluation."""
    if isinstance(value, Verdict | Severity):
        return value
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, tuple):
        return tuple(_poison(one) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _poison(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value


def test_hostile_text_stays_text(shots: Path) -> None:
    poisoned = _poison(sample(broken=True))
    assert isinstance(poisoned, Evaluation)
    # The ids decide where an answer stands: keep them, so that the answers are rendered with poison in them, too.
    kept = zip(poisoned.checks, sample().checks, strict=True)
    with_ids = dataclasses.replace(poisoned, checks=tuple(dataclasses.replace(c, id=k.id) for c, k in kept))
    for evaluation in (poisoned, with_ids):
        text = render_html(evaluation, shots)
        page = Page(text)
        assert page.errors == []
        assert not page.all("script")
        assert len(page.all("style")) == 1
        assert not page.all("img"), "the screenshots' names are poisoned, so that no picture can be there"
        for _, element in page.elements:
            assert not [name for name in element.attrib if name.startswith("on")]
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\0" not in text
        assert "{{ 7*7 }}" in text
        assert "49" not in page.words(page.all("h1")[0])
        assert "<script>alert(1)</script>" in page.words(page.by_id("first"))


@pytest.mark.parametrize("field", ["id", "title"])
def test_hostile_ids_make_no_attribute(good: Evaluation, tmp_path: Path, field: str) -> None:
    hostile = '" onclick="alert(1)'
    check = dataclasses.replace(good.checks[0], shots=())
    check = dataclasses.replace(check, id=hostile) if field == "id" else dataclasses.replace(check, title=hostile)
    page = Page(render_html(dataclasses.replace(good, checks=(check,)), tmp_path))
    assert page.errors == []
    assert not [element for _, element in page.elements if element.get("onclick")]


def test_an_empty_evaluation_claims_nothing(good: Evaluation, tmp_path: Path) -> None:
    empty = dataclasses.replace(good, checks=(), topology=Topology(), figures=(), sources=Sources(), title="", url="")
    page = Page(render_html(empty, tmp_path))
    assert page.errors == []
    assert "Nothing could be decided." in page.words(page.all("header")[0])
    assert "No container of the project was found." in page.words()
    assert "PASS" not in page.words(page.all("main")[0])


def test_the_answers_are_about_this_project(page: Page) -> None:
    how = page.words(page.by_id("e17"))
    assert "srcs/requirements/nginx/Dockerfile FROM debian:12-slim nginx:1.0 nginx: master process" in how
    assert "the network inception and the volumes mariadb, wordpress and backup, starts" in how
    by_hand = page.words(page.by_id("e18"))
    assert "docker network create inception" in by_hand
    assert (
        "docker volume create --opt type=none --opt o=bind --opt device=/home/wil/data/wordpress wordpress" in by_hand
    )
    assert "--publish 443:443 --volume wordpress:/var/www/html:ro --restart unless-stopped nginx:1.0" in by_hand
    machines = page.words(page.by_id("e19"))
    assert "8 containers share the kernel 6.12.48 of one Debian GNU/Linux 13 (trixie)" in machines
    assert "runs in kvm" in machines
    assert "/home/wil/data/mariadb (volume mariadb)" in page.words(page.by_id("e20"))
    network = page.words(page.by_id("e38"))
    assert "inception is one (driver bridge, addresses 172.18.0.0/16)" in network
    assert "wordpress reaches mariadb as mariadb:3306" in network
    assert "port 443 leads to nginx" in network
    database = page.words(page.by_id("e55"))
    assert "docker exec -it mariadb mariadb --user=root --password" in database
    assert "the secret db_root_password" in database
    assert "docker exec -it mariadb mariadb --user=wordpress --password wordpress" in database


def test_a_project_of_other_names_is_told_by_its_names(good: Evaluation, tmp_path: Path) -> None:
    base = container("data", role="mariadb", name="my db", image="data:3", exposed=("3307/tcp",))
    web = container("web", role="nginx", name="web-1", image="web:3")
    other = dataclasses.replace(
        good, topology=Topology((web, base)), sources=Sources(database="blog", database_user="blogger")
    )
    page = Page(render_html(dataclasses.replace(other, checks=tuple(_bare(other))), tmp_path))
    assert "docker exec -it 'my db' mariadb --user=blogger --password blog" in page.words(page.by_id("e55"))
    assert "wordpress" not in page.words(page.by_id("e38")).lower()
    assert "No Docker network of this project was found." in page.words(page.by_id("e38"))


def _bare(evaluation: Evaluation) -> list[Check]:
    return [dataclasses.replace(check, shots=()) for check in evaluation.checks]


def test_what_many_checks_rest_on_is_said_once(page: Page, shots: Path) -> None:
    assert page.words().count("seen as it should be") == 1
    assert "Where a line says nothing more: seen as it should be" in page.words(page.by_id("sheet"))
    few = dataclasses.replace(sample(), checks=sample().checks[:6])
    assert Page(render_html(few, shots)).words().count("seen as it should be") > 1


def test_every_line_of_the_picture_is_in_its_text(page: Page) -> None:
    drawings = [drawing for drawing in page.all("svg") if drawing.get("aria-label")]
    assert len(drawings) == 2
    for drawing in drawings:
        label = drawing.get("aria-label", "")
        assert "nginx calls wordpress on port 9000" in label
        assert "port 443 of the machine leads to port 443 of nginx" in label


def test_figures_have_bars_in_proportion(good: Evaluation, tmp_path: Path) -> None:
    figures = (Figure("a", 200.0, "s", "answers"), Figure("b", 50.0, "s", "answers"), Figure("x", 0, "B", "own"))
    page = Page(render_html(dataclasses.replace(good, figures=figures, checks=()), tmp_path))
    section = page.by_id("figures")
    bars = [e.get("width") for e in section.iter() if str(e.tag).endswith("rect")]
    assert bars == ["100", "25", "0"]
    assert "a 3 min 20 s" in page.words(section)
    assert "x 0 B" in page.words(section)


def test_findings_beyond_the_sheet(good: Evaluation, shots: Path) -> None:
    beyond = (
        Finding("privileged", (), Severity.WARNING, "srcs/docker-compose.yml", 3, "nginx is privileged", "Don't."),
    )
    page = Page(render_html(dataclasses.replace(good, beyond=beyond), shots))
    said = page.words(page.by_id("beyond"))
    assert "nginx is privileged" in said
    assert "where srcs/docker-compose.yml:3" in said


def _luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2) of a colour ``#rrggbb``."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_contrast_of_every_text_is_enough() -> None:
    style = (Path(as_html.__file__).parent / "templates/report.css").read_text()
    themes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in re.findall(r":root \{(.*?)\}", style, re.S)
    ]
    assert len(themes) == 2
    grounds = {
        "text": ["page", "soft", "fail-soft", "warn-soft", "pass-soft", "open-soft"],
        "quiet": ["page", "soft", "fail-soft", "warn-soft", "open-soft"],
        "link": ["page", "soft", "open-soft"],
        "pass": ["page", "pass-soft", "fail-soft", "warn-soft"],
        "fail": ["page", "fail-soft", "warn-soft"],
        "warn": ["page", "warn-soft", "fail-soft"],
        "open": ["page", "warn-soft", "fail-soft"],
        "talk": ["page", "warn-soft", "fail-soft"],
        "on-fill": ["fail"],
    }
    for theme in themes:
        for ink, papers in grounds.items():
            for paper in papers:
                one, other = _luminance(theme[ink]), _luminance(theme[paper])
                ratio = (max(one, other) + 0.05) / (min(one, other) + 0.05)
                assert ratio >= 4.5, f"{ink} on {paper}: {ratio:.2f}"
