"""Signature crops: cut from the page, judged, and brought to the one form the encoder reads."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from worker.vision.choices import QualityIssue
from worker.vision.letterbox import Letterbox
from worker.vision.values import Box, Grey, Normal, Pixels, Quality

#: Width and height of a normalised signature. SigNet's 220x155 (Dey et al., 2017) leaves names, which are two
#: to six times as wide as high, a third of the field; these show them a third larger for the same work.
WIDTH, HEIGHT = 288, 128
#: Paper left around the fitted ink, so that convolutions see where a stroke ends.
PADDING = 4
#: Ink and paper differ by at least this many grey levels, or there is nothing written.
MIN_CONTRAST = 40.0
#: A connected component below this share of all ink is a speck, not a stroke.
SPECK_SHARE = 0.004

_Labels = npt.NDArray[np.int32]

#: What `assess` asks of a crop: ink pixels, content box in pixels, share of ink in the content box.
MIN_INK_PIXELS = 120
MIN_CONTENT_WIDTH, MIN_CONTENT_HEIGHT = 24, 10
MIN_INK_SHARE, MAX_INK_SHARE = 0.01, 0.6
#: Pixels of ink on the crop's border from which a signature counts as cut off.
MIN_BORDER_INK = 3


def crop(page: Pixels, box: Box, *, margin: float = 0.05) -> Pixels:
    """Copy the box and `margin` of its size on every side out of the page, clipped to the page.

    A box that lies wholly outside gives the nearest single pixel, which `assess` calls blank.
    """
    height, width = page.shape[:2]
    left, right = _span(box.x, box.width, margin=margin, limit=width)
    top, bottom = _span(box.y, box.height, margin=margin, limit=height)
    return page[top:bottom, left:right].copy()


def grey(image: Pixels | Grey) -> Grey:
    """The image in grey; grey images pass through."""
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def ink_mask(image: Pixels | Grey) -> Grey:
    """Ink is 255, paper 0: Otsu's threshold without specks; all paper where there is no contrast."""
    return without_specks(dark_pixels(image))


def dark_pixels(image: Pixels | Grey) -> Grey:
    """Otsu's threshold alone: dark is 255, paper 0; all paper where there is no contrast."""
    pixels = grey(image)
    _, dark = cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    mask = np.asarray(dark, np.uint8)
    if not _has_contrast(pixels, mask):
        return np.zeros_like(mask)
    return mask


def without_specks(mask: Grey) -> Grey:
    """The mask without components that are too small a share of all ink to be strokes."""
    labels, _, kept = _strokes(mask)
    if kept[1:].all():
        return mask
    levels = np.where(kept, np.uint8(255), np.uint8(0))
    return np.asarray(levels[labels], np.uint8)


def ink_box(mask: Grey) -> tuple[int, int, int, int]:
    """Left, top, width and height of what is no speck; zeros where there is no ink."""
    _, stats, kept = _strokes(mask)
    left, top, width, height = stats[kept, : cv2.CC_STAT_AREA].T
    if not len(left):
        return 0, 0, 0, 0
    x, y = int(left.min()), int(top.min())
    return x, y, int((left + width).max()) - x, int((top + height).max()) - y


def _strokes(mask: Grey) -> tuple[_Labels, _Labels, npt.NDArray[np.bool_]]:
    """Which component every pixel belongs to, what is known of each, and whether it is a stroke.

    Paper, the first, is none.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
    areas[0] = 0
    strokes = areas >= max(1.0, SPECK_SHARE * float(areas.sum()))
    return np.asarray(labels, np.int32), np.asarray(stats, np.int32), strokes


def fit(mask: Grey, *, width: int = WIDTH, height: int = HEIGHT) -> Normal:
    """Scale the ink's box into the middle of a (height, width) field, aspect kept; ink is 1, paper 0.

    The mask is averaged down and lifted until its strokes are dark again, so that neither hairlines nor
    high resolutions fade. A mask without ink gives an empty field.
    """
    field = np.zeros((height, width), np.float32)
    x, y, across, down = cv2.boundingRect(mask)
    if not across or not down:
        return field
    frame = Letterbox.within(across, down, width=width, height=height, padding=PADDING)
    field[frame.inner] = _darkened(frame.scaled(mask[y : y + down, x : x + across]))
    return field


def normalise(image: Pixels | Grey) -> Normal:
    """Bring a crop to the encoder's form: grey, Otsu, content box, fit; training and run time share it."""
    return fit(ink_mask(image))


def assess(image: Pixels | Grey, *, at_page_border: bool = False) -> Quality:
    """Judge whether a crop can be compared; a clipped signature is flagged but stays usable."""
    return assess_ink(ink_mask(image), at_page_border=at_page_border)


def assess_ink(mask: Grey, *, at_page_border: bool = False) -> Quality:
    """The same of a crop whose ink mask is known."""
    _, _, width, height = cv2.boundingRect(mask)
    pixels = cv2.countNonZero(mask)
    share = pixels / (width * height) if pixels else 0.0
    fatal = _fatal_issues(pixels, share, width, height)
    clipped = pixels > 0 and (at_page_border or _border_ink(mask) >= MIN_BORDER_INK)
    issues = (*fatal, QualityIssue.CLIPPED) if clipped else fatal
    return Quality(ink=share, width=int(width), height=int(height), usable=not fatal, issues=issues)


def _span(start: float, length: float, *, margin: float, limit: int) -> tuple[int, int]:
    """First and one past the last pixel of a box's side, at least one pixel inside the page."""
    first = min(max(math.floor(start - margin * length), 0), limit - 1)
    last = min(max(math.ceil(start + length + margin * length), first + 1), limit)
    return first, last


def _has_contrast(pixels: Grey, mask: Grey) -> bool:
    if not 0 < cv2.countNonZero(mask) < mask.size:
        return False
    ink, paper = cv2.mean(pixels, mask)[0], cv2.mean(pixels, cv2.bitwise_not(mask))[0]
    return bool(paper - ink >= MIN_CONTRAST)


def _darkened(ink: Grey) -> Normal:
    """Scale the averaged ink so that the core of its strokes is 1."""
    values = ink.astype(np.float32) / 255
    core = float(np.quantile(values[values > 0.05], 0.9)) if (values > 0.05).any() else 1.0
    return np.minimum(values / max(core, 0.2), 1.0).astype(np.float32)


def _fatal_issues(pixels: int, share: float, width: int, height: int) -> tuple[QualityIssue, ...]:
    if not pixels:
        return (QualityIssue.BLANK,)
    checks = {
        QualityIssue.TOO_SMALL: width < MIN_CONTENT_WIDTH or height < MIN_CONTENT_HEIGHT,
        QualityIssue.TOO_LITTLE_INK: pixels < MIN_INK_PIXELS or share < MIN_INK_SHARE,
        QualityIssue.TOO_MUCH_INK: share > MAX_INK_SHARE,
    }
    return tuple(issue for issue, found in checks.items() if found)


def _border_ink(mask: Grey) -> int:
    """Ink pixels on the outermost rows and columns."""
    edges = (mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1])
    return sum(int(np.count_nonzero(edge)) for edge in edges)
