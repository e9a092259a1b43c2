"""The training commands as they are typed, on a few drawn signatures, crops and pages."""

from __future__ import annotations

import json
import re
import sys

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")
pytest.importorskip("ultralytics", reason="training is an optional extra")

from tests.handwriting import signature  # noqa: E402
from training import cli  # noqa: E402
from training.classifier import drawn  # noqa: E402
from training.classifier.sets import PieceFile  # noqa: E402
from training.cleaner.settings import CLEANER_SETTINGS  # noqa: E402
from training.common.checkpoints import read_checkpoint  # noqa: E402
from training.common.figures import Unit, read_figures  # noqa: E402
from training.detector.sheets import read_sheets  # noqa: E402
from training.synthesis.typeset import CARRIED, SEEN  # noqa: E402

NEEDED = {
    "train detector": [],
    "train verifier": [],
    "train cleaner": [],
    "train classifier": [],
    "evaluate detector": [],
    "evaluate verifier": [],
    "evaluate copies": [],
    "evaluate references": [],
    "evaluate cleaner": [],
    "evaluate classifier": [],
    "export verifier": ["some.pt"],
    "export calibration": [],
    "export cleaner": ["some.pt"],
    "export classifier": ["some.pt"],
}


@pytest.fixture(autouse=True)
def _no_data_of_ours(monkeypatch):
    monkeypatch.delenv("COUNTERSIGN_DATA", raising=False)


