"""The typed result: what Countersign answers, as frozen models.

Everything that leaves is written from these models: JSON, JSON Lines, CSV, Parquet, the HTML report, replays.
Their JSON Schema is `docs/result.schema.json`; `docs/result.md` has tables made from it. Both only grow: a
field that is added gets a default, so that older results can still be read, and fields that a reader does not
know are ignored.
"""

from worker.result.base import ResultModel
from worker.result.document import (
    AnswerResult,
    ClaimResult,
    DocumentHistory,
    DocumentResult,
    EventResult,
    PageResult,
    PointSize,
    ReferenceUsed,
    SignaturePlace,
    VerdictResult,
    VersionsResult,
)
from worker.result.region import (
    CropQuality,
    DuplicateKind,
    DuplicateResult,
    PointBox,
    ReferenceCopyResult,
    RegionResult,
    SignedBy,
    SuggestionResult,
)
from worker.result.reports import (
    ChangeResult,
    ComparisonResult,
    Difference,
    DoctorFinding,
    EnrolmentResult,
    OverviewResult,
    ReferenceResult,
    ReferenceScores,
    ReplayResult,
    StageResult,
    StatementResult,
    WorkerResult,
)
from worker.result.slot import AnchorResult, CompletenessResult, SlotResult
from worker.result.tables import ClaimRow, DocumentRow, SignatureRow
from worker.result.verdict_rows import VerdictRow

__all__ = [
    "AnchorResult",
    "AnswerResult",
    "ChangeResult",
    "ClaimResult",
    "ClaimRow",
    "ComparisonResult",
    "CompletenessResult",
    "CropQuality",
    "Difference",
    "DoctorFinding",
    "DocumentHistory",
    "DocumentResult",
    "DocumentRow",
    "DuplicateKind",
    "DuplicateResult",
    "EnrolmentResult",
    "EventResult",
    "OverviewResult",
    "PageResult",
    "PointBox",
    "PointSize",
    "ReferenceCopyResult",
    "ReferenceResult",
    "ReferenceScores",
    "ReferenceUsed",
    "RegionResult",
    "ReplayResult",
    "ResultModel",
    "SignaturePlace",
    "SignatureRow",
    "SignedBy",
    "SlotResult",
    "StageResult",
    "StatementResult",
    "SuggestionResult",
    "VerdictResult",
    "VerdictRow",
    "VersionsResult",
    "WorkerResult",
]
