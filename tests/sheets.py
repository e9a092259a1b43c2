"""A sheet that shows which way up it is, and a PDF writer that does exactly what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

A4 = (827, 1169)
FULL = b"q 595 0 0 842 0 0 cm /Im0 Do Q"


def sheet(size: tuple[int, int] = A4, *, mode: str = "RGB", ink: str = "black") -> Image.Image:
    """White paper, a block in its top-left corner, a bar at its left edge: no two turns of it look alike."""
    width, height = size
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 4, height // 8), fill=ink)
    draw.rectangle((0, height * 7 // 16, width // 16, height * 9 // 16), fill=ink)
    return image.convert(mode)


def is_upright(pixels: np.ndarray) -> bool:
    """True when the sheet's ink stands where it was drawn."""
    grey = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
    height, width = grey.shape
    dark = [(1 / 16, 1 / 8), (1 / 2, 1 / 32)]
    light = [
        (1 / 16, 7 / 8),
        (15 / 16, 1 / 8),
        (15 / 16, 7 / 8),
        (1 / 2, 31 / 32),
        (1 / 32, 1 / 2),
        (31 / 32, 1 / 2),
    ]

    def at(place: tuple[float, float]) -> float:
        return float(grey[int(place[0] * height), int(place[1] * width)])

    return all(at(place) < 100 for place in dark) and all(at(place) > 200 for place in light)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file of that kind, as Pillow writes it."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@dataclass(frozen=True)
class Picture:
    """An image XObject: its dictionary without the length, and its stream."""

    entries: str
    data: bytes
    name: str = "Im0"


@dataclass(frozen=True)
class Page:
    """A PDF page, written verbatim."""

    content: bytes = b""
    pictures: tuple[Picture, ...] = ()
    box: str = "[0 0 595 842]"
    entries: str = ""
    resources: str = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"


def pdf(*pages: Page, header: bytes = b"%PDF-1.7\n", more: dict[int, bytes] | None = None) -> bytes:
    """A PDF of these pages; `more` adds or replaces whole objects by number."""
    numbers = iter(range(3, 10_000))
    objects: dict[int, bytes] = {1: b"<< /Type /Catalog /Pages 2 0 R >>"}
    kids = []
    for page in pages:
        itself, content, *pictures = (next(numbers) for _ in range(2 + len(page.pictures)))
        kids.append(f"{itself} 0 R")
        named = " ".join(
            f"/{picture.name} {number} 0 R" for picture, number in zip(page.pictures, pictures, strict=True)
        )
        listed = f"/XObject << {named} >>" if named else ""
        objects[itself] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox {page.box} /Contents {content} 0 R "
            f"/Resources << {page.resources} {listed} >> {page.entries} >>"
        ).encode()
        objects[content] = _stream("", page.content)
        for number, picture in zip(pictures, page.pictures, strict=True):
            objects[number] = _stream(f"/Type /XObject /Subtype /Image {picture.entries}", picture.data)
    objects[2] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    return _written(objects | (more or {}), header)


def _stream(entries: str, data: bytes) -> bytes:
    return f"<< {entries} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _written(objects: dict[int, bytes], header: bytes) -> bytes:
    out = bytearray(header)
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    for number in range(1, size):
        out += f"{places[number]:010} 00000 n \n".encode() if number in places else b"0000000000 65535 f \n"
    out += f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def jpeg_picture(image: Image.Image | None = None, *, entries: str = "", **options: object) -> Picture:
    """A DCT image; colour space by the image's mode."""
    image = image or sheet()
    space = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}[image.mode]
    size = f"/Width {image.width} /Height {image.height}"
    return Picture(
        f"{size} /ColorSpace {space} /BitsPerComponent 8 /Filter /DCTDecode {entries}",
        encoded(image, "JPEG", **options),
    )


def raw_picture(image: Image.Image, entries: str, data: bytes | None = None) -> Picture:
    """An image of uncompressed samples, or of `data` as the entries describe it."""
    size = f"/Width {image.width} /Height {image.height}"
    return Picture(f"{size} {entries}", image.tobytes() if data is None else data)
