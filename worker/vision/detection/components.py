"""Connected components of a page's ink, counted in small numbers where these suffice."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.values import Grey


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Which pixel is of which component, (height, width), and what is known of each; 0 is the paper.

    `stats` is (n, 5) int32: left, top, width, height and area in pixels of the labels.
    """

    labels: npt.NDArray[np.int32] | npt.NDArray[np.uint16]
    stats: npt.NDArray[np.int32]


def connected(ink: Grey) -> Components:
    """The components of a mask, pixels joined by sides or corners; small numbers cost a third."""
    try:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_16U)
        return Components(np.asarray(labels, np.uint16), np.asarray(stats, np.int32))
    except cv2.error:
        # More specks than 16 bits can count.
        _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
        return Components(np.asarray(labels, np.int32), np.asarray(stats, np.int32))
