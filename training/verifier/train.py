"""One training run of the verifier: seeded, bounded by wall clock, resumable, checkpointed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from training.common.checkpoints import (
    BEST,
    TrainingRun,
    Values,
    keep_checkpoint,
    new_run,
    restore,
    save_checkpoint,
)
from training.common.loop import ProgressReport, TrainingLoop
from training.verifier import losses, protocol
from training.verifier.batches import Batches
from training.verifier.describe import describe_fine_cells
from training.verifier.protocol import Gallery
from training.verifier.settings import VerifierSettings
from worker.vision.verification.embedding import GLOBAL
from worker.vision.verification.network import PairClassifier, SignatureEncoder

#: The checkpoint that can be exported.
FINAL = "final.pt"
VerifierRun = TrainingRun[VerifierSettings, nn.ModuleDict]


@dataclass
class Memory:
    """Global embeddings of genuine specimens of the latest batches; not kept in checkpoints."""

    rows: Tensor = field(default_factory=lambda: torch.zeros(0, GLOBAL))

    def remember(self, rows: Tensor, *, at_most: int) -> None:
        """Add rows; forget the oldest beyond `at_most`."""
        self.rows = torch.cat([self.rows, rows.detach()])[max(0, len(self.rows) + len(rows) - at_most) :]


def start_verifier(settings: VerifierSettings, initial: Path | None = None) -> VerifierRun:
    """A fresh run, its weights drawn from the settings' seed.

    `initial` is an encoder in safetensors, of another run or of the catalogue: what fits by name and shape
    is taken over, of its pair classifier, too.
    """
    torch.manual_seed(settings.seed)
    models = nn.ModuleDict({"encoder": SignatureEncoder(), "matcher": PairClassifier()})
    if initial is not None:
        for part, model in models.items():
            model.load_state_dict(_fitting(part, model, initial), strict=False)
    return new_run(settings, models.to(memory_format=torch.channels_last))  # type: ignore[call-overload]


def _fitting(part: str, model: nn.Module, given: Path) -> dict[str, Tensor]:
    """The tensors of a file that fit a part by name and shape; what ships holds both, others an encoder."""
    wanted = model.state_dict()
    tensors = load_file(given)
    whole = any(name.startswith("matcher.") for name in tensors)
    if part == "matcher" and not whole:
        return {}
    named = {name.removeprefix(f"{part}."): value for name, value in tensors.items()}
    return {n: v for n, v in named.items() if n in wanted and wanted[n].shape == v.shape}


def resume_verifier(settings: VerifierSettings, checkpoint: Path) -> VerifierRun:
    """Continue where a checkpoint stands; its seconds count against the new settings' minutes."""
    return restore(start_verifier(settings), checkpoint)


def fit_verifier(  # what trains, on what, and where to
    run: VerifierRun,
    batches: Batches,
    validation: Sequence[Gallery],
    out: Path,
    report: ProgressReport,
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
    memory = Memory()
    loop = TrainingLoop(
        loss=lambda: _loss(run, batches, memory),
        checkpoint=lambda parts: _validate(run, validation, out, parts),
        report=report,
        checkpoint_minutes=run.settings.validate_minutes,
        report_steps=20,
        gradient_norm=5.0,
    )
    loop.train(run)
    return _finish(out, batches, initial)


def _finish(out: Path, batches: Batches, initial: Path | None) -> Path:
    """Blend the best averaged encoder with what it began from, then describe its fine cells.

    Between the weights before and after fine-tuning lie better ones: Wortsman et al., CVPR 2022. `best.pt`
    stays as it is, so that a run that goes on and finishes again is not blended twice.
    """
    run = resume_verifier(batches.settings, out / BEST)
    encoder = run.average["encoder"]
    assert isinstance(encoder, SignatureEncoder)
    weights = encoder.state_dict()
    for name, value in _fitting("encoder", encoder, initial).items() if initial is not None else ():
        if value.dtype.is_floating_point:
            weights[name].lerp_(value, run.settings.kept)
    describe_fine_cells(encoder, batches)
    run.finished = True
    save_checkpoint(run, out / FINAL)
    return out / FINAL


def _loss(run: VerifierRun, batches: Batches, memory: Memory) -> tuple[Tensor, Values]:
    settings = run.settings
    images, writers, genuine = batches.draw(np.random.default_rng((settings.seed, run.step)))
    # Half the time on processors that compute in bfloat16; losses and weights stay in float32.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.half):
        embeddings = run.model["encoder"](images.to(memory_format=torch.channels_last))
    embeddings = embeddings.float()
    whole = embeddings[:, :GLOBAL]
    metric = losses.contrastive(
        whole,
        writers,
        genuine,
        others=memory.rows,
        temperature=settings.temperature,
        forgery_weight=settings.forgery_weight,
    )
    matcher = run.model["matcher"]
    assert isinstance(matcher, PairClassifier)
    pairs = losses.pairwise(matcher, embeddings, writers, genuine)
    memory.remember(whole[genuine], at_most=settings.memory)
    return metric + settings.pair_loss_weight * pairs, {"metric": metric.item(), "pairs": pairs.item()}


def _validate(run: VerifierRun, validation: Sequence[Gallery], out: Path, parts: Values) -> Values:
    rates = {gallery.source: protocol.quick_figures(run.average, gallery) for gallery in validation}
    figures = {f"{name} ({source})": rate for source, named in rates.items() for name, rate in named.items()}
    figures["skilled_1"] = float(np.mean([named["skilled_1"] for named in rates.values()]))
    return keep_checkpoint(run, out, score=figures["skilled_1"], values=parts | figures)
