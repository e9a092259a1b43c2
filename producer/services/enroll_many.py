"""References of many signers at once: images that are named, a folder of folders, or a CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from producer.services.enroll import SignerEnrolled, checked_name, enroll_images
from producer.services.local_files import NotUsed, OnNotUsed, files_below
from producer.services.progress import unheard
from producer.services.signers import SIGNERS_FILE
from producer.tables import read_csv
from worker.errors import WrongUse

if TYPE_CHECKING:
    from worker.enrolling import Enroller

#: Images by the signer whom they are of.
ImagesBySigner = dict[str, list[Path]]


def images_of(words: Sequence[str], table: Path | None, on_not_used: OnNotUsed = unheard) -> ImagesBySigner:
    """What is meant: `NAME IMAGE…`, a folder `DIR/<signer>/<image>`, or a CSV with `signer,image`.

    A folder in place of an image means the images in it. Paths of a CSV begin at its folder. What is no image
    of a signer is named. WrongUse for anything else, when there is no image, and where folders of several
    signers are given as the images of one.
    """
    if table is not None:
        by_signer = _from_table(table) if not words else {}
    elif len(words) == 1:
        by_signer = _from_folder(Path(words[0]), on_not_used)
    else:
        by_signer = {words[0]: list(_files(words[1:], on_not_used))} if words else {}
    if not any(by_signer.values()):
        raise WrongUse(
            "give NAME IMAGE…, a folder with one folder per signer, or --csv FILE, with images in it"
        )
    return by_signer


def enroll_many(
    enroller: Enroller,
    by_signer: ImagesBySigner,
    *,
    who: str,
    force: bool = False,
    on_signer: Callable[[SignerEnrolled], None] = unheard,
) -> list[SignerEnrolled]:
    """Put the images of each signer on file; an event for each. As `enroll_images`.

    WrongUse for a name that cannot be one, and when an image cannot be opened: then none of any signer is on
    file that was not before.
    """
    for signer in by_signer:
        checked_name(signer)
    for path in chain.from_iterable(by_signer.values()):
        _open(path).close()
    enrolled = []
    for signer, paths in by_signer.items():
        outcome = enroll_images(enroller, signer, _read(paths), who=who, force=force)
        on_signer(outcome)
        enrolled.append(outcome)
    return enrolled


def _read(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        with _open(path) as file:
            yield str(path), file.read()


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise WrongUse(f"cannot read {str(path)!r}: {problem}") from error


def _files(words: Iterable[str], on_not_used: OnNotUsed) -> Iterator[Path]:
    for path in map(Path, words):
        if path.is_dir():
            yield from _of_one_signer(path, files_below(path, on_not_used=on_not_used))
        else:
            yield path


def _of_one_signer(folder: Path, files: Sequence[Path]) -> Sequence[Path]:
    """The files of a folder. WrongUse where it holds several folders: those of several signers, likely."""
    inside = [file.relative_to(folder).parts for file in files]
    folders = sorted({parts[0] for parts in inside if len(parts) > 1})
    if len(folders) > 1:
        raise WrongUse(
            f"{str(folder)!r} holds several folders ({', '.join(folders[:3])} …), perhaps one per signer: "
            f"name the folder of one signer, or enroll all with `countersign signers enroll {folder}`"
        )
    return files


def _from_folder(folder: Path, on_not_used: OnNotUsed) -> ImagesBySigner:
    """Images by the folder that they lie in; a folder that an export has left says so itself."""
    if (folder / SIGNERS_FILE).is_file():
        return _from_table(folder / SIGNERS_FILE)
    if not folder.is_dir():
        raise WrongUse(f"there is no folder {str(folder)!r}")
    by_signer: ImagesBySigner = {}
    for image in files_below(folder, on_not_used=on_not_used):
        signer, *below = image.relative_to(folder).parts
        if len(below) == 1:
            by_signer.setdefault(signer, []).append(image)
        else:
            on_not_used(
                NotUsed(str(image), "a reference lies in the folder of its signer: DIR/<signer>/<image>")
            )
    return by_signer


def _from_table(table: Path) -> ImagesBySigner:
    by_signer: ImagesBySigner = {}
    for line, row in read_csv(table, ("signer", "image"), "references"):
        if not row["signer"] or not row["image"]:
            raise WrongUse(f"{table}, line {line}: a signer and an image are wanted")
        by_signer.setdefault(row["signer"], []).append(table.parent / row["image"])
    return by_signer
