"""Settings: read from the environment once, checked, then just values.

Every variable begins with COUNTERSIGN_. A bad value stops the process with a line that names it.
"""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from worker.vision.choices import READER_PACKAGE, Cleaning, Label, Limits, Thresholds

_LIMITS = Limits()

#: Addresses of supported databases: a password may hold all but @, a port is a number.
_DATABASE = re.compile(
    r"sqlite://(/.*)?"
    r"|postgresql(\+psycopg2)?://([^:/]*(:[^@]*)?@)?(\[[^/?]+\]|[^/:?]+)?(:\d*)?(/[^?]*)?(\?.*)?"
)

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Share = Annotated[float, Field(ge=0, le=1)]
IPNetwork = IPv4Network | IPv6Network


def _queues(address: SecretStr) -> SecretStr:
    """An address that the Redis client can parse; its own error would quote the part that it cannot."""
    if not _usable(address.get_secret_value(), {"redis", "rediss"}):
        raise ValueError(
            "not redis://user:password@host:port/number; write / @ : [ in a password as %2F %40 %3A %5B"
        )
    return address


def _rows(address: SecretStr) -> SecretStr:
    """An address of a supported database that SQLAlchemy can parse; its own error may quote a part of it."""
    if not _DATABASE.fullmatch(address.get_secret_value()):
        raise ValueError("not postgresql+psycopg2://user:password@host:port/name or sqlite:///file")
    return address


def _rows_or_none(url: SecretStr | None) -> SecretStr | None:
    return None if url is None else _rows(url)


def _store(address: str | None) -> str | None:
    """An address without a login: keys have variables of their own."""
    if address and (not _usable(address, {"http", "https"}) or "@" in address):
        raise ValueError("not http://host:port or https://host:port")
    return address


def _results(place: str) -> str:
    """A bucket's name, or a URL; that of a folder names its whole path."""
    if place.startswith("file:") and not place.startswith("file:///"):
        raise ValueError("not a bucket's name or file:///path")
    return place


def _absolute(folder: Path | None) -> Path | None:
    """A path that is the same wherever a process was started."""
    if folder is not None and not folder.is_absolute():
        raise ValueError("not an absolute path, such as /srv/intake")
    return folder


