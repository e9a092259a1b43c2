"""Who of many enrolled signers wrote this, or nobody of them: a search as the product does it.

Enrolled are signers of every kind, three references each; asked about are further genuine signatures of the
real ones among them, and of people who are not enrolled. Synthetic signers fill the files and are never
asked about.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.common.console import Notice
from training.common.statistics import Estimate, ratio_estimate
from training.synthesis import strokes
from training.verifier import names, protocol, readers, sets
from training.verifier.library import Library
from training.verifier.readers import Drawn
from worker.vision.values import Embeddings

SIZES = (100, 1000)
#: Queries are reported apart by these; the cross-media set's are the latter.
KINDS = ("signatures", "prescribed names")
NAMES = "cross-media"
REFERENCES, QUERIES = 3, 3
#: Every fifth real person is never enrolled, under no name.
UNENROLLED_EVERY = 5
FILLER_SEED = 1_200_000


@dataclass(frozen=True)
class Search:
    """One size of the files and one kind of queries; rates are over those of enrolled people.

    Kinds are real signatures, and prescribed names, which several people on file wrote too.
    """

    enrolled: int
    kind: str
    composition: dict[str, int]
    queries: int
    unenrolled: int
    first: Estimate
    among_five: Estimate
    #: Found first, and taken for somebody by the shipped threshold.
    named: Estimate
    #: Queries of people who are not enrolled for whom the threshold let a name pass.
    false_alarms: Estimate
    #: First and named where one query in a hundred of the unenrolled is: by the best threshold in hindsight.
    named_at_one_percent: float
    milliseconds: float


@dataclass(frozen=True)
class _Person:
    """One signer: references to enrol, and queries to ask. `group` is the same for the names of one hand."""

    source: str
    group: str
    references: Embeddings
    queries: Embeddings

    @property
    def kind(self) -> str:
        return KINDS[self.source == NAMES]


def measure_identification(library: Library, *, notice: Notice) -> list[Search]:
    """Search among 100 and 1,000 enrolled signers."""
    notice("identification: who is enrolled")
    real = _real(library)
    rng = np.random.default_rng(1)
    order = [real[i] for i in rng.permutation(len(real))]
    apart = set(sorted({person.group for person in real})[::UNENROLLED_EVERY])
    unenrolled = [person for person in order if person.group in apart]
    known = [person for person in order if person.group not in apart]
    filler = _filler(library, max(SIZES) - len(known))
    searches = []
    for size in SIZES:
        notice(f"identification among {size}")
        enrolled = (known + filler)[:size]
        searches += [_search(library, enrolled, unenrolled, kind) for kind in KINDS]
    return searches


def _search(
    library: Library, enrolled: Sequence[_Person], unenrolled: Sequence[_Person], kind: str
) -> Search:
    verifier = library.models.verifier
    files = {str(number): person.references for number, person in enumerate(enrolled)}
    unenrolled = [person for person in unenrolled if person.kind == kind]
    started, asked = time.perf_counter(), 0

    def ask(query: npt.NDArray[np.float32]) -> list[tuple[str, float]]:
        return verifier.nearest(query, files, top=5)

    first, five, named, best = [], [], [], []
    for number, person in enumerate(enrolled):
        if person.kind != kind:
            continue
        answers = [ask(query) for query in person.queries]
        asked += len(answers)
        right = [one[0][0] == str(number) for one in answers]
        sure = [verifier.is_somebody(one[0][1], enrolled=len(files)) for one in answers]
        first.append(right)
        five.append([str(number) in dict(one) for one in answers])
        named.append([a and b for a, b in zip(right, sure, strict=True)])
        best += [(one[0][1], a) for one, a in zip(answers, right, strict=True)]
    alarms = [[ask(query)[0][1] for query in person.queries] for person in unenrolled]
    asked += sum(map(len, alarms))
    seconds = time.perf_counter() - started
    wrong = [[verifier.is_somebody(one, enrolled=len(files)) for one in own] for own in alarms]
    level = float(np.quantile(np.concatenate([np.array(own) for own in alarms]), 0.99))
    return Search(
        enrolled=len(files),
        kind=kind,
        composition={source: sum(p.source == source for p in enrolled) for source in _sources(enrolled)},
        queries=len(best),
        unenrolled=sum(map(len, alarms)),
        first=_rate(first),
        among_five=_rate(five),
        named=_rate(named),
        false_alarms=_rate(wrong),
        named_at_one_percent=float(np.mean([right and likelihood > level for likelihood, right in best])),
        milliseconds=1000 * seconds / asked,
    )


def _rate(answers: Sequence[Sequence[bool]]) -> Estimate:
    """The share of queries, with an interval over people."""
    asked = [person for person in answers if len(person)]
    return ratio_estimate([float(sum(person)) for person in asked], [float(len(person)) for person in asked])


def _sources(people: Sequence[_Person]) -> list[str]:
    return sorted({person.source for person in people})


def _real(library: Library) -> list[_Person]:
    """BHSig test, CEDAR, held-out tablet signers, and held-out volunteers with each of their names."""
    people = []
    for read in (sets.test, sets.cedar, sets.online_validation):
        scored = library.of(read)
        gallery = scored.gallery
        for writer in np.unique(gallery.writers):
            rows = np.flatnonzero((gallery.writers == writer) & gallery.genuine)
            people.append(_person(gallery.source, f"{gallery.source}/{writer}", scored.embeddings[rows]))
    written = names.read_writings(library.data / "verification" / "crossmedia_cn")
    embeddings = library.models.encoder.encode(written.images)
    for volunteer in np.unique(written.volunteers):
        for prompt in np.unique(written.prompts):
            rows = np.flatnonzero((written.volunteers == volunteer) & (written.prompts == prompt))
            people.append(_person(NAMES, f"{NAMES}/{volunteer}", embeddings[rows]))
    return people


def _filler(library: Library, count: int) -> list[_Person]:
    """Synthetic signers, to be searched and never asked about."""
    images = []
    for seed in range(FILLER_SEED, FILLER_SEED + count):
        hand, rng = strokes.InventedSigner.from_seed(seed), np.random.default_rng([seed, 1])
        for _ in range(REFERENCES):
            traces = [trace[:, :2] for trace in strokes.sign(hand, rng).traces]
            images.append(protocol.normal(Drawn(readers.on_canvas(traces))))
    embeddings = library.models.encoder.encode(images).reshape(count, REFERENCES, -1)
    return [_Person("invented", "", references, references[:0]) for references in embeddings]


def _person(source: str, group: str, genuine: Embeddings) -> _Person:
    return _Person(source, group, genuine[:REFERENCES], genuine[REFERENCES : REFERENCES + QUERIES])
