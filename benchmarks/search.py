"""How long a search by signature takes among so many drawn embeddings: `python -m benchmarks.search`."""

from __future__ import annotations

import sys
import time

import numpy as np

from worker.vision.verification.code_index import CodeIndex
from worker.vision.verification.embedding import GLOBAL

#: Codes that are added together, as pages of the feed bring them.
_TOGETHER = 5_000
#: Searches that are measured.
_SEARCHES = 20


def main(rows: int) -> None:
    """Fill an index with directions drawn at random, and look for the nearest of some more."""
    chance = np.random.default_rng(1)
    index = CodeIndex(GLOBAL)
    for first in range(0, rows, _TOGETHER):
        count = min(_TOGETHER, rows - first)
        codes = chance.normal(size=(count, GLOBAL)).astype(np.float32)
        codes /= np.linalg.norm(codes, axis=1, keepdims=True)
        ids = np.arange(first, first + count)
        index.add(ids, ids, codes.astype(np.float16))
    took = []
    for _ in range(_SEARCHES):
        query = chance.normal(size=GLOBAL).astype(np.float32)
        began, worked = time.perf_counter(), time.process_time()
        index.nearest(query, 20)
        took.append((time.perf_counter() - began, time.process_time() - worked))
    wall, processor = 1000 * np.median(took, axis=0)
    print(f"{rows} codes: median {wall:.0f} ms, of which {processor:.0f} ms on a processor")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
