"""Printed pages: every layout prints what it is called for, and leaves room where it asks for a hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pymupdf
import pytest

from training.synthesis import columns, prose
from training.synthesis.agreements import AGREEMENTS
from training.synthesis.columns import TextColumn
from training.synthesis.layouts import LAYOUTS, Slot, rubber_stamp
from training.synthesis.office import EVERY_LAYOUT, OFFICE
from training.synthesis.pages import A4, LETTER, blank, complete, fill, placed
from training.synthesis.strokes import InventedSigner

NAMES = ("Ines Halvorsen", "Tomas Okafor")
EVERY = EVERY_LAYOUT | AGREEMENTS
#: What may be asked for on a page.
KINDS = {"signature", "initials", "handwritten_date", "handwriting"}


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def pages() -> Iterator[Callable[[], pymupdf.Page]]:
    """Makes empty pages of one document."""
    with pymupdf.open() as document:
        yield lambda: document.new_page(width=A4[0], height=A4[1])


def printed(
    layout: str, seed: int, names: Sequence[str] = NAMES, size: tuple[float, float] = A4
) -> tuple[str, list[Slot]]:
    """The words of a page in one line, and its slots."""
    with pymupdf.open() as document:
        page = document.new_page(width=size[0], height=size[1])
        slots = EVERY[layout](page, rng(seed), names)
        return " ".join(page.get_text().split()), slots


def kinds(slots: Sequence[Slot]) -> Counter[str]:
    return Counter(slot.kind for slot in slots)


@pytest.mark.parametrize("layout", EVERY)
def test_a_layout_is_its_seed_s(layout: str) -> None:
    assert printed(layout, 3) == printed(layout, 3)
    # All pages of one contract look alike, which is that of its parties, whatever the seed.
    other = ("Ada Holm", "Ben Wells") if layout in {"contract", "signing_page"} else NAMES
    assert printed(layout, 3)[0] != printed(layout, 4, other)[0]


@pytest.mark.parametrize("layout", EVERY)
@pytest.mark.parametrize("size", [pytest.param(A4, id="A4"), pytest.param(LETTER, id="Letter")])
def test_slots_lie_on_any_paper_and_belong_to_a_party(layout: str, size: tuple[float, float]) -> None:
    for seed in range(4):
        for slot in printed(layout, seed, size=size)[1]:
            assert slot.kind in KINDS
            assert slot.width > 10 and slot.height > 10
            assert 0 <= slot.x < size[0] and 0 < slot.y <= size[1]
            assert slot.party in {0, 1}


@pytest.mark.parametrize("layout", EVERY)
def test_nothing_is_printed_beyond_the_sides_of_the_page(layout: str) -> None:
    for seed in range(3):
        with pymupdf.open() as document:
            page = document.new_page(width=A4[0], height=A4[1])
            EVERY[layout](page, rng(seed), NAMES)
            words = page.get_text("words")
        assert words
        assert all(word[0] >= 0 and word[2] <= A4[0] + 60 for word in words)


def test_a_letter_greets_closes_and_has_one_place_to_sign_above_the_name() -> None:
    for seed in range(6):
        text, slots = printed("letter", seed)

        assert "Dear Sir or Madam," in text and NAMES[0] in text
        assert any(words in text for words in ("Yours faithfully,", "Yours sincerely,", "With kind regards,"))
        assert kinds(slots) == {"signature": 1}
        assert text.index("Dear Sir") < text.index(NAMES[0])


def test_a_contract_names_its_parties_and_asks_each_for_initials() -> None:
    text, slots = printed("contract", 1)

    assert all(name in text for name in NAMES) and "together called the parties" in text
    assert text.count("Initials") == 2
    assert [(slot.kind, slot.party) for slot in slots] == [("initials", 0), ("initials", 1)]
    assert slots[0].x + slots[0].width < slots[1].x


def test_all_pages_of_a_contract_look_alike_and_clauses_go_on(pages) -> None:
    texts = []
    for _ in range(2):
        page = pages()
        LAYOUTS["contract"](page, rng(), NAMES)
        texts.append(" ".join(page.get_text().split()))

    title = next(part for part in texts[0].split("between")[:1])
    assert title.strip() in texts[1]
    assert "1. " in texts[0] and "9. " in texts[1] and "9. " not in texts[0]


def test_a_signing_page_has_a_line_and_a_date_for_every_party() -> None:
    text, slots = printed("signing_page", 2)

    assert text.count("Signed:") == 2 == text.count("Date:")
    assert [(slot.kind, slot.party) for slot in slots] == [
        *(("signature", 0), ("handwritten_date", 0)),
        *(("signature", 1), ("handwritten_date", 1)),
    ]


def test_a_form_s_fields_carry_the_titles_that_are_printed_beside_them() -> None:
    text, slots = printed("form", 3)

    titles = [slot.title for slot in slots if slot.kind == "handwriting"]
    assert len(titles) == len(set(titles)) == 8
    assert all(title in prose.FIELDS and title in text for title in titles)
    assert kinds(slots) == {"handwriting": 8, "signature": 1, "handwritten_date": 1}


def test_a_delivery_note_lists_goods_under_their_headings() -> None:
    text, slots = printed("delivery_note", 4)

    assert all(heading in text for heading in ("No.", "Item", "Quantity", "Price"))
    assert sum(item in text for item in prose.ITEMS) >= 6
    assert kinds(slots) == {"signature": 1}


def test_an_offer_is_accepted_by_every_party_side_by_side() -> None:
    _, slots = printed("acceptance", 5)

    signing = [slot for slot in slots if slot.kind == "signature"]
    assert [slot.party for slot in signing] == [0, 1]
    assert signing[0].x + signing[0].width <= signing[1].x
    assert signing[0].y == signing[1].y


def test_rows_of_approvals_name_who_approves() -> None:
    texts = [printed("approvals", seed) for seed in range(6)]

    for text, slots in texts:
        assert all(head in text for head in ("Name", "Signature", "Initials", "Date"))
        rows = {slot.y for slot in slots}
        assert text.count(NAMES[0]) + text.count(NAMES[1]) >= len(rows)


def test_a_dense_page_is_initialled_by_both_at_its_foot() -> None:
    for seed in range(4):
        _, slots = printed("initialled", seed)

        foot = max(slot.y for slot in slots)
        assert kinds(slots).keys() == {"initials"}
        assert {slot.party for slot in slots if slot.y == foot} == {0, 1}


def test_some_letters_of_today_are_dated_by_hand() -> None:
    dated = [kinds(printed("mail", seed)[1])["handwritten_date"] for seed in range(20)]

    assert 2 <= sum(dated) <= 14


def test_one_block_in_seven_of_an_agreement_stays_empty() -> None:
    blocks = signed = 0
    for seed in range(16):
        text, slots = printed("execution", seed)
        blocks += text.count("Name: ")
        signed += kinds(slots)["signature"]

    assert blocks > 30
    assert 0.7 < signed / blocks < 1


def test_blocks_say_who_signs_and_in_what_office() -> None:
    text, slots = printed("execution", 2)

    assert text.count("Title: ") == text.count("Name: ") >= 2
    assert all(f"Name: {name}" in text for name in NAMES)
    assert {slot.kind for slot in slots} <= {"signature", "handwritten_date"}


def test_most_pages_of_clauses_are_initialled_below_the_text() -> None:
    initialled = 0
    for seed in range(12):
        _, slots = printed("clause_page", seed)
        initialled += bool(slots)
        assert all(slot.kind == "initials" and slot.y > A4[1] - 61 for slot in slots)

    assert 6 <= initialled < 12


def test_layouts_of_the_test_set_are_not_among_those_of_today() -> None:
    assert not set(LAYOUTS) & (set(OFFICE) | set(AGREEMENTS))
    assert set(EVERY_LAYOUT) == set(LAYOUTS) | set(OFFICE)


def test_a_stamp_prints_its_date_and_one_word(pages) -> None:
    page = pages()

    rubber_stamp(page, rng(), 300, 300, date="4 March 2024")

    text = page.get_text()
    assert "4 March 2024" in text
    assert sum(word in text for word in ("RECEIVED", "COPY", "PAID", "ENTERED", "APPROVED")) == 1


def test_a_paragraph_moves_the_cursor_by_its_lines(pages) -> None:
    column = TextColumn(pages(), rng())
    column.size, start = 10.0, column.y
    column.text("one line")
    single = column.y - start
    column.text("words " * 60)

    assert 10 < single < 25
    assert column.y - start > 3 * single


def test_a_column_s_print_stays_between_its_edges(pages) -> None:
    page = pages()
    column = TextColumn(page, rng(2))
    for text in prose.paragraphs(rng(3)):
        column.text(text)

    words = page.get_text("words")
    assert all(column.left - 1 <= word[0] and word[2] <= column.right + 1 for word in words)
    assert max(word[3] for word in words) <= column.y


def test_a_letterhead_returns_the_company_that_it_prints(pages) -> None:
    page = pages()
    column = TextColumn(page, rng(4))
    before = column.y

    company = columns.letterhead(column)

    assert company in prose.COMPANIES and company in page.get_text()
    assert column.y > before


def test_a_footer_stands_below_all_print(pages) -> None:
    page = pages()
    column = TextColumn(page, rng(4))

    columns.footer(column, "registered number 1")

    (word, *_) = page.get_text("words")
    assert word[1] > column.bottom


def test_entries_fit_their_slots() -> None:
    people = [InventedSigner.from_seed(31), InventedSigner.from_seed(32)]
    for layout in ("form", "contract", "approvals"):
        paper = blank(layout, rng(1), names=NAMES, dpi=40)
        for entry in complete(paper.slots, people, rng(2)):
            left, top, right, bottom = placed(entry)[0].bounds
            assert right - left <= entry.slot.width + 1e-6
            assert bottom - top <= 1.25 * entry.slot.height + 1e-6


@pytest.mark.parametrize("fields", [True, False])
def test_the_rest_of_a_form_is_filled_in_where_it_is_asked_for(fields: bool) -> None:
    paper = blank("form", rng(1), names=NAMES, dpi=40)

    entries = complete(paper.slots, [InventedSigner.from_seed(31)], rng(2), fields=fields)

    assert Counter(entry.slot.kind for entry in entries)["handwriting"] == (8 if fields else 0)


def test_another_day_is_written_otherwise_in_the_same_places() -> None:
    paper = blank("signing_page", rng(1), names=NAMES, dpi=40)
    people = [InventedSigner.from_seed(31), InventedSigner.from_seed(32)]

    pages = [
        fill(paper, complete(paper.slots, people, rng(2), day=prose.Day(2024, 3, day))) for day in (4, 5)
    ]

    assert not np.array_equal(pages[0].pixels, pages[1].pixels)
    assert [mark.label for mark in pages[0].marks] == [mark.label for mark in pages[1].marks]
