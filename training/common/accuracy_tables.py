"""Which figures stand in which table of docs/accuracy.md and of the model cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from worker.vision.detection.roles import min_role_probability
from worker.vision.weights import entry


@dataclass(frozen=True, slots=True)
class Column:
    """A measure in the figures' words, `{at}` being the row's.

    `set` is another set than the row's. `count` shows how many things the figure is over instead. An
    `optional` cell may stay empty where another of its row is not.
    """

    heading: str
    measure: str
    set: str = ""
    count: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The words in front, and what the row's figures are called by."""

    cells: tuple[str, ...]
    model: str
    set: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Heads of the words in front, then the columns."""

    heads: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


#: The two sizes and their default thresholds.
_SIZES = tuple(
    (size, model, f"{entry(model).parameters['min_score']:.2f}")
    for size, model in (("fast", "detector"), ("accurate", "detector-accurate"))
)
_OTHER_THRESHOLDS = ("0.20", "0.30", "0.40", "0.50", "0.60", "0.70")
_REFERENCES = (("1", "1 reference"), ("3", "3 references"), ("5", "5 references"))


def _sizes(title: str, source: str) -> tuple[Row, ...]:
    return tuple(Row((title, size), model, source, at) for size, model, at in _SIZES)


def _references(title: str, source: str) -> tuple[Row, ...]:
    return tuple(Row((title, count), "verifier", source, at) for count, at in _REFERENCES)


_SIGNED = (
    Column("signed pages", "signed pages found at {at}", count=True, optional=True),
    Column("found", "signed pages found at {at}", optional=True),
    Column("signed by initials only, found", "pages signed by initials only, found at {at}", optional=True),
    Column("marks that sign, found", "marks that sign, found at {at}", optional=True),
    Column("unsigned pages", "unsigned pages called signed at {at}", count=True, optional=True),
    Column("called signed", "unsigned pages called signed at {at}", optional=True),
)

#: The sets that are left out in turn, worst first.
_LEFT_OUT = (
    ("SigComp2011 Dutch, 32 writers", "SigComp2011 Dutch"),
    ("CEDAR, 55 writers", "CEDAR"),
    ("SUSIG and SVC2004 tablets, 23 writers", "online held out"),
    ("MCYT-100 tablets, 30 writers", "MCYT-100"),
    ("BHSig260-Hindi test, 40 writers", "BHSig260-Hindi test"),
)
_VERDICTS = tuple(row for title, source in _LEFT_OUT for row in _references(title, source))

#: Pages whose signers are claimed, and who wrote the signature: what errs most stands first.
_CLAIMED_PAGES = (
    ("letters, held out", "letters, held out"),
    ("letters, seen by the detector", "letters, seen by the detector"),
    ("drawn, BHSig260-Hindi test", "BHSig260-Hindi test on drawn pages"),
    ("drawn, MCYT-100", "MCYT-100 on drawn pages"),
)
_WRITERS = ("skilled forgeries", "the signer's", "somebody else's")

_MEMOS, _TOWN, _HOME = "memos", "modern_town", "hlx8j test-419"

#: The probability from which a mark signs.
_SIGNS = f"{min_role_probability():.2f}"

_UNUSUAL = "unusual pages"
#: Kinds of signatures that are there, and of marks that are none, worst first.
_UNUSUAL_KINDS = (
    "thumb print",
    "X mark",
    "sheet of A2 to A0",
    "typed electronic signature",
    "vertical on an upright page",
    "light on dark",
    "8 to 15 mm wide",
    "under or touching a round stamp",
    "receipt of 0.5 to 1.2 m",
    "under or touching an oblong stamp",
    "slip of A6 on A4",
    "askew by 7°",
    "askew by 12°",
    "negative page",
)
_LOOKALIKES = (
    "plots",
    "a signed back that shows through, mirrored",
    "logos",
    "large digits",
    "a line through an empty place to sign",
    "broken lines",
)

TABLES: Mapping[str, Table] = {
    "roles": Table(
        ("source", "part in training"),
        _SIGNED,
        (
            Row(
                ("letters, memos and forms, 1950–95", "cross-validated"),
                "roles",
                "memos, cross-validated",
                _SIGNS,
            ),
            Row(("papers of a town, 1974–2024", "left out"), "roles", _TOWN, _SIGNS),
            Row(("letters, Tobacco800", "other documents"), "roles", "Tobacco800 test", _SIGNS),
            Row(("grant agreements", "none"), "roles", "grant agreements", _SIGNS),
            Row(("contracts without ink", "none"), "roles", "contracts_unsigned", _SIGNS),
            Row(("flagged as unsigned", "cross-validated"), "roles", "unsigned, cross-validated", _SIGNS),
        ),
    ),
    "role-quality": Table(
        ("source",),
        (
            Column("marks", "AUC of the role", count=True),
            Column("area under the curve", "AUC of the role"),
            Column("calibration error", "calibration error"),
        ),
        (
            Row(("papers of a town, 1974–2024: no part in training",), "roles", _TOWN),
            Row(("letters, memos and forms, 1950–95: cross-validated",), "roles", "memos"),
        ),
    ),
    "role-budgets": Table(
        ("source", "unsigned pages called signed, at most"),
        (
            Column("signed pages found", "signed pages found at {at} false alarms"),
            Column(
                "signed by initials only, found",
                "pages signed by initials only, found at {at} false alarms",
                optional=True,
            ),
        ),
        tuple(
            Row((title, at), "roles", source, at)
            for title, source, at in (
                ("letters, memos and forms, 1950–95: cross-validated", _MEMOS, "2 %"),
                ("letters, memos and forms, 1950–95: cross-validated", _MEMOS, "5 %"),
                ("papers of a town, 1974–2024: no part in training", _TOWN, "2 %"),
                ("papers of a town, 1974–2024: no part in training", _TOWN, "3 %"),
            )
        ),
    ),
    "role-choice": Table(
        ("chosen by",),
        (
            Column("signed pages found at 2 %", "signed pages found at 2 % false alarms"),
            Column("at 5 %", "signed pages found at 5 % false alarms"),
            Column(
                "signed by initials only, at 5 %", "pages signed by initials only, found at 5 % false alarms"
            ),
            Column("area under the curve", "AUC of the role"),
        ),
        tuple(Row((by,), "roles", f"{_MEMOS}, chosen by {by}") for by in ("other folds", "other sources")),
    ),
    "role-conditions": Table(
        ("drawn pages",),
        (
            Column("signatures", "signatures found, {at}", count=True),
            Column("found by a region that signs", "signatures found, {at}"),
        ),
        tuple(
            Row((at,), "roles", "drawn pages", at)
            for at in ("photographed", "askew by 10°", "askew by 6°", "200 dpi, colour")
        ),
    ),
    "unusual": Table(
        ("drawn pages on which a signature is",),
        (
            Column("signatures", "signatures found, {at}", count=True),
            Column("found by a region that signs", "signatures found, {at}"),
        ),
        tuple(Row((at,), "roles", _UNUSUAL, at) for at in _UNUSUAL_KINDS),
    ),
    "lookalikes": Table(
        ("drawn pages that nobody signed",),
        (
            Column("pages", "pages called signed, {at}", count=True),
            Column("called signed", "pages called signed, {at}"),
        ),
        tuple(Row((at,), "roles", _UNUSUAL, at) for at in _LOOKALIKES),
    ),
    "signed-pages": Table(
        ("source", "size"),
        _SIGNED,
        (
            *_sizes("letters, memos and forms, 1950–95, 1-bit", _MEMOS),
            *_sizes("papers of a town, 1974–2024, grey and colour", _TOWN),
        ),
    ),
    "independent": Table(
        ("source",),
        _SIGNED,
        (
            Row(("letters, memos and forms, other files",), "detector", "memos, other half", "0.50"),
            Row(("papers of another town, signatures over name stamps",), "detector", "another town", "0.50"),
            Row(("grant agreements",), "detector", "grant agreements", "0.50"),
            Row(("photographs of pen on paper",), "detector", "photographs", "0.50"),
        ),
    ),
    "thresholds": Table(
        ("threshold",),
        (
            Column("memos: signed found", "signed pages found at {at}"),
            Column("by initials only", "pages signed by initials only, found at {at}"),
            Column("unsigned called signed", "unsigned pages called signed at {at}"),
            Column("town: signed found", "signed pages found at {at}", set=_TOWN),
            Column("unsigned called signed", "unsigned pages called signed at {at}", set=_TOWN),
            Column("home: recall", "rescored recall at {at}", set=_HOME),
            Column(
                "unsigned called signed", "rescored pages called signed at {at}", set="unsigned, held out"
            ),
        ),
        tuple(Row((at,), "detector", _MEMOS, at) for at in _OTHER_THRESHOLDS),
    ),
    "home": Table(
        ("pages", "size"),
        (
            Column("signatures", "recall at {at}", count=True),
            Column("recall", "recall at {at}"),
            Column("precision", "precision at {at}"),
            Column("mAP50", "mAP50"),
            Column("mAP50-95", "mAP50-95"),
        ),
        (
            *_sizes("colour and grey pages, Roboflow 100 test", "colour test, signature"),
            *_sizes("five modern signed PDFs", "documents, signature"),
            *_sizes("hlx8j test, 419 squares", _HOME),
            *_sizes("hlx8j test without leaks, 397 squares", "hlx8j test-397"),
            *_sizes("Tobacco800, whole pages of that test set", "Tobacco800 test"),
        ),
    ),
    "verdicts": Table(
        ("set left out", "references"),
        (
            Column("wrong where decided", "wrong where decided, {at}"),
            Column("decided", "decided, {at}"),
            Column("genuine called forged", "genuine called forged, {at}"),
            Column("forged called genuine", "forged called genuine, {at}"),
            Column("skilled EER", "skilled EER, {at}"),
            Column("random EER", "random EER, {at}"),
        ),
        _VERDICTS,
    ),
    "words": Table(
        ("set left out", "references"),
        (
            Column("*high*", "high, {at}"),
            Column("wrong among *high*", "wrong among high, {at}", optional=True),
            Column("wrong among *medium*", "wrong among medium, {at}", optional=True),
            Column("wrong among *low*", "wrong among low, {at}", optional=True),
            Column("calibration error", "ECE, {at}"),
            Column("bits lost to calibration", "Cllr lost to calibration, {at}"),
        ),
        _VERDICTS,
    ),
    "query-only": Table(
        ("set left out",),
        (Column("EER without any reference", "query-only EER"),),
        tuple(Row((title,), "verifier", source) for title, source in _LEFT_OUT),
    ),
    "outlook": Table(
        ("writers", "references", "then"),
        (
            Column("inconclusive at first", "decided, {at}", count=True),
            Column("then decided", "decided, {at}"),
            Column("wrong of these", "wrong of these, {at}"),
        ),
        tuple(
            Row((title, few, more), "outlook", source, f"{few} to {more} references")
            for title, source in (_LEFT_OUT[3], _LEFT_OUT[2], _LEFT_OUT[4])
            for few, more in (("1", "3"), ("3", "5"), ("5", "10"))
        ),
    ),
    "claims": Table(
        ("pages", "references"),
        (
            Column("claims", "right, {at}", count=True),
            Column("answered right", "right, {at}"),
            Column("wrong", "wrong, {at}"),
            Column("wrong where decided", "wrong where decided, {at}", optional=True),
            Column("wrong among *high*", "wrong among high, {at}", optional=True),
            Column("leaning right", "leaning right, {at}"),
        ),
        tuple(
            Row((title, count), "claims", source, at)
            for title, source in _CLAIMED_PAGES
            for count, at in _REFERENCES[:2]
        ),
    ),
    "claim-answers": Table(
        ("pages", "signature", "references"),
        (
            Column("claims", "answered genuine, {at}", count=True),
            *(
                Column(f"*{word.replace(' ', '_')}*", f"answered {word}, {{at}}")
                for word in ("genuine", "inconclusive", "forged", "not found")
            ),
        ),
        tuple(
            Row((title, wrote, count), "claims", source, f"{wrote}, {at}")
            for title, source in _CLAIMED_PAGES
            for wrote in _WRITERS
            for count, at in _REFERENCES[:2]
            if "letters" not in source or wrote != _WRITERS[0]
        ),
    ),
    "another-laboratory": Table(
        ("set", "references"),
        (
            Column("wrong where decided", "wrong where decided, {at}"),
            Column("decided", "decided, {at}"),
            Column("genuine called forged", "genuine called forged, {at}"),
            Column("forged called genuine", "forged called genuine, {at}"),
            Column("wrong among *high*", "wrong among high, {at}"),
            Column("skilled EER", "skilled EER, {at}"),
        ),
        _references("another laboratory's set, 12 writers", "another laboratory")[:2],
    ),
    "skilled-eer": Table(
        ("set",),
        (
            Column("1 reference", "skilled EER, 1 reference"),
            Column("5 references", "skilled EER, 5 references"),
        ),
        (
            Row(
                ("SigComp2011 Dutch, 32 writers; by an encoder without them",),
                "verifier",
                "SigComp2011 Dutch",
            ),
            Row(("MCYT-100 tablets, 30 writers; never trained on",), "verifier", "MCYT-100"),
            Row(("CEDAR, 55 writers; by an encoder without them",), "verifier", "CEDAR"),
            Row(("BHSig260-Hindi, 40 writers; others were trained on",), "verifier", "BHSig260-Hindi test"),
        ),
    ),
    "labels": Table(
        ("pages", "label"),
        (
            Column("marks", "recall at the default", count=True),
            Column("recall", "recall at the default"),
            Column("precision", "precision at the default"),
        ),
        (
            Row(("five modern signed PDFs", "initials"), "detector", "documents, initials"),
            Row(("five modern signed PDFs", "handwritten date"), "detector", "documents, handwritten_date"),
            Row(("synthetic pages", "initials"), "detector", "drawn, initials"),
            Row(("synthetic pages", "handwritten date"), "detector", "drawn, handwritten_date"),
            Row(("synthetic pages", "handwriting"), "detector", "drawn, handwriting"),
            Row(("synthetic pages", "redaction"), "detector", "drawn, redaction"),
        ),
    ),
    "cleaner": Table(
        ("set", "cleaner"),
        (
            Column("dirty crops: skilled EER", "skilled EER, dirty"),
            Column("random EER", "random EER, dirty"),
            Column("clean crops: skilled EER", "skilled EER, clean", optional=True),
        ),
        tuple(
            Row((title, words), "cleaner", f"{title}, {name}")
            for title in ("BHSig260-Hindi test", "CEDAR")
            for name, words in (("off", "off"), ("auto", "default"), ("perfect", "ideal: knows the strokes"))
        ),
    ),
    "copies": Table(
        ("what", "of"),
        (Column("rate", "{at}"), Column("of how many", "{at}", count=True)),
        (
            Row(
                ("flagged, but not the same ink", "pairs of genuine signatures"),
                "copies",
                "all",
                "false alarms",
            ),
            Row(("noticed", "signatures scanned again"), "copies", "scanned again", "found"),
            Row(("noticed", "printed or scanned in any way tried"), "copies", "anything", "found"),
            Row(("noticed", "1 bit, thin strokes"), "copies", "1 bit, thin", "found"),
        ),
    ),
    "conditions": Table(
        ("pages", "condition"),
        (Column("fast: recall", "recall at 0.50"), Column("precision", "precision at 0.50")),
        (
            Row(("scanned", "as they are"), "detector", "scanned, as it is, 150–300 dpi, 1-bit"),
            Row(("scanned", "askew by 3°"), "detector", "scanned, askew by 3°"),
            Row(("scanned", "turned by 90°"), "detector", "scanned, turned by 90°"),
            Row(("synthetic", "askew by 3°"), "detector", "drawn, askew by 3°"),
            Row(("synthetic", "askew by 6°"), "detector", "drawn, askew by 6°"),
        ),
    ),
}
