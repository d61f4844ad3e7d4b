"""README.md is in English (R47)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from inception_check.evidence.project import Project
from inception_check.model import Context, Outcome, Rule

_STOPWORDS = {
    "English": "the and of to is in that for with are this it on as be by an from or you can which at not",
    "French": "le la les des et est une un dans pour que qui sur avec par du au sont ce cette vous aux plus",
    "Spanish": "el los las y es una un en para que con por del se su como al más este esta son",
    "Portuguese": "o os as e é uma um em para que com por do da dos das não se são como ao mais este",
    "German": "der die das und ist ein eine in für mit von den dem zu auf nicht werden wird sich des oder",
    "Italian": "il lo gli e è una un in per che con di del della sono non si da al come più questo",
    "Turkish": "ve bir bu için ile olarak olan da de çok gibi daha kadar sonra her ise",
    "Dutch": "de het een en van is in voor met op zijn niet te dat die worden wordt aan ook",
}
_OTHER_SCRIPT = re.compile(r"[\u0400-\u04ff\u0590-\u06ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def language_of(text: str) -> str | None:
    """Return the language of a text by its commonest words; None when there is too little text."""
    text = re.sub(r"<[^<>]*>|https?://\S+", " ", text)
    words = re.findall(r"[^\W\d_]+", text.lower())
    letters = sum(len(word) for word in words)
    if letters < 150:
        return None
    if len(_OTHER_SCRIPT.findall(text)) * 4 > letters:
        return "another language"
    counts = Counter(words)
    scores = {language: sum(counts[word] for word in set(stop.split())) for language, stop in _STOPWORDS.items()}
    best = max(scores, key=lambda language: scores[language])
    if scores[best] < 8 or best == "English" or scores[best] <= scores["English"] * 1.3:
        return "English" if scores["English"] >= 3 or best == "English" else None
    return best


def _check(project: Project, _: Context) -> Iterator[Outcome]:
    document = project.document("README.md")
    if document is None or document.is_empty:
        yield RULE.undecided("there is no README.md")
        return
    language = language_of(document.prose)
    if language is None:
        yield RULE.undecided("README.md has too little text to tell its language")
    elif language != "English":
        yield RULE.finding(document.path, None, f"README.md is in {language}", "Write it in English.")


RULE = Rule("readme-english", "README.md is in English", ("R47",), _check)
