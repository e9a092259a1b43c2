"""Settings of trainings: the files that ship are valid, and what cannot be used is named."""

from __future__ import annotations

import pytest

from training.classifier.settings import CLASSIFIER_SETTINGS, ClassifierSettings
from training.cleaner.settings import CLEANER_SETTINGS, CleanerSettings
from training.common.settings import TrainingSettings, read_settings
from training.verifier.settings import VERIFIER_SETTINGS, VerifierSettings
from worker.errors import WrongUse

GOOD = """seed = 1
minutes = 2.0
learning_rate = 0.1
weight_decay = 0.0
warmup_steps = 3
average_decay = 0.9
"""


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        pytest.param(ClassifierSettings, CLASSIFIER_SETTINGS, id="classifier"),
        pytest.param(CleanerSettings, CLEANER_SETTINGS, id="cleaner"),
        pytest.param(VerifierSettings, VERIFIER_SETTINGS, id="verifier"),
    ],
)
def test_the_settings_that_ship_are_valid(kind, path):
    settings = read_settings(kind, path)

    assert settings.minutes > settings.validate_minutes > 0


def test_options_that_were_given_take_precedence_over_the_file(written):
    settings = read_settings(TrainingSettings, written, changes={"minutes": 0.5, "seed": None})

    assert (settings.minutes, settings.seed) == (0.5, 1)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param(GOOD.replace("seed = 1\n", ""), "seed", id="missing"),
        pytest.param(GOOD + "speed = 3\n", "speed", id="unknown"),
        pytest.param(GOOD.replace("2.0", "-2.0"), "minutes", id="out of range"),
        pytest.param(GOOD.replace("0.9", '"much"'), "average_decay", id="no number"),
        pytest.param("seed = ", "no settings file", id="no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(text, named, tmp_path):
    (tmp_path / "mine.toml").write_text(text)

    with pytest.raises(WrongUse, match=rf"mine\.toml.*{named}"):
        read_settings(TrainingSettings, tmp_path / "mine.toml")


def test_an_option_out_of_range_is_refused(written):
    with pytest.raises(WrongUse, match="minutes: Input should be greater than 0"):
        read_settings(TrainingSettings, written, changes={"minutes": 0})


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WrongUse, match=r"nowhere\.toml is no settings file"):
        read_settings(TrainingSettings, tmp_path / "nowhere.toml")


def test_one_table_of_several_is_read_and_others_are_listed(tmp_path):
    path = tmp_path / "stages.toml"
    path.write_text(f"[first]\n{GOOD}\n[second]\n{GOOD.replace('2.0', '9.0')}")

    assert read_settings(TrainingSettings, path, table="second").minutes == 9.0
    with pytest.raises(WrongUse, match=r"no stage 'third' in stages\.toml; choose one of first, second"):
        read_settings(TrainingSettings, path, table="third")


def test_settings_do_not_change_after_they_were_read(written):
    settings = read_settings(TrainingSettings, written)

    with pytest.raises(ValueError, match="frozen"):
        settings.minutes = 3.0
