"""`countersign run`: documents in, verdicts out, without any server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from producer.claims import claimed, read_claims, signer_name
from producer.commands import enrolments
from producer.console import coloured, err, out, plain, print_json, progress
from producer.console import table as make_table
from worker.errors import UnusableReference, WrongUse
from worker.storage.files import key_of

if TYPE_CHECKING:
    from worker.embedded.workspace import Workspace

#: Where a run leaves its results when nothing else is said.
DEFAULT_OUT = Path("countersign-results")
#: Documents whose reason is told in a sentence below the table; the report has all of them.
SENTENCES = 20
#: Files beside documents that are not documents.
_NOT_DOCUMENTS = {".csv", ".json"}
_IMAGES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}


def run(
    paths: Annotated[list[Path], typer.Argument(help="Documents, or folders of documents.", exists=True)],
    folder: Annotated[
        Path, typer.Option("--out", help="Folder for the database, the pictures and the report.")
    ] = DEFAULT_OUT,
    references: Annotated[
        Path | None,
        typer.Option(help="Folder with one folder per signer: DIR/<signer>/*.png|jpg|tif.", exists=True),
    ] = None,
    claims: Annotated[
        Path | None, typer.Option(help="CSV with the columns document,signer; a row per claimed signer.")
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Score that a box must reach; default: chosen on validation data."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the answers that an earlier run left in the folder.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per document on stdout, nothing else.")
    ] = False,
) -> None:
    """Read documents here and now: no servers, all cores.

    Finds signatures, compares them with the references of the signers that each document claims, and
    leaves a database, the pictures and an HTML report in the output folder. A document that cannot be
    read is reported with a reason; the others go on. Exit status 1 says that there was one.
    """
    from worker.embedded.workspace import open_workspace  # noqa: PLC0415 - loads OpenCV and ONNX Runtime
    from worker.settings import Detection  # noqa: PLC0415

    documents = list(expand(paths))
    if not documents:
        raise WrongUse("there are no documents at " + ", ".join(map(str, paths)))
    table = {} if claims is None else read_claims(claims)
    detection = None if min_score is None else Detection(min_score=min_score)
    workspace = open_workspace(folder, detection=detection)
    on_file = [] if references is None else enroll_folder(workspace, references)
    ids = list(_registered(workspace, documents, table, again=not resume))
    _process(workspace, ids)
    results = [workspace.result(document_id) for document_id in ids]
    report = _report(results, on_file, folder)
    if as_json:
        for result in results:
            print_json(result)
    else:
        _show(results, report)
    answered = [result for result in results if result["status"] in {"done", "partial"}]
    raise typer.Exit(0 if len(answered) == len(documents) else 1)


def expand(paths: Iterable[Path]) -> Iterable[Path]:
    """Files as they are; folders as the files below them, by name, hidden ones and tables left out."""
    for path in paths:
        if path.is_dir():
            below = (one for one in sorted(path.rglob("*")) if one.is_file() and not _hidden(one, path))
            yield from (one for one in below if one.suffix.lower() not in _NOT_DOCUMENTS)
        else:
            yield path


def enroll_folder(workspace: Workspace, references: Path) -> list[dict[str, Any]]:
    """Compare with the references in `DIR/<signer>/` alone; unusable images are named and passed over.

    Answers how each signer's references stand.
    """
    workspace.forget_signers()
    images = [
        (signer.name, image)
        for signer in sorted(references.iterdir())
        if signer.is_dir()
        for image in sorted(signer.iterdir())
        if image.suffix.lower() in _IMAGES
    ]
    if not images:
        raise WrongUse(f"{references} holds no references; it needs one folder per signer with images in it")
    names: dict[str, None] = {}
    for signer, image in images:
        try:
            workspace.enroll(name := _named(signer), image)
            names[name] = None
        except (UnusableReference, OSError) as error:
            err.print(f"[yellow]reference passed over:[/] {plain(str(error))}")
    err.print(f"{len(images)} references of {len({signer for signer, _ in images})} signers on file")
    found = [asdict(workspace.judge(name)) for name in names]
    said = [line for one in found for line in enrolments.warnings(one)]
    for line in said[:SENTENCES]:
        err.print(f"[yellow]{plain(line)}[/]", soft_wrap=True)
    if len(said) > SENTENCES:
        err.print(f"and {len(said) - SENTENCES} more of these; the report has all of them")
    return found


def _named(folder: str) -> str:
    """The signer that a folder is named after, as claims are compared with it."""
    try:
        return signer_name(folder)
    except ValueError as error:
        raise UnusableReference(folder, str(error)) from error


def _registered(
    workspace: Workspace, paths: Iterable[Path], table: Mapping[str, Sequence[str]], *, again: bool
) -> Iterator[int]:
    """Ids of the documents. A file that cannot be opened is named and passed over: there are others."""
    for path in paths:
        try:
            yield workspace.register(path, claimed(table, key_of(path)), again=again)
        except OSError as error:
            err.print(f"[yellow]document passed over:[/] {plain(str(error))}")


def _process(workspace: Workspace, ids: Sequence[int]) -> None:
    with progress() as bar:
        task = bar.add_task("documents", total=len(set(ids)))
        workspace.process(sorted(set(ids)), lambda _: bar.advance(task))


def _report(results: Sequence[dict[str, Any]], on_file: Sequence[dict[str, Any]], folder: Path) -> Path:
    from worker.report.html import write_report  # noqa: PLC0415 - loads OpenCV

    return write_report(
        results,
        folder / "report.html",
        load_image=lambda path: Path(path).read_bytes(),
        enrolments=on_file,
    )


def _show(results: Sequence[dict[str, Any]], report: Path) -> None:
    shown = make_table("Documents", "document", "status", "signed", "claims")
    for result in results:
        shown.add_row(
            plain(Path(result["document"]).name),
            coloured(result["status"]) + (f"\n{plain(result['reason'])}" if result["reason"] else ""),
            _signed(result),
            "\n".join(_claims(result)),
        )
    out.print(shown)
    unread = [result for result in results if result["detail"]]
    for result in unread[:SENTENCES]:
        out.print(f"{plain(Path(result['document']).name)}: {plain(result['detail'])}", soft_wrap=True)
    for line in [line for result in results for line in _copies(result)][:SENTENCES]:
        out.print(plain(line), soft_wrap=True)
    failed = sum(result["status"] == "failed" for result in results)
    out.print(f"{len(results)} documents, {failed} failed. Report: {report}", soft_wrap=True)


def _signed(result: dict[str, Any]) -> str:
    regions = [region for page in result["pages"] for region in page["regions"]]
    found = sum(region["label"] == "signature" for region in regions)
    return {True: f"yes, {found}x", False: "no", None: "unknown"}[result["signed"]]


def _copies(result: dict[str, Any]) -> Iterator[str]:
    """Signatures that show the same ink as another, or as a reference, in sentences."""
    name = Path(result["document"]).name
    for region in (region for page in result["pages"] for region in page["regions"]):
        place = f"{name}, page {region['page'] + 1}, signature {region['index'] + 1}"
        twin = region["duplicate_of"]
        if twin is not None:
            where = "a document erased since" if twin["key"] is None else Path(twin["key"]).name
            yield f"{place}: same {twin['kind']} as {where}"
        for copy in region["copy_of_reference"]:
            yield f"{place}: same ink as reference {copy['reference']} of {copy['signer']}"


def _claims(result: dict[str, Any]) -> list[str]:
    """Each claimed signer with the verdict that speaks most for it."""
    best = {claim["signer"]: claim["verdict"] for claim in result["claims"]}
    return [f"{plain(signer)}: {coloured(verdict or 'no signature')}" for signer, verdict in best.items()]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
