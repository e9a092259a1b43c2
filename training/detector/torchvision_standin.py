"""A stand-in for `torchvision.ops.nms`, for machines whose torchvision does not import beside their torch.

Some CPU builds of torch come with a torchvision whose compiled operators are missing. ultralytics needs only
`nms` from it, and only in validation; it brings an implementation of its own, which is registered here.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType


def ensure_torchvision() -> bool:
    """Make `torchvision.ops.nms` importable; True when the real one is in use."""
    try:
        importlib.import_module("torchvision.ops")
    except (ImportError, RuntimeError, AttributeError):
        _register()
        return False
    return not getattr(sys.modules["torchvision"], "is_stand_in", False)


def _register() -> None:
    from ultralytics.utils.nms import TorchNMS  # noqa: PLC0415  # heavy, and only needed here

    for name in [name for name in sys.modules if name == "torchvision" or name.startswith("torchvision.")]:
        del sys.modules[name]
    package, ops = ModuleType("torchvision"), ModuleType("torchvision.ops")
    ops.nms = TorchNMS.nms  # type: ignore[attr-defined]
    package.ops = ops  # type: ignore[attr-defined]
    package.is_stand_in = True  # type: ignore[attr-defined]
    package.__version__ = "0"  # type: ignore[attr-defined]
    sys.modules["torchvision"], sys.modules["torchvision.ops"] = package, ops
