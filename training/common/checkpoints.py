"""A training run and its checkpoints: all that it takes to go on, or to export what was trained."""

from __future__ import annotations

import copy
import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError  # nosec B403
from typing import Any, Generic, TypeVar
from zipfile import is_zipfile

import torch
from torch import nn

from training.common.settings import SettingsT
from worker.errors import WrongUse

ModelT = TypeVar("ModelT", bound=nn.Module)
#: Named values of a step or a validation: losses, rates.
Values = dict[str, float]

#: What a folder of checkpoints holds: the latest, the best on the validation set, the figures of each.
LAST, BEST, LOG = "last.pt", "best.pt", "log.jsonl"


@dataclass
class TrainingRun(Generic[SettingsT, ModelT]):
    """All that a checkpoint has to hold."""

    settings: SettingsT
    model: ModelT
    #: The weights averaged over steps, in evaluation mode: what is validated and exported.
    average: ModelT
    optimiser: torch.optim.Optimizer
    step: int = 0
    #: Seconds trained, over all sittings.
    seconds: float = 0.0
    #: The best score on the validation set so far.
    best: float | None = None
    #: Whether the averaged weights are what ships, where a training ends with more than its last step.
    finished: bool = False


def new_run(
    settings: SettingsT, model: ModelT, optimiser: torch.optim.Optimizer | None = None
) -> TrainingRun[SettingsT, ModelT]:
    """A run that begins with the weights of `model`; by default AdamW with the settings' rate and decay."""
    average = copy.deepcopy(model).eval().requires_grad_(False)
    optimiser = optimiser or torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    return TrainingRun(settings, model, average, optimiser)


def save_checkpoint(run: TrainingRun[SettingsT, ModelT], path: Path) -> None:
    """Write a checkpoint; a reader sees the old file or the new one, never half of one."""
    state = {
        "model": run.model.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "settings": run.settings.model_dump(mode="json"),
        "step": run.step,
        "seconds": run.seconds,
        "best": run.best,
        "finished": run.finished,
    }
    draft = path.with_suffix(".part")
    torch.save(state, draft)
    draft.replace(path)


def read_checkpoint(path: Path, *, device: torch.device | None = None) -> dict[str, Any]:
    """The values of a checkpoint; only tensors and plain values are ever unpickled.

    Raises WrongUse for a file that is not there, or is no checkpoint of a training.
    """
    if not path.exists():
        raise WrongUse(f"there is no checkpoint {path}")
    # On bytes of another kind torch's reader fails in more ways than can be named.
    if not is_zipfile(path):
        raise WrongUse(f"{path} is no checkpoint of a training")
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (UnpicklingError, RuntimeError) as error:
        raise WrongUse(f"{path} is no checkpoint of a training") from error
    if not isinstance(state, dict) or not {"average", "settings", "step"} <= set(state):
        raise WrongUse(f"{path} is no checkpoint of a training")
    return state


def restore(
    run: TrainingRun[SettingsT, ModelT], path: Path, *, device: torch.device | None = None
) -> TrainingRun[SettingsT, ModelT]:
    """Let a fresh run go on where a checkpoint stands; its seconds count against the run's minutes.

    Raises WrongUse for a checkpoint of another network.
    """
    state = read_checkpoint(path, device=device)
    try:
        run.model.load_state_dict(state["model"])
        run.average.load_state_dict(state["average"])
        run.optimiser.load_state_dict(state["optimiser"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise _another_network(path) from error
    run.step, run.seconds, run.best = int(state["step"]), float(state["seconds"]), state["best"]
    return run


def with_average(network: ModelT, checkpoint: Path) -> ModelT:
    """The network with the averaged weights of a checkpoint, in evaluation mode.

    Raises WrongUse for a file that is no checkpoint, or is one of another network.
    """
    try:
        network.load_state_dict(read_checkpoint(checkpoint)["average"])
    except RuntimeError as error:
        raise _another_network(checkpoint) from error
    return network.eval()


def keep_checkpoint(
    run: TrainingRun[SettingsT, ModelT],
    out: Path,
    *,
    score: float,
    values: Values,
    better: Callable[[float, float], bool] = operator.lt,
) -> Values:
    """Write LAST, and BEST where the score is `better` than the best so far; append `values` to LOG.

    Returns the line of the log: the values with step and seconds.
    """
    if run.best is None or better(score, run.best):
        run.best = score
        save_checkpoint(run, out / BEST)
    save_checkpoint(run, out / LAST)
    line = {"step": run.step, "seconds": round(run.seconds, 1), **values}
    with (out / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    return line


def _another_network(path: Path) -> WrongUse:
    return WrongUse(f"{path} is a checkpoint of another network")
