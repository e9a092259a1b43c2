"""The completeness statement: every version in the bucket against every row, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain, groupby
from operator import attrgetter

from sqlalchemy.orm import Session

from db import erase
from db.audit import Known, in_key_order, statuses
from db.documents import Object
from db.engine import Sessions
from db.states import Status
from producer.services.batches import in_batches
from producer.sources.port import Source
from worker.errors import StorageUnavailable
from worker.result import StatementResult

#: What a version in the bucket may be beside the status of its document.
UNKNOWN, ERASED = "unknown", "erased"
#: Versions without a row that are looked up again together.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Loose:
    """A version without its counterpart: `unknown` to the database, or `gone` from the bucket.

    A document whose name no row can hold is unknown, too; its version is empty.
    """

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

    @property
    def there_counts(self) -> dict[str, int]:
        """Versions in the bucket by what became of them, zeros included."""
        return {_word(state): self.there[state] for state in (*Status, ERASED, UNKNOWN)}

    @property
    def gone_counts(self) -> dict[str, int]:
        """Rows without an object by where their document stands, zeros included."""
        return {_word(state): self.gone[state] for state in Status}

    @property
    def result(self) -> StatementResult:
        """The statement with every count, zeros included; documents in quarantine are called that."""
        counts = {
            "bucket": self.bucket,
            "prefix": self.prefix,
            "complete": self.complete,
            "versions": self.versions,
            **self.there_counts,
            "gone": self.gone_counts,
        }
        return StatementResult.model_validate(counts)


def audit_source(sessions: Sessions, source: Source, *, on_loose: Callable[[Loose], None]) -> Statement:
    """Compare the source with the database: two streams in the order of keys, merged.

    What arrives or is registered meanwhile is counted as it stands when the comparison comes to it. Raises
    StorageUnavailable, also when the store does not list in the order of keys.
    """
    statement = Statement(source.bucket, source.prefix, source.url, Counter(), Counter())
    with sessions() as session:

        def note_unstorable(key: str) -> None:
            statement.there[UNKNOWN] += 1
            on_loose(Loose(key, "", UNKNOWN))

        # The rows first: what they name and nobody deleted is then sure to be listed.
        known = in_key_order(session, source.bucket, source.prefix)
        listed = _in_order(chain.from_iterable(source.list(on_unstorable=note_unstorable)))
        merged: Iterator[Known | Object] = merge(known, listed, key=attrgetter("key"))
        unknown = _compare(merged, statement, on_loose)
        for batch in in_batches(unknown, _BATCH):
            _look_again(session, batch, statement, on_loose)
    return statement


def _in_order(listed: Iterable[Object]) -> Iterator[Object]:
    last = ""
    for version in listed:
        if version.key < last:
            raise StorageUnavailable(version.bucket, "its listing is not in the order of its keys")
        last = version.key
        yield version


def _compare(
    merged: Iterable[Known | Object],
    statement: Statement,
    on_loose: Callable[[Loose], None],
) -> Iterator[Object]:
    """Count what is on both sides or only in the database; hand on what is only in the bucket."""
    for _, versions in groupby(merged, attrgetter("key")):
        sides = list(versions)  # a key has few
        known = {row.version: row for row in sides if isinstance(row, Known)}
        for listed in (version for version in sides if isinstance(version, Object)):
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
    by_now = statuses(session, statement.bucket, {one.key for one in batch})
    gone_for_good = erase.erased(session, batch)
    for listed in batch:
        state = by_now.get((listed.key, listed.version), ERASED if listed in gone_for_good else UNKNOWN)
        statement.there[state] += 1
        if state == UNKNOWN:
            on_loose(Loose(listed.key, listed.version, UNKNOWN))


def _word(state: str) -> str:
    return "quarantined" if state == Status.FAILED else str(state)
