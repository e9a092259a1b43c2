"""Looks up who one object says signed it, asking the configured sources in their order of trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from db.documents import NOTHING_SAID, Object
from db.states import ClaimSource
from producer.claims import (
    Claims,
    Reader,
    Refused,
    compile_pattern,
    first_of,
    from_metadata,
    from_sidecar,
    particulars_from,
    sidecar_content,
)
from producer.claims_table import ClaimsTable
from producer.services.deps import IntakeDeps
from worker.errors import ObjectError, ObjectUnreadable


def look_up(document: Object, deps: IntakeDeps, table: ClaimsTable) -> Claims:
    """The object's claims: of `table` (a claims CSV) when it has any, else of the first source that has.

    A sidecar counts when it is there at this moment: it must be uploaded before its document. One that the
    store does not hand out is a refused claim, as is the metadata of an object that can never be read as it
    is. Whatever is read for claims may say more of the document, too. Raises the other kinds of ObjectError,
    and StorageUnavailable.
    """
    by_source: dict[ClaimSource, Mapping[str, object]] = {}
    readers: dict[str, Reader] = {
        "metadata": partial(_metadata, document, deps, by_source),
        "sidecar": partial(_sidecar, document, deps, by_source),
        "key": partial(_key, document, deps),
    }
    sources = [(ClaimSource(name), readers[name]) for name in deps.settings.claim_sources]
    claims = first_of([(ClaimSource.FILE, lambda: from_table(table, document.key, deps)), *sources])
    for source, content in by_source.items():
        particulars, reasons = particulars_from(content)
        refused = (*claims.refused, *(Refused(source, reason) for reason in reasons))
        claims = replace(claims, refused=refused)
        if claims.particulars == NOTHING_SAID:
            claims = replace(claims, particulars=particulars)
    return claims


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


#: What was read, by where it stands.
_SaidBy = dict[ClaimSource, Mapping[str, object]]


def _metadata(document: Object, deps: IntakeDeps, by_source: _SaidBy) -> Sequence[object]:
    try:
        content = deps.source.metadata(document)
    except ObjectUnreadable as error:  # registered all the same, or nobody would hear of it
        raise ValueError(str(error)) from error
    by_source[ClaimSource.METADATA] = content
    value = content.get("signer")
    return [] if value is None else from_metadata(value)


def _sidecar(document: Object, deps: IntakeDeps, by_source: _SaidBy) -> Sequence[object]:
    try:
        data = deps.source.sidecar(document)
    except ObjectError as error:
        raise ValueError(str(error)) from error
    if data is None:
        return []
    by_source[ClaimSource.SIDECAR] = sidecar_content(data)
    return from_sidecar(data)


def _key(document: Object, deps: IntakeDeps) -> Sequence[object]:
    pattern = deps.settings.key_pattern
    signer = compile_pattern(pattern, prefix=deps.source.prefix)(document.key) if pattern else None
    return [] if signer is None else [signer]
