"""The loop of every training: budget, learning rate, averaged weights, and going on after a cut."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.common.checkpoints import (  # noqa: E402
    BEST,
    LAST,
    TrainingRun,
    keep_checkpoint,
    new_run,
    restore,
)
from training.common.loop import TrainingLoop, average_decay, move_average, rate_share  # noqa: E402
from training.common.settings import TrainingSettings  # noqa: E402

SETTINGS = TrainingSettings(
    seed=1, minutes=0.2, learning_rate=0.1, weight_decay=0.0, warmup_steps=3, average_decay=0.9
)
SECONDS = 12
LinearRun = TrainingRun[TrainingSettings, torch.nn.Linear]


class PulledPlugError(Exception):
    """The machine went away in the middle of a training."""


def fresh() -> LinearRun:
    torch.manual_seed(SETTINGS.seed)
    return new_run(SETTINGS, torch.nn.Linear(2, 1))


def ticking() -> Iterator[float]:
    """A clock that is one second later every time it is looked at."""
    return itertools.count(0.0, 1.0)


def looped(run: LinearRun, out, **changed) -> TrainingLoop:
    """Fits a plane; the points of a step depend on the step alone. A checkpoint comes every 3 seconds."""
    clock = ticking()

    def loss():
        points = torch.rand(8, 2, generator=torch.Generator().manual_seed(run.step))
        error = torch.nn.functional.mse_loss(run.model(points), points.sum(dim=1, keepdim=True))
        return error, {"loss": error.item()}

    usual = {
        "loss": loss,
        "checkpoint": lambda values: keep_checkpoint(run, out, score=values["loss"], values=values),
        "report": lambda values: None,
        "checkpoint_minutes": 2.5 / 60,
        "clock": lambda: next(clock),
    }
    return TrainingLoop(**usual | changed)


def weights(run: LinearRun) -> list[torch.Tensor]:
    return [*run.model.state_dict().values(), *run.average.state_dict().values()]


def test_a_run_that_was_cut_and_resumed_ends_with_the_weights_of_one_that_was_not(tmp_path):
    whole, cut = fresh(), fresh()
    looped(whole, tmp_path).train(whole)

    def pull_the_plug(values):
        if values["step"] == 8:
            raise PulledPlugError

    (tmp_path / "cut").mkdir()
    with pytest.raises(PulledPlugError):
        looped(cut, tmp_path / "cut", report=pull_the_plug, report_steps=1).train(cut)
    again = restore(fresh(), tmp_path / "cut" / LAST)
    resumed_at = again.step
    looped(again, tmp_path / "cut").train(again)

    assert 0 < resumed_at < 8
    assert (again.step, again.seconds) == (whole.step, whole.seconds) == (SECONDS, SECONDS)
    assert all(torch.equal(one, other) for one, other in zip(weights(again), weights(whole), strict=True))


def test_training_lowers_the_loss(tmp_path):
    run = fresh()
    reports: list[dict[str, float]] = []

    looped(run, tmp_path, report=reports.append, report_steps=1).train(run)

    assert reports[-1]["loss"] < reports[0]["loss"]


def test_the_budget_ends_with_a_checkpoint_however_long_it_is_until_the_next(tmp_path):
    run = fresh()

    looped(run, tmp_path, checkpoint_minutes=1000.0).train(run)

    assert restore(fresh(), tmp_path / LAST).step == SECONDS


def test_a_run_whose_minutes_are_used_up_stays_as_it_is(tmp_path):
    run = fresh()
    looped(run, tmp_path).train(run)
    before = [weight.clone() for weight in weights(run)]
    (tmp_path / LAST).unlink()

    looped(run, tmp_path).train(run)

    assert all(torch.equal(one, other) for one, other in zip(weights(run), before, strict=True))
    assert not (tmp_path / LAST).exists()


def test_reports_come_every_so_many_steps_and_after_checkpoints_that_say_something(tmp_path):
    run = fresh()
    reports: list[dict[str, float]] = []

    looped(run, tmp_path, report=reports.append, report_steps=5, checkpoint=lambda values: None).train(run)

    assert [report["step"] for report in reports] == [5, 10]
    assert [report["seconds"] for report in reports] == [5.0, 10.0]


def test_the_rate_warms_up_over_steps_and_falls_over_the_budget():
    warming = [rate_share(step, 0.0, 4) for step in range(6)]
    falling = [rate_share(100, progress, 4, final_share=0.2) for progress in (0.0, 0.5, 1.0, 3.0)]

    assert warming == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])
    assert falling == pytest.approx([1.0, 0.6, 0.2, 0.2])


def test_long_gradients_are_shortened_and_short_ones_are_not(tmp_path):
    def step(norm):
        run = fresh()
        before = run.model.weight.detach().clone()
        run.optimiser = torch.optim.SGD(run.model.parameters(), lr=1.0)
        looped(run, tmp_path, gradient_norm=norm).step(run)
        return (run.model.weight.detach() - before).norm().item()

    free, wide, narrow = step(math.inf), step(1000.0), step(0.001)

    assert free == wide > 1e-3
    assert narrow < 0.001


def test_averaged_weights_follow_faster_while_there_are_few_steps():
    assert average_decay(0.99, 0) == pytest.approx(0.1)
    assert average_decay(0.99, 90) == pytest.approx(0.91)
    assert average_decay(0.99, 10_000) == 0.99


def test_the_average_moves_by_what_the_decay_leaves_and_counters_are_copied():
    norm = torch.nn.BatchNorm1d(1)
    run = new_run(SETTINGS, norm)
    with torch.no_grad():
        norm.weight.fill_(3.0)
        norm.num_batches_tracked.fill_(7)

    move_average(run, 0.75)

    assert run.average.weight.item() == pytest.approx(1.5)
    assert run.average.num_batches_tracked.item() == 7
    assert not run.average.training


def test_the_average_learns_nothing_by_itself():
    run = fresh()

    assert not any(parameter.requires_grad for parameter in run.average.parameters())
    assert all(parameter.requires_grad for parameter in run.model.parameters())


def test_the_best_checkpoint_is_of_the_lowest_loss_not_the_last(tmp_path):
    run = fresh()
    scores = iter([0.5, 0.2, 0.4, 0.3])

    for step in range(4):
        run.step = step
        keep_checkpoint(run, tmp_path, score=next(scores), values={})

    assert restore(fresh(), tmp_path / BEST).step == 1
    assert restore(fresh(), tmp_path / LAST).step == 3
    assert run.best == 0.2
