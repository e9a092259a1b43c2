"""Names in settings that must stand for something here: a store, a detector, a verifier."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from worker.errors import ServiceError, WrongUse
from worker.rules.reading import read_folder
from worker.settings import Detection, Reading, Storage, Verification
from worker.slots.template_files import read_template_folder
from worker.storage.stores import STORES
from worker.vision.weights import Catalogue, read_catalogue


def check_folders(reading: Reading) -> None:
    """Read rule files and templates, where folders of them are named. WrongUse names variable and fault."""
    readers: dict[str, tuple[Path | None, Callable[[Path], object]]] = {
        "RULES_FOLDER": (reading.rules_folder, read_folder),
        "TEMPLATES_FOLDER": (reading.templates_folder, read_template_folder),
    }
    for variable, (folder, read) in readers.items():
        try:
            if folder is not None:
                read(folder)
        except (ServiceError, OSError) as error:
            raise WrongUse(f"COUNTERSIGN_{variable}: {error}") from error


def check_names(storage: Storage, detection: Detection, verification: Verification) -> None:
    """Look every name up. WrongUse names the variable and what it may be; WeightsError."""
    _check("RESULTS_BUCKET", storage.results_url.partition("://")[0], STORES)
    check_weights(detection, verification)


def check_weights(detection: Detection, verification: Verification) -> None:
    """Look up what stands for weights. WrongUse; WeightsError without a catalogue."""
    catalogue = read_catalogue()
    _check("DETECTOR", detection.detector, _detectors(catalogue))
    _check("VERIFIER", verification.verifier, catalogue.verifiers)


def _detectors(catalogue: Catalogue) -> list[str]:
    """What finds labelled regions, in the format that every machine runs."""
    entries = catalogue.files.values()
    return [entry.name for entry in entries if "labels" in entry.parameters and entry.file.endswith(".onnx")]


def _check(variable: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise WrongUse(
            f"COUNTERSIGN_{variable}: there is no {name!r}; choose one of {', '.join(sorted(known))}"
        )
