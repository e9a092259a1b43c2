"""The tables, by noun. Loading this package loads them all: relationships name classes of other modules."""

from __future__ import annotations

from db.models.access import ApiKey, Submission, WebSession
from db.models.answers import (
    AnsweredClaim,
    AnsweredMark,
    ChangesHead,
    DiscardedResult,
    DocumentAnswer,
    DocumentChange,
)
from db.models.copies import Duplicate, ReferenceCopy, Scope
from db.models.documents import Chunk, Claim, Document, Leased, Page, leased_model
from db.models.history import Erasure, Event, Versions, VersionsContent
from db.models.regions import QualityContent, Region, Suggestion, Verdict
from db.models.reviews import Decision, EvidenceContent, KeyMap, Review, ReviewScan
from db.models.signers import Reference, ReferenceContent, Signer, SignerEvent
from db.models.traces import TraceScan
from db.models.webhooks import Delivery, DeliveryAttempt, Webhook, WebhookSecret
from db.models.workers import Heartbeat

__all__ = [
    "AnsweredClaim",
    "AnsweredMark",
    "ApiKey",
    "ChangesHead",
    "Chunk",
    "Claim",
    "Decision",
    "Delivery",
    "DeliveryAttempt",
    "DiscardedResult",
    "Document",
    "DocumentAnswer",
    "DocumentChange",
    "Duplicate",
    "Erasure",
    "Event",
    "EvidenceContent",
    "Heartbeat",
    "KeyMap",
    "Leased",
    "Page",
    "QualityContent",
    "Reference",
    "ReferenceContent",
    "ReferenceCopy",
    "Region",
    "Review",
    "ReviewScan",
    "Scope",
    "Signer",
    "SignerEvent",
    "Submission",
    "Suggestion",
    "TraceScan",
    "Verdict",
    "Versions",
    "VersionsContent",
    "WebSession",
    "Webhook",
    "WebhookSecret",
    "leased_model",
]
