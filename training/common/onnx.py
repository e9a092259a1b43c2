"""From a torch network to an ONNX file whose digest is the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn


def save_onnx(
    model: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    *,
    inputs: Sequence[str],
    output: str,
    free_batch: bool = True,
) -> None:
    """Export without notes on the exporter, so that the same weights give the same bytes.

    `example` is one tensor an input; `free_batch` leaves the first dimension of inputs and output open.
    """
    names = [*inputs, output]
    torch.onnx.export(
        model,
        example,
        path,
        input_names=list(inputs),
        output_names=[output],
        dynamic_axes={name: {0: "n"} for name in names} if free_batch else None,
        opset_version=17,
        dynamo=False,
    )
    graph = onnx.load(path)
    drop_notes(graph)
    onnx.save(graph, path)


def drop_notes(graph: onnx.ModelProto) -> None:
    """Remove what the exporter says of itself."""
    del graph.metadata_props[:]
    graph.doc_string = ""
