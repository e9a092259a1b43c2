"""`countersign run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import print_json, sentences_only
from producer.printing.documents import show_run
from producer.printing.run_events import told, told_when_stopped
from producer.services.run import run_documents

#: Where a run leaves its results when nothing else is said.
DEFAULT_OUT = Path("countersign-results")


_Paths = Annotated[list[Path], typer.Argument(help="Documents, or folders of documents.", exists=True)]
_Out = Annotated[Path, typer.Option(help="Folder for the database, the pictures and the report.")]
_References = Annotated[
    Path | None,
    typer.Option(help="Folder with one folder per signer: DIR/<signer>/*.png|jpg|tif.", exists=True),
]
_Claims = Annotated[
    Path | None, typer.Option(help="CSV with the columns key,signer; a row per claimed signer.")
]
_MinScore = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Score that a box must reach. Default: 0.5, or 0.44 with `detector-accurate`. "
        "Unless it is set, marks that sign need none.",
    ),
]
_Resume = Annotated[
    bool, typer.Option("--resume", help="Keep earlier answers whose claims, references and settings stay.")
]
_Slots = Annotated[
    bool, typer.Option("--slots", help="Find the places that ask for a mark, and say what is missing.")
]
_Rules = Annotated[
    Path | None,
    typer.Option(help="Folder of rule files: what types of documents need; implies --slots.", exists=True),
]
_Templates = Annotated[
    Path | None,
    typer.Option(help="Folder of templates, whose copies are recognised; implies --slots.", exists=True),
]
_Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object per document on stdout, nothing else.")
]


def run(
    paths: _Paths,
    out: _Out = DEFAULT_OUT,
    references: _References = None,
    claims: _Claims = None,
    min_score: _MinScore = None,
    resume: _Resume = False,
    slots: _Slots = False,
    rules: _Rules = None,
    templates: _Templates = None,
    as_json: _Json = False,
) -> None:
    """Read documents here and now: no servers, all cores.

    Finds signatures and compares them with the references of the signers that each document claims. The
    output folder gets a database, the pictures, an HTML report and the tables claims.csv, signatures.csv and
    documents.csv. A document that cannot be read is reported with a reason; the others go on.

    Exit status 1: a document could not be read, or something that was given was not used; each is named.
    Ctrl-C keeps the answers so far; --resume goes on.
    """
    sentences_only()  # a line for each failure would only tear the progress bar
    with told() as tell, told_when_stopped(tell):
        answer = run_documents(
            paths,
            out,
            references=references,
            claims=claims,
            min_score=min_score,
            resume=resume,
            slots=slots,
            rules=rules,
            templates=templates,
            on_event=tell,
        )
    if as_json:
        for result in answer.results:
            print_json(result)
    else:
        show_run(answer)
    raise typer.Exit(0 if answer.complete else 1)
