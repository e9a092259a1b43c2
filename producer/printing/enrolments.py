"""How a signer's references stand, shown by the commands that enroll."""

from __future__ import annotations

from collections.abc import Mapping

from producer.console import empty_table, err, plain
from producer.services.enroll import ImageEnrolled, SignerEnrolled
from worker.result import EnrolmentResult, ReferenceResult

#: Pictures of references that are named one by one; of others the number alone.
REFERENCES_LISTED = 20


def show_enrolment(enrolment: EnrolmentResult, images: Mapping[str, str] | None = None) -> None:
    """A table on stderr: each reference with its score and what speaks against it, and what is lacking.

    `images` are names of files by the SHA-256 of their bytes. Without references there is a sentence alone.
    """
    if not enrolment.references:
        err.print(f"{plain(enrolment.signer)} has no reference on file", soft_wrap=True)
        return
    rows = empty_table(
        plain(enrolment.signer), "reference", "image", "score", "remarks", "against the others"
    )
    for reference in enrolment.references[:REFERENCES_LISTED]:
        name = (images or {}).get(reference.sha256, reference.sha256[:12])
        score = "–" if reference.score is None else f"{reference.score:.2f}"
        remarks = ", ".join(reference.remarks).replace("_", " ")
        rows.add_row(str(reference.number), plain(name), score, remarks, _standing(reference))
    err.print(rows)
    if len(enrolment.references) > REFERENCES_LISTED:
        err.print(f"and {len(enrolment.references) - REFERENCES_LISTED} more")
    for line in warnings(enrolment):
        err.print(f"[yellow]{plain(line)}[/]", soft_wrap=True)


def tell_signer(enrolled: SignerEnrolled) -> None:
    """What came of each image of a signer, and how the references stand, on stderr."""
    for image in enrolled.images:
        tell_image(image)
    show_enrolment(enrolled.enrolment, {image.sha256: image.image for image in enrolled.images})


def tell_image(image: ImageEnrolled) -> None:
    """What came of one image, on stderr."""
    if image.refused is not None:
        err.print(f"[red]not enrolled:[/] {plain(image.refused)}", soft_wrap=True)
    else:
        err.print(f"{plain(image.image)}: {'enrolled' if image.new else 'was on file already'}")
    if image.note is not None:
        err.print(plain(image.note), soft_wrap=True)


def warnings(enrolment: EnrolmentResult) -> list[str]:
    """What a person should know of these references, in sentences; none where all is well."""
    name = enrolment.signer
    sentences = [
        f"{name}: reference {reference.number} disagrees with the others "
        f"(log-likelihood ratio {reference.llr:.1f}); it is kept, look at it"
        for reference in enrolment.references
        if reference.outlier
    ]
    sentences += [
        f"{name}: the stored picture of reference {reference.number} is damaged ({reference.damage}); "
        "it may be left out of comparisons: enroll it again"
        for reference in enrolment.references
        if reference.damage
    ]
    sentences += [
        f"{name}: reference {reference.number} has a grade of {reference.score or 0.0:.2f}"
        f"{_remarks(reference)}; no verdict above inconclusive rests on it"
        for reference in enrolment.references
        if reference.weak
    ]
    if enrolment.lacking:
        sentences.append(
            f"{name}: {enrolment.lacking} more would narrow the inconclusive band "
            f"({enrolment.wanted} agreeing references are enough)"
        )
    return sentences


def _remarks(reference: ReferenceResult) -> str:
    return f" ({', '.join(reference.remarks).replace('_', ' ')})" if reference.remarks else ""


def _standing(reference: ReferenceResult) -> str:
    if reference.llr is None:
        return "–"
    return f"{reference.llr:+.1f}" + (" [red]disagrees[/]" if reference.outlier else "")
