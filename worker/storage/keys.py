"""Keys of stored pictures. Each names its content: a late writer never replaces what a row points to."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.vision.values import RenderedPage

#: Below it lies what is stored for documents.
DOCUMENTS = "documents/"
_ANSWER = re.compile(r"documents/(\d+)/answers/[^/]+/result\.json")


def page_key(document_id: int, page: RenderedPage) -> str:
    """Where a page image lies."""
    return f"documents/{document_id}/pages/{page.index:05d}-{_digest(page.data)}.{page.suffix}"


def page_digest(key: str) -> str:
    """The digest of the pixels in a page's key: equal pages have equal ones, in whichever document."""
    return PurePosixPath(key).stem.rpartition("-")[2]


def layout_key(document_id: int, page: int, data: bytes) -> str:
    """Where the words and form fields of a page lie."""
    return f"documents/{document_id}/layouts/{page:05d}-{_digest(data)}.json"


def crop_key(document_id: int, page: int, index: int, data: bytes) -> str:
    """Where the raw crop of a region lies."""
    return f"documents/{document_id}/crops/{page:05d}-{index:02d}-{_digest(data)}.png"


def clean_key(raw_key: str, data: bytes) -> str:
    """Where the cleaned crop lies: beside the raw one."""
    return f"{raw_key.removesuffix('.png')}-clean-{_digest(data)}.png"


def answer_key(document_id: int, number: int, sha256: str) -> str:
    """Where the result JSON of one answer lies, in a folder that nothing else is in."""
    return f"documents/{document_id}/answers/{number:04d}-{sha256[:12]}/result.json"


def answered_document(key: str) -> int | None:
    """Whose answer lies under a key; None where another thing lies."""
    match = _ANSWER.fullmatch(key)
    return None if match is None else int(match[1])


def document_folder(document_id: int) -> str:
    """The folder of everything stored for a document."""
    return f"documents/{document_id}/"


def signer_folder(signer_id: int) -> str:
    """The folder of a signer's references."""
    return f"signers/{signer_id}/"


def reference_key(signer_id: int, sha256: str) -> str:
    """Where a reference image lies, byte for byte as it was enrolled."""
    return f"signers/{signer_id}/{sha256}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
