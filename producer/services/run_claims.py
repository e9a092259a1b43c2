"""Who the files of a run claim to be signed by: the claims table, else a sidecar beside the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from db.states import ClaimSource
from producer.claims import first_of, from_sidecar
from producer.claims_table import ClaimsTable
from producer.services.local_files import LocalFile, NotUsed, OnNotUsed
from worker.storage.files import key_of


class ClaimsOfRun:
    """Looks claims up, and names what says nothing about any document."""

    def __init__(self, table: ClaimsTable | None, files: Iterable[LocalFile], on_not_used: OnNotUsed) -> None:
        self._table, self._on_not_used = table, on_not_used
        #: Everybody who was claimed so far.
        self.named: dict[str, None] = {}
        if table is not None:
            table.meet(_names(file) for file in files)

    def of(self, file: LocalFile) -> Sequence[str] | None:
        """The signers that a file claims; None when nothing was given that could say so. OSError."""
        claimed = self._claimed(file)
        self.named.update(dict.fromkeys(claimed or ()))
        return claimed

    def _claimed(self, file: LocalFile) -> Sequence[str] | None:
        names = self._table.claimed(*_names(file)) if self._table is not None else ()
        if names or file.sidecar is None:
            return None if self._table is None else names
        sidecar = file.sidecar.read_bytes()
        claims = first_of([(ClaimSource.SIDECAR, lambda: from_sidecar(sidecar))])
        for refused in claims.refused:
            self._on_not_used(NotUsed(str(file.sidecar), refused.reason))
        return tuple(claims.signers)

    def name_unused(self) -> None:
        """Name the rows of the table that no file asked for."""
        for sentence in self._table.unused() if self._table is not None else ():
            self._on_not_used(NotUsed("claims", sentence))


def _names(file: LocalFile) -> tuple[str, str]:
    """The names under which a table may speak of a file."""
    return key_of(file.path), file.inside
