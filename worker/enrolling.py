"""References of the queued form: put on file in its database and store, with the models of this process."""

from __future__ import annotations

from dataclasses import dataclass

from worker import wiring
from worker.result import EnrolmentResult
from worker.steps.ports import Renderer, VerifyDeps
from worker.steps.references import Enrolled, enroll_reference, judge

__all__ = ["Enrolled", "Enroller", "open_enroller"]


@dataclass(frozen=True)
class Enroller:
    """Where references are kept, and what reads and compares them."""

    deps: VerifyDeps
    renderer: Renderer

    def enroll(self, signer: str, name: str, data: bytes) -> Enrolled:
        """Put one image on file. UnusableReference when it cannot be used."""
        return enroll_reference(signer, name, data, deps=self.deps, renderer=self.renderer)

    def judge(self, signer: str) -> EnrolmentResult:
        """How all references of the signer stand."""
        return judge(signer, self.deps)


def open_enroller() -> Enroller:
    """The one of this process; loads the models on the first call."""
    runner = wiring.runner()
    return Enroller(runner.needs(wiring.verify_deps), runner.needs(wiring.render_deps).renderer)
