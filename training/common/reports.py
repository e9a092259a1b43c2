"""Writing what an evaluation measured: the model's own report, and the figures in the shape of all models."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from training.common.figures import FigureFile, write_figures

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_reports(
    report: DataclassInstance | Mapping[str, object],
    figures: FigureFile,
    *,
    report_to: Path | None,
    figures_to: Path | None,
) -> None:
    """Write each where a path is given, its folder too; earlier files are replaced."""
    if report_to is not None:
        report_to.parent.mkdir(parents=True, exist_ok=True)
        plain = report if isinstance(report, Mapping) else dataclasses.asdict(report)
        report_to.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    if figures_to is not None:
        write_figures(figures, figures_to)
