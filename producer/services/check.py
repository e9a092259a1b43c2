"""One document, looked at for what it lacks: the stages of a run, in a folder that is gone afterwards."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from producer.services.run import run_documents
from worker.errors import WrongUse
from worker.result import DocumentResult


def check_document(path: Path, *, rules: Path | None = None, templates: Path | None = None) -> DocumentResult:
    """What the document lacks, by folders of rule files and templates, or by its own slots.

    RulesRefused; WrongUse where the path is no document. One that cannot be read says so in its status.
    """
    with TemporaryDirectory(prefix="countersign-") as folder:
        results = run_documents([path], Path(folder), slots=True, rules=rules, templates=templates).results
    if len(results) != 1:
        raise WrongUse(f"{path} is not one document")
    return results[0]
