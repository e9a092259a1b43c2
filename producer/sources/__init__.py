"""Where documents come from: one module for each URL scheme, behind one port."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from producer.sources.port import Source, SourceSettings
from worker.errors import WrongUse
from worker.settings import Broker, Intake, Storage


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source: its URLs, as help shows them, and the module that opens it."""

    form: str
    #: Loaded when it is asked for: a folder needs no boto3.
    module: str


#: Every kind by its URL scheme.
SOURCES = {
    "s3": SourceKind("s3://bucket/prefix", "producer.sources.s3"),
    "file": SourceKind("file:///folder", "producer.sources.folder"),
}
#: What a URL of a source looks like, for help and complaints.
SOURCE_FORMS = " or ".join(kind.form for kind in SOURCES.values())


class SourceModule(Protocol):
    """What a source's module offers."""

    def open_source(self, url: str, settings: SourceSettings) -> Source:
        """The source of that URL. WrongUse when it names none."""


def has_scheme(text: str) -> bool:
    """Whether this is a URL, not a path."""
    return "://" in text


def open_source(url: str, settings: SourceSettings) -> Source:
    """The source of a URL. WrongUse when there is no such kind of source."""
    scheme = url.partition("://")[0]
    if not has_scheme(url) or scheme not in SOURCES:
        raise WrongUse(f"{url!r} is no place that documents come from; give {SOURCE_FORMS}")
    return cast("SourceModule", import_module(SOURCES[scheme].module)).open_source(url, settings)


def configured_source(url: str) -> Source:
    """The same, with the settings of this process."""
    return open_source(url, SourceSettings(Intake(), Storage(), Broker()))
