"""Views for dashboards: one row a claim and one row a document, with what their newest answers say."""

from __future__ import annotations

from sqlalchemy import Connection

_CLAIM_ANSWERS = """
    SELECT documents.id AS document_id, documents.bucket, documents."key", documents.version,
        documents.sha256,
        answered_claims.signer, answered_claims.source, answered_claims.outcome AS answer,
        answered_claims.contradicted, answered_claims.page, answered_claims.region,
        answered_claims.probability, answered_claims.llr, answered_claims.confidence,
        answered_claims."references", answers.number AS answer_number, answers.cause, answers.asked_by,
        answers.at AS answered_at, answers.status, answers.reason, documents.registered_at,
        {detector} AS detector, {encoder} AS encoder, {code} AS code
    FROM documents
    JOIN answers ON answers.document_id = documents.id AND answers.number = documents.answer
    JOIN answered_claims ON answered_claims.answer_id = answers.id
    LEFT JOIN versions ON versions.id = answers.versions_id"""
_DOCUMENTS_CURRENT = """
    SELECT documents.id AS document_id, documents.bucket, documents."key", documents.version,
        documents.sha256,
        documents.status, documents.reason, documents.detail, documents.signed,
        documents.pages_total AS pages,
        documents.original_id AS linked_to, documents.registered_at, documents.finished_at,
        answers.number AS answer_number, answers.cause, answers.asked_by, answers.at AS answered_at,
        answers.status AS answer_status, answers.result_key AS result,
        {detector} AS detector, {encoder} AS encoder, {code} AS code
    FROM documents
    LEFT JOIN answers ON answers.document_id = documents.id AND answers.number = documents.answer
    LEFT JOIN versions ON versions.id = answers.versions_id"""
VIEWS = {"claim_answers": _CLAIM_ANSWERS, "documents_current": _DOCUMENTS_CURRENT}
#: How a text is taken out of a JSON column.
_TEXT = {
    "postgresql": "(versions.content ->> '{name}')",
    "sqlite": "json_extract(versions.content, '$.{name}')",
}


def drop_views(connection: Connection) -> None:
    """Drop them all, where they are: tables cannot be changed under them."""
    for name in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def make_views(connection: Connection) -> None:
    """Make them; they must not be there."""
    text = _TEXT[connection.dialect.name]
    versions = {name: text.format(name=name) for name in ("detector", "encoder", "code")}
    for name, query in VIEWS.items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {query.format(**versions)}")
