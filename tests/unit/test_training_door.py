"""`countersign-train`: its commands, and what it says where something is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from producer.commands import functions
from training.cli import EVALUATE, EXPORT, TRAIN, app
from worker.exits import install_command
from worker.lazy import documented, loaded

ROOT = Path(__file__).resolve().parents[2]
DOOR = "from producer.training_door import main; main()"


def door(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `countersign-train` as its script does, with some Python before it."""
    code = f"import sys, atexit\n{before}\n{DOOR}"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize("group", ["train", "evaluate", "export"])
def test_help_lists_the_commands_without_loading_a_library_of_vision(group):
    loaded = "[m for m in ('torch', 'cv2', 'onnxruntime', 'ultralytics', 'matplotlib') if m in sys.modules]"

    run = door(group, "--help", before=f"atexit.register(lambda: print({loaded}))")

    assert run.returncode == 0
    assert all(name in run.stdout for name in ("detector", "verifier", "cleaner", "classifier"))
    assert run.stdout.splitlines()[-1] == "[]"


def test_an_installation_without_training_says_what_to_install():
    run = door("train", "detector", before="sys.modules['training'] = None")

    assert run.returncode == 2
    assert run.stdout == ""
    assert install_command("train") in " ".join(run.stderr.split())
    assert "Traceback" not in run.stderr


def test_the_help_of_a_command_needs_none_of_the_libraries_it_works_with():
    """One process for all commands, in which the libraries of the extra cannot be imported."""
    absent = "from training.cli import EXTRAS; sys.modules.update(dict.fromkeys(EXTRAS))"
    look = (
        "from training.cli import EVALUATE, EXPORT, TRAIN; from inspect import signature;"
        "from worker.bodiless import bodiless"
    )
    every = (
        "for group in (TRAIN, EVALUATE, EXPORT):\n"
        " for path in group.values(): print(path, *signature(bodiless(path)).parameters)"
    )

    run = door("train", "verifier", "--help", before=f"{absent}\n{look}\n{every}")

    assert run.returncode == 0, run.stderr
    assert "--minutes" in run.stdout
    assert "Every tenth of" in run.stdout
    parameters = dict(line.split(" ", 1) for line in run.stdout.splitlines() if line.startswith("training."))
    assert len(parameters) == len({*TRAIN.values(), *EVALUATE.values(), *EXPORT.values()})
    assert all(parameters.values())


def test_without_its_libraries_a_command_says_what_to_install():
    absent = "from training.cli import EXTRAS; sys.modules.update(dict.fromkeys(EXTRAS))"

    run = door("train", "verifier", before=absent)

    assert run.returncode == 2
    assert install_command("train") in run.stderr


def test_a_command_that_does_not_exist_is_answered_with_the_one_that_was_meant():
    run = CliRunner().invoke(app, ["evaluate", "detectr"])

    assert run.exit_code == 2
    assert "'detector'" in run.output


def test_the_product_has_no_training_commands():
    product = set(functions())

    assert "run" in product
    assert product & {"train", "evaluate", "export"} == set()


@pytest.mark.parametrize(
    ("group", "name"),
    [pytest.param(group, name, id=f"{verb} {name}")
     for verb, group in (("train", TRAIN), ("evaluate", EVALUATE), ("export", EXPORT)) for name in group],
)  # fmt: skip
def test_every_command_is_where_the_list_says_and_help_reads_its_sentence(group, name):
    pytest.importorskip("ultralytics", reason="training is an optional extra")

    summary = documented(group[name])

    assert summary
    assert loaded(name, group[name]).help == summary
