"""What a training run may vary: read from the model's settings.toml, checked once, then just values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.errors import WrongUse
from worker.exits import field_problems

#: The file's name beside the model's code.
SETTINGS_FILE = "settings.toml"


class TrainingSettings(BaseModel):
    """What every training run has; each model adds its own, and settings.toml says what each means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    #: The budget, counted over all sittings.
    minutes: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_steps: int = Field(ge=1)
    #: Share of the averaged weights that a step leaves as it is.
    average_decay: float = Field(ge=0, lt=1)


SettingsT = TypeVar("SettingsT", bound=TrainingSettings)


def read_settings(
    kind: type[SettingsT],
    path: Path,
    *,
    table: str | None = None,
    changes: Mapping[str, object] | None = None,
) -> SettingsT:
    """The settings of a file, or of one of its tables; `changes` that are not None take precedence.

    Raises WrongUse, with the file's name, for a file, table, name or value that cannot be used.
    """
    values = _values(path, table)
    given = {name: value for name, value in (changes or {}).items() if value is not None}
    try:
        return kind.model_validate(values | given)
    except ValidationError as error:
        raise WrongUse(f"{path}: {field_problems(error)}") from error


def _values(path: Path, table: str | None) -> dict[str, object]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WrongUse(f"{path} is no settings file: {error}") from error
    if table is None:
        return values
    if table not in values:
        raise WrongUse(f"there is no stage {table!r} in {path.name}; choose one of {', '.join(values)}")
    return dict(values[table])
