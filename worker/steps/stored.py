"""Pictures that this service stored, read back."""

from __future__ import annotations

from worker.errors import DamagedImage, ObjectMissing
from worker.storage.port import Results
from worker.vision.images import decode_as_stored, in_colour
from worker.vision.values import Grey, Pixels


def stored_image(key: str, store: Results) -> Pixels:
    """The stored picture as RGB. Raises as `stored_page` does."""
    return in_colour(stored_page(key, store))


def stored_page(key: str, store: Results) -> Pixels | Grey:
    """The stored picture as RGB, or (height, width) where it was stored in grey.

    DamagedImage when its bytes are damaged or the store says that it has no such object; a store that does
    not answer raises its own errors, and another attempt may succeed.
    """
    try:
        return decode_as_stored(store.get(key))
    except ObjectMissing as error:
        raise DamagedImage("it is missing") from error
