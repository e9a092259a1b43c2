"""What an unexpected failure leaves in a document's history: its kind, its sentence and where it was."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

from worker.errors import ServiceError

#: Innermost places that are named, and characters of the sentence that are kept.
_PLACES, _LONGEST = 4, 500
_ROOT = Path(__file__).resolve().parent.parent


def describe_error(error: BaseException) -> str:
    """`code: sentence` of an error raised on purpose; of another its class, and the places it came through.

    No value of a variable and no line of source is quoted: they could hold what the document holds.
    """
    sentence = " ".join(str(error).split())[:_LONGEST]
    if isinstance(error, ServiceError):
        return f"{error.code}: {sentence}"
    frames = extract_tb(error.__traceback__)[-_PLACES:]
    places = " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)
    return f"{type(error).__name__}: {sentence}" + (f" [{places}]" if places else "")


def _short(filename: str) -> str:
    """Our files from the repository's root, others by their last two names."""
    path = Path(filename)
    ours = path.is_relative_to(_ROOT) and "site-packages" not in path.parts
    return path.relative_to(_ROOT).as_posix() if ours else "/".join(path.parts[-2:])
