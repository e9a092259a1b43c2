"""Pages of every codec whose data was cut off or overwritten on its way, in PDF and TIFF."""

from __future__ import annotations

import base64
import random
import struct
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO

from PIL import Image

from tests.corpus.jbig2 import jbig2_in_arithmetic_codes, jbig2_of_fax, jbig2_page, region, segment
from tests.corpus.jpeg_arithmetic import jpeg_in_arithmetic_codes
from tests.corpus.kind import ANY, Kind, lost
from tests.corpus.pdf_parts import stream
from tests.corpus.written import SIZE, strip, written
from tests.inputs.scan_builders import scan
from tests.sheets import FULL, Page, Picture, encoded, jpeg_picture, pdf, raw_picture, sheet

ONE_BIT = "/ColorSpace /DeviceGray /BitsPerComponent 1"


def parameters(k: int, more: str = "") -> str:
    size = f"/Columns {SIZE[0]} /Rows {SIZE[1]}"
    return f"{ONE_BIT} /Filter /CCITTFaxDecode /DecodeParms << /K {k} {size} {more} >>"


def fax(k: int, options: int | None = None) -> Picture:
    """The page as a fax of group 3 (K 0 or positive) or 4 (K negative)."""
    more = {} if options is None else {"292": options}
    data = strip(written("1"), "group4" if k < 0 else "group3", **{"262": 1}, **more)
    return raw_picture(written("1"), parameters(k, "/BlackIs1 true"), data)


def filtered(name: str, mode: str, data: bytes) -> Picture:
    """The page in samples that this filter unpacks."""
    bits = 1 if mode == "1" else 8
    space = "/DeviceRGB" if mode == "RGB" else "/DeviceGray"
    return raw_picture(written(mode), f"/ColorSpace {space} /BitsPerComponent {bits} /Filter /{name}", data)


PICTURES: dict[str, Callable[[], Picture]] = {
    "fax-g3-1d": lambda: fax(0, 0),
    "fax-g3-2d": lambda: fax(4, 1),
    "fax-g4": lambda: fax(-1),
    "jbig2-mmr": lambda: jbig2(jbig2_of_fax()),
    "jbig2": lambda: jbig2(jbig2_in_arithmetic_codes()),
    "jpx": lambda: filtered("JPXDecode", "RGB", encoded(written("RGB"), "JPEG2000")),
    "jpeg": lambda: filtered("DCTDecode", "L", encoded(written("L"), "JPEG")),
    "jpeg-colour": lambda: filtered("DCTDecode", "RGB", encoded(written("RGB"), "JPEG")),
    "jpeg-arithmetic": lambda: filtered("DCTDecode", "L", jpeg_in_arithmetic_codes()),
    "jpeg-progressive": lambda: filtered("DCTDecode", "L", encoded(written("L"), "JPEG", progressive=True)),
    "lzw": lambda: filtered("LZWDecode", "L", strip(written("L"), "tiff_lzw")),
    "lzw-1-bit": lambda: filtered("LZWDecode", "1", strip(written("1"), "tiff_lzw")),
    "flate": lambda: filtered("FlateDecode", "L", strip(written("L"), "tiff_adobe_deflate")),
    "flate-1-bit": lambda: filtered("FlateDecode", "1", strip(written("1"), "tiff_adobe_deflate")),
    "run-length": lambda: filtered("RunLengthDecode", "L", strip(written("L"), "packbits") + b"\x80"),
}


def cut(data: bytes, share: float = 0.5) -> bytes:
    """The first half: what a transfer that broke off leaves."""
    return data[: int(len(data) * share)]


def noise(data: bytes, count: int = 64, share: float = 0.3) -> bytes:
    """The data with random bytes in its midst."""
    return put(data, random.Random(7).randbytes(count), share)


def zeros(data: bytes, count: int = 300, share: float = 0.3) -> bytes:
    """The data with a hole in its midst, as disks leave it."""
    return put(data, bytes(count), share)


def put(data: bytes, piece: bytes, share: float) -> bytes:
    """The data with this piece laid over it."""
    start = int(len(data) * share)
    return (data[:start] + piece + data[start + len(piece) :])[: len(data)]


DAMAGES = {"cut": cut, "noise": noise, "zeros": zeros}


def damaged_pdf(codec: str, damage: str) -> bytes:
    """A scan in that codec, damaged."""
    picture = PICTURES[codec]()
    return scan(picture=Picture(picture.entries, DAMAGES[damage](picture.data)))


