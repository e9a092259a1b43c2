"""Documents in, verdicts out, here and now: without any server, on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from producer.account import account
from producer.claims_table import read_claims
from producer.services.local_files import LocalFile, NotUsed, OnNotUsed, files_below, gather
from producer.services.near_names import near_names, same_when_read
from producer.services.progress import Progress, unheard
from producer.services.report import write_html
from producer.services.resume import AnswersKept, AnswersOnFile, Resumption
from producer.services.run_claims import ClaimsOfRun
from producer.services.run_folder import open_run
from producer.services.run_outputs import REPORT
from producer.services.tables import write_run_tables
from producer.text import plain_name
from worker.errors import UnusableReference, WrongUse
from worker.result import DocumentResult, EnrolmentResult
from worker.settings import Detection, Reading

if TYPE_CHECKING:
    from worker.embedded.workspace import Workspace


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


@dataclass(frozen=True, slots=True)
class DoubtfulName:
    """A name that may mean another, in a sentence: nobody on file has it, or two have what looks the same."""

    sentence: str


#: What happens during a run, in its order.
RunEvent = (
    DocumentSkipped
    | ReferenceSkipped
    | NotUsed
    | ReferencesRead
    | DoubtfulName
    | AnswersKept
    | AnswersOnFile
    | Progress
)
OnRunEvent = Callable[[RunEvent], None]


@dataclass(frozen=True, slots=True)
class RunResult:
    """The documents' results in the order of the files, the HTML report, and how many files there were.

    `tables` are the CSV files beside the report. `unused` counts what was given beside documents and has no
    effect; an event named each.
    """

    results: tuple[DocumentResult, ...]
    report: Path
    files: int
    unused: int = 0
    tables: tuple[Path, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every file has an answer, and everything else that was given was used."""
        answered = sum(result.status in {"done", "partial"} for result in self.results)
        return answered == self.files and not self.unused


def run_documents(
    paths: Sequence[Path],
    folder: Path,
    *,
    references: Path | None = None,
    claims: Path | None = None,
    min_score: float | None = None,
    resume: bool = False,
    slots: bool = False,
    rules: Path | None = None,
    templates: Path | None = None,
    on_event: OnRunEvent = unheard,
) -> RunResult:
    """Read the documents and leave a database, the pictures, a report and three tables in the folder.

    `references` has one folder per signer, `claims` is a CSV. `resume` keeps the answers of an earlier run,
    but for documents whose claims, references or settings changed since; an event names them. `slots` finds
    the places that ask for a mark; `rules` is a folder of rule files, `templates` one of templates, and each
    implies them. A document that cannot be read is a result or an event and hinders no other. WrongUse when
    there are no documents or no references where they should be; StorageUnavailable when the folder cannot
    be written.
    """
    heard = _Heard(on_event)
    table = None if claims is None else read_claims(claims)
    files = gather(paths, claims=claims, on_not_used=heard)
    if not files:
        raise WrongUse("there are no documents at " + ", ".join(map(str, paths)))
    detection = None if min_score is None else Detection(min_score=min_score)
    reading = _reading(slots=slots, rules=rules, templates=templates)
    with closing(open_run(folder, detection=detection, reading=reading)) as workspace:
        enrolments = () if references is None else enroll_folder(workspace, references, heard)
        claimed = ClaimsOfRun(table, files, heard)
        ids = _register(workspace, files, claimed, resume=resume, on_event=heard)
        for sentence in near_names(workspace.sessions, claimed.named):
            heard(DoubtfulName(sentence))
        _process(workspace, ids, on_event)
        results = tuple(workspace.result(document_id) for document_id in ids)
        tables = write_run_tables(workspace.sessions, ids, folder)
        report = _report(results, enrolments, workspace)
    return RunResult(results, report, len(files), heard.unused, tables)


def _reading(*, slots: bool, rules: Path | None, templates: Path | None) -> Reading | None:
    """The settings of reading, where a run says other than the environment."""
    folders = {"rules_folder": rules, "templates_folder": templates}
    given: dict[str, object] = {name: folder.absolute() for name, folder in folders.items() if folder}
    if slots or given:
        given["slots"] = "on"
    return Reading.model_validate(Reading().model_dump() | given) if given else None


