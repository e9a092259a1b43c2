"""Local files as keys: what a file is called in the database, and back."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

#: No path is written like this: pathlib folds the slashes.
_URI = "file:///"


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
