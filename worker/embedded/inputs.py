"""What decides an answer beside the document's bytes: is it the same as when an answer was given?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from db import events, signers
from db.states import EventSource

#: The event that notes the inputs of the answer that follows it.
EVENT = "inputs"
#: Hexadecimal digits of a digest that are noted.
_DIGITS = 16


class Change(StrEnum):
    """What is no longer as it was when a document was answered."""

    CLAIMS = "claims"
    REFERENCES = "references"
    SETTINGS = "settings"
    #: Nobody noted what it was: an earlier release gave the answer.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The references on file, as digests by signer, and the versions and thresholds of this run."""

    references: Mapping[str, Sequence[str]]
    versions: Mapping[str, object]

    def note(self, session: Session, document_id: int, claimed: Collection[str]) -> None:
        """Write into the document's history what its next answer rests on."""
        events.record(session, document_id, EventSource.INTAKE, EVENT, detail=self._words(claimed))

    def changes(self, session: Session, document_id: int, claimed: Collection[str]) -> list[Change]:
        """What has changed since the newest note, for a document with these claims."""
        noted = [event.detail for event in events.history(session, document_id) if event.event == EVENT]
        if not noted:
            return [Change.UNKNOWN]
        then, now = _parts(noted[-1] or ""), _parts(self._words(claimed))
        return [change for change in (Change.REFERENCES, Change.SETTINGS) if then.get(change) != now[change]]

    def _words(self, claimed: Collection[str]) -> str:
        # A document that claims nobody is compared with everybody, for the hint who it may be.
        names = sorted(claimed) or sorted(self.references)
        relevant = {name: sorted(self.references.get(name, ())) for name in names}
        # The same weights and thresholds give the same answer: a new release alone changes none.
        settings = {name: value for name, value in self.versions.items() if name != "code"}
        return f"{Change.REFERENCES} {_digest(relevant)} {Change.SETTINGS} {_digest(settings)}"


def read_inputs(session: Session, versions: Mapping[str, object]) -> Inputs:
    """The inputs as they are on file now."""
    names = [name for name, _ in signers.enrolled(session)]
    on_file = {name: [row.sha256 for row in signers.on_file(session, name)] for name in names}
    return Inputs(on_file, versions)


def _parts(words: str) -> dict[str, str]:
    parts = words.split()
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _digest(value: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_DIGITS]
