"""The curves of docs/accuracy.md: DET, histograms of scores, reliability; they show no signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from training.common.statistics import Floats, error_curves, normal_deviates
from training.verifier import metrics, reliability, sets
from training.verifier.library import Library
from training.verifier.metrics import Trials

#: False acceptance and rejection in per cent at the ticks of the DET curve.
TICKS = (0.1, 0.5, 1, 2, 5, 10, 20, 40)
SHOWN = (sets.test, sets.cedar)
#: Numbers of references that are drawn, where a writer has as many.
COUNTS = (1, 8)
COLOURS = ("#166f45", "#ba1a1a", "#2456a4")


def draw_curves(library: Library, folder: Path) -> list[Path]:
    """Write `verifier-det.svg`, `verifier-scores.svg` and `verifier-reliability.svg` to the folder."""
    mpl.use("svg")
    # The same figures give the same file.
    mpl.rcParams.update({"svg.hashsalt": "countersign", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    trials_of = {
        (library.of(read).gallery.source, count): trials
        for read in SHOWN
        for count in COUNTS
        if (trials := library.of(read).trials(library.models.calibration, count))
    }
    drawn: dict[str, Callable[[dict[tuple[str, int], list[Trials]]], Any]] = {
        "det": _det,
        "scores": _scores,
        "reliability": _reliability,
    }
    paths = []
    for name, make in drawn.items():
        paths.append(folder / f"verifier-{name}.svg")
        make(trials_of).savefig(paths[-1], metadata={"Date": None})
    return paths


def _det(trials_of: dict[tuple[str, int], list[Trials]]) -> Any:
    figure, axes = _panels(1)
    for number, ((source, count), trials) in enumerate(trials_of.items()):
        for against, line in (("skilled", "-"), ("random", ":")):
            accepted, rejected = _curve(trials, against)
            label = f"{source}, {count} reference{'s' if count > 1 else ''}, {against}"
            colour, width = COLOURS[number // 2], 1.8 if count > 1 else 0.9
            axes[0].plot(accepted, rejected, line, color=colour, linewidth=width, label=label)
    ticks = [normal_deviates(np.array([tick / 100]))[0] for tick in TICKS]
    for axis in (axes[0].xaxis, axes[0].yaxis):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in TICKS])
    axes[0].set(xlim=(ticks[0], ticks[-1]), ylim=(ticks[0], ticks[-1]))
    axes[0].set(xlabel="false acceptance, %", ylabel="false rejection, %", title="DET curves")
    axes[0].grid(alpha=0.3)
    axes[0].legend(fontsize=6)
    return figure


def _scores(trials_of: dict[tuple[str, int], list[Trials]]) -> Any:
    figure, axes = _panels(len(trials_of))
    edges = np.linspace(-12, 12, 49)
    for panel, ((source, count), trials) in zip(axes, trials_of.items(), strict=True):
        for kind, colour in zip(("genuine", "skilled", "random"), COLOURS, strict=True):
            scores = np.clip(metrics.pooled(trials, kind), edges[0], edges[-1])
            shares = np.histogram(scores, edges)[0] / len(scores)
            panel.stairs(shares, edges, color=colour, label=kind, fill=True, alpha=0.35)
        panel.set(title=f"{source}, {count}", xlabel="log-likelihood ratio", yticks=[])
    axes[0].legend(fontsize=7)
    return figure


def _reliability(trials_of: dict[tuple[str, int], list[Trials]]) -> Any:
    figure, axes = _panels(1)
    axes[0].plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for number, ((source, count), trials) in enumerate(trials_of.items()):
        bins = reliability.bins(metrics.pooled(trials, "genuine"), metrics.pooled(trials, "skilled"))
        stated, genuine = [one.stated for one in bins], [one.genuine for one in bins]
        line = "o-" if count > 1 else "o:"
        axes[0].plot(
            stated, genuine, line, color=COLOURS[number // 2], markersize=3, label=f"{source}, {count}"
        )
    axes[0].set(xlabel="stated probability of genuine", ylabel="share that was genuine")
    axes[0].set(title="Reliability, at even odds")
    axes[0].grid(alpha=0.3)
    axes[0].legend(fontsize=7)
    return figure


def _panels(count: int) -> tuple[Any, Any]:
    figure = Figure(
        figsize=(4.6 if count == 1 else 2.6 * count, 4.6 if count == 1 else 2.4), layout="constrained"
    )
    return figure, np.atleast_1d(figure.subplots(1, count))


def _curve(trials: Sequence[Trials], against: str) -> tuple[Floats, Floats]:
    """At most 150 points of false acceptance and rejection, as normal deviates."""
    curves = error_curves(metrics.pooled(trials, "genuine"), metrics.pooled(trials, against))
    points = np.unique(np.linspace(0, len(curves.thresholds) - 1, 4000).astype(np.int64))
    accepted, rejected = curves.accepted[0, points], curves.rejected[0, points]
    inside = (accepted > 0.0005) & (rejected > 0.0005) & (accepted < 0.5) & (rejected < 0.5)
    thin = slice(None, None, max(1, int(inside.sum()) // 150))
    return normal_deviates(accepted[inside][thin]), normal_deviates(rejected[inside][thin])
