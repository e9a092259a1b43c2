"""What attempts stored that an erasure overtook: no row refers to it, and it is erased as well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from db import answers, documents, erase
from db.engine import Sessions, now
from producer.services.batches import in_batches
from worker.errors import ObjectMissing
from worker.storage.keys import DOCUMENTS, answered_document, document_folder
from worker.storage.port import Results

#: How long after an erasure its late writers are looked for.
LATE: Final = timedelta(days=7)
#: Results that are looked up at a time.
_BATCH: Final = 500


def erase_late_writes(sessions: Sessions, store: Results) -> int:
    """Erase what was stored too late of documents and signers that were erased in the last seven days.

    How many objects that were. StorageUnavailable: call it again then.
    """
    with sessions() as session:
        since = now(session) - LATE
        gone = erase.erased_documents(session, since)
        signers = erase.erased_signers(session, since)
    objects = sum(_erase_folder(sessions, store, document_id) for document_id in gone)
    return objects + (erase_stray_answers(sessions, store, signers) if signers else 0)


def erase_stray_answers(sessions: Sessions, store: Results, erased: Mapping[str, datetime]) -> int:
    """Erase results that no answer refers to and that name somebody who was erased after they were written.

    `erased` tells when, by the digest of the name. The names of all objects are listed once. How many went.
    """
    strays = (key for key in _unreferenced(sessions, store) if _names(store, key, erased))
    return sum(_erase_stray(sessions, store, key) for key in strays)


def _erase_folder(sessions: Sessions, store: Results, document_id: int) -> int:
    """Erase what lies in the folder of an erased document; SQLite may have given its id to another."""
    with sessions() as session:
        taken = documents.lock(session, document_id) is not None
        return 0 if taken else store.erase(document_folder(document_id))


def _unreferenced(sessions: Sessions, store: Results) -> Iterator[str]:
    """Results that no answer refers to yet: an answer that is being written comes after its result."""
    results = (key for key in store.keys(DOCUMENTS) if answered_document(key) is not None)
    for keys in in_batches(results, _BATCH):
        with sessions() as session:
            known = answers.result_keys(session, set(map(_document, keys)))
        yield from (key for key in keys if key not in known)


def _erase_stray(sessions: Sessions, store: Results, key: str) -> int:
    """Erase the result unless an answer refers to it by now: whoever writes one holds the document."""
    with sessions() as session:
        documents.lock(session, _document(key))
        if answers.refer_to(session, key):
            return 0
        return store.erase(f"{key.rpartition('/')[0]}/")


def _document(key: str) -> int:
    """The document whose answer's result lies under the key."""
    return answered_document(key) or 0


def _names(store: Results, key: str, erased: Mapping[str, datetime]) -> bool:
    """Whether a result names somebody who was erased after it was written."""
    try:
        result = json.loads(store.get(key))
    except ObjectMissing:  # another erasure was faster
        return False
    written = result.get("answered_at")
    moments = [erased[digest] for digest in map(erase.digest, _signers(result)) if digest in erased]
    return any(written is None or datetime.fromisoformat(written) <= moment for moment in moments)


def _signers(part: JsonValue) -> Iterator[str]:
    """Every name that stands as `signer` anywhere in a JSON value."""
    if isinstance(part, list):
        for value in part:
            yield from _signers(value)
    elif isinstance(part, dict):
        name = part.get("signer")
        if isinstance(name, str):
            yield name
        for value in part.values():
            yield from _signers(value)
