"""Whether the pixels of an AVIF are all there: libaom checks where its codes end.

AV1 has no checksum, but the standard tells in which bits its data ends. Behind a hole, a decoder reads on in
other steps and meets the end elsewhere. Pillow decodes by dav1d, which draws on; OpenCV by libaom.
"""

from __future__ import annotations

import cv2
import numpy as np


def check_avif(data: bytes) -> None:
    """Raise ValueError when libaom does not decode this AVIF to its end; nothing where OpenCV lacks it."""
    if not cv2.haveImageWriter(".avif"):
        return
    if cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) is None:
        raise ValueError("part of it is lost: the pixels of an AVIF end elsewhere than its data does")
