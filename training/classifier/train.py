"""One training run of the crop classifier: seeded, bounded by wall clock, resumable, checkpointed."""

from __future__ import annotations

import copy
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.classifier.augment import moved, varied
from training.classifier.network import CropNetwork
from training.classifier.pieces import Piece
from training.classifier.settings import Settings
from worker.vision.detection.classifier import KINDS, Kind, Look, looks_at

Report = Callable[[dict[str, float]], None]


@dataclass
class Run:
    """All that a checkpoint has to hold."""

    settings: Settings
    model: CropNetwork
    average: CropNetwork
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    best: float = 0.0


class Batches:
    """Crops of all kinds by their shares, varied every time; a step's batch depends on the step alone."""

    def __init__(self, pieces: Sequence[Piece], settings: Settings) -> None:
        self._settings = settings
        self._papers = [one for one in pieces if one.kind is Kind.PRINTED_TEXT and not one.ink]
        self._kinds = [[one for one in pieces if one.kind is kind] for kind in KINDS]
        self._chances = [_chances(kind, settings.weights) for kind in self._kinds]
        self._shares = np.array([settings.shares[kind] for kind in KINDS])

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of that step: (n, 1, 64, 128) crops and (n,) indices into KINDS."""
        rng = np.random.default_rng((self._settings.seed, step))
        kinds = rng.choice(len(KINDS), self._settings.batch, p=self._shares / self._shares.sum())
        looks = [self._one(int(kind), rng) for kind in kinds]
        return torch.from_numpy(np.stack(looks)[:, None]), torch.from_numpy(kinds)

    def _one(self, kind: int, rng: np.random.Generator) -> Look:
        pieces = self._kinds[kind]
        return varied(pieces[int(rng.choice(len(pieces), p=self._chances[kind]))], self._papers, rng)


def start(settings: Settings, network: CropNetwork | None = None) -> Run:
    """A fresh run from that network, or else from weights drawn from the settings' seed."""
    torch.manual_seed(settings.seed)
    model = network or CropNetwork(settings.dropout)
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(model).eval().requires_grad_(False)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    return Run(settings, model, average, optimiser)


def resume(settings: Settings, checkpoint: Path) -> Run:
    """Continue where a checkpoint stands; its seconds count against the new settings' minutes."""
    run, state = start(settings), torch.load(checkpoint, weights_only=True)
    run.model.load_state_dict(state["model"])
    run.average.load_state_dict(state["average"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.step, run.seconds, run.best = state["step"], state["seconds"], state["best"]
    return run


def save(run: Run, path: Path) -> None:
    """Write a checkpoint; a reader sees the old file or the new one, never half of one."""
    state = {
        "model": run.model.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "settings": asdict(run.settings),
        "step": run.step,
        "seconds": run.seconds,
        "best": run.best,
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def train(run: Run, pieces: Sequence[Piece], validation: Sequence[Piece], out: Path, report: Report) -> Path:
    """Train until the minutes are used up; return the checkpoint best on validation by the mean over kinds.

    `last.pt` and `best.pt` are written to `out` at every validation, its figures appended to `log.jsonl`.
    """
    out.mkdir(parents=True, exist_ok=True)
    batches, held = Batches(pieces, run.settings), fixed(validation)
    budget, last = run.settings.minutes * 60, time.monotonic()
    validated = run.seconds
    while run.seconds < budget:
        loss = _step(run, batches, progress=run.seconds / budget)
        now = time.monotonic()
        run.seconds, last = run.seconds + now - last, now
        if run.step % 10 == 0:
            report({"step": run.step, "seconds": run.seconds, "loss": loss})
        if run.seconds - validated > run.settings.validate_minutes * 60 or run.seconds >= budget:
            report(_validate(run, held, out, loss))
            validated = run.seconds
    return out / "best.pt"


def fixed(pieces: Sequence[Piece]) -> tuple[Tensor, Tensor]:
    """Pieces in boxes as detectors give them, always the same: (n, looks, height, width), and (n,) kinds."""
    boxes = (moved(piece.box, np.random.default_rng((7, index))) for index, piece in enumerate(pieces))
    looks = [looks_at(piece.pixels, box) for piece, box in zip(pieces, boxes, strict=True)]
    kinds = [KINDS.index(piece.kind) for piece in pieces]
    return torch.from_numpy(np.stack(looks)), torch.tensor(kinds)


def _step(run: Run, batches: Batches, *, progress: float) -> float:
    settings = run.settings
    for group in run.optimiser.param_groups:
        group["lr"] = settings.learning_rate * _schedule(run.step, progress, settings.warmup_steps)
    # Dropout of a step is the same whether or not the run was interrupted before it.
    torch.manual_seed(settings.seed * 1_000_003 + run.step)
    images, kinds = batches.draw(run.step)
    run.model.train()
    # On one core this takes 51 ms a batch, single precision with channels first 122 ms.
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = run.model(images.to(memory_format=torch.channels_last))
    loss: Tensor = nn.functional.cross_entropy(
        logits.float(), kinds, label_smoothing=settings.label_smoothing
    )
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    run.optimiser.step()
    run.step += 1
    _average(run)
    return loss.item()


def _schedule(step: int, progress: float, warmup: int) -> float:
    """Linear warm-up over steps, then a cosine over wall clock down to one hundredth."""
    cosine = 0.01 + 0.99 * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return min(1.0, (step + 1) / warmup) * cosine


@torch.no_grad()
def _average(run: Run) -> None:
    """Move the averaged weights a little towards the newest ones, faster while there are few."""
    decay = min(run.settings.average_decay, (1 + run.step) / (10 + run.step))
    newest = run.model.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(newest[name], 1 - decay)
        else:
            value.copy_(newest[name])


@torch.no_grad()
def _validate(run: Run, held: tuple[Tensor, Tensor], out: Path, loss: float) -> dict[str, float]:
    images, kinds = held
    said = torch.cat([_classified(run.average, part).argmax(1) for part in torch.split(images, 256)])
    by_kind = {
        kind.value: float((said[kinds == index] == index).float().mean()) for index, kind in enumerate(KINDS)
    }
    balanced = sum(by_kind.values()) / len(by_kind)
    figures = {"accuracy": float((said == kinds).float().mean()), "balanced": balanced, **by_kind}
    if balanced > run.best:
        run.best = balanced
        save(run, out / "best.pt")
    save(run, out / "last.pt")
    line = {"step": run.step, "seconds": round(run.seconds, 1), "loss": loss, **figures}
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    return line


def _classified(network: CropNetwork, looks: Tensor) -> Tensor:
    """Of (n, looks, height, width) the mean probabilities (n, 4), as they are served."""
    answers: Tensor = network(looks.flatten(0, 1)[:, None]).softmax(1)
    return answers.view(*looks.shape[:2], -1).mean(1)


def _chances(pieces: Sequence[Piece], weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """How often each piece of a kind is taken: by the weight of its source, shared by the source's pieces."""
    sources = [piece.source.partition(",")[0] for piece in pieces]
    counts = Counter(sources)
    chances = np.array([weights.get(name, 1.0) / counts[name] for name in sources])
    return np.asarray(chances / chances.sum(), np.float64)
