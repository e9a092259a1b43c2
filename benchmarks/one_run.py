"""One embedded run, watched: `python -m benchmarks.one_run SET OUT` prints what start and models cost.

The models' share is what the thread spent that called them; each model takes one thread.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.processor_time import spent
from producer.services.progress import Progress
from producer.services.run import RunEvent, run_documents
from worker.vision import onnx
from worker.vision.onnx import OnnxModel, Tensor
from worker.vision.weights import read_catalogue


class _Watch:
    """Processor seconds in models by the digest of their file, and those before the first document."""

    def __init__(self) -> None:
        self.models = Counter[str]()
        self.start = 0.0
        self._lock = threading.Lock()
        self._answer = OnnxModel.run

    def run(self, model: OnnxModel, *inputs: Tensor) -> Tensor:
        """What stands in for `OnnxModel.run`."""
        before = time.thread_time()
        answer = self._answer(model, *inputs)
        took = time.thread_time() - before
        with self._lock:
            self.models[model.version] += took
        return answer

    def hear(self, event: RunEvent) -> None:
        """The first progress comes when all is loaded and registered."""
        if isinstance(event, Progress) and not self.start:
            self.start = spent()
            self.models.clear()


def main(folder: Path, out: Path) -> None:
    """Run a drawn set into `out`; print pages, regions and seconds as one JSON object."""
    watch = _Watch()

    def run(model: OnnxModel, *inputs: Tensor) -> Tensor:
        return watch.run(model, *inputs)

    onnx.OnnxModel.run = run  # type: ignore[method-assign]
    done = run_documents(
        [folder / "documents"],
        out,
        references=folder / "references",
        claims=folder / "claims.csv",
        on_event=watch.hear,
    )
    (out / "results.jsonl").write_text(
        "".join(result.model_dump_json() + "\n" for result in done.results), encoding="utf-8"
    )
    names = {file.sha256: name for name, file in read_catalogue().files.items()}
    seconds = {names[version]: round(took, 3) for version, took in sorted(watch.models.items())}
    pages = sum(len(result.pages) for result in done.results)
    regions = sum(len(list(result.regions)) for result in done.results)
    print(json.dumps({"start": watch.start, "pages": pages, "regions": regions, "models": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
