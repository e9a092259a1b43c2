"""Where two signatures agree: fine cells and their likest counterparts, as the pair classifier sees them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.crops import HEIGHT, WIDTH
from worker.vision.values import Embedding, Normal
from worker.vision.verification.embedding import DIMENSION, FAR, GLOBAL, LEVELS, REACHES

#: Likeness of the cells of one signature: (16, 36), about -1 to 1, NaN where there is no ink.
Likeness = npt.NDArray[np.float64]
_FINE = LEVELS[0]
_DOWN, _ACROSS = REACHES[0]
#: Cells at least so like each other say how one signature lies on the other; of genuine pairs most are.
_SURE = 0.7
#: So many such cells, and a size that differs by at most this factor, or they are laid edge on edge.
_ENOUGH, _LARGEST = 8, 1.25
#: How much of all inked cells a picture must share with its embedding to be the same ink.
_SAME_INK = 0.85


@dataclass(frozen=True, slots=True, eq=False)
class Correspondence:
    """How two signatures lie on each other and which of their cells agree.

    `questioned` and `reference` are the likenesses of their cells. `placed` (2, 3) maps pixels of the
    reference's field to the questioned one's: moved, turned and scaled as their like cells lie.
    """

    questioned: Likeness
    reference: Likeness
    placed: npt.NDArray[np.float64]


def correspond(questioned: Embedding, reference: Embedding) -> Correspondence | None:
    """Compare two embeddings (DIMENSION,) cell by cell; None for those of another form or without ink."""
    if len(questioned) != DIMENSION or len(reference) != DIMENSION:
        return None
    described, inked = _cells(questioned)
    described_reference, inked_reference = _cells(reference)
    if not inked.any() or not inked_reference.any():
        return None
    alike = described @ described_reference.T - _apart()
    alike[~inked] = alike[:, ~inked_reference] = -np.inf
    forth, back = alike.max(axis=1), alike.max(axis=0)
    return Correspondence(
        _on_grid(forth, inked), _on_grid(back, inked_reference), _placed(alike.argmax(axis=1), forth)
    )


def is_same_ink(normal: Normal, likeness: Likeness) -> bool:
    """Whether a normalised signature is the one whose cells these are; raw and cleaned images may differ."""
    ink = (
        normal.reshape(_FINE.rows, HEIGHT // _FINE.rows, _FINE.columns, WIDTH // _FINE.columns).mean((1, 3))
        > 0
    )
    compared = ~np.isnan(likeness)
    return bool((ink & compared).sum() >= _SAME_INK * max(1, (ink | compared).sum()))


def _cells(embedding: Embedding) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Descriptors (cells, length) and where there is ink (cells,)."""
    level = embedding[GLOBAL : GLOBAL + _FINE.floats].astype(np.float64)
    split = _FINE.cells * _FINE.descriptor
    return level[:split].reshape(_FINE.cells, _FINE.descriptor), level[split:] > 0


def _apart() -> npt.NDArray[np.float64]:
    """(cells, cells): what it costs to lie apart; beyond reach, no likeness makes up for it."""
    rows, columns = np.divmod(np.arange(_FINE.cells), _FINE.columns)
    down = np.abs(rows[:, None] - rows) / _DOWN
    across = np.abs(columns[:, None] - columns) / _ACROSS
    return np.where((down <= 1) & (across <= 1), FAR * (down**2 + across**2), 2.0)


def _on_grid(likest: npt.NDArray[np.float64], inked: npt.NDArray[np.bool_]) -> Likeness:
    return np.where(inked, likest, np.nan).reshape(_FINE.rows, _FINE.columns)


def _placed(counterparts: npt.NDArray[np.intp], likest: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How the reference must be moved, turned and scaled for like cells to meet."""
    edge_on_edge = np.eye(2, 3)
    sure = np.flatnonzero(likest >= _SURE)
    if len(sure) < _ENOUGH:
        return edge_on_edge
    moved, _ = cv2.estimateAffinePartial2D(_centres(counterparts[sure]), _centres(sure), method=cv2.LMEDS)
    if moved is None or not 1 / _LARGEST <= np.hypot(moved[0, 0], moved[1, 0]) <= _LARGEST:
        return edge_on_edge
    return np.asarray(moved, np.float64)


def _centres(cells: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """The middle of cells in pixels of the field, (n, 2) as x, y."""
    rows, columns = np.divmod(cells, _FINE.columns)
    across, down = WIDTH / _FINE.columns, HEIGHT / _FINE.rows
    return np.stack([(columns + 0.5) * across, (rows + 0.5) * down], axis=1).astype(np.float32)
