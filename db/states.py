"""The states that rows can have; plain values, without SQLAlchemy."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a document stands, as its owner sees it."""

    WAITING = "waiting"  # registered; no worker has begun
    WORKING = "working"  # at least one worker has begun
    DONE = "done"  # every page was read, and the crop of every signature
    PARTIAL = "partial"  # answered, but at least one page or crop could not be read
    FAILED = "failed"  # in quarantine: kept, with its reason, until somebody retries it

    @property
    def final(self) -> bool:
        """True when nothing more will happen by itself."""
        return self in (Status.DONE, Status.PARTIAL, Status.FAILED)


class DocumentStage(StrEnum):
    """What a document waits for next."""

    RENDER = "render"  # its bytes are to be turned into pages
    FINISH = "finish"  # its pages are all known; it ends when its last chunk closes
    LINKED = "linked"  # same bytes as an earlier document, whose answer it takes over
    CLOSED = "closed"  # nothing


#: What a document waits for when it is registered, or begins again.
FIRST_STAGE = next(iter(DocumentStage))


class ChunkStage(StrEnum):
    """What a chunk of consecutive pages waits for next."""

    DETECT = "detect"
    VERIFY = "verify"
    SLOTS = "slots"
    CLOSED = "closed"


#: What a row waits for: a document or a chunk.
StageName = DocumentStage | ChunkStage


class EventSource(StrEnum):
    """What writes an event of a document's history where no stage does."""

    INTAKE = "intake"  # it came in, or was called off again
    OPERATOR = "operator"  # somebody had it read again, or changed its claims
    REVIEW = "review"  # somebody decided on a verdict
    QUARANTINE = "quarantine"  # it was given up


class PageStatus(StrEnum):
    """How far one page is."""

    RENDERED = "rendered"  # its image is in storage
    DETECTED = "detected"  # its regions are known
    FAILED = "failed"  # it could not be read; its reason says why


class ClaimSource(StrEnum):
    """Where a claim came from: the sources of the intake in falling order of trust, then a person."""

    FILE = "file"
    METADATA = "metadata"
    SIDECAR = "sidecar"
    KEY = "key"
    OPERATOR = "operator"  # somebody corrected or added it by hand


class Priority(StrEnum):
    """How urgent whoever sent a document says it is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """As rows have it: the higher comes first."""
        return list(Priority).index(self) - 1

    @classmethod
    def of_rank(cls, rank: int) -> Priority:
        """The priority with that rank."""
        return list(cls)[rank + 1]


class AnswerCause(StrEnum):
    """Why a document was answered."""

    FIRST_READING = "first_reading"  # it came in
    RETRY = "retry"  # somebody had it read again
    NEW_MODEL = "new_model"  # other weights read it again
    NEW_REFERENCE = "new_reference"  # the references of a claimed signer have changed
    CHANGED_CLAIM = "changed_claim"  # it claims other signers
    REVIEW = "review"  # a person decided: of changes in the feed; the answer stands as it was given
    COPY_FOUND = "copy_found"  # an earlier document turned out to show the same ink
    ERASURE = "erasure"  # a name or an earlier document was erased
    CHANGED_RULES = "changed_rules"  # the rules of its type ask for other marks


class ChangeKind(StrEnum):
    """What a place in the feed of changes tells of a document."""

    ANSWERED = "answered"  # it has a new answer
    REOPENED = "reopened"  # it is at work again; its newest answer stands until the next
    ERASED = "erased"  # it is gone, and all its answers with it
    DECIDED = "decided"  # a person said something of one of its verdicts; its newest answer stands


class VerdictOutcome(StrEnum):
    """What a verdict says: the words of `worker.vision.choices.Outcome`, which knows no database."""

    GENUINE = "genuine"
    FORGED = "forged"
    INCONCLUSIVE = "inconclusive"
    NO_REFERENCE = "no_reference"


class ReviewReason(StrEnum):
    """Why a person is asked about a verdict."""

    REFERENCE_COPY = "reference_copy"  # the ink is that of a reference of the signer
    FORGED = "forged"
    INCONCLUSIVE = "inconclusive"
    COPY = "copy"  # an earlier document shows the same ink
    DOUBTFUL_REFERENCES = "doubtful_references"  # references that it rests on disagree with each other
    LOW_EVIDENCE = "low_evidence"  # genuine, with low confidence
    SAMPLE = "sample"  # one of a share of all others, drawn by its number


#: Verdicts that a person should see. They are few.
OUTCOMES_TO_SEE = (VerdictOutcome.FORGED, VerdictOutcome.INCONCLUSIVE)


class ClaimAnswer(StrEnum):
    """What became of a claim, as the business asks it."""

    GENUINE = "genuine"  # a signature is the claimed signer's
    FORGED = "forged"  # the signature that stands for the claim is not the signer's
    INCONCLUSIVE = "inconclusive"  # cannot say: too little ink, the uncertain band, or unread pages
    NO_REFERENCE = "no_reference"  # nothing to compare with
    NOT_FOUND = "not_found"  # every page was read, and no signature is left for this claim
