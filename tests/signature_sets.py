"""Tiny signature sets in the formats of the public ones, drawn for tests."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tests.handwriting import signature

Row = dict[str, object]


def png(seed: int, wobble: int, *, scale: float = 0.6) -> bytes:
    """A drawn signature as a PNG file's bytes."""
    return bytes(cv2.imencode(".png", signature(seed, wobble=wobble, scale=scale))[1])


def acts(writer: int, genuine: int, forged: int) -> Iterator[tuple[str, int, bytes]]:
    """Label, number and file of a writer's specimens; forgeries are another hand's."""
    for number in range(1, genuine + 1):
        yield "genuine", number, png(writer, number)
    for number in range(1, forged + 1):
        yield "forged", number, png(5000 + writer, number)


def write_manifest(folder: Path, rows: Sequence[Row]) -> None:
    """A manifest.csv with the rows' own columns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def write_bhsig(folder: Path, splits: dict[str, Sequence[int]], *, genuine: int = 8, forged: int = 4) -> None:
    """Writers by split; their first genuine specimen stands twice, marked as a duplicate."""
    rows: list[Row] = []
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "images.zip", "w") as images:
        for split, writers in splits.items():
            for writer in writers:
                for label, number, data in acts(writer, genuine, forged):
                    twice = label == "genuine" and number == 1
                    for copy in ("", "_again") if twice else ("",):
                        name = f"{writer:03d}/{label[0]}_{number:02d}{copy}.png"
                        images.writestr(name, data)
                        group = f"d{writer}" if twice else ""
                        rows.append(
                            {
                                "file": name,
                                "writer": writer,
                                "label": label,
                                "split": split,
                                "duplicate_group": group,
                            }
                        )
    write_manifest(folder, rows)


def write_cedar(folder: Path, writers: Sequence[int], *, genuine: int = 8, forged: int = 4) -> None:
    """Loose PNG files beside a manifest."""
    rows: list[Row] = []
    for kind in ("genuine", "forged"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for writer in writers:
        for label, number, data in acts(writer, genuine, forged):
            name = f"{label}/{writer}_{number}.png"
            (folder / name).write_bytes(data)
            rows.append({"file": name, "writer": writer, "label": label})
    write_manifest(folder, rows)


def write_dutch(folder: Path, writers: Sequence[int], *, genuine: int = 8, forged: int = 4) -> None:
    """A zip of PNG files beside a manifest; writers are named with leading zeros."""
    rows: list[Row] = []
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "images.zip", "w") as images:
        for writer in writers:
            for label, number, data in acts(writer, genuine, forged):
                name = f"{writer:03d}/{label[0]}_{number:02d}.png"
                images.writestr(name, data)
                rows.append({"file": name, "writer": f"{writer:03d}", "label": label})
    write_manifest(folder, rows)


def write_crossmedia(folder: Path, volunteers: Sequence[int], *, prompts: int = 2) -> None:
    """Every volunteer writes every name once on each of four media."""
    rows: list[Row] = []
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "images.zip", "w") as images:
        for volunteer in volunteers:
            for medium in range(4):
                for prompt in range(1, prompts + 1):
                    index = 10 * medium + prompt
                    name = f"{volunteer:03d}/{index:02d}.png"
                    images.writestr(name, png(20 * volunteer + prompt, medium + 1, scale=0.4))
                    rows.append({"file": name, "volunteer": volunteer, "name_prompt": prompt, "index": index})
    write_manifest(folder, rows)


def write_online(
    path: Path, writers: Sequence[int], *, genuine: int = 8, forged: int = 4, corpora: Sequence[str] = ()
) -> None:
    """Pens' paths of all specimens behind each other; `corpora`, one a writer, where the set has several."""
    points: list[npt.NDArray[np.int32]] = []
    columns: dict[str, list[object]] = {name: [] for name in ("writer", "genuine", "corpus")}
    for number, writer in enumerate(writers):
        for kind, count in ((True, genuine), (False, forged)):
            for wobble in range(count):
                points.append(pen_path(writer if kind else 5000 + writer, wobble))
                columns["writer"].append(writer)
                columns["genuine"].append(kind)
                columns["corpus"].append(corpora[number] if corpora else "")
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {
        "x": np.concatenate([part[:, 0] for part in points]),
        "y": np.concatenate([part[:, 1] for part in points]),
        "pen_down": np.ones(sum(map(len, points)), bool),
        "offset": np.cumsum([0, *map(len, points)]),
        "writer": np.array(columns["writer"], np.int16),
        "genuine": np.array(columns["genuine"], bool),
    }
    if corpora:
        data["corpus"] = np.array(columns["corpus"])
    np.savez(path, **data)


def pen_path(seed: int, wobble: int) -> npt.NDArray[np.int32]:
    """(200, 2) tablet points of one act, y upwards."""
    rng, hand = np.random.default_rng(seed), np.random.default_rng([seed, wobble])
    t = np.linspace(0, 1, 200)
    x = 4000 * t + 300 * np.sin(2 * np.pi * rng.uniform(3, 9) * t)
    y = 600 * np.sin(2 * np.pi * rng.uniform(2, 7) * t + rng.uniform(0, 6) + hand.normal(0, 0.1))
    return np.stack([x, y + hand.normal(0, 20)], axis=1).astype(np.int32)


def write_tobacco(folder: Path, authors: Sequence[str]) -> None:
    """One page for each author's signature, in the order given, with a logo beside it."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    pages = []
    for number, author in enumerate(authors):
        page = np.full((400, 500), 255, np.uint8)
        page[200:350, 80:440] = signature(sum(map(ord, author)), wobble=number, paper=255)
        name = f"images/{number}.png"
        cv2.imwrite(str(folder / name), page)
        box = {"x": 80, "y": 200, "width": 360, "height": 150}
        boxes = [box | {"label": "signature", "author_id": author or None}]
        boxes.append({"x": 0, "y": 0, "width": 40, "height": 40, "label": "logo", "author_id": author})
        pages.append({"image": name, "boxes": boxes})
    (folder / "annotations.json").write_text(json.dumps(pages), encoding="utf-8")


def write_all(data: Path, *, genuine: int = 8, forged: int = 4) -> Path:
    """Every set that the verifier is measured on, three signers or so each; returns the data folder."""
    folder = data / "verification"
    splits = {"train": (1, 2, 3), "validation": (101, 102, 103), "test": (121, 122, 123)}
    write_bhsig(folder / "bhsig_hindi", splits, genuine=genuine, forged=forged)
    write_cedar(folder / "cedar", (201, 202, 203), genuine=genuine, forged=forged)
    write_dutch(folder / "dutch", (301, 302, 303), genuine=genuine, forged=forged)
    write_crossmedia(folder / "crossmedia_cn", range(80, 86))
    write_online(folder / "susig.npz", range(401, 421), genuine=genuine, forged=forged)
    write_online(folder / "svc2004.npz", range(501, 511), genuine=genuine, forged=forged)
    write_online(folder / "mcyt.npz", range(601, 604), genuine=genuine, forged=forged)
    return data
