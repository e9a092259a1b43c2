"""References put on file in a database and its store, with the models of this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from db.engine import Sessions
from worker import engines
from worker.admission import Admission
from worker.errors import UnusableReference
from worker.result import EnrolmentResult
from worker.settings import Detection
from worker.single_signature import SignatureReader, SingleSignature
from worker.steps.ports import Renderer, VerifyDeps
from worker.steps.references import Enrolled, enroll_reference, judge
from worker.storage.port import Store
from worker.vision.choices import MIN_REFERENCE_GRADE
from worker.vision.detection.detector import Detector
from worker.wiring import NoPublisher, Runner, detect_deps, make_runner, render_deps, verify_deps

__all__ = ["Enrolled", "Enroller", "make_enroller", "open_enroller"]


@dataclass(frozen=True)
class Enroller:
    """Where references are kept, and what reads and compares them."""

    deps: VerifyDeps
    renderer: Renderer
    #: Loads what finds the signatures on a page or a card, when one is given.
    build_detector: Callable[[], Detector] = lambda: engines.build_detector(Detection())

    def enroll(
        self,
        signer: str,
        name: str,
        data: bytes,
        *,
        who: str | None = None,
        admission: Admission = Admission.GIVEN,
    ) -> Enrolled:
        """Put the signatures of one image on file; the same bytes twice count once.

        Light ink on dark is inverted, a card is cut into its specimens, and the one signature of a page is
        cut out: the answer is that of the first, and `note` says so. UnusableReference, naming the image.
        """
        enrolled: list[Enrolled] = []
        refused: UnusableReference | None = None
        for signature in self._signatures(name, data, admission):
            given = data if signature.note is None else signature.data
            try:
                kept = enroll_reference(
                    signer,
                    name,
                    given,
                    signature,
                    deps=self.deps,
                    who=who,
                    min_grade=MIN_REFERENCE_GRADE if admission is Admission.GOOD else 0.0,
                )
            except UnusableReference as error:
                refused = error
            else:
                enrolled.append(replace(kept, note=signature.note))
        if refused is not None and not enrolled:
            raise refused
        digests = tuple(digest for one in enrolled for digest in one.digests)
        return replace(enrolled[0], new=any(one.new for one in enrolled), digests=digests)

    def _signatures(self, name: str, data: bytes, admission: Admission) -> list[SingleSignature]:
        reader = SignatureReader(self.renderer, self.build_detector)
        signatures = reader.specimens(name, data, several=admission is Admission.FORCED)
        if admission is Admission.GOOD and len(signatures) > 1:
            reason = f"it shows {len(signatures)} signatures; it is put on file when that is forced"
            raise UnusableReference(name, reason)
        return signatures

    def judge(self, signer: str) -> EnrolmentResult:
        """How all references of the signer stand, judged by each other."""
        return judge(signer, self.deps)


def make_enroller(runner: Runner) -> Enroller:
    """An enroller that shares this runner's models, and loads those that are not loaded yet."""
    return Enroller(
        runner.deps_for(verify_deps),
        runner.deps_for(render_deps).renderer,
        lambda: runner.deps_for(detect_deps).detector,
    )


def open_enroller(sessions: Sessions, store: Store) -> Enroller:
    """An enroller of its own on a database and store; loads each model when it is first needed."""
    return make_enroller(make_runner(sessions, store, NoPublisher()))
