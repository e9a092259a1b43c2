# mypy: disable-error-code="no-untyped-call"
"""The sample documents of the demo: files of every kind, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pymupdf
import typer
from rich.console import Console

from training.synthesis import files, prose
from training.synthesis.frames import folded, framed
from training.synthesis.layouts import LAYOUTS
from training.synthesis.loads import write_loads
from training.synthesis.manifest import Manifest, SampleClaim, SampleDocument, SamplePage, write_set
from training.synthesis.order import lease, signed_in_the_wrong_box
from training.synthesis.pages import A4, DrawnPage, blank, complete, fill, insert, signature_entry
from training.synthesis.scanner import SCANNERS, Scanner, scan
from training.synthesis.strokes import InventedSigner

_Rng = np.random.Generator
_DPI = 200


@dataclass(frozen=True, slots=True)
class _Cast:
    """The people of the sample documents; all but the stranger have references on file."""

    enrolled: tuple[InventedSigner, ...]
    stranger: InventedSigner


_CAST = _Cast(
    tuple(InventedSigner.from_seed(seed) for seed in (1, 20, 63, 45, 44)), InventedSigner.from_seed(83)
)
_JUDITH, _FLORA, _JONAS, _ELENA, _SILAS = _CAST.enrolled


def _sheet(page: DrawnPage) -> SamplePage:
    height, width = page.pixels.shape[:2]
    return SamplePage(width, height, page.marks)


def _signed(
    layout: str,
    rng: _Rng,
    *signers: InventedSigner,
    device: Scanner,
    dpi: float = _DPI,
    printed: Sequence[str] = (),
) -> DrawnPage:
    paper = blank(layout, rng, names=printed or [signer.name for signer in signers], dpi=dpi)
    return scan(fill(paper, complete(paper.slots, signers, rng)), device, rng)


def _unsigned(layout: str, rng: _Rng, name: str, *, device: Scanner, dpi: float = _DPI) -> DrawnPage:
    return scan(fill(blank(layout, rng, names=[name], dpi=dpi), []), device, rng)


def _agreement(rng: _Rng) -> SampleDocument:
    parties = (_JUDITH, _SILAS)
    sheets, day = [], prose.some_day(rng)
    with pymupdf.open() as document:
        for layout in ("contract", "contract", "contract", "signing_page", "signing_page"):
            page = document.new_page(width=A4[0], height=A4[1])
            slots = LAYOUTS[layout](page, rng, [party.name for party in parties])
            marks = tuple(insert(page, entry, dpi=_DPI) for entry in complete(slots, parties, rng, day=day))
            sheets.append(SamplePage(round(A4[0] * _DPI / 72), round(A4[1] * _DPI / 72), marks))
        data = files.saved(document)
    claims = tuple(SampleClaim(party.slug, "genuine") for party in parties)
    return SampleDocument(
        "framework-agreement-2024-031.pdf", data, tuple(sheets), claims, "drawn PDF, signed on two pages"
    )


def _loan_file(rng: _Rng) -> SampleDocument:
    device = SCANNERS["feeder"]
    pages = [
        _unsigned("letter", rng, "The Lending Department", device=device, dpi=150),
        _signed("form", rng, _FLORA, device=device, dpi=150),
        _unsigned("delivery_note", rng, _FLORA.name, device=device, dpi=150),
    ]
    sheets = tuple(_sheet(page) for page in pages)
    claims = (SampleClaim(_FLORA.slug, "genuine"),)
    return SampleDocument(
        "loan-file-88213-scan.pdf",
        files.scanned_pdf(pages),
        sheets,
        claims,
        "scanned PDF, signed on one page",
    )


def _fax(rng: _Rng) -> SampleDocument:
    device = SCANNERS["fax"]
    pages = [
        _unsigned("letter", rng, _JONAS.name, device=device),
        _signed("signing_page", rng, _JONAS, device=device),
    ]
    sheets = tuple(_sheet(page) for page in pages)
    claims = (SampleClaim(_JONAS.slug, "genuine"),)
    return SampleDocument("fax-20240402-0917.tif", files.fax(pages), sheets, claims, "G4 fax of two pages")


def _jpeg_letter(rng: _Rng) -> SampleDocument:
    page = _signed("letter", rng, _ELENA, device=SCANNERS["flatbed"])
    return _single("letter-claims-department.jpg", page, SampleClaim(_ELENA.slug, "genuine"), "signed letter")


def _png_form(rng: _Rng) -> SampleDocument:
    page = _signed("form", rng, _SILAS, device=Scanner())
    return _single(
        "membership-form-0457.png", page, SampleClaim(_SILAS.slug, "genuine"), "completed and signed form"
    )


def _reminder(rng: _Rng) -> SampleDocument:
    page = _unsigned("letter", rng, _FLORA.name, device=SCANNERS["flatbed"], dpi=150)
    return _single(
        "reminder-second-notice.jpg", page, SampleClaim(_FLORA.slug, "none"), "letter that nobody signed"
    )


def _forgery(rng: _Rng) -> SampleDocument:
    paper = blank("letter", rng, names=[_JUDITH.name], dpi=_DPI)
    forged = fill(paper, [signature_entry(paper.slots[0], _JUDITH, rng, forged=True)])
    page = scan(forged, SCANNERS["flatbed"], rng)
    return _single("payment-order-2291.jpg", page, SampleClaim(_JUDITH.slug, "forged"), "skilled forgery")


def _other_hand(rng: _Rng) -> SampleDocument:
    page = _signed("letter", rng, _ELENA, device=SCANNERS["archive"], dpi=150, printed=[_FLORA.name])
    return _single(
        "power-of-attorney.jpg",
        page,
        SampleClaim(_FLORA.slug, "other"),
        "signed by somebody else than claimed",
    )


def _stranger(rng: _Rng) -> SampleDocument:
    page = _signed("letter", rng, _CAST.stranger, device=SCANNERS["feeder"], dpi=150)
    claims = (SampleClaim(_CAST.stranger.slug, "genuine"),)
    data = files.scanned_pdf([page])
    return SampleDocument(
        "lease-termination.pdf", data, (_sheet(page),), claims, "signer without references on file"
    )


def _delivery(rng: _Rng) -> SampleDocument:
    page = _signed("delivery_note", rng, _JONAS, device=SCANNERS["feeder"])
    note = "signed across rules and print"
    return _single("delivery-note-5512.png", page, SampleClaim(_JONAS.slug, "genuine"), note)


def _no_claim(rng: _Rng) -> SampleDocument:
    page = _signed("signing_page", rng, _SILAS, _FLORA, device=SCANNERS["flatbed"], dpi=150)
    return _single("side-letter-april.jpg", page, None, "two signatures, nobody claimed")


def _corrupt(rng: _Rng) -> SampleDocument:
    whole = files.scanned_pdf([_unsigned("contract", rng, _ELENA.name, device=SCANNERS["archive"], dpi=72)])
    return SampleDocument("archive-1998-box12.pdf", files.damaged(whole), (), (), "damaged beyond reading")


def _memo(rng: _Rng) -> SampleDocument:
    """Initials are no signature: nobody's reference is compared with them."""
    page = _signed("memo", rng, _ELENA, device=SCANNERS["feeder"])
    return _single("memo-office-hours.png", page, None, "memo signed by initials")


