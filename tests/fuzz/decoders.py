"""Mutated documents into the decoders' entry, for a bounded time: `python -m tests.fuzz.decoders SECONDS`.

Atheris (libFuzzer) steers by the coverage of this service's and Pillow's Python code; the C libraries below
are watched for crashes, hangs and greed. Inputs begin with the corpus. A finding stops the run with its
traceback and lies in FOLDER afterwards; repair it and keep it as a kind in `tests.corpus`.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["PIL", "worker.vision", "worker.errors"]):
    from tests.fuzz.oracle import SLOW, read

from tests.corpus import KINDS

#: Where findings are kept.
FOLDER = Path(".fuzz")
LONGEST_SEED = 20_000


def main() -> None:
    """Fuzz for the given number of seconds."""
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as seeds:
        for kind in KINDS:
            data = kind.build()
            if len(data) <= LONGEST_SEED and not kind.id.endswith(SLOW):
                (Path(seeds) / kind.id).write_bytes(data)
        bounds = [f"-max_total_time={sys.argv[1]}", "-timeout=20", "-rss_limit_mb=3000"]
        output = [f"-artifact_prefix={FOLDER}/", "-print_final_stats=1", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *bounds, *output, f"-max_len={LONGEST_SEED}", seeds], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
