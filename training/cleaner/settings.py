"""What a training run of the cleaner may vary, read from settings.toml."""

from __future__ import annotations

from pathlib import Path

from training.common.settings import SETTINGS_FILE, TrainingSettings

CLEANER_SETTINGS = Path(__file__).with_name(SETTINGS_FILE)


class CleanerSettings(TrainingSettings):
    """One run's settings; `settings.toml` says what each means."""

    batch: int
    paper_weight: float
    stroke_weight: float
    validate_minutes: float
    validation_pairs: int
    scanned_share: float
    online_share: float
    drawn_share: float
