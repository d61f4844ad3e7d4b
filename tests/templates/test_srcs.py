"""srcs/ reads as if it were written by hand, and is what the roles render."""

from __future__ import annotations

from pathlib import Path

from support import ROOT, load_plugin, render
from support.scenarios import Project

#: Made on the machine by a deployment, ignored by git.
LOCAL = {".env", ".env.bak"}


def tree(srcs: Path) -> dict[str, tuple[bytes, bool]]:
    """Return content and executability of each file; git keeps no more of a mode."""
    return {
        str(path.relative_to(srcs)): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in sorted(srcs.rglob("*"))
        if path.is_file() and str(path.relative_to(srcs)) not in LOCAL
    }


def test_srcs_equals_the_rendering(default: Project) -> None:
    committed, rendered = tree(ROOT / "srcs"), tree(default.srcs)
    assert set(committed) == set(rendered), "`make render` writes srcs/ anew"
    different = [name for name in rendered if committed[name] != rendered[name]]
    assert different == [], "`make render` writes srcs/ anew"


def test_the_page_of_all_settings_equals_the_rendering(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    render(tmp_path, {})
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert page == (tmp_path / "docs/settings.md").read_text(encoding="utf-8"), "`make render` writes it anew"
    missing = [name for name in load_plugin("action/validate_settings").load_specs() if f"| `{name}` |" not in page]
    assert missing == []
