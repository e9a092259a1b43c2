"""Ruled lines in a mask of ink: found by their straightness, removed without the strokes that cross them."""

from __future__ import annotations

import cv2
import numpy as np

from worker.vision.values import Grey

#: A ruled line spans at least this share of the crop; shorter ones may be flourishes.
MIN_SPAN = 0.5
#: Fewer columns than this make no line.
MIN_COLUMNS = 15
#: Its middle leaves a fitted straight line by no more than this many pixels (root mean square).
MAX_BEND = 1.2
#: It begins before and ends after the strokes by this share of the crop: a headline or flourish does not.
MIN_OVERHANG = 0.02
#: Components of at least this share of the other ink are strokes.
STROKE_SHARE = 0.05
#: It is no thicker than this share of the crop's shorter side, at least three pixels.
MAX_THICKNESS = 0.06
#: Its slope against the crop's side, as a tangent: three degrees.
MAX_SLOPE = 0.053


def ruled(mask: Grey) -> Grey:
    """The pixels (255) of horizontal and vertical rules in a mask, without those of crossing strokes."""
    upright = _horizontal(np.ascontiguousarray(mask.T)).T
    return np.asarray(cv2.bitwise_or(_horizontal(mask), np.ascontiguousarray(upright)), np.uint8)


def _horizontal(mask: Grey) -> Grey:
    ruling = np.zeros_like(mask)
    runs = _vertical_runs(mask)
    limit = max(3.0, MAX_THICKNESS * min(mask.shape))
    rules = [
        (rule, thickness)
        for rule in _long_thin(mask)
        if (thickness := _thickness(rule, runs)) <= limit and _is_straight(rule)
    ]
    strokes = _extent_of_strokes(mask, [rule for rule, _ in rules])
    for rule, thickness in rules:
        if _sticks_out(rule, strokes):
            # A pixel whose vertical run is longer than the rule is thick belongs to a stroke as well.
            ruling[(rule > 0) & (runs <= thickness + 2)] = 255
    return ruling


def _extent_of_strokes(mask: Grey, rules: list[Grey]) -> tuple[int, int]:
    """First and last column of the larger components that remain without the rules; (width, 0) for none."""
    rest = mask.copy()
    for rule in rules:
        rest[rule > 0] = 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(rest, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = stats[1:][areas >= STROKE_SHARE * max(int(areas.sum()), 1)]
    if not len(large):
        return mask.shape[1], 0
    left, width = large[:, cv2.CC_STAT_LEFT], large[:, cv2.CC_STAT_WIDTH]
    return int(left.min()), int((left + width).max())


def _sticks_out(rule: Grey, strokes: tuple[int, int]) -> bool:
    """Whether the rule begins before the strokes and ends after them, as no stroke of theirs does."""
    columns = np.flatnonzero(rule.any(axis=0))
    beyond = max(3.0, MIN_OVERHANG * rule.shape[1])
    return bool(columns[0] <= strokes[0] - beyond and columns[-1] >= strokes[1] - 1 + beyond)


def _long_thin(mask: Grey) -> list[Grey]:
    """Components of what survives a horizontal opening, gaps bridged, that span enough of the mask."""
    width = mask.shape[1]
    length = max(15, width // 12)
    # One pixel of slack above and below lets a slightly turned rule through.
    slack = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    opened = cv2.morphologyEx(slack, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    bridged = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((1, length), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bridged, connectivity=8)
    return [
        np.where((labels == i) & (mask > 0), np.uint8(255), np.uint8(0))
        for i in range(1, count)
        if stats[i, cv2.CC_STAT_WIDTH] >= MIN_SPAN * width
    ]


def _vertical_runs(mask: Grey) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """For every ink pixel the length of the unbroken vertical run that it lies in."""
    ink = mask > 0
    above = np.zeros(mask.shape, np.int32)
    below = np.zeros(mask.shape, np.int32)
    for row in range(mask.shape[0]):
        above[row] = np.where(ink[row], (above[row - 1] if row else 0) + 1, 0)
    for row in reversed(range(mask.shape[0])):
        below[row] = np.where(ink[row], (below[row + 1] if row + 1 < mask.shape[0] else 0) + 1, 0)
    return np.where(ink, above + below - 1, 0).astype(np.int32)


def _thickness(candidate: Grey, runs: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> float:
    """The median run through the candidate: strokes cross a rule in few of its columns."""
    values = runs[candidate > 0]
    return float(np.median(values)) if len(values) else 0.0


def _is_straight(candidate: Grey) -> bool:
    """Whether the middle of every column lies on one straight, nearly level line."""
    ys, xs = np.nonzero(candidate)
    columns, position = np.unique(xs, return_inverse=True)
    if len(columns) < max(MIN_COLUMNS, MIN_SPAN * 0.6 * candidate.shape[1]):
        return False
    middle = np.bincount(position, ys) / np.bincount(position)
    slope, level = np.polyfit(columns, middle, 1)
    bend = np.abs(middle - (slope * columns + level))
    # Crossing strokes pull some columns away; the better nine tenths decide.
    kept = np.sort(bend)[: max(1, int(0.9 * len(bend)))]
    return bool(abs(slope) <= MAX_SLOPE and np.sqrt(np.mean(kept**2)) <= MAX_BEND)
