"""Results in a folder, and documents that are local files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from worker.errors import ObjectDenied, ObjectMissing, StorageUnavailable
from worker.settings import Storage
from worker.storage.files import path_of, read_document
from worker.storage.port import Documents, Results


class Folder:
    """Results in a folder; documents are read from the paths that are their keys."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """Read a local file; `bucket` is ignored."""
        return read_document(key, version, max_bytes=max_bytes)

    def put(self, key: str, data: bytes) -> None:
        """Write through a temporary file, so that a reader never sees half of it."""
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except OSError as error:
            raise StorageUnavailable(key, str(error)) from error

    def get(self, key: str) -> bytes:
        """Read a result."""
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError as error:
            if not self.root.is_dir():
                # A disk that is not mounted says nothing of the objects on it.
                raise StorageUnavailable(key, f"there is no folder {self.root}") from error
            raise ObjectMissing(key) from error
        except OSError as error:
            raise StorageUnavailable(key, str(error)) from error

    def keys(self, folder: str) -> Iterator[str]:
        """Walk through the folder; one that is not there yet has none."""

        def refuse(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError) or not self.root.is_dir():
                raise StorageUnavailable(folder, str(error)) from error

        for place, _, names in os.walk(self.path(folder), onerror=refuse):
            yield from ((Path(place) / name).relative_to(self.root).as_posix() for name in names)

    def erase(self, folder: str) -> int:
        """Remove the folder of that name."""
        root = self.path(folder)
        files = sum(path.is_file() for path in root.rglob("*"))
        try:
            shutil.rmtree(root)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StorageUnavailable(folder, str(error)) from error
        return files

    def path(self, key: str) -> Path:
        """Where a result lies."""
        return self.root / key


class LocalDocuments:
    """Documents that are files below one folder, and no others: a row may name any file of the machine."""

    def __init__(self, root: Path | None) -> None:
        self.root = None if root is None else root.resolve()

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        """Read a local file. ObjectDenied outside of the folder, wherever links lead."""
        # Path.resolve would raise on links that lead in a circle.
        if self.root is None or not Path(os.path.realpath(path_of(key))).is_relative_to(self.root):
            raise ObjectDenied(key)
        return read_document(key, version, max_bytes=max_bytes)


def open_documents(settings: Storage) -> Documents:
    """The files below the intake folder of the settings."""
    return LocalDocuments(settings.intake_folder)


def open_results(place: str, _settings: Storage) -> Results:
    """The folder that `file:///path` names; it is made with the first result."""
    return Folder(path_of(f"file://{place}"))
