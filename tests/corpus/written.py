"""The page that the corpus damages in every codec."""

from __future__ import annotations

import random
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw

from tests.sheets import encoded

SIZE = (1000, 1400)


@cache
def written(mode: str) -> Image.Image:
    """A page with enough strokes on it that its data does not repeat; ink on every tenth of it."""
    chance = random.Random(5)
    image = Image.new("L", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for top in range(60, SIZE[1] - 60, 40):
        place = 80.0
        while place < SIZE[0] - 100:
            steps = [
                (place + 3 * step, top + chance.uniform(-12, 12)) for step in range(chance.randrange(4, 12))
            ]
            draw.line(steps, fill="black", width=3)
            place = steps[-1][0] + 18
    return image.convert(mode)


def strip(image: Image.Image, compression: str, **tags: object) -> bytes:
    """The image's data as libtiff packs it in one strip."""
    tags = {278: image.height, **{int(tag): value for tag, value in tags.items()}}
    data = encoded(image, "TIFF", compression=compression, tiffinfo=tags)
    with Image.open(BytesIO(data)) as file:
        offsets, sizes = file.tag_v2[273], file.tag_v2[279]
    assert len(offsets) == 1
    return data[offsets[0] : offsets[0] + sizes[0]]
