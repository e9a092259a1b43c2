"""Views of newest answers: one row a claim, one row a mark, one row a document. Exports read them, too.

`worker.result.tables` says what each column means. A change here comes with a migration.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    select,
    table,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.documents import NOTED
from db.models import AnsweredClaim, AnsweredMark, Claim, Document, DocumentAnswer, Event, Versions
from db.relations import NEWEST_ANSWER, PAGES_OF
from db.signing import INITIALS, SIGNATURE, is_compared, signs

_IDENTITY = (
    Document.id.label("document_id"),
    Document.bucket,
    Document.key,
    Document.version,
    Document.sha256,
)
_ANSWER = (
    DocumentAnswer.number.label("answer_number"),
    DocumentAnswer.cause,
    DocumentAnswer.asked_by,
    DocumentAnswer.at.label("answered_at"),
    *(
        Versions.content[name].as_string().label(name)
        for name in (
            "detector",
            "classifier",
            "roles",
            "encoder",
            "matcher",
            "calibration",
            "cleaner",
            "code",
        )
    ),
)


def _path(*parts: str | InstrumentedAttribute[int]) -> ColumnElement[str]:
    """A path of the web app, of words and numbers."""
    texts = (literal(part) if isinstance(part, str) else cast(part, String) for part in parts)
    return reduce(lambda path, text: path.concat(text), texts, literal(""))


_CROP_LINK = _path(
    "/v1/documents/", Document.id, "/pages/", AnsweredMark.page, "/regions/", AnsweredMark.region, "/crop"
).label("crop_link")


def _claims() -> Select[*tuple[Any, ...]]:
    answer = and_(AnsweredClaim.answer_id == DocumentAnswer.id, AnsweredClaim.signer == Claim.signer)
    mark = and_(
        AnsweredMark.answer_id == DocumentAnswer.id,
        AnsweredMark.page == AnsweredClaim.page,
        AnsweredMark.region == AnsweredClaim.region,
    )
    names = ("page", "region", "probability", "llr", "confidence", "references")
    return (
        select(
            *_IDENTITY,
            Document.status,
            Document.reason,
            Claim.signer,
            Claim.source,
            AnsweredClaim.outcome.label("answer"),
            AnsweredClaim.contradicted,
            *(getattr(AnsweredClaim, name) for name in names),
            AnsweredMark.crop_key,
            AnsweredMark.clean_key,
            _CROP_LINK,
            Document.registered_at,
            *_ANSWER,
        )
        .select_from(Claim)
        .join(Document, Document.id == Claim.document_id)
        .outerjoin(DocumentAnswer, NEWEST_ANSWER)
        .outerjoin(AnsweredClaim, answer)
        .outerjoin(AnsweredMark, mark)
        .outerjoin(Versions, Versions.id == DocumentAnswer.versions_id)
    )


def _signatures() -> Select[*tuple[Any, ...]]:
    names = [name for name in AnsweredMark.__table__.c.keys() if name not in ("id", "answer_id")]  # noqa: SIM118 - not a dict
    crop = names.index("clean_key") + 1
    marks = [getattr(AnsweredMark, name) for name in names]
    return (
        select(
            *_IDENTITY,
            Document.status,
            *marks[:crop],
            _CROP_LINK,
            *marks[crop:],
            Document.registered_at,
            *_ANSWER,
        )
        .select_from(AnsweredMark)
        .join(DocumentAnswer, DocumentAnswer.id == AnsweredMark.answer_id)
        .join(Document, NEWEST_ANSWER)
        .outerjoin(Versions, Versions.id == DocumentAnswer.versions_id)
    )


def _documents() -> Select[*tuple[Any, ...]]:
    ordered = select(Claim.signer).where(Claim.document_id == Document.id).order_by(Claim.id)
    signers = ordered.correlate(Document).subquery()
    noted = select(Event.detail).where(Event.document_id == PAGES_OF, Event.event == NOTED)
    notes = noted.order_by(Event.id).correlate(Document).subquery()
    return (
        select(
            *_IDENTITY,
            Document.format,
            Document.status,
            Document.reason,
            Document.detail,
            Document.signed,
            _signed_by().label("signed_by"),
            select(func.aggregate_strings(_in_a_list(signers.c.signer), "; "))
            .scalar_subquery()
            .label("signers"),
            Document.pages_total.label("pages"),
            select(func.aggregate_strings(notes.c.detail, ", ")).scalar_subquery().label("notes"),
            Document.original_id.label("linked_to"),
            DocumentAnswer.status.label("answer_status"),
            DocumentAnswer.result_key,
            _path("/documents/", Document.id).label("link"),
            Document.registered_at,
            Document.finished_at,
            *_ANSWER,
        )
        .select_from(Document)
        .outerjoin(DocumentAnswer, NEWEST_ANSWER)
        .outerjoin(Versions, Versions.id == DocumentAnswer.versions_id)
    )


def _in_a_list(name: ColumnElement[str]) -> ColumnElement[str]:
    """A name among others: a semicolon inside it is written %3B, as in `producer.tables.joined_names`."""
    return func.replace(func.replace(name, "%", "%25"), ";", "%3B")


def _signed_by() -> ColumnElement[str | None]:
    """By a signature or by initials only, as the newest answer says; NULL where nothing signs."""
    signing = exists().where(AnsweredMark.answer_id == DocumentAnswer.id, signs(AnsweredMark))
    return case((signing.where(is_compared(AnsweredMark)), SIGNATURE), (signing, INITIALS), else_=None)


VIEWS = {"claim_answers": _claims(), "signatures": _signatures(), "documents_current": _documents()}
#: What their rows are sorted by.
_ORDERS = {
    "claim_answers": ("document_id", "signer"),
    "signatures": ("document_id", "page", "region"),
    "documents_current": ("document_id",),
}


def drop_views(connection: Connection) -> None:
    """Drop them all, where they are: tables cannot be changed under them."""
    for name in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def make_views(connection: Connection) -> None:
    """Make them; they must not be there."""
    for name, query in VIEWS.items():
        words = query.compile(connection, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {words}")


def view_rows(
    session: Session, name: str, document_ids: Collection[int]
) -> dict[int, list[dict[str, object]]]:
    """The rows of a view by document, in its order; documents without rows are missing."""
    columns = [column(str(known.key), known.type) for known in VIEWS[name].selected_columns]
    view = table(name, *columns)
    statement = select(view).where(view.c.document_id.in_(document_ids))
    rows = session.execute(statement.order_by(*(view.c[key] for key in _ORDERS[name]))).mappings()
    return {
        document_id: [dict(row) for row in group]
        for document_id, group in groupby(rows, key=lambda row: row["document_id"])
    }
