"""Weights of an ONNX file stored in half precision; ONNX Runtime widens them once, when it opens the file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper

from worker.vision.detection.torch_detector import HALVED_FROM


def store_halves(path: Path) -> None:
    """Store the large weights of a file in half precision, in place; it still computes in single."""
    model = onnx.load(path)
    casts = [_halved(tensor) for tensor in model.graph.initializer if _is_large(tensor)]
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _is_large(tensor: onnx.TensorProto) -> bool:
    return tensor.data_type == onnx.TensorProto.FLOAT and math.prod(tensor.dims) >= HALVED_FROM


def _halved(tensor: onnx.TensorProto) -> onnx.NodeProto:
    """Store a tensor in half precision, in place; return the node that gives it back under its name."""
    name, stored = tensor.name, f"{tensor.name}.half"
    values = onnx.numpy_helper.to_array(tensor).astype(np.float16)
    tensor.CopyFrom(onnx.numpy_helper.from_array(values, stored))
    return onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT)
