"""Writes the tables of reason codes into the result reference: `python -m deploy.reason_reference`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import walk_packages

import producer.services
import web
from deploy.result_reference import RESULT_PAGE
from worker import errors
from worker.errors import EndReason, ServiceError

_BEGIN, _END = "<!-- made by `python -m deploy.reason_reference` -->\n", "<!-- end of the codes -->\n"
#: Classes that only gather others: nothing ends with their codes.
_GROUPS = (errors.DocumentError, errors.PageError, errors.ObjectError)
#: What a document, a page, a region or a verdict may say; all other codes answer a request or a command.
_OF_DOCUMENTS = (
    errors.DocumentError,
    errors.PageError,
    errors.ObjectError,
    errors.DamagedCrop,
    errors.DamagedReference,
)


def reason_page(text: str) -> str:
    """The page with its tables of codes made again; what stands around the two marks stays as it is."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{''.join(_tables())}\n{_END}{after}"


def _tables() -> Iterator[str]:
    classes = [kind for kind in _classes() if kind not in _GROUPS]
    of_documents = [kind for kind in classes if issubclass(kind, _OF_DOCUMENTS)]
    others = [kind for kind in classes if kind not in of_documents]
    ends = [(reason.value, reason.meaning) for reason in EndReason]
    yield "\nOf documents, pages, regions, verdicts and comparisons:\n"
    yield from _table([*map(_row, of_documents), *ends])
    yield "\nOf requests, commands and attempts:\n"
    yield from _table(map(_row, others))


def _table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "\n| code | what happened |\n| --- | --- |\n"
    yield from (f"| `{code}` | {meaning} |\n" for code, meaning in rows)


def _row(kind: type[ServiceError]) -> tuple[str, str]:
    return kind.code, kind.code_meaning()


def _classes() -> list[type[ServiceError]]:
    """All that is raised on purpose, by module: that of the errors first, then services and front doors."""
    for package in (producer.services, web):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    classes = [*errors.TransientError.coded(), *errors.PermanentError.coded()]
    ours = [kind for kind in classes if kind.__module__.partition(".")[0] in ("worker", "producer", "web")]
    return sorted(ours, key=lambda kind: (kind.__module__ != errors.__name__, kind.__module__))


if __name__ == "__main__":
    RESULT_PAGE.write_text(reason_page(RESULT_PAGE.read_text(encoding="utf-8")), encoding="utf-8")
