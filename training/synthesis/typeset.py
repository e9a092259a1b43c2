# mypy: disable-error-code="no-untyped-call"
"""Lines of type in any script and face, set by PyMuPDF, which carries Noto's faces and shapes letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from string import ascii_letters, digits

import numpy as np
import pymupdf
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from training.synthesis import prose
from worker.vision.values import Box, Grey

_Rng = np.random.Generator


def _letters(*ranges: tuple[int, int]) -> str:
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


#: Letters by script. Words are drawn from them at random: it is the look of a line that counts.
SCRIPTS = {
    "latin": "eeeeeaaaaooootttiiinnnssrrhhllddccuummfppggwybvkxjqz",
    "accented": "eeeaaaooottiinnssrrhlldcummpgvkzäöüßéèêàçñãõåøæłšžčřőűğıș",
    "greek": "αοιετσνηυρπκμλςωδγχθφβξζψάέήίόύώ",
    "cyrillic": "оооееааиинттсрвлкмдпуяыьгзбчйхжшюцщэфії",
    "arabic": "ااالللييممنوترهبدسعفقكحجشصخذضظءةىپچگ",
    "devanagari": _letters((0x915, 0x928), (0x92A, 0x930), (0x932, 0x932), (0x935, 0x939)) + "ािीुूेैोौंा्",
    "han": (
        "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自"
        "二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变"
        "条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指"
        "几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术"
    ),
    "kana": (
        "のにはをたがでとしれさいるもなあこうらりてかまんきくつアイウエオカキクケコサシス"
        "セソタチツテト日本語年月会社契約書"
    ),
    "hangul": "이다는을의에가고하지한기사아도로리인서자정일대나시은전제그어수주장있해보계약명성",
    "thai": _letters((0xE01, 0xE2E)) + "าิีเแโไใัาาา",
    "tamil": _letters((0xB95, 0xB95), (0xB99, 0xB9A), (0xB9E, 0xB9F), (0xBA3, 0xBA4), (0xBA8, 0xBAA))
    + "ாிீுூெேைா்",
    "hebrew": _letters((0x5D0, 0x5EA)),
    "armenian": _letters((0x561, 0x586)),
    "georgian": _letters((0x10D0, 0x10F0)),
    "bengali": _letters((0x995, 0x9A8), (0x9AA, 0x9B0), (0x9B6, 0x9B9)) + "ািীুেো",
    "telugu": _letters((0xC15, 0xC28), (0xC2A, 0xC33)) + "ాిీుెేొ",
    "ethiopic": _letters((0x1200, 0x1246)),
    "gujarati": _letters((0xA95, 0xAA8), (0xAAA, 0xAB0), (0xAB5, 0xAB9)) + "ાિીુેો",
    "gurmukhi": _letters((0xA15, 0xA28), (0xA2A, 0xA30)) + "ਾਿੀੁੇੋ",
    "kannada": _letters((0xC95, 0xCA8), (0xCAA, 0xCB0)) + "ಾಿೀುೆೊ",
    "malayalam": _letters((0xD15, 0xD28), (0xD2A, 0xD30)) + "ാിീുെൊ",
    "sinhala": _letters((0xD9A, 0xDB1), (0xDB3, 0xDBB)) + "ාිීුෙ",
    "khmer": _letters((0x1780, 0x17A2)) + "ាិីុេ",
    "myanmar": _letters((0x1000, 0x1020)) + "ာိီုေ",
    "tibetan": _letters((0xF40, 0xF47), (0xF49, 0xF6A)),
    "cherokee": _letters((0x13A0, 0x13F4)),
    "syriac": _letters((0x712, 0x72C)),
}
#: Scripts that training never shows: what the classifier makes of them is measured.
UNSEEN = ("hebrew", "armenian", "georgian", "bengali", "telugu", "ethiopic")
SEEN = tuple(name for name in SCRIPTS if name not in UNSEEN)
_JOINED = ("han", "kana", "thai")


@dataclass(frozen=True)
class Face:
    """A family as CSS names it; `file` is its own font file, None for one that PyMuPDF carries."""

    family: str
    file: Path | None = None


#: PyMuPDF's own: Times, Helvetica and Courier alike, Noto's for what those lack.
CARRIED = (Face("serif"), Face("serif"), Face("sans-serif"), Face("sans-serif"), Face("monospace"))


def script_words(script: str, count: int, rng: _Rng) -> str:
    """That many invented words of a script."""
    letters = list(SCRIPTS[script])
    longest = 4 if script in ("han", "hangul") else 10
    drawn = ("".join(rng.choice(letters, int(rng.integers(2, longest)))) for _ in range(count))
    words = [word.capitalize() if rng.random() < 0.25 else word for word in drawn]
    words = [prose.number(rng, int(rng.integers(1, 7))) if rng.random() < 0.08 else word for word in words]
    return ("" if script in _JOINED else " ").join(words)


def english(count: int, rng: _Rng) -> str:
    """That many words of the invented letters."""
    text = " ".join(prose.paragraphs(rng)).split()
    first = int(rng.integers(max(1, len(text) - count)))
    return " ".join(text[first : first + count])


def sheet(text: Sequence[str], face: Face, rng: _Rng, *, plain: bool = False) -> Grey:
    """Paragraphs set on a sheet of 420 by 300 points, drawn at 90 to 160 dpi: (height, width) grey.

    Size, weight, slant, spacing, rules and frames vary; with `plain` only the size does.
    """
    body = "".join(f'<p style="{_style(rng, plain=plain)}">{line}</p>' for line in text)
    if not plain and rng.random() < 0.15:
        cells = "".join(f"<td>{line}</td>" for line in text)
        body = f'<table border="1">{f"<tr>{cells}</tr>" * int(rng.integers(2, 6))}</table>' + body
    css = f"* {{font-family: {face.family};}}"
    archive = None
    if face.file is not None:
        archive = pymupdf.Archive(str(face.file.parent))
        css = f'@font-face {{font-family: {face.family}; src: url("{face.file.name}");}}' + css
    with pymupdf.open() as document:
        page = document.new_page(width=420, height=300)
        page.insert_htmlbox(pymupdf.Rect(12, 8, 408, 296), body, css=css, archive=archive, scale_low=0.4)
        picture = page.get_pixmap(dpi=int(rng.integers(90, 161)), colorspace=pymupdf.csGRAY, alpha=False)
        return np.frombuffer(picture.samples, np.uint8).reshape(picture.height, picture.width).copy()


def windows(pixels: Grey, count: int, rng: _Rng) -> Iterator[Box]:
    """Up to that many boxes of a detector's proportions on the inked part of a sheet or page."""
    dark = pixels < 128
    height, width = pixels.shape
    for _ in range(count * 8):
        across = width * float(rng.uniform(0.1, 0.5))
        down = min(across / float(rng.uniform(1.2, 6.0)), height * 0.5)
        x, y = float(rng.uniform(0, width - across)), float(rng.uniform(0, height - down))
        inside = dark[int(y) : int(y + down), int(x) : int(x + across)]
        if inside.size and 0.03 < inside.mean() < 0.6:
            yield _tightened(inside, Box(x, y, across, down))
            count -= 1
        if not count:
            return


