"""The bundle of a document: a ZIP file with all that is needed to read it again elsewhere, and no secrets."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, ValidationError

from worker.errors import WrongUse
from worker.result import DocumentResult, EventResult, ResultModel
from worker.result.base import Count

#: The shape of the file; a reader refuses others.
FORMAT: Literal[1] = 1
#: Largest member that is read, and largest sum of all, in bytes once unpacked.
LARGEST_MEMBER, LARGEST_BUNDLE = 2**30, 2**31
_MANIFEST, _DOCUMENT = "manifest.json", "document"
#: What members are called; nothing else is looked at, and no name becomes a path.
_REFERENCE = re.compile(r"references/\d{1,4}/\d{1,4}")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A document with its claims, the references of the claimed signers, its answer and its history."""

    name: str
    data: bytes
    #: Claimed signers with where each claim came from.
    claims: Mapping[str, str]
    #: Signature images as they were enrolled, by signer.
    references: Mapping[str, Sequence[bytes]]
    #: The settings that decide an answer, by group.
    settings: Mapping[str, Mapping[str, JsonValue]]
    result: DocumentResult
    events: tuple[EventResult, ...] = ()


class _Manifest(ResultModel):
    """What the file holds beside images: all of a bundle but its bytes, and how many references there are."""

    format: Literal[1]
    name: str
    claims: dict[str, str]
    references: dict[str, Count]
    settings: dict[str, dict[str, JsonValue]]
    result: DocumentResult
    events: tuple[EventResult, ...]


def write_bundle(bundle: Bundle, path: Path) -> int:
    """Write the file, and answer its bytes; only its owner may read it: it holds what the document holds."""
    signers = list(bundle.references)
    manifest = _Manifest(
        format=FORMAT,
        name=bundle.name,
        claims=dict(bundle.claims),
        references={name: len(bundle.references[name]) for name in signers},
        settings={group: dict(values) for group, values in bundle.settings.items()},
        result=bundle.result,
        events=bundle.events,
    )
    packed = io.BytesIO()  # a device or a pipe knows no places to go back to
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(_MANIFEST, json.dumps(manifest.json_object(), indent=1, ensure_ascii=False))
        file.writestr(_DOCUMENT, bundle.data)
        for number, name in enumerate(signers):
            for index, image in enumerate(bundle.references[name]):
                file.writestr(f"references/{number}/{index}", image)
    path.touch(mode=0o600)
    return path.write_bytes(packed.getbuffer())


def read_bundle(path: Path) -> Bundle:
    """Read a file that may come from anybody. WrongUse when it is no bundle, or larger than one may be.

    Nothing is unpacked to disk, and only the names that bundles have are looked at.
    """
    try:
        with zipfile.ZipFile(path) as file:
            members = _members(file)
            return _bundle(_Manifest.model_validate_json(members[_MANIFEST]), members)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise WrongUse(f"cannot read {str(path)!r} as a ZIP file: {error}") from error
    except ValidationError as error:
        raise WrongUse(f"{str(path)!r} is no bundle of format {FORMAT}: {_first(error)}") from error
    except (KeyError, ValueError) as error:
        raise WrongUse(f"{str(path)!r} is no bundle: {type(error).__name__}: {error}") from error


def _members(file: zipfile.ZipFile) -> dict[str, bytes]:
    """The members that bundles have, unpacked; sizes are counted while unpacking, not believed."""
    members: dict[str, bytes] = {}
    left = LARGEST_BUNDLE
    for info in file.infolist():
        if info.filename not in (_MANIFEST, _DOCUMENT) and not _REFERENCE.fullmatch(info.filename):
            continue
        if info.filename in members:
            raise WrongUse(f"the bundle has two members {info.filename!r}")
        most = min(LARGEST_MEMBER, left)
        with file.open(info) as member:
            data = member.read(most + 1)
        if len(data) > most:
            raise WrongUse(f"the bundle's member {info.filename!r} is larger than allowed")
        left -= len(data)
        members[info.filename] = data
    return members


def _bundle(manifest: _Manifest, members: Mapping[str, bytes]) -> Bundle:
    references = {
        name: [members[f"references/{number}/{index}"] for index in range(count)]
        for number, (name, count) in enumerate(manifest.references.items())
    }
    return Bundle(
        name=manifest.name,
        data=members[_DOCUMENT],
        claims=manifest.claims,
        references=references,
        settings=manifest.settings,
        result=manifest.result,
        events=manifest.events,
    )


def _first(error: ValidationError) -> str:
    """The first thing that is wrong with a manifest, in a line."""
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'manifest'}: {problem['msg']}"
