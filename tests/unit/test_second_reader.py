"""Another reader's view of a folder is compared with ours, and what differs is named with its reason."""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.corpus.codecs import damaged_pdf, sound_scan
from tests.corpus.containers import flagged
from tests.corpus.written import written
from tests.inputs.tiffs import tiff_with_copy
from tests.second_reader import (
    SIDE,
    Difference,
    OtherReader,
    OurReading,
    Reading,
    compared,
    files_below,
    ink,
    main,
)
from tests.sheets import encoded, sheet
from worker.rendering.formats import DocumentInfo

HAS_READER = bool(shutil.which("pdftoppm") or importlib.util.find_spec("pypdfium2"))
needs_reader = pytest.mark.skipif(
    not HAS_READER and "CI" not in os.environ, reason="needs poppler-utils or pypdfium2"
)
INFO = DocumentInfo("pdf", 2, notes=("JavaScript", "hidden layers"))


def test_ink_is_counted_at_any_size_and_on_grey_paper() -> None:
    grey = np.full((1400, 1000), 200, np.uint8)
    assert ink(grey) == 0

    grey[700, 100:900] = 0
    assert 300 < ink(grey) < 900
    assert ink(np.asarray(written("L"))) > 1000
    assert ink(np.zeros((5, 5), np.uint8)) == 0
    assert SIDE == 700


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (OurReading(1, (500,)), Reading(1, (480,)), []),
        (OurReading(1, (0,)), Reading(1, (480,)), [("page 1 blank, the other has 480 pixels of ink", None)]),
        (OurReading(1, (100,)), Reading(1, (480,)), [("page 1 100 pixels of ink, the other has 480", None)]),
        (OurReading(1, (0,)), Reading(1, (None,)), []),
        (OurReading(2, (0, 0), info=INFO), Reading(1, (0,)), [("2 pages, the other counts 1", None)]),
        (
            OurReading(1, (0,), info=INFO),
            Reading(1, (99,)),
            [("page 1 blank, the other has 99 pixels of ink", "hidden layers")],
        ),
        (
            OurReading(1, (None,), errors=((0, "unreadable_page: cut off"),)),
            Reading(1, (99,)),
            [("page 1 refused, the other draws it", "unreadable_page: cut off")],
        ),
        (
            OurReading(0, (), refusal="encrypted_document: locked"),
            Reading(3, (99, 0, 0)),
            [("refused, the other reads 3 pages", "encrypted_document: locked")],
        ),
        (OurReading(0, (), refusal="empty_document: none"), Reading(1, (0,)), []),
    ],
)
def test_what_differs_is_named_with_what_we_say_of_it(
    ours: OurReading, theirs: Reading, expected: list[tuple[str, str | None]]
) -> None:
    assert list(compared("a", ours, theirs)) == [Difference("a", *words) for words in expected]


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (DocumentInfo("tiff", 1), "smaller copies"),
        (DocumentInfo("gif", 1), "first picture"),
        (DocumentInfo("pdf", 1, lacks="incomplete_document"), "incomplete_document"),
    ],
)
def test_another_count_is_explained_by_the_format(info: DocumentInfo, words: str) -> None:
    assert words in (OurReading(1, (), info=info).of_count or "")


@needs_reader
def test_a_folder_is_compared_file_by_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "damaged.pdf": damaged_pdf("fax-g4", "noise"),
        "sound.pdf": sound_scan("fax-g4"),
        "stamp.pdf": flagged(1 | 4),
        "copies.tif": tiff_with_copy(),
        "plain.png": encoded(sheet(), "PNG"),
        "none.txt": b"no document",
        ".hidden": b"",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    assert len(files_below(tmp_path)) == 6
    assert main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0].rpartition("/")[2] for line in lines[:-1]] == [
        "copies.tif",
        "damaged.pdf",
    ]
    assert lines[-1] == "6 files, 0 differences without explanation"


@needs_reader
def test_the_other_reader_reads_on_after_a_file_that_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 and no more")
    (tmp_path / "b.pdf").write_bytes(sound_scan("flate-1-bit"))

    with closing(OtherReader()) as other:
        assert other.read(tmp_path / "a.pdf") is None
        whole = other.read(tmp_path / "b.pdf")

    assert whole is not None
    assert whole.pages == 1
    assert whole.ink[0] is not None and whole.ink[0] > 1000


@needs_reader
def test_the_other_reader_is_replaced_when_it_dies(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(sheet(), "PNG"))
    # The servers of other tests are children, too.
    before = set(psutil.Process().children())

    with closing(OtherReader()) as other:
        assert other.read(tmp_path / "a.png")
        for child in set(psutil.Process().children()) - before:
            child.kill()
        assert other.read(tmp_path / "a.png") is None
        assert other.read(tmp_path / "a.png")
