"""From a raw crop to what is compared: one path for questioned signatures and for references."""

from __future__ import annotations

from dataclasses import dataclass

from worker.vision.cleaning.cleaner import Cleaner
from worker.vision.crops import assess, normalise
from worker.vision.values import Grey, Normal, Pixels, Quality


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A crop made ready: cleaned, judged, normalised. The raw crop stays with its owner."""

    clean: Grey
    quality: Quality
    normal: Normal


def prepare(raw: Pixels, cleaner: Cleaner) -> Prepared:
    """Clean the crop, judge what is left, and bring it to the encoder's form."""
    cleaned = cleaner.clean(raw)
    return Prepared(cleaned, assess(cleaned), normalise(cleaned))
