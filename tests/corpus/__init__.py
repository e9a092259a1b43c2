"""Hostile, broken and merely odd documents, built by code, each with the answer that it must get."""

from __future__ import annotations

from tests.corpus.codecs import CODECS
from tests.corpus.containers import CONTAINERS
from tests.corpus.damage import DAMAGE
from tests.corpus.directories import DIRECTORIES
from tests.corpus.disguise import DISGUISES
from tests.corpus.image_files import IMAGE_FILES
from tests.corpus.images import IMAGES
from tests.corpus.kind import ANY, Kind
from tests.corpus.names import NAMES
from tests.corpus.pdf_active import ACTIVE
from tests.corpus.pdf_content import CONTENT
from tests.corpus.pdf_structure import STRUCTURE

__all__ = ["ANY", "KINDS", "Kind"]

KINDS: tuple[Kind, ...] = (
    *DAMAGE,
    *CODECS,
    *IMAGE_FILES,
    *CONTAINERS,
    *DISGUISES,
    *IMAGES,
    *DIRECTORIES,
    *STRUCTURE,
    *CONTENT,
    *ACTIVE,
    *NAMES,
)
