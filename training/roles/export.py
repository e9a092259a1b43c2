"""From a checkpoint to what ships: one ONNX file that reads both views and the facts of marks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.catalogue import register_weights
from training.common.checkpoints import read_checkpoint, with_average
from training.common.halves import store_halves
from training.common.onnx import save_onnx
from training.roles.backbone import published_backbone
from training.roles.crossvalidate import TRAINING
from training.roles.head import FACTS, Head
from training.roles.network import RolesNetwork
from training.roles.settings import RolesSettings
from training.roles.train import new_head
from worker.vision.detection.roles import NEAR, TIGHT
from worker.vision.weights import WEIGHTS_DIR, CatalogueEntry

LICENCE = "AGPL-3.0-or-later"
NAME, CARD = "roles", "roles.md"


def trained_head(checkpoint: Path) -> Head:
    """The averaged head of a checkpoint, in evaluation mode; WrongUse for a file that is none of a head."""
    settings = RolesSettings.model_validate(read_checkpoint(checkpoint)["settings"])
    return with_average(new_head(settings), checkpoint)


def register_roles(
    head: Head, *, min_probability: float, default: bool, folder: Path = WEIGHTS_DIR
) -> CatalogueEntry:
    """Register a head with its backbone as `roles`.

    From `min_probability` on a mark signs; `default` says whether marks are asked unless settings say so.
    """
    with tempfile.TemporaryDirectory() as scratch:
        graph = Path(scratch) / f"{NAME}.onnx"
        example = torch.zeros(2, *TIGHT), torch.zeros(2, NEAR, NEAR), torch.zeros(2, FACTS)
        network = RolesNetwork(published_backbone(), head).eval()
        fold_norms(network)
        save_onnx(network, example, graph, inputs=["tight", "near", "facts"], output="signs")
        store_halves(graph)
        return register_weights(
            NAME,
            graph,
            card=CARD,
            licence=LICENCE,
            folder=folder,
            min_probability=min_probability,
            default=default,
            sources=list(TRAINING),
        )


def fold_norms(network: nn.Module) -> None:
    """Fold every batch norm into the convolution before it, in place."""
    for layers in network.modules():
        if not isinstance(layers, nn.Sequential):
            continue
        for place in range(len(layers) - 1):
            convolution, norm = layers[place], layers[place + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                layers[place] = fuse_conv_bn_eval(convolution, norm)
                layers[place + 1] = nn.Identity()
