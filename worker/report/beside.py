"""The references beside a signature: those that it was compared with, the likest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from db import comparisons
from db.comparisons import ReferenceOnFile
from db.engine import Sessions
from worker.result import DocumentResult, VersionsResult
from worker.result.listing import is_outlier
from worker.result.rows import Locate
from worker.steps.references import as_matrix
from worker.vision.verification.embedding import GLOBAL

#: Page and index of a region.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LikeReference:
    """A reference with the path or storage key of its picture, and its likeness to the signature beside it.

    `number` is its number among those of the signer with that id; `outlier`, that it disagrees with them.

    `likeness` is the cosine of the global parts of both embeddings, -1 to 1: for order, never a verdict. It
    is None where another encoder made one of them, or where this login may read no embedding.
    """

    number: int
    picture: str
    likeness: float | None
    signer_id: int
    outlier: bool


#: The references of each signer with whom the signature at a place was compared, the likest first.
References = Mapping[tuple[Place, str], Sequence[LikeReference]]
LoadReferences = Callable[[DocumentResult], References]


def no_references(_result: DocumentResult) -> References:
    """Where no references are at hand."""
    return {}


def references_beside(sessions: Sessions, locate: Locate = str) -> LoadReferences:
    """What loads the references beside a document's signatures; `locate` is that of its other pictures."""

    def load(result: DocumentResult) -> References:
        compared = [(row.place, row.signer) for row in result.verdicts if row.signer]
        with sessions() as session:
            names = sorted({signer for _, signer in compared})
            on_file = comparisons.references_on_file(session, names, before=result.finished_at)
            ids = [reference.id for references in on_file.values() for reference in references]
            may = comparisons.may_read_embeddings(session)
            document = result.linked_to or result.id
            regions = comparisons.region_embeddings(session, document) if may else {}
            embeddings = comparisons.reference_embeddings(session, ids) if may else {}
        made_by = _encoder(result.versions)
        beside = {}
        for place, signer in compared:
            references = on_file.get(signer, [])
            same = [row for row in references if row.encoder == made_by and row.id in embeddings]
            likeness = _likeness(regions.get(place), {row.id: embeddings[row.id] for row in same})
            beside[place, signer] = _likest_first(references, likeness, locate)
        return beside

    return load


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
    references: Sequence[ReferenceOnFile], likeness: Mapping[int, float], locate: Locate
) -> list[LikeReference]:
    ordered = sorted(references, key=lambda row: (-likeness.get(row.id, -2.0), row.number))
    return [
        LikeReference(
            number=row.number,
            picture=locate(row.image_key),
            likeness=likeness.get(row.id),
            signer_id=row.signer_id,
            outlier=is_outlier(row.llr),
        )
        for row in ordered
    ]