def tiff_page(codec: str) -> tuple[bytes, int, int]:
    """A TIFF in one strip, and where the strip lies."""
    mode, tags = TIFFS[codec]
    image = written(mode)
    compression = codec.partition("+")[0]
    data = encoded(image, "TIFF", compression=compression, tiffinfo={278: image.height, **tags})
    with Image.open(BytesIO(data)) as file:
        offsets, sizes = file.tag_v2[273], file.tag_v2[279]
    assert len(offsets) == 1
    return data, offsets[0], sizes[0]


#: Compressions by Pillow's names, a variant behind a plus; the mode of the page, and tags.
TIFFS: dict[str, tuple[str, dict[int, int]]] = {
    "tiff_ccitt": ("1", {}),
    "group3": ("1", {}),
    "group3+2d": ("1", {292: 1}),
    "group3+fill": ("1", {292: 4}),
    "group4": ("1", {}),
    "group4+white-is-0": ("1", {262: 0}),
    "tiff_lzw": ("L", {}),
    "packbits": ("L", {}),
    "tiff_adobe_deflate": ("L", {}),
    "jpeg": ("L", {}),
}


def damaged_tiff(codec: str, damage: str) -> bytes:
    """A scan in that compression, damaged; one that was cut has a directory that says so."""
    data, start, size = tiff_page(codec)
    body = DAMAGES[damage](data[start : start + size])
    shorter = struct.pack("<HHII", 279, 4, 1, len(body))
    told = data.replace(struct.pack("<HHII", 279, 4, 1, size), shorter)
    return told[:start] + body + told[start + len(body) :]


def sound_scan(codec: str) -> bytes:
    """A scan in that codec, whole."""
    return scan(picture=PICTURES[codec]())


def flate_ended(end: Callable[[bytes], bytes]) -> bytes:
    """A deflated scan whose data ends in another way than it should."""
    picture = PICTURES["flate"]()
    return scan(picture=Picture(picture.entries, end(picture.data)))


def jpeg_ended(end: Callable[[bytes], bytes]) -> bytes:
    """A scan whose JPEG ends in another way than it should."""
    picture = PICTURES["jpeg"]()
    return scan(picture=Picture(picture.entries, end(picture.data)))


def text_of_other_checksum() -> bytes:
    """A drawn page whose content has a wrong checksum, as some producers write it."""
    body = zlib.compress(b"BT /F1 24 Tf 20 200 Td (Agreed and accepted) Tj ET")[:-4] + b"\1\2\3\4"
    head = f"<< /Filter /FlateDecode /Length {len(body)} >>\nstream\n".encode()
    return pdf(Page(box="[0 0 200 300]"), more={4: head + body + b"\nendstream"})


def flushed(data: bytes) -> bytes:
    """Deflated data again as a stream that was flushed and never finished."""
    packer = zlib.compressobj()
    return packer.compress(zlib.decompress(data)) + packer.flush(zlib.Z_SYNC_FLUSH)


def fax_of_more_rows() -> bytes:
    """A fax that declares a few rows more than it has, as many scanners do."""
    picture = PICTURES["fax-g4"]()
    rows = SIZE[1] + SIZE[1] // 50
    taller = picture.entries.replace(f"/Height {SIZE[1]}", f"/Height {rows}").replace(
        f"/Rows {SIZE[1]}", f"/Rows {rows}"
    )
    return scan(picture=Picture(taller, picture.data))


def fax_ended_first() -> bytes:
    """A fax behind an end mark: a decoder sees no row of it."""
    picture = PICTURES["fax-g4"]()
    return scan(picture=Picture(picture.entries, b"\x00\x10\x01" + picture.data))


def jbig2_without_symbols() -> bytes:
    """A text region whose shared symbols (JBIG2Globals) are gone."""
    body = struct.pack(">IIIIB", *SIZE, 0, 0, 0) + struct.pack(">HI", 0, 51) + b"\x12\x34\x56\x78" * 40
    return scan(picture=jbig2(jbig2_page(segment(2, 6, body, refers=b"\0"))))


def jbig2_of_nothing(content: bytes = FULL) -> bytes:
    """A region of a kind that draws nothing here, in thousands of bytes."""
    body = region(b"\0\3\xff\xfd\xff\2\xfe\xfe\xfe", random.Random(3).randbytes(6000))
    return scan(content, picture=jbig2(jbig2_page(segment(1, 36, body))))


def jbig2(data: bytes) -> Picture:
    """A page of these segments."""
    return raw_picture(written("1"), f"{ONE_BIT} /Filter /JBIG2Decode", data)


def blank_fax() -> bytes:
    """An empty page, which takes a byte for eight rows and is no damaged one."""
    blank = Image.new("1", SIZE, 1)
    return scan(
        picture=raw_picture(blank, parameters(-1, "/BlackIs1 true"), strip(blank, "group4", **{"262": 1}))
    )


