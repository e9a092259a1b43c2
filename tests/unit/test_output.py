"""What is written to `--out` is whole, and replaces files only: never a device, a pipe or a link."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from producer.services.output import whole_file
from worker.errors import WrongUse


def write(out: Path, text: str = "new") -> None:
    with whole_file(out) as path:
        path.write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_keeps_its_rights(tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("old")
    out.chmod(0o640)

    write(out)

    assert out.read_text() == "new"
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert names(tmp_path) == ["out.csv"]


def test_a_new_file_appears_whole_with_the_mode_that_is_asked(tmp_path):
    with whole_file(tmp_path / "out.zip", mode=0o600) as path:
        path.write_text("secret")
        assert not (tmp_path / "out.zip").exists()

    assert stat.S_IMODE((tmp_path / "out.zip").stat().st_mode) == 0o600


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("old")

    with pytest.raises(ZeroDivisionError), whole_file(out) as path:
        path.write_text(str(1 / 0))

    assert out.read_text() == "old"
    assert names(tmp_path) == ["out.csv"]


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "data.csv").write_text("old")
    (tmp_path / "link").symlink_to("data.csv")

    write(tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "data.csv").read_text() == "new"


def test_a_pipe_is_written_through(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()

    write(pipe)

    reader.join(timeout=20)
    assert read == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/null", "link"])
def test_a_device_is_written_through_and_stays_one(tmp_path, name):
    (tmp_path / "link").symlink_to("/dev/null")
    before = names(Path("/dev"))

    write(tmp_path / name)

    assert stat.S_ISCHR((tmp_path / name).stat().st_mode)
    assert names(Path("/dev")) == before


def test_standard_output_by_its_name_goes_where_the_shell_sent_it(tmp_path):
    """`/dev/stdout` may lead to a file: one that is replaced would lose what the shell writes behind it."""
    with (tmp_path / "log").open("w") as file:
        write(Path(f"/proc/self/fd/{file.fileno()}"))
        inode = os.fstat(file.fileno()).st_ino

    assert (tmp_path / "log").stat().st_ino == inode


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("", "it is a folder", id="a folder"),
        pytest.param("file/out.csv", "exists|Not a directory", id="below a file"),
        pytest.param("x" * 300, "too long", id="a name too long"),
        pytest.param("/proc/out.csv", "No such file", id="where nothing can be made"),
    ],
)
def test_what_cannot_be_written_is_a_sentence(tmp_path, name, reason):
    (tmp_path / "file").write_text("")

    with pytest.raises(WrongUse, match=f"cannot write .*({reason})"):
        write(tmp_path / name)


def test_a_disk_that_is_full_is_a_sentence():
    with pytest.raises(WrongUse, match="No space left"):
        write(Path("/dev/full"))
