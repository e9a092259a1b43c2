"""Who may call the web app: keys, sessions of browsers, and what was submitted with which key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class ApiKey(Base):
    """A key with its rights. Its secret is known to its holder alone; here is its digest."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("digest"),
        UniqueConstraint("name"),
        CheckConstraint("name <> ''", name="name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Whose it is: a person or a program. It stands in histories and decisions.
    name: Mapped[str]
    #: SHA-256 of the secret, which is as random as the digest: nothing slower is needed.
    digest: Mapped[str]
    scopes: Mapped[list[str]]
    #: Whether it sees only documents that were submitted with it.
    own_only: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class WebSession(Base):
    """A browser that has logged in, by a key or an identity provider; the cookie's digest stands for it."""

    __tablename__ = "web_sessions"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("ix_web_sessions_key_id", "key_id"),
        CheckConstraint("(key_id IS NULL) <> (person IS NULL)", name="key_or_person"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    #: What the provider calls the person, and what they may; None of those with a key.
    person: Mapped[str | None]
    scopes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    expires_at: Mapped[datetime]


class Submission(Base):
    """A document that came in over HTTP: by whom, and under which idempotency key."""

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("holder", "idempotency_key"),
        Index("ix_submissions_document_id", "document_id"),
        Index("ix_submissions_holder_document_id", "holder", "document_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: `key:7`, or `local` where there are no logins.
    holder: Mapped[str]
    idempotency_key: Mapped[str | None]
    #: SHA-256 of what was asked for, the document's bytes included.
    digest: Mapped[str]
    #: The address that is told what became of it; None for none, and when it wants nothing more.
    callback: Mapped[str | None]
    #: None while it is at work.
    document_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    at: Mapped[datetime]
