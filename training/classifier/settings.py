"""What a training run of the crop classifier may vary, read from settings.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

DEFAULT = Path(__file__).with_name("settings.toml")


@dataclass(frozen=True)
class Settings:
    """One run's settings; `settings.toml` says what each means."""

    seed: int
    minutes: float
    batch: int
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    dropout: float
    label_smoothing: float
    average_decay: float
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


def read(path: Path = DEFAULT) -> Settings:
    """The settings of a file; a missing or unknown name is a TypeError."""
    return Settings(**tomllib.loads(path.read_text(encoding="utf-8")))
