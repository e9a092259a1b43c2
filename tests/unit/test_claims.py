"""Claims are found in the order of trust, read as they were written, and refused when they are no names."""

from __future__ import annotations

import json
from email.header import Header

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from db.states import ClaimSource
from producer.claims import (
    Claims,
    compile_pattern,
    first_of,
    from_metadata,
    from_sidecar,
    to_metadata,
)
from producer.text import plain_name
from worker.errors import WrongUse

METADATA, SIDECAR, KEY = ClaimSource.METADATA, ClaimSource.SIDECAR, ClaimSource.KEY


def names(*values):
    return lambda: list(values)


def broken():
    raise ValueError("not JSON")


def test_the_first_source_that_gives_any_wins():
    claims = first_of([(METADATA, names()), (SIDECAR, names("Ann", "Bob")), (KEY, names("Cid"))])

    assert claims == Claims({"Ann": SIDECAR, "Bob": SIDECAR})


def test_sources_after_the_winner_are_not_asked():
    def unasked():
        raise AssertionError("asked in vain")

    assert first_of([(METADATA, names("Ann")), (SIDECAR, unasked)]).signers == {"Ann": METADATA}


def test_a_source_with_nothing_usable_gives_none_and_says_so():
    claims = first_of([(METADATA, names("", "A\x07nn")), (SIDECAR, broken), (KEY, names("Cid"))])

    assert claims.signers == {"Cid": KEY}
    assert [(one.source, one.reason) for one in claims.refused] == [
        (METADATA, "an empty name"),
        (METADATA, "a name with control characters: A\\u0007nn"),
        (SIDECAR, "not JSON"),
    ]


def test_a_malformed_name_does_not_cost_its_neighbour():
    claims = first_of([(METADATA, names("x" * 201, "Ann"))])

    assert claims.signers == {"Ann": METADATA}
    assert len(claims.refused) == 1


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param("  Ann Lee ", "Ann Lee", id="space around"),
        pytest.param("Mu\u0308ller", "M\u00fcller", id="decomposed"),
        pytest.param("O'Neil-Ба, Jr.", "O'Neil-Ба, Jr.", id="signs"),
        pytest.param("क्‍ष", "क्‍ष", id="joiner that letters need"),
        pytest.param("x" * 200, "x" * 200, id="as long as may be"),
    ],
)
def test_names_are_compared_in_one_form(given, name):
    assert plain_name(given) == name


@pytest.mark.parametrize(
    "text",
    ["", "   ", "a\nb", "a\0b", "a\u202eb", "a\u2028b", "\ud800", "x" * 201, None, 7, ["Ann"]],
    ids=repr,
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError, match=r"name|text"):
        plain_name(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Ann", ["Ann"], id="one"),
        pytest.param("Ann; Bob", ["Ann", "Bob"], id="several"),
        pytest.param("M%C3%BCller", ["Müller"], id="percent"),
        pytest.param("Ann%3B Bob", ["Ann; Bob"], id="semicolon inside"),
        pytest.param("100% Ann", ["100% Ann"], id="a percent sign"),
        pytest.param("=?UTF-8?B?TcO8bGxlcg==?=; Ann", ["Müller", "Ann"], id="rfc 2047, base64"),
        pytest.param("=?iso-8859-1?Q?M=FCller?=", ["Müller"], id="rfc 2047, quoted"),
        pytest.param("MÃ¼ller", ["Müller"], id="raw utf-8 that was read as latin-1"),
    ],
)
def test_metadata_says_names_in_every_encoding_that_stores_use(value, expected):
    assert [plain_name(name) for name in from_metadata(value)] == expected


@pytest.mark.parametrize("value", ["=?nonsense?B?TcO8?=", "%ff", "=?utf-8?B?/w==?=", "=?utf-8?B?a?="])
def test_metadata_in_a_broken_encoding_is_refused(value):
    with pytest.raises(ValueError, match="encoding"):
        from_metadata(value)


def _is_name(text):
    try:
        return plain_name(text) == text
    except ValueError:
        return False


