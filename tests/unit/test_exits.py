"""Errors that a user can put right become a sentence and an exit status; all others stay what they are."""

from __future__ import annotations

import errno
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from worker.errors import StorageUnavailable, WrongUse
from worker.exits import FAILED, WRONG_USE, explanation, install_command
from worker.version import DISTRIBUTION, RELEASE

ROOT = Path(__file__).resolve().parents[2]
#: Advice to fetch what an index calls `countersign`, which is somebody else's.
STRANGER = re.compile(r"pip install [^\n`]*?(?<![\w.-])countersign(?![\w-])|\bcountersign\[")

EXTRAS = {"celery": "queue"}


@pytest.mark.parametrize(
    ("error", "sentence", "status"),
    [
        pytest.param(WrongUse("give two images"), "give two images", WRONG_USE, id="wrong use"),
        pytest.param(
            StorageUnavailable("a.pdf", "503"),
            "storage_unavailable: storage did not serve 'a.pdf': 503",
            FAILED,
            id="another attempt may succeed",
        ),
        pytest.param(
            ModuleNotFoundError("no celery", name="celery.app"),
            f"this needs celery.app: {install_command('queue')}",
            WRONG_USE,
            id="a missing extra",
        ),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device"),
            "the output cannot be written: No space left on device",
            FAILED,
            id="no room for the output",
        ),
    ],
)
def test_what_a_user_can_put_right_has_a_sentence(error: Exception, sentence: str, status: int) -> None:
    assert explanation(error, EXTRAS) == (sentence, status)


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError("no nonsense", name="nonsense"), ValueError("a bug"), OSError("a bug")]
)
def test_a_fault_of_ours_has_none(error: Exception) -> None:
    assert explanation(error, EXTRAS) is None


def test_from_a_checkout_this_very_checkout_is_installed() -> None:
    words = shlex.split(install_command("queue"))

    assert words == [sys.executable, "-m", "pip", "install", "-e", f"{ROOT}[queue]"]


def test_an_installed_package_is_called_by_the_name_that_it_has(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert (project["name"], project["version"]) == (DISTRIBUTION, RELEASE)
    assert shlex.split(install_command("gpu", root=tmp_path))[-1] == f"{DISTRIBUTION}[gpu]"
    assert shlex.split(install_command(root=tmp_path))[-1] == DISTRIBUTION


@pytest.mark.parametrize(
    ("advice", "names_a_stranger"),
    [
        pytest.param("pip install 'countersign[queue]'", True, id="an extra of the stranger"),
        pytest.param("install countersign[gpu]", True, id="without pip"),
        pytest.param("pip install countersign", True, id="the bare name"),
        pytest.param("pip install 'countersign-intake[queue]'", False, id="our name"),
        pytest.param("/opt/countersign/bin/pip install '.[queue]'", False, id="a folder of that name"),
    ],
)
def test_what_names_a_stranger_is_recognised(advice: str, names_a_stranger: bool) -> None:
    assert bool(STRANGER.search(advice)) is names_a_stranger


def test_no_page_and_no_message_names_the_package_of_a_stranger() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    kinds = {".py", ".md", ".toml", ".txt", ".yml", ".cpu", ".gpu", ".example", ""}
    files = [ROOT / name for name in listed.stdout.split("\0") if name and Path(name).suffix in kinds]

    naming = [
        str(file.relative_to(ROOT))
        for file in files
        if file != Path(__file__) and STRANGER.search(file.read_text(encoding="utf-8", errors="ignore"))
    ]

    assert naming == []
