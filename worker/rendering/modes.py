"""Any mode of Pillow as eight bits, grey or RGB, dark ink on white paper."""

from __future__ import annotations

import numpy as np
from PIL import Image

from worker.vision.values import Grey, Pixels

_PHOTOMETRIC, _WHITE_IS_ZERO, _BITS = 262, 0, 258
#: The largest values of cameras and scanners with more than eight bits, smallest first.
_TOPS = (1023.0, 4095.0, 16_383.0, 65_535.0, 2.0**31 - 1, 2.0**32 - 1)
#: The upper bytes of ten, twelve and fourteen bits in words of sixteen.
_UPPER_BYTES = (3, 15, 63)
#: Ink on transparency that is lighter than this everywhere would vanish on white paper.
_LIGHT = 224
#: Alpha from which a pixel counts as ink, and the share of a page that ink may take.
_OPAQUE, _MOST_INK = 128, 0.5


def eight_bit(image: Image.Image) -> Pixels | Grey:
    """The decoded image as grey or RGB, transparency on white paper; light ink on it is turned dark."""
    if image.mode.startswith(("I", "F")):
        return _scaled(image)
    if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        return _on_paper(image.convert("RGBA"))
    pixels = np.asarray(image.convert("L" if image.mode in {"1", "L"} else "RGB"), dtype=np.uint8)
    return _brightened(pixels) if _is_of_words(image) else pixels


def _is_of_words(image: Image.Image) -> bool:
    """True for a TIFF in colour with 16 bits a sample, of which Pillow keeps the upper eight."""
    bits = getattr(image, "tag_v2", {}).get(_BITS, ())
    return isinstance(bits, tuple) and len(bits) > 1 and set(bits) == {16}


def _brightened(pixels: Pixels) -> Pixels:
    """Ten, twelve or fourteen bits in words of sixteen over the whole range; others as they are."""
    highest = int(pixels.max())
    top = next((value for value in _UPPER_BYTES if highest <= value), 255)
    return np.asarray(pixels.astype(np.uint16) * 255 // top, dtype=np.uint8)


def _on_paper(image: Image.Image) -> Pixels:
    grey, alpha = np.asarray(image.convert("L")), np.asarray(image.getchannel("A"))
    ink = grey[alpha >= _OPAQUE]
    if ink.size and ink.size <= _MOST_INK * grey.size and ink.min() >= _LIGHT:
        red, green, blue, opacity = image.split()
        turned = (channel.point(lambda value: 255 - value) for channel in (red, green, blue))
        image = Image.merge("RGBA", (*turned, opacity))
    paper = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(paper, image).convert("RGB"), dtype=np.uint8)


def _scaled(image: Image.Image) -> Grey:
    """Integers over the range of their bits; floats over [0, 1] or, if they go beyond, [0, 255]."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    highest = float(values.max())
    if image.mode == "F":
        top = 1.0 if highest <= 1.0 else 255.0
    else:
        # Ten, twelve or fourteen bits in words of sixteen would be black over the range of the word.
        top = next((value for value in _TOPS if highest <= value), _TOPS[-1])
    scaled = np.clip(values * (255.0 / top), 0, 255)
    if getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        scaled = 255 - scaled
    return np.asarray(scaled, dtype=np.uint8)
