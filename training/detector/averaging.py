"""The mean of the weights of trainings that began at the same weights: better than each, at no cost.

Wortsman et al., "Model soups", ICML 2022. It holds for weights that lie in one basin: a training and what it
started from, or several from one start.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from worker.errors import WrongUse


def averaged(files: Sequence[Path], target: Path) -> Path:
    """Write the mean of those weights to `target`; one file is returned as it is.

    Raises WrongUse for weights of different networks.
    """
    if len(files) == 1:
        return files[0]
    every = [load_file(path) for path in files]
    first = every[0]
    for path, tensors in zip(files, every, strict=True):
        if {n: t.shape for n, t in tensors.items()} != {n: t.shape for n, t in first.items()}:
            raise WrongUse(f"{path} is of another network than {files[0]}: their mean means nothing")
    save_file({name: _mean([tensors[name] for tensors in every]) for name in first}, target)
    return target


def _mean(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Of counters, which are whole numbers, the last."""
    last = tensors[-1]
    if not last.dtype.is_floating_point:
        return last.contiguous()
    return torch.stack([one.float() for one in tensors]).mean(dim=0).to(last.dtype).contiguous()
