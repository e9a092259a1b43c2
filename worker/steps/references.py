"""References: signature images put on file for a signer, and kept comparable when a model changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from db import signers
from worker.errors import DamagedImage, DamagedReference, UnusableReference
from worker.log import logger
from worker.result import EnrolmentResult
from worker.result.listing import reference_result
from worker.single_signature import SingleSignature
from worker.steps.ports import VerifyDeps
from worker.steps.stored import stored_image
from worker.storage.keys import reference_key
from worker.vision.cleaning.cleaner import Cleaner
from worker.vision.cleaning.prepare import Prepared, prepare
from worker.vision.copies.skeleton import fingerprint, skeleton
from worker.vision.images import decode
from worker.vision.values import Embeddings, Grey, Pixels, Quality
from worker.vision.verification import enrolment
from worker.vision.verification.enrolment import Grade

#: The embeddings of a signer who has none.
NO_EMBEDDINGS: Embeddings = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of one reference image; `new` is False when the same bytes were on file."""

    name: str
    new: bool
    quality: Quality
    grade: Grade
    #: SHA-256 of each reference that the image gave: a card gives several.
    digests: tuple[str, ...]
    #: What was done to the image before it could serve.
    note: str | None = None


def enroll_reference(
    signer: str,
    name: str,
    data: bytes,
    signature: SingleSignature,
    *,
    deps: VerifyDeps,
    who: str | None = None,
    min_grade: float = 0.0,
) -> Enrolled:
    """Put the signature of an image on file; its bytes are kept as they came. `who` stands in the history.

    UnusableReference when it shows nothing to compare with, or has a lower grade than `min_grade`.
    """
    prepared, grade = graded_image(name, signature.data, deps.cleaner)
    if grade.score < min_grade:
        raise UnusableReference(name, _too_weak(grade, min_grade))
    sha256 = hashlib.sha256(data).hexdigest()
    embedding = deps.verifier.embed([prepared.ink])[0]
    with deps.sessions() as session:
        # Held while its pictures are stored: an erasure before that would leave them behind.
        signer_id = signers.signer_id(session, signer)
        key = reference_key(signer_id, sha256)
        deps.store.put(key, data)
        image_key = f"{key}.{signature.suffix}"
        deps.store.put(image_key, signature.data)
        new = signers.add_reference(
            session,
            signer_id,
            sha256,
            image_key=image_key,
            quality={**asdict(prepared.quality), **asdict(grade)},
            embedding=as_bytes(embedding),
            encoder=deps.embedding_version,
            strokes=_strokes(prepared.ink),
        )
        if new:
            signers.record_event(session, signer_id, "enrolled", who=who, reference=sha256, detail=name)
    return Enrolled(name, new, prepared.quality, grade, (sha256,))


def judge(signer: str, deps: VerifyDeps) -> EnrolmentResult:
    """Judge a signer's references by each other, and store what came of it.

    References whose pictures are damaged are left out. When others are enrolled meanwhile it starts again, so
    that the last judgement is about all of them.
    """
    refresh_references([signer], deps)
    while True:
        with deps.sessions() as session:
            rows = signers.on_file(session, signer)
            stored = signers.embeddings(session, [signer], encoder=deps.embedding_version).get(signer, [])
        compared = [row.id for row in rows if row.encoder == deps.embedding_version]
        if len(compared) != len(stored):
            continue
        standings = enrolment.standings(as_matrix(stored) if stored else NO_EMBEDDINGS, deps.verifier)
        llrs = {row_id: standing.llr for row_id, standing in zip(compared, standings, strict=True)}
        with deps.sessions() as session:
            if [row.id for row in signers.on_file(session, signer)] != [row.id for row in rows]:
                continue
            signers.note_standings(session, {row.id: llrs.get(row.id) for row in rows})
        wanted = deps.verifier.references_wanted
        return EnrolmentResult(
            signer=signer,
            references=tuple(
                reference_result(row, number, llrs.get(row.id)) for number, row in enumerate(rows, 1)
            ),
            wanted=wanted,
            lacking=enrolment.lacking(standings, wanted=wanted),
        )


def graded_image(name: str, data: bytes, cleaner: Cleaner) -> tuple[Prepared, Grade]:
    """An image of one signature, ready to compare, with how well it serves as a reference.

    UnusableReference when it shows too little.
    """
    raw = decode(data)
    prepared = prepare(raw, cleaner)
    if not prepared.quality.usable:
        raise UnusableReference(name, ", ".join(prepared.quality.issues).replace("_", " "))
    return prepared, enrolment.grade(raw, prepared.clean, prepared.quality)


def refresh_references(names: Sequence[str], deps: VerifyDeps) -> list[DamagedReference]:
    """Embed references again that an earlier verifier or cleaner embedded, so that no signer loses them.

    Without names, those of all signers. Returns the references whose stored picture is damaged or gone: their
    rows say so, and they are left out of comparisons until the picture is back.
    """
    with deps.sessions() as session:
        outdated = signers.outdated(session, names, encoder=deps.embedding_version)
    damage: dict[int, str] = {}
    for reference in outdated:
        try:
            raw = stored_image(reference.image_key, deps.store)
        except DamagedImage as error:
            damage[reference.id] = error.reason
        else:
            _embed_again(reference.id, raw, deps)
    return _note_damage(damage, deps) if damage else []


def _embed_again(reference_id: int, raw: Pixels, deps: VerifyDeps) -> None:
    prepared = prepare(raw, deps.cleaner)
    embedding = as_bytes(deps.verifier.embed([prepared.ink])[0])
    with deps.sessions() as session:
        signers.embed_again(
            session,
            reference_id,
            embedding,
            encoder=deps.embedding_version,
            strokes=_strokes(prepared.ink),
        )


def _note_damage(damage: Mapping[int, str], deps: VerifyDeps) -> list[DamagedReference]:
    with deps.sessions() as session:
        places = signers.named(session, damage.keys())
        for reference_id in places:
            signers.note_damage(session, reference_id, damage[reference_id])
    errors = [DamagedReference(*places[row_id], damage[row_id]) for row_id in sorted(places)]
    for error in errors:
        logger.warning("left out: %s", error)
    return errors


def _too_weak(grade: Grade, least: float) -> str:
    remarks = f" ({', '.join(grade.remarks)})".replace("_", " ") if grade.remarks else ""
    return f"its grade is {grade.score:.2f}{remarks}, and a verdict rests on {least:.2f} or more"


def _strokes(ink: Grey) -> bytes:
    """What a copy is recognised by; empty where there is too little to tell."""
    data = fingerprint(ink)
    return data if skeleton(data).enough else b""


def as_bytes(embedding: npt.NDArray[np.float32]) -> bytes:
    """One embedding as it is stored: float16, little-endian; most of its numbers are at most 1."""
    return embedding.astype("<f2").tobytes()


def as_matrix(rows: Sequence[bytes]) -> Embeddings:
    """Stored embeddings as rows of a matrix."""
    return np.stack([np.frombuffer(row, dtype="<f2") for row in rows]).astype(np.float32)
