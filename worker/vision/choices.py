"""The words and limits of vision: what settings may choose and results may say. Loads no NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

#: A reference disagrees with the signer's others from this log-likelihood ratio downwards: were it a query,
#: such ink would be seven times likelier under a skilled forgery.
OUTLIER_LLR = -2.0
#: The grade of a reference below which no verdict above inconclusive rests on it.
MIN_REFERENCE_GRADE = 0.3

#: The package whose wheel carries the network that reads lines of print.
READER_PACKAGE = "rapidocr"


class Label(StrEnum):
    """What a region is."""

    SIGNATURE = "signature"
    INITIALS = "initials"
    HANDWRITTEN_DATE = "handwritten_date"
    REDACTION = "redaction"
    HANDWRITING = "handwriting"
    #: What no detector finds: signatures that the second-stage classifier rejected, kept for audits.
    PRINTED_TEXT = "printed_text"
    STAMP_OR_LOGO = "stamp_or_logo"


class Cleaning(StrEnum):
    """How crops are cleaned; `auto` is what the measured figures speak for."""

    OFF = "off"
    CLASSICAL = "classical"
    LEARNED = "learned"
    AUTO = "auto"


class QualityIssue(StrEnum):
    """Why a crop may not be fit for comparison."""

    BLANK = "blank"
    TOO_SMALL = "too_small"
    TOO_LITTLE_INK = "too_little_ink"
    TOO_MUCH_INK = "too_much_ink"
    CLIPPED = "clipped"


class Outcome(StrEnum):
    """What the comparison of a region with a signer's references says."""

    GENUINE = "genuine"
    FORGED = "forged"
    INCONCLUSIVE = "inconclusive"
    NO_REFERENCE = "no_reference"


class Confidence(StrEnum):
    """How rarely verdicts of this strength were wrong on the worst source that fitted nothing."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may cost; each has a setting and a reason code."""

    max_bytes: int = 200 * 1024 * 1024
    max_pages: int = 2_000
    max_pixels: int = 100_000_000
    render_dpi: int = 200
    #: Whether the words and form fields of PDF pages are read beside their pixels.
    layout: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a detected box counts. Scores and IoU are in [0, 1]; `per_label` overrides `min_score`.

    From `candidate_score` on, boxes of any label are handed on as candidates as well; None hands on none.
    """

    min_score: float = 0.25
    max_iou: float = 0.45
    per_label: dict[Label, float] = field(default_factory=dict)
    candidate_score: float | None = None

    def floor(self, label: Label) -> float:
        """The score a box of that label must reach."""
        return self.per_label.get(label, self.min_score)

    @property
    def of_candidates(self) -> Thresholds | None:
        """The thresholds of candidates; None where none are handed on."""
        if self.candidate_score is None:
            return None
        return Thresholds(self.candidate_score, self.max_iou)
