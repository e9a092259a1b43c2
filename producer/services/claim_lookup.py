"""Looks up who one object says signed it, asking the configured sources in their order of trust."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from db.documents import Object
from db.states import ClaimSource
from producer.claims import Claims, Reader, compile_pattern, first_of, from_metadata, from_sidecar
from producer.claims_table import ClaimsTable
from producer.services.deps import IntakeDeps
from worker.errors import ObjectError, ObjectUnreadable


def look_up(document: Object, deps: IntakeDeps, table: ClaimsTable) -> Claims:
    """The object's claims: of `table` (a claims CSV) when it has any, else of the first source that has.

    A sidecar counts when it is there at this moment: it must be uploaded before its document. One that the
    store does not hand out is a refused claim, as is the metadata of an object that can never be read as it
    is. Raises the other kinds of ObjectError, and StorageUnavailable.
    """
    readers: dict[str, Reader] = {
        "metadata": partial(_metadata, document, deps),
        "sidecar": partial(_sidecar, document, deps),
        "key": partial(_key, document, deps),
    }
    sources = [(ClaimSource(name), readers[name]) for name in deps.settings.claim_sources]
    return first_of([(ClaimSource.FILE, lambda: from_table(table, document.key, deps)), *sources])


def from_table(table: ClaimsTable, key: str, deps: IntakeDeps) -> Sequence[str]:
    """What a claims table says of an object: under its key, the key below the prefix, or its name."""
    return table.claimed(*table_names(key, deps))


def table_names(key: str, deps: IntakeDeps) -> tuple[str, str]:
    """The names under which a claims table may speak of an object, before its file name."""
    return key, key.removeprefix(deps.source.prefix).removeprefix("/")


def check_pattern(deps: IntakeDeps) -> None:
    """WrongUse when the setting is no key pattern."""
    if deps.settings.key_pattern:
        compile_pattern(deps.settings.key_pattern, prefix=deps.source.prefix)


def _metadata(document: Object, deps: IntakeDeps) -> Sequence[object]:
    try:
        value = deps.source.metadata(document).get("signer")
    except ObjectUnreadable as error:  # registered all the same, or nobody would hear of it
        raise ValueError(str(error)) from error
    return [] if value is None else from_metadata(value)


def _sidecar(document: Object, deps: IntakeDeps) -> Sequence[object]:
    try:
        data = deps.source.sidecar(document)
    except ObjectError as error:
        raise ValueError(str(error)) from error
    return [] if data is None else from_sidecar(data)


def _key(document: Object, deps: IntakeDeps) -> Sequence[object]:
    pattern = deps.settings.key_pattern
    signer = compile_pattern(pattern, prefix=deps.source.prefix)(document.key) if pattern else None
    return [] if signer is None else [signer]
