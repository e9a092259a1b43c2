"""A bundle comes back as it was written, and a file from a stranger does no harm."""

from __future__ import annotations

import json
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.results import document
from worker.embedded import bundle
from worker.embedded.bundle import Bundle, read_bundle, write_bundle
from worker.errors import WrongUse
from worker.result import EventResult

WHOLE = Bundle(
    name="in/../letter\n.pdf",
    data=b"%PDF-1.7",
    claims={"Ann/../../x": "metadata", "Bob": "key"},
    references={"Ann/../../x": [b"one", b"two"], "Bob": []},
    settings={"reading": {"max_pages": 3}, "detection": {}},
    result=document(),
    events=(EventResult(at=datetime(2026, 1, 2, tzinfo=UTC), stage="render", event="closed"),),
)


def altered(path: Path, members: dict[str, bytes]) -> Path:
    """The whole bundle with more or other members."""
    write_bundle(WHOLE, path)
    with zipfile.ZipFile(path) as file:
        kept = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {**kept, **members}.items():
            file.writestr(name, data)
    return path


def test_what_was_written_is_read(tmp_path):
    write_bundle(WHOLE, tmp_path / "b.zip")

    assert read_bundle(tmp_path / "b.zip") == WHOLE


def test_no_name_from_outside_names_a_member(tmp_path):
    write_bundle(WHOLE, tmp_path / "b.zip")

    with zipfile.ZipFile(tmp_path / "b.zip") as file:
        assert file.namelist() == ["manifest.json", "document", "references/0/0", "references/0/1"]


def test_a_bundle_is_its_owners_alone(tmp_path):
    size = write_bundle(WHOLE, tmp_path / "b.zip")

    assert size == (tmp_path / "b.zip").stat().st_size
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600


def test_a_device_takes_a_bundle_and_stays_a_device():
    write_bundle(WHOLE, Path("/dev/null"))

    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_members_with_other_names_are_not_looked_at(tmp_path):
    path = altered(tmp_path / "b.zip", {"../../evil": b"x", "/etc/passwd": b"x", "references/../../e": b"x"})

    assert read_bundle(path) == WHOLE
    assert [one.name for one in tmp_path.iterdir()] == ["b.zip"]


def test_a_member_that_unpacks_to_more_than_is_allowed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "LARGEST_MEMBER", 1_000_000)
    path = altered(tmp_path / "b.zip", {"document": bytes(1_000_001)})

    assert path.stat().st_size < 10_000
    with pytest.raises(WrongUse, match="larger than allowed"):
        read_bundle(path)


def test_many_members_together_are_bounded_too(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "LARGEST_BUNDLE", 1_000_000)
    many = {f"references/9/{number}": bytes(400_000) for number in range(3)}

    with pytest.raises(WrongUse, match="larger than allowed"):
        read_bundle(altered(tmp_path / "b.zip", many))


def lying(path: Path) -> Path:
    """A member whose header says one byte and whose stream unpacks to a million."""
    altered(path, {"document": bytes(1_000_000)})
    data = bytearray(path.read_bytes())
    size = (1_000_000).to_bytes(4, "little")
    place = data.find(size)
    while place >= 0:
        data[place : place + 4] = (1).to_bytes(4, "little")
        place = data.find(size)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken JSON"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="nested beyond measure"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b'{"format": 2}', id="another format"),
        pytest.param(b'{"format": 1}', id="nothing in it"),
        pytest.param(
            json.dumps(
                {
                    **{"format": 1, "name": "x", "claims": {}, "settings": {}, "result": {}, "events": []},
                    "references": {"Ann": 7},
                }
            ).encode(),
            id="references that are not there",
        ),
        pytest.param(
            json.dumps(
                {
                    **{"format": 1, "name": "x", "claims": {}, "settings": {}, "events": []},
                    **{"result": {"pages": [3]}, "references": {}},
                }
            ).encode(),
            id="a result that is none",
        ),
        pytest.param(
            json.dumps(
                {
                    **{"format": 1, "name": "x", "claims": [], "settings": [], "result": [], "events": {}},
                    "references": [],
                }
            ).encode(),
            id="lists for objects",
        ),
    ],
)
def test_a_manifest_that_is_none_is_refused_in_a_sentence(tmp_path, manifest):
    with pytest.raises(WrongUse):
        read_bundle(altered(tmp_path / "b.zip", {"manifest.json": manifest}))


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", b"no zip at all", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_zip_is_refused_in_a_sentence(tmp_path, data):
    path = tmp_path / "b.zip"
    path.write_bytes(data)

    with pytest.raises(WrongUse, match="ZIP"):
        read_bundle(path)


def test_a_size_that_lies_is_refused(tmp_path):
    with pytest.raises(WrongUse):
        read_bundle(lying(tmp_path / "b.zip"))


def test_a_bundle_cut_off_anywhere_is_refused(tmp_path):
    write_bundle(WHOLE, tmp_path / "b.zip")
    data = (tmp_path / "b.zip").read_bytes()

    for end in range(0, len(data), 7):
        (tmp_path / "cut.zip").write_bytes(data[:end])
        with pytest.raises(WrongUse):
            read_bundle(tmp_path / "cut.zip")
