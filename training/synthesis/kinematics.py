"""From target points to pen movement: the sigma-lognormal model of rapid human strokes.

Plamondon, "A kinematic theory of rapid human movements", Biological Cybernetics 72 (1995); the use of an
action plan filtered by a motor system to write whole signatures follows Ferrer, Diaz-Cabrera and Morales,
"Static signature synthesis: a neuromotor inspired approach for biometrics", IEEE TPAMI 37 (2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Columns x, y (millimetres, y down), t (seconds), pressure in [0, 1].
Trace = npt.NDArray[np.float64]
#: Target points, one per row: (n, 2).
Targets = npt.NDArray[np.float64]

#: Samples of the pen per second, as a digitising tablet would take them.
RATE = 200.0
_SIGMA = 0.25
#: A turn sharper than this is a cusp: the pen stops, and neither stroke bends towards the other.
_CUSP = 2.0


@dataclass(frozen=True, slots=True)
class Motor:
    """How an arm carries out a plan.

    `tempo` is the time between two stroke onsets in seconds; `rounding` is how far one stroke has not ended
    when the next begins (0.3 draws every corner, 0.6 flows); `bend` scales the curvature of single strokes.
    """

    tempo: float = 0.09
    rounding: float = 0.42
    bend: float = 1.0


def _erf(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The error function to 1.5e-7: Abramowitz and Stegun, 7.1.26."""
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    result: npt.NDArray[np.float64] = np.sign(x) * (1.0 - series * np.exp(-x * x))
    return result


def _wrapped(angle: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = (angle + np.pi) % (2 * np.pi) - np.pi
    return result


def _bends(heading: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much each stroke turns: half of the turn at either end, none of it at a cusp."""
    turns = np.zeros(len(heading) + 1)
    turns[1:-1] = _wrapped(np.diff(heading))
    turns[np.abs(turns) > _CUSP] = 0.0
    return np.clip((turns[:-1] + turns[1:]) / 2, -2.4, 2.4)


def _onsets(lengths: npt.NDArray[np.float64], motor: Motor) -> npt.NDArray[np.float64]:
    """Start times: nearly isochronous, long strokes a little slower."""
    relative = (lengths / max(float(lengths.mean()), 1e-6)) ** 0.3
    return np.concatenate([[0.0], np.cumsum(motor.tempo * relative)[:-1]])


def move(targets: Targets, motor: Motor, *, spread: npt.NDArray[np.float64] | None = None) -> Trace:
    """The pen's way through the targets, as lognormal strokes that overlap in time.

    `spread` multiplies each stroke's response time (one entry per stroke, near 1): the motor noise of a hand.
    Pressure is left at 1; it is the pen's business, not the arm's.
    """
    steps = np.diff(targets, axis=0)
    lengths = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-6)
    heading = np.arctan2(steps[:, 1], steps[:, 0])
    turn = _bends(heading) * motor.bend
    turn = np.where(np.abs(turn) < 1e-3, 1e-3, turn)
    amplitude = lengths * (turn / 2) / np.sin(turn / 2)
    onset = _onsets(lengths, motor)
    # A lognormal's spread in time is about its median times sigma: the overlap decides the median.
    median = motor.tempo * motor.rounding / _SIGMA * (1.0 if spread is None else spread)
    end = float((onset + median * np.exp(2.6 * _SIGMA)).max())
    start = float((onset + median * np.exp(-2.6 * _SIGMA)).min())
    time = np.arange(start, end, 1 / RATE)
    since = np.maximum(time[None, :] - onset[:, None], 1e-9)
    done = 0.5 * (1 + _erf((np.log(since) - np.log(median)[..., None]) / (_SIGMA * np.sqrt(2.0))))
    first = (heading - turn / 2)[:, None]
    angle = first + turn[:, None] * done
    radius = (amplitude / turn)[:, None]
    x = targets[0, 0] + (radius * (np.sin(angle) - np.sin(first))).sum(axis=0)
    y = targets[0, 1] + (radius * (np.cos(first) - np.cos(angle))).sum(axis=0)
    return np.column_stack([x, y, time - start, np.ones_like(time)])


def speed(trace: Trace) -> npt.NDArray[np.float64]:
    """Pen speed at every sample, in units of the trace per second."""
    if len(trace) < 2:
        return np.zeros(len(trace))
    velocity: npt.NDArray[np.float64] = np.hypot(np.gradient(trace[:, 0]), np.gradient(trace[:, 1])) * RATE
    return velocity
