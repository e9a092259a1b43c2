"""The report is one safe file that says what the results say."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.results import document, page, region, verdict
from worker.errors import StorageUnavailable
from worker.rendering.encoding import encode
from worker.report import html
from worker.report.drawing import OUTCOME_COLOURS
from worker.report.html import write_report
from worker.result import CompletenessResult, DocumentResult, VersionsResult
from worker.rules.evaluation import Completeness
from worker.vision.choices import Outcome
from worker.vision.images import decode

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}.pdf"
OUR_SCRIPT = (Path(html.__file__).parent / "templates" / "report.js").read_text()
SIGNED = document(
    pages=[page(regions=[region(0)]), page(1)],
    claims=["ann"],
    verdicts=[verdict("ann", "genuine", 0.9731)],
)


class Tags(HTMLParser):
    """The tags, attributes and words of a page, as a browser would read them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts.append(data)
            return
        self.words += " ".join(data.split()) + " "

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    def pictures(self) -> list[np.ndarray]:
        return [decode(base64.b64decode((image["src"] or "").split(",")[1])) for image in self.all("img")]


def stored(key: str) -> bytes:
    """White paper for a page, grey paper for its crops."""
    size = (600, 400) if key == "page" else (60, 120)
    return encode(np.full((*size, 3), 255 if key == "page" else 200, np.uint8), lossy=False).data


def report(tmp_path: Path, *results: DocumentResult, **options: Any) -> Tags:
    options = {"load_image": stored, **options}
    path = write_report(results, tmp_path / "out" / "report.html", **options)
    return Tags(path.read_text(encoding="utf-8"))


def test_a_verdict_stands_beside_both_of_its_crops(tmp_path: Path) -> None:
    read = report(tmp_path, SIGNED)

    assert [image["alt"] for image in read.all("img")] == [
        "Page 1 with what was found on it",
        "As scanned",
        "Cleaned",
        "Page 2",
    ]
    sentence = "Moderate support for the proposition that ann wrote this signature"
    for words in ("ann", "genuine", "0.973", "high", "references 3", "score 0.80", sentence):
        assert words in read.words


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"label": "handwritten_date"}, "only signatures are compared", id="a date"),
        pytest.param(
            {"signs": False, "role_probability": 0.1}, "this mark does not sign the document", id="a note"
        ),
        pytest.param({"reason": "damaged_crop", "detail": "the crop is lost"}, "the crop is lost", id="lost"),
    ],
)
def test_a_mark_that_is_not_compared_says_why_and_shows_no_empty_box(
    tmp_path: Path, facts: dict[str, Any], reason: str
) -> None:
    """The document names a signer: that is not why."""
    page = SIGNED.pages[0]
    mark = page.regions[0].model_copy(update={"clean": None, **facts})
    pages = (page.model_copy(update={"regions": (mark,)}), *SIGNED.pages[1:])

    read = report(tmp_path, SIGNED.model_copy(update={"pages": pages, "verdicts": ()}))

    assert f"Not compared: {reason}" in read.words
    assert "names no signer" not in read.words
    assert "Cleaned" not in [image["alt"] for image in read.all("img")]
    assert "not kept in this report" not in read.words


def test_the_box_is_drawn_on_the_page_in_the_colour_of_its_verdict(tmp_path: Path) -> None:
    drawn, *_ = report(tmp_path, SIGNED).pictures()

    edge = drawn[130, 40].astype(int)
    assert np.abs(edge - OUTCOME_COLOURS[Outcome.GENUINE]).max() < 40
    assert (drawn[500, 300] > 250).all()


