"""Routes that answer at once about images that are not kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from producer.services.receive import safe_name
from web.api.writes import kept_file
from web.auth import WHOLE, CallerParam, Submitter
from web.deps import Deps, WebDeps
from web.problem_details import PROBLEMS
from worker.result import ComparisonResult
from worker.result.inspection import ClassificationResult, InspectionResult
from worker.result.search import SearchResult

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


@router.post("/classify", summary="Say what a crop shows")
def classify_crop(
    deps: Deps, _caller: Submitter, file: Annotated[UploadFile, File(description="An image of one mark.")]
) -> ClassificationResult:
    """Whether a hand wrote it, by the network that a run asks; nothing is kept. 429 when too many ask."""
    with kept_file(file) as path:
        assert path is not None
        return deps.opinions.classify(path)


@router.post("/search/signature", summary="Who has signed like this, and where", dependencies=[WHOLE])
def search_signature(
    deps: Deps,
    _caller: CallerParam,
    file: Annotated[UploadFile, File(description="An image of one signature.")],
    limit: Annotated[int, Form(ge=1, le=20, description="Most signers, and most signatures.")] = 20,
) -> SearchResult:
    """The nearest signers on file, and signatures on documents; nothing is kept. 429 when too many ask."""
    return searched(deps, file, limit)


def searched(deps: WebDeps, file: UploadFile, most: int) -> SearchResult:
    """What is nearest to an uploaded image. Busy."""
    with kept_file(file) as path:
        assert path is not None
        name = safe_name(file.filename or "")
        return deps.opinions.search(path, deps.sessions, name=name, most=most)
