"""Replays a document's bundle in the embedded form."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from db import people, signers
from worker.embedded.bundle import Bundle
from worker.embedded.workspace import Workspace, open_workspace
from worker.errors import UnusableReference, WrongUse
from worker.result import DocumentResult, ReplayResult
from worker.result.claims import same_person
from worker.result.differences import differences
from worker.settings import DECIDING, Detection, Reading

#: Fractions that differ by less are the same: processors round differently. Counts are exact.
_TOLERANCE = 1e-3


def replay_bundle(bundle: Bundle, folder: Path) -> ReplayResult:
    """Read the bundle's document here, with the bundle's settings but this machine's device.

    WrongUse when the folder is not empty, or the bundle is malformed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise WrongUse(f"{str(folder)!r} is not empty: name another folder")
    reading, detection = _settings(bundle)
    with closing(open_workspace(folder, detection=detection, reading=reading)) as workspace:
        result = _read(bundle, workspace)
    answer = tuple(differences(bundle.result, result, tolerance=_TOLERANCE))
    return ReplayResult(
        same=not answer,
        differences=answer,
        versions=tuple(differences(dict(bundle.result.versions.named()), dict(result.versions.named()))),
        result=result,
    )


def _read(bundle: Bundle, workspace: Workspace) -> DocumentResult:
    document = workspace.root / "document"
    document.write_bytes(bundle.data)
    _enroll_references(bundle, workspace)
    document_id = workspace.register(document, list(bundle.claims))
    workspace.process([document_id], lambda _: None)
    return workspace.result(document_id)


def _enroll_references(bundle: Bundle, workspace: Workspace) -> None:
    """Put the references on file, each person's once: other names are merged, as they were then."""
    person = same_person(list(bundle.claims), bundle.result.verdicts)
    for number, (signer, images) in enumerate(bundle.references.items()):
        if person.get(signer, signer) != signer:
            _merge(workspace, signer, into=person[signer])
            continue
        for index, image in enumerate(images):
            try:
                workspace.enroller.enroll(signer, f"reference-{number}-{index}", image)
            except UnusableReference as error:
                reason = f"the bundle's reference {index} of signer {number}: {error.reason}"
                raise WrongUse(reason) from error


def _merge(workspace: Workspace, name: str, *, into: str) -> None:
    with workspace.sessions() as session:
        people.merge_signer(session, signers.signer_id(session, name), signers.signer_id(session, into))


def _settings(bundle: Bundle) -> tuple[Reading, Detection]:
    given = {name: dict(bundle.settings.get(name, {})) for name in DECIDING}
    given["detection"]["detect_device"] = Detection().detect_device
    try:
        return Reading.model_validate(given["reading"]), Detection.model_validate(given["detection"])
    except ValidationError as error:
        names = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        raise WrongUse(f"the bundle's settings cannot be used: {names}") from error
