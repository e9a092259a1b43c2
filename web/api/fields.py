"""Types of what requests carry: ids, text, filters of a list."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, Field

from db.states import ClaimAnswer, Priority, Status, VerdictOutcome
from producer.services.browse import MOST, ListFilter
from producer.services.selection import LARGEST_ID

_NO_ZERO = r"^[^\x00]*$"
#: What may stand in an address.
ADDRESS = r"^[\x21-\x7e]+$"

#: An id in a path.
RowId: TypeAlias = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]
#: A page or region in a path, from 0.
Index: TypeAlias = Annotated[int, Path(ge=0, le=LARGEST_ID, examples=[0])]
#: A reference in a path, from 1.
Number: TypeAlias = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]
#: A text in a query that a column can hold.
Text: TypeAlias = Annotated[str | None, Query(max_length=500, pattern=_NO_ZERO)]
#: An amount, in whatever currency its sender counts.
Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
#: How many rows of a list are wanted.
Limit: TypeAlias = Annotated[int, Query(ge=1, le=MOST)]
#: Where a page of a list begins.
Cursor: TypeAlias = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="From `next` of a page.")]


async def _filters(
    *,
    status: Status | None = None,
    signed: Literal["true", "false", "unknown"] | None = None,
    verdict: VerdictOutcome | None = None,
    claim: ClaimAnswer | None = None,
    contradicted: bool | None = None,
    signer: Text = None,
    reason: Text = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    prefix: Text = None,
    duplicate: bool | None = None,
    priority: Priority | None = None,
    document_type: Annotated[Text, Query(alias="type")] = None,
    least: Amount | None = None,
    q: Text = None,
) -> ListFilter:
    return ListFilter(
        status=status,
        signed=signed,
        verdict=verdict,
        claim=claim,
        contradicted=contradicted,
        signer=signer,
        reason=reason,
        since=since,
        until=until,
        prefix=prefix,
        duplicate=duplicate,
        priority=priority,
        type=document_type,
        least=least,
        text=q,
    )


#: The filters of a list of documents, from the query.
Filters: TypeAlias = Annotated[ListFilter, Depends(_filters)]