@pytest.fixture
def run(monkeypatch, capfd):
    """Runs `countersign-train` with arguments; returns the exit status, stdout and stderr."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["countersign-train", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "300")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capfd.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return command


@pytest.mark.parametrize("option", [("--against", "."), ("--only", "held-out")])
def test_held_out_answers_of_roles_are_those_of_a_training_that_is_named(run, tmp_path, option):
    status, _, complaint = run("evaluate", "roles", "--data", tmp_path, *option)

    assert status == 2
    assert "name it by --run" in complaint


def write_signatures(folder, count):
    folder.mkdir(parents=True)
    for number in range(count):
        cv2.imwrite(str(folder / f"{number}.png"), signature(number + 1))


def write_page(folder, name="a"):
    """A YOLO folder with one page that has one mark."""
    (folder / "train" / "images").mkdir(parents=True, exist_ok=True)
    (folder / "train" / "labels").mkdir(exist_ok=True)
    page = np.full((400, 300), 255, np.uint8)
    page[300:330, 100:220] = cv2.resize(signature(1), (120, 30))
    cv2.imwrite(str(folder / "train" / "images" / f"{name}.png"), page)
    (folder / "train" / "labels" / f"{name}.txt").write_text("0 0.53 0.79 0.4 0.075\n")
    (folder / "data.yaml").write_text(
        "train: train/images\nval: train/images\ntest: train/images\nnc: 1\nnames: [signature]\n"
    )


@pytest.mark.parametrize("words", NEEDED)
def test_a_command_without_data_says_in_a_sentence_what_it_wants(words, run):
    status, out, err = run(*words.split(), *NEEDED[words])

    assert status == 2
    assert out == ""
    assert "--data" in err and "COUNTERSIGN_DATA" in err
    assert "Traceback" not in err


def test_a_data_folder_that_is_not_there_is_named(run, tmp_path):
    status, _, err = run("evaluate", "cleaner", "--data", tmp_path / "nowhere")

    assert status == 2
    assert "nowhere" in err


def test_a_cleaner_is_trained_on_ones_own_signatures_and_goes_on_when_resumed(run, tmp_path):
    write_signatures(tmp_path / "clean", 10)
    quick = CLEANER_SETTINGS.read_text()
    for name, value in (("drawn_share", 0.0), ("batch", 2), ("validation_pairs", 2)):
        quick = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", quick)
    (tmp_path / "quick.toml").write_text(quick)
    options = ("--signatures", tmp_path / "clean", "--out", tmp_path / "run", "--seed", 5)
    options += ("--settings", tmp_path / "quick.toml")

    first = run("train", "cleaner", *options, "--minutes", 0.01)
    state = read_checkpoint(tmp_path / "run" / "last.pt")
    second = run("train", "cleaner", *options, "--minutes", state["seconds"] / 60 + 0.01, "--resume")

    assert (first[0], second[0]) == (0, 0)
    assert "best checkpoint" in second[2]
    assert read_checkpoint(tmp_path / "run" / "last.pt")["step"] > state["step"] > 0
    assert state["settings"]["seed"] == 5


def test_resuming_where_nothing_was_trained_is_wrong_use(run, tmp_path):
    write_signatures(tmp_path / "clean", 10)

    status, _, err = run(
        "train", "cleaner", "--signatures", tmp_path / "clean", "--out", tmp_path / "run", "--resume"
    )

    assert status == 2
    assert "there is no checkpoint" in err


def test_too_few_signatures_are_counted(run, tmp_path):
    write_signatures(tmp_path / "clean", 3)

    status, _, err = run("train", "cleaner", "--signatures", tmp_path / "clean", "--out", tmp_path / "run")

    assert status == 2
    assert "3 images" in err


def test_a_settings_file_with_an_unknown_name_is_refused_before_training(run, tmp_path):
    (tmp_path / "mine.toml").write_text("haste = 3\n")

    status, _, err = run("train", "verifier", "--data", tmp_path, "--settings", tmp_path / "mine.toml")

    assert status == 2
    assert "haste" in err


def test_a_source_that_is_left_out_must_be_one(run, tmp_path):
    status, _, err = run("train", "verifier", "--data", tmp_path, "--without", "dutsch")

    assert status == 2
    assert "--without dutsch: sources are own, online, crossmedia, drawn, letters" in " ".join(err.split())


def test_a_classifier_is_trained_on_the_crops_that_lie_in_its_folder(run, tmp_path):
    seeds = range(7_100_000, 7_100_004)
    pieces = [
        *drawn.draw_signatures(seeds),
        *drawn.draw_handwriting(seeds),
        *drawn.draw_typed(seeds, CARRIED, SEEN, source="print", a_sheet=1),
        *drawn.draw_emblems(seeds),
    ]
    out = tmp_path / "run"
    out.mkdir()
    for name in ("train", "valid"):
        PieceFile(out / f"{name}.npz").save(pieces)

    status, _, err = run("train", "classifier", "--data", tmp_path, "--out", out, "--minutes", 0.005)

    assert status == 0
    assert f"best checkpoint: {out / 'best.pt'}" in err
    assert {path.name for path in out.iterdir()} >= {"start.pt", "last.pt", "best.pt", "log.jsonl"}


@pytest.mark.parametrize("model", ["verifier", "cleaner", "classifier"])
def test_export_refuses_what_is_no_checkpoint_before_anything_ships(model, run, tmp_path):
    (tmp_path / "some.pt").write_bytes(b"no weights at all")

    status, _, err = run("export", model, tmp_path / "some.pt", "--data", tmp_path)

    assert status == 2
    assert "some.pt is no checkpoint of a training" in err


def test_export_of_a_detector_refuses_sizes_that_no_input_has(run, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"")

    status, _, err = run(
        "export", "detector", tmp_path / "w.safetensors", "--own", tmp_path, "--sizes", "100"
    )

    assert status == 2
    assert "multiples of 32" in err


def test_a_stage_that_is_not_in_the_settings_is_refused(run, tmp_path):
    status, _, err = run("train", "detector", "--own", tmp_path, "--stage", "fourth")

    assert status == 2
    assert "choose one of crops, pages" in err


def test_ones_own_pages_are_prepared_with_drawn_ones_beside_them(run, tmp_path):
    write_page(tmp_path / "pages")

    options = ("--own", tmp_path / "pages", "--out", tmp_path / "run", "--limit", 1)

    status, _, err = run("train", "detector", *options, "--only-prepare")

    sheets = read_sheets(tmp_path / "run" / "own")
    assert status == 0
    assert f"{len(sheets)} pages prepared" in err
    assert len(sheets) > 1


def test_a_detector_is_measured_on_ones_own_pages(run, tmp_path):
    write_page(tmp_path / "pages")
    files = ("--json", tmp_path / "figures.json", "--out", tmp_path / "all.json")

    status, out, _ = run("evaluate", "detector", "--own", tmp_path / "pages", *files)

    written = read_figures(tmp_path / "figures.json")
    assert status == 0
    assert "default thresholds" in out
    assert {figure.set for figure in written.figures} == {"own, signature"}
    assert written.weights.keys() == {"detector"}
    assert json.loads((tmp_path / "all.json").read_text())["weights"] == written.weights["detector"]


def test_a_classifier_is_measured_on_ones_own_crops(run, tmp_path):
    write_signatures(tmp_path / "crops" / "signature", 3)

    status, out, _ = run(
        "evaluate", "classifier", "--own", tmp_path / "crops", "--json", tmp_path / "figures.json"
    )

    figures = {(one.set, one.measure): one for one in read_figures(tmp_path / "figures.json").figures}
    assert status == 0
    assert "confusion" in out
    assert figures["test crops", "signature recall"].n == 3
    assert figures["speed, one CPU thread", "median time a crop"].unit is Unit.MILLISECONDS


def test_a_verifier_is_measured_on_ones_own_signers(run, tmp_path):
    for number in range(3):
        folder = tmp_path / "signers" / f"signer {number}" / "genuine"
        folder.mkdir(parents=True)
        for wobble in range(3):
            cv2.imwrite(str(folder / f"{wobble}.png"), signature(number + 1, wobble=wobble))

    status, out, _ = run(
        "evaluate", "verifier", "--own", tmp_path / "signers", "--own-all", "--json", tmp_path / "f.json"
    )

    written = read_figures(tmp_path / "f.json")
    assert status == 0
    assert "Random EER" in out
    assert [(one.set, one.measure) for one in written.figures] == [("own signers", "random EER, 1 reference")]
    assert written.weights.keys() == {"encoder", "matcher", "calibration"}
