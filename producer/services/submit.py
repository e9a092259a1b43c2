"""Registers objects as documents: once each, with their claims, committed before their message is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sqlalchemy.orm import Session

from db import documents, events, intake
from db.documents import Object
from db.states import EventSource
from producer.claims import Claims, to_metadata
from producer.claims_table import ClaimsTable
from producer.services.batches import in_batches
from producer.services.claim_lookup import check_pattern, from_table, look_up, table_names
from producer.services.deps import IntakeDeps
from producer.services.local_files import LocalFile, NotUsed, OnNotUsed, gather
from producer.services.near_names import near_names
from producer.services.progress import OnProgress, Progress, unheard
from producer.sources import has_scheme
from producer.sources.naming import SIDECAR_SUFFIX, is_folder_marker, sort_key
from producer.sources.port import UploadTarget
from producer.text import plain_name
from worker.errors import ObjectError, WrongUse
from worker.log import logger
from worker.outages import unavailable

#: Objects that share a transaction.
OBJECTS_TOGETHER = 100
#: Objects whose claims are looked up at the same time.
LOOKUPS = 8
#: Bytes that stores allow for all metadata are 2,048; the digest needs some of them.
_LONGEST_METADATA = 1800


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the objects: `skipped` ones could not be read just now, and are no documents.

    `unused` are rows and files that were given and found no document.
    """

    new: int = 0
    known: int = 0
    skipped: int = 0
    unused: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.new + other.new,
            self.known + other.known,
            self.skipped + other.skipped,
            self.unused + other.unused,
        )


def submit_objects(
    objects: Iterable[Object], deps: IntakeDeps, *, table: ClaimsTable | None = None
) -> Counts:
    """Register every object once, commit, and have the new ones rendered. Safe to repeat at any point.

    A message that cannot be sent is not missed: the sweep sends it. Objects that are gone, or that the store
    refuses to us, are skipped and logged; the next listing meets them again if they come back. Those that it
    cannot hand out are registered, and fail with that reason. Raises StorageUnavailable and the database's
    own errors, after which the batches before are in.
    """
    check_pattern(deps)
    total = Counts()
    for batch in in_batches(objects, OBJECTS_TOGETHER):
        total += _submit_batch(batch, deps, ClaimsTable() if table is None else table)
    return total


def submit_place(
    place: str,
    deps: IntakeDeps,
    *,
    table: ClaimsTable | None = None,
    claims: Path | None = None,
    on_progress: OnProgress = unheard,
    on_not_used: OnNotUsed = unheard,
    on_note: Callable[[str], None] = unheard,
) -> Counts:
    """Submit what lies at the source of a URL, or upload local files to the intake bucket and submit them.

    `claims` is the file of the table: it is no document. Whatever was given and is not used is named to
    `on_not_used` and counted; names of the table that are near to enrolled ones are notes. WrongUse when
    there is nothing of that name; else as `submit`.
    """
    names: list[NotUsed] = []

    def note(unused: NotUsed) -> None:
        if not unused.is_litter:
            names.append(unused)
        on_not_used(unused)

    objects: Iterable[Object]
    if has_scheme(place):
        if table:  # listed twice: which document a row means can be said when all are known
            table.meet(table_names(one.key, deps) for one in chain.from_iterable(deps.source.list()))
        objects = chain.from_iterable(deps.source.list())
    else:
        files = local_files(Path(place), claims, note)
        if table is not None:
            table.meet((file.inside,) for file in files)
        objects = _uploaded(files, deps, table, on_progress)
    counts = submit_objects(objects, deps, table=table)
    for sentence in table.unused() if table is not None else ():
        note(NotUsed("claims", sentence))
    for sentence in near_names(deps.sessions, chain.from_iterable((table or {}).values())):
        on_note(sentence)
    return counts + Counts(unused=len(names))


def local_files(path: Path, claims: Path | None = None, on_not_used: OnNotUsed = unheard) -> list[LocalFile]:
    """A file, or the documents below a folder; hidden files stay out. WrongUse."""
    if not path.exists():
        raise WrongUse(f"there is no file or folder {str(path)!r}")
    return gather([path], claims=claims, on_not_used=on_not_used)


