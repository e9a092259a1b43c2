"""The device that torch computes on. Imports torch: itself imported only where a GPU is asked for."""

from __future__ import annotations

import torch

from worker.errors import WrongUse


def torch_device(name: str) -> torch.device:
    """The device that torch calls by this name: "cpu", "cuda". WrongUse for a GPU where torch sees none."""
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise WrongUse(
            "torch sees no GPU: leave COUNTERSIGN_DETECT_DEVICE and COUNTERSIGN_VERIFY_DEVICE at `cpu`, "
            "or see what `countersign doctor` says"
        )
    return device
