"""Links between Markdown pages lead somewhere: the file is there, and so is the heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "worker/weights", "deploy")
_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    below = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))
    return sorted([*ROOT.glob("*.md"), *below])


def anchors(text: str) -> set[str]:
    """The headings as a web page of the repository names them."""
    headings = re.findall(r"^#+ (.*)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """The links of a page to files or headings that are not there; the web is not asked."""
    links = _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return [link for link in links if not link.startswith(("http", "mailto:")) and not leads(page, link)]


def leads(page: Path, link: str) -> bool:
    """Whether a file, and the heading in it, are there."""
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    if not target.exists() or not anchor or target.suffix != ".md":
        return target.exists()
    return anchor in anchors(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A heading\n[here](#a-heading) [gone](gone.md) [no such](#heading)\n", encoding="utf-8")

    assert dead_links(page) == ["gone.md", "#heading"]
