"""The flat tables: documents, claims and signatures, in the words of the database's views.

The columns are the fields, in order. `db.guards.views` has the queries.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from db.states import AnswerCause, ClaimAnswer, ClaimSource, Status
from worker.result.base import Count, Moment, PagePixels, ResultModel, Share
from worker.result.region import DuplicateKind, SignedBy
from worker.result.verdict_rows import each_once
from worker.vision.choices import Confidence, Outcome

_DocumentId = Annotated[int, Field(description="Number of the document in the database.")]
_Bucket = Annotated[str, Field(description="The intake bucket; `file` for local files.")]
_Key = Annotated[str, Field(description="The object's key, or the path of a local file.")]
_Version = Annotated[
    str, Field(description="Version id or ETag of the object, or the digest of a local file.")
]
_Sha256 = Annotated[
    str | None, Field(default=None, description="SHA-256 of its bytes; empty until they were read.")
]
_Status = Annotated[
    Status,
    Field(
        description="Where the document stands: `waiting`, `working`, `done`, `partial` or `failed`. "
        "While it is read again, the newest answer stands until the next."
    ),
]
_Reason = Annotated[str | None, Field(default=None, description="Reason code why it is not done.")]
_Page = Annotated[Count | None, Field(default=None, description="Page of that signature, from 0.")]
_Region = Annotated[
    Count | None, Field(default=None, description="Index of its region on that page, from 0.")
]
_CropKey = Annotated[str | None, Field(default=None, description="Storage key of the crop as scanned.")]
_CleanKey = Annotated[str | None, Field(default=None, description="Storage key of the cleaned crop.")]
_CropLink = Annotated[
    str | None, Field(default=None, description="Path of the crop in the web app of `countersign serve`.")
]
_Probability = Annotated[
    Share | None, Field(default=None, description="Probability of a genuine signature, at even odds.")
]
_Llr = Annotated[float | None, Field(default=None, description="Natural logarithm of the likelihood ratio.")]
_Confidence = Annotated[
    Confidence | None, Field(default=None, description="How rarely such verdicts were wrong.")
]
_References = Annotated[
    Count | None, Field(default=None, description="How many references it was compared with.")
]
_RegisteredAt = Annotated[Moment, Field(description="When the document was registered.")]
_AnswerNumber = Annotated[
    int | None,
    Field(default=None, ge=1, description="Number of the newest answer; empty before the first."),
]
_Cause = Annotated[AnswerCause | None, Field(default=None, description="Why that answer was given.")]
_AskedBy = Annotated[str | None, Field(default=None, description="Who asked for it; empty for the intake.")]
_AnsweredAt = Annotated[Moment | None, Field(default=None, description="When it was given.")]
_Detector = Annotated[str | None, Field(default=None, description="SHA-256 of the detector's weights.")]
_Classifier = Annotated[
    str | None, Field(default=None, description="SHA-256 of the second-stage classifier.")
]
_Roles = Annotated[
    str | None, Field(default=None, description="SHA-256 of the network that says which marks sign.")
]
_Encoder = Annotated[str | None, Field(default=None, description="SHA-256 of the encoder's weights.")]
_Matcher = Annotated[str | None, Field(default=None, description="SHA-256 of the matcher's weights.")]
_Calibration = Annotated[
    str | None, Field(default=None, description="SHA-256 of the verifier's calibration.")
]
_Cleaner = Annotated[str | None, Field(default=None, description="Name and version of the cleaner.")]
_Code = Annotated[str | None, Field(default=None, description="Version of the code.")]


class DocumentRow(ResultModel):
    """A document: one row each, in the table `documents` and the view `documents_current`."""

    document_id: _DocumentId
    bucket: _Bucket
    key: _Key
    version: _Version
    sha256: _Sha256
    format: str | None = Field(default=None, description="Its format, once its bytes were read.")
    status: _Status
    reason: _Reason
    detail: str | None = Field(default=None, description="The reason in a sentence.")
    signed: bool | None = Field(
        default=None, description="Whether a mark signs it; empty while unknown, or where pages are unread."
    )
    signed_by: SignedBy | None = Field(
        default=None, description="`signature`, or `initials` where only initials sign it."
    )
    signers: str | None = Field(
        default=None,
        description="The claimed signers, parted by semicolons; one inside a name is written `%3B`.",
    )
    pages: Count | None = Field(default=None, description="Number of its pages, once all are known.")
    notes: Annotated[str | None, BeforeValidator(each_once)] = Field(
        default=None, description="What was noted of it, parted by commas, each note once."
    )
    linked_to: int | None = Field(
        default=None, description="Id of the document with the same bytes whose answer this is."
    )
    answer_status: Status | None = Field(
        default=None, description="What the newest answer says: `done`, `partial` or `failed`."
    )
    result_key: str | None = Field(default=None, description="Storage key of that answer's result JSON.")
    link: str = Field(description="Path of its page in the console.")
    registered_at: _RegisteredAt
    finished_at: Moment | None = Field(
        default=None, description="When it was final; empty while it is at work."
    )
    answer_number: _AnswerNumber
    cause: _Cause
    asked_by: _AskedBy
    answered_at: _AnsweredAt
    detector: _Detector
    classifier: _Classifier
    roles: _Roles
    encoder: _Encoder
    matcher: _Matcher
    calibration: _Calibration
    cleaner: _Cleaner
    code: _Code


class ClaimRow(ResultModel):
    """A claim: who a document says has signed it, and what became of that.

    One row each, in the table `claims` and the view `claim_answers`.
    """

    document_id: _DocumentId
    bucket: _Bucket
    key: _Key
    version: _Version
    sha256: _Sha256
    status: _Status
    reason: _Reason
    signer: str = Field(description="Who the document says has signed.")
    source: ClaimSource = Field(description="Where the claim came from; `operator` for a person.")
    answer: ClaimAnswer | None = Field(
        default=None, description="What became of the claim; empty until the document has an answer to it."
    )
    contradicted: bool | None = Field(
        default=None, description="Whether it is genuine while another signature of this signer is forged."
    )
    page: _Page
    region: _Region
    probability: _Probability
    llr: _Llr
    confidence: _Confidence
    references: _References
    crop_key: _CropKey
    clean_key: _CleanKey
    crop_link: _CropLink
    registered_at: _RegisteredAt
    answer_number: _AnswerNumber
    cause: _Cause
    asked_by: _AskedBy
    answered_at: _AnsweredAt
    detector: _Detector
    classifier: _Classifier
    roles: _Roles
    encoder: _Encoder
    matcher: _Matcher
    calibration: _Calibration
    cleaner: _Cleaner
    code: _Code


class SignatureRow(ResultModel):
    """A mark that was found: a signature, initials, a date, whatever its label says.

    One row each, in the table and the view `signatures`. A signature stands for one claimed signer at most.
    """

    document_id: _DocumentId
    bucket: _Bucket
    key: _Key
    version: _Version
    sha256: _Sha256
    status: _Status
    page: Count = Field(description="The page, from 0.")
    region: Count = Field(description="Index of the mark on its page, from 0.")
    label: str = Field(description="What the mark is.")
    signs: bool | None = Field(default=None, description="Whether it signs the document; empty if unknown.")
    role_probability: Share | None = Field(default=None, description="Probability that it signs.")
    score: Share = Field(description="Score of the detector.")
    x: PagePixels = Field(description="Left edge in pixels of the page image.")
    y: PagePixels = Field(description="Top edge in pixels of the page image.")
    width: PagePixels = Field(description="Width in pixels of the page image.")
    height: PagePixels = Field(description="Height in pixels of the page image.")
    crop_key: _CropKey
    clean_key: _CleanKey
    crop_link: _CropLink
    signer: str | None = Field(default=None, description="The claimed signer that it stands for.")
    verdict: Outcome | None = Field(default=None, description="What the comparison with that signer says.")
    contradicts: bool = Field(
        description="Whether it is forged while the signature that answers that claim is not."
    )
    probability: _Probability
    llr: _Llr
    confidence: _Confidence
    references: _References
    reason: str | None = Field(default=None, description="Reason code why it could not be compared.")
    duplicate_of: int | None = Field(
        default=None, description="Id of the earlier document with the same ink; empty once it is erased."
    )
    duplicate_page: Count | None = Field(default=None, description="Its page, from 0.")
    duplicate_region: Count | None = Field(default=None, description="Index of the mark there, from 0.")
    duplicate_similarity: Share | None = Field(default=None, description="How alike the two are.")
    duplicate_kind: DuplicateKind | None = Field(default=None, description="What else is the same.")
    copy_of_signer: str | None = Field(
        default=None, description="Whose reference on file shows the same ink."
    )
    copy_of_reference: int | None = Field(default=None, ge=1, description="Number of that reference, from 1.")
    registered_at: _RegisteredAt
    answer_number: _AnswerNumber
    cause: _Cause
    asked_by: _AskedBy
    answered_at: _AnsweredAt
    detector: _Detector
    classifier: _Classifier
    roles: _Roles
    encoder: _Encoder
    matcher: _Matcher
    calibration: _Calibration
    cleaner: _Cleaner
    code: _Code
