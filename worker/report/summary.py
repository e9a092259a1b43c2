"""Document results read as a person would: which claims hold, what to look at first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from worker.vision.values import Outcome

#: One document as `countersign run --json` prints it.
Result = dict[str, Any]

#: What became of a claim: the verdict, or that no signature is left for the claimed signer.
NOT_FOUND = "not_found"
STATES = (*(outcome.value for outcome in Outcome), NOT_FOUND)
_WORDS = {True: "signed", False: "unsigned", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed signer and what became of the claim."""

    signer: str
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """A document in the table of all documents."""

    number: int
    #: The name without the folders that all documents share.
    name: str
    result: Result
    signed: str
    signatures: int
    claims: list[Claim]
    #: Why a person should look at it first; empty when nothing speaks for it.
    why: list[str]

    @property
    def states(self) -> list[tuple[str, int]]:
        """How many claims came to what."""
        counted = Counter(claim.state for claim in self.claims)
        return [(state, counted[state]) for state in STATES if counted[state]]


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over all documents, zeroes included."""

    documents: int
    pages: int
    signatures: int
    status: dict[str, int]
    signed: dict[str, int]
    claims: dict[str, int]


def rows(results: Sequence[Result]) -> list[Row]:
    """One row per document, numbered from 1 in the given order."""
    names = short_names([result["document"] for result in results])
    return [
        _row(number, name, result)
        for number, (name, result) in enumerate(zip(names, results, strict=True), 1)
    ]


def summary(listed: Sequence[Row]) -> Summary:
    """The counts at the top of a report."""
    return Summary(
        documents=len(listed),
        pages=sum(len(row.result["pages"]) for row in listed),
        signatures=sum(row.signatures for row in listed),
        status=_counted(("done", "partial", "failed"), (row.result["status"] for row in listed)),
        signed=_counted(("signed", "unsigned", "unknown"), (row.signed for row in listed)),
        claims=_counted(STATES, (claim.state for row in listed for claim in row.claims)),
    )


def claims(result: Result) -> list[Claim]:
    """What became of each claimed signer."""
    return [Claim(claim["signer"], claim["verdict"] or NOT_FOUND) for claim in result.get("claims", ())]


def likeliest_first(verdicts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Verdicts by falling probability; those without one come last."""
    return sorted(
        verdicts, key=lambda row: -1.0 if row["probability"] is None else row["probability"], reverse=True
    )


def short_names(names: Sequence[str]) -> list[str]:
    """The names without the folder that all of them share; a lone name loses its folder too."""
    folders = [PurePosixPath(name).parent.parts for name in names]
    shared = 0
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared += 1
    return [str(PurePosixPath(*PurePosixPath(name).parts[shared:])) for name in names]


def _row(number: int, name: str, result: Result) -> Row:
    held = claims(result)
    labels = [region["label"] for page in result["pages"] for region in page["regions"]]
    return Row(
        number, name, result, _WORDS[result["signed"]], labels.count("signature"), held, _why(result, held)
    )


def _why(result: Result, held: Sequence[Claim]) -> list[str]:
    states = {claim.state for claim in held}
    regions = [region for page in result["pages"] for region in page["regions"]]
    reasons = {
        "could not be read": result["status"] == "failed",
        "some pages could not be read": result["status"] == "partial",
        "a signature does not match the claimed signer": Outcome.FORGED in states,
        "a signature could not be decided": Outcome.INCONCLUSIVE in states,
        "the signature of a claimed signer was not found": NOT_FOUND in states
        and result["status"] != "failed",
        "a signature shows the same ink as another": any(one.get("duplicate_of") for one in regions),
        "a signature is a copy of a reference": any(one.get("copy_of_reference") for one in regions),
        "a reference disagrees with the others": any(
            one.get("doubtful_references") for one in result["verdicts"]
        ),
    }
    return [reason for reason, holds in reasons.items() if holds]


def _counted(names: Sequence[str], found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {name: counts[name] for name in names}
