"""A document's case, packed so that it can be read again on another machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from db import bundles, documents
from db.engine import Sessions
from producer.services.browse import show_document
from producer.services.output import whole_file
from producer.services.selection import find_one
from worker.embedded.bundle import LARGEST_MEMBER, Bundle, write_bundle
from worker.result import DocumentResult
from worker.result.rows import document_events, document_result
from worker.settings import DECIDING
from worker.storage.keys import reference_key
from worker.storage.port import Store


@dataclass(frozen=True, slots=True)
class BundleWritten:
    """The ZIP file, and its size in bytes.

    `lacking` names claimed signers of whom a verdict counted more references than are on file still.
    """

    path: Path
    size: int
    lacking: tuple[str, ...] = ()


def bundle_document(name: str, sessions: Sessions, store: Store, *, out: Path | None = None) -> BundleWritten:
    """Write the bundle of the one document of that name; by default into `document-ID.zip`.

    WrongUse when the name means none or several; StorageUnavailable; ObjectMissing when its bytes are gone.
    """
    with sessions() as session:
        document_id = find_one(session, name)
    path = out or Path(f"document-{document_id}.zip")
    bundle = pack_bundle(document_id, sessions, store)
    with whole_file(path, mode=0o600) as half:
        size = write_bundle(bundle, half)
    return BundleWritten(path, size, _lacking(bundle))


def bundle_of(document_id: int, sessions: Sessions, store: Store, out: Path) -> None:
    """Write the bundle of a document into this file. NotFound; StorageUnavailable; ObjectMissing."""
    show_document(sessions, document_id)
    write_bundle(pack_bundle(document_id, sessions, store), out)


def _lacking(bundle: Bundle) -> tuple[str, ...]:
    """Signers with fewer references in the bundle than a verdict counted, each once."""
    fewer = (
        verdict.signer
        for verdict in bundle.result.verdicts
        if len(bundle.references.get(verdict.signer, ())) < verdict.references
    )
    return tuple(dict.fromkeys(fewer))


def pack_bundle(document_id: int, sessions: Sessions, store: Store) -> Bundle:
    """Everything needed to read a document again. StorageUnavailable; ObjectMissing when its bytes are gone.

    Of the signers on file only the claimed ones go along, with the references that the verdicts rest on: also
    those that were removed since, and none of who was merged since. Of older verdicts, which do not say so,
    it is what was on file when the document ended.
    """
    with sessions() as session:
        document = documents.get(session, document_id)
        claims = {claim.signer: claim.source.value for claim in document.claims}
        keys = bundles.references(session, list(claims), before=document.finished_at)
        result = document_result(session, document_id)
        history = document_events(session, document_id)
    then = {
        signer: [reference_key(*reference) for reference in references] for signer, references in keys.items()
    }
    return Bundle(
        name=document.key,
        data=store.fetch(document.bucket, document.key, document.version, max_bytes=LARGEST_MEMBER),
        claims=claims,
        references={
            signer: [store.get(key) for key in references]
            for signer, references in {**then, **_rested_on(result)}.items()
        },
        settings={name: group().model_dump(mode="json") for name, group in DECIDING.items()},
        result=result,
        events=history,
    )


def _rested_on(result: DocumentResult) -> dict[str, list[str]]:
    """Keys of the references that the verdicts name, as they were enrolled, by signer."""
    used: dict[str, dict[int, str]] = {}
    for verdict in result.verdicts:
        for reference in verdict.compared_with:
            # The picture that is shown lies beside the bytes as they came.
            used.setdefault(verdict.signer, {})[reference.id] = reference.image.rpartition(".")[0]
    return {signer: [key for _, key in sorted(by_id.items())] for signer, by_id in used.items()}