NAMES = st.text(min_size=1, max_size=40).filter(_is_name)


@given(written=st.lists(NAMES, min_size=1, max_size=4))
def test_names_come_back_from_metadata(written):
    value = to_metadata(written)

    assert value.isascii()
    assert [plain_name(name) for name in from_metadata(value)] == written


@given(name=NAMES)
def test_names_come_back_from_mail_headers(name):
    assume(";" not in name and "%" not in name)

    assert [plain_name(one) for one in from_metadata(Header(name, "utf-8", maxlinelen=0).encode())] == [name]


@given(value=st.text())
def test_no_metadata_raises_anything_but_a_reason(value):
    claims = first_of([(METADATA, lambda: from_metadata(value))])

    assert claims.signers or claims.refused


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param({"signer": "Ann"}, ["Ann"], id="one"),
        pytest.param({"signers": ["Ann", "Bob; Cid"]}, ["Ann", "Bob; Cid"], id="several"),
        pytest.param({"signer": "Ann", "signers": ["Bob"]}, ["Ann", "Bob"], id="both"),
        pytest.param({"pages": 3}, [], id="neither"),
    ],
)
def test_sidecars_name_one_signer_or_several(content, expected):
    assert from_sidecar(json.dumps(content).encode()) == expected


def test_a_sidecar_may_begin_with_a_byte_order_mark():
    assert from_sidecar(b'\xef\xbb\xbf{"signer": "Ann"}') == ["Ann"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="not utf-8"),
        pytest.param(b"[" * 60_000, id="bomb of brackets"),
        pytest.param(b'["Ann"]', id="list"),
        pytest.param(b'{"signers": "Ann"}', id="signers not a list"),
        pytest.param(b" " * 65_537, id="too large"),
    ],
)
def test_a_sidecar_that_is_something_else_is_refused(data):
    with pytest.raises(ValueError, match=r"sidecar|list"):
        from_sidecar(data)


@pytest.mark.parametrize(
    ("pattern", "key", "signer"),
    [
        pytest.param("{signer}/{name}", "ann/a.pdf", "ann", id="the whole key"),
        pytest.param("{signer}/{name}", "2026/11/ann/a.pdf", "ann", id="its end"),
        pytest.param("/{signer}/{name}", "ann/a.pdf", "ann", id="leading slash"),
        pytest.param("{signer}/{name}", "a.pdf", None, id="no folder"),
        pytest.param("{signer}.pdf", "in/ann.v2.pdf", "ann.v2", id="literal ending"),
        pytest.param("{signer}.pdf", "in/annxpdf", None, id="a point is a point"),
        pytest.param("{signer}_{name}", "in/ann_a_1.pdf", "ann", id="as little as possible"),
        pytest.param("signed/{signer}/{name}.pdf", "x/signed/ann/a.pdf", "ann", id="literal folder"),
        pytest.param("signed/{signer}/{name}", "unsigned/ann/a.pdf", None, id="whole parts only"),
        pytest.param("{name}-{signer}.pdf", "17-ann.pdf", "ann", id="name first"),
        pytest.param("{signer}/{name}", "ann/\n.pdf", "ann", id="line break"),
    ],
)
def test_patterns_find_the_signer_at_the_end_of_the_key(pattern, key, signer):
    assert compile_pattern(pattern)(key) == signer


@pytest.mark.parametrize("prefix", ["inbox/", "inbox"])
def test_a_pattern_begins_below_the_prefix(prefix):
    find = compile_pattern("{signer}/{name}", prefix=prefix)

    assert find("inbox/ann/a.pdf") == "ann"
    assert find("inbox/a.pdf") is None


@pytest.mark.parametrize(
    "pattern", ["", "a.pdf", "{name}", "{signer}{name}", "{signer}/{signer}", "{who}/{signer}", "{signer"]
)
def test_a_pattern_that_cannot_be_meant_is_wrong_use(pattern):
    with pytest.raises(WrongUse, match="key pattern"):
        compile_pattern(pattern)
