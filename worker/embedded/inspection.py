"""The detector on one file, without a database: what is found is answered and not kept."""

from __future__ import annotations

from worker.engines import build_detector
from worker.errors import PageError, UnreadableDocument
from worker.rendering.renderer import SandboxRenderer
from worker.result.inspection import InspectionResult, SightedRegion
from worker.settings import Detection, Reading
from worker.vision.detection.tiles import detect_closely
from worker.vision.images import decode_as_stored


class Inspector:
    """Finds marks on files."""

    def __init__(self, reading: Reading, detection: Detection) -> None:
        self._limits = reading.limits
        self._renderer = SandboxRenderer(reading)
        self._detector = build_detector(detection)

    def inspect(self, data: bytes) -> InspectionResult:
        """What is found on the first page. DocumentError when there is none that can be read."""
        page = next(iter(self._renderer.open(data, limits=self._limits)))
        if isinstance(page, PageError):
            raise UnreadableDocument(page.reason)
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

    def close(self) -> None:
        """End the processes that read files."""
        self._renderer.close()
