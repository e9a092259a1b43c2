"""The reference design, kept as a baseline: SigNet's encoder, then a pair classifier, trained in two phases.

Five convolutions to 2048 features (Dey et al., 2017; sizes after Hafemann et al., 2017), trained with the
contrastive loss of Hadsell et al. (2006); then, the encoder frozen, 2048 -> 512 -> 128 -> 1 on |a - b|.
Otsu, content box, 220x155, no augmentation. What it learns is written as a weights folder of its own, so that
`countersign-train evaluate verifier --weights` measures it by the protocol that measures what ships.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.catalogue import register_weights
from training.common.onnx import save_onnx
from training.verifier.export import CARD, LICENCE
from training.verifier.library import refit
from training.verifier.readers import Signer, Specimen
from worker.vision.crops import fit
from worker.vision.values import Normal

FEATURES = 2048
#: What the design reads, whatever field the shipped encoder has.
WIDTH, HEIGHT = 220, 155
#: Different hands are pushed this far apart, in the distance of vectors of length 1.
MARGIN = 1.0
WRITERS_PER_BATCH, GENUINE_PER_WRITER, FORGED_PER_WRITER = 5, 3, 2
PAIRS_PER_BATCH = 256

Report = Callable[[str, float], None]


class ReferenceEncoder(nn.Module):
    """(n, 1, 155, 220) ink in [0, 1] to (n, 2048) features of length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(1, 96, kernel=11, stride=4),
            nn.MaxPool2d(3, 2),
            *_convolution(96, 256, kernel=5, padding=2),
            nn.MaxPool2d(3, 2),
            *_convolution(256, 384, kernel=3, padding=1),
            *_convolution(384, 384, kernel=3, padding=1),
            *_convolution(384, 256, kernel=3, padding=1),
            nn.MaxPool2d(3, 2),
            nn.Flatten(),
            nn.Linear(256 * 3 * 5, FEATURES),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Embed a batch."""
        return functional.normalize(self.layers(images), dim=1)


class ReferenceClassifier(nn.Module):
    """Two (n, 2048) features to (n,) logits of "written by the same hand"."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(FEATURES, 512),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(512, 128),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(128, 1),
        )

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Compare row by row; the factor brings differences of vectors of length 1 to the order of one."""
        logits: Tensor = self.layers(torch.abs(a - b) * FEATURES**0.5).squeeze(1)
        return logits


@dataclass(frozen=True)
class ReferencePlan:
    """A training's budget in minutes of processor time, and its settings."""

    minutes: float = 20.0
    classifier_share: float = 0.25
    seed: int = 1
    encoder_rate: float = 3e-4
    classifier_rate: float = 3e-4


@dataclass(frozen=True)
class _Specimens:
    """All training images with the writer's number and whether genuine."""

    images: npt.NDArray[np.uint8]
    writers: npt.NDArray[np.int64]
    genuine: npt.NDArray[np.bool_]

    def of(self, writer: int, *, genuine: bool) -> npt.NDArray[np.int64]:
        return np.flatnonzero((self.writers == writer) & (self.genuine == genuine))


def fit_reference(signers: Sequence[Signer], plan: ReferencePlan, out: Path, report: Report) -> Path:
    """Both phases within the plan's minutes; returns the weights folder, which still lacks a calibration.

    `report` gets the phase and the minutes used; passes, losses and the plan go to `out/reference.json`.
    """
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    specimens = _read(signers)
    encoder, classifier = ReferenceEncoder(), ReferenceClassifier()
    clock = _Clock()
    first = _train_encoder(encoder, specimens, plan, rng, clock, report)
    second = _train_classifier(encoder, classifier, specimens, plan, rng, clock, report)
    folder = out / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    _export(encoder.eval(), classifier.eval(), folder)
    notes = {"plan": asdict(plan), "cpu_minutes": clock.minutes(), "encoder": first, "classifier": second}
    (out / "reference.json").write_text(json.dumps(notes, indent=2) + "\n", encoding="utf-8")
    return folder


class _Clock:
    """Processor time, because a wall clock says little on a shared machine."""

    def __init__(self) -> None:
        self._start = time.process_time()

    def minutes(self) -> float:
        return (time.process_time() - self._start) / 60


def _convolution(
    before: int, after: int, *, kernel: int, stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]


def _read(signers: Sequence[Signer]) -> _Specimens:
    rows = [
        (np.round(_fitted(specimen) * 255).astype(np.uint8), number, is_genuine)
        for number, signer in enumerate(signers)
        for specimens, is_genuine in ((signer.genuine, True), (signer.forged, False))
        for specimen in specimens
    ]
    images, writers, genuine = zip(*rows, strict=True)
    return _Specimens(np.stack(images), np.array(writers), np.array(genuine))


def _fitted(specimen: Specimen) -> Normal:
    return refit(fit(specimen.mask()), width=WIDTH, height=HEIGHT)


