"""A wider network that starts where a narrower one of the same depth ended.

Net2WiderNet (Chen, Goodfellow, Shlens, "Net2Net", ICLR 2016): every channel becomes several copies side by
side, and what reads it divides its weights among the copies. The answer is the same to the last rounding;
because weights are divided unevenly, the copies learn different things from there on.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

Tensors = dict[str, torch.Tensor]
#: The least and the most of a weight that one of two copies gets.
_LEAST, _MOST = 0.25, 0.75


def widened(narrow: Mapping[str, torch.Tensor], wide: Mapping[str, torch.Tensor]) -> Tensors:
    """The tensors of `narrow` in the shapes of `wide`; unchanged where this is no widening.

    It is one where all of `wide`'s tensors are there and each side is a whole multiple; what is single, such
    as the score of a network for signatures alone, has no copies. Weights are divided at random, by torch's
    generator.
    """
    if not all(name in narrow and _multiple(narrow[name].shape, own.shape) for name, own in wide.items()):
        return dict(narrow)
    return {name: _grown(narrow[name], own.shape) for name, own in wide.items()}


def _multiple(small: torch.Size, large: torch.Size) -> bool:
    if len(small) != len(large):
        return False
    return all(b % a == 0 and (a > 1 or b == 1) for a, b in zip(small, large, strict=True))


def _grown(tensor: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """One value a channel (bias, normalisation) is copied; the weights of a convolution are divided, too."""
    if tensor.ndim == 0:
        return tensor
    grown = tensor.repeat_interleave(shape[0] // tensor.shape[0], dim=0)
    if tensor.ndim == 1:
        return grown
    copies = shape[1] // tensor.shape[1]
    grown = grown.repeat_interleave(copies, dim=1)
    return grown * _shares(shape[0], tensor.shape[1], copies)[(...,) + (None,) * (tensor.ndim - 2)]


def _shares(outputs: int, inputs: int, copies: int) -> torch.Tensor:
    """(outputs, inputs · copies): how the weights of one input are divided among its copies; sums of one."""
    if copies == 1:
        return torch.ones(outputs, inputs)
    drawn = torch.empty(outputs, inputs, copies).uniform_(_LEAST, _MOST)
    return (drawn / drawn.sum(dim=2, keepdim=True)).flatten(1)