def _tightened(inside: np.ndarray, box: Box) -> Box:
    """The box around the ink within, as a detector would draw it."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    return Box(
        int(box.x) + float(columns[0]),
        int(box.y) + float(rows[0]),
        max(float(np.ptp(columns)), 8.0),
        max(float(np.ptp(rows)), 6.0),
    )


def _style(rng: _Rng, *, plain: bool) -> str:
    points = rng.uniform(8, 15) if rng.random() < 0.8 else rng.uniform(15, 34)
    size = f"font-size: {points:.1f}px; margin: 3px 0;"
    if plain:
        return size
    weight = "font-weight: bold;" if rng.random() < 0.25 else ""
    slant = "font-style: italic;" if rng.random() < 0.2 else ""
    rule = "text-decoration: underline;" if rng.random() < 0.08 else ""
    case = "text-transform: uppercase;" if rng.random() < 0.15 else ""
    reverse = "background-color: black; color: white;" if rng.random() < 0.04 else ""
    return size + weight + slant + rule + case + reverse


def folder_faces(folder: Path, converted: Path) -> list[tuple[Face, ...]]:
    """Every font file in a folder and below, each a family of one face.

    Web fonts (`.woff`), which MuPDF does not read, are written to `converted` as TrueType. Files without the
    letters of English, such as the other parts of a web font, are left out: another face would stand in.
    """
    files = sorted(path for kind in ("ttf", "otf", "woff") for path in folder.rglob(f"*.{kind}"))
    readable = (_readable(path, converted) for path in files)
    return [(Face(f"own{index}", path),) for index, path in enumerate(filter(None, readable))]


def _readable(path: Path, converted: Path) -> Path | None:
    with TTFont(path) as font:
        if not set(map(ord, ascii_letters + digits)) <= font.getBestCmap().keys():
            return None
        if path.suffix != ".woff":
            return path
        converted.mkdir(parents=True, exist_ok=True)
        plain = converted / f"{path.stem}.ttf"
        font.flavor = None
        font.save(plain)
        return plain


@cache
def package_faces(package: str) -> tuple[Face, ...]:
    """The faces of an installed font package (`fontpkg_caveat`, or matplotlib's DejaVu)."""
    folder = _folder(package)
    return tuple(Face(f"f{index}", path) for index, path in enumerate(sorted(folder.glob("*.ttf"))))


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name=package)
    inside = Path(spec.origin).parent
    return inside / ("mpl-data/fonts/ttf" if package == "matplotlib" else "files")
