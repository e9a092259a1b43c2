"""What a training run of the verifier may vary, read from settings.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

DEFAULT = Path(__file__).with_name("settings.toml")


@dataclass(frozen=True)
class Settings:
    """One run's settings; `settings.toml` says what each means."""

    seed: int
    minutes: float
    writers_per_batch: int
    genuine_per_writer: int
    forged_per_writer: int
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    temperature: float
    forgery_weight: float
    pair_loss_weight: float
    average_decay: float
    validate_minutes: float
    memory: int
    half: bool
    spliced: float
    kept: float
    shares: dict[str, float]

    def alone(self, source: str) -> Settings:
        """The same with one source in every batch; `bhsig` is what no share is given to."""
        # A plain string: checkpoints hold nothing that would have to be run to be read.
        return replace(self, shares={name: float(name == source) for name in (*self.shares, str(source))})


def read(path: Path = DEFAULT) -> Settings:
    """The settings of a file; a missing or unknown name is a TypeError."""
    return Settings(**tomllib.loads(path.read_text(encoding="utf-8")))
