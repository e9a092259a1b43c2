"""Who has signed like this, and where: a signature against everything on file and every answered document.

The codes of all embeddings are kept in memory and multiplied with the query's: exact, and half a kilobyte
each. The nearest are then compared in full, as verification does. The feed says what has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db import search, signers
from db.engine import Sessions
from db.feed import changes_after
from db.search import Code, RegionPlace
from worker.embedded.comparison import Comparer
from worker.errors import EndReason, UnusableReference
from worker.result.search import RegionHit, SearchResult, SignerHit
from worker.vision.verification.code_index import CodeIndex

#: Signers, and signatures on documents, that are compared in full.
IN_FULL = 20
#: Nearest references among which those signers are sought.
_REFERENCES = 400
#: Changes of documents that are read together.
_CHANGES = 500

Query = npt.NDArray[np.float32]


class Searcher:
    """An index in memory, brought up to date before each search. For one thread at a time."""

    def __init__(self, comparer: Comparer, sessions: Sessions) -> None:
        self._comparer, self._sessions = comparer, sessions
        self._encoder, self._cleaner = comparer.embedding_versions
        self._code_floats = comparer.code_floats
        self._regions, self._references = CodeIndex(self._code_floats), CodeIndex(self._code_floats)
        self._place = 0
        self._mark: tuple[int, ...] = ()

    def search(self, path: Path, *, most: int = IN_FULL) -> SearchResult:
        """The nearest signers and signatures, up to `most` of each, IN_FULL at most.

        A reason and nothing found when the image will not do. The first search reads all codes there are.
        """
        try:
            query, note = self._comparer.embedding(path)
        except UnusableReference as error:
            return SearchResult(
                signers=(),
                regions=(),
                searched_references=0,
                searched_regions=0,
                reason=EndReason.UNUSABLE_IMAGE,
                detail=str(error),
            )
        self.refresh()
        return SearchResult(
            signers=self._near_signers(query, most),
            regions=self._near_regions(query, most),
            searched_references=len(self._references),
            searched_regions=len(self._regions),
            detail=note,
        )

    def refresh(self) -> None:
        """Read what has changed since the last time."""
        while self._read_changes():
            pass
        with self._sessions() as session:
            mark = signers.mark(session, encoder=f"{self._encoder}+{self._cleaner}")
            if mark == self._mark:
                return
            made_by = f"{self._encoder}+{self._cleaner}"
            rows = search.reference_codes(session, encoder=made_by, floats=self._code_floats)
        self._references = CodeIndex(self._code_floats)
        _add(self._references, rows)
        self._mark = mark

    def _read_changes(self) -> bool:
        """Take in the documents of the next changes; False at the end of the feed."""
        with self._sessions() as session:
            changes = changes_after(session, self._place, limit=_CHANGES)
            if not changes:
                return False
            documents = {change.document_id for change in changes}
            made = {"encoder": self._encoder, "cleaner": self._cleaner}
            searchable = search.searchable_documents(session, documents, **made)
            rows = search.region_codes(session, searchable, floats=self._code_floats)
        self._regions.forget(documents)
        _add(self._regions, rows)
        self._place = changes[-1].id
        return True

    def _near_signers(self, query: Query, most: int) -> tuple[SignerHit, ...]:
        references = self._references
        near = references.nearest(query, _REFERENCES)
        owners = list(dict.fromkeys(references.owners[near].tolist()))[:IN_FULL]
        of_each = {owner: references.ids[references.owners == owner].tolist() for owner in owners}
        with self._sessions() as session:
            stored = search.embeddings_of_references(session, list(chain(*of_each.values())))
            names = search.names_of_signers(session, owners)
            numbers = search.reference_numbers(session, owners)
        kept = {str(owner): [row for row in ids if row in stored] for owner, ids in of_each.items()}
        matrices = {owner: _matrix([stored[row] for row in ids]) for owner, ids in kept.items() if ids}
        likely = self._comparer.nearest(query, matrices, top=min(most, IN_FULL))
        # The nearest reference of each stands first among the near ones.
        nearest = {int(references.owners[place]): int(references.ids[place]) for place in near[::-1]}
        return tuple(
            SignerHit(
                id=int(owner),
                signer=names[int(owner)],
                likeness=likeness,
                reference=numbers.get(nearest[int(owner)], 1),
            )
            for owner, likeness in likely
        )

    def _near_regions(self, query: Query, most: int) -> tuple[RegionHit, ...]:
        near = self._regions.ids[self._regions.nearest(query, IN_FULL)].tolist()
        with self._sessions() as session:
            stored = search.embeddings_of_regions(session, near)
            places = search.region_places(session, list(stored))
        hits = [_hit(places[row], self._likeness(query, stored[row])) for row in near if row in places]
        return tuple(sorted(hits, key=lambda hit: -hit.likeness)[:most])

    def _likeness(self, query: Query, stored: bytes) -> float:
        """The query stands as the only reference: what a region's embedding lacks for that, it has."""
        return self._comparer.nearest(_matrix([stored])[0], {"": query[None]}, top=1)[0][1]


def _hit(place: RegionPlace, likeness: float) -> RegionHit:
    return RegionHit(
        document_id=place.document,
        document=place.key,
        page=place.page,
        region=place.region,
        label=place.label,
        likeness=likeness,
    )


def _add(index: CodeIndex, rows: Sequence[Code]) -> None:
    if not rows:
        return
    ids = np.array([row.id for row in rows], np.int64)
    owners = np.array([row.owner for row in rows], np.int64)
    codes = np.frombuffer(b"".join(row.code for row in rows), "<f2").reshape(len(rows), -1)
    index.add(ids, owners, codes)


def _matrix(rows: Sequence[bytes]) -> npt.NDArray[np.float32]:
    """Stored embeddings as rows of a matrix."""
    return np.stack([np.frombuffer(row, "<f2") for row in rows]).astype(np.float32)
