"""Local files as documents: what a file and its version are called in the database, and how it is read."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from worker.errors import DocumentTooLarge, ObjectDenied, ObjectMissing, ObjectReplaced, StorageUnavailable

#: The bucket name of documents that are local files; their key is their path.
LOCAL_BUCKET = "file"
#: No path is written like this: pathlib folds the slashes.
_URI = "file:///"
#: What a version by size and time begins with; other versions of local files are the embedded form's.
_BY_TIME = "stat:"
#: What a system says when there is no regular file of that name, and none can be (ENXIO: a socket).
NO_FILE = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.ENXIO,
)


def key_of(path: Path) -> str:
    """The path itself; its file URI (RFC 8089) where the path is not Unicode, which no column could hold."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return str(path)


def path_of(key: str) -> Path:
    """The file that has this key."""
    if key.startswith(_URI):
        return Path(os.fsdecode(unquote_to_bytes(key.removeprefix("file://"))))
    return Path(key)


def file_version(status: os.stat_result) -> str:
    """The version of a file that nobody has read yet: its size in bytes and when it changed, in ns."""
    return f"{_BY_TIME}{status.st_size}-{status.st_mtime_ns}"


def open_local_file(key: str, version: str) -> tuple[BinaryIO, os.stat_result]:
    """The file, to be closed by the caller, and its status.

    ObjectReplaced when a version by time is no longer the one that is there, ObjectMissing when no regular
    file is: then no link is followed. ObjectDenied; StorageUnavailable.
    """
    file = open_regular(key, follow=not version.startswith(_BY_TIME))
    status = os.fstat(file.fileno())
    if not _is(version, status):
        file.close()
        raise ObjectReplaced(key)
    return file, status


def open_regular(key: str, *, follow: bool = False) -> BinaryIO:
    """The regular file of that key, to be closed by the caller; a pipe in its place holds nobody up.

    ObjectMissing when there is none, or a link that is not to be followed; ObjectDenied; StorageUnavailable.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path_of(key), flags)
    except PermissionError as error:
        raise ObjectDenied(key) from error
    except OSError as error:
        if error.errno in NO_FILE:
            raise ObjectMissing(key) from error
        raise StorageUnavailable(key, str(error)) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ObjectMissing(key)
    return os.fdopen(handle, "rb")


def read_document(key: str, version: str, *, max_bytes: int) -> bytes:
    """The file's bytes. DocumentTooLarge before reading more than `max_bytes`; else as `open_local_file`."""
    file, status = open_local_file(key, version)
    with file:
        if status.st_size > max_bytes:
            raise DocumentTooLarge(f"{status.st_size} bytes are more than the limit of {max_bytes}")
        try:
            data = file.read()
        except OSError as error:
            raise StorageUnavailable(key, str(error)) from error
        if not _is(version, os.fstat(file.fileno())):
            raise ObjectReplaced(key)
    return data


def _is(version: str, status: os.stat_result) -> bool:
    """Whether the file is this version; those of the embedded form are digests, and not looked at."""
    return not version.startswith(_BY_TIME) or version == file_version(status)
