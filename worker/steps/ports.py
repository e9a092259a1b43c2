"""What the steps need from outside, as small protocols; worker.wiring builds the real ones."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from db.engine import Sessions
from worker.errors import PageError
from worker.pipeline import QueueMessage
from worker.rules.reading import Rules
from worker.settings import Attempts, Reading
from worker.slots.page import Means
from worker.steps.breaker import Breaker
from worker.steps.latest import Latest
from worker.steps.read_write_lock import ReadWriteLock
from worker.storage.port import Store
from worker.vision.choices import Limits
from worker.vision.cleaning.cleaner import Cleaner
from worker.vision.detection.detector import Detector
from worker.vision.values import Embeddings, RenderedPage
from worker.vision.verification.verifier import Verifier


class Publisher(Protocol):
    """Sends work on by id. Call it only after the rows are committed."""

    def send(self, message: QueueMessage) -> None:
        """Send a document, or a chunk of it, to its stage and those that follow. BrokerUnavailable."""


class Rendering(Protocol):
    """A document being rendered: its format and number of pages first, then the pages one by one."""

    @property
    def format(self) -> str:
        """The document's format, as its first bytes say."""

    @property
    def pages(self) -> int:
        """How many pages the document has, failed ones included."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the document carries beside its pages, in words; none of it was run."""

    @property
    def lacks(self) -> str | None:
        """The reason code of what it lacks though its pages can be read; None for a complete document."""

    def __iter__(self) -> Generator[RenderedPage | PageError, None, None]:
        """Pages in order from the first asked for; a page that cannot be read is its error.

        Closing it early frees the renderer.
        """


class Renderer(Protocol):
    """Renders in a process of its own, so that a hostile document cannot end the worker."""

    def open(self, data: bytes, *, limits: Limits, first: int = 0) -> Rendering:
        """Look at the bytes. DocumentError when they cannot be read at all."""

    def close(self) -> None:
        """End the idle processes; nothing is opened afterwards."""


@dataclass(frozen=True)
class Deps:
    """What every step needs."""

    sessions: Sessions
    store: Store
    publisher: Publisher
    attempts: Attempts
    #: Digests of the weights, thresholds and code that this process works with.
    versions: Mapping[str, object]
    #: Whether places that ask for a mark are looked for.
    slots: bool = field(default=False, kw_only=True)
    #: What types of documents need.
    rules: Sequence[Rules] = field(default=(), kw_only=True)
    #: One for all the steps of a process: what is away for one is away for the others.
    breaker: Breaker = field(default_factory=Breaker, kw_only=True)
    #: Likewise: what killed one attempt would kill those beside it.
    lock: ReadWriteLock = field(default_factory=ReadWriteLock, kw_only=True)


@dataclass(frozen=True)
class RenderDeps(Deps):
    """What rendering needs beside that."""

    renderer: Renderer
    reading: Reading


@dataclass(frozen=True)
class DetectDeps(Deps):
    """What detection needs beside that."""

    detector: Detector


@dataclass(frozen=True)
class VerifyDeps(Deps):
    """What verification needs beside that."""

    cleaner: Cleaner
    verifier: Verifier
    #: Everybody's embeddings, for searches: of 1,000 signers they are tens of megabytes.
    everybody: Latest[Mapping[str, Embeddings]] = field(default_factory=Latest, kw_only=True)

    @property
    def embedding_version(self) -> str:
        """What made an embedding: the verifier, and the cleaner before it; others must not be compared."""
        return f"{self.verifier.embedding_version}+{self.cleaner.version}"


@dataclass(frozen=True)
class SlotsDeps(Deps):
    """What looking for slots needs beside that."""

    means: Means
