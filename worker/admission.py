"""Which images are put on file as references. Loads no model."""

from __future__ import annotations

from enum import Enum, auto


class Admission(Enum):
    """Which images are put on file."""

    #: One signature each, of a grade on which a verdict may rest.
    GOOD = auto()
    #: Weak ones, too, and cards with several specimens of one hand: as a run is given them.
    GIVEN = auto()
    #: Whatever shows signatures: somebody has looked at it.
    FORCED = auto()
