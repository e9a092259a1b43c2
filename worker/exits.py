"""How our commands end: their exit statuses, and in words what a user can put right."""

from __future__ import annotations

import errno
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from worker.errors import ServiceError, TransientError
from worker.version import DISTRIBUTION

#: Exit statuses beside 0: it did not work out this time, or the command was used wrongly.
FAILED, WRONG_USE = 1, 2
#: Likewise: a person stopped it with Ctrl-C.
STOPPED = 130

#: What a write to stdout ends with where there is no room left for what it goes to, or no disk any more.
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
#: Where this code lies: a checkout when it holds the project's file, else where packages are installed.
_ROOT = Path(__file__).resolve().parent.parent


def explanation(error: Exception, extras: Mapping[str, str]) -> tuple[str, int] | None:
    """The sentence for an error that a user can put right, and the exit status; None for any other.

    `extras` says by a library's name which extra brings it.
    """
    match error:
        case TransientError():
            return f"{error.code}: {error}", FAILED
        case ServiceError():
            return str(error), WRONG_USE
        case OSError() if error.filename is not None:
            return f"cannot use {str(error.filename)!r}: {error.strerror}", WRONG_USE
        case OSError() if error.errno in _UNWRITABLE:
            return f"the output cannot be written: {error.strerror}", FAILED
        case ModuleNotFoundError():
            extra = extras.get((error.name or "").partition(".")[0])
            if extra is not None:
                return f"this needs {error.name}: {install_command(extra)}", WRONG_USE
    return None


def install_command(extra: str | None = None, *, root: Path = _ROOT) -> str:
    """What to type to install the product again, with an extra: from this checkout, or by its name.

    Every message that advises to install takes it from here: an index may hold somebody else's product.
    """
    wanted = f"[{extra}]" if extra else ""
    checkout = (root / "pyproject.toml").is_file()
    what = ["-e", f"{root}{wanted}"] if checkout else [f"{DISTRIBUTION}{wanted}"]
    return shlex.join([sys.executable or "python", "-m", "pip", "install", *what])


def field_problems(error: ValidationError) -> str:
    """What is wrong with which field of a model, in one line."""
    return "; ".join(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors())


def end_broken_pipe() -> NoReturn:
    """End when whoever read our output has enough; Python's own farewell would fail on the same pipe."""
    sys.stderr.close()
    sys.exit(FAILED)
