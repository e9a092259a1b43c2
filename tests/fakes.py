"""Small stand-ins written against the ports: they test the conduct of the steps, not the models."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from worker.errors import DocumentError, ObjectMissing, PageError, ServiceError
from worker.pipeline import QueueMessage
from worker.vision.choices import Label, Limits, Outcome
from worker.vision.crops import fit
from worker.vision.images import in_colour
from worker.vision.values import (
    Box,
    DetectedRegion,
    Embeddings,
    Grey,
    Normal,
    Opinion,
    Pixels,
    Quality,
    RenderedPage,
)
from worker.vision.verification.architectures.siamese import SiameseVerifier
from worker.vision.verification.embedding import GLOBAL, LEVELS
from worker.vision.verification.encoder import Encoder
from worker.vision.verification.verifier import load_verifier


class DarkBlocks:
    """A detector that calls every dark block of a page a signature."""

    def detect(self, pages: Sequence[Pixels]) -> list[list[DetectedRegion]]:
        return [self._one(page) for page in pages]

    def _one(self, page: Pixels) -> list[DetectedRegion]:
        mask = (in_colour(page).min(axis=2) < 128).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        boxes = [Box(*map(float, row[:4])) for row in stats[1:]]
        return [DetectedRegion(box, 0.9, Label.SIGNATURE) for box in boxes]


class MeanEncoder:
    """An encoder whose embedding is the ink in 16 cells."""

    def __init__(self, version: str = "mean-encoder") -> None:
        self.version = version

    def encode(self, crops: Sequence[Normal], *, steady: bool = True) -> Embeddings:
        rows = [cv2.resize(crop, (4, 4), interpolation=cv2.INTER_AREA).ravel() for crop in crops]
        return np.array(rows, dtype=np.float32).reshape(len(rows), 16)


class PartEncoder(MeanEncoder):
    """Embeddings as the matcher's weights expect them, their parts all alike."""

    def encode(self, crops: Sequence[Normal], *, steady: bool = True) -> Embeddings:
        small = super().encode(crops)
        whole = np.pad(small, ((0, 0), (0, GLOBAL - small.shape[1])))
        cells = [
            np.full((len(small), count), value)
            for level in LEVELS
            for count, value in (
                (level.cells * level.descriptor, level.descriptor**-0.5),
                (level.cells, 1 / level.cells),
            )
        ]
        return np.concatenate([whole, *cells], axis=1).astype(np.float32)


def shipped_verifier(encoder: Encoder | None = None) -> SiameseVerifier:
    """The verifier that ships, with another encoder where one is given."""
    verifier = load_verifier()
    assert isinstance(verifier, SiameseVerifier)
    return verifier if encoder is None else replace(verifier, encoder=encoder)


@dataclass
class MemoryStore:
    """Objects in a dictionary; `fail` makes the next calls raise."""

    objects: dict[str, bytes] = field(default_factory=dict)
    fail: list[ServiceError] = field(default_factory=list)

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        return self.get(key)

    def put(self, key: str, data: bytes) -> None:
        self._maybe_fail()
        self.objects[key] = data

    def get(self, key: str) -> bytes:
        self._maybe_fail()
        if key not in self.objects:
            raise ObjectMissing(key)
        return self.objects[key]

    def keys(self, folder: str) -> Iterator[str]:
        self._maybe_fail()
        return iter([key for key in self.objects if key.startswith(folder)])

    def erase(self, folder: str) -> int:
        self._maybe_fail()
        keys = [key for key in self.objects if key.startswith(folder)]
        for key in keys:
            del self.objects[key]
        return len(keys)

    def _maybe_fail(self) -> None:
        if self.fail:
            raise self.fail.pop(0)


@dataclass
class Pages:
    """A rendering of pages that are given."""

    all: list[RenderedPage | PageError]
    first: int = 0
    format: str = "pdf"
    notes: tuple[str, ...] = ()
    lacks: str | None = None

    @property
    def pages(self) -> int:
        return len(self.all)

    def __iter__(self) -> Generator[RenderedPage | PageError, None, None]:
        yield from self.all[self.first :]


@dataclass
class GivenPages:
    """A renderer that knows what each document's bytes show."""

    documents: dict[bytes, list[RenderedPage | PageError] | DocumentError] = field(default_factory=dict)
    #: What every document carries and lacks.
    notes: tuple[str, ...] = ()
    lacks: str | None = None

    def open(self, data: bytes, *, limits: Limits, first: int = 0) -> Pages:
        given = self.documents[data]
        if isinstance(given, DocumentError):
            raise given
        return Pages(given, first, notes=self.notes, lacks=self.lacks)

    def close(self) -> None:
        """Holds nothing open."""


@dataclass
class Outbox:
    """A publisher that keeps what it was given: the stage, and the id of its row."""

    sent: list[tuple[str, int]] = field(default_factory=list)

    def send(self, message: QueueMessage) -> None:
        self.sent.append((message.stage.value, message.row_id(message.stage)))

    def take(self, kind: str) -> list[int]:
        """Ids of that kind sent so far, forgotten afterwards."""
        taken = [row_id for name, row_id in self.sent if name == kind]
        self.sent = [one for one in self.sent if one[0] != kind]
        return taken


def page(index: int, *, marks: int = 0) -> RenderedPage:
    """A white page of 200 by 300 pixels with dark scribbles, as PNG."""
    image = np.full((300, 200), 255, np.uint8)
    for number in range(marks):
        top = 20 + 60 * number
        curve = [(20 + 4 * x, top + int(15 * np.sin(x / 3 + index) + 15)) for x in range(40)]
        cv2.polylines(image, [np.array(curve, np.int32)], isClosed=False, color=0, thickness=3)
    data = cv2.imencode(".png", image)[1].tobytes()
    return RenderedPage(index, data, "png", 200, 300, 100.0, "rendered", points=(144.0, 216.0))


@dataclass(frozen=True)
class CellVerifier:
    """Another architecture: signatures are alike as their ink in 16 cells is."""

    encoder: MeanEncoder = field(default_factory=MeanEncoder)
    versions: Mapping[str, str] = field(default_factory=dict)
    code_floats = 16
    references_wanted = 3

    @property
    def embedding_version(self) -> str:
        return self.encoder.version

    def embed(self, inks: Sequence[Grey], *, alone: bool = True) -> Embeddings:
        rows = self.encoder.encode([fit(ink) for ink in inks])
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)

    def compare(self, query: npt.NDArray[np.float32], references: Embeddings, *, quality: Quality) -> Opinion:
        if not len(references):
            return Opinion(Outcome.NO_REFERENCE)
        return Opinion(Outcome.INCONCLUSIVE, float((references @ query).max()), references=len(references))

    def nearest(
        self, query: npt.NDArray[np.float32], enrolled: Mapping[str, Embeddings], *, top: int = 3
    ) -> list[tuple[str, float]]:
        likeness = {name: float((rows @ query).max()) for name, rows in enrolled.items() if len(rows)}
        return sorted(likeness.items(), key=lambda entry: (-entry[1], entry[0]))[:top]

    def is_somebody(self, likelihood: float, *, enrolled: int) -> bool:
        return False
