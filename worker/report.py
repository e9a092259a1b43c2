"""Document results as one HTML file that needs nothing beside it: no server, no script, no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from worker import errors
from worker.report_pictures import CROP, PAGE, THUMBNAIL, Pictures
from worker.vision.draw import Mark, colour_of
from worker.vision.values import Box, Outcome

#: One document as `countersign run --json` prints it.
Result = dict[str, Any]

#: What the file's pictures may take together; a browser opens this without effort.
PICTURE_BYTES = 60 * 1024 * 1024
#: Pages without a finding shown per document; the others are counted.
_THUMBNAILS = 8
_VERDICTS = tuple(outcome.value for outcome in Outcome)
_TEMPLATES = Environment(
    loader=PackageLoader("worker", "html"),
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

    number: int
    result: Result
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
) -> Path:
    """Write the report to `out`, replacing what was there, and return the path.

    `load_image` returns the bytes behind an "image", "crop" or "clean" key; one that raises OSError or a
    ServiceError leaves a gap. Pictures are embedded in the order of the documents until `picture_bytes`
    are spent, so the file stays openable whatever the number of documents.
    """
    listed = list(results)
    pictures = Pictures(load_image, budget=picture_bytes)
    page = _TEMPLATES.get_template("report.html")
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        # Written piece by piece: the pictures of one document at a time are in memory.
        file.writelines(
            page.generate(
                title=title,
                summary=_summary(listed),
                rows=[_row(number, result) for number, result in enumerate(listed, 1)],
                documents=_documents(listed, pictures),
                pictures=pictures,
                versions=_versions(listed),
            )
        )
    return out


def _summary(results: Sequence[Result]) -> dict[str, Any]:
    signed = Counter(
        {True: "signed", False: "unsigned", None: "unknown"}[result["signed"]] for result in results
    )
    status = Counter(result["status"] for result in results)
    verdicts = Counter(verdict["verdict"] for result in results for verdict in result["verdicts"])
    return {
        "documents": len(results),
        "pages": sum(len(result["pages"]) for result in results),
        "signatures": sum(map(_signatures, results)),
        "status": {name: status[name] for name in ("done", "partial", "failed")},
        "signed": {name: signed[name] for name in ("signed", "unsigned", "unknown")},
        "verdicts": {name: verdicts[name] for name in _VERDICTS},
        "reasons": Counter(result["reason"] for result in results if result["reason"]).most_common(),
    }


def _row(number: int, result: Result) -> dict[str, Any]:
    counted = Counter(verdict["verdict"] for verdict in result["verdicts"])
    return {
        "number": number,
        "result": result,
        "signatures": _signatures(result),
        "verdicts": [(name, counted[name]) for name in _VERDICTS if counted[name]],
        "why": _why(result),
    }


def _why(result: Result) -> list[str]:
    """Why a person should look at this document first; empty when nothing speaks for it."""
    said = {verdict["verdict"] for verdict in result["verdicts"]}
    reasons = {
        "could not be read": result["status"] == "failed",
        "has pages that could not be read": result["status"] == "partial",
        "has a signature that does not match": Outcome.FORGED in said,
        "has a signature that could not be decided": Outcome.INCONCLUSIVE in said,
        "names a signer and bears no signature": bool(result.get("claims")) and result["signed"] is False,
    }
    return [reason for reason, holds in reasons.items() if holds]


def _signatures(result: Result) -> int:
    return sum(region["label"] == "signature" for page in result["pages"] for region in page["regions"])


def _documents(results: Sequence[Result], pictures: Pictures) -> Iterator[_Document]:
    for number, result in enumerate(results, 1):
        yield _document(number, result, pictures)


def _document(number: int, result: Result, pictures: Pictures) -> _Document:
    found = [_found(result, page, pictures) for page in result["pages"] if page["regions"]]
    plain = [page for page in result["pages"] if not page["regions"] and page.get("image")]
    shown = [_Page(page, pictures.embed(page["image"], longest=THUMBNAIL)) for page in plain[:_THUMBNAILS]]
    unread = [page for page in result["pages"] if page["status"] == "failed"]
    return _Document(number, result, found, shown, unread, len(plain) - len(shown), _sentence(result))


def _found(result: Result, page: dict[str, Any], pictures: Pictures) -> _Page:
    regions = [_region(result, region, pictures) for region in page["regions"]]
    picture = pictures.embed(page.get("image"), longest=PAGE, marks=map(_mark, regions))
    return _Page(page, picture, regions)


def _region(result: Result, region: dict[str, Any], pictures: Pictures) -> _Region:
    at = (region["page"], region["index"])
    verdicts = [row for row in result["verdicts"] if (row["page"], row["region"]) == at]
    verdicts.sort(key=lambda row: -1.0 if row["probability"] is None else row["probability"], reverse=True)
    crop = pictures.embed(region.get("crop"), longest=CROP)
    clean = pictures.embed(region.get("clean"), longest=CROP)
    return _Region(region["index"] + 1, region, verdicts, crop, clean)


def _mark(region: _Region) -> Mark:
    stored = region.region
    box = Box(stored["x"], stored["y"], stored["width"], stored["height"])
    best = Outcome(region.verdicts[0]["verdict"]) if region.verdicts else None
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


def _versions(results: Sequence[Result]) -> list[tuple[str, list[str]]]:
    """Every version that had a part in these results, by the name of what it versions."""
    seen: dict[str, set[str]] = {}
    for result in results:
        for name, version in result["versions"].items():
            seen.setdefault(name, set()).add(str(version))
    return [(name, sorted(versions)) for name, versions in sorted(seen.items())]
