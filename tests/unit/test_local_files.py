"""Every file below a folder is a document, a sidecar, or named with the reason why it is not used."""

from __future__ import annotations

import os
from pathlib import Path

from producer.services.local_files import LocalFile, files_below, gather


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def gathered(*paths: Path, claims: Path | None = None) -> tuple[list[LocalFile], dict[str, str]]:
    """What is found, and what is named with its reason, by file name."""
    unused: dict[str, str] = {}
    files = gather(
        paths,
        claims=claims,
        on_not_used=lambda one: unused.__setitem__(Path(one.name).name, one.reason),
    )
    return files, unused


def test_documents_come_by_path_with_their_sidecars(tmp_path):
    write(tmp_path, "in/a.pdf", "in/a.pdf.json", "b.gif", ".hidden/c.pdf", "Thumbs.db", "__MACOSX/b.gif")
    write(tmp_path, "@eaDir/b.gif@SynoEAStream", "~$contract.docx")

    files, unused = gathered(tmp_path)

    assert files == [
        LocalFile(tmp_path / "b.gif", "b.gif"),
        LocalFile(tmp_path / "in/a.pdf", "in/a.pdf", tmp_path / "in/a.pdf.json"),
    ]
    assert unused == {tmp_path.name: "5 hidden or left by file managers"}


def test_a_file_that_is_named_is_a_document_and_has_its_sidecar(tmp_path):
    write(tmp_path, "a.pdf", "a.pdf.json", "b.json")

    files, unused = gathered(tmp_path / "a.pdf", tmp_path / "b.json")

    assert [(file.inside, file.sidecar) for file in files] == [
        ("a.pdf", tmp_path / "a.pdf.json"),
        ("b.json", None),
    ]
    assert unused == {}


def test_tables_and_sidecars_of_nothing_are_named_but_the_claims_are_not(tmp_path):
    write(tmp_path, "a.pdf", "b.pdf.json", "claims.csv", "prices.csv")

    _, unused = gathered(tmp_path, claims=tmp_path / "claims.csv")

    assert unused.keys() == {"b.pdf.json", "prices.csv"}
    assert "no such document" in unused["b.pdf.json"]
    assert "--claims" in unused["prices.csv"]


def test_links_are_followed_each_folder_once(tmp_path):
    write(tmp_path / "elsewhere", "far.pdf")
    write(tmp_path / "in", "a.pdf", "deep/b.pdf")
    (tmp_path / "in/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/deep/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/file.pdf").symlink_to(tmp_path / "elsewhere/far.pdf")
    (tmp_path / "in/broken.pdf").symlink_to(tmp_path / "nowhere")

    files, unused = gathered(tmp_path / "in")

    assert [file.inside for file in files] == ["a.pdf", "deep/b.pdf", "file.pdf", "link/far.pdf"]
    assert unused == {
        "loop": "a link to a folder that is read already",
        "broken.pdf": "its target is not there",
    }


def test_what_is_no_file_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert gathered(tmp_path) == ([], {"pipe": "no file and no folder"})


def test_a_folder_that_cannot_be_listed_is_named(tmp_path):
    """One that has just gone: missing rights are told in the same way, but not to root."""
    reasons: list[str] = []

    files = files_below(tmp_path / "gone", on_not_used=lambda unused: reasons.append(unused.reason))

    assert (files, reasons) == ([], ["No such file or directory"])