def test_it_loads_nothing_and_runs_one_script_that_its_policy_names(tmp_path: Path) -> None:
    read = report(tmp_path, SIGNED)

    policy = next(tag["content"] for tag in read.all("meta") if tag.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert re.findall(r"script-src ([^;]*);", policy) == [
        f"'sha256-{digest(script)}'" for script in read.scripts
    ]
    assert len(read.scripts) == 1
    assert {"link", "iframe", "object", "form"}.isdisjoint(tag for tag, _ in read.tags)
    assert all((image["src"] or "").startswith("data:image/") for image in read.all("img"))
    assert all((anchor["href"] or "").startswith("#") for anchor in read.all("a"))


def digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    hostile = document(
        HOSTILE,
        status="partial",
        reason=HOSTILE,
        detail=HOSTILE,
        pages=[page(status="failed"), page(1, regions=[region(0, on_page=1, label=HOSTILE)])],
        claims=[HOSTILE],
        verdicts=[verdict(HOSTILE, "genuine", 0.9, on_page=1)],
        versions=VersionsResult.model_validate({HOSTILE: HOSTILE}),
    )

    read = report(tmp_path, hostile, title=HOSTILE)

    assert "iframe" not in [tag for tag, _ in read.tags]
    assert [digest(script) for script in read.scripts] == [digest(OUR_SCRIPT)]
    assert all(name in {"src", "alt"} for image in read.all("img") for name in image)
    assert "<script>alert(1)</script>" in read.words
    assert "{{ 7*7 }}" in read.words


def test_every_link_leads_to_a_document(tmp_path: Path) -> None:
    results = [document(f"in/{number}.pdf", pages=[page(regions=[region(0)])]) for number in range(7)]

    read = report(tmp_path, *results, detailed=3)

    targets = {f"#{attributes['id']}" for _, attributes in read.tags if attributes.get("id")}
    assert {anchor["href"] for anchor in read.all("a")} == targets
    assert len(targets) == 3
    assert all(f"{number}.pdf" in read.words for number in range(7))


def test_documents_that_need_a_person_are_shown_before_others(tmp_path: Path) -> None:
    quiet = [document(f"in/quiet-{number}.pdf", pages=[page()]) for number in range(3)]
    failed = document("in/broken.pdf", status="failed", reason="encrypted_document", signed=None)

    read = report(tmp_path, *quiet, failed, detailed=1)

    assert {anchor["href"] for anchor in read.all("a")} == {"#d4"}


def test_pictures_go_to_what_is_to_be_looked_at_first(tmp_path: Path) -> None:
    quiet = [document(f"in/{number}.pdf", pages=[page(regions=[region(0)])]) for number in range(20)]
    forged = document(
        "in/forged.pdf", pages=[page(regions=[region(0)])], verdicts=[verdict("ann", "forged", 0.1)]
    )

    read = report(tmp_path, *quiet, forged, picture_bytes=1)

    assert len(read.all("img")) == 1
    details = read.words.index("Document by document")
    assert read.words.index("forged.pdf", details) < read.words.index("0.pdf", details)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("encrypted_document", "The document asks for a password."),
        ("cancelled", "Somebody gave the document up."),
        ("storage_unavailable", "The object store did not answer, or answered with a fault of its own."),
    ],
)
def test_a_failed_document_says_its_code_and_a_sentence(tmp_path: Path, reason: str, sentence: str) -> None:
    failed = document("in/locked.pdf", status="failed", reason=reason, signed=None)

    read = report(tmp_path, failed)

    assert reason in read.words
    assert sentence in read.words


def test_what_a_document_lacks_is_told(tmp_path: Path) -> None:
    lacking = CompletenessResult(
        answer=Completeness.INCOMPLETE,
        unmet=("page 7: the tenant’s signature is missing; the line is empty",),
        doubts=("page 8 could not be read",),
        type="lease",
        version=3,
    )

    read = report(tmp_path, document().model_copy(update={"completeness": lacking}))

    assert "incomplete" in read.words
    assert "by the rules of lease, version 3" in read.words
    assert "page 7: the tenant’s signature is missing; the line is empty" in read.words
    assert "page 8 could not be read" in read.words


def test_a_page_that_could_not_be_read_is_named(tmp_path: Path) -> None:
    read = report(tmp_path, document(status="partial", pages=[page(), page(1, status="failed")]))

    assert "Page 2 could not be read" in read.words
    assert "unreadable_page" in read.words


def test_pictures_end_where_the_budget_ends_and_the_words_go_on(tmp_path: Path) -> None:
    results = [document(f"in/{number}.pdf", pages=[page(regions=[region(0)])]) for number in range(20)]

    read = report(tmp_path, *results, picture_bytes=3_000)

    assert 0 < len(read.all("img")) < 10
    assert "pictures left out" in read.words
    assert "19.pdf" in read.words


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), StorageUnavailable("page", "down")])
def test_a_missing_picture_leaves_a_gap_and_no_more(tmp_path: Path, error: Exception) -> None:
    def gone(key: str) -> bytes:
        raise error

    path = write_report([SIGNED], tmp_path / "report.html", load_image=gone)

    read = Tags(path.read_text(encoding="utf-8"))
    assert read.all("img") == []
    assert "not kept in this report" in read.words


def test_a_result_with_only_the_contract_in_it_is_enough(tmp_path: Path) -> None:
    whole = document(pages=[page(regions=[region(0)])], verdicts=[verdict("ann", "no_reference", None)])
    bare: Any = whole.json_object()
    for name in ("claims", "detail"):
        del bare[name]
    for name in ("image", "reason"):
        del bare["pages"][0][name]

    read = report(tmp_path, DocumentResult.model_validate(bare))

    assert "no reference" in read.words


