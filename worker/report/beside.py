"""The references beside a signature: those that it was compared with, the likest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy.orm import Session

from db import comparisons
from db.engine import Sessions
from worker.result import DocumentResult, VerdictResult, VersionsResult
from worker.result.listing import is_outlier
from worker.result.rows import Locate
from worker.steps.references import as_matrix
from worker.vision.verification.correspondence import Correspondence, correspond
from worker.vision.verification.embedding import GLOBAL

#: Page and index of a region.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LikeReference:
    """A reference with the path or storage key of its picture, and its likeness to the signature beside it.

    `id` is its number in the database, `number` that among the signer's when the two were compared;
    `outlier`, that it disagreed with the others.

    `likeness` is the cosine of the global parts of both embeddings, -1 to 1: for order, never a verdict. It
    is None where another encoder made one of them, where this login may read no embedding, and of a
    reference that is off file. `correspondence` says which parts of both agree; only the likest has it.
    """

    id: int
    number: int
    picture: str
    likeness: float | None
    outlier: bool
    correspondence: Correspondence | None = None


#: The references of each signer with whom the signature at a place was compared, the likest first.
References = Mapping[tuple[Place, str], Sequence[LikeReference]]
LoadReferences = Callable[[DocumentResult], References]


def no_references(_result: DocumentResult) -> References:
    """Where no references are at hand."""
    return {}


def references_beside(sessions: Sessions, locate: Locate = str, *, with_parts: bool = True) -> LoadReferences:
    """What loads the references beside a document's signatures; `locate` is that of its other pictures.

    `with_parts` says whether the parts of the likest that agree are looked for.
    """

    def load(result: DocumentResult) -> References:
        compared = [row for row in result.verdicts if row.signer]
        with sessions() as session:
            used = _references_used(session, result, compared, locate)
            ids = sorted({row.id for rows in used.values() for row in rows})
            may = comparisons.may_read_embeddings(session)
            document = result.linked_to or result.id
            regions = comparisons.region_embeddings(session, document) if may else {}
            made_by = _encoder(result.versions)
            embeddings = comparisons.reference_embeddings(session, ids, encoder=made_by) if may else {}
        beside = {}
        for (place, signer), references in used.items():
            theirs = {row.id: embeddings[row.id] for row in references if row.id in embeddings}
            ranked = _likest_first(references, regions.get(place), theirs)
            beside[place, signer] = _with_parts(ranked, regions.get(place), theirs) if with_parts else ranked
        return beside

    return load


def _references_used(
    session: Session, result: DocumentResult, compared: Sequence[VerdictResult], locate: Locate
) -> dict[tuple[Place, str], list[LikeReference]]:
    """What each verdict rests on; where older ones do not say so, what was on file when they were given."""
    silent = sorted({row.signer for row in compared if row.references and not row.compared_with})
    on_file = comparisons.references_on_file(session, silent, before=result.finished_at)
    older = {
        name: [
            LikeReference(row.id, row.number, locate(row.image_key), None, is_outlier(row.llr))
            for row in rows
        ]
        for name, rows in on_file.items()
    }
    return {(row.place, row.signer): _rests_on(row) or older.get(row.signer, []) for row in compared}


def _rests_on(verdict: VerdictResult) -> list[LikeReference]:
    return [
        LikeReference(row.id, row.number, row.image, None, row.number in verdict.doubtful_references)
        for row in verdict.compared_with
    ]


def _encoder(versions: VersionsResult) -> str:
    """As references name what made their embeddings (`VerifyDeps.embedding_version`)."""
    return f"{versions.encoder}+{versions.cleaner}"


def _likeness(query: bytes | None, references: Mapping[int, bytes]) -> dict[int, float]:
    """The cosine of each reference's global part with the query's, by reference id."""
    if query is None or not references:
        return {}
    parts = as_matrix([query, *references.values()])[:, :GLOBAL]
    lengths = np.linalg.norm(parts, axis=1)
    cosines = parts[1:] @ parts[0] / (lengths[1:] * lengths[0])
    return dict(zip(references, map(float, cosines), strict=True))


def _likest_first(
    references: Sequence[LikeReference], query: bytes | None, embeddings: Mapping[int, bytes]
) -> list[LikeReference]:
    likeness = _likeness(query, embeddings)
    ordered = sorted(references, key=lambda row: (-likeness.get(row.id, -2.0), row.number))
    return [replace(row, likeness=likeness.get(row.id)) for row in ordered]


def _with_parts(
    ranked: Sequence[LikeReference], query: bytes | None, embeddings: Mapping[int, bytes]
) -> Sequence[LikeReference]:
    """The same, the likest with which of its parts agree with the query."""
    if query is None or not ranked or ranked[0].id not in embeddings:
        return ranked
    parts = correspond(*as_matrix([query, embeddings[ranked[0].id]]))
    return [replace(ranked[0], correspondence=parts), *ranked[1:]]
