"""Document results as one HTML file that needs nothing beside it: no server, no network."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from db.states import PageStatus
from worker import errors
from worker.report.beside import LoadReferences, References, no_references
from worker.report.evidence import support, why_inconclusive
from worker.report.pages import page_marks
from worker.report.pictures import CROP_SIDE, PAGE_SIDE, THUMBNAIL_SIDE, Pictures
from worker.report.summary import ReportRow, Urgent, likeliest_first, report_rows, summarise, to_look_at
from worker.result import DocumentResult, EnrolmentResult, PageResult, RegionResult, VerdictResult
from worker.vision.choices import Label

#: What the pictures of one file may take together; a browser opens that without effort.
PICTURE_BYTES = 32 * 1024 * 1024
#: Documents shown with their pages; the others have their row. Those that need a person come first.
DETAILED = 300
#: Pages without a finding shown per document; the others are counted.
_THUMBNAILS = 8
#: References shown beside a signature; the others are counted.
_REFERENCES = 4
_TEMPLATES = Environment(
    loader=PackageLoader("worker.report", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals.update(support=support, why_inconclusive=why_inconclusive)
#: The file's only script. Its digest stands in the file's policy, so no other runs.
_SCRIPT = (Path(__file__).parent / "templates" / "report.js").read_text(encoding="utf-8")
_SCRIPT_DIGEST = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()


@dataclass(frozen=True)
class _ShownReference:
    """A reference beside the signature that was compared with it."""

    number: int
    likeness: float | None
    picture: str | None


@dataclass(frozen=True)
class _ShownVerdict:
    """A verdict with the likest of the references behind it, and how many are not shown.

    `overlay` is a picture of the signature laid over the likest.
    """

    verdict: VerdictResult
    references: list[_ShownReference]
    overlay: str | None
    hidden: int


@dataclass(frozen=True)
class _ShownRegion:
    """A region with its pictures and verdicts.

    `verdicts` are those of the signer whom it stands for, or of all where it stands for nobody; `others` say
    what it would be, were it another's.
    """

    number: int
    region: RegionResult
    verdicts: list[_ShownVerdict]
    others: list[VerdictResult]
    crop: str | None
    clean: str | None


@dataclass(frozen=True)
class _ShownPage:
    """A page with its picture, the marks that sign it, and the others, in words and one by one."""

    page: PageResult
    picture: str | None
    signing: Sequence[_ShownRegion] = ()
    others: Sequence[_ShownRegion] = ()
    others_counted: str = ""


@dataclass(frozen=True)
class _ShownDocument:
    """A document with the pages worth showing and the number of those that are not shown."""

    row: ReportRow
    #: Pages with a mark that signs, those that answer a claim first; then pages with other marks alone.
    signed: list[_ShownPage]
    aside: list[_ShownPage]
    #: Pages that ask for marks and have none.
    asking: list[_ShownPage]
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
    references: LoadReferences = no_references,
) -> Path:
    """Write the report to `out`, replacing what was there, and return the path.

    `load_image` returns the bytes behind an "image", "crop" or "clean" key; one that raises OSError or a
    ServiceError leaves a gap. At most `detailed` documents are shown with their pages and `picture_bytes` of
    pictures embedded, so the file stays openable whatever the number of documents; every document has a row.
    `enrolments` are the signers whose references are listed; `references` loads those that stand beside a
    signature.
    """
    rows = report_rows(list(results))
    urgent = to_look_at(rows)
    chosen = _chosen(rows, urgent, detailed)
    pictures = Pictures(load_image, budget=picture_bytes)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        # Written piece by piece: the pictures of one document at a time are in memory.
        file.writelines(
            _TEMPLATES.get_template("report.html").generate(
                title=title,
                summary=summarise(rows),
                rows=rows,
                urgent=urgent,
                script=_SCRIPT,
                script_digest=_SCRIPT_DIGEST,
                shown={row.number for row in chosen},
                documents=(_document(row, references(row.result), pictures) for row in chosen),
                pictures=pictures,
                versions=_versions(rows),
                enrolments=enrolments,
            )
        )
    return out


def _chosen(rows: Sequence[ReportRow], urgent: Sequence[Urgent], detailed: int) -> list[ReportRow]:
    """The documents to show in full: those to look at first, as they are listed, then the others.

    Pictures end where the budget ends: the first have theirs.
    """
    first = [item.row for item in urgent]
    numbers = {row.number for row in first}
    return [*first, *(row for row in rows if row.number not in numbers)][:detailed]


def _document(row: ReportRow, references: References, pictures: Pictures) -> _ShownDocument:
    pages = row.result.pages
    marked = [_page(row.result, page, references, pictures) for page in pages if page.regions]
    signed = sorted((page for page in marked if page.signing), key=lambda page: not _answers(page))
    asking = {slot.page for slot in row.result.slots}
    bare = [page for page in pages if not page.regions and page.image]
    plain = [page for page in bare if page.page not in asking]
    thumbs = [
        _ShownPage(page, pictures.embed(page.image, longest=THUMBNAIL_SIDE)) for page in plain[:_THUMBNAILS]
    ]
    return _ShownDocument(
        row,
        signed=signed,
        aside=[page for page in marked if not page.signing],
        asking=[_page(row.result, page, references, pictures) for page in bare if page.page in asking],
        plain=thumbs,
        unread=[page for page in pages if page.status is PageStatus.FAILED],
        hidden=len(plain) - len(thumbs),
        sentence=_sentence(row.result),
    )


def _answers(page: _ShownPage) -> bool:
    """Whether a signature on the page stands for a claimed signer."""
    return any(shown.verdict.assigned for region in page.signing for shown in region.verdicts)


def _page(result: DocumentResult, page: PageResult, references: References, pictures: Pictures) -> _ShownPage:
    """Signatures before initials, and both before what does not sign; else in their order."""
    signing = sorted((mark for mark in page.regions if mark.is_signing), key=_rank)
    others = [mark for mark in page.regions if not mark.is_signing]
    picture = pictures.embed(page.image, longest=PAGE_SIDE, marks=page_marks(result, page.page, page.regions))
    return _ShownPage(
        page,
        picture,
        [_region(result, mark, references, pictures) for mark in signing],
        [_region(result, mark, references, pictures) for mark in others],
        _counted(others),
    )


def _rank(region: RegionResult) -> bool:
    return region.label != Label.SIGNATURE


def _counted(regions: Iterable[RegionResult]) -> str:
    """How many there are of each label, in words."""
    labels = Counter(region.label.replace("_", " ") for region in regions)
    return ", ".join(f"{count} × {label}" for label, count in sorted(labels.items()))


def _region(
    result: DocumentResult, region: RegionResult, references: References, pictures: Pictures
) -> _ShownRegion:
    place = (region.page, region.index)
    verdicts = likeliest_first(verdict for verdict in result.verdicts if verdict.place == place)
    assigned = [verdict for verdict in verdicts if verdict.assigned]
    crop = pictures.embed(region.crop, longest=CROP_SIDE)
    clean = pictures.embed(region.clean, longest=CROP_SIDE)
    return _ShownRegion(
        region.index + 1,
        region,
        [_verdict(verdict, region, references, pictures) for verdict in assigned or verdicts],
        [verdict for verdict in verdicts if assigned and not verdict.assigned],
        crop,
        clean,
    )


def _verdict(
    verdict: VerdictResult, region: RegionResult, references: References, pictures: Pictures
) -> _ShownVerdict:
    likest = references.get((verdict.place, verdict.signer), ())
    overlays = (pictures.overlay(region.clean, row.picture, row.correspondence) for row in likest[:1])
    return _ShownVerdict(
        verdict,
        [
            _ShownReference(
                reference.number, reference.likeness, pictures.embed(reference.picture, longest=CROP_SIDE)
            )
            for reference in likest[:_REFERENCES]
        ],
        next(overlays, None),
        max(0, len(likest) - _REFERENCES),
    )


def _sentence(result: DocumentResult) -> str:
    """What went wrong, in words: the stored detail, or what the reason code stands for."""
    if not result.reason:
        return ""
    return result.detail or _MEANINGS.get(result.reason, "")


#: What reason codes stand for, as sentences.
_MEANINGS = {
    **{kind.code: f"{kind.code_meaning()}." for kind in errors.ServiceError.coded()},
    **{reason.value: f"{reason.meaning}." for reason in errors.EndReason},
}


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
