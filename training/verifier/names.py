"""The same name by different people: nobody imitates anybody, and what is written does not tell who wrote it.

The cross-media set's held-out volunteers wrote ten prescribed names on paper, a tablet, and a phone in hand
and on a table. Every volunteer's own writings of a name meet others' writings of that very name, and of
another name.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.common.console import Notice
from training.common.pixels import decoded_grey
from training.common.statistics import ErrorCurves, Estimate, equal_error_rate
from training.verifier import metrics, protocol, sets
from training.verifier.evaluate import Against, VerdictShares, against, verdict_shares
from training.verifier.library import Library
from training.verifier.metrics import Trials
from training.verifier.protocol import Pairs
from worker.vision.crops import normalise
from worker.vision.values import Embeddings, Grey, Normal
from worker.vision.verification.calibration import Calibration
from worker.vision.verification.embedding import STEADINESS

MEDIA = ("paper", "tablet", "phone in hand", "phone on table")
COUNTS = (1, 3)


@dataclass(frozen=True)
class Writings:
    """All writings: whose, which name, on what (a number of MEDIA)."""

    images: list[Normal]
    volunteers: npt.NDArray[np.int64]
    prompts: npt.NDArray[np.int64]
    media: npt.NDArray[np.int64]


@dataclass(frozen=True)
class NameFigures:
    """One number of references, all of one volunteer and name, each on another medium."""

    references: int
    same_name: Against
    other_name: Against
    own_said: VerdictShares
    same_name_said: VerdictShares
    other_name_said: VerdictShares


@dataclass(frozen=True)
class SameName:
    """Figures by number of references; `media` is EER on the same name by media of reference and query."""

    volunteers: int
    writings: int
    figures: list[NameFigures]
    media: dict[str, dict[str, float]]
    across_media: Estimate


def measure_same_names(library: Library, *, notice: Notice) -> SameName:
    """Measure on the volunteers that never train."""
    notice("the same name by others")
    written = read_writings(library.data / "verification" / "crossmedia_cn")
    embeddings = library.models.encoder.encode(written.images)
    scores = _scores(written, embeddings, library)
    steadiness = embeddings[:, STEADINESS].astype(np.float64)
    calibration = library.models.calibration
    tried = {count: _trials(written, scores, steadiness, calibration, count) for count in COUNTS}
    across = metrics.estimates(tried[1], "skilled", [ErrorCurves.equal_error])[0]
    return SameName(
        volunteers=len(np.unique(written.volunteers)),
        writings=len(written.images),
        figures=[_figures(trials, calibration, count) for count, trials in tried.items()],
        media=_by_media(written, scores),
        across_media=across,
    )


def read_writings(folder: Path) -> Writings:
    """The writings of the held-out volunteers."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if int(row["volunteer"]) > sets.LAST_TRAINING_VOLUNTEER]
    with zipfile.ZipFile(folder / "images.zip") as images:
        normals = [normalise(_padded(decoded_grey(images.read(row["file"])))) for row in rows]
    columns = [[int(row[name]) for row in rows] for name in ("volunteer", "name_prompt", "index")]
    volunteers, prompts, index = (np.array(column) for column in columns)
    return Writings(normals, volunteers, prompts, (index - 1) // 10)


def _padded(image: Grey) -> Grey:
    """Some paper around, for these images end where the ink does."""
    return np.asarray(cv2.copyMakeBorder(image, 8, 8, 8, 8, cv2.BORDER_CONSTANT, value=255), np.uint8)


def _scores(written: Writings, embeddings: Embeddings, library: Library) -> Pairs:
    """Logits of every writing against those of the same name, and of the next name by the next volunteer."""
    table = np.full((len(embeddings), len(embeddings)), np.nan)
    for volunteer, prompt in _signers(written):
        references = np.flatnonzero((written.volunteers == volunteer) & (written.prompts == prompt))
        others = _other_names(written, volunteer, prompt)
        for row in (*np.flatnonzero(written.prompts == prompt), *others):
            table[row, references] = library.models.matcher.logits(embeddings[row], embeddings[references])
    return table


def _signers(written: Writings) -> list[tuple[int, int]]:
    return sorted(set(zip(written.volunteers.tolist(), written.prompts.tolist(), strict=True)))


def _other_names(written: Writings, volunteer: int, prompt: int) -> npt.NDArray[np.int64]:
    """One writing of another name by each other volunteer, on changing media."""
    other = prompt % 10 + 1
    number = written.volunteers
    wanted = (written.prompts == other) & (number != volunteer) & (written.media == number % len(MEDIA))
    return np.flatnonzero(wanted)


def _trials(
    written: Writings, scores: Pairs, steadiness: Pairs, calibration: Calibration, count: int
) -> list[Trials]:
    """By volunteer; every choice of `count` of the media serves as references in turn."""
    score = protocol.llr(calibration, count)
    by_volunteer: dict[int, list[tuple[Pairs, Pairs, Pairs]]] = {}
    for volunteer, prompt in _signers(written):
        own_rows = np.flatnonzero((written.volunteers == volunteer) & (written.prompts == prompt))
        same = np.flatnonzero((written.volunteers != volunteer) & (written.prompts == prompt))
        others = _other_names(written, volunteer, prompt)
        for first in range(len(own_rows)):
            order = np.roll(own_rows, -first)
            references, queries = order[:count], order[count:]
            traits = protocol.traits(scores[np.ix_(references, references)], steadiness[references])
            kinds = [score(scores[np.ix_(kind, references)], traits) for kind in (queries, same, others)]
            by_volunteer.setdefault(volunteer, []).append((kinds[0], kinds[1], kinds[2]))
    return [
        Trials(*(np.concatenate(kind) for kind in zip(*parts, strict=True)))
        for parts in by_volunteer.values()
    ]


def _figures(trials: Sequence[Trials], calibration: Calibration, count: int) -> NameFigures:
    fitted = calibration.fit_for(count)
    return NameFigures(
        references=count,
        same_name=against(trials, "skilled"),
        other_name=against(trials, "random"),
        own_said=verdict_shares(trials, "genuine", fitted),
        same_name_said=verdict_shares(trials, "skilled", fitted),
        other_name_said=verdict_shares(trials, "random", fitted),
    )


def _by_media(written: Writings, scores: Pairs) -> dict[str, dict[str, float]]:
    """EER of one's own against others' writings of the same name: reference's medium, then query's."""
    same_name = written.prompts[:, None] == written.prompts[None, :]
    same_hand = written.volunteers[:, None] == written.volunteers[None, :]
    table: dict[str, dict[str, float]] = {}
    for row, reference in enumerate(MEDIA):
        for column, query in enumerate(MEDIA):
            if row == column:
                continue
            pair = same_name & (written.media == column)[:, None] & (written.media == row)[None, :]
            rate = equal_error_rate(scores[pair & same_hand], scores[pair & ~same_hand])
            table.setdefault(reference, {})[query] = rate
    return table