def _usable(address: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _upper(word: object) -> object:
    """Levels are written in either case; an empty one is none."""
    return (word.upper() or None) if isinstance(word, str) else word


def _read_json(value: object) -> object:
    """The JSON that a variable holds."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


class _Group(BaseSettings):
    model_config = SettingsConfigDict(
        # A variable without a value is one that is not set: files of settings list them all.
        env_prefix="COUNTERSIGN_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )


class Database(_Group):
    """Where the truth is kept."""

    database_url: Annotated[SecretStr, AfterValidator(_rows)] = Field(
        default=SecretStr("sqlite:///countersign.db"),
        description="postgresql+psycopg2://user:password@host/name, or sqlite:///file for one process",
    )
    database_seconds: Seconds = Field(
        default=60, description="Seconds of silence after which a connection to PostgreSQL is given up"
    )
    database_pool: int = Field(
        default=10, ge=1, le=200, description="Connections that one process may hold open"
    )


class Logins(_Group):
    """Logins of least privilege, made by `countersign migrate --roles`; see SECURITY.md."""

    producer_password: SecretStr | None = Field(
        default=None, description="Password of the role countersign_producer; empty for no login"
    )
    worker_password: SecretStr | None = Field(
        default=None, description="Password of the role countersign_worker; empty for no login"
    )
    reader_password: SecretStr | None = Field(
        default=None, description="Password of the role countersign_reader; empty for no login"
    )
    web_password: SecretStr | None = Field(
        default=None, description="Password of the role countersign_web; empty for no login"
    )
    deliverer_password: SecretStr | None = Field(
        default=None, description="Password of the role countersign_deliverer; empty for no login"
    )


class Broker(_Group):
    """The queues."""

    broker_url: Annotated[SecretStr, AfterValidator(_queues)] = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        description="Redis URL of the queues; rediss:// for TLS",
    )
    visibility_timeout: Seconds = Field(
        default=3600,
        description="Seconds after which Redis hands an unacknowledged message to another worker",
    )
    queue_prefix: str = Field(
        default="", description="Prefix of all keys in Redis, when it is shared with others"
    )


class Storage(_Group):
    """The pixels: an S3-compatible store."""

    s3_endpoint: Annotated[str | None, AfterValidator(_store)] = Field(
        default=None, description="URL of the store; empty for AWS itself"
    )
    s3_public_endpoint: Annotated[str | None, AfterValidator(_store)] = Field(
        default=None,
        description="URL under which others reach the store, for uploads of their own; empty: the same",
    )
    s3_region: str = Field(default="us-east-1", description="Region name sent to the store")
    s3_access_key: SecretStr | None = Field(
        default=None, description="Access key; empty for the machine's own role"
    )
    s3_secret_key: SecretStr | None = Field(
        default=None, description="Secret key; empty for the machine's own role"
    )
    s3_seconds: Seconds = Field(
        default=30, description="Seconds of silence after which a request to the store is given up"
    )
    results_bucket: Annotated[str, AfterValidator(_results)] = Field(
        default="countersign-results",
        description="Bucket for page images, crops and result JSON; or a folder: file:///path",
    )
    intake_folder: Annotated[Path | None, AfterValidator(_absolute)] = Field(
        default=None,
        description="Folder whose files may be documents, with producers and workers; empty for none",
    )
    s3_sse: Literal["AES256", "aws:kms"] | None = Field(
        default=None,
        description="Encryption at rest asked of the store with every write; empty for its default",
    )
    s3_sse_key: str | None = Field(
        default=None, description="Id of the key for aws:kms; empty for the bucket's own"
    )

    @property
    def results_url(self) -> str:
        """Where results go, as a URL: a name without a scheme is a bucket's."""
        return self.results_bucket if "://" in self.results_bucket else f"s3://{self.results_bucket}"


class Reading(_Group):
    """What a document may cost, and how its pages travel."""

    max_bytes: int = Field(default=_LIMITS.max_bytes, gt=0, description="Largest document in bytes")
    max_pages: int = Field(default=_LIMITS.max_pages, gt=0, description="Most pages of a document")
    max_pixels: int = Field(default=_LIMITS.max_pixels, gt=0, description="Most pixels of one page")
    render_dpi: int = Field(
        default=_LIMITS.render_dpi, ge=50, le=600, description="Dots per inch of drawn pages"
    )
    page_seconds: Seconds = Field(default=60, description="Seconds that rendering one page may take")
    render_memory_mb: int = Field(
        default=4096, ge=1024, description="Address space of one rendering process in MiB"
    )
    chunk_pages: int = Field(
        default=8, ge=1, le=256, description="Pages that travel together from render to verify"
    )
    slots: Literal["on", "off"] | None = Field(
        default=None,
        description="on: places that ask for a mark are found; empty: where rules or templates are named",
    )
    ocr: Literal["on", "off"] | None = Field(
        default=None,
        description="on: where slots are found, scans are read; empty: where the extra ocr is installed",
    )
    rules_folder: Annotated[Path | None, AfterValidator(_absolute)] = Field(
        default=None, description="Folder of rule files (*.yaml) that say what types of documents need"
    )
    templates_folder: Annotated[Path | None, AfterValidator(_absolute)] = Field(
        default=None, description="Folder of blank forms (*.template.json) whose copies are recognised"
    )
    same_bytes: Literal["link", "skip", "reprocess"] = Field(
        default="link",
        description="Bytes seen before under another key: share their answer, only note it, or read again",
    )

    @property
    def limits(self) -> Limits:
        """The limits as rendering takes them."""
        return Limits(
            self.max_bytes, self.max_pages, self.max_pixels, self.render_dpi, layout=self.finds_slots
        )

    @property
    def finds_slots(self) -> bool:
        """Whether slots are looked for: a rule or a template implies it."""
        implied = self.rules_folder is not None or self.templates_folder is not None
        return self.slots == "on" or (self.slots is None and implied)

    @property
    def reads_scans(self) -> bool:
        """Whether the words of scans are read: slots ask for them, and a network is there or demanded."""
        wanted = find_spec(READER_PACKAGE) is not None if self.ocr is None else self.ocr == "on"
        return self.finds_slots and wanted


class Detection(_Group):
    """The detector."""

    detector: str = Field(
        default="detector",
        description="Name in the weights catalogue: detector, or detector-accurate, slower and better",
    )
    detect_device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="cpu: ONNX Runtime; cuda: torch, half precision"
    )
    min_score: Share | None = Field(
        default=None,
        description="Score that a box must reach; empty for the one chosen on validation data, "
        "which marks that sign need not reach",
    )
    max_iou: Share = Field(default=0.45, description="Overlap above which the weaker of two boxes is dropped")
    label_scores: Annotated[dict[Label, Share], NoDecode, BeforeValidator(_read_json)] = Field(
        default_factory=dict, description='Scores that differ by label, as JSON: {"initials": 0.4}'
    )
    classifier: Literal["on", "off"] | None = Field(
        default=None,
        description="on: print and stamps score less or are called so; empty for the weights' own",
    )
    roles: Literal["on", "off"] | None = Field(
        default=None,
        description="on: marks are asked whether they sign; off: signatures do; empty for the weights' own",
    )
    batch_pages: int = Field(default=16, ge=1, le=256, description="Most pages of one forward pass on a GPU")
    batch_ms: float = Field(default=20, ge=0, le=1000, description="Milliseconds a GPU batch waits to fill")
    threads: int = Field(default=1, ge=1, le=64, description="Threads of one CPU inference session")

    def thresholds(self, *, default: Thresholds) -> Thresholds:
        """The thresholds, with the weights' own scores where no score is set for all labels."""
        if self.min_score is not None:
            return Thresholds(self.min_score, self.max_iou, dict(self.label_scores))
        return Thresholds(default.min_score, self.max_iou, default.per_label | self.label_scores)

    @property
    def set_thresholds(self) -> Thresholds:
        """The thresholds that were set; 0 where none was."""
        return Thresholds(self.min_score or 0.0, self.max_iou, dict(self.label_scores))


