"""Documents in a folder of this machine, or one that all machines share: `file:///path`.

Its files are listed at intervals; there are no notifications. Names that begin with a dot are left alone: who
writes a file slowly should give it such a name first. Links are left alone, too.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from db.documents import Object
from producer.claims import LARGEST_SIDECAR
from producer.sources.filtering import DocumentFilter, OnUnstorable, warn_unstorable
from producer.sources.naming import SIDECAR_SUFFIX, storable
from producer.sources.port import LISTING_PAGE, NotificationSource, SourceSettings
from producer.waiting import RetryPolicy, once
from worker.errors import ObjectMissing, StorageUnavailable, WrongUse
from worker.log import logger
from worker.storage.files import LOCAL_BUCKET, NO_FILE, file_version, open_local_file, open_regular, path_of

#: Seconds that the clocks of machines which share a folder may differ.
FOLDER_SKEW_SECONDS = 300


class FolderSource:
    """The files below a folder, or a single file; their keys are their paths."""

    bucket = LOCAL_BUCKET

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @property
    def url(self) -> str:
        """`file:///path`."""
        return f"file://{self.prefix}"

    @property
    def prefix(self) -> str:
        """The path, with a slash behind that of a folder."""
        return f"{self.root}/" if self.root.is_dir() else str(self.root)

    def check(self) -> None:
        """WrongUse when there is no such folder, or we may not read it."""
        if not self.root.exists():
            raise WrongUse(f"there is no file or folder {str(self.root)!r}")
        if not os.access(self.root, os.R_OK):
            raise WrongUse(f"no access to {str(self.root)!r}: check its rights")

    def holds_results(self, results_url: str) -> bool:
        """Whether results go to a folder below this one."""
        return results_url.startswith("file://") and path_of(results_url).resolve().is_relative_to(self.root)

    def list(
        self,
        *,
        size: int = LISTING_PAGE,
        call: RetryPolicy = once,
        settled: float = 0,
        on_unstorable: OnUnstorable = warn_unstorable,
    ) -> Iterator[Sequence[Object]]:
        """Every file, by the bytes of its path. StorageUnavailable when the folder is not there."""
        files = self._files(call, on_unstorable)
        documents = (
            _object(path, status) for path, status in files if not settled or _is_settled(status, settled)
        )
        while page := list(islice(documents, size)):
            yield page

    def metadata(self, document: Object) -> Mapping[str, str]:
        """Nothing: files have none. ObjectError when this version is no longer there, or not ours to read."""
        open_local_file(document.key, document.version)[0].close()
        return {}

    def sidecar(self, document: Object) -> bytes | None:
        """The file with `.json` behind its name; None where there can be none."""
        key = document.key + SIDECAR_SUFFIX
        try:
            with open_regular(key) as file:
                return file.read(LARGEST_SIDECAR + 1)
        except ObjectMissing:
            return None
        except OSError as error:
            raise StorageUnavailable(key, str(error)) from error

    def exists(self, key: str) -> bool:
        """Whether there is a file of that path now."""
        try:
            return path_of(key).is_file()
        except OSError:  # a name that no file can have
            return False

    def notifications(self) -> Sequence[NotificationSource]:
        """None."""
        return ()

    def _files(self, call: RetryPolicy, on_unstorable: OnUnstorable) -> Iterator[tuple[str, os.stat_result]]:
        documents = DocumentFilter(on_unstorable)
        if self.root.is_file():
            yield str(self.root), self.root.stat()
            return
        for path, status in self._below(str(self.root), call):
            if documents.takes(path):
                yield path, status

    def _below(self, folder: str, call: RetryPolicy) -> Iterator[tuple[str, os.stat_result]]:
        for entry in call(lambda: self._entries(folder)):
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(entry.path, call)
            elif (status := _regular(entry)) is not None:
                yield entry.path, status

    def _entries(self, folder: str) -> Sequence[os.DirEntry[str]]:
        """What is in a folder, in the order in which the paths below it are sorted."""
        try:
            with os.scandir(folder) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            if folder == str(self.root):
                raise StorageUnavailable(folder, str(error)) from error
            logger.warning("a folder is left out", extra={"key": folder, "reason": str(error)})
            return []
        return sorted(visible, key=_sort_key)


def open_source(url: str, settings: SourceSettings) -> FolderSource:
    """The source of file:///path. WrongUse unless it lies where workers may read documents."""
    if not url.startswith("file:///"):
        raise WrongUse(f"{url!r} names no path; give file:///path")
    source, allowed = FolderSource(_path(url)), settings.storage.intake_folder
    if allowed is None or not source.root.is_relative_to(allowed.resolve()):
        raise WrongUse(
            f"workers may not read {str(source.root)!r}: set COUNTERSIGN_INTAKE_FOLDER to it, "
            "or to a folder above it, here and for all workers"
        )
    return source


def _path(url: str) -> Path:
    """The path of the URL, whether there is such a folder or not. WrongUse when there can be none."""
    path = path_of(url)
    try:
        path.stat()
    except ValueError as error:
        raise WrongUse(f"{url!r} names no path: {error}") from error
    except OSError as error:
        if error.errno in NO_FILE and error.errno != errno.ENOENT:
            raise WrongUse(f"{url!r} names no folder: {error.strerror}") from error
    if not storable(str(path)):
        raise WrongUse(f"{url!r}: the database holds no such name; give the folder another one")
    return path


def _sort_key(entry: os.DirEntry[str]) -> bytes:
    return os.fsencode(entry.name + ("/" if entry.is_dir(follow_symlinks=False) else ""))


def _regular(entry: os.DirEntry[str]) -> os.stat_result | None:
    """The file's status; None for what is no file, or has just gone."""
    try:
        return entry.stat(follow_symlinks=False) if entry.is_file(follow_symlinks=False) else None
    except FileNotFoundError:
        return None


def _is_settled(status: os.stat_result, seconds: float) -> bool:
    """Whether the file was left alone so long. A time far ahead is of no clock that still writes to it."""
    age = time.time() - status.st_mtime
    return age >= seconds or age < -FOLDER_SKEW_SECONDS


def _object(path: str, status: os.stat_result) -> Object:
    return Object(LOCAL_BUCKET, path, file_version(status), status.st_size)
