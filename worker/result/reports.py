"""Results beside that of a document: comparisons, replays, references on file, findings of the doctor."""

from __future__ import annotations

from pydantic import Field, JsonValue

from db.states import AnswerCause, ChangeKind, Status
from worker.result.base import Count, Moment, ResultModel, Share
from worker.result.decisions import DecisionResult
from worker.result.document import DocumentResult
from worker.vision.choices import MIN_REFERENCE_GRADE, Confidence, Outcome


class ReferenceScores(ResultModel):
    """How well each of two compared images would serve as a reference."""

    a: Share = Field(description="Score of the first image.")
    b: Share = Field(description="Score of the second image.")


class ComparisonResult(ResultModel):
    """A signature image against one reference or several."""

    a: str = Field(description="Path of the first image, the query.")
    b: str = Field(description="Path of the reference; of several, parted by `;`.")
    references: Count = Field(default=1, description="How many references `b` names.")
    probability: Share | None = Field(
        description="Probability that both are of one hand, calibrated at even odds; null when not compared."
    )
    verdict: Outcome = Field(description="What the comparison says.")
    confidence: Confidence | None = Field(
        description="How rarely such verdicts were wrong on the worst source left out."
    )
    llr: float | None = Field(description="Natural logarithm of the likelihood ratio.")
    scores: ReferenceScores | None = Field(
        description="How well each serves as a reference, `b` the worst of several; null when not compared."
    )
    same_ink: bool = Field(description="Whether both show one act of writing.")
    reason: str | None = Field(description="Reason code why they were not compared.")
    detail: str | None = Field(
        description="The reason in a sentence, or where on a whole page the signature was found."
    )


class Difference(ResultModel):
    """A field whose value is another one now."""

    field: str = Field(description="Path of the field, such as `pages[0].width`.")
    then: JsonValue = Field(description="Its value in the bundle.")
    now: JsonValue = Field(description="Its value here.")


class ReplayResult(ResultModel):
    """What came of reading a bundle's document again."""

    same: bool = Field(description="Whether the answer is the same.")
    differences: tuple[Difference, ...] = Field(description="How the answer differs.")
    versions: tuple[Difference, ...] = Field(description="Which versions are others than then.")
    result: DocumentResult = Field(description="The new result.")


class ReferenceResult(ResultModel):
    """A reference on file: its grade, and whether it disagrees with the signer's others."""

    number: int = Field(ge=1, description="Its number, from 1 in the order of enrolment.")
    sha256: str = Field(description="SHA-256 of the image's bytes, in hexadecimal.")
    score: Share | None = Field(description="How well it serves as a reference; null for those never graded.")
    remarks: tuple[str, ...] = Field(description="What speaks against it.")
    llr: float | None = Field(
        description="Natural logarithm of the likelihood ratio against the signer's others; null below three."
    )
    outlier: bool = Field(description="Whether it disagrees with the signer's others.")
    damage: str | None = Field(
        default=None, description="What is wrong with its stored picture; it is left out of comparisons then."
    )

    @property
    def weak(self) -> bool:
        """Whether its grade is too low for a verdict to rest on it."""
        return self.score is not None and self.score < MIN_REFERENCE_GRADE


class EnrolmentResult(ResultModel):
    """All references of a signer, judged together, and how many more are wanted."""

    signer: str = Field(description="The signer's name.")
    references: tuple[ReferenceResult, ...] = Field(description="The references, in the order of enrolment.")
    wanted: int = Field(ge=0, description="How many agreeing references are enough.")
    lacking: int = Field(ge=0, description="How many more are wanted.")


class StageResult(ResultModel):
    """How one stage gets on."""

    stage: str = Field(description="Name of the stage.")
    waiting: Count = Field(description="Rows that wait for it and are in nobody's hands.")
    at_work: Count = Field(description="Rows that a worker holds.")
    standing_since: Moment | None = Field(
        description="Since when a document that waits has seen no event; null when none waits."
    )


class WorkerResult(ResultModel):
    """A worker that was seen at work."""

    worker: str = Field(description="Node name of the worker.")
    stage: str = Field(description="Stage of its newest event.")
    at: Moment = Field(description="When that was.")


class OverviewResult(ResultModel):
    """How many documents stand where, as `countersign status --json` prints it."""

    documents: dict[Status, Count] = Field(description="Documents by their status, zeros included.")
    reasons: dict[str, Count] = Field(
        description="Quarantined documents by their reason code, most frequent first."
    )
    signers: Count = Field(description="Signers on file.")
    waiting_since: Moment | None = Field(
        default=None, description="When the document was registered that waits longest; null when none does."
    )
    finished_last_hour: Count = Field(default=0, description="Documents answered within an hour.")
    stages: tuple[StageResult, ...] = Field(default=(), description="The stages in their order.")
    workers: tuple[WorkerResult, ...] = Field(default=(), description="Workers of the newest events.")


class ChangeResult(ResultModel):
    """A place in the feed of changes, as `countersign results --since` prints it."""

    place: int = Field(ge=1, description="Its place, from 1. Places follow each other without gaps.")
    at: Moment = Field(description="When it was committed.")
    change: ChangeKind = Field(
        description="`answered`: the document has a new answer; `reopened`: it is at work again, its newest "
        "answer stands until the next; `decided`: a person said something of one of its verdicts; "
        "`erased`: forget it."
    )
    document_id: int = Field(description="Number of the document in the database.")
    answer: int | None = Field(default=None, description="Number of the answer; null without one.")
    cause: AnswerCause | None = Field(
        default=None,
        description="Why that answer was given; with `reopened`, why the next one is sought; `review` with "
        "`decided` alone.",
    )
    asked_by: str | None = Field(default=None, description="Who asked for it; null for the intake.")
    result: DocumentResult | None = Field(
        default=None,
        description="What the answer said; null for other changes, and once the document is erased.",
    )
    decisions: tuple[DecisionResult, ...] = Field(
        default=(),
        description="With `decided`: what people have said of its verdicts by now, oldest first. While "
        "people are still asked about a verdict, what was said of it is not told.",
    )
    problem: str | None = Field(
        default=None, description="Reason code why the stored result cannot be read; null otherwise."
    )


class StatementResult(ResultModel):
    """The completeness statement: what became of every version in a bucket or folder."""

    bucket: str = Field(description="The bucket; `file` for a folder.")
    prefix: str = Field(description="What the keys of its documents begin with.")
    complete: bool = Field(
        description="Whether every version that is or was there has its final answer, or was erased."
    )
    versions: Count = Field(description="Versions that are there.")
    waiting: Count = Field(description="Of them: registered, no worker has begun.")
    working: Count = Field(description="Of them: at least one worker has begun.")
    done: Count = Field(description="Of them: answered in full.")
    partial: Count = Field(description="Of them: answered in part.")
    quarantined: Count = Field(description="Of them: in quarantine.")
    erased: Count = Field(description="Of them: erased from the database, for good.")
    unknown: Count = Field(description="Of them: not registered.")
    gone: dict[str, Count] = Field(
        description="Documents whose version is no longer there, by the same words, zeros included."
    )


class DoctorFinding(ResultModel):
    """What the doctor says of one part of an installation."""

    check: str = Field(description="What was looked at.")
    ok: bool | None = Field(description="Whether it is well; null for what is absent and need not be there.")
    found: str = Field(description="What was found.")
    advice: str = Field(default="", description="What to do about it; empty when nothing need be done.")
