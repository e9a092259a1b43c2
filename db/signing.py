"""Which regions sign, and how a document is signed, in the words of queries.

`worker.result.region` says the same of results: a region of unknown role signs when it is a signature.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import aliased

from db.models import AnsweredMark, Page, Region

#: The label whose regions are compared with references, and sign where no role is known.
SIGNATURE = "signature"
#: How a document is signed when no region that signs is a signature.
INITIALS = "initials"


#: Where a mark stands with its label and role: as it was found, and as an answer tells it.
Mark = type[Region] | type[AnsweredMark]


def signs(region: Mark = Region) -> ColumnElement[bool]:
    """Whether a region makes its document signed."""
    return or_(region.signs.is_(True), and_(region.signs.is_(None), region.label == SIGNATURE))


def is_compared(region: Mark = Region) -> ColumnElement[bool]:
    """Whether a region is compared with references: a signature that signs."""
    return and_(signs(region), region.label == SIGNATURE)


def how_signed(document_id: ColumnElement[int]) -> ColumnElement[str | None]:
    """By a signature or by initials only; NULL where nothing signs the document of that id."""
    region, page = aliased(Region), aliased(Page)
    signing = (
        select(region.id)
        .join(page, region.page_id == page.id)
        .where(page.document_id == document_id, signs(region))
    )
    return case(
        (signing.where(is_compared(region)).exists(), SIGNATURE), (signing.exists(), INITIALS), else_=None
    )
