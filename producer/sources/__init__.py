"""Where documents come from: one module for each URL scheme, behind one port."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from producer.sources.port import Source, SourceSettings
from worker.errors import WrongUse
from worker.settings import Broker, Intake, Storage

#: URL scheme -> the module that opens such a source; loaded when it is asked for: a folder needs no boto3.
SOURCES = {"s3": "producer.sources.s3", "file": "producer.sources.folder"}


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
        kinds = " or ".join(f"{name}://" for name in SOURCES)
        raise WrongUse(f"{url!r} is no place that documents come from; give a URL with {kinds}")
    return cast("SourceModule", import_module(SOURCES[scheme])).open_source(url, settings)


def configured_source(url: str) -> Source:
    """The same, with the settings of this process."""
    return open_source(url, SourceSettings(Intake(), Storage(), Broker()))
