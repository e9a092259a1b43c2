"""Laying points over points by affine maps that a scanner or printer could have made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Points in pixels of the normalised signature: (n, 2) float64, x and y.
Points = npt.NDArray[np.float64]

#: No copier or scanner scales more, or the two sides more differently (fax has 204 to 196 lines).
_MIN_SCALE, _MAX_SCALE, _MAX_STRETCH = 0.5, 2.0, 1.12


@dataclass(frozen=True, slots=True, eq=False)
class AffineMap:
    """points @ matrix.T + shift."""

    matrix: Points
    shift: Points

    def __call__(self, points: Points) -> Points:
        """Points carried over."""
        return np.asarray(points @ self.matrix.T + self.shift)

    def back(self, points: Points) -> Points:
        """Points taken back."""
        return np.asarray((points - self.shift) @ np.linalg.inv(self.matrix).T)

    @property
    def plausible(self) -> bool:
        """Whether a scanner or printer could have done that; mirror images are none."""
        if np.linalg.det(self.matrix) <= 0:
            return False
        # Singular values of a 2 by 2 matrix.
        (a, b), (c, d) = self.matrix
        even, odd = np.hypot(a + d, b - c), np.hypot(a - d, b + c)
        large, small = (even + odd) / 2, abs(even - odd) / 2
        return bool(small >= _MIN_SCALE and large <= _MAX_SCALE and large <= _MAX_STRETCH * small)


def fitted_map(source: Points, target: Points, *, affine: bool) -> AffineMap:
    """The map that brings points (n, 2) nearest to their targets: a turn and scale, or any linear one."""
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    matrix = (_affine if affine else _similarity)(source - middle, target - aim)
    return AffineMap(matrix, aim - matrix @ middle)


def rotation(degrees: float, size: float) -> Points:
    """The matrix (2, 2) of a turn and a scale."""
    cos, sin = size * np.cos(np.deg2rad(degrees)), size * np.sin(np.deg2rad(degrees))
    return np.array([[cos, -sin], [sin, cos]])


def _similarity(source: Points, target: Points) -> Points:
    """The turn and scale that brings centred points nearest to their targets (Umeyama, 1991)."""
    length = float((source**2).sum()) + 1e-9
    cos = float((source * target).sum()) / length
    sin = float((source[:, 0] * target[:, 1] - source[:, 1] * target[:, 0]).sum()) / length
    return np.array([[cos, -sin], [sin, cos]])


def _affine(source: Points, target: Points) -> Points:
    """The linear map that does, by least squares."""
    return np.asarray(np.linalg.solve(source.T @ source + 1e-6 * np.eye(2), source.T @ target).T)
