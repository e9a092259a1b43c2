"""Rows of tables as Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from producer.services.table_rows import Columns, TableRow

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: Arrow types of what a column holds.
_ARROW = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    datetime: pa.timestamp("us", tz="UTC"),
}


def write_parquet(pages: Iterable[Sequence[TableRow]], columns: Columns, stream: BinaryIO) -> None:
    """Write the rows, a row group for each page; the stream need not be able to say where it is."""
    schema = parquet_schema(columns)
    with pq.ParquetWriter(pa.PythonFile(_Counting(stream), mode="w"), schema) as writer:
        for page in pages:
            writer.write_table(pa.Table.from_pylist(list(page), schema=schema))


def parquet_schema(columns: Columns) -> pa.Schema:
    """The Arrow schema of a table: always the same, whatever the rows hold."""
    return pa.schema(
        [pa.field(name, _ARROW[column.kind], nullable=column.nullable) for name, column in columns.items()]
    )


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
