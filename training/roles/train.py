"""One training run of the head: seeded, bounded by steps, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.common.checkpoints import TrainingRun, Values, new_run
from training.common.loop import ProgressReport, TrainingLoop
from training.roles.head import Head
from training.roles.settings import RolesSettings
from training.roles.table import Floats, Marks, Rows

RolesRun = TrainingRun[RolesSettings, Head]


def train_head(marks: Marks, rows: Rows, settings: RolesSettings, report: ProgressReport) -> RolesRun:
    """A head trained on these rows of the table; those of weight 0 are left out."""
    torch.manual_seed(settings.seed)
    head = new_head(settings)
    weights = weights_of(marks, settings)
    used = rows[weights[rows] > 0]
    inputs = marks.marks.inputs()[torch.from_numpy(used)]
    head.standardise_by(inputs)
    run = new_run(settings, head, _optimiser(head, settings))
    batches = _Batches(head.standardised(inputs), marks.marks.signs[used] == 1, weights[used], settings)
    _loop(run, batches, report).train(run)
    return run


def new_head(settings: RolesSettings) -> Head:
    """A head before training, as its settings have it."""
    return Head(
        members=settings.members, hidden=settings.hidden, dropout=settings.dropout, plain=settings.plain
    )


def _optimiser(head: Head, settings: RolesSettings) -> torch.optim.Optimizer:
    """AdamW as `new_run` makes it, in one pass over the weights."""
    return torch.optim.AdamW(
        head.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )


def weights_of(marks: Marks, settings: RolesSettings) -> Floats:
    """How much each mark counts: its own weight times its source's."""
    by_source = np.array([settings.weights.get(str(name), 1.0) for name in marks.source], np.float32)
    return marks.marks.weight * by_source


def _loop(run: RolesRun, batches: _Batches, report: ProgressReport) -> TrainingLoop:
    return TrainingLoop(
        loss=lambda: _loss(run, batches),
        checkpoint=lambda _: None,
        report=report,
        checkpoint_minutes=run.settings.minutes,
        report_steps=100,
        clock=_steps(run),
    )


def _steps(run: RolesRun) -> Callable[[], float]:
    """A clock that counts steps."""
    return lambda: float(run.step)


class _Batches:
    """A batch of its own for every member; a step's batches depend on the seed and the step alone."""

    def __init__(
        self, inputs: Tensor, signs: npt.NDArray[np.bool_], weights: Floats, settings: RolesSettings
    ) -> None:
        # Products take most of a step; in half as many bits they take a third of that.
        self._inputs, self._weights = inputs.bfloat16(), torch.from_numpy(weights)
        smoothed = settings.label_smoothing + (1 - 2 * settings.label_smoothing) * signs
        self._truths = torch.from_numpy(smoothed.astype(np.float32))
        self._settings = settings

    def draw(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs (members, batch, INPUTS), truths and weights (members, batch)."""
        rng = np.random.default_rng((self._settings.seed, step))
        size = self._settings.members + self._settings.plain, self._settings.batch
        rows = torch.from_numpy(rng.integers(len(self._inputs), size=size))
        return self._inputs[rows], self._truths[rows], self._weights[rows]


def _loss(run: RolesRun, batches: _Batches) -> tuple[Tensor, Values]:
    # Dropout of a step is the same whether or not the run was interrupted before it.
    torch.manual_seed(run.settings.seed * 1_000_003 + run.step)
    inputs, truths, weights = batches.draw(run.step)
    run.model.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = run.model.logits(inputs).float()
    losses = nn.functional.binary_cross_entropy_with_logits(logits, truths, reduction="none")
    # The sum over members: each learns as if it were alone.
    loss = (losses * weights).mean(dim=1).sum()
    return loss, {"loss": loss.item() / len(truths)}
