"""Alembic's entry: migrates over the connection that db.migrate hands in."""

from alembic import context

from db import models
from db.base import Base

assert models.Document.metadata is Base.metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
