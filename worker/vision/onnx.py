"""Networks on ONNX Runtime: the only module that opens sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]  # ships no types

from worker.errors import WeightsError
from worker.vision.weights import WEIGHTS_DIR, entry, verified_path

#: Where sessions run; GPUs are served by torch.
PROVIDERS = ("CPUExecutionProvider",)

#: What networks of this service answer.
Tensor = npt.NDArray[np.float32]


class OnnxModel:
    """A network on the CPU; any number of threads may share it.

    It takes one core unless `threads` says otherwise: workers are many, and processes scale better than
    threads. `version` is the digest of the file, or any name for one that is not in the catalogue.
    """

    def __init__(self, path: Path, *, version: str, threads: int = 1) -> None:
        self.version = version
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=list(PROVIDERS))
        self._inputs = [value.name for value in self._session.get_inputs()]

    @classmethod
    def catalogued(cls, name: str, *, threads: int = 1, folder: Path = WEIGHTS_DIR) -> Self:
        """The network of that name. WeightsError when its file is missing, another one, or no network."""
        path = verified_path(name, folder)
        try:
            return cls(path, version=entry(name, folder).sha256, threads=threads)
        except Exception as error:  # the vendor's exceptions have no base of their own
            reason = f"ONNX Runtime cannot open {path}: {str(error).strip().splitlines()[0]}"
            raise WeightsError(name, reason) from error

    def metadata(self, key: str) -> str:
        """What the file says of itself under that key; KeyError where it says nothing."""
        return str(self._session.get_modelmeta().custom_metadata_map[key])

    def run(self, *inputs: Tensor | npt.NDArray[np.bool_]) -> Tensor:
        """The network's first output for its inputs, which come in the order of the file."""
        outputs = self._session.run(None, dict(zip(self._inputs, inputs, strict=True)))
        return np.asarray(outputs[0], np.float32)
