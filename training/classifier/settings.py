"""What a training run of the crop classifier may vary, read from settings.toml."""

from __future__ import annotations

from pathlib import Path

from training.common.settings import SETTINGS_FILE, TrainingSettings

CLASSIFIER_SETTINGS = Path(__file__).with_name(SETTINGS_FILE)


class ClassifierSettings(TrainingSettings):
    """One run's settings; `settings.toml` says what each means."""

    batch: int
    dropout: float
    label_smoothing: float
    validate_minutes: float
    drawn_signatures: int
    drawn_handwriting: int
    drawn_emblems: int
    typed_sheets: int
    penned_sheets: int
    specimens_a_signer: int
    windows_a_page: int
    shares: dict[str, float]
    weights: dict[str, float]
