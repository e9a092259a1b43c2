"""What is known of a page before its slots are sought, and the slots themselves. Frozen; loads no NumPy."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class SlotKind(StrEnum):
    """What a slot asks for."""

    SIGNATURE = "signature"
    INITIALS = "initials"
    DATE = "date"
    STAMP = "stamp"


class AnchorSource(StrEnum):
    """How the words that name a slot became known."""

    FORM_FIELD = "form_field"
    TEXT_LAYER = "text_layer"
    OCR = "ocr"
    TEMPLATE = "template"


class SlotStatus(StrEnum):
    """What stands in a slot."""

    SIGNED = "signed"  # the mark that it asks for; in a date's slot, a date
    UNSIGNED = "unsigned"  # nothing
    LOW_EVIDENCE = "low_evidence"  # ink that is hardly such a mark
    WRONG_SLOT = "wrong_slot"  # a mark of another kind, or one that belongs to a neighbour's line
    TYPED = "typed"  # letters of a machine instead of a hand
    COVERED = "covered"  # a bar lies over it
    UNKNOWN = "unknown"  # nobody could look


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Area(_Value):
    """A rectangle in pixels of its page image, top-left origin."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Bottom edge."""
        return self.y + self.height

    def shared(self, other: Area) -> float:
        """Square pixels that lie in both."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        return across * down if across > 0 and down > 0 else 0.0

    def share_in(self, other: Area) -> float:
        """How much of this one lies in the other, in [0, 1]."""
        return self.shared(other) / max(self.width * self.height, 1e-9)


class Word(Area):
    """A printed word; words with the same number stand on one line of text, in this order."""

    text: str
    line: int = 0


class FormField(Area):
    """A field of a form that asks for a mark, by its type or its name."""

    name: str
    kind: SlotKind
    #: What was typed into it; empty for an empty field.
    value: str = ""


class PageLayout(_Value):
    """What a page says of itself beside its pixels: the words of its text, the fields of its form."""

    words: tuple[Word, ...] = ()
    fields: tuple[FormField, ...] = ()


class Anchor(Area):
    """The words that name a slot."""

    text: str
    source: AnchorSource


class PageSlot(Area):
    """A place where a page asks for a mark."""

    kind: SlotKind
    anchor: Anchor
    #: Whose mark it asks for, such as `witness`; None where the words do not say.
    party: str | None = None
    #: What is typed in it; empty for nothing.
    typed: str = ""
    #: Name of the template that it is from; None where the page itself names it.
    template: str | None = None


class Mark(Area):
    """A detected region, as far as slots ask for it."""

    index: int
    label: str
    score: float
    #: Whether it signs the document; None where roles were not asked for.
    signs: bool | None = None


class SlotState(_Value):
    """A slot with what stands in it, and why that is believed, in a sentence."""

    slot: PageSlot
    status: SlotStatus
    reason: str
    #: Index of the region that the status rests on, and its score; None where it rests on none.
    region: int | None = None
    score: float | None = None
    #: Share of the slot that is ink beside its own line, in [0, 1]; None where nobody looked.
    ink: float | None = None
