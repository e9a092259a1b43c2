"""From a raw crop to what is compared: one path for queries and for references."""

from __future__ import annotations

from dataclasses import dataclass

from worker.vision.cleaning.cleaner import Cleaner
from worker.vision.crops import assess_ink, ink_mask
from worker.vision.values import Grey, Pixels, Quality


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A crop made ready: cleaned and judged. The raw crop stays with its owner."""

    clean: Grey
    #: The ink of the clean crop: 255 on 0.
    ink: Grey
    quality: Quality


def prepare(raw: Pixels, cleaner: Cleaner) -> Prepared:
    """Clean the crop and judge what is left."""
    cleaned = cleaner.clean(raw)
    ink = ink_mask(cleaned)
    return Prepared(cleaned, ink, assess_ink(ink))