def listed_and_not_drawn() -> bytes:
    """A page that names a damaged image beside its own and does not draw it."""
    broken = PICTURES["fax-g4"]()
    small = Picture(broken.entries.replace("/Width 1000", "/Width 992"), noise(broken.data), name="Im1")
    return pdf(Page(FULL, (jpeg_picture(sheet((420, 594))), small)))


def stencil_of_a_fax(damage: Callable[[bytes], bytes]) -> bytes:
    """A page painted through a stencil (ImageMask), which has no colour space, in the data of a fax."""
    size = f"/Columns {SIZE[0]} /Rows {SIZE[1]}"
    entries = f"/ImageMask true /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms << /K -1 {size} >>"
    picture = raw_picture(written("1"), entries, damage(PICTURES["fax-g4"]().data))
    return scan(picture=picture)


def ink_in_a_mask(damage: Callable[[bytes], bytes]) -> bytes:
    """A black point over the page whose soft mask holds the strokes."""
    ink = written("L").point(lambda value: 255 - value)
    data = damage(zlib.compress(ink.tobytes()))
    entries = f"/Width {SIZE[0]} /Height {SIZE[1]} /ColorSpace /DeviceGray /BitsPerComponent 8"
    mask = stream(data, f"/Type /XObject /Subtype /Image {entries} /Filter /FlateDecode")
    black = raw_picture(
        Image.new("L", (1, 1)), "/ColorSpace /DeviceGray /BitsPerComponent 8 /SMask 90 0 R", b"\0"
    )
    return pdf(Page(FULL, (black,)), more={90: mask})


def stamped(damage: Callable[[bytes], bytes], kind: str = "/Stamp", state: str = "91 0 R") -> bytes:
    """An empty page and a stamp or field whose look is a JPEG, a form around it."""
    size, data = f"/Width {SIZE[0]} /Height {SIZE[1]}", damage(encoded(written("L"), "JPEG"))
    look = f"/AP << /N {state} >> /Rect [50 50 500 700] /F 4 /AS /On /FT /Sig /T (s)"
    form = "/Type /XObject /Subtype /Form /BBox [0 0 450 650] /Resources"
    bits = "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
    more = {
        90: f"<< /Type /Annot /Subtype {kind} {look} >>".encode(),
        91: stream(b"/Fm Do", f"{form} << /XObject << /Fm 92 0 R >> >>"),
        92: stream(b"q 450 0 0 650 0 0 cm /Im Do Q", f"{form} << /XObject 93 0 R >>"),
        93: b"<< /Im 94 0 R /Fm 91 0 R >>",
        94: stream(data, f"/Type /XObject /Subtype /Image {size} {bits}"),
    }
    return pdf(Page(b"% nothing", entries="/Annots [90 0 R]"), more=more)


def inline(damage: Callable[[bytes], bytes]) -> bytes:
    """A page whose image stands in its content, deflated."""
    small = written("L").resize((500, 700))
    data = damage(zlib.compress(small.tobytes()))
    head = b"/W 500 /H 700 /CS /G /BPC 8 /F /Fl /L %d" % len(data)
    return pdf(Page(b"q 595 0 0 842 0 0 cm BI %b ID %b\nEI Q" % (head, data)))


def packed_twice(damage: Callable[[bytes], bytes]) -> bytes:
    """A deflated scan in ASCII base 85, damaged in between."""
    data = base64.a85encode(damage(PICTURES["flate"]().data)) + b"~>"
    picture = filtered("FlateDecode", "L", data)
    entries = picture.entries.replace("/FlateDecode", "[/ASCII85Decode /FlateDecode]")
    return scan(picture=Picture(entries, data))


def fax_packed_twice(name: str, pack: Callable[[bytes], bytes], damage: Callable[[bytes], bytes]) -> bytes:
    """A region of JBIG2 in another filter, damaged in between."""
    picture = PICTURES["jbig2-mmr"]()
    data = pack(damage(picture.data))
    return scan(picture=Picture(picture.entries.replace("/JBIG2Decode", f"[/{name} /JBIG2Decode]"), data))


def hexed(data: bytes) -> bytes:
    """The data in hexadecimal digits, one missing at the end where that is zero."""
    return data.hex().encode().removesuffix(b"0") + b"\n>"


def lzw(data: bytes) -> bytes:
    """The data in codes of nine bits, as a packer writes it that finds nothing to repeat."""
    codes = [code for at in range(0, len(data), 200) for code in (256, *data[at : at + 200])]
    bits = "".join(f"{code:09b}" for code in (*codes, 257))
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def jpeg_too_bright() -> bytes:
    """A JPEG whose table of steps was damaged: white paper becomes brighter than white, and ink fades."""
    data = encoded(written("L"), "JPEG", quality=75)
    table = data.index(b"\xff\xdb") + 5
    return data[:table] + bytes([4 * data[table]]) + data[table + 1 :]


