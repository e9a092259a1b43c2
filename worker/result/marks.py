"""What a document's answer says of each mark, as its row has it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from worker.result.document import DocumentResult, VerdictResult
from worker.result.region import RegionResult

_REGION = ("page", "label", "signs", "role_probability", "score", "x", "y", "width", "height")
_VERDICT = ("verdict", "probability", "llr", "confidence", "references")


def mark_rows(result: DocumentResult) -> list[Mapping[str, object]]:
    """A row for each mark: its place and crops, and the verdict of the signer that it stands for."""
    # Of several names of one person the first that is claimed.
    verdicts = {row.place: row for row in reversed(result.verdicts) if row.assigned or row.signer == ""}
    against = {
        (claim.signer, place.page, place.region) for claim in result.claims for place in claim.contradicted_by
    }
    return [
        {
            **{name: getattr(region, name) for name in _REGION},
            "region": region.index,
            "crop_key": region.crop,
            "clean_key": region.clean,
            **dict(_comparison(region, verdicts.get((region.page, region.index)), against)),
            **dict(_copies(region)),
        }
        for region in result.regions
    ]


def _comparison(
    region: RegionResult, verdict: VerdictResult | None, against: set[tuple[str, int, int]]
) -> Iterator[tuple[str, object]]:
    signer = "" if verdict is None else verdict.signer
    yield "signer", signer or None
    yield "contradicts", (signer, region.page, region.index) in against
    for name in _VERDICT:
        yield name, getattr(verdict, name, None)
    yield "reason", region.reason or getattr(verdict, "reason", None)


def _copies(region: RegionResult) -> Iterator[tuple[str, object]]:
    """Where the same ink was before, and the reference that is most like it."""
    twin = region.duplicate_of
    yield "duplicate_of", None if twin is None else twin.document
    for name in ("page", "region", "similarity", "kind"):
        yield f"duplicate_{name}", getattr(twin, name, None)
    copy = next(iter(region.copy_of_reference), None)
    yield "copy_of_signer", None if copy is None else copy.signer
    yield "copy_of_reference", None if copy is None else copy.reference
