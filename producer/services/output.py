"""Files that a user names with `--out`: whole or not at all, and never in place of what is no file."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.errors import WrongUse

#: Where a name stands for something that is open already: it is written through, whatever lies behind it.
_OPEN_ALREADY = ("/dev", "/proc")


@contextmanager
def whole_file(out: Path, *, mode: int | None = None) -> Iterator[Path]:
    """A path to write to: what is written appears under `out` when the block ends well, and not before.

    A file that is there is replaced, and keeps its rights. A link stays, and the file that it leads to is
    replaced. A device or a pipe is written through: it must never give way to a file. `mode` is that of a new
    file. WrongUse when nothing can be written there.
    """
    try:
        there = _status(out)
        if there is not None and (_is_open_already(out) or not stat.S_ISREG(there.st_mode)):
            if stat.S_ISDIR(there.st_mode):
                raise WrongUse(f"cannot write {str(out)!r}: it is a folder")
            yield out
            return
        target = Path(os.path.realpath(out))
        half = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            half.touch(0o666 if mode is None else mode, exist_ok=False)
            if there is not None and mode is None:
                half.chmod(stat.S_IMODE(there.st_mode))
            yield half
            half.replace(target)
        finally:
            half.unlink(missing_ok=True)
    except OSError as error:
        raise WrongUse(
            f"cannot write {str(out)!r}: {error.strerror or error}; --out names another place"
        ) from error


def _status(out: Path) -> os.stat_result | None:
    try:
        return out.stat()
    except FileNotFoundError:
        return None


def _is_open_already(out: Path) -> bool:
    return any(out.absolute().is_relative_to(place) for place in _OPEN_ALREADY)
