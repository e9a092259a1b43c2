"""Pictures for people: page images, crops, references, and pages with what was found drawn on them."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from db import comparisons, listing
from db.engine import Sessions
from producer.services.browse import checked_id, show_document
from producer.services.missing import NotFound
from worker.errors import ObjectMissing
from worker.result import DocumentResult
from worker.storage.port import Results

if TYPE_CHECKING:
    from worker.report.beside import References

#: What files begin with that a browser may be given; all that we store is one of them.
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A complete image file and its media type."""

    data: bytes
    media_type: str


def page_picture(sessions: Sessions, store: Results, document_id: int, page: int) -> Picture:
    """The image of a page, numbered from 0. NotFound; StorageUnavailable."""
    with sessions() as session:
        key = listing.page_image_key(session, checked_id(document_id), checked_id(page))
    return _picture(store, key, f"image of page {page}, counted from 0, of document {document_id}")


def crop_picture(
    sessions: Sessions, store: Results, document_id: int, page: int, region: int, *, clean: bool = False
) -> Picture:
    """The crop of a region as it was scanned, or the cleaned one. NotFound; StorageUnavailable."""
    with sessions() as session:
        keys = listing.crop_keys(session, checked_id(document_id), checked_id(page), checked_id(region))
    key = None if keys is None else keys[clean]
    what = f"crop {region} on page {page}, both counted from 0, of document {document_id}"
    return _picture(store, key, what)


def reference_picture(sessions: Sessions, store: Results, signer_id: int, number: int) -> Picture:
    """The picture of a signer's reference, numbered from 1. NotFound; StorageUnavailable."""
    with sessions() as session:
        key = listing.reference_image_key(session, checked_id(signer_id), checked_id(number - 1) + 1)
    return _picture(store, key, f"reference {number} of signer {signer_id}")


def picture_compared_with(
    sessions: Sessions, store: Results, place: tuple[int, int, int], reference_id: int
) -> Picture:
    """The picture of a reference with which a signature was compared, also where it is off file since.

    `place` is a document's id with page and region from 0. NotFound; StorageUnavailable.
    """
    document_id, page, region = map(checked_id, place)
    with sessions() as session:
        key = comparisons.picture_of_reference(session, document_id, page, region, checked_id(reference_id))
    return _picture(store, key, f"reference with the id {reference_id}")


def annotated_page(sessions: Sessions, store: Results, document_id: int, page: int) -> Picture:
    """The image of a page with the boxes and verdicts drawn on it. NotFound; StorageUnavailable."""
    plain = page_picture(sessions, store, document_id, page)
    result = show_document(sessions, document_id)
    data: bytes = _drawing().page_with_marks(plain.data, result, page)
    return Picture(data, _media_type(data) or plain.media_type)


def ink_alone(picture: Picture) -> Picture:
    """The ink of a crop or a reference in one size, so that two can be laid over each other."""
    data: bytes = _drawing().ink_picture(picture.data)
    return Picture(data, _media_type(data) or picture.media_type)


def likest_references(sessions: Sessions, result: DocumentResult) -> References:
    """The references beside each signature, by its place and their signer, the likest first.

    A login that may read no embeddings gets them in the order of enrolment.
    """
    from worker.report.beside import references_beside  # noqa: PLC0415 - loads OpenCV

    return references_beside(sessions, with_parts=False)(result)


def _drawing() -> ModuleType:
    from worker.report import pages  # noqa: PLC0415 - loads OpenCV

    return pages


def _picture(store: Results, key: str | None, what: str) -> Picture:
    if key is None:
        raise NotFound(what)
    try:
        data = store.get(key)
    except ObjectMissing as error:
        raise NotFound(what) from error
    media_type = _media_type(data)
    if media_type is None:
        raise NotFound(f"{what} that a browser can show")
    return Picture(data, media_type)


def _media_type(data: bytes) -> str | None:
    return next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), None)
