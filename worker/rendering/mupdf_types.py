"""What is used of pymupdf's objects, which carry no types of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol, TypedDict, overload

#: xref, mask, width, height, bits, colour space, its alternative, name, filter, xref of the form around it.
ListedImage = tuple[int, int, int, int, int, str, str, str, str, int]
#: An image as drawn; `transform` lays the unit square on the page. The name of one key is no identifier.
ImageInfo = TypedDict(
    "ImageInfo", {"width": int, "height": int, "transform": Sequence[float], "has-mask": bool}
)


class Drawing(TypedDict, total=False):
    """A line, clip or group; `items` begin with what they are, `scissor` bounds it before any rotation."""

    type: str
    items: Sequence[Sequence[object]]
    scissor: Sequence[float]


class StoredImage(TypedDict):
    """An image's bytes as they stand in the file, and the suffix that fits them."""

    ext: str
    image: bytes


class PdfDocument(Protocol):
    """An opened PDF; an xref is the number of an object in it."""

    @property
    def page_count(self) -> int:
        """How many pages it has."""

    def pdf_catalog(self) -> int:
        """The xref of the catalogue."""

    def page_xref(self, index: int, /) -> int:
        """The xref of a page."""

    def xref_length(self) -> int:
        """One more than the highest xref."""

    def get_new_xref(self) -> int:
        """The xref of a new, empty object."""

    def update_object(self, xref: int, text: str, /) -> None:
        """Give an object this source."""

    def xref_set_key(self, xref: int, key: str, value: str, /) -> None:
        """Set an entry; -1 is the trailer."""

    def xref_get_key(self, xref: int, key: str, /) -> tuple[str, str]:
        """Type and text of an entry; ("null", "null") without one."""

    def xref_object(self, xref: int, /) -> str:
        """The source of an object."""

    def xref_is_stream(self, xref: int, /) -> bool:
        """True for an object with a stream."""

    def xref_stream(self, xref: int, /) -> bytes | None:
        """The unpacked data of a stream; None without one."""

    def xref_stream_raw(self, xref: int, /) -> bytes | None:
        """The data of a stream as it is stored, deciphered; None without one."""

    def load_page(self, index: int, /) -> PdfPage:
        """That page, from 0."""

    def extract_image(self, xref: int, /) -> StoredImage | None:
        """An image as it is stored."""


#: Left, top, right, bottom, the word, its block, its line there, its place in the line.
PlacedWord = tuple[float, float, float, float, str, int, int, int]


class Widget(Protocol):
    """A field of a form."""

    @property
    def rect(self) -> Sequence[float]:
        """Left, top, right, bottom, before the page is turned."""

    @property
    def field_name(self) -> str | None:
        """Its full name."""

    @property
    def field_type_string(self) -> str:
        """What it is: Text, Signature, CheckBox, …"""

    @property
    def field_value(self) -> object:
        """What it holds."""


class PdfRectangle(Protocol):
    """A rectangle in points: left, top, right, bottom."""

    width: float
    height: float

    def __getitem__(self, index: int, /) -> float: ...


class PdfPixmap(Protocol):
    """Drawn pixels; the samples die with it."""

    @property
    def width(self) -> int:
        """Pixels across."""

    @property
    def height(self) -> int:
        """Pixels down."""

    @property
    def stride(self) -> int:
        """Bytes a row."""

    @property
    def n(self) -> int:
        """Bytes a pixel."""

    @property
    def samples_mv(self) -> memoryview:
        """The pixels, row by row."""


class PdfPage(Protocol):
    """A page of an opened PDF."""

    parent: PdfDocument
    xref: int
    rect: PdfRectangle
    rotation_matrix: Sequence[float]

    @overload
    def get_text(self) -> str:
        """The text that the page draws."""

    @overload
    def get_text(self, option: Literal["words"], /, *, flags: int) -> list[PlacedWord]:
        """Its words with their boxes, before the page is turned."""

    def widgets(self) -> Iterator[Widget]:
        """The fields of its form."""

    def get_bboxlog(self) -> Sequence[tuple[str, object]]:
        """What the page draws, by kind, in its order."""

    def get_image_info(self) -> Sequence[ImageInfo]:
        """The images that the page draws."""

    def read_contents(self) -> bytes:
        """The unpacked content of the page."""

    def get_images(self, *, full: bool) -> Sequence[ListedImage]:
        """The images that the page's resources name."""

    def get_cdrawings(self, *, extended: bool) -> Sequence[Drawing]:
        """Lines, clips and groups."""

    def get_pixmap(self, *, dpi: int, alpha: bool, annots: bool) -> PdfPixmap:
        """Draw the page."""
