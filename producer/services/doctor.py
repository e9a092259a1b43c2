"""What the doctor looks at. A check never raises: what it finds, and what to do, is its answer."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from db.engine import make_engine, make_sessions
from db.migrate import pending
from db.progress import StageCounts
from producer.extras import EXTRAS
from producer.services.status import STANDSTILL, stages_at_a_standstill, stages_with_work
from producer.sources import configured_source
from worker import connections
from worker.connections import existing
from worker.errors import WrongUse
from worker.exits import field_problems, install_command
from worker.result import DoctorFinding
from worker.settings import Broker, Database, Detection, Intake, Storage
from worker.vision.weights import load_catalogue, verified_path

Check = Callable[[], DoctorFinding]

#: Seconds that workers get to say what they serve: one that is hard at work is slow to answer the first time.
ANSWER_SECONDS = (2, 6)


class _NotNeeded(Exception):
    """What was looked for is not there, and the settings do not ask for it."""


def _check(name: str, advice: str) -> Callable[[Callable[[], str]], Check]:
    """Make a check of a function that answers what it found or raises."""

    def wrap(look: Callable[[], str]) -> Check:
        @wraps(look)
        def check() -> DoctorFinding:
            try:
                return DoctorFinding(check=name, ok=True, found=look())
            except ModuleNotFoundError as error:
                return _absent(name, error, advice)
            except _NotNeeded as error:
                return DoctorFinding(check=name, ok=None, found=str(error))
            except Exception as error:  # noqa: BLE001 - the doctor reports every failure
                return DoctorFinding(check=name, ok=False, found=_sentence(error), advice=advice)

        return check

    return wrap


def _absent(check: str, error: ModuleNotFoundError, advice: str) -> DoctorFinding:
    """A library is missing: servers are no concern before it is there."""
    extra = EXTRAS.get((error.name or "").partition(".")[0])
    if extra is not None:
        advice = (
            f"{install_command(extra)}; `countersign run` goes without: see `countersign doctor --embedded`"
        )
    return DoctorFinding(check=check, ok=False, found=f"{error.name} is not installed", advice=advice)


def _sentence(error: Exception) -> str:
    """The first line of what went wrong; connection errors of drivers go on for pages."""
    if isinstance(error, ValidationError):
        return field_problems(error)[:200]
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


@_check("python", "install Python 3.11 or newer")
def _python() -> str:
    if sys.version_info < (3, 11):  # noqa: UP036 - the doctor also looks at what packaging promises
        raise RuntimeError(f"Python {platform.python_version()} is too old")
    return f"{platform.python_version()} on {platform.machine()}"


@_check("libraries", f"install the package again: {install_command()}")
def _libraries() -> str:
    names = {
        "numpy": "numpy",
        "cv2": "opencv-python-headless",
        "onnxruntime": "onnxruntime",
        "pymupdf": "pymupdf",
    }
    for module in names:
        importlib.import_module(module)
    return ", ".join(f"{name} {version(name)}" for name in names.values())


@_check(
    "one OpenCV", "pip uninstall opencv-python opencv-python-headless; pip install opencv-python-headless"
)
def _one_opencv() -> str:
    owners = [name for name in ("opencv-python", "opencv-python-headless") if _installed(name)]
    if len(owners) > 1:
        raise RuntimeError(f"{' and '.join(owners)} both own the folder cv2")
    return owners[0]


@_check("weights", "restore worker/weights from the release")
def _weights() -> str:
    entries = load_catalogue()
    for name in entries:
        verified_path(name)
    return ", ".join(f"{name} {entry.sha256[:12]}" for name, entry in entries.items())


@_check(
    "gpu", f"set COUNTERSIGN_DETECT_DEVICE=cpu, or install a CUDA build of torch: {install_command('gpu')}"
)
def _gpu() -> str:
    """A GPU is needed only where the settings ask for one."""
    wanted = Detection().detect_device == "cuda"
    if not _installed("torch"):
        raise _without("torch is not installed", wanted=wanted)
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        raise _without("torch sees no GPU", wanted=wanted)
    return str(torch.cuda.get_device_name())


def _without(what: str, *, wanted: bool) -> Exception:
    return RuntimeError(what) if wanted else _NotNeeded(what)


@_check("queues", "start Redis and set COUNTERSIGN_BROKER_URL")
def _broker() -> str:
    return f"Redis {_broker_client().info('server')['redis_version']}"


def _broker_client() -> Any:
    return importlib.import_module("redis").Redis.from_url(
        Broker().broker_url.get_secret_value(), socket_connect_timeout=3, socket_timeout=3
    )


@_check(
    "database",
    "start Postgres (containers: postgres in COMPOSE_PROFILES), set COUNTERSIGN_DATABASE_URL and run "
    "`countersign migrate`",
)
def _database() -> str:
    url = Database().database_url.get_secret_value()
    try:
        engine = make_engine(existing(url))
    except WrongUse as error:  # what it advises is for commands that take a run's folder
        raise RuntimeError(str(error).partition(": ")[0]) from error
    if pending(engine):
        raise RuntimeError("the schema is not the newest")
    return engine.url.render_as_string(hide_password=True)


@_check("progress", "start a worker for that stage, or look into its log: what waits is not lost")
def _progress() -> str:
    """Whether somebody takes what waits, and works on what was taken."""
    try:
        engine = make_engine(existing(Database().database_url.get_secret_value()))
        sessions = make_sessions(engine)
        busy, stalled = stages_with_work(sessions), stages_at_a_standstill(sessions)
    # What is wrong with it is the database's finding.
    except WrongUse as error:
        raise _NotNeeded("no database to ask") from error
    except SQLAlchemyError as error:  # a producer may not look at what workers do
        raise _NotNeeded("this login cannot ask the database for it") from error
    engine.dispose()
    unserved = _without_worker(busy)
    if unserved:
        raise RuntimeError(f"no worker answers for {_counted(unserved)}")
    if stalled:
        minutes = int(STANDSTILL.total_seconds() // 60)
        raise RuntimeError(f"nothing that waits was taken for {minutes} minutes: {_counted(stalled)}")
    return "nothing waits without a worker"


def _without_worker(stages: Sequence[StageCounts]) -> list[StageCounts]:
    """Those whose queue no worker serves; none where the queues cannot be asked: another check says so."""
    if not stages:
        return []
    missing = list(stages)
    try:
        _broker_client().ping()
        publisher = connections.publisher()
        for within in ANSWER_SECONDS:
            served = publisher.served(within=within)
            missing = [stage for stage in stages if stage.stage.value not in served]
            if not missing:
                break
    except Exception:  # noqa: BLE001 - whatever is wrong with the queues, their own check says it
        return []
    return missing


def _counted(stages: Iterable[StageCounts]) -> str:
    """What is at these stages, in words."""
    return ", ".join(f"{stage.waiting + stage.at_work} before {stage.stage.value}" for stage in stages)


@_check(
    "buckets",
    "create the buckets (containers: minio in COMPOSE_PROFILES), set COUNTERSIGN_S3_ENDPOINT and the keys",
)
def _buckets() -> str:
    """The intake's, and the results' where they are not kept in a folder."""
    places = [f"s3://{Intake().intake_bucket}", Storage().results_url]
    for place in places:
        if place.startswith("s3://"):
            configured_source(place).check()
    return ", ".join(place.removeprefix("s3://") for place in places)


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


#: What `countersign run` needs.
EMBEDDED_CHECKS: tuple[Check, ...] = (_python, _libraries, _one_opencv, _weights, _gpu)
#: What the queued form needs beside that.
QUEUED_CHECKS: tuple[Check, ...] = (_broker, _database, _progress, _buckets)


def examine(*, embedded: bool = False) -> Iterator[DoctorFinding]:
    """Look at everything that the queued form needs, or only at what `countersign run` needs."""
    return (check() for check in (EMBEDDED_CHECKS if embedded else (*EMBEDDED_CHECKS, *QUEUED_CHECKS)))
