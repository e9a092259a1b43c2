"""What a training run of the verifier may vary, read from settings.toml."""

from __future__ import annotations

from pathlib import Path

from training.common.settings import SETTINGS_FILE, TrainingSettings

VERIFIER_SETTINGS = Path(__file__).with_name(SETTINGS_FILE)


class VerifierSettings(TrainingSettings):
    """One run's settings; `settings.toml` says what each means."""

    writers_per_batch: int
    genuine_per_writer: int
    forged_per_writer: int
    temperature: float
    forgery_weight: float
    pair_loss_weight: float
    validate_minutes: float
    memory: int
    half: bool
    spliced: float
    kept: float
    shares: dict[str, float]
