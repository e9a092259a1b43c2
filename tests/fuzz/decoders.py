"""Mutated documents into the decoders' entry, for a bounded time: `python -m tests.fuzz.decoders SECONDS`.

Atheris (libFuzzer) steers by the coverage of this service's and Pillow's Python code; the C libraries below
are watched for crashes, hangs and greed. Inputs begin with the corpus. A finding stops the run with its
traceback and lies in FOLDER afterwards; mend it and keep it as a kind in `tests.corpus`.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["PIL", "worker.vision", "worker.errors"]):
    from worker.errors import DocumentError, PageError
    from worker.vision.images import decode
    from worker.vision.pages import inspect, render
    from worker.vision.values import Limits, RenderedPage

from tests.corpus import KINDS

#: Where findings are kept.
FOLDER = Path(".fuzz")
#: Small, so that a second holds many documents.
LIMITS = Limits(max_bytes=200_000, max_pages=4, max_pixels=400_000, render_dpi=50)
LONGEST_SEED = 20_000


def read(data: bytes) -> None:
    """A document ends in pages that can be decoded, or in errors of ours; anything else is a finding."""
    try:
        pages = list(render(data, limits=LIMITS))
        assert inspect(data, limits=LIMITS).pages == len(pages)
    except DocumentError as error:
        assert error.reason
        return
    for index, page in enumerate(pages):
        check(index, page)


def check(index: int, page: RenderedPage | PageError) -> None:
    """What later stages rely on."""
    if isinstance(page, PageError):
        assert page.page == index and page.reason
        return
    assert page.index == index
    assert 0 < page.width * page.height <= LIMITS.max_pixels * 2
    assert 0 < page.dpi < float("inf")
    try:
        shape = decode(page.data, page=index).shape
    except PageError:
        # A scan's own JPEG is stored as it came; detection decodes it and fails the page.
        return
    assert shape == (page.height, page.width, 3)


def main() -> None:
    """Fuzz for the given number of seconds."""
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as seeds:
        for kind in KINDS:
            data = kind.build()
            if len(data) <= LONGEST_SEED:
                (Path(seeds) / kind.id).write_bytes(data)
        bounds = [f"-max_total_time={sys.argv[1]}", "-timeout=20", "-rss_limit_mb=3000"]
        output = [f"-artifact_prefix={FOLDER}/", "-print_final_stats=1", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *bounds, *output, f"-max_len={LONGEST_SEED}", seeds], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
