"""`countersign reviews`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from producer.console import err, out, plain
from producer.options import RunFolder
from producer.services.planted import plant_case
from producer.services.review import waiting_reviews
from producer.services.review_export import export_decisions
from producer.services.run_folder import sessions_of
from producer.text import counted
from worker.errors import WrongUse
from worker.result.decisions import DecisionOutcome


class ReviewAction(StrEnum):
    """What is done with the review queue."""

    WAITING = "waiting"
    PLANT = "plant"
    EXPORT = "export"


def reviews(
    action: Annotated[ReviewAction, typer.Argument(help="What to do; see above.")] = ReviewAction.WAITING,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]...", help="A document, a name, an answer; a file."),
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="With plant: the page of the signature.")] = 1,
    region: Annotated[
        int | None, typer.Option(min=1, help="With plant: its number on the page, where there are several.")
    ] = None,
    folder: RunFolder = None,
) -> None:
    """The review queue: how many items wait, by why they are asked.

    `plant DOCUMENT NAME ANSWER` makes a case whose answer is known, `genuine` or `forged`: `serve --planted`
    asks every person about it once. `export FILE` writes all decisions as CSV, which `countersign-train
    evaluate decisions` reads.
    """
    given = list(words or ())
    sessions = sessions_of(folder)
    if action is ReviewAction.WAITING and not given:
        for why, number in waiting_reviews(sessions).items():
            out.print(f"{number} {why.replace('_', ' ')}")
    elif action is ReviewAction.PLANT and len(given) == 3:
        place = None if region is None else (page - 1, region - 1)
        plant_case(sessions, given[0], given[1], _answer(given[2]), place=place)
        err.print(f"everybody is asked once about {plain(given[1])} on document {plain(given[0])}")
    elif action is ReviewAction.EXPORT and len(given) == 1:
        number = export_decisions(sessions, Path(given[0]))
        err.print(f"{counted(number, 'decision')} in {plain(given[0])}", soft_wrap=True)
    else:
        raise WrongUse("`reviews`, `reviews plant DOCUMENT NAME ANSWER` or `reviews export FILE`")


def _answer(word: str) -> DecisionOutcome:
    try:
        return DecisionOutcome(word)
    except ValueError as error:
        raise WrongUse(f"{word!r} is no answer: a known case is `genuine` or `forged`") from error
