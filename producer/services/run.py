"""Documents in, verdicts out, here and now: without any server, on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from producer.claims import claimed, read_claims, signer_name
from producer.services.progress import Progress, unheard
from producer.services.resume import AnswersKept, Resumption
from worker.errors import UnusableReference, WrongUse
from worker.result import DocumentResult, EnrolmentResult
from worker.settings import Detection
from worker.storage.files import key_of

if TYPE_CHECKING:
    from worker.embedded.workspace import Workspace

#: Files beside documents that are not documents.
_NOT_DOCUMENTS = {".csv", ".json"}
_IMAGES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}


@dataclass(frozen=True, slots=True)
class DocumentSkipped:
    """A file that cannot be opened; the others go on."""

    reason: str


@dataclass(frozen=True, slots=True)
class ReferenceSkipped:
    """A reference image that cannot be used; the others count."""

    reason: str


@dataclass(frozen=True, slots=True)
class ReferencesRead:
    """How many images of how many signers there are, and how the references of each stand."""

    images: int
    signers: int
    enrolments: tuple[EnrolmentResult, ...]


#: What happens during a run, in its order.
RunEvent = DocumentSkipped | ReferenceSkipped | ReferencesRead | AnswersKept | Progress
OnRunEvent = Callable[[RunEvent], None]


@dataclass(frozen=True, slots=True)
class RunResult:
    """The documents' results in the order of the files, the HTML report, and how many files there were."""

    results: tuple[DocumentResult, ...]
    report: Path
    files: int

    @property
    def complete(self) -> bool:
        """Whether every file has an answer."""
        answered = sum(result.status in {"done", "partial"} for result in self.results)
        return answered == self.files


def run_documents(
    paths: Sequence[Path],
    folder: Path,
    *,
    references: Path | None = None,
    claims: Path | None = None,
    min_score: float | None = None,
    resume: bool = False,
    on_event: OnRunEvent = unheard,
) -> RunResult:
    """Read the documents and leave a database, the pictures and a report in the folder.

    `references` has one folder per signer, `claims` is a CSV. `resume` keeps the answers of an earlier run,
    but for documents whose claims, references or settings changed since; an event names them. A document
    that cannot be read is a result or an event and hinders no other. WrongUse when there are no
    documents or no references where they should be; StorageUnavailable when the folder cannot be written.
    """
    files = list(expand(paths))
    if not files:
        raise WrongUse("there are no documents at " + ", ".join(map(str, paths)))
    table = None if claims is None else read_claims(claims)
    from worker.embedded.workspace import open_workspace  # noqa: PLC0415 - loads the models

    detection = None if min_score is None else Detection(min_score=min_score)
    with closing(open_workspace(folder, detection=detection)) as workspace:
        enrolments = () if references is None else enroll_folder(workspace, references, on_event)
        ids = _register(workspace, files, table, resume=resume, on_event=on_event)
        _process(workspace, ids, on_event)
        results = tuple(workspace.result(document_id) for document_id in ids)
    return RunResult(results, _report(results, enrolments, folder), len(files))


def expand(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are; folders as the files below them, by name, hidden ones and tables left out."""
    for path in paths:
        if path.is_dir():
            below = (file for file in sorted(path.rglob("*")) if file.is_file() and not _hidden(file, path))
            yield from (file for file in below if file.suffix.lower() not in _NOT_DOCUMENTS)
        else:
            yield path


def enroll_folder(
    workspace: Workspace, references: Path, on_event: OnRunEvent
) -> tuple[EnrolmentResult, ...]:
    """Compare with the references in `DIR/<signer>/` alone; answer how those of each signer stand.

    WrongUse when there are none.
    """
    workspace.forget_signers()
    images = _reference_images(references)
    if not images:
        raise WrongUse(f"{references} holds no references; it needs one folder per signer with images in it")
    names: dict[str, None] = {}
    for signer, image in images:
        try:
            workspace.enroller.enroll(name := _named(signer), str(image), image.read_bytes())
            names[name] = None
        except (UnusableReference, OSError) as error:
            on_event(ReferenceSkipped(str(error)))
    enrolments = tuple(workspace.enroller.judge(name) for name in names)
    on_event(ReferencesRead(len(images), len({signer for signer, _ in images}), enrolments))
    return enrolments


def _reference_images(references: Path) -> list[tuple[str, Path]]:
    return [
        (signer.name, image)
        for signer in (sorted(references.iterdir()) if references.is_dir() else ())
        if signer.is_dir()
        for image in sorted(signer.iterdir())
        if image.suffix.lower() in _IMAGES
    ]


def _named(folder: str) -> str:
    """The signer that a folder is named after, as claims are compared with it."""
    try:
        return signer_name(folder)
    except ValueError as error:
        raise UnusableReference(folder, str(error)) from error


def _register(
    workspace: Workspace,
    files: Iterable[Path],
    table: Mapping[str, Sequence[str]] | None,
    *,
    resume: bool,
    on_event: OnRunEvent,
) -> list[int]:
    if not resume:
        inputs = workspace.inputs()
        return _each(
            files, lambda path: workspace.register(path, claimed(table or {}, key_of(path)), inputs), on_event
        )
    resumption = Resumption(workspace, table)
    ids = _each(files, resumption.register, on_event)
    on_event(resumption.told())
    return ids


def _each(files: Iterable[Path], register: Callable[[Path], int], on_event: OnRunEvent) -> list[int]:
    ids = []
    for path in files:
        try:
            ids.append(register(path))
        except OSError as error:
            on_event(DocumentSkipped(str(error)))
    return ids


def _process(workspace: Workspace, ids: Sequence[int], on_event: OnRunEvent) -> None:
    """Each document once, however often it was named; the events count them."""
    chosen = sorted(set(ids))
    done = 0

    def count(_document_id: int) -> None:
        nonlocal done
        done += 1
        on_event(Progress(done, len(chosen)))

    on_event(Progress(0, len(chosen)))
    workspace.process(chosen, count)


def _report(results: Sequence[DocumentResult], enrolments: Sequence[EnrolmentResult], folder: Path) -> Path:
    from worker.report.html import write_report  # noqa: PLC0415 - loads OpenCV

    return write_report(
        results,
        folder / "report.html",
        load_image=lambda path: Path(path).read_bytes(),
        enrolments=enrolments,
    )


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
