"""What we read against what others read: `python -m tests.second_reader FOLDER`.

PDFs are drawn by poppler's pdftoppm, or by PDFium where that is not installed; Pillow opens images.
A line for each file and difference: pages that come out blank or with far less ink here, counts that differ,
and refusals of what the other opens. What we say ourselves about such a page stands beside it as the
explanation. Exit status 1 while any difference has none.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from worker.errors import DocumentError, PageError
from worker.rendering.formats import DocumentInfo, sniff
from worker.rendering.overheard import overhear
from worker.rendering.sandbox import RenderPool
from worker.vision.choices import Limits
from worker.vision.images import decode
from worker.vision.values import RenderedPage

#: Pages are compared on their long side of this many pixels.
SIDE = 700
#: The other reader draws that many: finer than compared, for lines are drawn at least a pixel wide.
FINE = 2100
#: Pixels of ink up to which a page is blank, and from which it is not.
BLANK, WRITTEN = 4, 30
#: Less ink than this share of the other's is a difference; readers smooth lines in different ways.
LESS = 0.4
#: Grey levels below the paper from which a pixel is ink.
CONTRAST = 64
#: Pages of a document that are compared, and seconds that either reader has for one.
PAGES, SECONDS = 20, 60

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Reading:
    """What a reader makes of a file: the number of its pages, and the ink of the first of them."""

    pages: int
    #: Pixels of ink; None for a page that could not be read.
    ink: tuple[int | None, ...]


@dataclass(frozen=True)
class Difference:
    """How two readings of a file differ, and what explains it; None where nothing does."""

    file: str
    what: str
    explained: str | None


def ink(grey: Grey) -> int:
    """Pixels that are much darker than the paper, on a page of the compared size; thin lines stay."""
    height, width = grey.shape
    by = max(1, round(max(height, width) / SIDE))
    darkest = cv2.erode(grey, np.ones((by, by), np.uint8))
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(darkest, size, interpolation=cv2.INTER_NEAREST)
    return int((small.astype(int) < int(np.percentile(small, 90)) - CONTRAST).sum())


def compared(file: str, ours: OurReading, theirs: Reading) -> Iterator[Difference]:
    """The differences between our reading of a file and another's."""
    if ours.refusal:
        if any(theirs.ink):
            yield Difference(file, f"refused, the other reads {theirs.pages} pages", ours.refusal)
        return
    if ours.pages != theirs.pages:
        yield Difference(file, f"{ours.pages} pages, the other counts {theirs.pages}", ours.of_count)
    for number, (here, there) in enumerate(zip(ours.ink, theirs.ink, strict=False)):
        what = _difference(here, there)
        if what:
            yield Difference(file, f"page {number + 1} {what}", ours.of_page(number))


def _difference(here: int | None, there: int | None) -> str | None:
    if there is None or there < WRITTEN:
        return None
    if here is None:
        return "refused, the other draws it"
    if here <= BLANK:
        return f"blank, the other has {there} pixels of ink"
    return f"{here} pixels of ink, the other has {there}" if here < LESS * there else None


@dataclass(frozen=True)
class OurReading(Reading):
    """What we make of a file, with our own words about it."""

    #: The reason code and sentence of a document that is refused.
    refusal: str | None = None
    #: Those of its pages, by number.
    errors: tuple[tuple[int, str], ...] = ()
    info: DocumentInfo | None = None

    @property
    def of_count(self) -> str | None:
        """What explains that we count other pages."""
        if self.info is None:
            return None
        if self.info.lacks:
            return self.info.lacks
        if self.info.format in {"gif", "png", "webp", "avif", "jpeg", "heic"}:
            return "the first picture of an animated file is its page"
        return "smaller copies and masks are no pages" if self.info.format == "tiff" else None

    def of_page(self, number: int) -> str | None:
        """What explains that we see less on a page."""
        notes = () if self.info is None else self.info.notes
        hidden = [note for note in notes if "hidden" in note or "printed" in note]
        return dict(self.errors).get(number) or (hidden[0] if hidden else None)


def read_ours(data: bytes, pool: RenderPool) -> OurReading:
    """Our reading, in the sandbox and with the limits that a run has."""
    try:
        info = pool.inspect(data, limits=Limits(), timeout=SECONDS)
        pages = list(pool.render(data, limits=Limits(), last=PAGES, timeout=SECONDS))
    except DocumentError as error:
        return OurReading(0, (), refusal=f"{error.code}: {error}")
    errors = tuple((page.page, f"{page.code}: {page}") for page in pages if isinstance(page, PageError))
    return OurReading(info.pages, tuple(map(_ink_of, pages)), errors=errors, info=info)


