"""The loop of every training: steps on a time budget, averaged weights, checkpoints on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.common.checkpoints import ModelT, TrainingRun, Values
from training.common.settings import SettingsT

#: Gets the values of a step or of a validation, with `step` and `seconds` among them.
ProgressReport = Callable[[Values], None]
#: Share of the learning rate that is left at the end of the budget.
FINAL_SHARE = 0.01


def average_decay(decay: float, step: int) -> float:
    """How much of the averaged weights a step leaves as it is: less while there are few steps."""
    return min(decay, (1 + step) / (10 + step))


@dataclass(frozen=True, kw_only=True)
class TrainingLoop:
    """What one model's training does in a step and at a checkpoint.

    The random choices of a step must depend on the settings' seed and the step alone; then a run that was
    interrupted ends as one that was not.
    """

    #: The loss of the next step, a scalar that can be propagated back, and its parts by name.
    loss: Callable[[], tuple[Tensor, Values]]
    #: Validates and saves; gets the parts of the last step's loss, returns what is reported, if anything.
    checkpoint: Callable[[Values], Values | None]
    report: ProgressReport
    checkpoint_minutes: float
    #: Steps between two reports.
    report_steps: int = 10
    #: Longer gradients are shortened to this norm.
    gradient_norm: float = math.inf
    final_share: float = FINAL_SHARE
    decay: Callable[[float, int], float] = average_decay
    #: Seconds that count against the budget: of the wall, or `time.process_time`.
    clock: Callable[[], float] = time.monotonic

    def train(self, run: TrainingRun[SettingsT, ModelT]) -> None:
        """Train until the run's minutes are used up; the last step is followed by a checkpoint.

        A run whose minutes are used up already stays as it is.
        """
        budget, last, saved = run.settings.minutes * 60, self.clock(), run.seconds
        while run.seconds < budget:
            losses = self.step(run)
            now = self.clock()
            run.seconds, last = run.seconds + now - last, now
            if run.step % self.report_steps == 0:
                self.report({"step": run.step, "seconds": run.seconds, **losses})
            if run.seconds - saved > self.checkpoint_minutes * 60 or run.seconds >= budget:
                saved = run.seconds
                validated = self.checkpoint(losses)
                if validated is not None:
                    self.report(validated)

    def step(self, run: TrainingRun[SettingsT, ModelT]) -> Values:
        """One step of the optimiser and of the averaged weights; returns the parts of the loss."""
        progress = run.seconds / (run.settings.minutes * 60)
        share = rate_share(run.step, progress, run.settings.warmup_steps, final_share=self.final_share)
        for group in run.optimiser.param_groups:
            group["lr"] = run.settings.learning_rate * share
        total, parts = self.loss()
        run.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        if math.isfinite(self.gradient_norm):
            nn.utils.clip_grad_norm_(run.model.parameters(), self.gradient_norm)
        run.optimiser.step()
        run.step += 1
        move_average(run, self.decay(run.settings.average_decay, run.step))
        return parts


def rate_share(step: int, progress: float, warmup_steps: int, *, final_share: float = FINAL_SHARE) -> float:
    """Share of the learning rate: a linear warm-up over steps, then a cosine over the budget.

    `progress` is the share of the budget that is used up; from 1 on, `final_share` is left.
    """
    cosine = final_share + (1 - final_share) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return min(1.0, (step + 1) / warmup_steps) * cosine


@torch.no_grad()
def move_average(run: TrainingRun[SettingsT, ModelT], decay: float) -> None:
    """Move the averaged weights towards the newest ones; `decay` is the share that stays."""
    newest = run.model.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(newest[name], 1 - decay)
        else:
            value.copy_(newest[name])
