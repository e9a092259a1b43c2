"""`countersign claim`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.account import account
from producer.console import err, sentences_only
from producer.options import RunFolder
from producer.printing.documents import tell_answer
from producer.printing.not_used import tell_note
from producer.services.amend_claims import Amendment, ClaimAction, amend_claims
from producer.services.run_folder import sessions_of
from producer.services.sending import open_sender


def claim(
    action: Annotated[ClaimAction, typer.Argument(help="add, correct or withdraw.")],
    document: Annotated[
        str, typer.Argument(help="A document's id, or a key, SHA-256 or task id of just one document.")
    ],
    signer: Annotated[str, typer.Argument(help="The claimed signer.")],
    to: Annotated[str | None, typer.Argument(help="With correct: the name in its place.")] = None,
    why: Annotated[str, typer.Option(help="The reason; it stands in the history.")] = "no reason given",
    folder: RunFolder = None,
) -> None:
    """Change whom a document claims as its signer. It gets a new answer; the earlier one stays.

    Pages are not rendered or searched again. With --run this command compares them itself, with the current
    settings, and rewrites the folder's tables and report.
    """
    amendment = Amendment(action=action, signer=signer, to=to, who=account(), why=why)
    if folder is not None:
        sentences_only()
    with open_sender(folder, on_answer=tell_answer) as send:
        amended = amend_claims(sessions_of(folder), send, document, amendment)
    how = "is compared again" if amended.again else "will meet its claims when it is read"
    err.print(f"document {amended.document_id} {how}")
    for note in amended.notes:
        tell_note(note)
