"""What a person is told: one page that needs nothing else, a grade, and few lines."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from checker_trees import copy_clean, run
from inception_check.cli import render
from inception_check.reports.grade import grade

COMPOSE = "srcs/docker-compose.yml"
FIRST = "    restart: unless-stopped\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_clean(tmp_path)


def change(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text, (path, old)
    (root / path).write_text(text.replace(old, new, 1))


class _Page(HTMLParser):
    """Collects the tags of a page; void ones aside, each that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> _Page:
    made = _Page()
    made.feed(page)
    assert made.open == []
    return made


def test_the_page_needs_nothing_else_and_runs_nothing(root: Path) -> None:
    change(root, COMPOSE, FIRST, "    network_mode: host\n")
    page = render(run(root), "html")
    made = parsed(page)
    assert {tag for tag, _ in made.tags}.isdisjoint({"script", "img", "iframe", "object", "base", "form"})
    assert all(attrs.get("href") == "data:," for _, attrs in made.tags if "href" in attrs)
    assert not any(name.startswith("on") or name in {"src", "style"} for _, attrs in made.tags for name in attrs)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in page
    assert "mariadb has no restart policy" in page
    assert page.count('class="badge fail"') >= 1


def test_what_a_repository_says_is_text_on_the_page(root: Path) -> None:
    change(root, COMPOSE, "image: nginx:${IMAGE_VERSION}", "image: \"<script>alert('x')</script>&\"")
    change(root, COMPOSE, FIRST, "    restart: never<b>\u202e\n")
    page = render(run(root), "html")
    parsed(page)
    assert "<script" not in page
    assert "<b>" not in page
    assert "\u202e" not in page


def test_no_report_repeats_a_secret(root: Path) -> None:
    change(
        root, COMPOSE, "      DB_NAME: ${DB_NAME}\n", "      DB_NAME: ${DB_NAME}\n      MYSQL_PASSWORD: Uv8rT2qLm4Xz\n"
    )
    report = run(root)
    assert any("E1" in finding.requirements for finding in report.active)
    for form in ("html", "text", "json", "sarif", "junit"):
        assert "Uv8rT2qLm4Xz" not in render(report, form)


@pytest.mark.parametrize("form", ["html", "text"])
def test_a_clean_repository_has_the_whole_grade(form: str, root: Path) -> None:
    text = render(run(root), form)
    assert "Grade: at most 100 of 100" in text
    assert "bonus apart, at most 25" in text


def test_a_line_that_ends_the_evaluation_is_zero(root: Path) -> None:
    change(root, COMPOSE, FIRST, FIRST + "    network_mode: host\n")
    counted = grade(run(root))
    assert (counted.most, counted.bonus, counted.ends) == (0, 0, "E9")
    assert counted.sentence.startswith("Grade: 0 of 100, because the evaluation ends at E9")


def test_each_other_line_counts_the_same_and_the_bonus_no_more(root: Path) -> None:
    change(root, "srcs/requirements/mariadb/Dockerfile", "mariadb-server", "mariadb-server nginx")
    counted = grade(run(root))
    assert counted.ends == ""
    assert counted.failed
    assert counted.most == 100 * (counted.lines - len(counted.failed)) // counted.lines
    assert counted.bonus == 0
    assert "the bonus does not count" in counted.sentence
    assert json.loads(render(run(root), "json"))["grade"]["most"] == counted.most


def test_five_failures_take_at_most_sixty_lines(root: Path) -> None:
    change(root, COMPOSE, FIRST, "")
    change(root, COMPOSE, "image: nginx:${IMAGE_VERSION}", "image: nginx:latest")
    change(root, "README.md", "*This project", "This thing")
    change(root, "srcs/requirements/nginx/Dockerfile", "FROM debian:12-slim", "FROM debian:13-slim")
    change(root, "srcs/requirements/nginx/tools/entrypoint.sh", 'exec "$@"', "sleep infinity")
    report = run(root)
    assert len({finding.rule for finding in report.active}) >= 5
    lines = render(report, "text").splitlines()
    assert len(lines) <= 60
    assert all(len(line) <= 420 for line in lines)