#: JPEG has no checksum: what of its damage the decoder sees is chance.
UNSEEN = {("jpeg-colour", "noise"), ("jpeg-colour", "zeros")}
TORN = "unreadable_page"

CODECS = (
    *(
        lost(f"pdf-{codec}-{damage}", partial(damaged_pdf, codec, damage), TORN)
        for codec in PICTURES
        for damage in DAMAGES
        if (codec, damage) not in UNSEEN
    ),
    *(
        Kind(f"pdf-{codec}-{damage}", partial(damaged_pdf, codec, damage), ANY)
        for codec, damage in sorted(UNSEEN)
    ),
    *(Kind(f"pdf-{codec}-sound", partial(sound_scan, codec)) for codec in PICTURES),
    *(
        lost(f"tiff-{codec}-{damage}", partial(damaged_tiff, codec, damage), TORN)
        for codec in TIFFS
        for damage in DAMAGES
        if codec != "jpeg" or damage == "cut"
    ),
    *(
        Kind(f"tiff-jpeg-{damage}", partial(damaged_tiff, "jpeg", damage), ANY)
        for damage in ("noise", "zeros")
    ),
    *(Kind(f"tiff-{codec}-sound", lambda codec=codec: tiff_page(codec)[0]) for codec in TIFFS),
    Kind("pdf-flate-no-checksum", lambda: flate_ended(lambda data: data[:-4])),
    Kind("pdf-flate-zero-checksum", lambda: flate_ended(lambda data: data[:-4] + bytes(4))),
    Kind("pdf-flate-flushed", lambda: flate_ended(flushed)),
    Kind("pdf-jpeg-no-end-mark", lambda: jpeg_ended(lambda data: data[:-2])),
    Kind("pdf-jpeg-padded", lambda: jpeg_ended(lambda data: data[:-2] + b"\0\0" + data[-2:])),
    Kind("pdf-text-other-checksum", text_of_other_checksum),
    lost("pdf-flate-other-checksum", lambda: flate_ended(lambda data: data[:-4] + b"\1\2\3\4"), TORN),
    Kind("pdf-fax-more-rows-declared", fax_of_more_rows),
    Kind("pdf-fax-blank", blank_fax),
    lost("pdf-fax-ended-first", fax_ended_first, TORN),
    lost("pdf-jbig2-without-symbols", jbig2_without_symbols, TORN),
    lost("pdf-jbig2-of-nothing", jbig2_of_nothing, TORN),
    lost("pdf-jbig2-of-nothing-drawn", lambda: jbig2_of_nothing(FULL + b" 0 0 1 1 re f"), TORN),
    Kind("pdf-damaged-image-not-drawn", listed_and_not_drawn),
    Kind("pdf-stencil-sound", lambda: stencil_of_a_fax(bytes)),
    lost("pdf-stencil-cut", lambda: stencil_of_a_fax(cut), TORN),
    Kind("pdf-ink-in-a-mask-sound", lambda: ink_in_a_mask(bytes)),
    *(
        lost(f"pdf-ink-in-a-mask-{damage}", partial(ink_in_a_mask, DAMAGES[damage]), TORN)
        for damage in DAMAGES
    ),
    Kind("pdf-stamp-of-a-jpeg-sound", lambda: stamped(bytes)),
    Kind("pdf-stamp-of-states-sound", lambda: stamped(bytes, state="<< /On 91 0 R /Off 92 0 R >>")),
    lost("pdf-stamp-of-a-jpeg-cut", lambda: stamped(cut), TORN),
    lost("pdf-field-of-a-jpeg-cut", lambda: stamped(cut, "/Widget"), TORN),
    Kind("pdf-inline-sound", lambda: inline(bytes)),
    *(lost(f"pdf-inline-{damage}", partial(inline, DAMAGES[damage]), TORN) for damage in DAMAGES),
    Kind("pdf-packed-twice-sound", lambda: packed_twice(bytes)),
    lost("pdf-packed-twice-noise", lambda: packed_twice(noise), TORN),
    Kind("pdf-jbig2-in-hex-sound", lambda: fax_packed_twice("ASCIIHexDecode", hexed, bytes)),
    lost("pdf-jbig2-in-hex-cut", lambda: fax_packed_twice("ASCIIHexDecode", hexed, cut), TORN),
    lost("pdf-jbig2-in-flate-cut", lambda: fax_packed_twice("FlateDecode", zlib.compress, cut), TORN),
    Kind("pdf-jbig2-in-lzw", lambda: fax_packed_twice("LZWDecode", lzw, bytes)),
    lost("jpeg-too-bright", jpeg_too_bright, TORN),
)