def test_no_documents_make_a_report_too(tmp_path: Path) -> None:
    assert "0 documents" in report(tmp_path).words


def test_large_pages_are_reduced(tmp_path: Path) -> None:
    huge = encode(np.full((3000, 2000, 3), 255, np.uint8), lossy=False).data

    path = write_report([SIGNED], tmp_path / "report.html", load_image=lambda key: huge)

    shapes = [picture.shape[:2] for picture in Tags(path.read_text(encoding="utf-8")).pictures()]
    assert max(max(shape) for shape in shapes) <= 1300


def test_the_file_is_the_same_for_the_same_results(tmp_path: Path) -> None:
    first = write_report([SIGNED], tmp_path / "a.html", load_image=stored).read_bytes()

    assert write_report([SIGNED], tmp_path / "b.html", load_image=stored).read_bytes() == first


def test_the_file_names_no_address(tmp_path: Path) -> None:
    path = write_report([SIGNED], tmp_path / "report.html", load_image=stored)

    assert not re.search(r"https?://", path.read_text(encoding="utf-8"))


def test_a_mark_says_whether_it_signs_and_one_of_unknown_role_says_nothing(tmp_path: Path) -> None:
    regions = [
        region(0, label="initials", signs=True, role_probability=0.91),
        region(1, signs=False, role_probability=0.08),
        region(2, signs=True),
        region(3),
    ]
    read = report(tmp_path, document(pages=[page(regions=regions)]))

    titles = [span["title"] for span in read.all("span") if "title" in span]
    assert [title for title in titles if title and "it signs" in title] == [
        "probability that it signs: 0.91",
        "probability that it signs: 0.08",
    ]
    assert "3 marks that sign" in read.words


MIXED = document(
    pages=[
        page(0, regions=[region(0, label="handwritten_date"), region(1, label="initials", signs=False)]),
        page(
            1,
            regions=[
                region(0, on_page=1, label="handwritten_date"),
                region(1, on_page=1, label="initials", signs=True),
                region(2, on_page=1),
            ],
        ),
    ],
    claims=["ann", "ben"],
    verdicts=[
        verdict("ann", "genuine", 0.97, place=2, on_page=1),
        verdict("ben", "forged", 0.01, place=2, on_page=1),
    ],
)


def test_the_signature_stands_first_and_what_does_not_sign_is_folded(tmp_path: Path) -> None:
    read = report(tmp_path, MIXED)

    places = ("Signature", "Initials", "Does not sign: 1 × handwritten date")
    order = [read.words.index(words, read.words.index("Document by document")) for words in places]
    assert order == sorted(order)
    summaries = [index for index, (tag, _) in enumerate(read.tags) if tag == "summary"]
    figures = [index for index, (_, facts) in enumerate(read.tags) if facts.get("class") == "sheet"]
    assert len(figures) == 2
    assert "1 page with marks that do not sign" in read.words
    assert read.words.index("Page 2 ·") < read.words.index("Page 1 ·")
    assert len(summaries) == 3, "another signer, marks of the page, pages without a mark that signs"
    assert not any("open" in facts for facts in read.all("details"))


def test_what_a_signature_would_be_for_the_other_party_is_folded_and_not_called_forged(
    tmp_path: Path,
) -> None:
    text = write_report([MIXED], tmp_path / "report.html", load_image=stored).read_text(encoding="utf-8")

    assert "Against 1 other claimed signer" in text
    assert '<span class="pill bad">forged</span>' not in text


def test_pages_are_open_where_no_mark_signs(tmp_path: Path) -> None:
    dated = document(pages=[page(regions=[region(label="handwritten_date")])], signed=False)

    read = report(tmp_path, dated)

    assert ["open" in facts for facts in read.all("details")] == [True]


def test_a_contradicted_claim_says_so_in_the_list_the_table_and_the_document(tmp_path: Path) -> None:
    contradicted = document(
        pages=[page(regions=[region(0), region(1)])],
        verdicts=[verdict("ann", "genuine", 0.97, place=0), verdict("ann", "forged", 0.02, place=1)],
    )

    text = write_report([contradicted], tmp_path / "r.html", load_image=stored).read_text(encoding="utf-8")

    assert "one signature of a claimed signer is genuine, another is forged" in text
    assert text.count('<span class="pill bad">contradicted</span>') == 3
