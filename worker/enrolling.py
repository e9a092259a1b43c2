"""References put on file in a database and its store, with the models of this process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from worker import connections
from worker.result import EnrolmentResult
from worker.steps.ports import Renderer, VerifyDeps
from worker.steps.references import Enrolled, enroll_reference, judge
from worker.wiring import NoPublisher, Runner, make_runner, render_deps, verify_deps

__all__ = ["Enrolled", "Enroller", "make_enroller", "open_enroller"]


@dataclass(frozen=True)
class Enroller:
    """Where references are kept, and what reads and compares them."""

    deps: VerifyDeps
    renderer: Renderer

    def enroll(self, signer: str, name: str, data: bytes, *, who: str | None = None) -> Enrolled:
        """Put one image on file; the same bytes twice count once. UnusableReference, naming the image."""
        return enroll_reference(signer, name, data, deps=self.deps, renderer=self.renderer, who=who)

    def judge(self, signer: str) -> EnrolmentResult:
        """How all references of the signer stand, judged by each other."""
        return judge(signer, self.deps)


def make_enroller(runner: Runner) -> Enroller:
    """An enroller that shares this runner's models, and loads those that are not loaded yet."""
    return Enroller(runner.deps_for(verify_deps), runner.deps_for(render_deps).renderer)


@cache
def open_enroller() -> Enroller:
    """This process's enroller, on the configured database and store; loads the models on the first call."""
    return make_enroller(make_runner(connections.sessions(), connections.store(), NoPublisher()))
