"""A database, a store and fakes put together: documents go in, and stages are called by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pkgutil import resolve_name

from sqlalchemy import Engine, func, select, update

from db import chunks, documents
from db.documents import Object
from db.engine import make_sessions, now
from db.models import Chunk, Document
from db.states import ClaimSource
from tests.fakes import (
    CellVerifier,
    DarkBlocks,
    GivenPages,
    MeanEncoder,
    MemoryStore,
    Outbox,
    shipped_verifier,
)
from worker.errors import DocumentError, PageError
from worker.pipeline import PIPELINE, Stage
from worker.rules.reading import Rules
from worker.settings import Attempts, Reading
from worker.single_signature import SingleSignature, signature_image
from worker.slots.page import Means
from worker.steps.ports import Deps, DetectDeps, RenderDeps, SlotsDeps, VerifyDeps
from worker.steps.references import Enrolled, enroll_reference
from worker.vision.choices import Cleaning
from worker.vision.cleaning.cleaner import Cleaner, load_cleaner
from worker.vision.values import RenderedPage
from worker.vision.verification.architectures.siamese import SiameseVerifier

VERSIONS: dict[str, object] = {"detector": "d", "encoder": "e", "code": "c", "thresholds": {"min_score": 0.5}}


@dataclass
class World:
    """Everything a step needs, with a real database underneath."""

    engine: Engine
    attempts: Attempts = field(default_factory=lambda: Attempts(max_deliveries=3, retry_seconds=1))
    reading: Reading = field(default_factory=lambda: Reading(chunk_pages=2))
    store: MemoryStore = field(default_factory=MemoryStore)
    outbox: Outbox = field(default_factory=Outbox)
    renderer: GivenPages = field(default_factory=GivenPages)
    cleaner: Cleaner = field(default_factory=lambda: load_cleaner(Cleaning.CLASSICAL))
    encoder: MeanEncoder = field(default_factory=MeanEncoder)
    verifier: SiameseVerifier | CellVerifier = field(default_factory=shipped_verifier)
    versions: Mapping[str, object] = field(default_factory=VERSIONS.copy)
    slots: bool = False
    means: Means = field(default_factory=Means)
    rules: Sequence[Rules] = ()

    def __post_init__(self) -> None:
        self.sessions = make_sessions(self.engine)

    @property
    def deps(self) -> Deps:
        base = (self.sessions, self.store, self.outbox, self.attempts, self.versions)
        return Deps(*base, slots=self.slots, rules=self.rules)

    @property
    def render_deps(self) -> RenderDeps:
        return RenderDeps(**vars(self.deps), renderer=self.renderer, reading=self.reading)

    @property
    def detect_deps(self) -> DetectDeps:
        return DetectDeps(**vars(self.deps), detector=DarkBlocks())

    @property
    def slots_deps(self) -> SlotsDeps:
        return SlotsDeps(**vars(self.deps), means=self.means)

    @property
    def verify_deps(self) -> VerifyDeps:
        verifier = replace(self.verifier, encoder=self.encoder)
        return VerifyDeps(**vars(self.deps), cleaner=self.cleaner, verifier=verifier)

    def arrive(
        self,
        key: str,
        rendered: list[RenderedPage | PageError] | DocumentError,
        *,
        claims: tuple[str, ...] = (),
        data: bytes | None = None,
    ) -> int:
        """A document comes in and is registered."""
        data = data or key.encode()
        self.store.objects[key] = data
        self.renderer.documents[data] = rendered
        with self.sessions() as session:
            source = Object("intake", key, "v1", len(data))
            return documents.register(session, source, dict.fromkeys(claims, ClaimSource.FILE))[0]

    def through(self, document_id: int) -> Document:
        """All stages, once each."""
        self.before_closing(document_id)
        return self.closing(document_id)

    def before_closing(self, document_id: int) -> None:
        """All stages but the one that answers."""
        self.opening(document_id)
        self.chunks_of(document_id)

    def opening(self, document_id: int) -> None:
        """The stages before its pages are read."""
        self._call(PIPELINE.opening, document_id)

    def chunks_of(self, document_id: int) -> None:
        """The stages of its pages."""
        for chunk_id in self.open_chunks(document_id):
            self._call(PIPELINE.chunk_stages, chunk_id)

    def closing(self, document_id: int) -> Document:
        """The stage that answers."""
        self._call(PIPELINE.closing, document_id)
        return self.document(document_id)

    def enroll(self, signer: str, name: str, data: bytes) -> Enrolled:
        """Put an image on file as it is; what it shows, the renderer knows."""
        page = signature_image(name, data, self.renderer)
        signature = SingleSignature(page.data, page.suffix)
        return enroll_reference(signer, name, data, signature, deps=self.verify_deps)

    def _call(self, stages: Iterable[Stage], row_id: int) -> None:
        for stage in stages:
            needed = stage.needs.partition(":")[2]
            resolve_name(stage.step)(row_id, getattr(self, needed.replace("base_deps", "deps")))

    def open_chunks(self, document_id: int) -> list[int]:
        with self.sessions() as session:
            return chunks.unfinished(session, document_id)

    def document(self, document_id: int) -> Document:
        with self.sessions() as session:
            return documents.get(session, document_id)


def count(world: World, model: type) -> int:
    """How many rows the model's table has."""
    with world.sessions() as session:
        return session.execute(select(func.count()).select_from(model)).scalar_one()


def make_overdue(world: World) -> None:
    """Let every lease and every due time lie in the past."""
    with world.sessions() as session:
        for model in (Document, Chunk):
            past = now(session) - timedelta(hours=1)
            session.execute(update(model).values(lease_until=None))
            session.execute(update(model).where(model.stage != "closed").values(due_at=past))
