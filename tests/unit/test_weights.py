"""The weights catalogue: what is registered is found, and nothing else is opened."""

import json
from pathlib import Path
from typing import get_type_hints

import pytest

from producer.commands.run import run
from training.catalogue import register_weights
from worker.errors import WeightsError
from worker.vision.onnx import OnnxModel
from worker.vision.weights import WEIGHTS_DIR, entry, load_catalogue, verified_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    weights = tmp_path / "weights"
    weights.mkdir()
    return weights


def registered(folder: Path, tmp_path: Path, *, content: bytes = b"tensors", file: str = "a.onnx") -> Path:
    source = tmp_path / file
    source.write_bytes(content)
    register_weights("model", source, card="model.md", licence="AGPL-3.0-or-later", folder=folder, size=64)
    return folder / file


def test_a_registered_file_is_found_with_its_parameters(folder, tmp_path):
    path = registered(folder, tmp_path)

    assert verified_path("model", folder) == path
    assert entry("model", folder).parameters == {"size": 64}
    assert entry("model", folder).bytes == len(b"tensors")


def test_a_changed_file_is_refused(folder, tmp_path):
    registered(folder, tmp_path).write_bytes(b"tensorz")

    with pytest.raises(WeightsError, match="digest"):
        verified_path("model", folder)


def test_a_missing_file_is_named_with_the_way_to_restore_it(folder, tmp_path):
    registered(folder, tmp_path).unlink()

    with pytest.raises(WeightsError, match=r"a\.onnx is missing; restore"):
        verified_path("model", folder)


def test_a_catalogued_file_that_is_no_network_is_refused(folder, tmp_path):
    registered(folder, tmp_path)

    with pytest.raises(WeightsError, match="cannot open"):
        OnnxModel.catalogued("model", folder=folder)


def test_an_unknown_name_lists_the_known_ones(folder, tmp_path):
    registered(folder, tmp_path)

    with pytest.raises(WeightsError, match="it has: model"):
        verified_path("other", folder)


@pytest.mark.parametrize(
    "text", [pytest.param("{", id="cut short"), pytest.param('{"model": {"file": "x"}}', id="fields missing")]
)
def test_a_malformed_catalogue_is_a_weights_error(folder, text):
    (folder / "catalogue.json").write_text(text)

    with pytest.raises(WeightsError, match="cannot read"):
        load_catalogue(folder)


def test_registering_again_replaces_the_entry_and_removes_its_old_file(folder, tmp_path):
    old = registered(folder, tmp_path, file="a.onnx")
    new = registered(folder, tmp_path, content=b"better", file="b.onnx")

    assert verified_path("model", folder) == new
    assert not old.exists()


def test_registering_keeps_the_other_entries(folder, tmp_path):
    registered(folder, tmp_path)
    other = tmp_path / "c.onnx"
    other.write_bytes(b"c")

    register_weights("other", other, card="other.md", licence="MIT", folder=folder)

    assert set(json.loads((folder / "catalogue.json").read_text())) == {"model", "other"}


#: The largest file, the accurate detector's, has nine million weights of two bytes.
LARGEST = 20 * 1024 * 1024


def test_every_shipped_file_has_its_digest_its_card_and_a_modest_size():
    for name, shipped in load_catalogue().items():
        assert verified_path(name).stat().st_size == shipped.bytes < LARGEST
        assert (WEIGHTS_DIR / shipped.card).is_file()


def test_help_names_the_default_thresholds_of_the_catalogue():
    fast, accurate = (entry(name).parameters["min_score"] for name in ("detector", "detector-accurate"))

    (option,) = get_type_hints(run, include_extras=True)["min_score"].__metadata__

    assert f"Default: {fast}, or {accurate} with `detector-accurate`." in option.help
