"""The claims table: a CSV that says who signed which document, and which of its rows found theirs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from producer.tables import Row, read_csv
from producer.text import listed, plain_name
from worker.errors import WrongUse


class ClaimsTable(Mapping[str, Sequence[str]]):
    """Claimed signers by document. It remembers what was asked for, to name rows of no document.

    Names are compared in NFC. One that differs in letter case, spaces or ending is a near miss, no match. A
    row that may mean several documents means none of them, where all were known before.
    """

    def __init__(
        self,
        claims: Mapping[str, Sequence[str]] | None = None,
        *,
        path: Path | None = None,
        lines: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self._claims = {_normal(name): list(signers) for name, signers in (claims or {}).items()}
        self._path, self._lines = path, dict(lines or {})
        self._missed = dict.fromkeys(self._claims)
        self._folded = {_folded(name): name for name in self._claims}
        self._near: dict[str, str] = {}
        self._kept: list[str] = []
        #: By row: the documents that it means, where all are known; else those that have taken it.
        self._owners: dict[str, list[str]] | None = None
        self._takers: dict[str, dict[str, None]] = {}

    def __getitem__(self, document: str) -> Sequence[str]:
        return self._claims[document]

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def meet(self, documents: Iterable[Sequence[str]]) -> None:
        """Learn all documents before any is asked for, each by its names as `claimed` gets them.

        A row means the documents that have it as their whole path, else as the path inside their folder, else
        as their file name.
        """
        ranked: dict[str, dict[str, int]] = {}
        for names in documents:
            for rank, name in enumerate(_with_file_name(names)):
                if name in self._claims:
                    ranked.setdefault(name, {}).setdefault(names[0], rank)
        self._owners = {
            row: [name for name, rank in ranks.items() if rank == min(ranks.values())]
            for row, ranks in ranked.items()
        }

    def claimed(self, *names: str) -> Sequence[str]:
        """Signers that a document claims, under the first of its names that has a row; else its file name.

        The names are its whole key or path, then shorter ones.
        """
        self._note_near((*names, names[0].rpartition("/")[2]))
        for name in _with_file_name(names):
            if name in self._claims and self._means(name, names):
                return self._claims[name]
        return ()

    def _means(self, row: str, names: Sequence[str]) -> bool:
        """Whether the row means the document of these names, and no other."""
        self._missed.pop(row, None)
        if self._owners is None or row not in self._owners:  # it came behind those that were met
            self._takers.setdefault(row, {}).setdefault(names[0])
            return True
        owners = self._owners[row]
        if len(owners) > 1:
            self._takers[row] = dict.fromkeys(owners)
        return len(owners) == 1 and owners[0] in names

    def keep(self, name: str, document_id: int, claims: Sequence[str]) -> None:
        """Note that a known document claims other signers than the table says, and keeps to that."""
        self._kept.append(
            f"{self._path}: {name!r} is known as document {document_id} "
            f"and keeps what it claims, {listed(claims)}; `countersign claim` changes them"
        )

    def unused(self) -> Iterator[str]:
        """A sentence for each row that means no document or several, or whose document keeps other claims."""
        yield from self._kept
        yield from self._ambiguous()
        for name in self._missed:
            near = self._near.get(name)
            hint = "" if near is None else f"; did you mean {near!r}?"
            for line in self._lines.get(name, [0]):
                yield f"{self._path}, line {line}: there is no document {name!r}{hint}"

    def _ambiguous(self) -> Iterator[str]:
        for row, takers in self._takers.items():
            if len(takers) > 1:
                meant = " and ".join(map(repr, list(takers)[:2]))
                more = f", {len(takers)} in all" if len(takers) > 2 else ""
                for line in self._lines.get(row, [0]):
                    yield f"{self._path}, line {line}: {row!r} may mean {meant}{more}: write the path"

    def _note_near(self, names: Sequence[str]) -> None:
        for name in names:
            for folded in (_folded(name), _folded(name.rpartition(".")[0])):
                if folded in self._folded:
                    self._near.setdefault(self._folded[folded], name)


def read_claims(path: Path) -> ClaimsTable:
    """The table of a CSV with the columns `key` and `signer`, one row per signer.

    `document` is another name of `key`. So our own table of claims is one. Further columns are left alone.
    WrongUse names every line that cannot be used.
    """
    claims: dict[str, list[str]] = {}
    lines: dict[str, list[int]] = {}
    problems: list[str] = []
    for number, row in read_csv(path, ("key", "signer"), "claims", other_names={"document": "key"}):
        try:
            document, signer = _claim(row)
        except ValueError as error:
            problems.append(f"{path}, line {number}: {error}")
            continue
        names = claims.setdefault(document, [])
        names.extend([signer] if signer not in names else [])
        lines.setdefault(document, []).append(number)
    if problems:
        raise WrongUse("\n".join(problems))
    return ClaimsTable(claims, path=path, lines=lines)


def _claim(row: Row) -> tuple[str, str]:
    """The document and the signer of a row. ValueError says which column cannot be used, and what helps."""
    if not row["key"]:
        raise ValueError("the column of documents is empty: write the document's path or name")
    if not (row["signer"] or "").strip():
        raise ValueError("the column signer is empty: write who signed, or take the row out")
    try:
        return _normal(row["key"]), plain_name(row["signer"])
    except ValueError as error:
        raise ValueError(f"the column signer: {error}") from error


def _with_file_name(names: Sequence[str]) -> list[str]:
    """The names as rows have them, and behind them the file name."""
    return [_normal(name) for name in (*names, names[0].rpartition("/")[2])]


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name).removeprefix("./")


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold().replace("\\", "/")
    return " ".join(folded.split())
