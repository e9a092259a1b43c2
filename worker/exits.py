"""How our commands end: their exit statuses, and in words what a user can put right."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NoReturn

from pydantic import ValidationError

from worker.errors import ServiceError, TransientError

#: Exit statuses beside 0: it did not work out this time, or the command was used wrongly.
FAILED, WRONG_USE = 1, 2


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
        case ModuleNotFoundError():
            extra = extras.get((error.name or "").partition(".")[0])
            if extra is not None:
                return f"this needs {error.name}: pip install 'countersign[{extra}]'", WRONG_USE
    return None


def field_problems(error: ValidationError) -> str:
    """What is wrong with which field of a model, in one line."""
    return "; ".join(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors())


def end_broken_pipe() -> NoReturn:
    """End when whoever read our output has enough; Python's own farewell would fail on the same pipe."""
    sys.stderr.close()
    sys.exit(FAILED)