def _uploaded(
    files: Sequence[LocalFile], deps: IntakeDeps, table: ClaimsTable | None, on_progress: OnProgress
) -> Iterator[Object]:
    for number, file in enumerate(files):
        on_progress(Progress(number, len(files)))
        if file.sidecar is not None:  # before its document, which is looked at as soon as it is there
            upload_target(deps).upload(file.sidecar, file.inside + SIDECAR_SUFFIX)
        yield upload_file(file.path, file.inside, deps, table=table)
    on_progress(Progress(len(files), len(files)))


def upload_file(path: Path, key: str, deps: IntakeDeps, *, table: ClaimsTable | None = None) -> Object:
    """Put a local file into the intake bucket, under the key below the prefix; `submit` registers it.

    Its claims travel as metadata, so that a watcher that is faster than `submit` finds the same. WrongUse
    when the name is taken by another file, or the file cannot be read.
    """
    names = () if table is None else from_table(table, key, deps)
    signers = to_metadata(_checked(names, key))
    if len(signers) > _LONGEST_METADATA:
        raise WrongUse(f"{key!r} claims more signers than object metadata holds")
    return upload_target(deps).upload(path, key, signers=signers)


def upload_target(deps: IntakeDeps) -> UploadTarget:
    """The source, where files can be put into it. WrongUse."""
    if not isinstance(deps.source, UploadTarget):
        raise WrongUse(f"files cannot be uploaded to {deps.source.url}")
    return deps.source


def _submit_batch(batch: Sequence[Object], deps: IntakeDeps, table: ClaimsTable) -> Counts:
    wanted = [one for one in batch if not is_folder_marker(one.key)]
    with deps.sessions() as session:
        fresh = sorted(intake.unknown(session, wanted), key=sort_key)
    _name_other_claims(set(wanted) - set(fresh), deps, table)
    ready = _with_claims(fresh, deps, table)
    with deps.sessions() as session:
        new = [document_id for one, claims in ready for document_id in _register(session, one, claims)]
    _send(new, deps)
    skipped = len(fresh) - len(ready)
    return Counts(len(new), len(wanted) - len(new) - skipped, skipped)


def _name_other_claims(known: Collection[Object], deps: IntakeDeps, table: ClaimsTable) -> None:
    """Known documents keep their claims: rows that say others are named, not passed over."""
    rows = {source: names for source in known if (names := from_table(table, source.key, deps))}
    with deps.sessions() as session:
        there = intake.claimed_by_object(session, rows) if rows else {}
    for source, (document_id, claims) in there.items():
        if set(rows[source]) != set(claims):
            table.keep(source.key, document_id, claims)


def _with_claims(
    objects: Sequence[Object], deps: IntakeDeps, table: ClaimsTable
) -> list[tuple[Object, Claims]]:
    with ThreadPoolExecutor(LOOKUPS) as pool:
        looked_up = pool.map(lambda one: _claims_or_none(one, deps, table), objects)
        return [(one, claims) for one, claims in zip(objects, looked_up, strict=True) if claims is not None]


def _claims_or_none(source: Object, deps: IntakeDeps, table: ClaimsTable) -> Claims | None:
    try:
        return look_up(source, deps, table)
    except ObjectError as error:
        logger.warning("an object is not taken in", extra={"key": source.key, "reason": str(error)})
        return None


def _register(session: Session, source: Object, claims: Claims) -> list[int]:
    """The id when the document is new, nothing when somebody else was faster."""
    document_id, new = documents.register(session, source, claims.signers, claims.particulars)
    if not new:
        return []
    events.record(session, document_id, EventSource.INTAKE, "registered")
    for refused in claims.refused:
        detail = f"{refused.source.value}: {refused.reason}"
        events.record(session, document_id, EventSource.INTAKE, "claim_refused", detail=detail)
        logger.warning("a claim is refused", extra={"document": document_id, "reason": detail})
    return [document_id]


def _send(document_ids: Sequence[int], deps: IntakeDeps) -> None:
    for number, document_id in enumerate(document_ids):
        try:
            deps.send(document_id)
        except unavailable() as error:
            left = len(document_ids) - number
            logger.warning(
                "documents wait for the sweep to send them", extra={"documents": left, "reason": str(error)}
            )
            return


def _checked(names: Sequence[str], key: str) -> list[str]:
    try:
        return [plain_name(name) for name in names]
    except ValueError as error:
        raise WrongUse(f"claims of {key!r}: {error}") from error
