"""The worked example of `docs/architecture.md`, applied to a copy of the code."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("db", "worker", "producer", "deploy")
BLOCK = re.compile(r"^```(?P<form>diff|python) (?P<path>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Change:
    """What the page does to one file: a diff of lines that stand in it once, or the whole of a new one."""

    path: str
    form: str
    text: str

    def apply(self, folder: Path) -> None:
        """Change the copy; fails when the page no longer fits the code."""
        path = folder / self.path
        if self.form == "python":
            assert not path.exists(), f"{self.path} is not new"
            path.write_text(self.text)
            return
        lines = self.text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if not line.startswith("+"))
        after = "".join(line[1:] for line in lines if not line.startswith("-"))
        known = path.read_text()
        assert known.count(before) == 1, f"{self.path} has other lines than the page says"
        path.write_text(known.replace(before, after))


def changes() -> list[Change]:
    """The changes of the page, in order."""
    return [Change(block["path"], block["form"], block["text"]) for block in BLOCK.finditer(PAGE.read_text())]


def numbered(change: Change, folder: Path) -> Change:
    """The change, its migration numbered: `MMMM` is the newest that there is, `NNNN` the next."""
    versions = (folder / "db" / "migrations" / "versions").glob("[0-9]*.py")
    newest = max(int(path.name[:4]) for path in versions)
    path, text = (
        words.replace("NNNN", f"{newest + 1:04}").replace("MMMM", f"{newest:04}")
        for words in (change.path, change.text)
    )
    return replace(change, path=path, text=text)


def changed_copy(folder: Path) -> Path:
    """A copy of the code with the new stage; its weights are those of the original."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("weights", "__pycache__")
        )
    (folder / "worker" / "weights").symlink_to(ROOT / "worker" / "weights")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    for change in changes():
        numbered(change, folder).apply(folder)
    return folder
