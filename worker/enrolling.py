"""References put on file in a database and its store, with the models of this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from worker import connections, engines
from worker.errors import UnusableReference
from worker.result import EnrolmentResult
from worker.settings import Detection
from worker.single_signature import SignatureReader
from worker.steps.ports import Renderer, VerifyDeps
from worker.steps.references import Enrolled, enroll_reference, judge
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

    def enroll(self, signer: str, name: str, data: bytes, *, who: str | None = None) -> Enrolled:
        """Put the signatures of one image on file; the same bytes twice count once.

        Light ink on dark is inverted, a card is cut into its specimens, and the one signature of a page is
        cut out: the answer is that of the first, and `note` says so. UnusableReference, naming the image.
        """
        enrolled: list[Enrolled] = []
        refused: UnusableReference | None = None
        for signature in SignatureReader(self.renderer, self.build_detector).specimens(name, data):
            given = data if signature.note is None else signature.data
            try:
                kept = enroll_reference(signer, name, given, signature, deps=self.deps, who=who)
            except UnusableReference as error:
                refused = error
            else:
                enrolled.append(replace(kept, note=signature.note))
        if refused is not None and not enrolled:
            raise refused
        return replace(enrolled[0], new=any(one.new for one in enrolled))

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


@cache
def open_enroller() -> Enroller:
    """This process's enroller, on the configured database and store; loads the models on the first call."""
    return make_enroller(make_runner(connections.sessions(), connections.store(), NoPublisher()))
