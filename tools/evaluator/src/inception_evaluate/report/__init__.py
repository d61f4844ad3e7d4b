"""The reports of an evaluation: an HTML page for people, JUnit for continuous integration, text for the terminal."""

from inception_evaluate.report.as_html import render_html
from inception_evaluate.report.as_junit import render_junit
from inception_evaluate.report.as_text import render_text

__all__ = ["render_html", "render_junit", "render_text"]
