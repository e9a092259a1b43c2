"""Rule files: what they may say, what is refused with its line, and what they answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from producer.cli import app
from worker.errors import WrongUse
from worker.rules.evaluation import Completeness, Facts, FilledSlot, Judgement, judge_document
from worker.rules.expressions import ExpressionRefused, check_expression, holds
from worker.rules.reading import Rules, RulesRefused, applicable, read_folder, read_rules
from worker.slots.values import SlotKind, SlotStatus

HEAD = "countersign: 1\ntype: lease\nversion: 3\n"
SIGNATURE, DATE, INITIALS = SlotKind.SIGNATURE, SlotKind.DATE, SlotKind.INITIALS
SIGNED, UNSIGNED, TYPED = SlotStatus.SIGNED, SlotStatus.UNSIGNED, SlotStatus.TYPED
LOW, UNKNOWN = SlotStatus.LOW_EVIDENCE, SlotStatus.UNKNOWN


def rules(needs: str, head: str = HEAD) -> Rules:
    return read_rules(f"{head}needs:\n{needs}".encode(), "lease.yaml")


def slot(
    status: SlotStatus, party: str | None = None, kind: SlotKind = SIGNATURE, *, page: int = 0, y: float = 0
) -> FilledSlot:
    reason = "the line is empty" if status is UNSIGNED else "as it is"
    return FilledSlot(page=page, kind=kind, status=status, reason=reason, party=party, y=y, height=20)


def judged(needs: str, *slots: FilledSlot, pages: int = 1, **facts: object) -> Judgement:
    given = Facts(key="leases/a.pdf", pages=pages, slots=slots, **{"signed": True, **facts})  # type: ignore[arg-type]
    return judge_document(given, rules(needs))


def test_a_document_with_every_mark_that_its_type_needs_is_complete() -> None:
    answer = judged(
        "  - {party: tenant}\n  - {party: landlord}", slot(SIGNED, "tenant"), slot(SIGNED, "landlord")
    )

    assert answer == Judgement(Completeness.COMPLETE)


def test_a_missing_mark_is_told_with_page_party_and_reason() -> None:
    answer = judged("  - {party: tenant}", slot(UNSIGNED, "tenant", page=6), pages=7)

    assert answer.completeness is Completeness.INCOMPLETE
    assert answer.unmet == ("page 7: the tenant’s signature is missing; the line is empty",)


@pytest.mark.parametrize("status", [LOW, UNKNOWN, SlotStatus.COVERED])
def test_a_mark_that_nobody_can_vouch_for_is_for_a_person(status: SlotStatus) -> None:
    answer = judged("  - {party: tenant}", slot(status, "tenant"))

    assert answer.completeness is Completeness.REVIEW
    assert answer.doubts == ("page 1: the tenant’s signature cannot be vouched for; as it is",)


def test_a_place_that_was_not_found_is_for_a_person_too() -> None:
    assert judged("  - {party: witness}").doubts == ("no place for the witness’s signature was found",)


def test_initials_are_wanted_on_every_page() -> None:
    needs = "  - {kind: initials, every_page: true}"

    answer = judged(needs, slot(SIGNED, kind=INITIALS), slot(UNSIGNED, kind=INITIALS, page=1), pages=3)

    assert answer.unmet == ("page 2: initials are missing; the line is empty",)
    assert answer.doubts == ("page 3: no place for initials was found",)


def test_any_two_of_three_will_do() -> None:
    needs = "  - {least: 2, of: [a, b, c]}"

    assert judged(needs, slot(SIGNED, "a"), slot(SIGNED, "c"), slot(UNSIGNED, "b")).completeness == "complete"
    assert judged(needs, slot(SIGNED, "a"), slot(UNSIGNED, "b"), slot(UNSIGNED, "c")).unmet == (
        "2 of a, b, c must give a signature; 1 did",
    )
    assert judged(needs, slot(SIGNED, "a"), slot(LOW, "b"), slot(UNSIGNED, "c")).completeness == "review"


@pytest.mark.parametrize(
    ("slots", "doubt"),
    [
        ((), "0 did, and no place was found for a, b, c"),
        ((slot(SIGNED, "a"), slot(UNSIGNED, "b")), "1 did, and no place was found for c"),
    ],
)
def test_parties_whose_places_were_not_found_leave_a_choice_to_a_person(
    slots: tuple[FilledSlot, ...], doubt: str
) -> None:
    answer = judged("  - {least: 2, of: [a, b, c]}", *slots)

    assert (answer.completeness, answer.unmet) == ("review", ())
    assert answer.doubts == (f"2 of a, b, c must give a signature; {doubt}",)


def test_too_few_places_that_may_be_filled_are_too_few() -> None:
    slots = (slot(UNSIGNED, "a"), slot(UNSIGNED, "b"))

    assert judged("  - {least: 2, of: [a, b, c]}", *slots).completeness == "incomplete"


def test_each_signature_may_need_a_date_beside_it() -> None:
    needs = "  - {party: tenant, dated: true}"
    signed = slot(SIGNED, "tenant")

    assert judged(needs, signed, slot(SIGNED, kind=DATE)).completeness == "complete"
    assert judged(needs, signed, slot(UNSIGNED, kind=DATE)).unmet == (
        "page 1: the tenant’s signature has no date beside it",
    )
    assert judged(needs, signed, slot(SIGNED, kind=DATE, y=400)).completeness == "review"


def test_letters_of_a_machine_do_where_the_rules_say_so() -> None:
    assert judged("  - {typed: true}", slot(TYPED)).completeness == "complete"
    assert judged("  - {typed: false}", slot(TYPED)).completeness == "incomplete"


def test_a_need_may_depend_on_what_is_known_of_a_document() -> None:
    needs = '  - {party: guarantor, when: "pages > 10"}'

    assert judged(needs, pages=10).completeness == "complete"
    assert judged(needs, slot(UNSIGNED, "guarantor"), pages=11).completeness == "incomplete"


@pytest.mark.parametrize(
    ("signed", "answer"), [(True, "complete"), (False, "incomplete"), (None, "review")], ids=str
)
def test_whether_a_document_is_signed_may_be_open(signed: bool | None, answer: str) -> None:
    needs = '  - {check: "signed", says: the document must be signed}\n'
    unsigned = '  - {when: "!signed", kind: stamp}\n'

    assert judged(needs, signed=signed).completeness == answer
    assert (judged(unsigned, signed=signed).completeness == "complete") is (signed is True)


@pytest.mark.parametrize("wanted", ["metadata: {type: loan}", "keys: [in/], metadata: {}"])
def test_rules_by_metadata_are_refused_as_no_document_carries_it(wanted: str) -> None:
    with pytest.raises(RulesRefused, match="applies has no field 'metadata'"):
        rules("  - {}", f"{HEAD}applies: {{{wanted}}}\n")


def test_a_check_says_its_sentence() -> None:
    needs = "  - {check: \"slots.exists(s, s.party == 'witness')\", says: a witness must be named}"

    assert judged(needs).unmet == ("a witness must be named",)
    assert judged(needs, slot(UNSIGNED, "witness")).completeness == "complete"


def test_without_rules_every_slot_is_wanted() -> None:
    def answer(*slots: FilledSlot) -> Completeness:
        return judge_document(Facts(key="a", pages=1, signed=True, slots=slots), None).completeness

    assert answer(slot(SIGNED), slot(TYPED, kind=DATE)) is Completeness.COMPLETE
    assert answer(slot(SIGNED), slot(UNSIGNED)) is Completeness.INCOMPLETE
    assert answer() is Completeness.REVIEW


def test_pages_that_could_not_be_read_are_for_a_person() -> None:
    answer = judged("  - {every_page: true}", slot(SIGNED), pages=2, unread=(1,))

    assert answer.doubts == ("page 2 could not be read",)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        pytest.param("x" * 70_000, 1, "at most", id="large"),
        pytest.param(HEAD + "needs: [" * 400, 4, "nested more than 8", id="nested"),
        pytest.param(HEAD + "needs: &a [*a]", 4, "anchors", id="alias"),
        pytest.param(HEAD + "needs: !!python/object:os.system []", 4, "tags", id="tag"),
        pytest.param(
            HEAD + "needs:\n  - {party: tenant}\n  - {partty: x}",
            6,
            "need 2 has no field 'partty'; did you mean 'party'?",
            id="unknown in a need",
        ),
        pytest.param(
            HEAD + "aplies: {}\nneeds: [{party: a}]",
            4,
            "the file has no field 'aplies'; did you mean 'applies'?",
            id="unknown in the file",
        ),
        pytest.param(
            HEAD + "applies: {keyz: [a]}\nneeds: [{party: a}]",
            4,
            "applies has no field 'keyz'; did you mean 'keys'?",
            id="unknown in applies",
        ),
        pytest.param(HEAD + "needs: [{colour: x}]", 4, "need 1 has no field 'colour'", id="like no other"),
        pytest.param(HEAD, 1, "the file lacks the field 'needs'", id="lacking"),
        pytest.param(
            HEAD + "needs:\n  - {party: tenant, least: 0}",
            5,
            "need 1, field 'least': Input should be greater than",
            id="range",
        ),
        pytest.param(HEAD + "needs: []", 4, "at least 1", id="empty"),
        pytest.param(HEAD + "needs:\n  - when: 'a ++'\n", 5, "not CEL", id="cel"),
        pytest.param(
            HEAD + "needs:\n  - check: 'true'\n", 5, "need 1: a check needs the sentence", id="silent check"
        ),
        pytest.param(HEAD + "needs:\n  - {check: 'true', says: a, party: b}", 5, "as well", id="two things"),
        pytest.param(HEAD + "needs:\n  - {of: [a], least: 2}", 5, "names the parties", id="too many"),
        pytest.param("a: [1", 1, "not YAML", id="no yaml"),
        pytest.param(HEAD + "type: loan", 4, "'type' is named twice", id="twice"),
        pytest.param(
            HEAD + "needs:\n  - {of: [a],\n     of: [b]}", 6, "'of' is named twice", id="twice in a need"
        ),
        pytest.param("a: 2024-99-99", 1, "not a value", id="no date"),
        pytest.param("- 1", 1, "valid dictionary", id="a list"),
    ],
)
def test_rules_that_are_wrong_or_hostile_are_refused_with_line_and_reason(
    text: str, line: int, reason: str
) -> None:
    with pytest.raises(RulesRefused) as refused:
        read_rules(text.encode(), "lease.yaml")

    assert refused.value.line == line
    assert reason in refused.value.reason


def test_bytes_that_are_no_text_are_refused_by_line() -> None:
    with pytest.raises(RulesRefused, match="line 2: not UTF-8"):
        read_rules(b"type: a\n\xff", "lease.yaml")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("true || " * 60 + "true", "characters"),
        ("(" * 9 + "true" + ")" * 9, "deep"),
        ("[1].all(a, [1].all(b, [1].all(c, true)))", "walks over"),
        ("amount > 1", "not known"),
        ("double(metadata.amount) > 1.0", "not known"),
        ("key.matches('(a+)+$')", "may not be called"),
        ("slots.", "not CEL"),
    ],
)
def test_expressions_are_bounded(text: str, reason: str) -> None:
    with pytest.raises(ExpressionRefused, match=reason):
        check_expression(text)


def test_what_an_expression_cannot_say_is_no_answer() -> None:
    assert holds("signed", {}) is None
    assert holds("1 + 1", {}) is None
    assert holds("'(((((((((((' == key", {"key": "a"}) is False


def test_a_document_gets_the_rules_of_its_longest_prefix(tmp_path: Path) -> None:
    for name, applies in {
        "a": "{keys: [in/]}",
        "b": "{keys: [in/leases/]}",
    }.items():
        text = f"countersign: 1\ntype: {name}\nversion: 1\napplies: {applies}\nneeds:\n  - {{}}\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    known = read_folder(tmp_path)

    def chosen(key: str, kind: str | None = None) -> str | None:
        rules_of_document = applicable(known, key, kind=kind)
        return None if rules_of_document is None else rules_of_document.file.type

    assert (chosen("in/x"), chosen("in/leases/x"), chosen("out/x")) == ("a", "b", None)
    # What its sender calls it goes before; a type without rules of its own says nothing.
    assert (chosen("in/leases/x", "a"), chosen("out/x", "b"), chosen("in/x", "c")) == ("a", "b", "a")


def test_two_files_for_one_type_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"{HEAD}needs:\n  - {{}}\n")

    with pytest.raises(RulesRefused, match=r"a\.yaml is for lease, too"):
        read_folder(tmp_path)


def published() -> dict[str, bytes]:
    """The rule files of the page, by name."""
    page = (Path(__file__).parents[2] / "docs" / "completeness.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml (\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return {name: text.encode() for name, text in blocks}


@pytest.mark.parametrize(
    ("key", "slots", "completeness"),
    [
        (
            "leases/a.pdf",
            (
                *(slot(SIGNED, party) for party in ("tenant", "landlord", "witness")),
                *(slot(SIGNED, kind=kind) for kind in (DATE, INITIALS)),
            ),
            "complete",
        ),
        (
            "leases/a.pdf",
            (
                *(slot(SIGNED, party) for party in ("tenant", "landlord")),
                *(slot(SIGNED, kind=kind) for kind in (DATE, INITIALS)),
                slot(UNSIGNED, "witness"),
            ),
            "incomplete",
        ),
        (
            "loans/small/a.pdf",
            (
                *(slot(SIGNED, party) for party in ("borrower", "director", "lender")),
                *(slot(SIGNED, kind=DATE), slot(UNSIGNED, "guarantor")),
            ),
            "complete",
        ),
        (
            "loans/large/a.pdf",
            (
                *(slot(SIGNED, party) for party in ("borrower", "director", "lender")),
                *(slot(SIGNED, kind=DATE), slot(UNSIGNED, "guarantor")),
            ),
            "incomplete",
        ),
        (
            "consents/a.pdf",
            (slot(SIGNED, "parent"), slot(SIGNED, "physician"), slot(SIGNED, kind=DATE)),
            "complete",
        ),
        (
            "consents/a.pdf",
            (slot(SIGNED, "parent"), slot(SIGNED, "physician"), slot(SIGNED, kind=DATE), slot(TYPED)),
            "incomplete",
        ),
    ],
)
def test_the_published_rule_files_answer_as_their_page_says(
    key: str, slots: tuple[FilledSlot, ...], completeness: str
) -> None:
    chosen = applicable([read_rules(data, name) for name, data in published().items()], key)
    facts = Facts(key=key, pages=1, signed=True, slots=slots)

    assert chosen is not None and key.startswith(chosen.file.type)
    assert judge_document(facts, chosen).completeness == completeness


def test_a_folder_without_rule_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="holds no rule files"):
        read_folder(tmp_path)


def test_the_command_checks_files_and_says_where_the_fault_is(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(f"{HEAD}needs:\n  - {{party: tenant}}\n")
    bad.write_text(f"{HEAD}needs:\n  - {{parti: tenant}}\n")

    accepted = CliRunner().invoke(app, ["rules", "validate", str(good)])
    refused = CliRunner().invoke(app, ["rules", "validate", str(bad)])

    assert (accepted.exit_code, "lease, version 3: 1 need" in accepted.stdout) == (0, True)
    assert isinstance(refused.exception, RulesRefused)
    assert refused.exception.line == 5
