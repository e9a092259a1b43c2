"""The shipped network, to train on from: its file holds no batch norms any more, so they are put back."""

from __future__ import annotations

import onnx
import onnx.numpy_helper
import torch
from torch import Tensor, nn

from training.classifier.network import CropNetwork
from worker.vision.weights import verified_path


def shipped_network(images: Tensor, dropout: float) -> CropNetwork:
    """A network that answers as the catalogue's does; `images` are (n, 1, 64, 128), some hundreds of crops.

    Every batch norm is set to what it sees of them and scaled to undo itself, so that training, in which it
    goes by each batch, starts from nearly the same answers, too.
    """
    network = CropNetwork(dropout).eval()
    stored = iter(_layers())
    with torch.no_grad():
        seen, bias = images, torch.zeros(0)
        for layer in network.features:
            if isinstance(layer, nn.Conv2d):
                weight, bias = next(stored)
                layer.weight.copy_(weight)
            elif isinstance(layer, nn.BatchNorm2d):
                _undone(layer, seen, bias)
            seen = layer(seen)
        for layer in network.head:
            if isinstance(layer, nn.Linear):
                weight, bias = next(stored)
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)
    return network


def _layers() -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of every convolution and linear layer, in the order of the network."""
    graph = onnx.load(verified_path("classifier")).graph
    values = {one.name: torch.from_numpy(onnx.numpy_helper.to_array(one).copy()) for one in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    return [(values[node.input[1]], values[node.input[2]]) for node in nodes]


def _undone(norm: nn.BatchNorm2d, seen: Tensor, bias: Tensor) -> None:
    """Give a batch norm the statistics of (n, channels, height, width), so that it adds `bias` alone."""
    mean, variance = seen.mean(dim=(0, 2, 3)), seen.var(dim=(0, 2, 3), unbiased=False)
    for buffer, value in (
        (norm.running_mean, mean),
        (norm.running_var, variance),
        (norm.weight, (variance + norm.eps).sqrt()),
        (norm.bias, mean + bias),
    ):
        if buffer is not None:
            buffer.copy_(value)
