"""How a signer's references stand, shown by the commands that enroll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from producer.console import err, plain, table
from producer.services.enroll import ImageEnrolled

#: Pictures of references that are named one by one; of others the number alone.
NAMED = 20


def show_enrolment(enrolment: Mapping[str, Any], images: Mapping[str, str] | None = None) -> None:
    """A table on stderr: each reference with its score and what speaks against it, and what is lacking.

    `images` are names of files by the SHA-256 of their bytes.
    """
    shown = table(plain(enrolment["signer"]), "reference", "image", "score", "remarks", "against the others")
    references: Sequence[Mapping[str, Any]] = enrolment["references"]
    for one in references[:NAMED]:
        name = (images or {}).get(one["sha256"], one["sha256"][:12])
        score = "–" if one["score"] is None else f"{one['score']:.2f}"
        remarks = ", ".join(one["remarks"]).replace("_", " ")
        shown.add_row(str(one["number"]), plain(name), score, remarks, _standing(one))
    err.print(shown)
    if len(references) > NAMED:
        err.print(f"and {len(references) - NAMED} more")
    for line in warnings(enrolment):
        err.print(f"[yellow]{plain(line)}[/]", soft_wrap=True)


def tell_image(image: ImageEnrolled) -> None:
    """What came of one image, on stderr."""
    if image.refused is not None:
        err.print(f"[red]not enrolled:[/] {plain(image.refused)}")
    else:
        err.print(f"{plain(image.image)}: {'enrolled' if image.new else 'was on file already'}")


def warnings(enrolment: Mapping[str, Any]) -> list[str]:
    """What a person should know of these references, in sentences; none where all is well."""
    name = enrolment["signer"]
    said = [
        f"{name}: reference {one['number']} disagrees with the others "
        f"(log-likelihood ratio {one['llr']:.1f}); it is kept, look at it"
        for one in enrolment["references"]
        if one["outlier"]
    ]
    if enrolment["lacking"]:
        said.append(
            f"{name}: {enrolment['lacking']} more would narrow the inconclusive band "
            f"({enrolment['wanted']} agreeing references are enough)"
        )
    return said


def _standing(one: Mapping[str, Any]) -> str:
    if one["llr"] is None:
        return "–"
    return f"{one['llr']:+.1f}" + (" [red]disagrees[/]" if one["outlier"] else "")
