"""Which pieces are the training, the validation and the test set. One place, so that none is in two."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from training.classifier import drawn, real
from training.classifier.pieces import LARGEST, Piece
from training.classifier.settings import ClassifierSettings
from training.common.console import Notice
from training.common.pixels import decoded_grey, scaled
from training.synthesis.hands import LEARNT_HANDS, TEST_HANDS, hands_for_training, installed_hands
from training.synthesis.typeset import CARRIED, SEEN, UNSEEN, Face, folder_faces, package_faces
from training.verifier import sets
from training.verifier.readers import SignerSpecimens, bhsig
from worker.errors import WrongUse
from worker.vision.detection.classifier import Kind
from worker.vision.values import Box

#: Seeds of drawn pieces, far from those of the examples and of the verifier.
TRAIN_SEED, VALID_SEED, TEST_SEED = 2_000_000, 2_400_000, 2_800_000
#: Faces of matplotlib that are alphabets; the others are mathematical signs.
_DEJAVU = "DejaVuS"


@dataclass(frozen=True, slots=True)
class Fonts:
    """What drawn crops are set in: faces of print, and hands, each the faces of one family."""

    printed: Sequence[Face] = CARRIED
    hands: Sequence[Sequence[Face]] = ()


def read_fonts(folder: Path | None, converted: Path) -> Fonts:
    """The installed faces and, with a folder, those in its `print/` and `hands/`, without hands that measure.

    Web fonts are written to `converted` as TrueType. WrongUse for a folder without either.
    """
    installed = installed_hands(LEARNT_HANDS)
    if folder is None:
        return Fonts(hands=installed)
    own_print, own_hands = (
        folder_faces(folder / "print", converted),
        hands_for_training(folder / "hands", converted),
    )
    if not own_print and not own_hands:
        raise WrongUse(f"{folder} has no font in print/ or hands/ (.ttf, .otf or .woff)")
    # Half of what is printed is set in the carried faces, however many others there are.
    carried = CARRIED * max(1, len(own_print) // len(CARRIED))
    return Fonts((*carried, *chain.from_iterable(own_print)), [*installed, *own_hands])


def training_pieces(data: Path, settings: ClassifierSettings, fonts: Fonts, notice: Notice) -> list[Piece]:
    """Everything the classifier learns from."""
    root = data / "detection"

    def seeds(count: int) -> range:
        return range(TRAIN_SEED, TRAIN_SEED + count)

    each = settings.specimens_a_signer
    writers = [*sets.scanned_for_training(data), *sets.online_for_training(data)]
    sources: dict[str, Iterable[Piece]] = {
        "signatures on pages": real.signatures(root, "train"),
        "logos": real.logos(root, "train"),
        "print on pages": real.print_windows(
            root, "train", a_page=settings.windows_a_page, seed=settings.seed
        ),
        "what was labelled by hand": real.labelled(root, "train"),
        "signatures of writers": real.specimens(writers, each=each, seed=settings.seed),
        "drawn signatures": drawn.draw_signatures(seeds(settings.drawn_signatures)),
        "drawn emblems": drawn.draw_emblems(seeds(settings.drawn_emblems)),
        "drawn print": drawn.draw_typed(
            seeds(settings.typed_sheets), fonts.printed, SEEN, source="drawn print"
        ),
        "handwriting fonts": drawn.draw_penned(seeds(settings.penned_sheets), fonts.hands),
        "drawn handwriting": drawn.draw_handwriting(seeds(settings.drawn_handwriting)),
    }
    return list(chain.from_iterable(_told(sources, notice)))


def validation_pieces(data: Path) -> list[Piece]:
    """What chooses the checkpoint: other documents, writers and seeds."""
    root = data / "detection"
    return [
        *real.signatures(root, "valid"),
        *real.logos(root, "valid"),
        *real.print_windows(root, "valid", a_page=3, seed=2),
        *real.specimens(_writers(data, "validation"), each=4, seed=2),
        *drawn.draw_emblems(range(VALID_SEED, VALID_SEED + 100)),
        *drawn.draw_typed(range(VALID_SEED, VALID_SEED + 60), CARRIED, SEEN, source="drawn print"),
        *drawn.draw_penned(range(VALID_SEED, VALID_SEED + 60), installed_hands(LEARNT_HANDS)),
        *drawn.draw_handwriting(range(VALID_SEED, VALID_SEED + 150)),
    ]


def test_pieces(data: Path, notice: Notice) -> list[Piece]:
    """What measures: pages of test documents, faces, hands and scripts that training never showed."""
    root = data / "detection"
    faces = [face for face in package_faces("matplotlib") if face.file and face.file.name.startswith(_DEJAVU)]
    alphabets = ("latin", "accented", "greek", "cyrillic")
    sources: dict[str, Iterable[Piece]] = {
        "signatures on pages": real.signatures(root, "test"),
        "logos": real.logos(root, "test"),
        "print on pages": real.print_windows(root, "test", a_page=2, seed=3),
        "what was labelled by hand": real.labelled(root, "test"),
        "signatures of writers": real.specimens(_writers(data, "test"), each=3, seed=3),
        "drawn emblems": drawn.draw_emblems(range(TEST_SEED, TEST_SEED + 150)),
        "other faces": drawn.draw_typed(_test_seeds(0, 30), faces, alphabets, source="print, other faces"),
        "other words": drawn.draw_typed(_test_seeds(1, 40), CARRIED, SEEN, source="print, seen script"),
        "other scripts": drawn.draw_typed(_test_seeds(2, 50), CARRIED, UNSEEN, source="print, unseen script"),
        "handwriting fonts": drawn.draw_penned(_test_seeds(3, 50), installed_hands(TEST_HANDS)),
        "drawn handwriting": drawn.draw_handwriting(_test_seeds(4, 150)),
    }
    return list(chain.from_iterable(_told(sources, notice)))


def _writers(data: Path, split: str) -> list[SignerSpecimens]:
    """Writers of BHSig260-Hindi that do not train."""
    return bhsig(data / "verification" / "bhsig_hindi", split)


def own_pieces(folder: Path) -> Iterator[Piece]:
    """A user's crops, `folder/<kind>/*.png` (jpg, tif too). WrongUse for other folders."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    known = ", ".join(Kind)
    if not folders or any(path.name not in list(Kind) for path in folders):
        raise WrongUse(f"{folder} must hold folders named after kinds ({known}) with images inside")
    for path in sorted(chain.from_iterable(one.iterdir() for one in folders)):
        try:
            pixels = decoded_grey(path.read_bytes(), str(path))
        except ValueError as error:
            raise WrongUse(str(error)) from error
        small = scaled(pixels, min(1.0, LARGEST / max(pixels.shape)))
        box = Box(0, 0, small.shape[1], small.shape[0])
        yield Piece(Kind(path.parent.name), "own", path.stem, small, box)


