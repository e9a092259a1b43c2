"""Roles of least privilege on Postgres: what each process may do, and how it logs in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

PRODUCER, WORKER, READER, WEB, DELIVERER = ROLES = (
    "countersign_producer",
    "countersign_worker",
    "countersign_reader",
    "countersign_web",
    "countersign_deliverer",
)

#: What a login must be allowed to do with references.
_OF_REFERENCES = ("SELECT", "INSERT", "UPDATE", "DELETE")
_GRANTS = Path(__file__).with_name("roles.sql")


def grant(engine: Engine, passwords: Mapping[str, str]) -> None:
    """Give the roles their rights, all others taken away, and those with a password their login.

    Run by the owner of the tables after the migrations; a second call changes nothing. ValueError on a
    database without roles.
    """
    if engine.dialect.name != "postgresql":
        raise ValueError("only Postgres has roles")
    with engine.begin() as connection:
        connection.execute(text(_GRANTS.read_text(encoding="utf-8")))
        for role in ROLES:
            if role in passwords:
                _let_in(connection, role, passwords[role])


def may_change_references(session: Session) -> bool:
    """Whether this login may put references on file, judge them and take them off."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    privileges = ", ".join(f"has_table_privilege('references', '{word}')" for word in _OF_REFERENCES)
    return all(session.execute(text(f"SELECT {privileges}")).one())


def _let_in(connection: Connection, role: str, password: str) -> None:
    """Let the role log in. Only a SCRAM verifier is sent: statements may be logged by the server."""
    from psycopg2.extensions import encrypt_password  # type: ignore[import-untyped]  # noqa: PLC0415 - in the extra `queue`

    driver = connection.connection.driver_connection
    verifier = encrypt_password(password, role, driver, "scram-sha-256")
    connection.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD '{verifier}'")