class _Heard:
    """Hands events on, and counts what was given in vain; documents without an answer are counted as such."""

    def __init__(self, on_event: OnRunEvent) -> None:
        self._on_event = on_event
        self.unused = 0

    def __call__(self, event: RunEvent) -> None:
        is_litter = isinstance(event, NotUsed) and event.is_litter
        self.unused += isinstance(event, NotUsed | ReferenceSkipped) and not is_litter
        self._on_event(event)


def enroll_folder(
    workspace: Workspace, references: Path, on_event: OnRunEvent
) -> tuple[EnrolmentResult, ...]:
    """Compare with the references in `DIR/<signer>/` alone; answer how those of each signer stand.

    Those that are on file already stay as they are, and others go once all are read. WrongUse when there
    are none, or none that can be used: then those on file stay.
    """
    who = account()
    images = list(_reference_images(references, on_event))
    if not images:
        raise WrongUse(f"{references} holds no references; it needs one folder per signer with images in it")
    given: dict[tuple[str, str], None] = {}
    for signer, image in images:
        try:
            name, data = _named(signer), image.read_bytes()
            enrolled = workspace.enroller.enroll(name, str(image), data, who=who)
        except (UnusableReference, OSError) as error:
            on_event(ReferenceSkipped(str(error)))
        else:
            given.update(dict.fromkeys((name, digest) for digest in enrolled.digests))
    if not given:
        raise WrongUse(f"no image in {references} can be used as a reference")
    workspace.keep_references(given.keys(), who=who)
    names = dict.fromkeys(name for name, _ in given)
    enrolments = tuple(workspace.enroller.judge(name) for name in names)
    on_event(ReferencesRead(len(images), len({signer for signer, _ in images}), enrolments))
    for sentence in same_when_read(workspace.sessions, names):
        on_event(DoubtfulName(sentence))
    return enrolments


def _reference_images(references: Path, on_not_used: OnNotUsed) -> Iterator[tuple[str, Path]]:
    """Every file of a signer's folder: whether it can serve is for those to say who read it."""
    if not references.is_dir():
        return
    for image in files_below(references, on_not_used=on_not_used):
        signer, *below = image.relative_to(references).parts
        if len(below) == 1:
            yield signer, image
        else:
            reason = "a reference lies in the folder of its signer: DIR/<signer>/<image>"
            on_not_used(NotUsed(str(image), reason))


def _named(folder: str) -> str:
    """The signer that a folder is named after, as claims are compared with it."""
    try:
        return plain_name(folder)
    except ValueError as error:
        raise UnusableReference(folder, str(error)) from error


def _register(
    workspace: Workspace,
    files: Sequence[LocalFile],
    claims: ClaimsOfRun,
    *,
    resume: bool,
    on_event: OnRunEvent,
) -> list[int]:
    if resume:
        resumption = Resumption(workspace, claims)
        ids = _each(files, resumption.register, on_event)
        on_event(resumption.told())
    else:
        if number := workspace.answers():
            on_event(AnswersOnFile(number))
        inputs = workspace.inputs()
        ids = _each(
            files, lambda file: workspace.register(file.path, claims.of(file) or (), inputs), on_event
        )
    claims.name_unused()
    return ids


def _each(
    files: Iterable[LocalFile], register: Callable[[LocalFile], int], on_event: OnRunEvent
) -> list[int]:
    ids = []
    for file in files:
        try:
            ids.append(register(file))
        except OSError as error:
            on_event(DocumentSkipped(str(error)))
    return ids


def _process(workspace: Workspace, ids: Sequence[int], on_event: OnRunEvent) -> None:
    """Each document once, however often it was named; the events count them, also when Ctrl-C ends it."""
    chosen = sorted(set(ids))
    done = 0

    def count(_document_id: int) -> None:
        nonlocal done
        done += 1
        on_event(Progress(done, len(chosen)))

    on_event(Progress(0, len(chosen)))
    try:
        workspace.process(chosen, count)
    except KeyboardInterrupt:
        on_event(Progress(workspace.answered(chosen), len(chosen)))
        raise


def _report(
    results: Sequence[DocumentResult], enrolments: Sequence[EnrolmentResult], workspace: Workspace
) -> Path:
    return write_html(
        results,
        workspace.root / REPORT,
        sessions=workspace.sessions,
        load_image=lambda path: Path(path).read_bytes(),
        locate=workspace.locate,
        enrolments=enrolments,
    )
