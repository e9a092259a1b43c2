"""What all models of the result share: they are frozen, and JSON objects are written from them in one way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

#: A moment with its zone, written in ISO 8601 as Python writes it.
Moment = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str)]
#: A probability, share, score or similarity.
Share = Annotated[float, Field(ge=0, le=1)]
#: An index from 0, a count, or a whole number of pixels.
Count = Annotated[int, Field(ge=0)]
#: A length in pixels of the page image, with fractions.
PagePixels = Annotated[float, Field(ge=0)]


class FieldMark(Enum):
    """What `Annotated` says of a field beside its type."""

    #: It says under which circumstances something was answered, not what: a replay does not compare it.
    CIRCUMSTANCE = auto()
    #: It says when, why or how fast: answers that differ in nothing else say the same, for a replay too.
    OCCASION = auto()
    #: The first release did not have it: it stays absent where it is absent, and says nothing there.
    ADDED = auto()


CIRCUMSTANCE, OCCASION, ADDED = FieldMark


class ResultModel(BaseModel):
    """A value that leaves Countersign; its fields are the keys of its JSON object, in their order.

    Fields of a newer release that are unknown here are ignored when JSON is read.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)

    @property
    def unknown_fields(self) -> set[str]:
        """Fields that were ADDED since an older release gave this answer."""
        return type(self).marked(ADDED) - self.model_fields_set

    @classmethod
    def marked(cls, *marks: FieldMark) -> set[str]:
        """Names of the fields that bear one of these marks."""
        fields = cls.model_fields.items()
        return {name for name, field in fields if any(mark in field.metadata for mark in marks)}

    def json_object(self) -> dict[str, JsonValue]:
        """The JSON object: text, numbers, truth, None, lists and dicts."""
        return self.model_dump(mode="json")

    def json_line(self, *, ascii_only: bool = True) -> str:
        """The JSON object on one line, without its end; `ascii_only` escapes all other characters."""
        return json.dumps(self.json_object(), ensure_ascii=ascii_only)


class GrowingResult(ResultModel):
    """A model with fields that were ADDED: an answer from before them is written without them."""

    @model_serializer(mode="wrap")
    def _as_it_was_answered(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        return without_unknown(handler(self), self)


def without_unknown(written: Mapping[str, JsonValue], model: ResultModel) -> dict[str, JsonValue]:
    """A JSON object of a model without the fields that were ADDED since it was answered."""
    return {name: value for name, value in written.items() if name not in model.unknown_fields}


def without_nothing(written: Mapping[str, JsonValue], *names: str) -> dict[str, JsonValue]:
    """A JSON object without those of these fields that hold nothing."""
    return {name: value for name, value in written.items() if value or name not in names}
