"""The completeness statement: every version in the bucket against every row, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy.orm import Session

from db import audit as rows
from db import erase
from db.audit import Known
from db.documents import Object
from db.engine import Sessions
from db.states import Status
from producer.sources.port import Source
from worker.errors import StorageUnavailable

#: What a version in the bucket may be beside the status of its document.
UNKNOWN, ERASED = "unknown", "erased"
#: Versions without a row that are looked up again together.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Loose:
    """A version without its counterpart: `unknown` to the database, or `gone` from the bucket."""

    key: str
    version: str
    state: str


@dataclass(frozen=True, slots=True)
class Statement:
    """How many versions the bucket holds and what became of them; `gone` counts rows without an object."""

    bucket: str
    prefix: str
    #: What the source is called, for people.
    url: str
    there: Counter[str]
    gone: Counter[str]

    @property
    def versions(self) -> int:
        """Versions in the bucket."""
        return self.there.total()

    @property
    def complete(self) -> bool:
        """Whether every version that is or was in the bucket has its final answer, or was erased."""
        open_ends = (UNKNOWN, *(status for status in Status if not status.final))
        return not any(self.there[state] or self.gone[state] for state in open_ends)

    def as_json(self) -> dict[str, Any]:
        """The statement with every count, zeros included; documents in quarantine are called that."""
        return {
            "bucket": self.bucket,
            "prefix": self.prefix,
            "complete": self.complete,
            "versions": self.versions,
            **{_word(state): self.there[state] for state in (*Status, ERASED, UNKNOWN)},
            "gone": {_word(state): self.gone[state] for state in Status},
        }


def audit(sessions: Sessions, source: Source, *, on_loose: Callable[[Loose], None]) -> Statement:
    """Compare the source with the database: two streams in the order of keys, merged.

    What arrives or is registered meanwhile is counted as it stands when the comparison comes to it. Raises
    StorageUnavailable, also when the store does not list in the order of keys.
    """
    statement = Statement(source.bucket, source.prefix, source.url, Counter(), Counter())
    with sessions() as session:
        # The rows first: what they name and nobody deleted is then sure to be listed.
        known = _by_key(rows.in_key_order(session, source.bucket, source.prefix), known=True)
        listed = _by_key(_in_order(chain.from_iterable(source.list())), known=False)
        unknown = _compare(merge(known, listed, key=itemgetter(0, 1)), statement, on_loose)
        while batch := list(islice(unknown, _BATCH)):
            _look_again(session, batch, statement, on_loose)
    return statement


def _by_key(found: Iterable[Any], *, known: bool) -> Iterator[tuple[str, bool, Sequence[Any]]]:
    """All versions of a key together; a key has few."""
    for key, versions in groupby(found, attrgetter("key")):
        yield key, not known, list(versions)


def _in_order(listed: Iterable[Object]) -> Iterator[Object]:
    last = ""
    for one in listed:
        if one.key < last:
            raise StorageUnavailable(one.bucket, "its listing is not in the order of its keys")
        last = one.key
        yield one


def _compare(
    merged: Iterable[tuple[str, bool, Sequence[Any]]],
    statement: Statement,
    on_loose: Callable[[Loose], None],
) -> Iterator[Object]:
    """Count what is on both sides or only in the database; hand on what is only in the bucket."""
    for _, sides in groupby(merged, itemgetter(0)):
        both = {in_bucket: found for _, in_bucket, found in sides}
        known: dict[str, Known] = {one.version: one for one in both.get(False, ())}
        for listed in both.get(True, ()):
            row = known.pop(listed.version, None)
            if row is None:
                yield listed
            else:
                statement.there[row.status] += 1
        for gone in known.values():
            statement.gone[gone.status] += 1
            on_loose(Loose(gone.key, gone.version, "gone"))


def _look_again(
    session: Session, batch: Sequence[Object], statement: Statement, on_loose: Callable[[Loose], None]
) -> None:
    """What had no row when the comparison began may have one by now, or was erased."""
    by_now = rows.statuses(session, statement.bucket, {one.key for one in batch})
    gone_for_good = erase.erased(session, batch)
    for one in batch:
        state = by_now.get((one.key, one.version), ERASED if one in gone_for_good else UNKNOWN)
        statement.there[state] += 1
        if state == UNKNOWN:
            on_loose(Loose(one.key, one.version, UNKNOWN))


def _word(state: str) -> str:
    return "quarantined" if state == Status.FAILED else str(state)
