"""`countersign erase`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.account import account
from producer.console import err
from producer.options import RunFolder
from producer.services.erase import Target, choose, erase_target
from producer.services.run_folder import sessions_of, store_of
from producer.services.run_outputs import rewrite_outputs
from producer.text import counted


def erase(
    document: Annotated[
        str | None,
        typer.Option(help="A document's id, or a key, SHA-256 or task id of just one document."),
    ] = None,
    signer: Annotated[str | None, typer.Option(help="A signer's name.")] = None,
    documents_too: Annotated[
        bool, typer.Option("--documents-too", help="With --signer: also erase the documents that claim them.")
    ] = False,
    folder: RunFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a document or a signer: rows, pictures, embeddings and results.

    A record of the erasure stays, without names. You delete the original in the intake bucket yourself.
    The queued form does not take an erased document in again; `run` reads what it is given. With --run the
    folder's tables and report are rewritten. Exit status 1: nothing of that name was there.
    """
    # Both are opened before anybody is asked: what cannot be done is no question.
    sessions, store = sessions_of(folder), store_of(folder)
    target = choose(sessions, document=document, signer=signer, documents_too=documents_too)
    if document is not None and not target.documents:
        err.print(f"there is no document {document!r}", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    if not yes:
        typer.confirm(f"erase {_words(target)} for good?", abort=True, err=True)
    erased = erase_target(sessions, store, target, who=account())
    if folder is not None:
        rewrite_outputs(sessions, store, folder)
    if erased.signer is not None:
        err.print(f"the signer is {'erased' if erased.signer else 'on file nowhere'}")
    err.print(f"{counted(erased.documents, 'document')} erased")
    if not erased.signer and not erased.documents:
        raise typer.Exit(1)


def _words(target: Target) -> str:
    documents = counted(len(target.documents), "document")
    if target.signer is not None:
        names = " alias ".join(map(repr, target.names))
        return f"the signer {names} and {documents}"
    return f"{documents} {list(target.documents)}"
