"""What compares signatures: one contract, and the catalogue's named ways to fulfil it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from worker.errors import WeightsError
from worker.vision import weights
from worker.vision.values import Embeddings, Grey, Opinion, Quality
from worker.vision.verification import architectures
from worker.vision.weights import WEIGHTS_DIR, verifier_entry

#: The name of the verifier that serves unless another is asked for.
DEFAULT_VERIFIER = "verifier"


class Verifier(Protocol):
    """Embeds signatures and compares them with references; any number of threads may share it."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Digests of the files that a verdict rests on, by the part they play."""

    @property
    def embedding_version(self) -> str:
        """The digest of the part `encoder`. Embeddings of different versions must not be compared."""

    @property
    def code_floats(self) -> int:
        """How many numbers at the front of an embedding are its code: of length 1, compared by products.

        By their codes the nearest of many are sought; those are then compared in full.
        """

    @property
    def references_wanted(self) -> int:
        """How many references of a signer are enough: more would hardly make verdicts surer."""

    def embed(self, inks: Sequence[Grey], *, alone: bool = True) -> Embeddings:
        """Embed the ink masks (255 on 0) of cleaned crops: one float32 row each, no rows for none.

        Without `alone` it may be faster, and no row may serve as a signer's only reference.
        """

    def compare(self, query: npt.NDArray[np.float32], references: Embeddings, *, quality: Quality) -> Opinion:
        """Judge a query (d,) against a signer's references (k, d).

        No references is NO_REFERENCE; a crop that is not usable is INCONCLUSIVE without a probability.
        """

    def nearest(
        self, query: npt.NDArray[np.float32], enrolled: Mapping[str, Embeddings], *, top: int = 3
    ) -> list[tuple[str, float]]:
        """Up to `top` enrolled signers with their probabilities, best first, equals by name.

        These are suggestions for a person; `is_somebody` tells whether the first is more than chance.
        """

    def is_somebody(self, likelihood: float, *, enrolled: int) -> bool:
        """Whether the nearest of so many signers, found with that probability, is nearer than chance."""


def load_verifier(
    name: str = DEFAULT_VERIFIER, *, device: str = "cpu", folder: Path = WEIGHTS_DIR
) -> Verifier:
    """The catalogue's verifier of that name, its networks on that device ("cpu", "cuda").

    Raises WeightsError when there is no such entry, architecture or part, or a file is not as listed; and
    when the verifier says of its embeddings anything but what results will say: the digest of its `encoder`.
    """
    entry = verifier_entry(name, folder)
    module = f"{architectures.__name__}.{entry.architecture}"
    try:
        architecture = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise WeightsError(name, f"there is no architecture {entry.architecture!r}") from error
    verifier: Verifier = architecture.build(entry, device=device, folder=folder)
    if verifier.embedding_version != weights.entry(entry.part("encoder"), folder).sha256:
        raise WeightsError(name, "its embeddings do not name the digest of its part `encoder`")
    return verifier
