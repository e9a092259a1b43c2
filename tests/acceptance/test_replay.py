"""A document's bundle, read again without the servers it came from, gives the same answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from db import people, signers
from producer.services.bundle import pack_bundle
from worker.embedded.bundle import Bundle, read_bundle, write_bundle
from worker.embedded.replay import replay_bundle
from worker.embedded.workspace import Workspace, open_workspace
from worker.errors import WrongUse
from worker.result import DocumentResult
from worker.storage.folder import Folder


@pytest.fixture(scope="module")
def workspace(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One sample, read with the references of the signer it claims."""
    opened = open_workspace(tmp_path_factory.mktemp("workspace"))
    signer = min((samples / "references").iterdir())
    for image in sorted(signer.iterdir()):
        opened.enroller.enroll(signer.name, str(image), image.read_bytes())
    claims = [line.split(",") for line in (samples / "claims.csv").read_text().splitlines()[1:]]
    document = next(name for name, claimed in claims if claimed == signer.name)
    opened.process([opened.register(samples / "documents" / document, [signer.name])], lambda _: None)
    yield opened
    opened.close()


@pytest.fixture
def bundle(workspace: Workspace, tmp_path: Path) -> Bundle:
    """Its bundle, through a file."""
    write_bundle(pack_bundle(1, workspace.sessions, Folder(workspace.root / "objects")), tmp_path / "b.zip")
    return read_bundle(tmp_path / "b.zip")


def test_a_replay_gives_the_same_answer(bundle: Bundle, tmp_path: Path) -> None:
    replayed = replay_bundle(bundle, tmp_path / "again")

    assert [row.verdict for row in bundle.result.verdicts], "the sample must have a verdict"
    assert bundle.result.verdicts[0].references > 0
    assert (replayed.same, replayed.differences, replayed.versions) == (True, (), ())


def test_a_replay_knows_the_names_of_one_person(bundle: Bundle, workspace: Workspace, tmp_path: Path) -> None:
    (name,) = bundle.claims
    document = tmp_path / "document"
    document.write_bytes(bundle.data)
    with workspace.sessions() as session:
        ids = [signers.signer_id(session, one) for one in ("Another Name", name)]
        people.merge_signer(session, *ids)
    number = workspace.register(document, [name, "Another Name"])
    workspace.process([number], lambda _: None)
    packed = pack_bundle(number, workspace.sessions, Folder(workspace.root / "objects"))

    replayed = replay_bundle(packed, tmp_path / "again")

    assert len({(claim.answer, claim.region) for claim in packed.result.claims}) == 1
    assert (replayed.same, replayed.differences) == (True, ())


def test_a_replay_names_every_field_that_is_another_one(bundle: Bundle, tmp_path: Path) -> None:
    result = json.loads(bundle.result.json_line())
    result["signed"] = None
    result["verdicts"][0]["probability"] -= 0.01
    result["pages"][0]["width"] += 1
    result["versions"]["code"] = "older"
    result["seconds"], result["document"] = {}, "elsewhere"

    replayed = replay_bundle(
        replace(bundle, result=DocumentResult.model_validate(result)), tmp_path / "again"
    )

    fields = {one.field for one in replayed.differences}
    assert fields == {"signed", "verdicts[0].probability", "pages[0].width"}
    assert [(one.field, one.then) for one in replayed.versions] == [("code", "older")]


def test_the_bundle_s_settings_go_before_those_of_the_machine(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSIGN_MAX_PAGES", "1")
    monkeypatch.setenv("COUNTERSIGN_MIN_SCORE", "0.99")
    unsigned = replace(bundle, settings={**bundle.settings, "detection": {"min_score": 1.0}})

    assert replay_bundle(bundle, tmp_path / "same").same
    assert replay_bundle(unsigned, tmp_path / "other").result.signed is False


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"settings": {"reading": {"max_pages": -1}}}, id="settings"),
        pytest.param({"references": {"Ann": [b"no image"]}}, id="reference"),
    ],
)
def test_a_bundle_with_nonsense_in_it_is_refused_in_a_sentence(
    bundle: Bundle, tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(WrongUse):
        replay_bundle(replace(bundle, **wrong), tmp_path / "again")


def test_a_folder_that_holds_something_is_left_alone(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")

    with pytest.raises(WrongUse, match="not empty"):
        replay_bundle(bundle, tmp_path)
