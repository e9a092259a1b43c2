"""The detector on one file, without a database: what is found is answered and not kept."""

from __future__ import annotations

from functools import cached_property

from worker.engines import CLASSIFIER, build_detector
from worker.errors import PageError, UnreadableDocument
from worker.rendering.renderer import SandboxRenderer
from worker.result.inspection import ClassificationResult, InspectionResult, SightedRegion
from worker.settings import Detection, Reading
from worker.vision import weights
from worker.vision.detection.classifier import KINDS, OnnxClassifier, classified, kind_of
from worker.vision.detection.tiles import detect_closely
from worker.vision.images import decode_as_stored
from worker.vision.values import Box, RenderedPage


class Inspector:
    """Finds marks on files."""

    def __init__(self, reading: Reading, detection: Detection) -> None:
        self._limits = reading.limits
        self._renderer = SandboxRenderer(reading)
        self._detector = build_detector(detection)

    def inspect(self, data: bytes) -> InspectionResult:
        """What is found on the first page. DocumentError when there is none that can be read."""
        page = self._first_page(data)
        (detected,) = detect_closely(self._detector, [decode_as_stored(page.data)], [page.dpi])
        regions = tuple(
            SightedRegion(
                label=region.label.value,
                score=region.score,
                x=region.box.x,
                y=region.box.y,
                width=region.box.width,
                height=region.box.height,
                signs=region.signs,
            )
            for region in detected
        )
        return InspectionResult(width=page.width, height=page.height, regions=regions)

    def classify(self, data: bytes) -> ClassificationResult:
        """What a crop shows, its whole image taken for the box of a mark. DocumentError.

        A run asks the same network of each signature that its detector finds, and draws the same line.
        """
        page = self._first_page(data)
        image = decode_as_stored(page.data)
        (shares,) = classified(self._classifier, image, [Box(0, 0, page.width, page.height)])
        doubt = float(weights.entry(CLASSIFIER).parameters["doubt"])
        probabilities = {kind.value: float(share) for kind, share in zip(KINDS, shares, strict=True)}
        return ClassificationResult(kind=kind_of(shares, doubt=doubt).value, probabilities=probabilities)

    @cached_property
    def _classifier(self) -> OnnxClassifier:
        return OnnxClassifier(CLASSIFIER)

    def _first_page(self, data: bytes) -> RenderedPage:
        page = next(iter(self._renderer.open(data, limits=self._limits)))
        if isinstance(page, PageError):
            raise UnreadableDocument(page.reason)
        return page

    def close(self) -> None:
        """End the processes that read files."""
        self._renderer.close()