class Attempts(_Group):
    """How often and how long the stages try."""

    render_lease: Seconds = Field(default=900, description="Seconds a render task holds its document")
    detect_lease: Seconds = Field(default=300, description="Seconds a detect task holds its chunk")
    verify_lease: Seconds = Field(default=300, description="Seconds a verify task holds its chunk")
    finish_lease: Seconds = Field(default=120, description="Seconds a finish task holds its document")
    max_deliveries: int = Field(
        default=5, ge=1, le=100, description="Attempts at one stage before quarantine"
    )
    retry_seconds: Seconds = Field(
        default=5, description="Seconds before the second attempt; doubles with each"
    )
    resend_seconds: Seconds = Field(
        default=120, description="Seconds that a message may stay unanswered while its queue is empty"
    )
    stall_seconds: Seconds = Field(
        default=120,
        description="Seconds that messages may wait beside an idle worker before it ends itself",
    )
    silence_seconds: float = Field(
        default=40,
        ge=1,
        description="Seconds without a heartbeat after which a worker counts as dead, and its rows are freed",
    )
    stop_seconds: float = Field(
        default=30,
        ge=0,
        description="Seconds after SIGTERM to finish what is at work; the rest is handed back",
    )
    pulse: Path | None = Field(
        default=None,
        description="File that a worker touches while it gets on, for a health check",
    )
    sweep_seconds: Seconds = Field(
        default=15, description="Seconds between two sweeps for rows that stand still"
    )


class Intake(_Group):
    """What the watcher watches."""

    intake_bucket: str = Field(default="countersign-intake", description="Bucket where documents arrive")
    list_seconds: Seconds = Field(default=300, description="Seconds between two full listings of the bucket")
    sqs_url: str | None = Field(
        default=None, description="SQS queue with S3 event notifications; empty for none"
    )
    notice_key: str | None = Field(
        default=None,
        description="Redis list with S3 event notifications (MinIO's Redis target); empty for none",
    )
    queue_ceiling: int = Field(
        default=5_000, ge=1, description="Messages in any one queue at which intake pauses"
    )
    claim_sources: Annotated[
        list[Literal["metadata", "sidecar", "key"]], NoDecode, BeforeValidator(_read_json)
    ] = Field(
        default=["metadata", "sidecar", "key"],
        description="Where claims are looked for, the most trusted first",
    )
    key_pattern: str | None = Field(
        default=None, description="Pattern that finds the signer in the object key, such as {signer}/{name}"
    )


class Verification(_Group):
    """The cleaner and the verifier."""

    cleaner: Cleaning = Field(
        default=Cleaning.AUTO,
        description="Takes rules and print off crops: off, classical, learned; auto: where that helps",
    )
    verifier: str = Field(
        default="verifier", description="Name in the weights catalogue of what compares signatures"
    )
    verify_device: Literal["cpu", "cuda"] = Field(default="cpu", description="cpu: ONNX Runtime; cuda: torch")


