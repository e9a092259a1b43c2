"""Document results as one HTML file that needs nothing beside it: no server, no script, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from db.states import PageStatus
from worker import errors
from worker.report.pages import region_mark
from worker.report.pictures import CROP_SIDE, PAGE_SIDE, THUMBNAIL_SIDE, Pictures
from worker.report.summary import ReportRow, likeliest_first, report_rows, summarise
from worker.result import DocumentResult, EnrolmentResult, PageResult, RegionResult, VerdictResult

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
class _ShownRegion:
    """A region with its pictures and what was said about it, the likeliest signer first."""

    number: int
    region: RegionResult
    verdicts: list[VerdictResult]
    crop: str | None
    clean: str | None


@dataclass(frozen=True)
class _ShownPage:
    """A page with its picture; `regions` is empty for a page without a finding."""

    page: PageResult
    picture: str | None
    regions: list[_ShownRegion] = field(default_factory=list)


@dataclass(frozen=True)
class _ShownDocument:
    """A document with the pages worth showing and the number of those that are not shown."""

    row: ReportRow
    with_regions: list[_ShownPage]
    plain: list[_ShownPage]
    unread: list[PageResult]
    hidden: int
    sentence: str


def write_report(
    results: Iterable[DocumentResult],
    out: Path,
    *,
    load_image: Callable[[str], bytes],
    title: str = "Signature report",
    picture_bytes: int = PICTURE_BYTES,
    detailed: int = DETAILED,
    enrolments: Sequence[EnrolmentResult] = (),
) -> Path:
    """Write the report to `out`, replacing what was there, and return the path.

    `load_image` returns the bytes behind an "image", "crop" or "clean" key; one that raises OSError or a
    ServiceError leaves a gap. At most `detailed` documents are shown with their pages and `picture_bytes` of
    pictures embedded, so the file stays openable whatever the number of documents; every document has a row.
    `enrolments` are the signers whose references are listed.
    """
    rows = report_rows(list(results))
    chosen = _chosen(rows, detailed)
    pictures = Pictures(load_image, budget=picture_bytes)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        # Written piece by piece: the pictures of one document at a time are in memory.
        file.writelines(
            _TEMPLATES.get_template("report.html").generate(
                title=title,
                summary=summarise(rows),
                rows=rows,
                shown={row.number for row in chosen},
                documents=(_document(row, pictures) for row in chosen),
                pictures=pictures,
                versions=_versions(rows),
                enrolments=enrolments,
            )
        )
    return out


def _chosen(rows: Sequence[ReportRow], detailed: int) -> list[ReportRow]:
    """The documents to show in full, in their order: the urgent ones, then the first of the others."""
    by_need = sorted(rows, key=lambda row: not row.why)[:detailed]
    return sorted(by_need, key=lambda row: row.number)


def _document(row: ReportRow, pictures: Pictures) -> _ShownDocument:
    pages = row.result.pages
    with_regions = [_page(row.result, page, pictures) for page in pages if page.regions]
    plain = [page for page in pages if not page.regions and page.image]
    thumbs = [
        _ShownPage(page, pictures.embed(page.image, longest=THUMBNAIL_SIDE)) for page in plain[:_THUMBNAILS]
    ]
    unread = [page for page in pages if page.status is PageStatus.FAILED]
    return _ShownDocument(row, with_regions, thumbs, unread, len(plain) - len(thumbs), _sentence(row.result))


def _page(result: DocumentResult, page: PageResult, pictures: Pictures) -> _ShownPage:
    regions = [_region(result, region, pictures) for region in page.regions]
    picture = pictures.embed(
        page.image, longest=PAGE_SIDE, marks=[region_mark(result, region) for region in page.regions]
    )
    return _ShownPage(page, picture, regions)


def _region(result: DocumentResult, region: RegionResult, pictures: Pictures) -> _ShownRegion:
    place = (region.page, region.index)
    verdicts = likeliest_first(verdict for verdict in result.verdicts if verdict.place == place)
    crop = pictures.embed(region.crop, longest=CROP_SIDE)
    clean = pictures.embed(region.clean, longest=CROP_SIDE)
    return _ShownRegion(region.index + 1, region, verdicts, crop, clean)


def _sentence(result: DocumentResult) -> str:
    """What went wrong, in words: the stored detail, or what the reason code stands for."""
    if not result.reason:
        return ""
    return result.detail or _MEANINGS.get(result.reason, "")


def _meanings(base: type[errors.ServiceError]) -> Iterator[tuple[str, str]]:
    for kind in base.__subclasses__():
        yield kind.code, (kind.__doc__ or "").split("\n")[0]
        yield from _meanings(kind)


_MEANINGS = dict(_meanings(errors.ServiceError))


def _versions(rows: Sequence[ReportRow]) -> list[tuple[str, list[str]]]:
    """Every version that had a part in these results, by the name of what it versions."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        for name, version in row.result.versions.named():
            seen.setdefault(name, set()).add(_words(version))
    return [(name, sorted(versions)) for name, versions in sorted(seen.items())]


def _words(version: object) -> str:
    if isinstance(version, dict):
        return ", ".join(f"{name} {value}" for name, value in sorted(version.items()))
    return str(version)
