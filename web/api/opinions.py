"""Routes that answer at once about images that are not kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, UploadFile

from producer.services.receive import safe_name
from web.api.writes import kept_file
from web.auth import Submitter
from web.deps import Deps
from web.problem_details import PROBLEMS
from worker.result import ComparisonResult
from worker.result.inspection import InspectionResult

router = APIRouter(prefix="/v1", tags=["opinions"], responses=PROBLEMS)


@router.post("/compare", summary="Compare two signatures")
def compare_images(
    deps: Deps,
    _caller: Submitter,
    a: Annotated[UploadFile, File(description="The query: an image of one signature.")],
    b: Annotated[UploadFile, File(description="The reference.")],
) -> ComparisonResult:
    """How likely both are of one hand; nothing is kept. 429 when too many ask."""
    with kept_file(a) as first, kept_file(b) as second:
        assert first is not None
        assert second is not None
        names = safe_name(a.filename or ""), safe_name(b.filename or "")
        return deps.opinions.compare(first, second, names=names)


@router.post("/detect", summary="Find marks on one page")
def detect_on_image(
    deps: Deps, _caller: Submitter, file: Annotated[UploadFile, File(description="An image or a PDF.")]
) -> InspectionResult:
    """What is found on the first page; nothing is kept. 429 when too many ask."""
    with kept_file(file) as path:
        assert path is not None
        return deps.opinions.inspect(path)
