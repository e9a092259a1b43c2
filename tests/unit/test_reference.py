"""The settings reference and the settings themselves."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from deploy.settings_reference import TARGET, reference
from worker.settings import Detection, Reading
from worker.vision.choices import Label, Thresholds

#: What weights bring along.
OWN = Thresholds(min_score=0.5, per_label={Label.REDACTION: 0.7})


def test_the_settings_reference_is_that_of_the_code() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `python -m deploy.settings_reference`"


def test_label_scores_go_before_the_general_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSIGN_LABEL_SCORES", '{"initials": 0.4}')

    thresholds = Detection(min_score=0.2).thresholds(default=OWN)

    assert (thresholds.floor(Label.INITIALS), thresholds.floor(Label.SIGNATURE)) == (0.4, 0.2)


def test_the_weights_own_score_holds_where_none_is_set() -> None:
    thresholds = Detection(min_score=None).thresholds(default=OWN)

    assert (thresholds.floor(Label.SIGNATURE), thresholds.floor(Label.REDACTION)) == (0.5, 0.7)


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_limit_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("COUNTERSIGN_MAX_PAGES", value)

    with pytest.raises(ValidationError, match="max_pages"):
        Reading()
