"""From a checkpoint to what ships: one ONNX file with a softmax at its end."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.catalogue import register_weights
from training.classifier.network import CropNetwork, KindProbabilities
from training.common.checkpoints import with_average
from training.common.onnx import save_onnx
from worker.vision.detection.classifier import KINDS, LOOK_HEIGHT, LOOK_WIDTH
from worker.vision.weights import WEIGHTS_DIR, CatalogueEntry

LICENCE = "AGPL-3.0-or-later"
CARD = "classifier.md"


def trained_classifier(checkpoint: Path) -> CropNetwork:
    """The averaged network of a checkpoint, in evaluation mode.

    Raises WrongUse for a file that is no checkpoint of a classifier's training.
    """
    return with_average(CropNetwork(), checkpoint)


def mean_classifier(checkpoints: Sequence[Path]) -> CropNetwork:
    """The mean of checkpoints of one basin (`training/detector/averaging.py`), batch norms folded in."""
    networks = [_folded(trained_classifier(path)) for path in checkpoints]
    states = [network.state_dict() for network in networks]
    networks[0].load_state_dict(
        {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]}
    )
    return networks[0]


def _folded(network: CropNetwork) -> CropNetwork:
    layers = list(network.features)
    for place, (layer, norm) in enumerate(pairwise(network.features)):
        if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            layers[place : place + 2] = [fuse_conv_bn_eval(layer, norm), nn.Identity()]
    network.features = nn.Sequential(*layers)
    return network


def register_classifier(
    checkpoints: Sequence[Path], *, doubt: float, default: bool, folder: Path = WEIGHTS_DIR
) -> CatalogueEntry:
    """Register their mean as `classifier`.

    `doubt` takes a signature away, `default` says whether it does unless told.
    """
    with tempfile.TemporaryDirectory() as scratch:
        graph = Path(scratch) / "classifier.onnx"
        network = KindProbabilities(mean_classifier(checkpoints))
        example = (torch.zeros(2, 1, LOOK_HEIGHT, LOOK_WIDTH),)
        save_onnx(network, example, graph, inputs=["images"], output="kinds")
        return register_weights(
            "classifier",
            graph,
            card=CARD,
            licence=LICENCE,
            folder=folder,
            width=LOOK_WIDTH,
            height=LOOK_HEIGHT,
            kinds=[kind.value for kind in KINDS],
            doubt=doubt,
            default=default,
        )
