"""`countersign enroll`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from producer.console import print_json
from producer.printing import enrolments
from producer.services.enroll import enroll_images


def enroll(
    signer: Annotated[str, typer.Argument(help="The signer's name, as claims write it.")],
    images: Annotated[list[Path], typer.Argument(help="Images, each of one signature.", exists=True)],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all of the signer's references as JSON on stdout.")
    ] = False,
) -> None:
    """Put signature images on file for a signer. The same image twice counts once.

    Every reference gets a score from 0 to 1. One that disagrees with the signer's others is flagged and kept;
    that needs three. The last line says how many more are wanted.
    """
    from worker.enrolling import open_enroller  # noqa: PLC0415 - loads the models

    files = ((str(image), image.read_bytes()) for image in images)
    enrolled = enroll_images(
        open_enroller(), signer, files, who=getpass.getuser(), on_image=enrolments.tell_image
    )
    if as_json:
        print_json(enrolled.enrolment)
    else:
        names = {image.sha256: image.image for image in enrolled.images}
        enrolments.show_enrolment(enrolled.enrolment, names)
    raise typer.Exit(0 if enrolled.complete else 1)
