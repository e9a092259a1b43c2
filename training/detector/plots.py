"""Pictures of an evaluation: precision against recall, and sketches of what went well and what did not.

No page is shown: a sketch has the page's outline, grey rectangles where it has print, and boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from training.detector.metrics import curve, served_figures
from training.detector.seen import Seen
from worker.vision.boxes import iou
from worker.vision.choices import Label
from worker.vision.crops import dark_pixels
from worker.vision.values import Box, Pixels

#: Pages in a row of the best or the worst, and rows.
_ACROSS, _DOWN = 5, 2
#: Longer side of the picture in which blocks of print are looked for.
_COARSE = 240
_TRUE, _FOUND, _PRINT = "#1a7f37", "#cf222e", "#d0d7de"


def draw_plots(seen: Mapping[str, Sequence[Seen]], folder: Path, *, min_score: float) -> list[Path]:
    """Write what can be drawn from these sets into the folder; return the files."""
    # The same evaluation draws the same bytes.
    mpl.rcParams.update({"svg.hashsalt": "countersign", "svg.fonttype": "none", "font.size": 8})
    folder.mkdir(parents=True, exist_ok=True)
    curves = {name: pages for name, pages in seen.items() if any(page.marks for page in pages)}
    curves = {name: pages for name, pages in curves.items() if name in _CURVES}
    written = [_written(_curves(curves, min_score), folder / "precision-recall.svg")] if curves else []
    if "test squares" in seen:
        ranked = sorted(seen["test squares"], key=lambda page: _merit(page, min_score))
        cells = _ACROSS * _DOWN
        for name, pages in (("worst", ranked[:cells]), ("best", ranked[::-1][:cells])):
            written.append(_written(_sketches(pages, min_score), folder / f"{name}-pages.svg"))
    return written


#: Sets that have a curve, and what they are called in the legend.
_CURVES = {
    "test squares": "hlx8j test, 419 squares",
    "Tobacco800 test": "Tobacco800 test, whole pages",
    "colour test": "colour test pages",
    "drawn": "drawn pages",
}


def _curves(seen: Mapping[str, Sequence[Seen]], min_score: float) -> Figure:
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    for name, pages in seen.items():
        scored = [page.scored(Label.SIGNATURE) for page in pages]
        points = curve(scored)
        served = served_figures(scored, min_score, rounds=1)
        (line,) = axes.plot(points[:, 0], points[:, 1], label=_CURVES[name], linewidth=1.2)
        axes.plot(served.recall.value, served.precision.value, "o", color=line.get_color(), markersize=4)
    axes.set(xlabel="recall (IoU ≥ 0.5)", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", title=f"signatures; dots: threshold {min_score:.2f}")
    return figure


def _merit(page: Seen, min_score: float) -> tuple[float, float]:
    """Fewer mistakes first; then the surer they were, or the better the boxes."""
    scored = page.scored(Label.SIGNATURE)
    served = scored.scores >= min_score
    hits = scored.hits[served, 0]
    mistakes = int((~hits).sum()) + scored.truths - int(hits.sum())
    if mistakes:
        return -float(mistakes), -float(scored.scores[served][~hits].sum())
    return float(scored.truths > 0), float(np.mean([_fit(page, box) for box in _truths(page)] or [0.0]))


def _fit(page: Seen, truth: Box) -> float:
    return max((iou(region.box, truth) for region in page.regions), default=0.0)


def _truths(page: Seen) -> list[Box]:
    return [mark.box for mark in page.marks if mark.label is Label.SIGNATURE]


def _sketches(pages: Sequence[Seen], min_score: float) -> Figure:
    figure = Figure(figsize=(10, 5.4), layout="constrained")
    places = figure.subplots(_DOWN, _ACROSS).flat
    for axes, page in zip(places, pages, strict=False):
        _sketch(axes, page, min_score)
    for axes in list(places)[len(pages) :]:
        axes.set_axis_off()
    return figure


def _sketch(axes: Any, page: Seen, min_score: float) -> None:
    pixels, _ = page.case.read()
    for box in print_blocks(pixels):
        axes.add_patch(_patch(box, facecolor=_PRINT))
    for truth in _truths(page):
        axes.add_patch(_patch(truth, edgecolor=_TRUE, fill=False, linewidth=1.6))
    regions = [one for one in page.regions if one.label is Label.SIGNATURE and one.score >= min_score]
    for region in regions:
        axes.add_patch(_patch(region.box, edgecolor=_FOUND, fill=False, linewidth=1.0, linestyle="--"))
        axes.text(region.box.x, region.box.y, f"{region.score:.2f}", color=_FOUND, fontsize=6)
    axes.set(xlim=(0, page.width), ylim=(page.height, 0), xticks=[], yticks=[])
    axes.set_title(f"{len(_truths(page))} true, {len(regions)} found", fontsize=7)


def _patch(box: Box, **style: Any) -> Rectangle:
    return Rectangle((box.x, box.y), box.width, box.height, **style)


def print_blocks(pixels: Pixels) -> list[Box]:
    """Rough rectangles around what is dark on a page: lines of print run together, strokes are lost."""
    scale = _COARSE / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    dark = cv2.resize(dark_pixels(pixels), size, interpolation=cv2.INTER_AREA)
    solid = cv2.morphologyEx((dark > 40).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    return [
        Box(*(float(number) / scale for number in row[:4]))
        for row in stats[1:]
        if row[cv2.CC_STAT_AREA] >= 6 and row[2] < 0.95 * size[0] and row[3] < 0.5 * size[1]
    ]


def _written(figure: Figure, path: Path) -> Path:
    figure.savefig(path, metadata={"Date": None})
    return path