def _test_seeds(part: int, count: int) -> range:
    first = TEST_SEED + part * 10_000
    return range(first, first + count)


def _told(sources: dict[str, Iterable[Piece]], notice: Notice) -> Iterator[list[Piece]]:
    for name, pieces in sources.items():
        notice(name)
        yield list(pieces)


@dataclass(frozen=True, slots=True)
class PieceFile:
    """Pieces on disk, so that a run that goes on need not draw them again."""

    path: Path

    def save(self, pieces: list[Piece]) -> None:
        """Write all pieces to one npz file, in one step."""
        facts = [
            (
                piece.kind,
                piece.source,
                piece.group,
                (piece.box.x, piece.box.y, piece.box.width, piece.box.height),
                piece.ink,
            )
            for piece in pieces
        ]
        ends = np.cumsum([piece.pixels.size for piece in pieces])
        draft = self.path.with_suffix(".part.npz")
        np.savez(
            draft,
            pixels=np.concatenate([piece.pixels.ravel() for piece in pieces]),
            shapes=np.array([piece.pixels.shape for piece in pieces]),
            ends=ends,
            facts=np.array(json.dumps(facts)),
        )
        draft.replace(self.path)

    def load(self) -> list[Piece]:
        """The pieces that were saved."""
        with np.load(self.path, allow_pickle=False) as stored:
            parts = np.split(stored["pixels"], stored["ends"][:-1])
            facts = json.loads(str(stored["facts"]))
            shapes = stored["shapes"]
        return [
            Piece(Kind(kind), source, group, part.reshape(shape), Box(*box), ink)
            for part, shape, (kind, source, group, box, ink) in zip(parts, shapes, facts, strict=True)
        ]
