"""The claims table: a CSV that says who signed which document, and which of its rows found theirs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from producer.tables import Row, read_csv
from producer.text import plain_name
from worker.errors import WrongUse


class ClaimsTable(Mapping[str, Sequence[str]]):
    """Claimed signers by document. It remembers what was asked for, to name rows of no document.

    Names are compared in NFC. One that differs in letter case, spaces or ending is a near miss, no match.
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

    def __getitem__(self, document: str) -> Sequence[str]:
        return self._claims[document]

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def claimed(self, *names: str) -> Sequence[str]:
        """Signers that a document claims, under the first of its names that has a row; else its file name.

        The names are its whole key or path, then shorter ones.
        """
        names = (*names, names[0].rpartition("/")[2])
        self._note_near(names)
        for name in map(_normal, names):
            if name in self._claims:
                self._missed.pop(name, None)
                return self._claims[name]
        return ()

    def keep(self, name: str, document_id: int, claims: Sequence[str]) -> None:
        """Note that a known document claims other signers than the table says, and keeps to that."""
        self._kept.append(
            f"{self._path}: {name!r} is known as document {document_id} and keeps its claims {list(claims)}; "
            "`countersign claim` changes them"
        )

    def unused(self) -> Iterator[str]:
        """A sentence for each row whose document was never asked for, or keeps other claims."""
        yield from self._kept
        for name in self._missed:
            near = self._near.get(name)
            hint = "" if near is None else f"; did you mean {near!r}?"
            for line in self._lines.get(name, [0]):
                yield f"{self._path}, line {line}: there is no document {name!r}{hint}"

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


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name).removeprefix("./")


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold().replace("\\", "/")
    return " ".join(folded.split())
