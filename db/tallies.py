"""What was read and found of a document, counted: its status follows from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from db import events
from db.models import Page, Region
from db.signing import is_compared, signs
from db.states import DocumentStage, PageStatus, Status

#: The event of the render stage that names what a document lacks, by its reason code; without one, nothing
#: any more.
LACKS = "incomplete"


@dataclass(frozen=True, slots=True)
class Tally:
    """What decides a document's status: pages read and failed, regions that sign, damaged ones."""

    read: int
    unread: int
    #: Regions that sign.
    signing: int
    #: Those of them that are compared with references.
    compared: int
    #: Those of these whose crops are damaged in storage, and which have no verdict.
    damaged: int
    #: Reason code of what the document lacks, though its pages could be read.
    lacks: str | None = None

    @property
    def status(self) -> Status:
        """Done when all of it was read and no comparison failed, failed when no page was read."""
        if self.unread == 0:
            return Status.PARTIAL if self.damaged or self.lacks else Status.DONE
        return Status.PARTIAL if self.read else Status.FAILED

    @property
    def signed(self) -> bool | None:
        """A region that signs settles it; without one, an unread page or a missing part leaves it open."""
        if self.signing:
            return True
        return None if self.unread or self.lacks else False


def tally(session: Session, document_id: int) -> Tally:
    """Count what is known of a document."""
    by_status = select(Page.status, func.count()).where(Page.document_id == document_id).group_by(Page.status)
    status = {state: number for state, number in session.execute(by_status)}  # noqa: C416 - rows are not pairs
    signing, compared, damaged = session.execute(
        select(func.count(Region.id), func.count(case((is_compared(), 1))), func.count(Region.reason))
        .join(Page, Region.page_id == Page.id)
        .where(Page.document_id == document_id, signs())
    ).one()
    unread = status.get(PageStatus.FAILED, 0)
    return Tally(
        read=sum(status.values()) - unread,
        unread=unread,
        signing=signing,
        compared=compared,
        damaged=damaged,
        lacks=lack(session, document_id),
    )


def lack(session: Session, document_id: int) -> str | None:
    """The reason code of what the document lacks beside its pages, as the newest look at it says."""
    return newest_lack(events.details(session, document_id, (LACKS,), stage=DocumentStage.RENDER)[LACKS])


def newest_lack(noted: Sequence[str]) -> str | None:
    """The same, of what each look noted, oldest first."""
    return (noted[-1] or None) if noted else None