def _routing(rng: _Rng) -> SampleDocument:
    page = _signed("routing_list", rng, _SILAS, _JUDITH, device=SCANNERS["flatbed"], dpi=150)
    return _single("circular-17.jpg", page, None, "initials on a routing list, which sign nothing")


def _microfilm(rng: _Rng) -> SampleDocument:
    page = framed(_signed("letter", rng, _JONAS, device=SCANNERS["flatbed"], dpi=300), rng)
    filmed = scan(page, SCANNERS["fax"], rng)
    claims = (SampleClaim(_JONAS.slug, "genuine"),)
    note = "signed letter on microfilm, small in a dark frame"
    return SampleDocument("film-0113.tif", files.fax([filmed]), (_sheet(filmed),), claims, note)


def _folded_corner(rng: _Rng) -> SampleDocument:
    paper = blank("memo", rng, names=[_FLORA.name], dpi=150)
    page = folded(scan(fill(paper, []), SCANNERS["flatbed"], rng), rng)
    return _single("notice-to-staff.jpg", page, None, "memo that nobody signed, with a folded corner")


def _lease(rng: _Rng) -> SampleDocument:
    people = (_JUDITH, _SILAS, _FLORA)
    return lease(rng, people, name="lease-mill-lane-4.pdf", note="lease in good order")


def _lease_without_witness(rng: _Rng) -> SampleDocument:
    note = "the same lease, which no witness signed"
    return lease(rng, (_JUDITH, _SILAS), name="lease-mill-lane-4-no-witness.pdf", note=note)


def _wrong_box(rng: _Rng) -> SampleDocument:
    name, note = "change-of-address-0716.pdf", "signed in the box of the date"
    return signed_in_the_wrong_box(rng, _ELENA, name=name, note=note)


def _single(name: str, page: DrawnPage, claim: SampleClaim | None, note: str) -> SampleDocument:
    data = files.png(page) if name.endswith(".png") else files.jpeg(page)
    return SampleDocument(name, data, (_sheet(page),), () if claim is None else (claim,), note)


_SAMPLES: tuple[Callable[[_Rng], SampleDocument], ...] = (
    _agreement,
    _loan_file,
    _fax,
    _jpeg_letter,
    _png_form,
    _reminder,
    _forgery,
    _other_hand,
    _stranger,
    _delivery,
    _no_claim,
    _corrupt,
    _memo,
    _routing,
    _microfilm,
    _folded_corner,
    _lease,
    _lease_without_witness,
    _wrong_box,
)


def _samples(seed: int) -> Iterator[SampleDocument]:
    for index, make in enumerate(_SAMPLES):
        yield make(np.random.default_rng([seed, index]))


def write_samples(folder: Path, *, seed: int = 7) -> Manifest:
    """Draw the sample documents and their references into a folder; the same seed gives the same bytes."""
    return write_set(folder, _samples(seed), _CAST.enrolled, seed=seed)


def main(
    folder: Annotated[
        Path, typer.Argument(help="Where to write documents, references, claims.csv, expected.json.")
    ],
    documents: Annotated[
        int, typer.Option(min=0, help="Write that many varied documents for a load test.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same documents.")] = 7,
) -> None:
    """Draw sample documents: one of every kind for the demo, or many for a load test."""
    manifest = (
        write_loads(folder, documents=documents, seed=seed) if documents else write_samples(folder, seed=seed)
    )
    Console(stderr=True).print(f"{len(manifest.documents)} documents in {manifest.documents_folder}")


if __name__ == "__main__":
    typer.run(main)
