"""A verdict in the words of forensic reports: what the comparison supports, and why it decides nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from worker.result import RegionResult, VerdictResult
from worker.vision.choices import Outcome

#: Likelihood ratios below which support has that name: the scale of the forensic institutes (ENFSI, 2015).
_SUPPORT = (
    (10.0, "weak"),
    (100.0, "moderate"),
    (1_000.0, "moderately strong"),
    (10_000.0, "strong"),
    (math.inf, "very strong"),
)
#: A ratio below this one supports neither proposition.
_NEITHER = 2.0
#: Fewer references than this say little of how much a writer varies.
_FEW = 3


def support(verdict: VerdictResult) -> str:
    """What the comparison supports, both propositions stated; empty for a verdict without a ratio."""
    llr = verdict.likelihood
    if llr is None:
        return ""
    wrote = f"that {verdict.signer} wrote this signature"
    imitated = "that another person imitated it skilfully"
    ratio = math.exp(abs(llr))
    if ratio < _NEITHER:
        return f"The comparison supports neither {wrote} nor {imitated}."
    word = next(name for limit, name in _SUPPORT if ratio < limit)
    first, second = (wrote, imitated) if llr > 0 else (imitated, wrote)
    return f"{word.capitalize()} support for the proposition {first}, against {second}: {ratio:.0f} to 1."


def why_inconclusive(verdict: VerdictResult, region: RegionResult) -> list[str]:
    """Why a verdict is inconclusive, most telling first; empty for any other verdict."""
    if verdict.verdict is not Outcome.INCONCLUSIVE:
        return []
    return list(_reasons(verdict, region)) or ["verdicts at such a ratio erred too often"]


def _reasons(verdict: VerdictResult, region: RegionResult) -> Iterator[str]:
    if region.quality is not None and region.quality.issues:
        yield f"the crop is {', '.join(region.quality.issues)}".replace("_", " ")
    if verdict.doubtful_references:
        yield "the references disagree with each other"
    if verdict.references == 1:
        yield "one reference does not show how much its writer varies"
    elif verdict.references < _FEW:
        yield "few references show little of how much their writer varies"
