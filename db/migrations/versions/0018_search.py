"""Search by signature: functions through which a role may read embeddings that reads none otherwise.

Revision: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_FUNCTIONS = {
    "search_region_codes(documents bigint[], bytes integer)": (
        "TABLE (id bigint, owner bigint, code bytea)",
        """SELECT r.id, p.document_id, substring(r.embedding FROM 1 FOR bytes)
           FROM regions r JOIN pages p ON p.id = r.page_id
           WHERE p.document_id = ANY (documents) AND r.embedding IS NOT NULL""",
    ),
    "search_reference_codes(made_by text, bytes integer)": (
        "TABLE (id bigint, owner bigint, code bytea)",
        """SELECT r.id, coalesce(s.merged_into, s.id), substring(r.embedding FROM 1 FOR bytes)
           FROM "references" r JOIN signers s ON s.id = r.signer_id
           WHERE r.encoder = made_by ORDER BY r.id""",
    ),
    "search_region_embeddings(ids bigint[])": (
        "TABLE (id bigint, embedding bytea)",
        "SELECT r.id, r.embedding FROM regions r WHERE r.id = ANY (ids) AND r.embedding IS NOT NULL",
    ),
    "search_reference_embeddings(ids bigint[])": (
        "TABLE (id bigint, embedding bytea)",
        """SELECT r.id, r.embedding FROM "references" r WHERE r.id = ANY (ids)""",
    ),
}


def upgrade() -> None:
    """Apply. SQLite has neither roles nor functions."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for head, (answer, body) in _FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {head} RETURNS {answer} LANGUAGE sql STABLE SECURITY DEFINER "
            f"SET search_path = public, pg_temp AS $${body}$$"
        )
        op.execute(f"REVOKE ALL ON FUNCTION {head} FROM PUBLIC")


def downgrade() -> None:
    """Take back."""
    if op.get_bind().dialect.name == "postgresql":
        for head in _FUNCTIONS:
            op.execute(f"DROP FUNCTION {head}")
