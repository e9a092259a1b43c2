"""A picture for the manual: invented signatures made dirty, and what each cleaner leaves of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.console import Console

from training.cleaner.dirt import soil
from training.cleaner.pairs import PICTURE
from training.verifier import readers
from worker.vision.choices import Cleaning
from worker.vision.cleaning.cleaner import load_cleaner
from worker.vision.letterbox import Letterbox
from worker.vision.values import Grey, Pixels

#: Width and height of one cell, and rows.
CELL, ROWS = (360, 150), 5
#: Seed of the first synthetic signer; training's are far away.
FIRST_SIGNER = 910_000


def draw_cleaners(path: Path, *, seed: int = 6) -> None:
    """Write the picture: dirty, by the classical rules, by the shipped default; a row a signature."""
    cleaners = [load_cleaner(method) for method in (Cleaning.CLASSICAL, Cleaning.AUTO)]
    rows = []
    for number, signer in enumerate(readers.invented(range(FIRST_SIGNER, FIRST_SIGNER + ROWS), specimens=1)):
        rng = np.random.default_rng((seed, PICTURE, number))
        dirty = soil(signer.genuine[0].mask(rng), rng).dirty
        rows.append(np.hstack([_cell(dirty), *(_cell(cleaner.clean(dirty)) for cleaner in cleaners)]))
    cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _cell(image: Pixels | Grey) -> Pixels:
    height, width = image.shape[:2]
    frame = Letterbox.within(width, height, width=CELL[0], height=CELL[1], padding=4)
    cell = frame.padded(image, padding=215)
    return np.asarray(cv2.cvtColor(cell, cv2.COLOR_GRAY2RGB) if cell.ndim == 2 else cell, np.uint8)


def main(
    out: Annotated[Path, typer.Argument(help="The PNG file to write.")] = Path("docs/cleaner.png"),
    seed: Annotated[int, typer.Option(help="The same seed draws the same picture.")] = 6,
) -> None:
    """Draw invented signatures made dirty, and what the shipped cleaners leave of them."""
    draw_cleaners(out, seed=seed)
    Console(stderr=True).print(f"wrote {out}")


if __name__ == "__main__":
    typer.run(main)
