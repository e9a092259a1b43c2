"""One training run of the verifier: seeded, bounded by wall clock, resumable, checkpointed."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from training.verifier import losses, protocol
from training.verifier.batches import Batches
from training.verifier.describe import describe
from training.verifier.protocol import Gallery
from training.verifier.settings import Settings
from worker.vision.verification.embedding import GLOBAL
from worker.vision.verification.network import PairClassifier, SignatureEncoder

Report = Callable[[dict[str, float]], None]


@dataclass
class Memory:
    """Global embeddings of genuine specimens of the latest batches; not kept in checkpoints."""

    rows: Tensor = field(default_factory=lambda: torch.zeros(0, GLOBAL))

    def remember(self, rows: Tensor, *, at_most: int) -> None:
        """Add rows; forget the oldest beyond `at_most`."""
        self.rows = torch.cat([self.rows, rows.detach()])[max(0, len(self.rows) + len(rows) - at_most) :]


@dataclass
class Run:
    """All that a checkpoint has to hold."""

    settings: Settings
    models: nn.ModuleDict
    average: nn.ModuleDict
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf
    memory: Memory = field(default_factory=Memory)
    #: Whether the averaged encoder is what ships: blended, its fine cells described.
    finished: bool = False


def start(settings: Settings, initial: Path | None = None) -> Run:
    """A fresh run, its weights drawn from the settings' seed.

    `initial` is an encoder in safetensors, of another run or of the catalogue: what fits by name and shape
    is taken over.
    """
    torch.manual_seed(settings.seed)
    encoder = SignatureEncoder()
    if initial is not None:
        encoder.load_state_dict(_fitting(encoder, initial), strict=False)
    models = nn.ModuleDict({"encoder": encoder, "matcher": PairClassifier()})
    models = models.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(models).eval().requires_grad_(False)
    optimiser = torch.optim.AdamW(
        models.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    return Run(settings, models, average, optimiser)


def _fitting(encoder: SignatureEncoder, given: Path) -> dict[str, Tensor]:
    """The tensors of a file that fit by name and shape."""
    own = encoder.state_dict()
    return {n: v for n, v in load_file(given).items() if n in own and own[n].shape == v.shape}


def resume(settings: Settings, checkpoint: Path) -> Run:
    """Continue where a checkpoint stands; its seconds count against the new settings' minutes."""
    run, state = start(settings), torch.load(checkpoint, weights_only=True)
    run.models.load_state_dict(state["models"])
    run.average.load_state_dict(state["average"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.step, run.seconds, run.best = state["step"], state["seconds"], state["best"]
    return run


def save(run: Run, path: Path) -> None:
    """Write a checkpoint; a reader sees the old file or the new one, never half of one."""
    state = {
        "models": run.models.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "settings": asdict(run.settings),
        "step": run.step,
        "seconds": run.seconds,
        "best": run.best,
        "finished": run.finished,
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def train(  # what trains, on what, and where to
    run: Run,
    batches: Batches,
    validation: Sequence[Gallery],
    out: Path,
    report: Report,
    *,
    initial: Path | None = None,
) -> Path:
    """Train until the minutes are used up; return the checkpoint that can be exported, `final.pt`.

    It is the one with the lowest mean validation EER, finished: where the run began from `initial`, it goes
    back towards it by the settings' share `kept`, and its fine cells are described.

    Several galleries choose together, because what still improves on one script may have passed its best
    on another.

    `last.pt` and `best.pt` are written to `out` at every validation, its figures appended to `log.jsonl`.
    """
    out.mkdir(parents=True, exist_ok=True)
    budget, last = run.settings.minutes * 60, time.monotonic()
    validated = run.seconds
    while run.seconds < budget:
        loss = _step(run, batches, progress=run.seconds / budget)
        now = time.monotonic()
        run.seconds, last = run.seconds + now - last, now
        if run.step % 20 == 0:
            report({"step": run.step, "seconds": run.seconds, **loss})
        if run.seconds - validated > run.settings.validate_minutes * 60 or run.seconds >= budget:
            report(_validate(run, validation, out, loss))
            validated = run.seconds
    return _finish(out, batches, initial)


def _finish(out: Path, batches: Batches, initial: Path | None) -> Path:
    """Blend the best averaged encoder with what it began from, then describe its fine cells.

    Between the weights before and after fine-tuning lie better ones: Wortsman et al., CVPR 2022. `best.pt`
    stays as it is, so that a run that goes on and finishes again is not blended twice.
    """
    run = resume(batches.settings, out / "best.pt")
    encoder = run.average["encoder"]
    assert isinstance(encoder, SignatureEncoder)
    own = encoder.state_dict()
    for name, value in _fitting(encoder, initial).items() if initial is not None else ():
        if value.dtype.is_floating_point:
            own[name].lerp_(value, run.settings.kept)
    describe(encoder, batches)
    run.finished = True
    save(run, out / "final.pt")
    return out / "final.pt"


def _step(run: Run, batches: Batches, *, progress: float) -> dict[str, float]:
    settings = run.settings
    for group in run.optimiser.param_groups:
        group["lr"] = settings.learning_rate * _schedule(run.step, progress, settings.warmup_steps)
    images, writers, genuine = batches.draw(np.random.default_rng((settings.seed, run.step)))
    # Half the time on processors that compute in bfloat16; losses and weights stay in float32.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.half):
        embeddings = run.models["encoder"](images.to(memory_format=torch.channels_last))
    embeddings = embeddings.float()
    whole = embeddings[:, :GLOBAL]
    metric = losses.contrastive(
        whole,
        writers,
        genuine,
        strangers=run.memory.rows,
        temperature=settings.temperature,
        forgery_weight=settings.forgery_weight,
    )
    matcher = run.models["matcher"]
    assert isinstance(matcher, PairClassifier)
    pairs = losses.pairwise(matcher, embeddings, writers, genuine)
    total: Tensor = metric + settings.pair_loss_weight * pairs
    run.optimiser.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(run.models.parameters(), 5.0)
    run.optimiser.step()
    run.step += 1
    run.memory.remember(whole[genuine], at_most=settings.memory)
    _average(run)
    return {"metric": metric.item(), "pairs": pairs.item()}


def _schedule(step: int, progress: float, warmup: int) -> float:
    """Linear warm-up over steps, then a cosine over wall clock down to one hundredth."""
    cosine = 0.01 + 0.99 * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return min(1.0, (step + 1) / warmup) * cosine


@torch.no_grad()
def _average(run: Run) -> None:
    """Move the averaged weights a little towards the newest ones, faster while there are few."""
    decay = min(run.settings.average_decay, (1 + run.step) / (10 + run.step))
    newest = run.models.state_dict()
    for name, value in run.average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(newest[name], 1 - decay)
        else:
            value.copy_(newest[name])


def _validate(run: Run, validation: Sequence[Gallery], out: Path, loss: dict[str, float]) -> dict[str, float]:
    found = {gallery.source: protocol.quick_figures(run.average, gallery) for gallery in validation}
    figures = {f"{name} ({source})": rate for source, rates in found.items() for name, rate in rates.items()}
    figures["skilled_1"] = float(np.mean([rates["skilled_1"] for rates in found.values()]))
    if figures["skilled_1"] < run.best:
        run.best = figures["skilled_1"]
        save(run, out / "best.pt")
    save(run, out / "last.pt")
    line = {"step": run.step, "seconds": round(run.seconds, 1), **loss, **figures}
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    return line
