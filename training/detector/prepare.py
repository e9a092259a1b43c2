"""From a data folder, or a user's own pages, to the samples of a training stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.common.data import required_data
from training.detector.crops import Mix, Sampler
from training.detector.dataset import Notice, build_dataset, draw_pages
from training.detector.owndata import read_own
from training.detector.patches import collect
from training.detector.readers import read_pixels
from training.detector.settings import DetectorSettings
from training.detector.sheets import INDEX, Sheet, SheetFolder, read_sheets
from training.detector.strokes import StrokeBook
from training.synthesis.typeset import Face
from worker.errors import WrongUse


def prepared(
    data: Path | None,
    out: Path,
    settings: DetectorSettings,
    *,
    own_data: Sequence[Path] = (),
    limit: int = 0,
    notice: Notice | None = None,
) -> list[Sheet]:
    """The pages of a training, prepared in `out/prepared`, or `out/own`, unless they lie there already."""
    folder = out / ("own" if own_data else "prepared")
    if (folder / INDEX).exists():
        return read_sheets(folder)
    written = SheetFolder(folder, quality=settings.quality)
    if own_data:
        _build_own(own_data, data, written, settings, limit=limit, notice=notice)
    elif ((data := required_data(data)) / "detection").is_dir():
        build_dataset(data, written, drawn=settings.drawn, seed=settings.seed, limit=limit, notice=notice)
    else:
        raise WrongUse(f"there is no {data / 'detection'}; name the data with --data, or use --own")
    return read_sheets(folder)


def sampler(
    sheets: Sequence[Sheet],
    data: Path | None,
    settings: DetectorSettings,
    hands: Sequence[Sequence[Face]] = (),
) -> Sampler:
    """What draws a stage's samples from prepared pages; `hands` are faces to write notes in."""
    patches = collect(
        StrokeBook.recorded(data),
        sheets,
        data,
        count=settings.patches,
        seed=settings.seed,
        hands=hands,
    )
    mix = Mix(
        sources=settings.sources,
        whole=settings.whole,
        stretched=settings.stretched,
        pasted=settings.pasted,
        zoom=settings.zoom,
        turned=settings.turned,
    )
    return Sampler(sheets, patches, mix, size=settings.image_size)


def _build_own(
    own_data: Sequence[Path],
    data: Path | None,
    written: SheetFolder,
    settings: DetectorSettings,
    *,
    limit: int,
    notice: Notice | None,
) -> None:
    """A user's pages, and drawn ones beside them so that no label is forgotten."""
    for path in own_data:
        pages = read_own(path)
        for page in pages.pages[: limit or None]:
            source = "scans" if page.marks else "empty"
            written.add(read_pixels(page.image), page.marks, known=pages.known, source=source)
    total = min(settings.drawn, limit or settings.drawn)
    draw_pages(written, StrokeBook.recorded(data), drawn=total, seed=settings.seed, notice=notice)
    written.close()
