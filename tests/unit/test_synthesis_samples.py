"""The demo's documents: complete, readable but for the one that must not be, the same every time."""

import csv
import hashlib
import json

import numpy as np
import pymupdf
import pytest
import typer
from PIL import Image, ImageSequence
from typer.testing import CliRunner

from training.synthesis import samples
from training.synthesis.loads import write_loads
from training.synthesis.samples import write_samples


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return write_samples(tmp_path_factory.mktemp("samples"))


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def pictures(path, sizes):
    """The pages of a document as RGB arrays, PDF pages at the sizes given."""
    if path.suffix != ".pdf":
        with Image.open(path) as image:
            return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    with pymupdf.open(path) as document:
        return [
            np.asarray(
                page.get_pixmap(
                    matrix=pymupdf.Matrix(width / page.rect.width, height / page.rect.height)
                ).pil_image()
            )
            for page, (width, height) in zip(document, sizes, strict=True)
        ]


def test_documents_references_claims_and_truth_agree(drawn):
    on_disk = {path.name for path in drawn.documents_folder.iterdir()}
    expected = json.loads((drawn.folder / "expected.json").read_text())
    with drawn.claims_file.open() as lines:
        claims = {(row["key"], row["signer"]) for row in csv.DictReader(lines)}

    assert expected == drawn.expected
    assert on_disk == set(drawn.documents) == {entry["document"] for entry in expected["documents"]}
    assert claims == {
        (entry["document"], claim["signer"]) for entry in expected["documents"] for claim in entry["claims"]
    }
    for signer in drawn.signers:
        assert 4 <= len(list((drawn.references_folder / signer).glob("*.png"))) <= 6


def test_every_kind_of_claim_and_document_occurs(drawn):
    entries = drawn.expected["documents"]
    truths = {claim["truth"] for entry in entries for claim in entry["claims"]}
    claimed = {claim["signer"] for entry in entries for claim in entry["claims"]}

    assert truths == {"genuine", "forged", "other", "none"}
    assert claimed - set(drawn.signers), "somebody without references is claimed"
    assert {entry["signed"] for entry in entries} == {True, False, None}
    assert any(entry["signed"] and not entry["signatures"] for entry in entries), "initials alone sign one"
    assert {name.rsplit(".", 1)[1] for name in drawn.documents} == {"pdf", "tif", "jpg", "png"}
    assert sum(path.stat().st_size for path in drawn.folder.rglob("*.*")) < 5_000_000


def test_all_documents_open_and_have_ink_where_the_truth_says(drawn):
    for entry in drawn.expected["documents"]:
        if not entry["readable"]:
            continue
        sizes = [(page["width"], page["height"]) for page in entry["pages"]]
        seen = pictures(drawn.documents_folder / entry["document"], sizes)
        assert len(seen) == len(sizes)
        for picture, page in zip(seen, entry["pages"], strict=True):
            assert abs(picture.shape[1] - page["width"]) <= 1
            for region in page["regions"]:
                top, left = int(region["y"]), int(region["x"])
                inside = picture[top : int(top + region["height"]), left : int(left + region["width"])]
                assert 0.005 < (inside.min(axis=2) < 150).mean() < 0.7, (entry["document"], region)


def test_the_corrupt_document_has_no_page_that_can_be_read(drawn):
    (broken,) = [entry["document"] for entry in drawn.expected["documents"] if not entry["readable"]]
    data = (drawn.documents_folder / broken).read_bytes()

    assert data.startswith(b"%PDF-")
    with pytest.raises((RuntimeError, ValueError, IndexError)), pymupdf.open(stream=data) as document:
        document[0].get_pixmap()


def test_the_scanned_pdf_is_nothing_but_jpeg_images(drawn):
    with pymupdf.open(drawn.documents_folder / "loan-file-88213-scan.pdf") as document:
        kinds = [
            [document.extract_image(image[0])["ext"] for image in page.get_images()] for page in document
        ]

        assert kinds == [["jpeg"], ["jpeg"], ["jpeg"]]
        assert not any(page.get_text().strip() for page in document)


def test_the_fax_is_group_4(drawn):
    with Image.open(drawn.documents_folder / "fax-20240402-0917.tif") as image:
        assert image.n_frames > 1
        assert image.info["compression"] == "group4"


def test_the_same_seed_writes_the_same_bytes(drawn, tmp_path):
    write_samples(tmp_path)

    assert digests(tmp_path) == digests(drawn.folder)


def test_the_command_writes_many_different_documents_and_the_same_ones_again(tmp_path):
    app = typer.Typer()
    app.command()(samples.main)

    outcome = CliRunner().invoke(app, [str(tmp_path / "a"), "--documents", "8"])
    again = write_loads(tmp_path / "b", documents=8)

    assert outcome.exit_code == 0
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert len({path.read_bytes() for path in again.documents_folder.iterdir()}) == 8
    assert all(1 <= len(entry["pages"]) <= 3 for entry in again.expected["documents"])
