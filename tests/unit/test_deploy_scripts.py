"""The scripts that containers run need no tool that their images lack, and do what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
#: Writes down what it was asked. It shows a policy as attached once it was told to attach it.
MC = """#!{shell}
echo "$*" >> "$ASKED"
case "$*" in
    "admin policy entities"*)
        while read -r line; do
            case "$line" in
                "admin policy attach store "*" $6") echo "  countersign-${{line#*countersign-}}" ;;
            esac
        done < "$ASKED" ;;
esac
"""
SETTINGS = {
    "INTAKE_BUCKET": "in",
    "RESULTS_BUCKET": "out",
    **{f"MINIO_ROOT_{name}": "root" for name in ("USER", "PASSWORD")},
    **{
        f"S3_{role}_{kind}_KEY": f"{role.lower()}-{kind.lower()}"
        for role in ("PRODUCER", "WORKER", "WEB", "DESK")
        for kind in ("ACCESS", "SECRET")
    },
}


@pytest.fixture
def only_mc(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH holds `mc` and nothing else: its image has no more than a shell."""
    shell = shutil.which("sh")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "mc"
    program.write_text(MC.format(shell=shell))
    program.chmod(0o755)
    (tmp_path / "asked").touch()
    return {"PATH": str(tmp_path / "bin"), "ASKED": str(tmp_path / "asked"), **SETTINGS}


def set_up(env: dict[str, str]) -> list[str]:
    """Run the script; the requests that it has made of the store."""
    shell = shutil.which("sh")
    assert shell is not None
    done = subprocess.run(
        [shell, DEPLOY / "minio-init.sh"], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return Path(env["ASKED"]).read_text().splitlines()


def test_the_buckets_are_set_up_by_a_shell_and_mc_alone(only_mc: dict[str, str]) -> None:
    asked = set_up(only_mc)

    assert [line for line in asked if line.startswith("version enable")] == [
        "version enable store/in",
        "version enable store/out",
    ]
    attached = [line for line in asked if line.startswith("admin policy attach")]
    assert attached == [
        f"admin policy attach store countersign-{role} --user {role}-access"
        for role in ("producer", "worker", "web", "desk")
    ]


def test_what_is_attached_already_is_not_attached_again(only_mc: dict[str, str]) -> None:
    set_up(only_mc)

    asked = set_up(only_mc)

    assert len([line for line in asked if line.startswith("admin policy attach")]) == 4


def test_a_command_runs_again_after_a_while_whatever_it_answers(tmp_path: Path) -> None:
    runs, status = tmp_path / "runs", tmp_path / "status"
    os.mkfifo(runs)
    command = ["sh", DEPLOY / "every.sh", "0.1", "sh", "-c", f"echo run > {runs}; exit 3"]
    process = subprocess.Popen(
        command, env={**os.environ, "LAST_STATUS": str(status)}, start_new_session=True
    )
    try:
        heard = [runs.read_text() for _ in range(3)]
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)

    assert heard == ["run\n"] * 3
    assert status.read_text() == "3\n"


def test_a_run_that_has_begun_and_not_ended_says_so(tmp_path: Path) -> None:
    begun, go_on, status = tmp_path / "begun", tmp_path / "go on", tmp_path / "status"
    os.mkfifo(begun)
    os.mkfifo(go_on)
    work = f"echo > '{begun}'; cat '{go_on}'"
    process = subprocess.Popen(
        ["sh", DEPLOY / "every.sh", "60", "sh", "-c", work],
        env={**os.environ, "LAST_STATUS": str(status)},
        start_new_session=True,
    )
    try:
        begun.read_text()
        assert (status.read_text(), is_well(status, seconds=60)) == ("running\n", True)
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)


@pytest.mark.parametrize(
    ("written", "age", "well"),
    [
        pytest.param("0\n", 0, True, id="done"),
        pytest.param("1\n", 7000, True, id="something was found, one period ago"),
        pytest.param("2\n", 0, False, id="failed"),
        pytest.param("0\n", 9000, False, id="hangs since"),
        pytest.param("running\n", 9000, False, id="hangs from the start"),
        pytest.param(None, 0, False, id="never began"),
    ],
)
def test_what_runs_again_and_again_is_well_while_runs_end_in_time(
    tmp_path: Path, written: str | None, age: int, well: bool
) -> None:
    status = tmp_path / "status"
    if written is not None:
        status.write_text(written)
        long_ago = time.time() - age
        os.utime(status, (long_ago, long_ago))

    assert is_well(status, seconds=1800) is well


def is_well(status: Path, *, seconds: int) -> bool:
    """What the health check of a service that runs every so many seconds answers."""
    return (
        subprocess.run(
            ["sh", DEPLOY / "every.sh", "--check", str(seconds)],
            env={**os.environ, "LAST_STATUS": str(status)},
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit and settings that hold a secret."""
    git(tmp_path, "init", "-q")
    commit(tmp_path, "first")
    (tmp_path / ".env").write_text("REDIS_PASSWORD=secret=\nCOUNTERSIGN_VERSION=0.1.0\nVERIFY_THREADS=2\n")
    (tmp_path / ".git" / "info" / "exclude").write_text(".env*\n")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    config = ("-c", "user.name=a", "-c", "user.email=a@example")
    return subprocess.run(
        ["git", *config, *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "code").write_text(text)
    git(folder, "add", "code")
    git(folder, "commit", "-q", "-m", text)
    return git(folder, "rev-parse", "--short", "HEAD")


def tag_images(folder: Path) -> str:
    subprocess.run(["sh", DEPLOY / "tag-images.sh"], cwd=folder, check=True, capture_output=True)
    return (folder / ".env").read_text()


def test_another_commit_is_another_tag_and_the_other_settings_stay(checkout: Path) -> None:
    first = tag_images(checkout)
    second = tag_images(checkout)
    pulled = commit(checkout, "second")
    third = tag_images(checkout)

    assert first == second
    assert first != third
    assert third == f"REDIS_PASSWORD=secret=\nVERIFY_THREADS=2\nCOUNTERSIGN_VERSION={pulled}\n"
    assert (checkout / ".env").stat().st_mode & 0o077 == 0


def test_changes_that_are_in_no_commit_show_in_the_tag(checkout: Path) -> None:
    (checkout / "code").write_text("changed by hand")

    assert re.search(r"^COUNTERSIGN_VERSION=[0-9a-f]+-dirty$", tag_images(checkout), re.M)


def test_without_settings_the_script_says_how_to_make_them(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", DEPLOY / "tag-images.sh"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "cp deploy/env.example .env" in done.stderr
