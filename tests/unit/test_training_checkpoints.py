"""Checkpoints: what is refused, what is never half written, what is exported."""

from __future__ import annotations

import json
import operator

import pytest

torch = pytest.importorskip("torch", reason="training is an optional extra")

from training.common.checkpoints import (  # noqa: E402
    BEST,
    LAST,
    LOG,
    keep_checkpoint,
    new_run,
    read_checkpoint,
    restore,
    save_checkpoint,
    with_average,
)
from training.common.onnx import save_onnx  # noqa: E402
from training.common.settings import TrainingSettings  # noqa: E402
from worker.errors import WrongUse  # noqa: E402

SETTINGS = TrainingSettings(
    seed=1, minutes=1.0, learning_rate=0.1, weight_decay=0.0, warmup_steps=1, average_decay=0.9
)


def run_of(width: int = 2):
    return new_run(SETTINGS, torch.nn.Linear(width, 1))


def test_a_run_comes_back_with_all_that_it_was(tmp_path):
    run = run_of()
    run.model(torch.ones(1, 2)).sum().backward()
    run.optimiser.step()
    run.step, run.seconds, run.best = 7, 12.5, 0.25
    save_checkpoint(run, tmp_path / LAST)

    again = restore(run_of(), tmp_path / LAST)

    assert (again.step, again.seconds, again.best) == (7, 12.5, 0.25)
    assert torch.equal(again.model.weight, run.model.weight)
    assert torch.equal(again.average.weight, run.average.weight)
    moments = [next(iter(one.optimiser.state.values()))["exp_avg"] for one in (again, run)]
    assert torch.equal(*moments)


def test_a_checkpoint_holds_its_settings_and_nothing_that_would_have_to_be_run(tmp_path):
    save_checkpoint(run_of(), tmp_path / LAST)

    assert read_checkpoint(tmp_path / LAST)["settings"] == SETTINGS.model_dump()


def test_an_earlier_checkpoint_stays_whole_when_writing_fails(tmp_path, monkeypatch):
    save_checkpoint(run_of(), tmp_path / LAST)
    before = (tmp_path / LAST).read_bytes()

    def full_disk(state, path):
        path.write_bytes(b"half of it")
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(run_of(), tmp_path / LAST)

    assert (tmp_path / LAST).read_bytes() == before


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"these are no weights", id="text"),
        pytest.param(b"PK\x03\x04 but not really an archive", id="broken archive"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_named(written, tmp_path):
    (tmp_path / "some.pt").write_bytes(written)

    with pytest.raises(WrongUse, match=r"some\.pt is no checkpoint"):
        restore(run_of(), tmp_path / "some.pt")


def test_weights_without_a_run_are_no_checkpoint(tmp_path):
    torch.save(run_of().model.state_dict(), tmp_path / "weights.pt")

    with pytest.raises(WrongUse, match="no checkpoint of a training"):
        with_average(torch.nn.Linear(2, 1), tmp_path / "weights.pt")


def test_a_checkpoint_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WrongUse, match=r"no checkpoint .*last\.pt"):
        restore(run_of(), tmp_path / LAST)


def test_a_checkpoint_of_another_network_is_neither_resumed_nor_exported(tmp_path):
    save_checkpoint(run_of(width=3), tmp_path / LAST)

    with pytest.raises(WrongUse, match="another network"):
        restore(run_of(width=2), tmp_path / LAST)
    with pytest.raises(WrongUse, match="another network"):
        with_average(torch.nn.Linear(2, 1), tmp_path / LAST)


def test_the_averaged_weights_are_exported_in_evaluation_mode(tmp_path):
    run = run_of()
    with torch.no_grad():
        run.average.weight.fill_(5.0)
    save_checkpoint(run, tmp_path / LAST)

    network = with_average(torch.nn.Linear(2, 1), tmp_path / LAST)

    assert network.weight.tolist() == [[5.0, 5.0]]
    assert not network.training


def test_where_more_is_better_the_best_has_the_highest_score(tmp_path):
    run = run_of()

    for step, score in enumerate([0.0, 0.9, 0.8]):
        run.step = step
        keep_checkpoint(run, tmp_path, score=score, better=operator.gt, values={"share": score})

    assert read_checkpoint(tmp_path / BEST)["step"] == 1


def test_every_validation_is_a_line_of_the_log(tmp_path):
    run = run_of()
    run.seconds = 3.14159

    for run.step in (10, 20):
        keep_checkpoint(run, tmp_path, score=0.5, values={"loss": 0.25})

    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert lines == [{"step": step, "seconds": 3.1, "loss": 0.25} for step in (10, 20)]


def test_the_same_network_gives_the_same_onnx_file_for_any_number_of_inputs(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    network = torch.nn.Linear(2, 1).eval()

    for name in ("a.onnx", "b.onnx"):
        save_onnx(network, (torch.zeros(2, 2),), tmp_path / name, inputs=["x"], output="y")

    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    points = torch.rand(5, 2)
    answers = session.run(["y"], {"x": points.numpy()})[0]
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert torch.allclose(torch.from_numpy(answers), network(points), atol=1e-6)
