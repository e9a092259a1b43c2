"""Builds what the stages need and runs them; the queued and the embedded form share it. Loads the models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pkgutil import resolve_name
from threading import RLock
from typing import TypeVar, cast

from db.engine import Sessions
from db.states import StageName
from worker import connections, engines
from worker.pipeline import PIPELINE, QueueMessage
from worker.rendering.renderer import SandboxRenderer
from worker.rules.reading import Rules, read_folder
from worker.settings import Attempts, Detection, Reading, Verification
from worker.slots.anchors import slots_version
from worker.slots.page import Means
from worker.slots.template_files import read_template_folder
from worker.slots.templates import Templates, load_templates
from worker.steps.ports import Deps, DetectDeps, Publisher, RenderDeps, SlotsDeps, VerifyDeps
from worker.storage.port import Store
from worker.vision.reading import load_line_reader, reader_version


@dataclass(frozen=True)
class StageSettings:
    """The settings by which stages decide; from the environment where they are not given."""

    reading: Reading = field(default_factory=Reading)
    detection: Detection = field(default_factory=Detection)
    verification: Verification = field(default_factory=Verification)
    #: Documents that this process may render at once.
    renderers: int = 1


Built = TypeVar("Built", bound=Deps)
Build = Callable[[Deps, StageSettings], Built]


def base_deps(base: Deps, settings: StageSettings) -> Deps:
    """What a stage needs that needs nothing of its own."""
    return base


def render_deps(base: Deps, settings: StageSettings) -> RenderDeps:
    """What render needs."""
    renderer = SandboxRenderer(settings.reading, size=settings.renderers)
    return RenderDeps(**vars(base), renderer=renderer, reading=settings.reading)


def detect_deps(base: Deps, settings: StageSettings) -> DetectDeps:
    """What detect needs; loads the detector."""
    return DetectDeps(**vars(base), detector=engines.build_detector(settings.detection))


def verify_deps(base: Deps, settings: StageSettings) -> VerifyDeps:
    """What verify needs; loads cleaner and verifier."""
    cleaner, verifier = (
        engines.build_cleaner(settings.verification),
        engines.build_verifier(settings.verification),
    )
    return VerifyDeps(**vars(base), cleaner=cleaner, verifier=verifier)


def slots_deps(base: Deps, settings: StageSettings) -> SlotsDeps:
    """What slots need; loads the reader where scans are to be read, and the templates."""
    reading = settings.reading
    reader = load_line_reader() if reading.reads_scans else None
    templates = Templates() if reading.templates_folder is None else load_templates(reading.templates_folder)
    return SlotsDeps(**vars(base), means=Means(reader, templates))


class NoPublisher:
    """Sends nothing: for those who walk the rows themselves, or have none to send."""

    def send(self, message: QueueMessage) -> None:
        """Nothing to send."""


class Runner:
    """Runs the stages of one process. What a stage needs is built once, when it is first asked for."""

    def __init__(self, base: Deps, settings: StageSettings) -> None:
        self.base = base
        self._settings = settings
        self._built: dict[Callable[..., Deps], Deps] = {}
        self._lock = RLock()

    def deps_for(self, build: Build[Built]) -> Built:
        """What this function builds; all that name the same function share it. Safe for threads."""
        with self._lock:
            if build not in self._built:
                self._built[build] = build(self.base, self._settings)
            return cast("Built", self._built[build])

    def run(self, name: StageName, row_id: int) -> bool:
        """One attempt at a stage of a row; False when there was nothing to do."""
        stage = PIPELINE[name]
        step: Callable[[int, Deps], bool] = resolve_name(stage.step)
        return step(row_id, self.deps_for(resolve_name(stage.needs)))

    def close(self) -> None:
        """End the renderer's processes, where there are any; nothing is rendered afterwards."""
        with self._lock:
            rendering = self._built.get(render_deps)
        if isinstance(rendering, RenderDeps):
            rendering.renderer.close()

    def prepare(self) -> None:
        """Build what all stages need now. WeightsError when a file is not what the catalogue names."""
        for stage in PIPELINE:
            self.deps_for(resolve_name(stage.needs))


def make_runner(
    sessions: Sessions, store: Store, publisher: Publisher, settings: StageSettings | None = None
) -> Runner:
    """A runner on this database, store and way onto the queues."""
    settings = settings or StageSettings()
    versions = engines.result_versions(settings.detection, settings.verification)
    slots = settings.reading.finds_slots
    rules = _rules(settings.reading) if slots else []
    if slots:
        versions |= {"slots": slots_version(), "rules": {one.file.type: one.sha256 for one in rules}}
        versions |= _template_versions(settings.reading)
    if settings.reading.reads_scans:
        versions |= {"reader": reader_version()}
    base = Deps(sessions, store, publisher, Attempts(), versions, slots=slots, rules=rules)
    return Runner(base, settings)


def _template_versions(reading: Reading) -> dict[str, object]:
    """The digests of the templates by name, where there are any."""
    if reading.templates_folder is None:
        return {}
    templates = read_template_folder(reading.templates_folder)
    return {"templates": {known.file.name: known.sha256 for known in templates}}


def _rules(reading: Reading) -> list[Rules]:
    return [] if reading.rules_folder is None else read_folder(reading.rules_folder)


@cache
def runner() -> Runner:
    """The runner of this worker, on the configured servers."""
    return make_runner(connections.sessions(), connections.store(), connections.publisher())
