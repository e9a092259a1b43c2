"""The files that a user gives: documents, sidecars beside them, and whatever cannot be used, by its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from producer.sources.naming import SIDECAR_SUFFIX

#: Endings of files beside documents that are no documents.
_TABLES = {".csv", SIDECAR_SUFFIX}
#: What file managers and archives leave behind, in small letters.
_LITTER = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "#recycle", "$recycle.bin"}
#: How files open that office programs keep beside an open document, and hidden ones.
_HIDDEN = (".", "~$")


@dataclass(frozen=True, slots=True)
class NotUsed:
    """Something that was given and has no effect, with the reason.

    `is_litter` says that nobody meant it to have one: what file managers leave, counted by folder.
    """

    name: str
    reason: str
    is_litter: bool = False


OnNotUsed = Callable[[NotUsed], None]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A document's file, its path below the folder that was given, and its sidecar where there is one."""

    path: Path
    inside: str
    sidecar: Path | None = None


def gather(paths: Iterable[Path], *, claims: Path | None, on_not_used: OnNotUsed) -> list[LocalFile]:
    """Files as they are; folders as the documents below them, by name, each once.

    Hidden files stay out, and what file managers leave; they are counted. Links are followed. Tables,
    sidecars of no document, folders that cannot be read and what is no file are named instead.
    """
    gathered: list[LocalFile] = []
    for path in paths:
        if path.is_dir():
            gathered += _documents(path, claims, on_not_used)
        else:
            beside = path.with_name(path.name + SIDECAR_SUFFIX)
            gathered.append(LocalFile(path, path.name, beside if beside.is_file() else None))
    return gathered


def files_below(root: Path, *, on_not_used: OnNotUsed) -> list[Path]:
    """Every file below a folder, links followed, sorted by path; each folder is entered once."""
    walk = _Walk(on_not_used)
    files = sorted(walk.files(root))
    if walk.litter:
        what = f"{walk.litter} hidden or left by file managers"
        on_not_used(NotUsed(str(root), what, is_litter=True))
    return files


def _documents(root: Path, claims: Path | None, on_not_used: OnNotUsed) -> Iterator[LocalFile]:
    files = files_below(root, on_not_used=on_not_used)
    known = set(files)
    for path in files:
        beside = path.with_name(path.name + SIDECAR_SUFFIX)
        if path.suffix.lower() not in _TABLES:
            yield LocalFile(path, path.relative_to(root).as_posix(), beside if beside in known else None)
        elif not (_is_sidecar(path, known) or _is_same(path, claims)):
            on_not_used(NotUsed(str(path), _table(path)))


def _is_sidecar(path: Path, known: set[Path]) -> bool:
    return path.suffix == SIDECAR_SUFFIX and path.with_suffix("") in known


def _is_same(path: Path, claims: Path | None) -> bool:
    return claims is not None and claims.exists() and path.samefile(claims)


def _table(path: Path) -> str:
    if path.suffix.lower() == SIDECAR_SUFFIX:
        return f"it would be the sidecar of {path.with_suffix('').name}, and there is no such document"
    return "a table is no document; if it holds claims, give it with --claims"


@dataclass(slots=True)
class _Walk:
    """One walk through folders and the links in them."""

    on_not_used: OnNotUsed
    #: Entries that are hidden or left by file managers.
    litter: int = 0
    #: Folders that were entered, by device and inode: a link may lead back into one.
    _entered: set[tuple[int, int]] = field(default_factory=set)

    def files(self, root: Path) -> Iterator[Path]:
        """Files below the folder; links to folders last, so that files go by the names that they have."""
        links: list[Path] = []
        yield from self._below(root, links)
        while links:
            yield from self._below(links.pop(0), links)

    def _below(self, folder: Path, links: list[Path]) -> Iterator[Path]:
        for entry in self._entries(folder):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(path, links)
            elif entry.is_dir():
                links.append(path)
            elif entry.is_file():
                yield path
            else:
                reason = "its target is not there" if entry.is_symlink() else "no file and no folder"
                self.on_not_used(NotUsed(str(path), reason))

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            status = folder.stat()
            if (place := (status.st_dev, status.st_ino)) in self._entered:
                self.on_not_used(NotUsed(str(folder), "a link to a folder that is read already"))
                return []
            self._entered.add(place)
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            self.on_not_used(NotUsed(str(folder), error.strerror or str(error)))
            return []
        visible = [entry for entry in entries if _is_shown(entry)]
        self.litter += len(entries) - len(visible)
        return visible


def _is_shown(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(_HIDDEN) and entry.name.lower() not in _LITTER
