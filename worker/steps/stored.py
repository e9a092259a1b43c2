"""Pictures that this service stored, read back."""

from __future__ import annotations

from worker.errors import DamagedImage, ObjectMissing
from worker.storage.port import Results
from worker.vision.images import decode
from worker.vision.values import Pixels


def stored_image(key: str, store: Results) -> Pixels:
    """The stored picture as RGB.

    DamagedImage when its bytes are damaged or the store says that it has no such object; a store that does
    not answer raises its own errors, and another attempt may succeed.
    """
    try:
        return decode(store.get(key))
    except ObjectMissing as error:
        raise DamagedImage("it is missing") from error