def _tensor(images: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(images.astype(np.float32) / 255).unsqueeze(1)


def _train_encoder(  # noqa: PLR0917  # private; the first half of one training
    encoder: ReferenceEncoder,
    specimens: _Specimens,
    plan: ReferencePlan,
    rng: np.random.Generator,
    clock: _Clock,
    report: Report,
) -> dict[str, float]:
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=plan.encoder_rate, weight_decay=1e-4)
    budget, step, loss, passes = plan.minutes * (1 - plan.classifier_share), 0, 0.0, 0
    while clock.minutes() < budget:
        chosen = _batch(specimens, rng)
        writers, genuine = (
            torch.from_numpy(specimens.writers[chosen]),
            torch.from_numpy(specimens.genuine[chosen]),
        )
        found = signet_contrastive(encoder(_tensor(specimens.images[chosen])), writers, genuine)
        optimiser.zero_grad(set_to_none=True)
        found.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        step, passes, loss = step + 1, passes + len(chosen), 0.98 * loss + 0.02 * found.item()
        if step % 10 == 0:
            report(f"encoder, loss {loss / (1 - 0.98**step):.3f}", clock.minutes())
    return {"steps": step, "image_passes": passes, "loss": loss / (1 - 0.98 ** max(step, 1))}


def signet_contrastive(features: Tensor, writers: Tensor, genuine: Tensor) -> Tensor:
    """Genuine pairs of a writer together; their forgeries and other hands at least MARGIN away."""
    distance = torch.cdist(features, features).clamp_min(1e-6)
    same = writers[:, None] == writers[None, :]
    upper = torch.triu(torch.ones_like(same), diagonal=1)
    both = genuine[:, None] & genuine[None, :]
    apart = functional.relu(MARGIN - distance).square()
    kinds = (
        (distance.square(), same & both & upper, 0.5),
        (apart, same & (genuine[:, None] ^ genuine[None, :]) & upper, 0.25),
        (apart, ~same & both & upper, 0.25),
    )
    return torch.stack([weight * loss[kind].mean() for loss, kind, weight in kinds if kind.any()]).sum()


def _batch(specimens: _Specimens, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    writers = rng.choice(np.unique(specimens.writers), WRITERS_PER_BATCH, replace=False)
    parts = [
        rng.choice(specimens.of(int(writer), genuine=genuine), count, replace=False)
        for writer in writers
        for genuine, count in ((True, GENUINE_PER_WRITER), (False, FORGED_PER_WRITER))
    ]
    return np.concatenate(parts)


def _train_classifier(  # noqa: PLR0917  # private; the second half of one training
    encoder: ReferenceEncoder,
    classifier: ReferenceClassifier,
    specimens: _Specimens,
    plan: ReferencePlan,
    rng: np.random.Generator,
    clock: _Clock,
    report: Report,
) -> dict[str, float]:
    report("features of the training images", clock.minutes())
    features = _features(encoder, specimens)
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=plan.classifier_rate, weight_decay=1e-4)
    step, loss = 0, 0.0
    while clock.minutes() < plan.minutes:
        a, b, target = _pairs(specimens, rng)
        logits = classifier(features[a], features[b])
        found = functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(target))
        optimiser.zero_grad(set_to_none=True)
        found.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        step, loss = step + 1, 0.98 * loss + 0.02 * found.item()
        if step % 100 == 0:
            report(f"classifier, loss {loss / (1 - 0.98**step):.3f}", clock.minutes())
    return {"steps": step, "loss": loss / (1 - 0.98 ** max(step, 1))}


@torch.no_grad()
def _features(encoder: ReferenceEncoder, specimens: _Specimens) -> Tensor:
    encoder.eval()
    images = specimens.images
    return torch.cat([encoder(_tensor(images[i : i + 64])) for i in range(0, len(images), 64)])


def _pairs(
    specimens: _Specimens, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Half genuine pairs, a quarter genuine and forged, a quarter two writers."""
    writers = np.unique(specimens.writers)
    a, b, target = [], [], []
    for number in range(PAIRS_PER_BATCH):
        one, other = rng.choice(writers, 2, replace=False)
        own = specimens.of(int(one), genuine=True)
        if number % 4 < 2:
            first, second = rng.choice(own, 2, replace=False)
        else:
            forged = number % 4 == 2
            against = specimens.of(int(one if forged else other), genuine=not forged)
            first, second = rng.choice(own), rng.choice(against)
        a.append(first)
        b.append(second)
        target.append(np.float32(number % 4 < 2))
    return np.array(a), np.array(b), np.array(target)


def _export(encoder: ReferenceEncoder, classifier: ReferenceClassifier, folder: Path) -> None:
    image, feature = torch.zeros(2, 1, HEIGHT, WIDTH), torch.zeros(2, FEATURES)
    with tempfile.TemporaryDirectory() as scratch:
        graph, pairs = Path(scratch) / "encoder.onnx", Path(scratch) / "matcher.onnx"
        save_onnx(encoder, (image,), graph, inputs=["images"], output="embeddings")
        save_onnx(classifier, (feature, feature), pairs, inputs=["a", "b"], output="logits")
        size = {"width": WIDTH, "height": HEIGHT, "dimension": FEATURES}
        register_weights("encoder", graph, card=CARD, licence=LICENCE, folder=folder, **size)
        register_weights("matcher", pairs, card=CARD, licence=LICENCE, folder=folder, dimension=FEATURES)
