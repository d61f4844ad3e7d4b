"""What is written before a reboot and must be found after it (E58)."""

from __future__ import annotations

from dataclasses import dataclass

from inception_evaluate.collect.browser import steps
from inception_evaluate.collect.browser.walk import Walk, WalkError


@dataclass(frozen=True, slots=True)
class Marks:
    """What was left on the site before a reboot.

    Attributes:
        post: the number of the post.
        link: its address.
        words: what it says.
        comment: what the ordinary user's comment below it says, or empty.
        upload: the address of the picture.
        name: its file name.

    """

    post: int
    link: str
    words: str
    comment: str
    upload: str
    name: str


def leave(walk: Walk) -> Marks:
    """Write a post, a comment and an upload (E58).

    Raises:
        UnseenError: a password is not known.
        WalkError: the site refused.

    """
    steps.dashboard(walk)
    page = walk.administrator
    words = f"Written before the reboot in the {walk.mark}"
    body = {"title": "Before the reboot", "status": "publish", "content": f"<p>{words}</p>", "comment_status": "open"}
    entry = walk.rest(page, "POST", "/wp/v2/posts", body)
    name = f"{walk.mark.replace(' ', '-')}-reboot.png"
    walk.go(page, "/wp-admin/media-new.php?browser-uploader")
    page.set_input_files("#async-upload", files=[{"name": name, "mimeType": "image/png", "buffer": steps.picture()}])
    page.click("#html-upload")
    page.wait_for_load_state("domcontentloaded")
    uploads = steps.media(walk, page, name)
    if not uploads:
        raise WalkError("the upload before the reboot was refused")
    comment = f"A comment before the reboot in the {walk.mark}"
    ordinary = walk.sign_in(walk.person(administrator=False))
    walk.go(ordinary, entry["link"])
    ordinary.fill("#comment", comment)
    ordinary.locator("#commentform [type=submit]").first.click()
    ordinary.wait_for_load_state("domcontentloaded")
    if ordinary.get_by_text(comment).count() == 0:
        raise WalkError("the comment before the reboot was refused")
    return Marks(entry["id"], entry["link"], words, comment, uploads[0]["source_url"], name)


def find(walk: Walk, marks: Marks) -> str:
    """Find what was left, and remove it again unless it is to be kept.

    Raises:
        UnseenError: a password is not known.
        WalkError: something of it is gone.

    """
    user = walk.person(administrator=False)
    visitor = walk.sign_in(user)  # a comment that is held for moderation shows to its author alone
    walk.go(visitor, marks.link)
    text = visitor.content()
    if marks.words not in text:
        raise WalkError(f"the post {marks.link} that was written before the reboot is gone")
    if marks.comment not in text:
        raise WalkError(f"the comment below {marks.link} is gone")
    visitor.get_by_text(marks.comment).first.scroll_into_view_if_needed()
    walk.shoot(visitor, "After the reboot")
    answer = walk.go(walk.visitor, marks.upload)
    if answer is None or answer.status != 200 or answer.body() != steps.picture():
        raise WalkError(f"the upload {marks.upload} is gone or not what it was")
    if not walk.keep:
        steps.dashboard(walk)
        walk.undo.append(("the post from before the reboot", lambda: steps.remove_post(walk, marks.post)))
        walk.undo.append(("the upload from before the reboot", lambda: steps.remove_media(walk, marks.name)))
        walk.clean()
    return f"After the reboot the post {marks.link}, the comment below it and the upload {marks.upload} are all there."