class Webhooks(_Group):
    """Who is told of changes over HTTP, and how."""

    webhook_networks: Annotated[list[IPNetwork], NoDecode, BeforeValidator(_read_json)] = Field(
        default_factory=list,
        description='Private networks whose addresses may be webhooks, as JSON: ["10.1.0.0/16"]; '
        "they may be http://, too",
    )
    webhook_seconds: Seconds = Field(
        default=15, description="Seconds that one attempt at a delivery may take"
    )
    webhook_days: int = Field(
        default=30, ge=1, le=3650, description="Days that deliveries are kept after they ended"
    )
    public_url: Annotated[str | None, AfterValidator(_store)] = Field(
        default=None,
        description="Address under which others reach the API, for links in messages; empty: links are paths",
    )


class Traces(_Group):
    """Where traces of documents are sent."""

    otlp_endpoint: Annotated[str | None, AfterValidator(_store)] = Field(
        default=None,
        description="Address of an OpenTelemetry collector for `countersign traces`, with its path: "
        "http://collector:4318/v1/traces",
    )
    otlp_seconds: Seconds = Field(default=10, description="Seconds that the collector may take to answer")


class Web(_Group):
    """What programs may ask of the API."""

    web_rate: int = Field(
        default=6000,
        ge=0,
        le=10_000_000,
        description="Requests a minute that a key may make; 0: any number",
    )
    web_admin_database_url: Annotated[SecretStr | None, AfterValidator(_rows_or_none)] = Field(
        default=None,
        description="Login by which the console does what takes the right `admin`: it enrolls "
        "and erases; empty: the console's own, where that may",
    )
    flower_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address of Flower, to which the overview links; empty: no link",
    )


class Identities(_Group):
    """How people log in at the console with a provider of identities (OpenID Connect)."""

    oidc_issuer: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address of the provider, as it calls itself; empty: people log in with keys alone",
    )
    oidc_client_id: str = Field(default="countersign", description="What the provider calls this console")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="The secret that goes with it; empty: none, PKCE alone"
    )
    oidc_name_claim: str = Field(
        default="preferred_username",
        description="Claim with the person's name, which stands in decisions; it must be unique",
    )
    oidc_groups_claim: str = Field(default="groups", description="Claim with the person's groups")
    oidc_rights: Annotated[
        dict[str, list[Literal["read", "submit", "review", "admin"]]], NoDecode, BeforeValidator(_read_json)
    ] = Field(
        default_factory=dict,
        description='What groups may do, as JSON: {"reviewers": ["review"]}; others stay outside. '
        "Empty: everybody whom the provider knows may read",
    )


class Retention(_Group):
    """How long answers are kept."""

    retain_days: Annotated[
        dict[Literal["done", "partial", "failed"], Annotated[float, Field(ge=0)]],
        NoDecode,
        BeforeValidator(_read_json),
    ] = Field(
        default_factory=dict,
        description='Days by status before `countersign retain` erases, as JSON: {"done": 90}; else forever',
    )


class Logging(_Group):
    """Log lines, on stderr of every process."""

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None, BeforeValidator(_upper)] = (
        Field(
            default=None,
            description="Least level of lines; empty: INFO for workers, beat and watcher, WARNING for others",
        )
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto",
        description="json: an object a line; text: for people; auto: text on a terminal, else json",
    )


#: Every group, in the order of the reference.
GROUPS: tuple[type[BaseSettings], ...] = (
    Database,
    Logins,
    Broker,
    Storage,
    Intake,
    Reading,
    Detection,
    Verification,
    Attempts,
    Retention,
    Webhooks,
    Traces,
    Web,
    Identities,
    Logging,
)


#: The groups that decide an answer, by their names in a bundle; none holds a secret.
DECIDING = {"reading": Reading, "detection": Detection}


#: What a variable wants that holds JSON of another kind.
_JSON = {
    "dict_type": 'give a JSON object, such as {"name": 1}',
    "list_type": 'give a JSON array, such as ["name"]',
}


def complaints(error: ValidationError) -> list[str]:
    """What is wrong with which variable, a line each; no value is quoted."""
    named = [
        ("".join(map(str, wrong["loc"][:1])), _JSON.get(wrong["type"], wrong["msg"]))
        for wrong in error.errors()
    ]
    return [f"COUNTERSIGN_{name.upper()}: {message}" for name, message in named]


def check_all() -> None:
    """Read every group once; raises pydantic's ValidationError, which names the variable and its range."""
    for group in GROUPS:
        group()
