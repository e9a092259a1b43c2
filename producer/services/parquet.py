"""Flat rows of results as Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, BinaryIO, get_args, get_type_hints

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from worker.result import VerdictRow

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: Arrow types of what a column holds; text, states and verdicts are strings.
_ARROW = {bool: "bool", int: "int64", float: "float64"}


def write_parquet(pages: Iterable[Sequence[VerdictRow]], stream: BinaryIO) -> None:
    """Write the rows, a row group for each page; the stream need not be able to say where it is."""
    schema = parquet_schema()
    with pq.ParquetWriter(pa.PythonFile(_Counting(stream), mode="w"), schema) as writer:
        for page in pages:
            rows = [row.json_object() for row in page]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def parquet_schema() -> pa.Schema:
    """The Arrow schema of the flat rows: always the same, whatever the rows hold."""
    kinds = get_type_hints(VerdictRow)
    return pa.schema(
        [
            pa.field(name, pa.type_for_alias(_arrow_type(kinds[name])), nullable=not field.is_required())
            for name, field in VerdictRow.model_fields.items()
        ]
    )


def _arrow_type(kind: object) -> str:
    """The Arrow type of a column by the type of its field, whether or not that may be None."""
    kinds = (kind, *get_args(kind))
    return next((name for plain, name in _ARROW.items() if plain in kinds), "string")


class _Counting(io.RawIOBase):
    """A stream that counts its position: Parquet asks for it, and a pipe has none."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._written = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Buffer) -> int:
        """Write everything."""
        size = memoryview(data).nbytes
        self._stream.write(data)
        self._written += size
        return size

    def tell(self) -> int:
        """Bytes so far."""
        return self._written
