"""Looks up who one object says signed it, asking the configured sources in their order of trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from db.documents import Object
from db.states import ClaimSource
from producer import bucket
from producer.claims import Claims, Reader, claimed, compile_pattern, first_of, from_metadata, from_sidecar
from producer.deps import IntakeDeps


def look_up(source: Object, deps: IntakeDeps, table: Mapping[str, Sequence[str]]) -> Claims:
    """The object's claims: of `table` (a claims CSV) when it has any, else of the first source that has.

    A sidecar counts when it is there at this moment: it must be uploaded before its document. Raises
    ObjectMissing, ObjectDenied and StorageUnavailable.
    """
    readers: dict[str, Reader] = {
        "metadata": partial(_metadata, source, deps),
        "sidecar": partial(_sidecar, source, deps),
        "key": partial(_key, source, deps),
    }
    sources = [(ClaimSource(name), readers[name]) for name in deps.settings.claim_sources]
    return first_of([(ClaimSource.FILE, lambda: claimed(table, source.key)), *sources])


def check_pattern(deps: IntakeDeps) -> None:
    """WrongUse when the setting is no key pattern."""
    if deps.settings.key_pattern:
        compile_pattern(deps.settings.key_pattern, prefix=deps.prefix)


def _metadata(source: Object, deps: IntakeDeps) -> Sequence[Any]:
    value = bucket.metadata(deps.client, source).get("signer")
    return [] if value is None else from_metadata(value)


def _sidecar(source: Object, deps: IntakeDeps) -> Sequence[Any]:
    data = bucket.sidecar(deps.client, source)
    return [] if data is None else from_sidecar(data)


def _key(source: Object, deps: IntakeDeps) -> Sequence[Any]:
    pattern = deps.settings.key_pattern
    signer = compile_pattern(pattern, prefix=deps.prefix)(source.key) if pattern else None
    return [] if signer is None else [signer]
