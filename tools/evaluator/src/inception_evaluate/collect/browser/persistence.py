"""What is written before a reboot and must be found after it (E58)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inception_evaluate.collect.browser import steps
from inception_evaluate.collect.browser.walk import Walk, WalkError, said
from inception_evaluate.machine import UnseenError


@dataclass
class Marks:
    """What was left on the site before a reboot, as far as it could be written.

    Attributes:
        post: the number of the post; 0 without one.
        link: the address of the entry that was written, or below which the comment stands.
        words: what the post says, or empty.
        comment: what the ordinary user's comment says, or empty.
        upload: the address of the picture, or empty.
        name: its file name.
        unwritten: what could not be written: ``post``, ``comment`` or ``upload``, and why.

    """

    post: int = 0
    link: str = ""
    words: str = ""
    comment: str = ""
    upload: str = ""
    name: str = ""
    unwritten: dict[str, str] = field(default_factory=dict)


def leave(walk: Walk) -> Marks:
    """Write a post, a comment and an upload; what cannot be written is noted, and the rest is enough.

    Raises:
        UnseenError: nothing could be written.

    """
    marks = Marks()
    writing: tuple[tuple[str, Callable[[Walk, Marks], None]], ...] = (
        ("post", _post),
        ("comment", _comment),
        ("upload", _upload),
    )
    for what, write in writing:
        try:
            write(walk, marks)
        except Exception as error:
            # Whatever a page does instead: it is another line of the sheet that judges it.
            marks.unwritten[what] = said(error)
    if len(marks.unwritten) == len(writing):
        reasons = "; ".join(dict.fromkeys(marks.unwritten.values()))
        raise UnseenError(f"nothing could be written before the reboot: {reasons}")
    return marks


def _administrator(walk: Walk) -> Any:
    if walk.administrator is None:
        steps.dashboard(walk)
    return walk.administrator


def _post(walk: Walk, marks: Marks) -> None:
    words = f"Written before the reboot in the {walk.mark}"
    body = {"title": "Before the reboot", "status": "publish", "content": f"<p>{words}</p>", "comment_status": "open"}
    entry = walk.rest(_administrator(walk), "POST", "/wp/v2/posts", body)
    marks.post, marks.link, marks.words = entry["id"], entry["link"], words


def _comment(walk: Walk, marks: Marks) -> None:
    words = f"A comment before the reboot in the {walk.mark}"
    page = walk.sign_in(walk.person(administrator=False))
    if marks.link:
        walk.go(page, marks.link)
    else:
        marks.link = steps.commentable(walk, page)
    page.fill("#comment", words)
    page.locator("#commentform [type=submit]").first.click()
    page.wait_for_load_state("domcontentloaded")
    if page.get_by_text(words).count() == 0:
        raise WalkError("the comment before the reboot was refused")
    marks.comment = words


def _upload(walk: Walk, marks: Marks) -> None:
    page = _administrator(walk)
    name = f"{walk.mark.replace(' ', '-')}-reboot.png"
    walk.go(page, "/wp-admin/media-new.php?browser-uploader")
    page.set_input_files("#async-upload", files=[{"name": name, "mimeType": "image/png", "buffer": steps.picture()}])
    page.click("#html-upload")
    page.wait_for_load_state("domcontentloaded")
    uploads = steps.media(walk, page, name)
    if not uploads:
        raise WalkError("the upload before the reboot was refused")
    marks.upload, marks.name = uploads[0]["source_url"], name


def find(walk: Walk, marks: Marks) -> str:
    """Find what was left, and remove it again unless it is to be kept.

    Raises:
        UnseenError: a password is not known.
        WalkError: something of it is gone.

    """
    found = []
    if marks.link:
        # A comment that is held for moderation shows to its author alone.
        page = walk.sign_in(walk.person(administrator=False)) if marks.comment else walk.visitor
        walk.go(page, marks.link)
        text = page.content()
        if marks.words not in text:
            raise WalkError(f"the post {marks.link} that was written before the reboot is gone")
        if marks.comment not in text:
            raise WalkError(f"the comment below {marks.link} is gone")
        walk.shoot(page, "After the reboot")
        found += [f"the post {marks.link}"] if marks.words else []
        found += [f"the comment below {marks.link}"] if marks.comment else []
    if marks.upload:
        answer = walk.go(walk.visitor, marks.upload)
        if answer is None or answer.status != 200 or answer.body() != steps.picture():
            raise WalkError(f"the upload {marks.upload} is gone or not what it was")
        found.append(f"the upload {marks.upload}")
    if not walk.keep:
        _remove(walk, marks)
    sentence = f"After the reboot {' and '.join(found)} {'is' if len(found) == 1 else 'are all'} there."
    if marks.unwritten:
        sentence += f" Not written before it: {'; '.join(f'{what} ({why})' for what, why in marks.unwritten.items())}."
    return sentence


def _remove(walk: Walk, marks: Marks) -> None:
    try:
        _administrator(walk)
    except (UnseenError, WalkError) as error:
        walk.left.append(f"what was written before the reboot could not be removed again: {error}")
        return
    if marks.post:
        walk.undo.append(("the post from before the reboot", lambda: steps.remove_post(walk, marks.post)))
    elif marks.comment:
        walk.undo.append(("the comment from before the reboot", lambda: steps.remove_comments(walk, marks.comment)))
    if marks.upload:
        walk.undo.append(("the upload from before the reboot", lambda: steps.remove_media(walk, marks.name)))
    walk.clean()
