"""Document results as one HTML file that needs nothing beside it: no server, no script, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from worker import errors
from worker.report.drawing import Mark, colour_of
from worker.report.pictures import CROP, PAGE, THUMBNAIL, Pictures
from worker.report.summary import Result, Row, likeliest_first, rows, summary
from worker.vision.values import Box, Outcome

#: What the pictures of one file may take together; a browser opens that without effort.
PICTURE_BYTES = 32 * 1024 * 1024
#: Documents shown with their pages; the others have their row. Those that need a person come first.
DETAILED = 300
#: Pages without a finding shown per document; the others are counted.
_THUMBNAILS = 8
_TEMPLATES = Environment(
    loader=PackageLoader("worker.report", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class _Region:
    """A region with its pictures and what was said about it, the likeliest signer first."""

    number: int
    region: dict[str, Any]
    verdicts: list[dict[str, Any]]
    crop: str | None
    clean: str | None


@dataclass(frozen=True)
class _Page:
    """A page with its picture; `regions` is empty for a page without a finding."""

    page: dict[str, Any]
    picture: str | None
    regions: list[_Region] = field(default_factory=list)


@dataclass(frozen=True)
class _Document:
    """A document with the pages worth showing and the number of those that are not shown."""

    row: Row
    found: list[_Page]
    plain: list[_Page]
    unread: list[dict[str, Any]]
    hidden: int
    sentence: str


def write_report(
    results: Iterable[Result],
    out: Path,
    *,
    load_image: Callable[[str], bytes],
    title: str = "Signature report",
    picture_bytes: int = PICTURE_BYTES,
    detailed: int = DETAILED,
    enrolments: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write the report to `out`, replacing what was there, and return the path.

    `load_image` returns the bytes behind an "image", "crop" or "clean" key; one that raises OSError or a
    ServiceError leaves a gap. At most `detailed` documents are shown with their pages and `picture_bytes` of
    pictures embedded, so the file stays openable whatever the number of documents; every document has a row.
    `enrolments` are signers with their references as `countersign enroll --json` prints them.
    """
    listed = rows(list(results))
    chosen = _chosen(listed, detailed)
    pictures = Pictures(load_image, budget=picture_bytes)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        # Written piece by piece: the pictures of one document at a time are in memory.
        file.writelines(
            _TEMPLATES.get_template("report.html").generate(
                title=title,
                summary=summary(listed),
                rows=listed,
                shown={row.number for row in chosen},
                documents=(_document(row, pictures) for row in chosen),
                pictures=pictures,
                versions=_versions(listed),
                enrolments=enrolments,
            )
        )
    return out


def _chosen(listed: Sequence[Row], detailed: int) -> list[Row]:
    """The documents to show in full, in their order: the urgent ones, then the first of the others."""
    by_need = sorted(listed, key=lambda row: not row.why)[:detailed]
    return sorted(by_need, key=lambda row: row.number)


def _document(row: Row, pictures: Pictures) -> _Document:
    result = row.result
    found = [_found(result, page, pictures) for page in result["pages"] if page["regions"]]
    plain = [page for page in result["pages"] if not page["regions"] and page.get("image")]
    shown = [_Page(page, pictures.embed(page["image"], longest=THUMBNAIL)) for page in plain[:_THUMBNAILS]]
    unread = [page for page in result["pages"] if page["status"] == "failed"]
    return _Document(row, found, shown, unread, len(plain) - len(shown), _sentence(result))


def _found(result: Result, page: dict[str, Any], pictures: Pictures) -> _Page:
    regions = [_region(result, region, pictures) for region in page["regions"]]
    picture = pictures.embed(page.get("image"), longest=PAGE, marks=map(_mark, regions))
    return _Page(page, picture, regions)


def _region(result: Result, region: dict[str, Any], pictures: Pictures) -> _Region:
    at = (region["page"], region["index"])
    verdicts = likeliest_first(row for row in result["verdicts"] if (row["page"], row["region"]) == at)
    crop = pictures.embed(region.get("crop"), longest=CROP)
    clean = pictures.embed(region.get("clean"), longest=CROP)
    return _Region(region["index"] + 1, region, verdicts, crop, clean)


def _mark(region: _Region) -> Mark:
    stored = region.region
    box = Box(stored["x"], stored["y"], stored["width"], stored["height"])
    # A verdict without a signer says only that nobody was claimed: the box is named for what it is.
    best = next((Outcome(verdict["verdict"]) for verdict in region.verdicts if verdict["signer"]), None)
    said = best.value if best else stored["label"]
    return Mark(box, f"{region.number} {said}".replace("_", " "), colour_of(best))


def _sentence(result: Result) -> str:
    """What went wrong, in words: the stored detail, or what the reason code stands for."""
    if not result["reason"]:
        return ""
    return str(result.get("detail") or _MEANINGS.get(result["reason"], ""))


def _meanings(base: type[errors.ServiceError]) -> Iterator[tuple[str, str]]:
    for kind in base.__subclasses__():
        yield kind.code, (kind.__doc__ or "").split("\n")[0]
        yield from _meanings(kind)


_MEANINGS = dict(_meanings(errors.ServiceError))


def _versions(listed: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Every version that had a part in these results, by the name of what it versions."""
    seen: dict[str, set[str]] = {}
    for row in listed:
        for name, version in row.result["versions"].items():
            seen.setdefault(name, set()).add(_words(version))
    return [(name, sorted(versions)) for name, versions in sorted(seen.items())]


def _words(version: object) -> str:
    if isinstance(version, dict):
        return ", ".join(f"{name} {value}" for name, value in sorted(version.items()))
    return str(version)
