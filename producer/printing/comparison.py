"""The opinion on a pair of signature images, for a person."""

from __future__ import annotations

from producer.console import coloured, out, plain
from worker.result import ComparisonResult

#: Images that score less get a sentence.
LOW_SCORE = 0.5


def show_comparison(answer: ComparisonResult) -> None:
    """The verdict with what a person should know beside it."""
    if answer.reason is not None:
        out.print(f"[red]not compared[/]: {plain(answer.detail or '')}", soft_wrap=True)
        return
    band = answer.confidence or "no"
    out.print(f"{coloured(answer.verdict)}, probability {answer.probability:.3f}, {band} confidence")
    if answer.verdict == "inconclusive" and answer.references == 1:
        out.print("One reference was given: with several, in a table for --pairs, more is decided.")
    if answer.detail:
        out.print(plain(answer.detail), soft_wrap=True)
    if answer.same_ink:
        out.print("Both show the same ink: one is a copy of the other, or both are copies of a third.")
    for image, score in answer.scores or ():
        if score < LOW_SCORE:
            out.print(f"Image {image} would be a poor reference: score {score:.2f} of 1.")
