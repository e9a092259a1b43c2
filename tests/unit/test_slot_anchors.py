"""Which words beside a line ask for a mark, in nine languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from worker.slots import anchors
from worker.slots.anchors import (
    caption_meaning,
    field_kind,
    field_words,
    normal_words,
    party_of,
    slots_version,
)
from worker.slots.values import SlotKind

SIGNATURE, INITIALS, DATE, STAMP = SlotKind.SIGNATURE, SlotKind.INITIALS, SlotKind.DATE, SlotKind.STAMP


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Signature of Applicant:", SIGNATURE),
        ("By:", SIGNATURE),
        ("X", SIGNATURE),
        ("PLAINTIFF’S SIGNATURE", SIGNATURE),
        ("Datum, Unterschrift", DATE),
        ("Unterschrift des Mieters", SIGNATURE),
        ("Signature du bailleur", SIGNATURE),
        ("Firma del arrendatario", SIGNATURE),
        ("Firma del conduttore", SIGNATURE),
        ("Assinatura do locatário", SIGNATURE),
        ("Handtekening huurder", SIGNATURE),
        ("Podpis najemcy", SIGNATURE),
        ("Подпись арендатора", SIGNATURE),
        ("М.П.", STAMP),
        ("Tenant's initials", INITIALS),
        ("Paraaf", INITIALS),
        ("Voter’s Signature (required, no power of attorney)", SIGNATURE),
        ("(signature or mark)", SIGNATURE),
        ("Voter signature here X", SIGNATURE),
        ("Date (MM/DD/YYYY)", DATE),
        ("Дата", DATE),
    ],
)
def test_a_label_says_what_it_asks_for(text: str, kind: SlotKind) -> None:
    meaning = caption_meaning(text)

    assert meaning is not None
    assert meaning.kind is kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Address",
        "Date of Birth",
        "Election date",
        "Middle initial",
        "Submitted by:",
        "You may sign this application with your usual signature or with a mark of your own",
        "The signature requirement was met",
        "Section 2: certification and signature",
        "making my mark in lieu of my signature.",
        "This certificate needs no other signature.",
        "Save a stamp",
    ],
)
def test_other_labels_and_prose_ask_for_no_mark(text: str) -> None:
    assert caption_meaning(text) is None


def test_a_label_of_a_date_says_whether_the_signing_is_dated() -> None:
    dated, date = caption_meaning("Date of signature"), caption_meaning("Date")

    assert dated is not None and dated.signing
    assert date is not None and not date.signing


@pytest.mark.parametrize(
    ("text", "party"),
    [
        ("Signature of Witness", "witness"),
        ("Unterschrift der Mieterin", "tenant"),
        ("Landlord’s signature", "landlord"),
        ("Signature", None),
    ],
)
def test_a_label_names_its_party(text: str, party: str | None) -> None:
    assert party_of(normal_words(text)) == party


@pytest.mark.parametrize(
    "name", ["witness_signature", "witnessSignature", "WitnessSignature2", "form1.witness[0]"]
)
def test_the_name_of_a_form_field_names_its_party(name: str) -> None:
    assert party_of(field_words(name)) == "witness"


@pytest.mark.parametrize(
    ("name", "signature", "kind"),
    [
        ("user_signature", True, SIGNATURE),
        ("witness_signature", False, SIGNATURE),
        ("date_signed", False, DATE),
        ("SignatureDate", False, DATE),
        ("tenant_initials", False, INITIALS),
        ("middle_initial", False, None),
        ("date_of_birth", False, None),
        ("Field 7", True, SIGNATURE),
        ("address", False, None),
    ],
)
def test_a_form_field_asks_by_its_name_or_type(name: str, signature: bool, kind: SlotKind | None) -> None:
    assert field_kind(name, signature=signature) is kind


def test_all_words_that_find_slots_stand_in_one_file_whose_digest_is_their_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = json.loads(anchors._ANCHORS.read_text(encoding="utf-8"))
    words["field"]["signature"].append("autograph")
    words["alone"].append("autograph")
    words["signature"]["en"].append("autograph")
    (tmp_path / "anchors.json").write_text(json.dumps(words))
    shipped = slots_version()
    monkeypatch.setattr(anchors, "_ANCHORS", tmp_path / "anchors.json")
    monkeypatch.setattr(anchors, "_lexicon", anchors._lexicon.__wrapped__)

    assert field_kind("tenant_autograph", signature=False) is SIGNATURE
    assert caption_meaning("Autograph") is not None and caption_meaning("Autograph of tenant") is None
    assert slots_version() != shipped
