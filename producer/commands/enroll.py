"""`countersign enroll`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.commands.signers import SignerAction, signers
from producer.options import RunFolder


def enroll(
    signer: Annotated[str, typer.Argument(help="The signer's name, as claims write it.")],
    images: Annotated[list[str], typer.Argument(help="Images, each of one signature, or folders of them.")],
    force: Annotated[
        bool, typer.Option("--force", help="Enroll images of a low grade or of several signatures, too.")
    ] = False,
    folder: RunFolder = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all of the signer's references as JSON on stdout.")
    ] = False,
) -> None:
    """Put signature images on file for a signer: the short form of `countersign signers enroll`.

    Every reference gets a score from 0 to 1. With three or more, one that disagrees with the
    others is flagged, and kept. The last line says how many more are wanted.
    """
    signers(SignerAction.ENROLL, [signer, *images], force=force, folder=folder, as_json=as_json)