def _ink_of(page: RenderedPage | PageError) -> int | None:
    if isinstance(page, PageError):
        return None
    return ink(cv2.cvtColor(decode(page.data), cv2.COLOR_RGB2GRAY))


class OtherReader:
    """The other reader in a process of its own, which is replaced when it hangs or dies."""

    def __init__(self) -> None:
        self._process = ProcessPoolExecutor(1)

    def read(self, path: Path) -> Reading | None:
        """What it makes of a file; None where it reads nothing."""
        try:
            return self._process.submit(other_reading, path).result(timeout=4 * SECONDS)
        except (TimeoutError, BrokenProcessPool):
            self.close()
            self._process = ProcessPoolExecutor(1)
        except Exception:  # noqa: BLE001 - a process boundary
            # Whatever a decoder raises on a file that it cannot read.
            return None
        return None

    def close(self) -> None:
        """End it, whatever it does."""
        for process in list(self._process._processes.values()):
            process.kill()
        self._process.shutdown(cancel_futures=True)


def other_reading(path: Path) -> Reading:
    """Read with the other reader, in this process; raises what that raises."""
    if sniff(path.read_bytes()) != "pdf":
        # What decoders say of damage is for our own reading to tell.
        with overhear():
            return _by_pillow(path)
    return _by_poppler(path) if shutil.which("pdftoppm") else _by_pdfium(path)


def _by_pillow(path: Path) -> Reading:
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as image:
        pages = getattr(image, "n_frames", 1)
        return Reading(pages, tuple(_frame(image, number) for number in range(min(pages, PAGES))))


def _frame(image: Image.Image, number: int) -> int | None:
    try:
        image.seek(number)
        upright = ImageOps.exif_transpose(image)
        paper = Image.new("RGBA", upright.size, "white")
        return ink(np.asarray(Image.alpha_composite(paper, upright.convert("RGBA")).convert("L")))
    except (OSError, ValueError, SyntaxError, EOFError):
        return None


def _by_poppler(path: Path) -> Reading:
    words = subprocess.run(["pdfinfo", path], capture_output=True, timeout=SECONDS, check=True).stdout
    pages = int(next(line.split()[1] for line in words.splitlines() if line.startswith(b"Pages:")))
    with tempfile.TemporaryDirectory() as folder:
        scale = ["-gray", "-scale-to", str(FINE), "-l", str(PAGES)]
        command = ["pdftoppm", *scale, str(path), f"{folder}/page"]
        subprocess.run(command, capture_output=True, timeout=3 * SECONDS, check=True)
        drawn = {int(file.stem.rpartition("-")[2]): file for file in Path(folder).iterdir()}
        return Reading(pages, tuple(_picture(drawn.get(n + 1)) for n in range(min(pages, PAGES))))


def _picture(file: Path | None) -> int | None:
    if file is None:
        return None
    with Image.open(file) as image:
        return ink(np.asarray(image.convert("L")))


def _by_pdfium(path: Path) -> Reading:
    with importlib.import_module("pypdfium2").PdfDocument(path) as document:
        document.init_forms()
        pages = len(document)
        return Reading(pages, tuple(_drawn(document[number]) for number in range(min(pages, PAGES))))


def _drawn(page: Any) -> int:
    bitmap = page.render(scale=FINE / max(*page.get_size(), 1), grayscale=True)
    return ink(np.asarray(bitmap.to_pil().convert("L")))


def files_below(folder: Path) -> list[Path]:
    """The files of a folder in order, hidden ones left out."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]


def differences(paths: Sequence[Path], pool: RenderPool, other: OtherReader) -> Iterator[Difference]:
    """What differs, file by file; files that the other cannot open are passed over."""
    for path in paths:
        theirs = other.read(path)
        if theirs:
            yield from compared(str(path), read_ours(path.read_bytes(), pool), theirs)


def main(words: Sequence[str]) -> int:
    """Compare a folder; exit status 1 while a difference is not explained."""
    warnings.simplefilter("ignore")
    paths, unexplained = files_below(Path(words[0])), 0
    with RenderPool() as pool, closing(OtherReader()) as other:
        for difference in differences(paths, pool, other):
            unexplained += difference.explained is None
            sys.stdout.write(
                f"{difference.file}: {difference.what} [{difference.explained or 'not explained'}]\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"{len(paths)} files, {unexplained} differences without explanation\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
